"""The books: which facts move money from where to where. Each move has one debit and one credit, so they balance (I5).

The moves of an object follow from its facts alone and have keys of their own, so that the same facts in any order, told
any number of times, give the same moves, each once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

from goodstanding.core.facts import CreditSeen, InvoiceSeen, PaymentSeen
from goodstanding.core.fold import DisputeState, InvoiceState, RefundState, closed_moment
from goodstanding.core.money_back import GivenBack


class Chart(StrEnum):
    """The chart of accounts. Each exists per member account and currency."""

    RECEIVABLE = "receivable"  # what is owed to us
    DEFERRED = "deferred_revenue"  # invoiced, to be earned over its period
    TAX = "tax"  # owed to the state
    BALANCE = "member_balance"  # credit that we owe to the member: gift cards, downgrades
    GATEWAY = "gateway"  # money held at a gateway
    ELSEWHERE = "paid_elsewhere"  # money that came in without a gateway: cash, transfers
    REFUNDED = "refunded"  # revenue given back
    DISPUTED = "disputed"  # taken by the bank while a dispute is open
    DISPUTES_LOST = "disputes_lost"
    GIFT_CARDS = "gift_cards"  # money that we owe to whoever redeems a card
    GIVEN = "given"  # credit that nobody paid for: codes, adjustments by staff
    MOVED = "moved"  # balance on its way between two customer records of one member
    WRITTEN_OFF = "written_off"  # invoices given up
    FEES = "fees"  # what gateways kept for their work
    EARNED = (
        "earned"  # for service given: only ever reckoned from the bills (core/earning.py), at the end of each month
    )


@dataclass(frozen=True, slots=True)
class Posting:
    """Move ``amount_minor`` (> 0) of ``currency`` from ``credit`` to ``debit``. ``key`` is unique in its ledger."""

    key: str
    debit: Chart
    credit: Chart
    amount_minor: int
    currency: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Parts:
    """What the total of a bill is made of: what is to be earned, the state's tax, and gift cards, which are owed."""

    deferred_minor: int
    tax_minor: int
    gifts_minor: int

    @property
    def total_minor(self) -> int:
        """The whole."""
        return self.deferred_minor + self.tax_minor + self.gifts_minor

    def each(self) -> Iterator[tuple[str, Chart, int]]:
        """Give of each part how its move's key goes on, its account, and its amount."""
        yield "", Chart.DEFERRED, self.deferred_minor
        yield "-tax", Chart.TAX, self.tax_minor
        yield "-gifts", Chart.GIFT_CARDS, self.gifts_minor

    def share(self, part_minor: int) -> Parts:
        """Return what ``part_minor`` of the total is made of: in proportion, and the parts sum to it."""
        tax, gifts = (_share(each, part_minor, self.total_minor) for each in (self.tax_minor, self.gifts_minor))
        return Parts(part_minor - tax - gifts, tax, gifts)


def parts_of(bill: InvoiceSeen) -> Parts:
    """Return what a bill's total is made of. What no line tells (a discount on the whole, say) is earned or not with the rest."""
    tax = sum(line.tax_minor for line in bill.lines)
    gifts = sum(line.amount_minor for line in bill.lines if line.kind == "gift")
    return Parts(bill.total_minor - tax - gifts, tax, gifts)


def given_up_parts(bill: InvoiceSeen) -> Parts:
    """Return what is not asked for any more where a bill is given up: of each part as much as was not paid by credit."""
    return parts_of(bill).share(bill.due_minor)


def of_invoice(state: InvoiceState) -> Iterator[Posting]:
    """Give the moves of an invoice: issuing it, using credit for it, paying it elsewhere, voiding it or giving it up.

    A draft moves nothing. What a customer's balance takes over or receives is told by the invoice itself. A bill that is
    void, or given up, leaves nothing to be earned, no tax to be owed and no gift card to be redeemed.
    """
    last = state.last
    if last is None or last.status in ("draft", "deleted"):
        return
    at = last.finalised_at or last.created_at
    key, currency = f"invoice|{last.invoice}", last.currency
    # A bill is owed to us; one below zero is credit that we owe.
    owed = Chart.RECEIVABLE if last.total_minor >= 0 else Chart.BALANCE
    taken, voided_at = (Chart.BALANCE, Chart.RECEIVABLE), closed_moment(last) if last.status == "void" else None
    for part, account, minor in parts_of(last).each():
        yield from _move(f"{key}|issued{part}", (owed, account), minor, currency, at)
        if voided_at is not None:
            yield from _move(f"{key}|void{part}", (account, owed), minor, currency, voided_at)
    if last.total_minor >= 0:
        yield from _move(f"{key}|credit", taken, last.credit_minor, currency, at)
        if voided_at is not None:
            yield from _move(f"{key}|void-credit", taken, -last.credit_minor, currency, voided_at)
    if state.settled_at is not None:
        paid = (Chart.ELSEWHERE, Chart.RECEIVABLE)
        yield from _move(f"{key}|elsewhere", paid, last.elsewhere_minor, currency, state.settled_at)
    if state.given_up_at is not None:
        yield from _given_up(state, last, key, voided_at)


