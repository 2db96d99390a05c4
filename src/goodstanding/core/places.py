"""From what a gateway told to memberships: which items are whose place, at which level, with which invoices behind it.

A subscription item whose price ever stood for a level is a member's place at that level. It joins a place that is
already there where the member holds that level by another live subscription (which raises an alarm: he pays twice), or
where it took the seat of another item of the same subscription in a group that allows one level only. A term bought once
is an item of its own; it joins the place of the level that runs until it begins. All else is a membership of its own, and
so is a return after the end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from goodstanding.core.alarms import Alarm, overpaid
from goodstanding.core.facts import InvoiceSeen, LineSeen, PriceHints, SubscriptionSeen
from goodstanding.core.fold import ENDED, InvoiceState, SubscriptionStatus
from goodstanding.core.ledger import Ledger
from goodstanding.core.levels import LevelMap, joined
from goodstanding.core.money_back import dispute_holds, policy_of, revocations
from goodstanding.core.records import (
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

TermsAt = Callable[[str, datetime], Terms]  # (level's slug, moment of buying) -> what it promised then


@dataclass(frozen=True, slots=True)
class Place:
    """One membership as the gateway's facts tell it.

    ``key``: its first item, from which its id is derived. ``items``: those of its items that subscriptions name.
    ``promised``: of each invoice, by its reference, the terms of its purchase.
    """

    key: str
    items: tuple[str, ...]
    record: MembershipRecord
    promised: tuple[tuple[str, Terms], ...] = ()


@dataclass(frozen=True, slots=True)
class Placed:
    """All places of one customer. ``unresolved``: some item's price stands for no level that we know (yet)."""

    places: tuple[Place, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    unresolved: bool = False


@dataclass(slots=True)
class _Item:
    key: str
    subscription: str
    started_at: datetime
    tellings: list[tuple[datetime, int, PriceHints]] = field(default_factory=list)  # (at, rank within it, price)
    levels: list[tuple[datetime, str]] = field(default_factory=list)
    lines: list[tuple[str, LineSeen]] = field(default_factory=list)  # (invoice, line)

    @property
    def is_prepaid(self) -> bool:
        """Whether it is a term bought once, which no subscription renews."""
        return not self.subscription and any(line.kind == "prepaid" for _, line in self.lines)

    def runs_to(self, at: datetime) -> bool:
        """Whether one of its periods has begun and not ended before ``at``."""
        return any(line.start <= at <= line.end for _, line in self.lines)

    @property
    def is_named(self) -> bool:
        """Whether its subscription names it; else it is known from lines of invoices alone."""
        return any(rank > 0 for _, rank, _ in self.tellings)

    def level_at(self, at: datetime) -> str:
        held = self.levels[0][1]
        for since, level in self.levels:
            if since <= at:
                held = level
        return held


def place(
    ledger: Ledger, *, levels: LevelMap, groups: Mapping[str, str], terms_at: TermsAt, listed: Mapping[str, PriceHints]
) -> Placed:
    """Return the memberships that a customer's facts make, each as the input of standing.

    ``groups``: for each level in a group that allows one level only, that group. ``listed``: what the gateway's price
    list says of a price, beside what the customer's own objects say.
    """
    items = _items(ledger)
    prices = _prices(items.values(), listed)
    alarms: list[Alarm] = []
    unresolved = False
    ours = []
    for item in items.values():
        mapped = _read_levels(item, levels, prices)
        unresolved = unresolved or not mapped
        if item.levels:
            ours.append(item)
            if not mapped:
                alarms.append(
                    Alarm("unmapped_price", item.subscription, "its price stands for no level; the level is kept")
                )
    if ours and ledger.customer.latest_email != ledger.customer.email:
        words = "its e-mail was changed at the gateway; the member keeps the one told first"
        alarms.append(Alarm("email_changed", "customer", words))
    ours.sort(key=lambda item: (item.started_at, item.subscription, item.key))
    seats = _seats(ours, ledger, groups, alarms)
    alarms.extend(_crowded(seats, ledger, groups))
    alarms.extend(overpaid(ledger))
    places = tuple(_place(seat, ledger, terms_at) for seat in seats)
    return Placed(places, tuple(alarms), unresolved)


def _read_levels(item: _Item, levels: LevelMap, prices: Mapping[str, PriceHints]) -> bool:
    """Note which levels an item's prices stood for in turn; return whether the last one stands for one.

    An item that began with somebody else's price is a place from when it first stood for a level.
    """
    last = ""
    for turn, (at, _, hints) in enumerate(sorted(item.tellings, key=lambda telling: telling[:2])):
        last = levels.level_of(prices.get(hints.price, hints))
        if last and not item.levels and turn:
            item.started_at = max(item.started_at, at)
        if last and (not item.levels or item.levels[-1][1] != last):
            item.levels.append((at, last))
    return bool(last)


def item_key(item: str, subscription: str) -> str:
    """Return the name of an item; an item without one (the oldest payloads) is its subscription's only one."""
    return item or f"{subscription}#"


def _items(ledger: Ledger) -> dict[str, _Item]:
    found: dict[str, _Item] = {}
    for ref, tellings in ledger.subscriptions.items():
        for index, told in enumerate(tellings):
            for seen in told.items:
                if seen.hints.extra:
                    continue  # it gives no level, and needs none
                key = item_key(seen.item, ref)
                if key not in found:
                    found[key] = _Item(key, ref, told.created_at if index == 0 else told.at)
                found[key].tellings.append((told.at, 1 + index, seen.hints))
    for invoice, state in ledger.invoices.items():
        assert state.last is not None, invoice
        for line in state.last.lines:
            if line.kind in _KINDS and not line.hints.extra and (line.subscription or line.item):
                _take_line(line, state.last, found)
    return found


def _take_line(line: LineSeen, bill: InvoiceSeen, items: dict[str, _Item]) -> None:
    key, drawn_up_at = _item_of_line(line, items), bill.created_at
    item = items.setdefault(key, _Item(key, line.subscription, drawn_up_at))
    if not item.is_named:
        item.started_at = min(item.started_at, drawn_up_at)
    item.lines.append((bill.invoice, line))
    told_by_us = bill.ours and item.is_named  # all that we change we tell: a bill may be of a change that nobody pays
    if line.kind in ("regular", "prepaid") and line.hints != PriceHints("") and not told_by_us:
        # A regular line shows the price as it stood when the invoice was drawn up: it tells a change of which the
        # subscription's own event never came. A telling of the subscription in the same second counts more.
        item.tellings.append((drawn_up_at, 0, line.hints))


def _item_of_line(line: LineSeen, items: Mapping[str, _Item]) -> str:
    """The line's item; where it names none, the subscription's only one, or its only one at that price."""
    if line.item:
        return line.item
    own = [item for item in items.values() if item.subscription == line.subscription]
    if len(own) > 1:
        own = [item for item in own if any(hints.price == line.hints.price for _, _, hints in item.tellings)] or own
    return min((item.key for item in own), default=item_key("", line.subscription))


def _prices(items: Iterable[_Item], listed: Mapping[str, PriceHints]) -> dict[str, PriceHints]:
    """Everything that was ever said of each price, together."""
    found: dict[str, PriceHints] = {}
    for item in items:
        for _, _, hints in item.tellings:
            if hints.price:
                found[hints.price] = joined(found.get(hints.price, hints), hints)
    for price, hints in found.items():
        if price in listed:
            found[price] = joined(hints, listed[price])
    return found


def _seats(ours: list[_Item], ledger: Ledger, groups: Mapping[str, str], alarms: list[Alarm]) -> list[list[_Item]]:
    seats: list[list[_Item]] = []
    for item in ours:
        level = item.levels[0][1]
        for seat in seats:
            goes_on = any(_goes_on(item, other, ledger) for other in seat)
            same_contract = any(_takes_over(item, other, ledger, groups) for other in seat)
            already_held = any(
                other.subscription != item.subscription
                and not (other.is_prepaid or item.is_prepaid)
                and other.level_at(item.started_at) == level
                and _held_at(other, ledger, item.started_at)
                for other in seat
            )
            if already_held:
                alarms.append(Alarm("second_subscription", item.subscription, f"{level} was already held: paid twice"))
            if goes_on or same_contract or already_held:
                seat.append(item)
                break
        else:
            seats.append([item])
    return seats


def _goes_on(item: _Item, other: _Item, ledger: Ledger) -> bool:
    """Whether a term bought once, or what is bought after one, goes on with a place at the same level that still runs."""
    if not (item.is_prepaid or other.is_prepaid) or other.level_at(item.started_at) != item.levels[0][1]:
        return False
    return other.runs_to(item.started_at) or (not other.is_prepaid and _held_at(other, ledger, item.started_at))


def _crowded(seats: list[list[_Item]], ledger: Ledger, groups: Mapping[str, str]) -> list[Alarm]:
    """Two live contracts in a group that allows one level: both were paid and both count, but somebody should know."""
    found, taken = [], set()
    for seat in seats:
        group = groups.get(seat[-1].levels[-1][1], "")
        last = ledger.subscriptions.get(seat[-1].subscription, [])[-1:]
        keys = {item.key for item in seat}
        runs = not seat[-1].is_prepaid and all(_renews(told) and _has(told, keys) for told in last)
        if group and runs:
            if group in taken:
                words = f"two subscriptions run in {group}, which allows one level"
                found.append(Alarm("two_in_group", seat[-1].subscription, words))
            taken.add(group)
    return found


def _takes_over(item: _Item, other: _Item, ledger: Ledger, groups: Mapping[str, str]) -> bool:
    """Whether an item takes the seat of another one of its contract: at its level, or in its group of one level.

    That seat must be there still: the other item is, or a period of it runs on.
    """
    before, level, at = other.level_at(item.started_at), item.levels[0][1], item.started_at
    if (
        item.is_prepaid
        or other.is_prepaid
        or other.subscription != item.subscription
        or (before != level and (groups.get(before) or "?") != groups.get(level))
    ):
        return False
    runs_on = any(line.kind == "regular" and line.start <= at < line.end for _, line in other.lines)
    states = [told for told in ledger.subscriptions.get(other.subscription, []) if told.at <= at]
    return runs_on or not states or _has(states[-1], {other.key})


def _held_at(item: _Item, ledger: Ledger, at: datetime) -> bool:
    tellings = ledger.subscriptions.get(item.subscription, [])
    states = [told for told in tellings if told.at <= at]
    if not states:
        return not tellings or tellings[0].created_at <= at
    last = states[-1]
    if last.status == SubscriptionStatus.INCOMPLETE:
        return False  # begun and not paid: nothing is held by it yet
    return last.status not in ENDED and (last.ends_at is None or at < last.ends_at) and _has(last, {item.key})


def _renews(told: SubscriptionSeen) -> bool:
    """Whether it was begun and goes on, as far as anybody said."""
    return told.status not in ENDED and not (
        told.ours and (told.ends_at or told.status == SubscriptionStatus.INCOMPLETE)
    )


def _has(told: SubscriptionSeen, keys: Container[str]) -> bool:
    return not told.items or any(item_key(seen.item, told.subscription) in keys for seen in told.items)


def _place(seat: list[_Item], ledger: Ledger, terms_at: TermsAt) -> Place:
    begun_at = min(item.started_at for item in seat)
    keys = frozenset(item.key for item in seat)
    by_subscription: defaultdict[str, list[_Item]] = defaultdict(list)
    for item in seat:
        if not item.is_prepaid:
            by_subscription[item.subscription].append(item)
    levels = _levels(seat, begun_at, terms_at)
    invoices = _invoices(seat, ledger, levels)
    promised = {ref: _promised(levels, ledger.invoices[ref]) for ref in sorted(invoices)}
    record = MembershipRecord(
        ref=seat[0].key,
        begun_at=begun_at,
        levels=levels,
        subscriptions=tuple(
            SubscriptionRecord(
                ref, min(item.started_at for item in items), _states(ledger.subscriptions.get(ref, []), keys)
            )
            for ref, items in sorted(by_subscription.items())
        ),
        invoices=tuple(invoices[ref] for ref in sorted(invoices)),
        holds=tuple(
            hold for ref, terms in promised.items() for hold in dispute_holds(ledger.disputes_of(ref), terms.on_dispute)
        ),
    )
    named = tuple(item.key for item in seat if item.is_named)
    return Place(seat[0].key, named, record, tuple(promised.items()))


def _promised(levels: Sequence[LevelSpan], state: InvoiceState) -> Terms:
    """What was promised when an invoice was drawn up: by the level that was held then, as it was bought."""
    drawn_up_at = state.last.created_at if state.last else None
    held = [span for span in levels if drawn_up_at is not None and span.since <= drawn_up_at]
    return (held or levels)[-1 if held else 0].terms


def _levels(seat: list[_Item], begun_at: datetime, terms_at: TermsAt) -> tuple[LevelSpan, ...]:
    changes = sorted(
        (at, index, turn, level) for index, item in enumerate(seat) for turn, (at, level) in enumerate(item.levels)
    )
    spans: list[LevelSpan] = []
    for at, _, _, level in changes:
        since = max(at, begun_at) if spans else begun_at
        if spans and spans[-1].since == since:
            spans.pop()  # changed again within the same second: only the last one was ever held
        if not spans or spans[-1].level != level:
            spans.append(LevelSpan(since, level, terms_at(level, since)))
    return tuple(spans)


def _states(tellings: list[SubscriptionSeen], keys: frozenset[str]) -> tuple[SubscriptionState, ...]:
    """The states of a subscription as far as a place's items are concerned: an item taken out of it has ended."""
    states: list[SubscriptionState] = []
    for told in tellings:
        if told.status in ENDED:
            at = min(told.ended_at or told.at, told.at)
            completed = told.status == SubscriptionStatus.COMPLETED
            last = SubscriptionState(at, ended=True, completed=completed, pauses=told.pauses)
            return (*(state for state in states if state.at < at), last)
        ended = not _has(told, keys)
        states.append(SubscriptionState(told.at, ended, told.ends_at, told.paused, told.resumes_at, pauses=told.pauses))
    return tuple(states)


_KINDS = {"regular": LineKind.REGULAR, "proration": LineKind.PRORATION, "prepaid": LineKind.PREPAID}


def _invoices(seat: list[_Item], ledger: Ledger, levels: Sequence[LevelSpan]) -> dict[str, InvoiceRecord]:
    lines: defaultdict[str, list[Line]] = defaultdict(list)
    for item in seat:
        for invoice, line in item.lines:
            kind = _KINDS[line.kind]
            if line.end > line.start and (kind is not LineKind.PRORATION or line.amount_minor > 0):
                lines[invoice].append(Line(item.key, line.start, line.end, kind, item.subscription))
    return {ref: _invoice(ref, tuple(found), ledger, levels) for ref, found in lines.items()}


def _invoice(ref: str, lines: tuple[Line, ...], ledger: Ledger, levels: Sequence[LevelSpan]) -> InvoiceRecord:
    state = ledger.invoices[ref]
    assert state.last is not None, ref
    return InvoiceRecord(
        ref=(state.last.ours and state.last.number) or ref,  # of ours people know the number, of others the reference
        issued_at=min(state.last.created_at, state.settled_at or state.last.created_at),
        lines=lines,
        settled_at=state.settled_at,
        closed_at=state.closed_at,
        failed_at=ledger.failures_of(ref),
        revocations=_revocations(ref, state.last, ledger, levels),
    )


def _revocations(ref: str, last: InvoiceSeen, ledger: Ledger, levels: Sequence[LevelSpan]) -> tuple[Revocation, ...]:
    given, taken, disputes = ledger.given_back_of(ref), ledger.taken_of(ref), ledger.disputes_of(ref)
    if not (given or taken or disputes):
        return ()  # as of nearly all
    policy = policy_of(_promised(levels, ledger.invoices[ref]), ledger.access_decided(ref))
    return revocations(worth_minor=last.total_minor, given=given, taken=taken, disputes=disputes, policy=policy)
