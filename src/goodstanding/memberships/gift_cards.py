"""Gifts once they are bought: how each stands, sending it to whom it is for, redeeming it, and taking it back.

What was paid for one is owed to whoever types its code. A gift card, redeemed, is balance of that member's: an entry that is
added once. A level is redeemed by :mod:`goodstanding.memberships.gift_levels`.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, time
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from goodstanding import conf
from goodstanding.audit.services import note
from goodstanding.billing import attempts, recording
from goodstanding.billing.models import GatewayCustomer, GiftCard, Invoice, Subscription
from goodstanding.catalogue.words import length_words, money_words
from goodstanding.core.facts import CreditSeen
from goodstanding.core.fold import ENDED
from goodstanding.core.ids import derived
from goodstanding.core.ledger import Ledger
from goodstanding.gateways.services import ensure_manual_account
from goodstanding.jobs import services as jobs
from goodstanding.memberships import buying, letters, owing
from goodstanding.memberships.gifts_following import SEND
from goodstanding.memberships.intake import take_in
from goodstanding.people.models import Member

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # nothing that is read as something else
CODE = 16
SENT_AT = time(8)  # on the day that was chosen, by the site's clock
REDEEM = "gs_gifts:redeem"
_BETWEEN = re.compile(r"[\s-]+")


class State(StrEnum):
    """How a card stands: it is good, or why nobody can redeem it."""

    UNPAID = "unpaid"
    GOOD = "good"
    REDEEMED = "redeemed"
    EXPIRED = "expired"
    REFUNDED = "refunded"
    VOID = "void"


class NotRedeemed(ValueError):
    """The code gives nothing; ``words`` say why, to who typed it. ``code`` is for machines."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(code)
        self.code = code
        self.words = words