def _given_up(state: InvoiceState, last: InvoiceSeen, key: str, voided_at: datetime | None) -> Iterator[Posting]:
    """What was due is written off, against what was to be earned by it; and back, where it is paid or voided after all."""
    after_all = state.settled_at or voided_at
    what = "paid" if state.settled_at else "voided"
    moves = [("", (Chart.WRITTEN_OFF, Chart.RECEIVABLE), last.due_minor)]
    moves += [
        (f"-off{part}", (account, Chart.WRITTEN_OFF), minor) for part, account, minor in given_up_parts(last).each()
    ]
    for part, sides, minor in moves:
        assert state.given_up_at is not None
        yield from _move(f"{key}|given-up{part}", sides, minor, last.currency, state.given_up_at)
        if after_all is not None:
            yield from _move(f"{key}|{what}-after-all{part}", sides, -minor, last.currency, after_all)


def of_payment(tellings: Sequence[PaymentSeen]) -> Iterator[Posting]:
    """Give the moves of a payment that succeeded: money at the gateway, owed no more; and back, where a bank debit that
    was confirmed fails later, or where it was written down by mistake. ``tellings``: all of one payment's, in order of time.
    """
    succeeded = [told for told in tellings if told.status == "succeeded"]
    if succeeded:
        first, last = succeeded[0], tellings[-1]
        undone = next((told for told in tellings if told.status == "undone"), None)
        where = Chart.ELSEWHERE if first.elsewhere else Chart.GATEWAY
        key, sides = f"payment|{first.payment}", (where, Chart.RECEIVABLE)
        yield from _move(f"{key}|received", sides, first.amount_minor, first.currency, first.made_at)
        if undone is not None:
            yield from _move(f"{key}|undone", sides, -first.amount_minor, first.currency, undone.at)
        elif last.status == "failed":
            failed_at = next(told.at for told in tellings if told.status == "failed" and told.at >= first.at)
            yield from _move(f"{key}|failed", sides, -first.amount_minor, first.currency, failed_at)
        if fee := fee_of(tellings):
            yield from _move(f"{key}|fee", (Chart.FEES, where), fee, first.currency, first.made_at)


def fee_of(tellings: Iterable[PaymentSeen]) -> int:
    """Return what the gateway kept of a payment that succeeded, as it was told first: it may be told after the payment."""
    return next((told.fee_minor for told in tellings if told.status == "succeeded" and told.fee_minor), 0)


@dataclass(frozen=True, slots=True)
class PartBack:
    """Tax that is not owed any more since ``at``, or gift cards, because their bill was given back; below zero: again."""

    key: str
    at: datetime
    account: Chart
    amount_minor: int


def parts_back(bill: Parts, given: Iterable[GivenBack]) -> dict[str, list[PartBack]]:
    """Return of each thing given back of a bill, by its reference, the tax and gift cards in it: their share, half up.

    What made the whole bill given back carries what rounding left, so that nothing is owed of it then.
    """
    found: dict[str, list[PartBack]] = defaultdict(list)
    steps = [(each.at, each.ref, 1, each.amount_minor) for each in given]
    steps += [(each.failed_at, each.ref, -1, each.amount_minor) for each in given if each.failed_at is not None]
    for name, account, whole in bill.each():
        if account is Chart.DEFERRED or not whole or bill.total_minor <= 0:
            continue
        back = shared = rest = 0
        for at, ref, sign, amount in sorted(steps):
            mine, again = _share(whole, amount, bill.total_minor) * sign, "-failed" if sign < 0 else ""
            back, shared = back + amount * sign, shared + mine
            found[ref].append(PartBack(f"given{name}{again}", at, account, mine))
            over = whole - shared if back >= bill.total_minor else 0
            if over != rest:
                found[ref].append(PartBack(f"given{name}-rest{again}", at, account, over - rest))
                rest = over
    return dict(found)


def of_parts_back(key: str, back: Iterable[PartBack], currency: str) -> Iterator[Posting]:
    """Give the moves of tax and gift cards in something given back. ``key``: of the thing, ``refund|…`` or ``credit|…``."""
    for each in back:
        yield from _move(f"{key}|{each.key}", (each.account, Chart.REFUNDED), each.amount_minor, currency, each.at)


