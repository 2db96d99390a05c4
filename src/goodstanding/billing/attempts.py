"""Tries to have something paid: written down before a gateway is asked, closed by what its facts tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Min, Q

from goodstanding.billing.models import GatewayCustomer, PaymentAttempt
from goodstanding.core.facts import PaymentSeen
from goodstanding.core.fold import ENDED, Key
from goodstanding.core.ids import derived
from goodstanding.core.ledger import Ledger
from goodstanding.core.money import Money
from goodstanding.gateways import registry
from goodstanding.gateways.protocol import Ability
from goodstanding.jobs import services as jobs
from goodstanding.jobs.lease import LEASE

ASKED_AGAIN_AFTER = timedelta(hours=25)  # a payer who was sent to a page and never came back: the gateway is asked

CARD_SEEN = "memberships.card_seen"  # the job that keeps how people know the card that pays

State = PaymentAttempt.State
# What changes of a try once it is written down.
CHANGED = ("state", "ref", "page", "failure", "ended_at", "due_at", "attempts", "lease_token", "leased_until", "leased_by", "last_error")  # fmt: skip


class AlreadyUnderWay(Exception):
    """This is being paid, or was: a second try could charge twice."""

    def __init__(self, attempt: PaymentAttempt) -> None:
        super().__init__(attempt.pk)
        self.attempt = attempt


@dataclass(frozen=True, slots=True)
class Wish:
    """That ``pays_for`` is to be paid by a customer. ``kind``: of try; ``method``: the stored card to be charged."""

    customer: GatewayCustomer
    pays_for: str
    kind: str
    amount: Money
    method: str = ""


def write_down(
    customer: GatewayCustomer, *, pays_for: str, kind: str, amount: Money, now: datetime, held: bool, method: str = ""
) -> PaymentAttempt:
    """Write down that ``pays_for`` is to be paid. ``held``: the caller sees to it now; if he dies, a worker takes it up.

    Raises :class:`AlreadyUnderWay` where a try is under way or was good. In the caller's transaction, with the customer's
    row locked.
    """
    wish = Wish(customer, pays_for, kind, amount, method)
    made = attempt_for(wish, before([wish]).get((customer.pk, pays_for), []), now=now, held=held)
    made.save(force_insert=True)
    return made


Before = Mapping[tuple[str, str], Sequence[PaymentAttempt]]


def before(wishes: Iterable[Wish]) -> Before:
    """Return the tries so far, by customer and what they pay for, in their order. One query, none for no wish."""
    wanted = {(wish.customer.pk, wish.pays_for) for wish in wishes}
    found: defaultdict[tuple[str, str], list[PaymentAttempt]] = defaultdict(list)
    if wanted:
        customers, things = {customer for customer, _ in wanted}, {thing for _, thing in wanted}
        for row in PaymentAttempt.objects.filter(customer__in=customers, pays_for__in=things).order_by("number"):
            found[row.customer_id, row.pays_for].append(row)
    return dict(found)


def attempt_for(wish: Wish, earlier: Sequence[PaymentAttempt], *, now: datetime, held: bool) -> PaymentAttempt:
    """Return the try, unsaved, for what is wished after those ``earlier`` for the same; as :func:`write_down` says."""
    for there in earlier:
        if there.state != State.FAILED:
            raise AlreadyUnderWay(there)
    number = len(earlier)
    key = derived("key", wish.customer.pk, wish.pays_for, str(number))
    return PaymentAttempt(
        id=derived("att", key),
        key=key,
        customer=wish.customer,
        pays_for=wish.pays_for,
        number=number,
        kind=wish.kind,
        amount_minor=wish.amount.amount_minor,
        currency=wish.amount.currency,
        method=wish.method,
        begun_at=now,
        due_at=now,
        leased_until=now + LEASE if held else None,
        leased_by="its payer" if held else "",
    )


def under_way(customer: GatewayCustomer, pays_for: str) -> PaymentAttempt | None:
    """Return the try that is under way for ``pays_for``, if one is."""
    return PaymentAttempt.objects.filter(
        customer=customer, pays_for=pays_for, state__in=PaymentAttempt.UNDER_WAY
    ).first()


def may_be_asked(attempt: PaymentAttempt, *, now: datetime) -> bool:
    """Return whether a page may ask the gateway what became of a try: nobody is at it, and the gateway had time to hear of it.

    Asked too early it might say that it never heard of a request that is still on its way, and the payer would try again.
    """
    if attempt.state not in PaymentAttempt.UNDER_WAY or (attempt.leased_until and attempt.leased_until > now):
        return False
    return attempt.state == State.WAITING or attempt.due_at <= now


def is_in_hand(attempt: PaymentAttempt, *, now: datetime) -> bool:
    """Return whether somebody is at it right now: a worker, a page, or its payer. Else it waits for a gateway that is away."""
    return attempt.state == State.WAITING or bool(attempt.leased_until and attempt.leased_until > now)


def locked(customers: Iterable[str], also: Iterable[str] = ()) -> dict[str, list[PaymentAttempt]]:
    """Return the tries under way of ``customers``, and those ``also`` named (public ids all), by customer, locked for the
    transaction. What is changed of them is written by who has them (:data:`CHANGED`).
    """
    under_way = Q(customer__in=list(customers), state__in=PaymentAttempt.UNDER_WAY)
    named = list(also)
    rows = PaymentAttempt.objects.select_for_update().filter((under_way | Q(pk__in=named)) if named else under_way)
    found: defaultdict[str, list[PaymentAttempt]] = defaultdict(list)
    for row in rows.order_by("pk"):
        found[row.customer_id].append(row)
    return dict(found)


def waits(attempt: PaymentAttempt, *, page: str, now: datetime) -> None:
    """Have a locked try wait: for its payer, who was sent to a ``page`` of the gateway's, or for what a bank says."""
    if attempt.state == State.OPEN:
        attempt.state, attempt.page, attempt.due_at = State.WAITING, page, now + ASKED_AGAIN_AFTER
        _give_back(attempt)


