"""Our clock, counted out: what it does next, by tables; and each of its rules has a mutant that a table tells from it."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from goodstanding.core import dunning, ours, pricing, purchasing, records
from goodstanding.core.facts import InvoiceSeen, ItemSeen, Ladder, LineSeen, PaymentSeen, PriceHints, SubscriptionSeen
from goodstanding.core.fold import InvoiceState
from goodstanding.core.money import Money
from goodstanding.core.periods import EndRule, Interval, Unit

LADDER = Ladder()
ANCHOR = datetime(2026, 1, 31, 10, tzinfo=UTC)
DAY, HOUR = timedelta(hours=24), timedelta(hours=1)


def day(month: int, number: int, hour: int = 10) -> datetime:
    return datetime(2026, month, number, hour, tzinfo=UTC)


def sub(**values: object) -> SubscriptionSeen:
    told = {
        "subscription": "gsub_1",
        "customer": "cus_1",
        "at": ANCHOR,
        "status": "active",
        "created_at": ANCHOR,
        "currency": "EUR",
        "items": (ItemSeen(item="gsit_1", hints=PriceHints("prc_1"), amount_minor=1000, interval="month"),),
        "anchor_at": ANCHOR,
        "ours": True,
        "time_zone": "UTC",
    }
    return SubscriptionSeen(**(told | values))  # type: ignore[arg-type]


def bill(
    start: datetime,
    end: datetime,
    *,
    name: str = "",
    settled: bool = True,
    closed: bool = False,
    failed: Iterable[datetime] = (),
    issued: datetime | None = None,
    kind: str = "regular",
    ladder: Ladder = LADDER,
    retry: str = "",
) -> InvoiceState:
    line = LineSeen("gsln", kind, 1000, start=start, end=end, subscription="gsub_1", item="gsit_1")
    ref = name or f"ginv_{start:%m%d}"
    seen = InvoiceSeen(
        ref,
        "cus_1",
        issued or start,
        "open",
        issued or start,
        "EUR",
        1000,
        1000,
        0,
        subscription="gsub_1",
        lines=(line,),
        ours=True,
        ladder=ladder,
    )
    closed_at = start + DAY if closed else None
    return InvoiceState(seen, start if settled else None, closed_at, tuple(failed), retry=retry)


FIRST = bill(ANCHOR, day(2, 28))
SECOND = bill(day(2, 28), day(3, 31))
DUE = day(2, 28)


def unpaid(*failed: datetime, closed: bool = False, ladder: Ladder = LADDER, retry: str = "") -> InvoiceState:
    return bill(DUE, day(3, 31), settled=False, failed=failed, closed=closed, ladder=ladder, retry=retry)


B55 = Ladder(again_after=(2, 7, 14, 21))  # "+2 days, then +5, +7, +7"
KEPT = Ladder(again_after=(3,), at_end="keep")
B59 = Ladder(again_after=(3,), at_end="keep", least_minor=1500)


REST = bill(ANCHOR, DUE, kind="proration", settled=False, issued=ANCHOR + DAY, name="grst_1")
assert REST.last is not None
WAITS = (replace(REST.last.lines[0], line="gsln_waits"),)
REST = replace(REST, last=replace(REST.last, lines=WAITS))
assert REST.last is not None
BY_HAND = replace(REST, last=replace(REST.last, due_at=DUE))
TAKEN_BACK = replace(REST, last=replace(REST.last, status="void"), closed_at=ANCHOR + DAY)


# Each row: what, the tellings, the bills, and the step: its act, its moment, its number or bill.
TABLE = [
    ("paid: renewed at the end of what was billed", [sub()], [FIRST], ("renew", day(2, 28), 1)),
    ("the anchor comes back after a short month", [sub()], [FIRST, SECOND], ("renew", day(3, 31), 2)),
    ("in whichever order the bills are told", [sub()], [SECOND, FIRST], ("renew", day(3, 31), 2)),
    ("what only covers a part renews nothing", [sub()], [FIRST, bill(day(2, 28), day(9, 1), kind="proration")], ("renew", day(2, 28), 1)),
    ("a bill is collected when it is drawn up", [sub()], [FIRST, unpaid()], ("collect", DUE, "ginv_0228")),
    ("again three days after the first failure", [sub()], [FIRST, unpaid(DUE + HOUR)], ("collect", DUE + HOUR + 3 * DAY, "ginv_0228")),
    ("then five, counted from the first one", [sub()], [FIRST, unpaid(DUE, DUE + 4 * DAY)], ("collect", DUE + 5 * DAY, "ginv_0228")),
    ("a failure in between skips nothing that lies ahead", [sub()], [FIRST, unpaid(DUE, DUE + 2 * DAY)], ("collect", DUE + 3 * DAY, "ginv_0228")),
    ("a failure at that very moment was that try", [sub()], [FIRST, unpaid(DUE, DUE + 3 * DAY)], ("collect", DUE + 5 * DAY, "ginv_0228")),
    ("and seven", [sub()], [FIRST, unpaid(DUE, DUE + 3 * DAY, DUE + 5 * DAY)], ("collect", DUE + 7 * DAY, "ginv_0228")),
    ("after the last it is given up", [sub()], [FIRST, unpaid(DUE, DUE + 3 * DAY, DUE + 7 * DAY)], ("give_up", DUE + 7 * DAY, "ginv_0228")),
    ("B55: two days after the first failure", [sub()], [FIRST, unpaid(DUE, ladder=B55)], ("collect", DUE + 2 * DAY, "ginv_0228")),
    ("B55: five after that", [sub()], [FIRST, unpaid(DUE, DUE + 2 * DAY, ladder=B55)], ("collect", DUE + 7 * DAY, "ginv_0228")),
    ("B55: at last it is over", [sub()], [FIRST, unpaid(DUE, DUE + 21 * DAY, ladder=B55)], ("give_up", DUE + 21 * DAY, "ginv_0228")),
    ("B57: a card that is refused for good is not tried again", [sub()], [FIRST, unpaid(DUE, retry="never")], ("give_up", DUE + 7 * DAY, "ginv_0228")),
    ("B57: one that may be good another day is", [sub()], [FIRST, unpaid(DUE, retry="later")], ("collect", DUE + 3 * DAY, "ginv_0228")),
    ("an approval that is asked for is asked for again", [sub()], [FIRST, unpaid(DUE, retry="owner")], ("collect", DUE + 3 * DAY, "ginv_0228")),
    ("a failure after that day ends it then", [sub()], [FIRST, unpaid(DUE, DUE + 9 * DAY, retry="never")], ("give_up", DUE + 9 * DAY, "ginv_0228")),
    ("B54: the end may come later than the last try", [sub()], [FIRST, unpaid(DUE, DUE + 7 * DAY, ladder=Ladder(end_after=50))], ("give_up", DUE + 50 * DAY, "ginv_0228")),
    ("no tries: it ends at once", [sub()], [FIRST, unpaid(DUE, ladder=Ladder(again_after=()))], ("give_up", DUE, "ginv_0228")),
    ("kept, but tried first", [sub()], [FIRST, unpaid(DUE, ladder=KEPT)], ("collect", DUE + 3 * DAY, "ginv_0228")),
    ("kept: nothing more, and no renewal", [sub()], [FIRST, unpaid(DUE, DUE + 3 * DAY, ladder=KEPT)], None),
    ("kept, with a set end", [sub(ends_at=day(4, 1))], [FIRST, unpaid(DUE, DUE + 3 * DAY, ladder=KEPT)], ("end", day(4, 1), 0)),
    ("kept, and paid in the end: it goes on", [sub()], [FIRST, bill(DUE, day(3, 31), failed=(DUE,), ladder=KEPT)], ("renew", day(3, 31), 2)),
    ("B59: who owes less than is worth it is left alone", [sub()], [FIRST, unpaid(DUE, ladder=B59)], None),
    ("B59: he is charged once, though", [sub()], [FIRST, unpaid(ladder=B59)], ("collect", DUE, "ginv_0228")),
    ("B59: who owes just that is asked", [sub()], [FIRST, unpaid(DUE, ladder=Ladder(least_minor=1000))], ("collect", DUE + 3 * DAY, "ginv_0228")),
    ("a first bill is asked for, not charged", [sub(status="incomplete")], [bill(ANCHOR, DUE, settled=False)], ("expire", ANCHOR + DAY, "ginv_0131")),
    ("its failures change nothing", [sub(status="incomplete")], [bill(ANCHOR, DUE, settled=False, failed=(ANCHOR,))], ("expire", ANCHOR + DAY, "ginv_0131")),
    ("the older of two bills is first", [sub()], [FIRST, bill(DUE, day(3, 31), settled=False, issued=DUE + DAY), bill(day(3, 31), day(4, 30), settled=False, issued=DUE)], ("collect", DUE, "ginv_0331")),
    ("a bill that staff took back is not drawn up again", [sub()], [FIRST, unpaid(closed=True)], None),
    ("a set end comes at its moment", [sub(ends_at=day(2, 20))], [FIRST], ("end", day(2, 20), 0)),
    ("and before the renewal of the same moment", [sub(ends_at=DUE)], [FIRST], ("end", DUE, 0)),
    ("a renewal before a later end is drawn up", [sub(ends_at=day(5, 1))], [FIRST], ("renew", DUE, 1)),
    ("the last telling counts", [sub(ends_at=DUE), sub(at=ANCHOR + DAY)], [FIRST], ("renew", DUE, 1)),
    ("paused: nothing", [sub(paused=True)], [FIRST], None),
    ("cancelled: nothing", [sub(status="cancelled")], [FIRST, unpaid()], None),
    ("expired: nothing", [sub(status="expired")], [bill(ANCHOR, DUE, settled=False)], None),
    ("what waits for the next bill waits for the renewal", [sub(carried=WAITS)], [FIRST], ("renew", DUE, 1)),
    ("and is billed at once where none is to come", [sub(carried=WAITS, ends_at=DUE)], [FIRST], ("last_bill", ANCHOR, 0)),
    ("also after the end", [sub(carried=WAITS, status="cancelled")], [FIRST], ("last_bill", ANCHOR, 0)),
    ("what a bill has taken along waits no more", [sub(carried=WAITS, ends_at=DUE)], [FIRST, REST], ("collect", ANCHOR + DAY, "grst_1")),
    ("and that is collected after the end, too", [sub(carried=WAITS, status="cancelled")], [FIRST, REST], ("collect", ANCHOR + DAY, "grst_1")),
    ("a last bill that is paid by hand is not charged", [sub(carried=WAITS, status="cancelled")], [FIRST, BY_HAND], None),
    ("one that staff took back stays away", [sub(carried=WAITS, status="cancelled")], [FIRST, TAKEN_BACK], None),
    ("nothing in sum: nothing", [sub(carried=(*WAITS, replace(WAITS[0], line="back", amount_minor=-1000)), ends_at=DUE)], [FIRST], ("end", DUE, 0)),
    ("somebody else's: nothing", [sub(ours=False)], [FIRST], None),
    ("no anchor: nothing", [sub(anchor_at=None)], [FIRST], None),
    ("no bill at all: nothing", [sub()], [], None),
]  # fmt: skip


def shown(step: dunning.Step | None) -> tuple[str, datetime, object] | None:
    return (str(step.act), step.at, step.invoice or step.number) if step else None


@pytest.mark.parametrize(("tellings", "bills", "wanted"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_what_our_clock_does_next(
    tellings: list[SubscriptionSeen], bills: list[InvoiceState], wanted: tuple[str, datetime, object] | None
) -> None:
    assert shown(dunning.next_step(tellings, bills)) == wanted


# B59. Each row: what the customer owes in all, and when the bill of 10.00 EUR is tried again under a threshold of 15.00.
OWED = [({}, None), ({"EUR": 1499}, None), ({"EUR": 1500}, DUE + 3 * DAY), ({"USD": 9000}, None), ({"EUR": 1000, "USD": 9000}, None)]  # fmt: skip


def again_at(module: types.ModuleType, overdue: dict[str, int]) -> datetime | None:
    step = module.next_step([sub()], [FIRST, unpaid(DUE, ladder=B59)], overdue=overdue)
    return step.at if step else None


@pytest.mark.parametrize(("overdue", "wanted"), OWED)
def test_b59_what_is_owed_counts_by_currency(overdue: dict[str, int], wanted: datetime | None) -> None:
    assert again_at(dunning, overdue) == wanted


def test_renewal_n_is_counted_from_the_anchor_alone() -> None:
    """I10."""
    periods = [dunning.period(sub(), number) for number in range(13)]
    assert [start.day for start, _ in periods] == [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31]
    assert all(end == start for (_, end), (start, _) in pairwise(periods))
    assert [dunning.number_of(start, sub()) for start, _ in periods] == list(range(13))
    assert dunning.number_of(ANCHOR + DAY, sub()) == 1


def paid(amount: int, at: datetime, currency: str = "EUR", name: str = "pay") -> PaymentSeen:
    return PaymentSeen(name, at, "succeeded", amount, currency, at, "cus_1", invoice="ginv_0228")


# Each row: what, the bill, its payments, and how it stands: status, paid, settled.
SETTLED = [
    ("nothing paid", unpaid(), [], ("open", 0, None)),
    ("all of it", unpaid(), [paid(1000, DUE + HOUR)], ("paid", 1000, DUE + HOUR)),
    ("a part", unpaid(), [paid(999, DUE + HOUR)], ("open", 999, None)),
    ("in two parts, told late first", unpaid(), [paid(400, DUE + 2 * HOUR, name="b"), paid(600, DUE + HOUR, name="a")], ("paid", 1000, DUE + 2 * HOUR)),
    ("before it was drawn up", unpaid(), [paid(1000, DUE - DAY)], ("paid", 1000, DUE)),
    ("twice: from the first", unpaid(), [paid(1000, DUE + HOUR, name="a"), paid(1000, DUE + 2 * HOUR, name="b")], ("paid", 2000, DUE + HOUR)),
    ("of another currency", unpaid(), [paid(1000, DUE + HOUR, "USD")], ("open", 0, None)),
]  # fmt: skip


def how(module: types.ModuleType, state: InvoiceState, received: list[PaymentSeen]) -> tuple[str, int, datetime | None]:
    found = module.settled(state, received)
    assert found.last is not None
    return found.last.status, found.last.paid_minor, found.settled_at


@pytest.mark.parametrize(("state", "received", "wanted"), [row[1:] for row in SETTLED], ids=[row[0] for row in SETTLED])
def test_a_bill_of_ours_is_as_its_payments_leave_it(
    state: InvoiceState, received: list[PaymentSeen], wanted: tuple[str, int, datetime | None]
) -> None:
    assert how(ours, state, received) == wanted
    assert how(ours, state, received[::-1]) == wanted


BEGUN = [
    ("unpaid", [sub()], None, [("incomplete", ANCHOR)]),
    ("paid at once", [sub()], ANCHOR, [("active", ANCHOR)]),
    ("paid later", [sub()], ANCHOR + DAY, [("incomplete", ANCHOR), ("active", ANCHOR + DAY)]),
    ("told of before and after", [sub(), sub(at=ANCHOR + 2 * DAY)], ANCHOR + DAY, [("incomplete", ANCHOR), ("active", ANCHOR + DAY), ("active", ANCHOR + 2 * DAY)]),
    ("ended before it was paid", [sub(), sub(at=ANCHOR + DAY, status="expired")], ANCHOR + 2 * DAY, [("incomplete", ANCHOR), ("expired", ANCHOR + DAY)]),
    ("a gateway's own", [sub(ours=False)], None, [("active", ANCHOR)]),
]  # fmt: skip


def states(
    module: types.ModuleType, tellings: list[SubscriptionSeen], at: datetime | None
) -> list[tuple[str, datetime]]:
    return [(str(told.status), told.at) for told in module.begun(tellings, at)]


@pytest.mark.parametrize(("tellings", "at", "wanted"), [row[1:] for row in BEGUN], ids=[row[0] for row in BEGUN])
def test_a_subscription_of_ours_has_begun_once_it_is_paid(
    tellings: list[SubscriptionSeen], at: datetime | None, wanted: list[tuple[str, datetime]]
) -> None:
    assert states(ours, tellings, at) == wanted


def terms(unit: Unit, count: int = 1, *, amount: int = 1000, renews: bool = True) -> pricing.PriceTerms:
    interval = Interval(Unit.LIFE) if unit is Unit.LIFE else Interval(unit, count)
    return pricing.PriceTerms("prc_1", "full", "Full", Money(amount, "EUR"), interval, renews, EndRule.SAME_DAY)


NIGHT = datetime(2026, 1, 31, 23, 30, 0, 5, tzinfo=UTC)  # half past midnight in Berlin, on 1 February
BERLIN_MIDNIGHT = datetime(2026, 2, 28, 23, tzinfo=UTC)

# Each row: what, the terms, when it ends, and whether it is charged again.
QUOTED = [
    ("a month that renews", terms(Unit.MONTH), (datetime(2026, 2, 28, 23, 30, tzinfo=UTC), True)),
    ("a month bought once ends with the day", terms(Unit.MONTH, renews=False), (BERLIN_MIDNIGHT + DAY, False)),
    ("a free month is not charged again", terms(Unit.MONTH, amount=0), (datetime(2026, 2, 28, 23, 30, tzinfo=UTC), False)),
    ("hours end to the second", terms(Unit.HOUR, 24, renews=False), (datetime(2026, 2, 1, 23, 30, tzinfo=UTC), False)),
    ("for life", terms(Unit.LIFE, renews=False), (records.FOR_LIFE, False)),
]  # fmt: skip


def quoted(module: types.ModuleType, bought: pricing.PriceTerms) -> tuple[datetime, datetime, bool]:
    found = module.quote([module.Choice(bought, NIGHT)], at=NIGHT, time_zone="Europe/Berlin")
    return found.start, found.end, found.next_charge_at is not None


@pytest.mark.parametrize(("bought", "wanted"), [row[1:] for row in QUOTED], ids=[row[0] for row in QUOTED])
def test_what_a_price_comes_to(bought: pricing.PriceTerms, wanted: tuple[datetime, bool]) -> None:
    assert quoted(pricing, bought) == (NIGHT.replace(microsecond=0), *wanted)


def test_a_quote_survives_being_kept() -> None:
    for _, bought, _ in QUOTED:
        found = pricing.quote([pricing.Choice(bought, NIGHT)], at=NIGHT, time_zone="Europe/Berlin")
        assert pricing.quote_from_json(pricing.quote_to_json(found)) == found


def test_the_bill_is_the_quote() -> None:
    """I13: line, amount, period and what renews; a purchase bought once begins no subscription."""
    for _, bought, _ in QUOTED:
        quote = pricing.quote([pricing.Choice(bought, NIGHT)], at=NIGHT, time_zone="Europe/Berlin")
        purchase = purchasing.purchase_of("chk_1", quote)
        *begun, invoice = purchasing.facts_of(quote, purchase, customer="cus_1", at=NIGHT, number="1")
        assert isinstance(invoice, InvoiceSeen)
        (line,) = invoice.lines
        assert (line.start, line.end, line.amount_minor) == (quote.start, quote.end, quote.due_now.amount_minor)
        assert (line.kind, bool(begun)) == (("regular", True) if bought.renews else ("prepaid", False))
        for subscription in begun:
            assert isinstance(subscription, SubscriptionSeen)
            assert subscription.anchor_at == quote.start
            assert dunning.period(subscription, 0) == (quote.start, quote.end)


MUTANTS = [
    ("dunning", "not last.ours or last.anchor_at", "last.anchor_at"),
    ("dunning", "    if last.status in ENDED:\n", "    if False:\n"),
    ("dunning", "    if last.paused:\n", "    if False:\n"),
    ("dunning", "if waits and ends else", "if waits else"),
    ("dunning", "if waits and ends else", "if ends else"),
    ("dunning", "ends = last.ends_at is not None or", "ends ="),
    ("dunning", "or bill.last.due_at is not None:", "or False:"),
    ("dunning", "last = tellings[-1]", "last = tellings[0]"),
    ("dunning", "step.act != Act.END)", "step.act == Act.END)"),
    ("dunning", "if first + days * DAY > latest)", "if first + days * DAY >= latest)"),
    ("dunning", "(first + days * DAY for days", "(latest + days * DAY for days"),
    ("dunning", "if state.retry == NEVER or", "if"),
    ("dunning", "or is_left_alone(state, overdue):", "or False:"),
    ("dunning", "max(state.failed_at[-1], over or issued)", "state.failed_at[-1]"),
    ("dunning", "max(state.failed_at[-1], over or issued)", "over or issued"),
    ("dunning", "if ladder.end_after is None", "if True"),
    ("dunning", "if is_kept(state, overdue):", "if False:"),
    ("dunning", "stays = state.last.ladder.at_end == KEEP or", "stays = False or"),
    ("dunning", "owed < state.last.ladder.least_minor", "owed <= state.last.ladder.least_minor"),
    ("dunning", "overdue.get(state.last.currency, ", "min(10**9, "),
    ("dunning", "if not any(each.settled_at for each in invoices):", "if False:"),
    ("dunning", "ANSWER_WITHIN = timedelta(hours=24)", "ANSWER_WITHIN = timedelta(hours=48)"),
    ("dunning", "min(waiting, key=_issued, default=None)", "waiting[0] if waiting else None"),
    ("dunning", "if state.settled_at is None and state.closed_at is None and state.last]", "if state.settled_at is None and state.last]"),
    ("dunning", "if any(line.start == first for state in invoices if state.closed_at", "if any(False for state in invoices if state.closed_at"),
    ("dunning", "return max(bought, key", "return min(bought, key"),
    ("dunning", 'if line.kind == "regular" and', "if"),
    ("dunning", "n=number, tz=", "n=max(number, 1), tz="),
    ("dunning", "while _boundary(subscription, beyond) < start:", "while False:"),
    ("ours", "for each in received if each.currency == last.currency]", "for each in received]"),
    ("ours", "has_minor >= last.due_minor:", "has_minor > last.due_minor:"),
    ("ours", "moment = max(at, last.created_at)", "moment = at"),
    ("ours", "if moment is None and has_minor", "if has_minor"),
    ("ours", "in sorted(moves):", "in moves:"),
    ("ours", "(paid_at is None or told.at < paid_at)", "paid_at is None"),
    ("ours", "before[-1].status == SubscriptionStatus.INCOMPLETE", "True"),
    ("ours", "if not tellings[0].ours:", "if False:"),
    ("pricing", "start = choice.begins.replace(microsecond=0)", "start = choice.begins"),
    ("pricing", "    if terms.renews:\n        return Period(", "    if True:\n        return Period("),
    ("pricing", "if goes_on and (terms.amount or", "if goes_on and (True or"),
    ("pricing", "goes_on = terms.renews and end", "goes_on = end"),
]  # fmt: skip


@pytest.mark.parametrize(("module", "there", "instead"), MUTANTS, ids=[f"{row[0]}: {row[2]}" for row in MUTANTS])
def test_a_mutant_is_told_from_the_real_thing(module: str, there: str, instead: str) -> None:
    mutant = mutated(module, there, instead)
    try:
        alike = answers(mutant, module) == answers(
            {"dunning": dunning, "ours": ours, "pricing": pricing}[module], module
        )
    except (AssertionError, AttributeError, IndexError, TypeError, ValueError):
        alike = False  # it does not even work
    assert not alike, "no table tells this mutant from the real thing"


def answers(module: types.ModuleType, name: str) -> list[object]:
    if name == "dunning":
        steps: list[object] = [shown(module.next_step(tellings, bills)) for _, tellings, bills, _ in TABLE]
        steps += [again_at(module, overdue) for overdue, _ in OWED]
        return [*steps, *(module.number_of(day(3, number), sub()) for number in (30, 31)), module.period(sub(), 0)]
    if name == "ours":
        found: list[object] = [how(module, state, received) for _, state, received, _ in SETTLED]
        return [*found, *(states(module, tellings, at) for _, tellings, at, _ in BEGUN)]
    return [quoted(module, bought) for _, bought, _ in QUOTED]


def mutated(module: str, there: str, instead: str) -> types.ModuleType:
    """The real module, one decision turned. Raises AssertionError where the decision is not in the source any more."""
    real = {"dunning": dunning, "ours": ours, "pricing": pricing}[module]
    source = Path(real.__file__ or "").read_text()
    assert source.count(there) == 1, f"{module}.py says {there!r} {source.count(there)} times"
    made = types.ModuleType(f"mutant_{module}")
    sys.modules[made.__name__] = made  # dataclasses look their module up
    exec(compile(source.replace(there, instead), f"mutant {module}.py", "exec"), made.__dict__)
    return made


def test_b86_two_charges_for_one_interval_are_told_from_all_that_may_be() -> None:
    twice = unpaid()
    assert twice.last is not None
    double, other = twice.last, bill(DUE, day(3, 31), name="ginv_other")
    free = bill(DUE, day(3, 31), name="ginv_free")
    assert free.last is not None
    line = free.last.lines[0]
    free = replace(free, last=replace(free.last, lines=(replace(line, amount_minor=0),)))
    rest = bill(DUE, day(3, 31), name="ginv_rest", kind="proration")
    found = [
        dunning.is_double(double, bills)
        for bills in (
            [FIRST, twice],  # itself is no other
            [FIRST, twice, other],
            [FIRST, twice, replace(other, closed_at=DUE)],  # taken back
            [FIRST, twice, free],  # from free to paid on the same day
            [FIRST, twice, rest],
        )
    ]
    assert found == [False, True, False, False, False]