def of_refund(refund: RefundState) -> Iterator[Posting]:
    """Give the moves of a refund: money given back, and back again where the refund failed. Tax in it moves apart: :func:`parts_back`."""
    last = refund.last
    sides = (Chart.REFUNDED, Chart.ELSEWHERE if last.elsewhere else Chart.GATEWAY)
    yield from _move(f"refund|{last.refund}|given", sides, last.amount_minor, last.currency, last.made_at)
    if refund.failed_at is not None:
        yield from _move(f"refund|{last.refund}|failed", sides, -last.amount_minor, last.currency, refund.failed_at)


def of_back(state: InvoiceState, refunds: Sequence[RefundState], disputes: Sequence[DisputeState]) -> Iterator[Posting]:
    """Give the moves of what went back of a bill of ours that was not settled by then: it is owed again, and no revenue was
    given back.
    """
    last = state.last
    if last is None or not last.ours:
        return

    def is_open(at: datetime) -> bool:
        return state.settled_at is None or at < state.settled_at

    for refund in refunds:
        given, sides = refund.last, (Chart.RECEIVABLE, Chart.REFUNDED)
        if is_open(given.made_at):
            key = f"refund|{given.refund}"
            yield from _move(f"{key}|owed-again", sides, given.amount_minor, given.currency, given.made_at)
            if refund.failed_at is not None:
                yield from _move(f"{key}|paid-again", sides, -given.amount_minor, given.currency, refund.failed_at)
    for dispute in disputes:
        taken, sides = dispute.last, (Chart.RECEIVABLE, Chart.DISPUTED)
        if taken.withdrawn and is_open(taken.opened_at):
            key = f"dispute|{taken.dispute}"
            yield from _move(f"{key}|owed-again", sides, taken.amount_minor, taken.currency, taken.opened_at)
            if dispute.closed_at is not None and dispute.lost:
                back = (Chart.DISPUTED, Chart.DISPUTES_LOST)
                yield from _move(f"{key}|still-owed", back, taken.amount_minor, taken.currency, dispute.closed_at)
            elif dispute.closed_at is not None:
                yield from _move(f"{key}|paid-again", sides, -taken.amount_minor, taken.currency, dispute.closed_at)


def of_dispute(dispute: DisputeState) -> Iterator[Posting]:
    """Give the moves of a dispute that took money: withdrawn, then reinstated or lost. A mere inquiry moves nothing."""
    last = dispute.last
    if not last.withdrawn:
        return
    where = Chart.ELSEWHERE if last.elsewhere else Chart.GATEWAY
    key, sides = f"dispute|{last.dispute}", (Chart.DISPUTED, where)
    yield from _move(f"{key}|withdrawn", sides, last.amount_minor, last.currency, last.opened_at)
    if dispute.closed_at is not None and dispute.lost:
        lost = (Chart.DISPUTES_LOST, Chart.DISPUTED)
        yield from _move(f"{key}|lost", lost, last.amount_minor, last.currency, dispute.closed_at)
    elif dispute.closed_at is not None:
        yield from _move(f"{key}|reinstated", sides, -last.amount_minor, last.currency, dispute.closed_at)


_CREDITED_FROM = {
    "gift_card": Chart.GIFT_CARDS,
    "refund": Chart.REFUNDED,
    "paid": Chart.RECEIVABLE,
    "moved": Chart.MOVED,
}


def of_credit(entry: CreditSeen) -> Iterator[Posting]:
    """Give the move of an entry of a customer's balance: from where the credit came."""
    sides = (_CREDITED_FROM.get(entry.kind, Chart.GIVEN), Chart.BALANCE)
    yield from _move(f"credit|{entry.credit}", sides, entry.amount_minor, entry.currency, entry.at)


def _share(of_minor: int, part_minor: int, whole_minor: int) -> int:
    """``of_minor`` × part / whole, half up."""
    if not whole_minor:
        return 0
    exact = Fraction(of_minor * part_minor, whole_minor)
    magnitude = int(abs(exact) + Fraction(1, 2))
    return -magnitude if exact < 0 else magnitude


def _move(key: str, sides: tuple[Chart, Chart], amount_minor: int, currency: str, at: datetime) -> Iterator[Posting]:
    """Move an amount; a negative one moves the other way, and nothing moves nothing."""
    if amount_minor:
        debit, credit = sides if amount_minor > 0 else sides[::-1]
        yield Posting(key, debit, credit, abs(amount_minor), currency, at)
