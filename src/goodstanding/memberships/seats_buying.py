"""Having more or fewer further seats of a subscription that we bill: shown first, accepted as it was shown, paid like any bill.

In the manner of :mod:`goodstanding.memberships.changing`, whose bills these are, too: one that nobody pays is dropped by our
clock within a day, and all goes on as before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy

from goodstanding.billing import numbering, recording
from goodstanding.billing.models import Invoice, Subscription
from goodstanding.catalogue import knowledge
from goodstanding.catalogue.models import Price
from goodstanding.core import seat_changes, seats
from goodstanding.core.facts import SubscriptionSeen
from goodstanding.core.fold import ENDED
from goodstanding.core.ids import derived
from goodstanding.core.ledger import Ledger
from goodstanding.core.money import Money
from goodstanding.core.seat_changes import Planned
from goodstanding.memberships import change_pages, changes_ahead, changing, owing, seating
from goodstanding.memberships.changing import Accepted
from goodstanding.memberships.changing_words import CannotChange
from goodstanding.memberships.intake import take_in
from goodstanding.memberships.models import Membership
from goodstanding.memberships.owing import Outcome, Stage

SALT = "goodstanding.memberships.seats"

_WORDS = {
    "not_sold": gettext_lazy("No further seats are sold for this membership. Ask the staff."),
    "too_many": gettext_lazy("That is more seats than a membership of this level can have."),
    "same": gettext_lazy("That is how many there are already."),
    "below_zero": gettext_lazy("A number of seats is not below zero."),
    "set": gettext_lazy("Another level is set for the next period. Take that back first."),
    "trial": gettext_lazy("Further seats can be had once the trial is over."),
}


class CannotBuySeats(CannotChange):
    """The number of seats is not changed; ``words`` say why, to the payer."""

    def __init__(self, code: str) -> None:
        ValueError.__init__(self, code)
        self.code, self.words = code, str(_WORDS[code])


@dataclass(frozen=True, slots=True)
class Offer:
    """What further seats a membership has and could have: ``each`` is what one costs each time; ``None``: none are sold.

    ``next_bought``: how many there are from ``next_at`` on, where that is another number.
    """

    subscription: Subscription | None
    each: Money | None
    bought: int
    next_bought: int | None = None
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What having ``wanted`` further seats comes to, as it is shown."""

    subscription: Subscription
    wanted: int
    plan: Planned


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page showed, read back: ``page`` names that one view of it."""

    page: str
    subscription: str
    wanted: int
    at: datetime
    figures: tuple[str, ...]


def offer(membership: Membership) -> Offer:
    """Return what further seats a membership has, and could have. A few statements, and nothing is written."""
    row = _subscription(membership)
    if row is None:
        return Offer(None, None, 0)
    ledger = Ledger(recording.objects_of([row.customer_id])[row.customer_id])
    last = ledger.subscriptions[row.external_id][-1]
    there = seats.bought(last.items)
    coming, at = (
        (None, None)
        if not last.next_items
        else (seats.bought(last.next_items), changes_ahead.paid_until(ledger, row.external_id))
    )
    return Offer(row, _each(last), there, coming if coming != there else None, at)


def preview(membership: Membership, wanted: int, *, now: datetime) -> Preview:
    """Return what having ``wanted`` further seats in all comes to. Writes nothing. Raises :class:`CannotChange`."""
    row = _subscription(membership)
    if row is None:
        raise CannotBuySeats("not_sold")
    ledger = Ledger(recording.objects_of([row.customer_id])[row.customer_id])
    plan, _last = _planned(ledger, row, membership, wanted, at=now, now=now)
    return Preview(row, wanted, plan)


def signed(found: Preview) -> str:
    """Return a preview as a text that a form sends back; it says what was shown and cannot be made up."""
    return change_pages.sign(
        found.subscription.pk, found.wanted, at=found.plan.at, said=_figures(found.plan), salt=SALT
    )


def shown(text: str, *, now: datetime) -> Shown:
    """Read what :func:`signed` wrote. Raises :class:`CannotChange` for what is made up or older than a quarter of an hour."""
    page, subscription, wanted, at, figures = change_pages.read(text, salt=SALT, now=now)
    return Shown(page, subscription, int(wanted), at, figures)


def accept(
    membership: Membership, seen: Shown, *, return_url: str, now: datetime, card: str = "", method: str = ""
) -> Accepted:
    """Have the seats that a page showed; pay what is due as a change of level is paid. The same page again changes nothing.

    Raises :class:`CannotChange`, also where it would not come to what was shown. Not to be called in a transaction.
    """
    row = _subscription(membership)
    if row is None or seen.subscription != row.pk:
        raise CannotChange("tampered")
    account, ref = row.gateway_account, reference_of(seen)
    event = derived("evt", "seats", ref)
    with transaction.atomic():
        customer = recording.locked_customer(account, row.customer.external_id, wanted=False)
        if not recording.was_told(customer, event):
            ledger = Ledger(recording.objects_of([customer.pk])[customer.pk])
            plan, last = _planned(ledger, row, membership, seen.wanted, at=seen.at, now=now)
            if _figures(plan) != seen.figures:
                raise CannotChange("changed")
            number = numbering.invoice_number() if plan.is_now else ""
            facts = seat_changes.facts_of(plan, last, ref=ref, at=now, number=number)
            take_in(facts, account=account, event=event, recorded_at=now, now=now, locked=customer)
    bill = Invoice.objects.filter(gateway_account=account, external_id=ref).first()
    if bill is None:
        return Accepted(Outcome(Stage.DONE))
    outcome = owing.stands(bill)
    if outcome.stage in (Stage.UNPAID, Stage.DECLINED) and owing.can_be_paid_here(bill):
        outcome = owing.pay(bill, return_url=return_url, now=now, card=card, method=method)
    return Accepted(outcome, bill)


def reference_of(seen: Shown) -> str:
    """Return the reference of the bill that accepting what a page showed draws up."""
    return derived(changing.BILL, seen.subscription, seen.page)


def bill_of(subscription: Subscription, seen: Shown) -> str:
    """Return the public id of that bill, if anything is billed."""
    return derived("inv", subscription.gateway_account_id, reference_of(seen))


def _planned(
    ledger: Ledger, row: Subscription, membership: Membership, wanted: int, *, at: datetime, now: datetime
) -> tuple[Planned, SubscriptionSeen]:
    """Plan it as of ``at``, if it may be done ``now``."""
    last = changing.changeable(ledger, row, membership.member, now=now)
    each = _each(last)
    if each is None:
        raise CannotBuySeats("not_sold")
    _require_possible(last, membership, wanted, now=now)
    plan = seat_changes.planned(
        ledger,
        last.subscription,
        each=each,
        name=membership.level.name,
        wanted=wanted,
        at=at,
        levy_at=knowledge.current().levy_at,
    )
    if plan is None:
        raise CannotChange("changed")  # a period has begun since it was shown
    if plan.due_now and not changing.can_be_paid(row):
        raise CannotChange("desk")
    return plan, last


def _require_possible(last: SubscriptionSeen, membership: Membership, wanted: int, *, now: datetime) -> None:
    there = seats.bought(last.items)
    if wanted < 0:
        raise CannotBuySeats("below_zero")
    if last.next_items and last.next_items[0].hints != last.items[0].hints:
        raise CannotBuySeats("set")
    if wanted == there:
        raise CannotBuySeats("same")
    places = seating.places_of([membership], knowledge.current())[membership.pk]
    if wanted > there and places.most is not None and places.included + wanted > places.most:
        raise CannotBuySeats("too_many")
    if wanted > there and last.trial_ends_at is not None and now < last.trial_ends_at:
        raise CannotBuySeats("trial")


def _each(last: SubscriptionSeen) -> Money | None:
    """What one costs: what those cost that there are, else what the price asks for by now."""
    for item in last.items:
        if seats.is_seat(item.hints.price):
            return Money(item.amount_minor or 0, last.currency)
    price = Price.objects.filter(pk=last.items[0].hints.price, currency=last.currency).first()
    if price is None or price.seat_amount_minor is None:
        return None
    return Money(price.seat_amount_minor, last.currency)


def _subscription(membership: Membership) -> Subscription | None:
    """The subscription of ours that renews a membership: the one begun last of those that have not ended."""
    paid = {"items__seat__membership": membership.pk, "items__is_current": True}
    rows = Subscription.objects.filter(billed_by=Subscription.BilledBy.US, **paid)
    rows = rows.exclude(status__in=[str(status) for status in ENDED]).select_related(
        "gateway_account", "customer__member"
    )
    return rows.distinct().order_by("-begun_at", "-id").first()


def _figures(plan: Planned) -> tuple[str, ...]:
    """What a page says of it: all of it is compared before it is made."""
    moments = ["now" if plan.is_now else plan.effect_at.isoformat(), plan.next_charge_at.isoformat()]
    amounts = [plan.total, plan.from_balance, plan.due_now, plan.next_asked]
    return (plan.total.currency, str(plan.more), *moments, *(str(amount.amount_minor) for amount in amounts))