class Refused(ValueError):
    """It is not done, and nothing has changed; ``words`` say why, to staff."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


def new_code() -> str:
    """Return a code that nobody can guess: 79 bits of chance."""
    return "".join(secrets.choice(ALPHABET) for _each in range(CODE))


def read_code(typed: str) -> str:
    """Return a code as it is kept, however it was typed."""
    return _BETWEEN.sub("", typed).upper()


def state_of(card: Any, *, now: datetime) -> State:
    """Return how a card stands. ``card``: a row of :meth:`GiftCardQuerySet.told`. No query."""
    if card.redeemed_at is not None:
        return State.REDEEMED
    if card.went_back:
        return State.REFUNDED
    if card.voided_at is not None or (card.paid_at is None and card.bill_status not in ("open", None)):
        return State.VOID
    if card.paid_at is None:
        return State.UNPAID
    if card.expires_at is not None and card.expires_at <= now:
        return State.EXPIRED
    return State.GOOD


def redeem(member: Member, typed: str, *, now: datetime) -> GiftCard:
    """Put what a gift card is worth on the member's balance, once; return the card.

    Raises :class:`NotRedeemed` for a code that nobody has, and for a card that is used, expired, not paid, refunded, void, or
    of another currency than the member's bills. Of two at once one wins. Not to be called in a transaction.
    """
    found = find(typed)
    if found.gives is not None:
        said = {"level": found.gives.level.name}
        raise NotRedeemed("level", _("This is no money, but a membership: “%(level)s”. Redeem it as a gift.") % said)
    customer = place_of(member, found.currency, now=now)
    with transaction.atomic():
        recording.locked_customer(customer.gateway_account, customer.external_id, wanted=False)
        card = GiftCard.objects.told().select_for_update(of=("self",)).get(pk=found.pk)
        require_good(card, member, now=now)
        use_up(card, member, now=now)
        entry = CreditSeen(
            credit=derived("gcrd", card.pk),
            customer=customer.external_id,
            at=now,
            amount_minor=card.amount_minor,
            currency=card.currency,
            kind="gift_card",
            about=card.pk,
            words=f"… {card.ending}",
        )
        event = derived("evt", customer.gateway_account_id, "redeemed", card.pk)
        take_in([entry], account=customer.gateway_account, event=event, recorded_at=now, now=now)
    return card


def find(typed: str) -> GiftCard:
    """Return the gift of a code, however it was typed, with the level that it gives, if it does.

    Raises :class:`NotRedeemed` where nobody has it.
    """
    found = GiftCard.objects.select_related("gives__level__group").filter(code=read_code(typed)).first()
    if found is None:
        raise NotRedeemed("unknown", _("There is no gift with this code. Look whether all of it is typed right."))
    return found


def is_a_code(typed: str) -> bool:
    """Return whether a text is the code of a gift. No query where it cannot be one."""
    code = read_code(typed)
    return len(code) == CODE and set(code) <= set(ALPHABET) and GiftCard.objects.filter(code=code).exists()


def require_good(card: Any, member: Member | None, *, now: datetime) -> None:
    """Raise :class:`NotRedeemed` where a gift (a row of :meth:`GiftCardQuerySet.told`) cannot be redeemed by anybody."""
    state = state_of(card, now=now)
    if state is State.REDEEMED:
        raise NotRedeemed("used", _used(mine=member is not None and card.redeemed_by_id == member.pk))
    said = {
        State.EXPIRED: _("This gift has expired. Ask the staff whether it can still be used."),
        State.UNPAID: _("This gift is not paid yet. Try again once it is; nothing is lost."),
        State.REFUNDED: _(
            "This gift was given back to its buyer, or its payment is contested: it is worth nothing now."
        ),
        State.VOID: _("This gift was never paid, or taken back by the staff, and is worth nothing."),
    }
    if state in said:
        raise NotRedeemed(str(state), said[state])


def use_up(card: GiftCard, member: Member, *, now: datetime) -> None:
    """Have a gift be redeemed by a member, once. Raises :class:`NotRedeemed` where another one was faster.

    In the transaction in which he gets what it gives.
    """
    unused = GiftCard.objects.filter(pk=card.pk, redeemed_at=None, voided_at=None)
    if not unused.update(redeemed_at=now, redeemed_by=member):
        raise NotRedeemed("used", _used(mine=False))
    card.redeemed_at, card.redeemed_by = now, member
    what = "redeem gift card" if card.gives_id is None else "redeem gift of a level"
    note(by=member.user, on=card, what=what, why=f"by {member.pk}", now=now)


def _used(*, mine: bool) -> str:
    if mine:
        return _("You have redeemed this gift already.")
    return _("This gift was redeemed already. Each can be used once.")


def place_of(member: Member, currency: str, *, now: datetime) -> GatewayCustomer:
    """Return where a member's balance is of use: the customer record at which our clock renews something, else any whose
    bills are in this currency, else the one kept by hand, made where there is none. Asks no gateway.

    Raises :class:`NotRedeemed` where the member's bills are in another currency.
    """
    rows = list(member.customers.select_related("gateway_account", "account").order_by("pk"))
    kept_in = {row.account.currency for row in rows if row.account is not None and row.account.currency}
    if kept_in and currency not in kept_in:
        said = {"currency": ", ".join(sorted(kept_in)), "card": currency}
        raise NotRedeemed(
            "currency", _("This gift card is in %(card)s, and your account here is kept in %(currency)s.") % said
        )
    fits = [row for row in rows if row.account is None or row.account.currency in ("", currency)]
    renewing = Subscription.objects.filter(customer__in=fits, billed_by=Subscription.BilledBy.US)
    pays = set(renewing.exclude(status__in=[str(each) for each in ENDED]).values_list("customer", flat=True))
    manual = ensure_manual_account().pk
    found = min(
        fits,
        key=lambda row: (
            row.pk not in pays,
            row.account is None or not row.account.currency,
            row.gateway_account_id != manual,
            row.pk,
        ),
        default=None,
    )
    return found or buying.customer_for(member, ensure_manual_account(), now=now)


def send_of(payload: Mapping[str, Any], *, now: datetime) -> None:
    """Send the card that a job names, or that was sold by the bill (by reference) that it names."""
    name = payload.get("card")
    if not name:
        sold = GiftCard.objects.filter(gateway_account=payload["account"], invoice=payload["invoice"])
        name = sold.values_list("pk", flat=True).first()
    if name:
        send(str(name), now=now)


def send(card_id: str, *, now: datetime) -> None:
    """Write to whom a card is for, once, if it is good: on its day, or now where that is over. Any number of times."""
    with transaction.atomic():
        rows = GiftCard.objects.told().select_related("bought_by", "gives__level").select_for_update(of=("self",))
        card: Any = rows.filter(pk=card_id).first()
        if card is None or card.sent_at is not None or state_of(card, now=now) is not State.GOOD:
            return
        due_at = sent_from(card)
        if due_at > now:
            jobs.add(SEND, key=f"{card.pk}|{due_at:%Y%m%d%H}", due_at=due_at, now=now, payload={"card": card.pk})
            return
        _write(card, key=card.pk, now=now)
        GiftCard.objects.filter(pk=card.pk).update(sent_at=now)


def sent_from(card: GiftCard) -> datetime:
    """Return from when a card is to be sent: eight in the morning of its day, by the site's clock."""
    return datetime.combine(card.send_on, SENT_AT, tzinfo=conf.time_zone())


