"""The books: which facts move money from where to where. Each move has one debit and one credit, so they balance (I5).

The moves of an object follow from its facts alone and have keys of their own, so that the same facts in any order, told
any number of times, give the same moves, each once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from goodstanding.core.facts import CreditSeen, PaymentSeen
from goodstanding.core.fold import DisputeState, InvoiceState, RefundState, closed_moment


class Chart(StrEnum):
    """The chart of accounts. Each exists per member account and currency."""

    RECEIVABLE = "receivable"  # what is owed to us
    DEFERRED = "deferred_revenue"  # invoiced, to be earned over its period
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


@dataclass(frozen=True, slots=True)
class Posting:
    """Move ``amount_minor`` (> 0) of ``currency`` from ``credit`` to ``debit``. ``key`` is unique in its ledger."""

    key: str
    debit: Chart
    credit: Chart
    amount_minor: int
    currency: str
    at: datetime


def of_invoice(state: InvoiceState) -> Iterator[Posting]:
    """Give the moves of an invoice: issuing it, using credit for it, paying it elsewhere, voiding it or giving it up.

    A draft moves nothing. What a customer's balance takes over or receives is told by the invoice itself.
    """
    last = state.last
    if last is None or last.status in ("draft", "deleted"):
        return
    at = last.finalised_at or last.created_at
    key, currency = f"invoice|{last.invoice}", last.currency
    taken, voided_at = (Chart.BALANCE, Chart.RECEIVABLE), closed_moment(last) if last.status == "void" else None
    yield from _move(f"{key}|issued", _owed(last.total_minor), last.total_minor, currency, at)
    if last.total_minor >= 0:
        yield from _move(f"{key}|credit", taken, last.credit_minor, currency, at)
        if voided_at is not None:
            void = (Chart.DEFERRED, Chart.RECEIVABLE)
            yield from _move(f"{key}|void", void, last.total_minor, currency, voided_at)
            yield from _move(f"{key}|void-credit", taken, -last.credit_minor, currency, voided_at)
    if state.settled_at is not None:
        paid = (Chart.ELSEWHERE, Chart.RECEIVABLE)
        yield from _move(f"{key}|elsewhere", paid, last.elsewhere_minor, currency, state.settled_at)
    if state.given_up_at is not None:
        lost, after_all = (Chart.WRITTEN_OFF, Chart.RECEIVABLE), state.settled_at or voided_at
        yield from _move(f"{key}|given-up", lost, last.due_minor, currency, state.given_up_at)
        if after_all is not None:
            what = "paid" if state.settled_at else "voided"
            yield from _move(f"{key}|{what}-after-all", lost, -last.due_minor, currency, after_all)


def of_payment(tellings: Sequence[PaymentSeen]) -> Iterator[Posting]:
    """Give the moves of a payment that succeeded: money at the gateway, owed no more; and back, where a bank debit that
    was confirmed fails later. ``tellings``: all of one payment's, in order of time.
    """
    succeeded = [told for told in tellings if told.status == "succeeded"]
    if succeeded:
        first, last = succeeded[0], tellings[-1]
        where = Chart.ELSEWHERE if first.elsewhere else Chart.GATEWAY
        key, sides = f"payment|{first.payment}", (where, Chart.RECEIVABLE)
        yield from _move(f"{key}|received", sides, first.amount_minor, first.currency, first.made_at)
        if last.status == "failed":
            failed_at = next(told.at for told in tellings if told.status == "failed" and told.at >= first.at)
            yield from _move(f"{key}|failed", sides, -first.amount_minor, first.currency, failed_at)


def of_refund(refund: RefundState) -> Iterator[Posting]:
    """Give the moves of a refund: money given back, and back again where the refund failed."""
    last = refund.last
    sides = (Chart.REFUNDED, Chart.ELSEWHERE if last.elsewhere else Chart.GATEWAY)
    yield from _move(f"refund|{last.refund}|given", sides, last.amount_minor, last.currency, last.made_at)
    if refund.failed_at is not None:
        yield from _move(f"refund|{last.refund}|failed", sides, -last.amount_minor, last.currency, refund.failed_at)


def of_dispute(dispute: DisputeState) -> Iterator[Posting]:
    """Give the moves of a dispute that took money: withdrawn, then reinstated or lost. A mere inquiry moves nothing."""
    last = dispute.last
    if not last.withdrawn:
        return
    key, sides = f"dispute|{last.dispute}", (Chart.DISPUTED, Chart.GATEWAY)
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


def _owed(total_minor: int) -> tuple[Chart, Chart]:
    """A bill is owed to us; a bill below zero is credit that we owe (and the amount's sign turns the sides)."""
    return (Chart.RECEIVABLE, Chart.DEFERRED) if total_minor >= 0 else (Chart.BALANCE, Chart.DEFERRED)


def _move(key: str, sides: tuple[Chart, Chart], amount_minor: int, currency: str, at: datetime) -> Iterator[Posting]:
    """Move an amount; a negative one moves the other way, and nothing moves nothing."""
    if amount_minor:
        debit, credit = sides if amount_minor > 0 else sides[::-1]
        yield Posting(key, debit, credit, abs(amount_minor), currency, at)
