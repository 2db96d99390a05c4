"""Lives in the core alone: somebody joins, pays or fails to, changes, is given back, leaves; our clock bills. No database.

Each step checks what was promised against what is billed; :func:`tests.core.billed_truths.wrong_with` checks the whole.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from goodstanding.core import carrying, changes, dunning, journal, ours, pricing, purchasing, replacing
from goodstanding.core.asking import Levy
from goodstanding.core.changes import Manner
from goodstanding.core.dunning import Act, Step
from goodstanding.core.facts import Contract, CreditSeen, Fact, InvoiceSeen, PaymentSeen, RefundSeen, SubscriptionSeen
from goodstanding.core.fold import ENDED, InvoiceState, SubscriptionStatus
from goodstanding.core.journal import Chart
from goodstanding.core.ledger import NOT_USED, Ledger, grouped
from goodstanding.core.money import Money
from goodstanding.core.periods import Period
from goodstanding.core.pricing import Choice, PriceTerms
from goodstanding.core.proration import ProrationRefused
from goodstanding.core.renewals import completed, payments_before, renewal_of
from goodstanding.core.tax import Rate

START = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)
TAX = Rate("DE", date(2020, 1, 1), 1900)


class BilledLife:
    """One person at one account. What can be done is done; what cannot is passed over."""

    def __init__(self) -> None:
        self.now, self.facts, self.count = START, list[Fact](), 0
        self.card, self.names = True, list[str]()
        self.promised: dict[str, tuple[datetime, int]] = {}  # of each subscription: its next charge, with tax
        self.unpaid: dict[str, tuple[str, datetime, int]] = {}  # of a change's bill: the promise that paying it makes
        self.wrong: list[str] = []

    @property
    def ledger(self) -> Ledger:
        return Ledger(grouped(self.facts))

    def live(self, what: str, how: Any) -> None:
        self.now += timedelta(minutes=7)
        getattr(self, what)(*how)
        self.now += timedelta(minutes=7)
        self.work()

    def number(self) -> str:
        self.count += 1
        return f"INV-{self.count}"

    def tell(self, facts: tuple[Fact, ...], *, pays: bool = False) -> None:
        """Facts become known; the bills among them are paid at once where ``pays`` and the card is good."""
        self.facts += facts
        for fact in facts:
            if pays and isinstance(fact, InvoiceSeen) and fact.due_minor:
                self.charge(fact)

    def charge(self, bill: InvoiceSeen) -> None:
        self.count += 1
        state = self.ledger.invoices[bill.invoice]
        assert state.settled_at is None, "I12: what is paid is not charged again"
        assert state.last is not None
        owed, name = state.last.due_minor - state.last.paid_minor, f"pay_{self.count}"
        status, retry = ("succeeded", "") if self.card else ("failed", "later")
        paid = PaymentSeen(
            name, self.now, status, owed, bill.currency, self.now, "cus", invoice=bill.invoice, retry=retry
        )
        self.facts.append(paid)
        if self.card and bill.invoice in self.unpaid:
            name, at, amount_minor = self.unpaid.pop(bill.invoice)
            self.promised[name] = at, amount_minor

    def levy_at(self, contract: Contract, _at: datetime) -> Levy | None:
        return Levy(TAX, "VAT", contract.tax_inclusive) if contract.taxed else None

    def join(self, wanted: list[tuple[PriceTerms, dict[str, Any]]], donation: int, good: bool) -> None:
        chosen = [Choice(terms, self.now, levy=self.levy_at(terms.contract, self.now), **how) for terms, how in wanted]
        credit = Money(self.ledger.credit_minor("EUR"), "EUR")
        given = Money(donation, "EUR") if donation else None
        made = pricing.quote(
            chosen, at=self.now, time_zone="Europe/Berlin", credit=credit, donation=given, donation_recurs=True
        )
        assert pricing.quote_from_json(pricing.quote_to_json(made)) == made
        purchase = purchasing.purchase_of(f"chk_{self.count}", made)
        facts = purchasing.facts_of(made, purchase, customer="cus", at=self.now, number=self.number())
        [bill] = [fact for fact in facts if isinstance(fact, InvoiceSeen)]
        self.expect("joining", (bill.total_minor, bill.due_minor), (made.total.amount_minor, made.due_now.amount_minor))
        for part, (name, _) in zip(made.parts, purchase.parts, strict=True):
            if name:
                self.names.append(name)
                if part.then_at is not None and part.next_total is not None:
                    self.promised[name] = (part.then_at, part.next_total.amount_minor)
        self.card = good
        self.tell(facts, pays=True)

    def wait(self, days: int) -> None:
        end = self.now + days * DAY
        while (due := min(self.due(), key=lambda each: (each[1].at, each[0]), default=None)) and due[1].at <= end:
            self.now = max(self.now, due[1].at)
            self.work()
        self.now = end

    def due(self) -> list[tuple[str, Step]]:
        ledger, found = self.ledger, []
        for name in self.names:
            step = dunning.next_step(ledger.subscriptions[name], self.bills(name), changes=ledger.changes)
            if step is not None:
                found.append((name, step))
        return found

    def bills(self, name: str) -> list[InvoiceState]:
        ledger = self.ledger
        return [
            replace(each, failed_at=ledger.failures_of(ref), retry=ledger.retry_of(ref))
            for ref, each in ledger.invoices.items()
            if each.last is not None and each.last.bills(name)
        ]

    def work(self) -> None:
        for _ in range(400):
            due = [each for each in self.due() if each[1].at <= self.now]
            if not due:
                return
            self.carry_out(*min(due, key=lambda each: (each[1].at, each[0])))
        raise AssertionError(f"our clock finds no rest: {self.due()}")

    def carry_out(self, name: str, step: Step) -> None:
        last = self.ledger.subscriptions[name][-1]
        bill = self.ledger.invoices[step.invoice].last if step.invoice else None
        match step.act:
            case Act.RENEW:
                self.renew(name, step)
            case Act.COLLECT:
                assert bill is not None
                self.charge(bill)
            case Act.COMPLETE:
                assert step.end is not None
                self.promised.pop(name, None)
                whole = completed(last, self.bills(name), paid_until=step.end, at=self.now, number=self.number())
                self.tell(whole)
            case Act.END:
                self.tell((self.ended(last),))
            case Act.LAST_BILL:
                rest = carrying.last_bill(self.ledger, last, at=self.now, number=self.number())
                if name in self.promised:  # who stays after all has paid this part of it
                    at, promised = self.promised[name]
                    self.promised[name] = (at, promised - rest.total_minor)
                self.tell((rest,))
            case _:
                assert bill is not None
                status = "uncollectible" if step.act is Act.GIVE_UP else "void"
                self.tell((replace(bill, at=self.now, status=status, closed_at=self.now),))
                if step.act is not Act.DROP:
                    begun = bill.subscriptions if step.act is Act.EXPIRE else {name}
                    self.tell(tuple(self.ended(self.ledger.subscriptions[each][-1]) for each in sorted(begun)))

    def ended(self, last: SubscriptionSeen) -> SubscriptionSeen:
        return ours.retold(last, at=self.now, rank=2, status=SubscriptionStatus.CANCELLED, ended_at=self.now)

    def renew(self, name: str, step: Step) -> None:
        last = self.ledger.subscriptions[name][-1]
        assert step.start is not None
        if last.next_items:
            last = changes.renewed(last, start=step.start, at=self.now)
            self.tell((last,))
        start, end = dunning.period(last, dunning.number_of(step.start, last))
        made = renewal_of(
            last,
            period=Period(start, end),
            at=self.now,
            number=self.number(),
            payment=payments_before(last, self.bills(name)) + 1,
            levy_at=self.levy_at,
            credit_minor=self.ledger.credit_minor("EUR"),
            carried=carrying.to_bill(self.ledger, last),
        )
        if name in self.promised:
            self.expect(f"renewing {name}", (start, made.bill.total_minor), self.promised.pop(name))
        assert not dunning.is_double(made.bill, list(self.ledger.invoices.values())), "one charge for one interval"
        self.tell((made.bill, *made.credits))

    def change(self, number: int, terms: PriceTerms, manner: Manner, good: bool) -> None:
        if not self.names:
            return
        name = self.names[number % len(self.names)]
        last = self.ledger.subscriptions[name][-1]
        waiting = any(each.settled_at is None and each.closed_at is None for each in self.bills(name))
        if last.status in ENDED or last.ends_at or waiting or last.contract.payments:
            return
        try:
            made = changes.planned(self.ledger, name, terms, at=self.now, levy_at=self.levy_at, manner=manner)
        except ProrationRefused:
            return
        if made is None:
            return
        ref, before = f"gchg_{self.count}", self.ledger.credit_minor("EUR")
        facts = changes.facts_of(made, last, ref=ref, at=self.now, number=self.number())
        bills = [fact for fact in facts if isinstance(fact, InvoiceSeen)]
        self.expect("changing", sum(bill.total_minor for bill in bills), made.total.amount_minor)
        self.expect("paying a change", sum(bill.due_minor for bill in bills), made.due_now.amount_minor)
        if made.due_now and made.to_balance:
            self.wrong.append("a change both asks for money and gives some")
        self.card = good
        self.unpaid |= {bill.invoice: (name, made.next_charge_at, made.then.amount_minor) for bill in bills}
        self.tell(facts, pays=True)
        if all(self.ledger.invoices[bill.invoice].settled_at for bill in bills):
            self.promised[name] = (made.next_charge_at, made.then.amount_minor)
            there = before - made.from_balance.amount_minor + made.to_balance.amount_minor
            self.expect("the balance after a change", self.ledger.credit_minor("EUR"), there)

    def replace(self, number: int, terms: PriceTerms, good: bool, late: int) -> None:
        """Another level in place of a renewal's bill that is open; of which a part is paid ``late`` all the same."""
        name = self.names[number % len(self.names)] if self.names else ""
        if not name or self.ledger.subscriptions[name][-1].contract.payments:
            return
        made = replacing.planned(self.ledger, name, terms, at=self.now, levy_at=self.levy_at)
        if made is None:
            return
        ref, over = f"grpl_{self.count}", self.given_up_at(name)
        failed = self.ledger.failures_of(made.replaces)
        facts = replacing.facts_of(made, self.ledger, ref=ref, at=self.now, number=self.number(), levy_at=self.levy_at)
        (bill,) = [fact for fact in facts if isinstance(fact, InvoiceSeen) and fact.invoice == ref]
        said = (made.total.amount_minor, made.due_now.amount_minor)
        self.expect("replacing a bill", (bill.total_minor, bill.due_minor), said)
        self.facts += facts
        self.expect("the failures before", self.ledger.failures_of(ref), failed)
        if bill.due_minor:
            self.expect("the end of a bill", self.given_up_at(name), over)
            self.card = good
            self.charge(bill)
        if self.ledger.invoices[ref].settled_at:
            self.promised[name] = (made.next_charge_at, made.then.amount_minor)
        if late:
            self.pay_late(late)

    def fall_behind(self, days: int) -> None:
        """The card is good no more, and the next renewal fails; some days later it is still open."""
        self.card = False
        renewals = [step.at for _, step in self.due() if step.act is Act.RENEW]
        if renewals:
            self.wait(max((min(renewals) - self.now).days, 0) + days)

    def given_up_at(self, name: str) -> datetime | None:
        waiting = dunning.open_bill(self.bills(name))
        return dunning.over_at(waiting) if waiting is not None and waiting.failed_at else None

    def pay_late(self, part: int) -> None:
        """A bill that another one replaced is paid all the same, or a part of it."""
        gone = [each.last for each in self.ledger.invoices.values() if each.last is not None and each.last.replaced_by]
        if gone:
            bill, before = gone[-1], self.ledger.credit_minor("EUR")
            self.count += 1
            amount = max(bill.due_minor // part, 1)
            name = f"pay_{self.count}"
            self.facts.append(
                PaymentSeen(name, self.now, "succeeded", amount, bill.currency, self.now, "cus", invoice=bill.invoice)
            )
            for ref in self.names:
                while (late := replacing.next_to_keep(self.ledger, ref)) is not None:
                    self.tell(replacing.kept(self.ledger, late.invoice, at=self.now))
            self.expect("the balance after late money", self.ledger.credit_minor("EUR"), before + amount)

    def go_up_and_leave(self, number: int, terms: PriceTerms, later: Manner) -> None:
        """To a higher level, billed later, and away."""
        self.change(number, terms, later, True)
        self.cancel(0, False)

    def cancel(self, number: int, stays: bool) -> None:
        told = {name: self.ledger.subscriptions[name][-1] for name in self.names}
        names = [name for name, last in told.items() if carrying.waiting(last, self.ledger.invoices.values())]
        names = names or self.names  # who owes something yet first
        if names:
            last = told[names[number % len(names)]]
            period = dunning.last_period(last.subscription, self.bills(last.subscription))
            if last.status not in ENDED and period is not None and period.end > self.now:
                self.tell((ours.retold(last, at=self.now, rank=1, ends_at=None if stays else period.end),))

    def pay(self, good: bool) -> None:
        self.card = good
        for state in list(self.ledger.invoices.values()):
            if state.last is not None and state.settled_at is None and state.last.status == "open":
                self.charge(state.last)

    def give_back(self, part: int, to_balance: bool) -> None:
        """A part of the last payment, of what is left of it."""
        paid = [each for each in self.ledger.payments.values() if each.status == "succeeded"]
        if not paid:
            return
        last = max(paid, key=lambda each: (each.at, each.payment))
        refunds = sum(each.last.amount_minor for each in self.ledger.refunds_of(last.invoice))
        in_credit = sum(
            each.amount_minor for each in self.ledger.credits if each.about == last.invoice and each.kind == "refund"
        )
        amount = (last.amount_minor - refunds - in_credit) // part
        self.count += 1
        if amount > 0 and to_balance:
            entry = CreditSeen(f"bref_{self.count}", "cus", self.now, amount, "EUR", "refund", about=last.invoice)
            self.tell((entry,))
        elif amount > 0:
            refund = RefundSeen(
                f"re_{self.count}", self.now, "succeeded", amount, "EUR", self.now, payment=last.payment, customer="cus"
            )
            self.tell((refund,))

    def adjust(self, minor: int) -> None:
        """Staff give balance, or take back as much as there is of it."""
        minor = max(minor, -self.ledger.credit_minor("EUR"))
        self.count += 1
        if minor:
            self.tell((CreditSeen(f"gcrd_{self.count}", "cus", self.now, minor, "EUR", "adjustment"),))

    def expect(self, what: str, found: object, said: object) -> None:
        if found != said:
            self.wrong.append(f"{what}: {found} instead of {said}")


def books_wrong(ledger: Ledger) -> list[str]:
    """I5: what is owed by the moves is what is open, what we owe is the balance; I6: which is never below zero."""
    sums: Counter[Chart] = Counter()
    moves = [move for entry in ledger.credits for move in journal.of_credit(entry)]
    for ref, state in ledger.invoices.items():
        moves += [*journal.of_invoice(state), *journal.of_back(state, ledger.refunds_of(ref), ledger.disputes_of(ref))]
    moves += [move for ref in ledger.payments for move in journal.of_payment(ledger.tellings_of(ref))]
    moves += [move for refund in ledger.refunds.values() for move in journal.of_refund(refund)]
    for move in moves:
        sums[move.debit] += move.amount_minor
        sums[move.credit] -= move.amount_minor
    bills = [state.last for state in ledger.invoices.values() if state.last is not None]
    open_minor = sum(bill.due_minor - bill.paid_minor for bill in bills if bill.status == "open")
    used = sum(bill.credit_minor for bill in bills if bill.status not in NOT_USED)
    balance = sum(entry.amount_minor for entry in ledger.credits) - used
    found = [] if sums[Chart.RECEIVABLE] == open_minor else [f"receivable {sums[Chart.RECEIVABLE]}, open {open_minor}"]
    if balance < 0:
        found.append(f"I6: the balance is {balance}")
    if -sums[Chart.BALANCE] != balance or ledger.credit_minor("EUR") != balance:
        found.append(f"balance {balance}, by the moves {-sums[Chart.BALANCE]}, said {ledger.credit_minor('EUR')}")
    return found if len({move.key for move in moves}) == len(moves) else [*found, "a move is made twice"]


def given_back_wrong(ledger: Ledger) -> list[str]:
    """I7, I8: no more is given back, in money, as balance or by changes, than was ever charged."""
    found = []
    for ref, state in ledger.invoices.items():
        came = sum(
            each.amount_minor for each in ledger.payments.values() if each.invoice == ref and each.status == "succeeded"
        )
        bill = state.last
        if bill is not None and state.settled_at is not None and came != max(bill.due_minor, 0):
            found.append(f"I12: {ref} is settled by {came} of {bill.due_minor}")
    lines = [line for state in ledger.invoices.values() if state.settled_at and state.last for line in state.last.lines]
    by_subscription: defaultdict[str, int] = defaultdict(int)
    for line in lines:
        by_subscription[line.subscription] += line.amount_minor + line.tax_minor
    return found + [f"I8: {name} gave {-left} more than it took" for name, left in by_subscription.items() if left < 0]
