"""Our own clock: renews what we bill ourselves, collects, tries again, and at last gives up (core.dunning says what, when).

The steps that are due are one transaction under the customers' locks, made from the records as they stand in it: a second
worker, or the same one after a crash, finds them done. Charging is a try of its own (:mod:`goodstanding.memberships.paying`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property, partial

from django.db import transaction

from goodstanding.billing import attempts, numbering, policies, turns
from goodstanding.billing.attempts import Wish
from goodstanding.billing.models import DunningPolicy, GatewayCustomer, PaymentAttempt, Turn
from goodstanding.billing.recording import Named
from goodstanding.catalogue.knowledge import Knowledge
from goodstanding.core import carrying, changes, dunning, ours, replacing
from goodstanding.core.dunning import Act, Step
from goodstanding.core.facts import Fact, InvoiceSeen, SubscriptionSeen
from goodstanding.core.fold import SubscriptionStatus
from goodstanding.core.ids import derived
from goodstanding.core.ledger import Ledger
from goodstanding.core.money import Money
from goodstanding.core.periods import Period
from goodstanding.core.renewals import completed, payments_before, renewal_of
from goodstanding.jobs import lease
from goodstanding.memberships import crediting, handbills
from goodstanding.memberships.intake import Telling, take_in_many
from goodstanding.memberships.together import Together

UNDER_WAY = PaymentAttempt.UNDER_WAY
LOOK_AGAIN = timedelta(minutes=10)  # at a bill that is being paid right now


def carry_out(claimed: Sequence[Turn], *, now: datetime) -> None:
    """Do what our clock has to do for the subscriptions of claimed turns, and give the turns back."""
    lease.carry_together(claimed, partial(_do, now=now), now=now)


def _do(claimed: Sequence[Turn], *, now: datetime) -> None:
    """Go step by step, all subscriptions side by side; of a customer's several the second one's after the first one's."""
    with transaction.atomic():
        run = _Run(claimed, now)
        while run.left:
            run.step()
        lease.hold(claimed)
        run.write()


@dataclass(frozen=True, slots=True)
class _Means:
    """What steps are done with: the moment, numbers for the bills drawn up, the catalogue, and what follows a failure."""

    now: datetime
    numbers: Iterator[str]
    known: Knowledge
    policy: DunningPolicy