def send_again(card: GiftCard, *, reason: str, by: Any, now: datetime) -> None:
    """Write once more to whom a good card is for, whatever its day. Raises :class:`Refused`."""
    with transaction.atomic():
        rows = GiftCard.objects.told().select_related("bought_by", "gives__level").select_for_update(of=("self",))
        row: Any = rows.get(pk=card.pk)
        if state_of(row, now=now) is not State.GOOD:
            raise Refused(_("Only a gift that is paid and can still be redeemed is sent."))
        _write(row, key=f"{row.pk}|{now.isoformat()}", now=now)
        GiftCard.objects.filter(pk=row.pk).update(sent_at=now)
        note(by=by, on=row, what="send gift card again", why=reason, now=now)


def void_unpaid(card: GiftCard, *, reason: str, by: Any, now: datetime) -> None:
    """Take back a card that nobody paid, with its bill. Raises :class:`Refused` for one that is paid, even in part."""
    with transaction.atomic():
        if not give_up(card, now=now):
            raise Refused(
                _("Only a gift of which nothing is paid can be taken back so. Give a paid one back by a refund.")
            )
        note(by=by, on=card, what="void gift card", why=reason, now=now)


def give_up(card: GiftCard, *, now: datetime) -> bool:
    """Void a card and its bill, of which nothing is paid or being paid right now; return whether that is so. In a transaction."""
    bill = bill_of(card)
    customer = owing.customer_of(bill)
    recording.locked_customer(customer.gateway_account, customer.external_id, wanted=False)
    row: Any = GiftCard.objects.told().select_for_update(of=("self",)).get(pk=card.pk)
    last = Ledger(recording.objects_of([customer.pk])[customer.pk]).invoices[card.invoice].last
    assert last is not None, card.pk
    if state_of(row, now=now) is not State.UNPAID or last.paid_minor or attempts.under_way(customer, card.invoice):
        return False
    void = replace(last, at=now, status="void", closed_at=now)
    event = derived("evt", card.gateway_account_id, "given up", card.invoice)
    take_in([void], account=customer.gateway_account, event=event, recorded_at=now, now=now)
    GiftCard.objects.filter(pk=card.pk).update(voided_at=now)
    return True


def bill_of(card: GiftCard) -> Invoice:
    """Return the bill that sells a card."""
    rows = Invoice.objects.select_related("gateway_account", "account")
    return rows.get(gateway_account=card.gateway_account_id, external_id=card.invoice)


def require_refundable(account: str, invoice: str, *, whole: bool) -> GiftCard | None:
    """Return the card that a payment to be given back bought, locked, if one. In the refund's transaction.

    Raises :class:`Refused` for one that was redeemed, and for a part of one.
    """
    card = GiftCard.objects.select_for_update(of=("self",)).filter(gateway_account=account, invoice=invoice).first()
    if card is not None and card.redeemed_at is not None and card.gives_id is None:
        raise Refused(
            _("This paid for a gift card that was redeemed since: what it was worth is somebody’s balance now.")
        )
    if card is not None and card.redeemed_at is not None:
        raise Refused(
            _("This paid for a membership that was given to somebody, who redeemed it since: it is theirs now.")
        )
    if card is not None and not whole:
        raise Refused(_("This paid for a gift: give all of it back, or nothing. Its code is void then."))
    return card


def void_refunded(card: GiftCard | None, *, now: datetime) -> None:
    """Have a card that is given back be worth nothing. In the refund's transaction."""
    if card is not None:
        GiftCard.objects.filter(pk=card.pk, voided_at=None).update(voided_at=now)


def _write(card: Any, *, key: str, now: datetime) -> None:
    context = {
        "payer": card.from_name or card.bought_by.name or card.bought_by.email,
        "person": card.to_name,
        "code": card.shown_code,
        "message": card.message,
        "link": letters.address(REDEEM),
        "until": card.expires_at,
    }
    if card.gives is None:
        kind, context["amount"] = "gift_card", money_words(card.amount)
    else:
        kind, context["level"], context["term"] = (
            "gift_level",
            card.gives.level.name,
            length_words(card.gives, card.times),
        )
    letters.write(kind, key, card.bought_by, context, to=card.to_email, now=now)