def let_go(attempt: PaymentAttempt, *, due_at: datetime) -> None:
    """Give back a locked try whose outcome is unknown: a worker asks the gateway at ``due_at``."""
    if attempt.state in (State.OPEN, State.WAITING):
        attempt.due_at = due_at
        _give_back(attempt)


def close(attempt: PaymentAttempt, state: State, *, failure: str, now: datetime) -> None:
    """Close a locked try, unless it is closed."""
    if attempt.state not in PaymentAttempt.UNDER_WAY:
        return
    attempt.state, attempt.failure, attempt.ended_at, attempt.page = state, failure[:100], now, ""
    _give_back(attempt)
    # Its lease is taken from whoever works on it right now: a failure that he books would open it again.
    attempt.lease_token += 1


def _give_back(attempt: PaymentAttempt) -> None:
    attempt.leased_until, attempt.leased_by, attempt.attempts, attempt.last_error = None, "", 0, ""


def follow(tries: Iterable[PaymentAttempt], ledger: Ledger, *, now: datetime) -> list[PaymentAttempt]:
    """Close those of a customer's locked tries of which the ledger tells how they ended; return them."""
    known = list(tries)
    closed = []
    for attempt in known:
        if attempt.state in PaymentAttempt.UNDER_WAY:
            state, failure = _outcome(attempt, ledger, {each.ref for each in known if each is not attempt})
            if state is None:
                continue
            if state == State.SUCCEEDED and attempt.kind == PaymentAttempt.Kind.BEGIN:
                # A new card that was typed on the gateway's page, or had to be approved there, was kept there.
                newest = attempt.state == State.WAITING and bool(attempt.page) and not attempt.method
                payload = {"customer": attempt.customer_id, "newest": newest}
                jobs.add(CARD_SEEN, key=attempt.pk, due_at=now, now=now, payload=payload)
            close(attempt, state, failure=failure, now=now)
            closed.append(attempt)
    return closed


def may_have_ended(customer: GatewayCustomer, changed: Iterable[Key]) -> bool:
    """Return whether a change of the objects at ``changed`` may tell how a customer's tries ended, if there are any."""
    if not any(kind in ("payment", "invoice", "subscription", "link") for kind, _ in changed):
        return False
    return Ability.BEGIN in registry.gateway(customer.gateway_account.gateway).abilities


def due_next() -> datetime | None:
    """Return when a worker is next to see to a try."""
    first: datetime | None = PaymentAttempt.objects.open().aggregate(first=Min("due_at"))["first"]
    return first


def _outcome(attempt: PaymentAttempt, ledger: Ledger, others: AbstractSet[str]) -> tuple[State | None, str]:
    invoice = ledger.invoices.get(attempt.pays_for)
    if invoice is not None and invoice.settled_at is not None:
        return State.SUCCEEDED, ""
    failures = [payment for payment in _payments(attempt, ledger, others) if payment.status == "failed"]
    if failures:
        return State.FAILED, failures[0].failure
    begun = ledger.subscriptions.get(attempt.ref)
    if begun and invoice is None:  # a bill of a subscription that runs already says for itself whether it is paid
        paid = [each for each in ledger.invoices.values() if each.last and each.last.subscription == attempt.ref]
        if any(each.settled_at for each in paid):
            return State.SUCCEEDED, ""
        if begun[-1].status in ENDED:
            return State.FAILED, "abandoned"
    return None, ""


def _payments(attempt: PaymentAttempt, ledger: Ledger, others: AbstractSet[str]) -> list[PaymentSeen]:
    """The payments that this try made: the one it knows by reference, else those for the same thing that no other try made."""
    if attempt.ref in ledger.payments:
        return [ledger.payments[attempt.ref]]
    if attempt.ref and attempt.pays_for not in ledger.invoices:
        return []
    made = [
        (ref, payment)
        for ref, payment in ledger.payments.items()
        if ref not in others and payment.at >= attempt.begun_at and ledger.invoice_of(ref) == attempt.pays_for
    ]
    if not made:
        return []
    for_the_same = PaymentAttempt.objects.filter(customer=attempt.customer_id, pays_for=attempt.pays_for)
    known = set(for_the_same.exclude(pk=attempt.pk).values_list("ref", flat=True))
    return [payment for ref, payment in made if ref not in known]