class _Run:
    def __init__(self, claimed: Sequence[Turn], now: datetime) -> None:
        self.left, self.now, self.work = list(claimed), now, Together()
        # Balance that is kept elsewhere pays as well: its owner's other records are locked with those that renew.
        elsewhere = crediting.beside(each.subscription.customer for each in claimed)
        named = [(each.subscription.gateway_account, each.subscription.customer) for each in claimed]
        named += [(each.gateway_account, each) for each in elsewhere]
        self.work.lock(Named(account, each.external_id) for account, each in named)
        self._wishes: list[Wish] = []
        self._aheads: dict[str, timedelta] = {}  # of each account: how long before their periods it bills

    def step(self) -> None:
        """Do the next step of each, where one is due; those that may have another one are left."""
        waiting, acting, busy = [], [], set()
        for turn in self.left:
            customer = self._customer(turn)
            payer = customer.member_id or customer.pk  # who has one balance for all that he renews
            if payer in busy:
                waiting.append(turn)
            elif (step := self._due(turn, customer)) is not None:
                busy.add(payer)
                acting.append((turn, step))
        if acting:
            numbered = sum(_takes_a_number(step, self._last(turn)) for turn, step in acting)
            means = _Means(self.now, iter(numbering.invoice_numbers(numbered)), self.work.known, self._policy)
            take_in_many([told for turn, step in acting for told in self._tellings(turn, step, means)], self.work)
        self.left = [*(turn for turn, _ in acting), *waiting]

    def write(self) -> None:
        """Write everything, with the tries to have paid what is to be collected."""
        before = attempts.before(self._wishes)
        for wish in self._wishes:
            with suppress(attempts.AlreadyUnderWay):
                earlier = before.get((wish.customer.pk, wish.pays_for), [])
                self.work.writes.first([attempts.attempt_for(wish, earlier, now=self.now, held=False)])
        self.work.flush()

    def _due(self, turn: Turn, customer: GatewayCustomer) -> Step | None:
        """Return the step to be done now; where there is none (or something is being paid) give the turn back."""
        ledger = self.work.ledger(customer)
        step = turns.step_of(ledger, turn.subscription.external_id, ahead=self._ahead(customer))
        if step is None or step.at > self.now:
            self._give_back(
                turn, state=Turn.State.OPEN if step else Turn.State.IDLE, due_at=step.at if step else self.now
            )
            return None
        if step.act is Act.COLLECT:
            self._wishes.append(_wish(step, ledger, customer))
        elif not self._is_being_paid(step, customer):
            return step
        self._give_back(turn, state=Turn.State.OPEN, due_at=self.now + LOOK_AGAIN)
        return None

    def _is_being_paid(self, step: Step, customer: GatewayCustomer) -> bool:
        if step.act not in (Act.EXPIRE, Act.GIVE_UP, Act.DROP):
            return False
        return any(each.pays_for == step.invoice and each.state in UNDER_WAY for each in self.work.tries(customer))

    def _give_back(self, turn: Turn, *, state: Turn.State, due_at: datetime) -> None:
        row = Turn(subscription_id=turn.pk, state=state, due_at=due_at)
        self.work.writes.over([row], (*turns.WRITTEN, "leased_until", "leased_by"))

    def _ahead(self, customer: GatewayCustomer) -> timedelta:
        account = customer.gateway_account
        if account.pk not in self._aheads:
            self._aheads[account.pk] = turns.ahead_of(account)
        return self._aheads[account.pk]

    @cached_property
    def _policy(self) -> DunningPolicy:
        return policies.in_force(self.now)

    def _customer(self, turn: Turn) -> GatewayCustomer:
        return self.work.customers[turn.subscription.customer_id]

    def _last(self, turn: Turn) -> SubscriptionSeen:
        return self.work.ledger(self._customer(turn)).subscriptions[turn.subscription.external_id][-1]

    def _tellings(self, turn: Turn, step: Step, means: _Means) -> list[tuple[str, Telling]]:
        customer, subscription = self._customer(turn), turn.subscription.external_id
        facts = _facts(step, self.work.ledger(customer), self._last(turn), means)
        moved: list[tuple[str, Telling]] = []
        if step.act in (Act.RENEW, Act.LAST_BILL):
            facts, moved = self._with_balance(facts, customer)
            facts = handbills.with_days(facts, customer, now=self.now)
        about = step.invoice or (step.start.isoformat() if step.start else "")
        about += step.at.isoformat() if step.act is Act.TO_BALANCE else ""  # it may come more than once
        event = derived("evt", customer.gateway_account_id, step.act, subscription, about)
        return [*moved, (customer.external_id, Telling(customer.gateway_account, event, facts, self.now))]

    def _with_balance(
        self, facts: Sequence[Fact], customer: GatewayCustomer
    ) -> tuple[Sequence[Fact], list[tuple[str, Telling]]]:
        """Have what is kept on the payer's other records pay what is due of his bill."""
        mine = customer.member_id
        others = [each for each in self.work.customers.values() if mine and each.member_id == mine and each != customer]
        bill = next((each for each in facts if isinstance(each, InvoiceSeen) and each.due_minor > 0), None)
        if bill is None or not others:
            return facts, []
        held = {each: self.work.ledger(each).credit_minor(bill.currency) for each in others}
        paid, moved = crediting.brought(bill, customer, held, now=self.now)
        return [paid if each is bill else each for each in facts], moved


