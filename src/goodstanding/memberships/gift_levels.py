"""Redeeming a level that somebody gave: the term of a price, paid by another, at no cost and without a card.

What it comes to is a bill of nothing: what the term is worth, less the gift. So it is covered, told and rebuilt as any term
that is paid once; it never renews by itself.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext as _

from goodstanding import conf
from goodstanding.billing import numbering, recording
from goodstanding.billing.models import GatewayCustomer, GiftCard
from goodstanding.catalogue import knowledge
from goodstanding.catalogue.models import Price
from goodstanding.core import asking, pricing, purchasing
from goodstanding.core.facts import Contract
from goodstanding.core.ids import derived
from goodstanding.core.pricing import Choice, PriceTerms, Quote
from goodstanding.gateways.services import ensure_manual_account
from goodstanding.memberships import buying, extending, gift_cards
from goodstanding.memberships.intake import take_in
from goodstanding.people.models import Member


def quote_of(gift: GiftCard, *, now: datetime, member: Member | None = None) -> Quote:
    """Return what redeeming a gift of a level (with its price, level and group) at ``now`` gives: its term, and its worth.

    For a ``member`` who is covered already by something that does not renew, it begins where that ends. What was paid for
    it contains the tax. Writes nothing. Raises ``PeriodRefused`` where the term would be none.
    """
    price = gift.gives
    assert price is not None, gift.pk
    extended = extending.extended_by(member, price, now=now, is_given=True) if member is not None else None
    choice = Choice(_terms(price, gift.times), now, times=gift.times)
    if extended is not None:
        choice = replace(choice, begins=extended.until, extends=True, anchor=extended.anchor)
    quoted = pricing.quote([choice], at=now, time_zone=conf.time_zone().key, convention=conf.convention())
    worth = asking.plainly(gift.amount, levy=knowledge.current().levy_at(quoted.first.contract, now))
    return replace(quoted, parts=(replace(quoted.first, now=worth),))


def give(gift: GiftCard, member: Member, customer: GatewayCustomer, *, now: datetime) -> Quote:
    """Have a member hold what a gift (locked, and good) gives, and return that. In the transaction in which it is used up.

    ``customer``: the member's, locked, at which it is written down.
    """
    assert connection.in_atomic_block
    quoted = quote_of(gift, now=now, member=member)
    purchase = purchasing.purchase_of(f"{gift.pk}|redeemed", quoted)  # the gift's own bill is another one
    bill = purchasing.given(
        quoted,
        purchase,
        customer=customer.external_id,
        at=now,
        number=numbering.invoice_number(),
        words=_("Gift … %(ending)s") % {"ending": gift.ending},
    )
    event = derived("evt", customer.gateway_account_id, "redeemed", gift.pk)
    take_in([bill], account=customer.gateway_account, event=event, recorded_at=now, now=now)
    return quoted


def redeem(gift: GiftCard, member: Member, *, now: datetime) -> Quote:
    """Redeem a gift of a level for a member, once, and return what he got.

    Raises :class:`gift_cards.NotRedeemed` as :func:`gift_cards.redeem` does, and for its own buyer. Of two at once one wins.
    Not to be called in a transaction. Whether he may have the level is the caller's to ask.
    """
    customer = _place_of(gift, member, now=now)
    with transaction.atomic():
        recording.locked_customer(customer.gateway_account, customer.external_id, wanted=False)
        row = (
            GiftCard.objects.told()
            .select_related("gives__level__group")
            .select_for_update(of=("self",))
            .get(pk=gift.pk)
        )
        require_for(row, member, now=now)
        quoted = give(row, member, customer, now=now)
        gift_cards.use_up(row, member, now=now)
    return quoted


def require_for(gift: GiftCard, member: Member | None, *, now: datetime) -> None:
    """Raise :class:`gift_cards.NotRedeemed` where a gift (a row of ``told``) is not good, or was bought by this very member."""
    gift_cards.require_good(gift, member, now=now)
    if member is not None and gift.bought_by_id == member.pk:
        raise gift_cards.NotRedeemed(
            "self", _("You bought this gift for somebody else. Who gets it redeems it; nothing is lost.")
        )


def _terms(price: Price, times: int) -> PriceTerms:
    """A price as a term that is given: nothing is asked for before it or after it."""
    return replace(
        buying.terms_of(price),
        renews=False,
        trial=None,
        trial_amount=None,
        contract=Contract(taxed=price.taxed, tax_inclusive=True),
        minimum=None,
        terms_max=times,
        fixed_prorated="",
        needs_card=False,
    )


def _place_of(gift: GiftCard, member: Member, *, now: datetime) -> GatewayCustomer:
    """Where the bill of nothing is written down: at the desk's account, where all others are kept in another currency."""
    try:
        return gift_cards.place_of(member, gift.currency, now=now)
    except gift_cards.NotRedeemed:
        desk = buying.customer_for(member, ensure_manual_account(), now=now)
        if desk.account is not None and desk.account.currency not in ("", gift.currency):
            raise
        return desk
