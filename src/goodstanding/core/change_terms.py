"""What a change of level is reckoned from: what was really paid, by which contract it goes on, and each line with its tax.

Pure. Codes follow their holder, and so does the convention; a credit is taxed at the rate at which the charge was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

from goodstanding.core import asking, pausing, tax
from goodstanding.core.asking import Asked, Levy
from goodstanding.core.calendar_terms import MonthDay, ProRata, calendar_anchor, fixed_term, pro_rata
from goodstanding.core.facts import Contract, ItemSeen, LineSeen, SubscriptionSeen
from goodstanding.core.fold import InvoiceState
from goodstanding.core.ledger import Ledger
from goodstanding.core.money import Money
from goodstanding.core.periods import Period
from goodstanding.core.pricing import PriceTerms
from goodstanding.core.proration import Change, ChangeLine, Convention, Counted, Held, LineKind, Measure, Paid

CHARGING = ("regular", "proration")


@dataclass(frozen=True, slots=True)
class Piece:
    """What was paid for the level in the running period: in ``paid`` without tax, or with it where the price contains it.

    ``left``: all that was paid for it, with tax, less refunds: no credit exceeds that.
    """

    paid: Paid
    left: Money
    tax: str = ""
    rate: str = ""


@dataclass(frozen=True, slots=True)
class Billed:
    """A line of a change as it is billed: ``net`` and ``tax``, below zero where it is given back. None is zero.

    ``off``: what codes took of a charge. ``said``: how it was reckoned.
    """

    kind: LineKind
    name: str
    net: Money
    tax: Money
    period: Period
    basis: Money
    counted: Counted
    off: Money
    code: str = ""
    tax_name: str = ""
    tax_rate: str = ""

    @property
    def amount(self) -> Money:
        """What it comes to, with tax."""
        return self.net + self.tax

    @property
    def said(self) -> str:
        """How it was reckoned: ``"15 of 30 days of 100.00 EUR"``."""
        return self.counted.said(self.basis)


def convention_of(last: SubscriptionSeen) -> Convention:
    """Return by which convention a subscription's parts are reckoned: the one that it began with."""
    if last.contract.convention:
        return Convention.read(last.contract.convention)
    return Convention(time_zone=last.time_zone or "UTC")


def contract_after(last: SubscriptionSeen, terms: PriceTerms) -> Contract:
    """Return by which contract a subscription goes on at another price.

    Of the new price: instalments and tax. Of the old contract: the codes that a person holds (not a price that one gave a
    level), the place for taxes, the convention, and where the new price has none, the number of payments. An intro price
    is for those who join.
    """
    old, new = last.contract, terms.contract
    same_level = bool(last.items) and last.items[0].hints.level == terms.level
    instalments = new if new.payments else old
    return replace(
        new,
        codes=tuple(held for held in old.codes if same_level or held.kind != "alternative"),
        intro_minor=0,
        intro_payments=0,
        payments=instalments.payments,
        keeps=instalments.keeps,
        tax_place=old.tax_place if new.taxed else "",
        convention=convention_of(last).name,
    )


def wanted_price(contract: Contract, amount: Money, *, payment: int, levy: Levy | None) -> tuple[Asked, Money]:
    """Return what a whole interval asks for, and the price to share: without tax, or with it where the price contains it."""
    asked = asking.asked(contract, amount, payment=payment, levy=levy)
    return asked, asked.total if contract.tax_inclusive else asked.net


def first_of(terms: PriceTerms, held: Held, *, at: datetime, convention: Convention) -> tuple[Period, Counted] | None:
    """Return the first period of a price that follows the calendar, for who changes to it at ``at``, and the part of the price
    that it costs by the price's own rule; ``None`` where it follows none, or the period that runs ends on its day already.
    """
    if not terms.fixed_start or terms.trial is not None:
        return None
    zone, starts_on = ZoneInfo(convention.time_zone), MonthDay.parse(terms.fixed_start)
    rollover = MonthDay.parse(terms.fixed_rollover) if terms.fixed_rollover else None
    calendar: dict[str, Any] = {"starts_on": starts_on, "rollover_on": rollover, "tz": zone}
    whole = fixed_term(at, terms.interval, **calendar)
    if terms.interval == held.interval and whole.end == held.period.end:
        return None
    parts = Counted(1, 1, convention.measure)
    if terms.fixed_prorated:
        full_until = MonthDay.parse(terms.fixed_full_until) if terms.fixed_full_until else None
        by = ProRata(terms.fixed_prorated)
        left = pro_rata(at, terms.interval, **calendar, by=by, full_until=full_until)
        parts = Counted(left.left, left.of, Measure.DAY, str(by))
    return Period(max(at, whole.start), whole.end), parts


def anchor_of(terms: PriceTerms, period: Period, *, convention: Convention) -> datetime:
    """Return from when the periods after ``period`` are counted, where that begins with a change to ``terms``."""
    if not terms.fixed_start or terms.trial is not None or period.end is None:
        return period.start
    zone, starts_on = ZoneInfo(convention.time_zone), MonthDay.parse(terms.fixed_start)
    return calendar_anchor(period.end, terms.interval, starts_on=starts_on, tz=zone)


def has_level(state: InvoiceState, subscription: str) -> bool:
    """Return whether a bill charges or gives back something for a subscription's level (not for seats alone)."""
    lines = state.last.lines if state.last is not None else ()
    return any(line.kind in CHARGING and line.subscription == subscription and not line.hints.extra for line in lines)


