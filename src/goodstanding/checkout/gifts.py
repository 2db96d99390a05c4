"""Buying a gift, a card or a level: its row and its bill are written first, then it is paid as any bill is. One page is one gift.

Whoever dies in the middle leaves a bill that can be paid from its page; one that nobody paid is given up by the worker. No
balance pays it: no gift card buys a gift. Who buys a level is no member by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from goodstanding import conf
from goodstanding.billing import attempts, numbering, recording
from goodstanding.billing.models import GatewayCustomer, GiftCard, GiftOffer
from goodstanding.catalogue import gifts as levels
from goodstanding.catalogue.models import LevelGift
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
    """What somebody wants to give: how much (or, for so much, which level), to whom, in whose name, with which words, and on
    which day.
    """

    amount: Money
    to_email: str
    send_on: date
    to_name: str = ""
    from_name: str = ""
    message: str = ""
    level: LevelGift | None = None


def offers() -> list[GiftOffer]:
    """Return of which amounts gift cards are on offer, by currency, in order."""
    return list(GiftOffer.objects.filter(is_open=True))


def are_on_sale(*, now: datetime) -> bool:
    """Return whether any gift can be bought."""
    return GiftOffer.objects.filter(is_open=True).exists() or bool(levels.on_sale(now=now))


def require_on_offer(gift: Gift, *, now: datetime) -> int | None:
    """Return for how many days a gift can be redeemed (``None``: for ever).

    Raises :class:`Refused` where it is not on offer, not for this amount, or not for this day.
    """
    lasts = _level_lasts(gift, now=now) if gift.level is not None else _card_lasts(gift)
    today = now.astimezone(conf.time_zone()).date()
    if not today <= gift.send_on <= today + LATEST:
        raise Refused("day", _("Choose a day from today on, within a year."))
    return lasts


def _card_lasts(gift: Gift) -> int | None:
    offer = GiftOffer.objects.filter(is_open=True, currency=gift.amount.currency).first()
    if offer is None or not offer.allows(gift.amount):
        raise Refused("amount", _("There are no gift cards of this amount. Choose one of those that are shown."))
    return offer.good_for_days


def _level_lasts(gift: Gift, *, now: datetime) -> int | None:
    assert gift.level is not None, gift
    offer = levels.find(gift.level.pk, now=now)
    if offer is None:
        raise Refused("level", _("This is no longer sold as a gift. Choose one of those that are shown."))
    if offer.amount != gift.amount:
        raise Refused("price", _("This gift costs something else by now. Look at it again, then go on."))
    return offer.good_for_days


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
    lasts = require_on_offer(gift, now=now)
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
        raise Refused("currency", _("Your account here is kept in %(currency)s: choose a gift in that.") % said)
    card = _card(member, account, gift, lasts, page=page, now=now)
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
    member: Member, account: GatewayAccount | None, gift: Gift, lasts: int | None, *, page: str, now: datetime
) -> GiftCard:
    name = derived("gift", member.pk, page)
    return GiftCard(
        id=name,
        page=page,
        code=gift_cards.new_code(),
        amount_minor=gift.amount.amount_minor,
        currency=gift.amount.currency,
        gives=gift.level.price if gift.level is not None else None,
        times=gift.level.times if gift.level is not None else 0,
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
        description=_("Gift card") if card.gives is None else _("Gift: %(what)s") % {"what": card.what},
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
    if gateways.is_paid_later(card.gateway_account) or not owing.can_be_paid_here(bill):
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
