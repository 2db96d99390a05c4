"""Short words from which the small worlds are made, and the way they are printed when one of them goes wrong.

A world is a tuple of memberships. Time is counted in ticks of 12 hours from the epoch: ``h(2)`` is a day after it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum

from goodstanding.core.records import (
    Grant,
    Hold,
    HoldKind,
    InvoiceRecord,
    LevelSpan,
    Line,
    LineKind,
    MembershipRecord,
    Revocation,
    SubscriptionRecord,
    SubscriptionState,
    Terms,
)

from .oracle_parts import EPOCH, GRID, last_moment, moments_in

World = tuple[MembershipRecord, ...]
Revocations = tuple[tuple[int, int | None], ...]
PREPAID, PRORATION, REGULAR = LineKind.PREPAID, LineKind.PRORATION, LineKind.REGULAR
BEFORE = -2  # the tick at which everything that is not in question came to be


def h(tick: int) -> datetime:
    return EPOCH + tick * GRID


def maybe(tick: int | None) -> datetime | None:
    return None if tick is None else h(tick)


def invoice(
    ref: str,
    start: int,
    end: int,
    settled: int | None = None,
    *,
    item: str | None = None,
    kind: LineKind = REGULAR,
    failed: tuple[int, ...] = (),
    closed: int | None = None,
    revoked: Revocations = (),
    issued: int = BEFORE,
) -> InvoiceRecord:
    """An invoice of one line, issued before all else unless told otherwise; a prepaid line has an item of its own."""
    if item is None:
        item = ref if kind is PREPAID else "item"
    return InvoiceRecord(
        ref,
        h(issued),
        (Line(item, h(start), h(end), kind),),
        maybe(settled),
        maybe(closed),
        tuple(h(tick) for tick in failed),
        tuple(Revocation(h(since), maybe(until)) for since, until in revoked),
    )


def state(
    at: int, *, ended: bool = False, ends: int | None = None, paused: bool = False, resumes: int | None = None
) -> SubscriptionState:
    return SubscriptionState(h(at), ended, maybe(ends), paused, maybe(resumes))


def sub(*states: SubscriptionState, begun: int = BEFORE, ref: str = "sub") -> SubscriptionRecord:
    return SubscriptionRecord(ref, h(begun), states)


def level(name: str = "basic", since: int = BEFORE, grace: int = 1, prepaid_grace: int = 0) -> LevelSpan:
    return LevelSpan(h(since), name, Terms(grace, prepaid_grace))


def grant(start: int, end: int | None, given: int, withdrawn: int | None = None, ref: str = "grant") -> Grant:
    return Grant(ref, h(start), maybe(end), h(given), maybe(withdrawn))


def hold(
    since: int, until: int | None = None, released: int | None = None, kind: HoldKind = HoldKind.SUSPENDED
) -> Hold:
    return Hold(kind, h(since), maybe(until), maybe(released))


def membership(
    invoices: Iterable[InvoiceRecord] = (),
    subs: Iterable[SubscriptionRecord] = (),
    *,
    levels: Iterable[LevelSpan] = (level(),),
    grants: Iterable[Grant] = (),
    holds: Iterable[Hold] = (),
    cancelled: int | None = None,
    begun: int = BEFORE,
    ref: str = "membership",
) -> MembershipRecord:
    return MembershipRecord(
        ref,
        h(begun),
        tuple(levels),
        tuple(subs),
        tuple(invoices),
        tuple(grants),
        tuple(holds),
        maybe(cancelled),
    )


def moments(world: World) -> list[datetime]:
    """Every moment to ask for: the grid from before the beginning to after the end, and a second around each of it."""
    second = timedelta(seconds=1)
    asked = []
    moment = min(moments_in(world), default=EPOCH) - GRID
    while moment <= last_moment(world):
        asked += [moment - second, moment, moment + second]
        moment += GRID
    return asked


def tick(moment: datetime) -> str:
    """A moment as ticks: ``4``, or ``4-1s``, the second before."""
    count = round((moment - EPOCH) / GRID)
    seconds = round((moment - EPOCH - count * GRID).total_seconds())
    return f"{count}{seconds:+d}s" if seconds else str(count)


def show(value: object) -> str:
    """A record as short as it can be read: ticks for moments, defaults left out."""
    if isinstance(value, datetime):
        return tick(value)
    if isinstance(value, Enum):
        return str(value.value).upper()
    if isinstance(value, tuple | frozenset | list):
        return "(" + ", ".join(show(each) for each in value) + ")"
    if is_dataclass(value):
        told = []
        for field in fields(value):
            inner = getattr(value, field.name)
            if field.default is MISSING or inner != field.default:
                told.append(f"{field.name}={show(inner)}")
        return f"{type(value).__name__}({', '.join(told)})"
    return repr(value)


def show_world(world: World) -> str:
    """One line for each thing in the world."""
    lines = []
    for record in world:
        lines.append(f"{record.ref}: begun_at={show(record.begun_at)} cancelled_at={show(record.cancelled_at)}")
        parts = (record.levels, record.subscriptions, record.invoices, record.grants, record.holds)
        lines += [f"    {show(part)}" for group in parts for part in group]
    return "\n".join(lines)