def paid_of(
    ledger: Ledger,
    bills: Sequence[InvoiceState],
    last: SubscriptionSeen,
    *,
    at: datetime,
    waiting: Sequence[LineSeen] = (),
) -> tuple[Piece, ...]:
    """Return what was paid for the level in the period that runs at ``at``, by the last bill that charged for it, or what
    is to be: by the lines ``waiting`` for the next one.
    """
    latest = max(bills, key=_issued)
    assert latest.last is not None
    back = _refunded(ledger, bills, last.subscription, since=latest.last.created_at, at=at)
    unbilled = {line.line for line in waiting}
    charges = [line for line in _charges_left([*latest.last.lines, *waiting], last) if line.end > at]
    return tuple(_piece(line, 0 if line.line in unbilled else back, last) for line in charges)


def billed(
    change: Change, pieces: Sequence[Piece], asked: Asked, *, inclusive: bool, levy: Levy | None, was_inclusive: bool
) -> Iterator[Billed]:
    """Give the lines of a change with their taxes, each net and each tax rounded for itself."""
    for line in change.lines:
        if line.kind is LineKind.CREDIT:
            piece = next(each for each in pieces if each.paid.period.intersect(line.period) is not None)
            yield _credit(line, piece, inclusive=was_inclusive)
        else:
            yield _charge(line, asked, levy, inclusive=inclusive)


def _charges_left(lines: Sequence[LineSeen], last: SubscriptionSeen) -> list[LineSeen]:
    """The charges for the level, in their order, without those whose rest a later line gives back: one, or none."""
    found: list[LineSeen] = []
    for each in lines:
        if each.kind not in CHARGING or each.subscription != last.subscription or each.hints.extra:
            continue
        line, gross = pausing.line_moved(each, last.pauses) or each, each.amount_minor + each.tax_minor
        if gross > 0:
            found.append(line)
        elif gross < 0:
            given_back = [each for each in found if each.end == line.end and each.start <= line.start]
            if given_back:
                found.remove(given_back[-1])
    return found


def _piece(line: LineSeen, back_minor: int, last: SubscriptionSeen) -> Piece:
    net, whole = Money(line.amount_minor, last.currency), line.amount_minor + line.tax_minor
    left = Money(whole - min(back_minor, whole), last.currency)
    base = left if last.contract.tax_inclusive else left.share(Fraction(net.amount_minor, whole))
    return Piece(Paid(base, Period(line.start, line.end)), left, line.tax, line.tax_rate)


def _credit(line: ChangeLine, piece: Piece, *, inclusive: bool) -> Billed:
    net, its_tax = line.amount, line.amount - line.amount
    if piece.rate:
        points = Fraction(piece.rate)
        taxed = tax.inclusive(line.amount, points) if inclusive else tax.exclusive(line.amount, points)
        net, its_tax = taxed.net, max(taxed.tax, -piece.left - taxed.net)
    zero = net - net
    return Billed(
        line.kind, line.name, net, its_tax, line.period, line.basis, line.counted, zero, "", piece.tax, piece.rate
    )


def _charge(line: ChangeLine, asked: Asked, levy: Levy | None, *, inclusive: bool) -> Billed:
    net, its_tax, name, rate = line.amount, line.amount - line.amount, "", ""
    if levy is not None:
        points = levy.rate.basis_points
        taxed = tax.inclusive(line.amount, points) if inclusive else tax.exclusive(line.amount, points)
        net, its_tax, name, rate = taxed.net, taxed.tax, levy.name, levy.points
    off = asked.off.share(line.counted.share)
    return Billed(
        line.kind, line.name, net, its_tax, line.period, line.basis, line.counted, off, asked.code, name, rate
    )


def kept_items(last: SubscriptionSeen, item: ItemSeen, terms: PriceTerms) -> tuple[ItemSeen, ...]:
    """Return the items of a subscription at another price: what is renewed beside the level stays, at its own price.

    Further seats cost what the new price says, where it sells any.
    """
    found = [item]
    for extra in last.items[1:]:
        amount = extra.amount_minor
        if terms.seat is not None and extra.hints.price.endswith("#seats"):
            amount = terms.seat.amount_minor
        found.append(replace(extra, amount_minor=amount, interval=item.interval, interval_count=item.interval_count))
    return tuple(found)


def _issued(state: InvoiceState) -> tuple[datetime, datetime, int, str]:
    """In which order bills were settled; within one moment by their numbers, which are given one after the other."""
    assert state.last is not None, state
    assert state.settled_at is not None, state.last.invoice
    return state.settled_at, state.last.created_at, len(state.last.number), state.last.number


def _refunded(
    ledger: Ledger, bills: Sequence[InvoiceState], subscription: str, *, since: datetime, at: datetime
) -> int:
    """What was given back since ``since`` of those bills that reach beyond ``at``, or is on its way: in money or as balance.

    Of a bill for several things it is shared by what each of them cost, and rounded up: no credit exceeds what is left.
    """
    total = Fraction(0)
    for state in bills:
        assert state.last is not None
        if any(line.end > at for line in state.last.lines):
            ref = state.last.invoice
            refunds = [each for each in ledger.refunds_of(ref) if each.failed_at is None and each.last.made_at >= since]
            back = sum(each.last.amount_minor for each in refunds)
            back += sum(each.refunded_minor for each in ledger.taken_of(ref) if each.at >= since)
            entries = [each for each in ledger.credits if each.kind == "refund" and each.about == ref]
            back += sum(each.amount_minor for each in entries if each.at >= since)
            total += back * _share_of(state.last.lines, subscription)
    return ceil(total)


def _share_of(lines: Sequence[LineSeen], subscription: str) -> Fraction:
    """Which part of a bill is for a subscription's level."""
    cost = [(line.amount_minor + line.tax_minor, line) for line in lines]
    own = sum(gross for gross, line in cost if line.subscription == subscription and not line.hints.extra)
    whole = sum(gross for gross, _ in cost)
    return Fraction(own, whole) if 0 < own <= whole else Fraction(1)
