"""Buying a gift card: its row and its bill are written first, then it is paid as any bill is. One page is one card.

Whoever dies in the middle leaves a bill that can be paid from its page; one that nobody paid is given up by the worker. No
balance pays it: no gift card buys a gift card.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from goodstanding import conf
from goodstanding.billing import attempts, numbering, recording
from goodstanding.billing.models import GatewayCustomer, GiftCard, GiftOffer
from goodstanding.checkout.refusals import NOWHERE_TO_PAY, Refused
from goodstanding.core.facts import InvoiceSeen, LineSeen, PriceHints
from goodstanding.core.ids import derived
from goodstanding.core.money import Money
from goodstanding.core.purchasing import open_invoice
from goodstanding.gateways import services as gateways
from goodstanding.gateways.models import GatewayAccount
from goodstanding.gateways.protocol import GatewayError
from goodstanding.jobs import services as jobs
from goodstanding.memberships import buying, gift_cards, handbills, owing
from goodstanding.memberships.intake import take_in
from goodstanding.memberships.owing import Outcome, Stage
from goodstanding.people.models import Member

LEFT = "checkout.gift_left"  # the job that looks what became of a card whose page nobody came back to
LOOKED_AT_AFTER = timedelta(minutes=2)
LATEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Gift:
    """What somebody wants to give: how much, to whom, in whose name, with which words, and on which day."""

    amount: Money
    to_email: str
    send_on: date
    to_name: str = ""
    from_name: str = ""
    message: str = ""


def offers() -> list[GiftOffer]:
    """Return of which amounts gift cards are on offer, by currency, in order."""
    return list(GiftOffer.objects.filter(is_open=True))


def require_on_offer(gift: Gift, *, now: datetime) -> GiftOffer:
    """Return the offer of a gift. Raises :class:`Refused` where there is none of this amount, or none for this day."""
    offer = GiftOffer.objects.filter(is_open=True, currency=gift.amount.currency).first()
    if offer is None or not offer.allows(gift.amount):
        raise Refused("amount", _("There are no gift cards of this amount. Choose one of those that are shown."))
    today = now.astimezone(conf.time_zone()).date()
    if not today <= gift.send_on <= today + LATEST:
        raise Refused("day", _("Choose a day from today on, within a year."))
    return offer


def begin(
    member: Member, account: GatewayAccount | None, gift: Gift, *, page: str, now: datetime, method: str = ""
) -> GiftCard:
    """Write down a gift card and its open bill, or return the one that the same page began. ``method``: the way to pay by hand.

    Raises :class:`Refused` where it is not on offer, where the member's bills are in another currency, and where the gateway
    does not answer. Not to be called in a transaction.
    """
    same = GiftCard.objects.filter(page=page, bought_by=member).first()
    if same is not None:
        return same
    offer = require_on_offer(gift, now=now)
    if account is None:
        raise Refused("no_gateway", NOWHERE_TO_PAY)
    try:
        customer = buying.customer_for(member, account, now=now)
    except GatewayError:
        raise Refused(
            "unreachable", _("The bank does not answer at the moment. Nothing was charged. Try again.")
        ) from None
    if customer.account is not None and customer.account.currency not in ("", gift.amount.currency):
        said = {"currency": customer.account.currency}
        raise Refused("currency", _("Your account here is kept in %(currency)s: choose a card in that.") % said)
    card = _card(member, account, gift, offer, page=page, now=now)
    try:
        with transaction.atomic():
            locked = recording.locked_customer(account, customer.external_id, wanted=False)
            card.save(force_insert=True)
            bill = _bill(card, locked, method, now=now)
            event = derived("evt", account.pk, "gift", card.pk)
            take_in([bill], account=account, event=event, recorded_at=now, now=now)
            jobs.add(LEFT, key=card.pk, due_at=now + LOOKED_AT_AFTER, now=now)
    except IntegrityError:  # the same page, sent twice in one moment
        there = GiftCard.objects.filter(page=page, bought_by=member).first()
        if there is None:
            raise Refused("stale", _("This page was used before. Look at it again, then go on.")) from None
        return there
    return card


def _card(
    member: Member, account: GatewayAccount | None, gift: Gift, offer: GiftOffer, *, page: str, now: datetime
) -> GiftCard:
    name = derived("gift", member.pk, page)
    lasts = offer.good_for_days
    return GiftCard(
        id=name,
        page=page,
        code=gift_cards.new_code(),
        amount_minor=gift.amount.amount_minor,
        currency=gift.amount.currency,
        bought_by=member,
        gateway_account=account,
        invoice=derived("ginv", name),
        from_name=gift.from_name or member.name,
        to_name=gift.to_name,
        to_email=gift.to_email,
        message=gift.message,
        send_on=gift.send_on,
        made_at=now,
        expires_at=None if lasts is None else now + timedelta(days=lasts),
    )


def _bill(card: GiftCard, customer: GatewayCustomer, method: str, *, now: datetime) -> InvoiceSeen:
    line = LineSeen(
        line=derived("gsln", card.invoice),
        kind="gift",
        amount_minor=card.amount_minor,
        start=now,
        end=now,
        hints=PriceHints(price="#gift", extra=True),
        description=_("Gift card"),
    )
    bill = open_invoice(
        card.invoice,
        line,
        customer=customer.external_id,
        at=now,
        number=numbering.invoice_number(),
        currency=card.currency,
    )
    account = card.gateway_account
    if not gateways.is_paid_later(account):
        return bill
    GatewayCustomer.objects.filter(pk=customer.pk).update(method=method)
    return handbills.to_be_paid(bill, account, until=handbills.due_at(account, method, now=now))


def pay(card: GiftCard, *, return_url: str, now: datetime, token: str = "", method: str = "") -> Outcome:
    """Have a card's bill paid by a new card (``token``) or a stored ``method``; what is paid by hand waits for that."""
    bill = gift_cards.bill_of(card)
    if gateways.is_paid_later(card.gateway_account):
        return stands(card)
    owing.pay(bill, return_url=return_url, now=now, card=token, method=method)
    return stands(card)


def stands(card: GiftCard) -> Outcome:
    """Return how a card stands with its payer, by the records. Asks nobody."""
    bill = gift_cards.bill_of(card)
    found = owing.stands(bill)
    if found.stage is Stage.UNPAID and bill.due_at is not None:
        return Outcome(Stage.BILLED)
    return found


def ask(card: GiftCard, *, now: datetime) -> Outcome:
    """Ask the gateway how a card's payment stands, take that in, and return it."""
    found = stands(card)
    if found.stage in (Stage.WORKING, Stage.WAITING):
        owing.ask(gift_cards.bill_of(card), now=now)
        return stands(card)
    return found


def look_after(name: str, *, now: datetime) -> bool:
    """Look what became of a card (by public id) that may have been left; return whether it must be looked at again."""
    card = GiftCard.objects.select_related("gateway_account").get(pk=name)
    stage = ask(card, now=now).stage
    if stage in (Stage.DONE, Stage.CLOSED, Stage.BILLED):
        return False  # what is paid by hand is asked for, and given up, as any such bill
    if now >= card.made_at + attempts.ASKED_AGAIN_AFTER:
        with transaction.atomic():
            return not gift_cards.give_up(card, now=now)
    return True