def _wish(step: Step, ledger: Ledger, customer: GatewayCustomer) -> Wish:
    bill = ledger.invoices[step.invoice].last
    assert bill is not None, step
    if dunning.is_double(bill, list(ledger.invoices.values())):
        raise lease.GiveUp("impossible_bill: two charges for one interval; nothing was charged")
    owed = Money(bill.due_minor - bill.paid_minor, bill.currency)
    return Wish(customer, step.invoice, PaymentAttempt.Kind.CHARGE, owed, customer.method)


def _takes_a_number(step: Step, last: SubscriptionSeen) -> bool:
    return step.act in (Act.RENEW, Act.LAST_BILL) or (step.act is Act.COMPLETE and bool(last.contract.keeps))


def _facts(step: Step, ledger: Ledger, last: SubscriptionSeen, means: _Means) -> Sequence[Fact]:
    now = means.now
    match step.act:
        case Act.RENEW:
            return _renewal(step, ledger, last, means)
        case Act.GIVE_UP | Act.EXPIRE | Act.DROP:
            over = {Act.GIVE_UP: [last], Act.DROP: []}
            begun = over[step.act] if step.act in over else _begun_together(step, ledger)
            return (*_closed(step, ledger, now=now), *(_ended(each, step, now=now) for each in begun))
        case Act.COMPLETE:
            assert step.end is not None, step
            bills = turns.invoices_of(ledger, last.subscription)
            drawn = next(means.numbers) if last.contract.keeps else ""
            return completed(last, bills, paid_until=step.end, at=max(now, step.at), number=drawn)
        case Act.TO_BALANCE:
            return replacing.kept(ledger, step.invoice, at=now)
        case Act.LAST_BILL:
            bill = carrying.last_bill(ledger, last, at=now, number=next(means.numbers))
            return (replace(bill, ladder=policies.ladder(means.policy, bill.currency)),)
        case _:
            return (_ended(last, step, now=now),)


def _renewal(step: Step, ledger: Ledger, last: SubscriptionSeen, means: _Means) -> Sequence[Fact]:
    """The bill of the period that is due, and the change of level that was set for it.

    A period that was over before anybody could work is passed over: it gave nothing.
    """
    assert step.start is not None, step
    changed = changes.renewed(last, start=step.start, at=means.now) if last.next_items else None
    last = changed or last
    turn = dunning.number_of(step.start, last)
    start, end = dunning.period(last, turn)
    while end <= means.now:
        turn += 1
        start, end = dunning.period(last, turn)
    made = renewal_of(
        last,
        period=Period(start, end),
        at=means.now,
        number=next(means.numbers),
        payment=payments_before(last, turns.invoices_of(ledger, last.subscription)) + 1,
        levy_at=means.known.levy_at,
        credit_minor=ledger.credit_minor(last.currency),
        carried=carrying.to_bill(ledger, last),
    )
    bill = replace(made.bill, ladder=policies.ladder(means.policy, made.bill.currency))
    facts: tuple[Fact, ...] = (bill, *made.credits)
    return (changed, *facts) if changed is not None else facts


def _closed(step: Step, ledger: Ledger, *, now: datetime) -> Sequence[Fact]:
    bill = ledger.invoices[step.invoice].last
    assert bill is not None, step
    status = "uncollectible" if step.act is Act.GIVE_UP else "void"
    return (replace(bill, at=now, status=status, closed_at=now),)


def _begun_together(step: Step, ledger: Ledger) -> list[SubscriptionSeen]:
    """The subscriptions that one first bill begins: nobody pays it, and none of them ever begins."""
    bill = ledger.invoices[step.invoice].last
    assert bill is not None, step
    return [ledger.subscriptions[ref][-1] for ref in sorted(bill.subscriptions) if ref in ledger.subscriptions]


def _ended(last: SubscriptionSeen, step: Step, *, now: datetime) -> SubscriptionSeen:
    status = SubscriptionStatus.EXPIRED if step.act is Act.EXPIRE else SubscriptionStatus.CANCELLED
    ended_at = step.at if step.act is Act.END else now
    return ours.retold(last, at=now, rank=2, status=status, ended_at=ended_at)
