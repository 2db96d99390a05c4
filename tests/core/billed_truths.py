"""What must hold of a life that our clock billed, whatever it was."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from itertools import pairwise

from goodstanding.core import journal
from goodstanding.core.journal import Chart
from goodstanding.core.ledger import NOT_USED, Ledger, grouped
from tests.core.billed_lives import BilledLife


def wrong_with(life: BilledLife) -> list[str]:
    """Everything that must hold of a life, whatever it was."""
    ledger = life.ledger
    found = [*life.wrong, *books_wrong(ledger), *given_back_wrong(ledger)]
    for name in life.names:
        found += _periods(ledger, name)
    return found


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


def _periods(ledger: Ledger, name: str) -> list[str]:
    """I9: what is billed regularly neither overlaps (but where a change began a new period) nor leaves a hole."""
    states = [each for each in ledger.invoices.values() if each.settled_at is not None and each.last is not None]
    lines = [
        (line.start, line.end, each.last.invoice)
        for each in states
        if each.last is not None
        for line in each.last.lines
        if line.subscription == name and line.kind == "regular" and not line.hints.extra
    ]
    found = []
    for (_, end, _bill), (start, _, bill) in pairwise(sorted(lines)):
        if start > end:
            found.append(f"I9: a hole in {name} from {end} to {start}")
        if start < end and not bill.startswith("gchg"):
            found.append(f"I9: periods of {name} overlap at {start}")
    return found


def told_anew(life: BilledLife, seed: int) -> list[str]:
    """I1, I2: the same facts in another order, some of them twice, tell the same."""
    dice, facts = random.Random(seed), [*life.facts, *life.facts[::3]]
    dice.shuffle(facts)
    one, other = life.ledger, Ledger(grouped(facts))
    same = {
        "invoices": one.invoices == other.invoices,
        "credits": one.credits == other.credits,
        "payments": one.payments == other.payments,
        "subscriptions": {k: v[-1] for k, v in one.subscriptions.items()}
        == {k: v[-1] for k, v in other.subscriptions.items()},
        "balance": one.credit_minor("EUR") == other.credit_minor("EUR"),
    }
    return [f"other {name} in another order" for name, holds in same.items() if not holds]
