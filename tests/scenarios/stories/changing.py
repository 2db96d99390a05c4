"""Changes of level, of interval, of items: a change moves the level at once, and the dates not at all."""

from __future__ import annotations

from tests.scenarios.stories.shelf import (
    BENCH,
    BENCH_YEAR,
    BIG_LOCKER,
    DONATION,
    E1,
    E2,
    HALF_HOUR,
    LOCKER,
    STUDIO,
    story,
)
from tests.stripe_steps import Life
from tests.stripe_stories import DAY, HOUR, MINUTE, Line, months_later


@story
def up_now_billed_now(s: Life) -> None:
    sub = s.subscribe(BENCH)
    s.wait(days=15)
    s.expect("good", "bench=good", E1, at=s.now - MINUTE)
    s.bill_now(sub, *s.reprice(sub, STUDIO))
    s.expect("good", "studio=good", E1)
    s.renew(sub)
    s.expect("good", "studio=good", E2)


@story
def up_now_never_paid(s: Life) -> None:
    sub = s.subscribe(BENCH)
    s.wait(days=15)
    inv = s.bill_now(sub, *s.reprice(sub, STUDIO), paid=False)
    s.fail(inv)
    s.expect("good", "studio=good", E1)  # proration lines move money, not coverage
    s.expect("good", "studio=good", E1, at=E1 + HALF_HOUR)  # what failed is not the next invoice


@story
def up_and_down_within_a_period(s: Life) -> None:
    sub = s.subscribe(BENCH)
    s.wait(days=5)
    lines = s.reprice(sub, STUDIO)
    s.expect("good", "studio=good", E1)
    s.wait(days=5)
    lines += s.reprice(sub, BENCH)
    s.expect("good", "bench=good", E1)
    s.renew(sub, *lines)
    s.expect("good", "bench=good", E2)


@story
def down_at_the_period_end(s: Life) -> None:
    sub = s.subscribe(STUDIO)
    sub.items[0].price = BENCH  # planned before; it takes effect with the renewal
    s.expect("good", "studio=good", E1, at=E1 - MINUTE)
    inv = s.renewing(sub)
    s.expect("good", "bench=good", E1, at=E1 + HALF_HOUR)
    s.pay(inv)
    s.expect("good", "bench=good", E2)


@story
def change_told_by_the_invoice_alone(s: Life) -> None:
    """The subscription's own event never came."""
    sub = s.subscribe(BENCH)
    s.until(E1)
    s.wait(seconds=30)
    item = sub.items[0]
    item.price, item.start, item.end = STUDIO, E1, E2
    s.pay(s.finalised(s.draft(sub)))
    s.expect("good", "studio=good", E2)


@story
def from_month_to_year(s: Life) -> None:
    sub = s.subscribe(BENCH)
    s.wait(days=15)
    item, began = sub.items[0], s.now
    credit = Line("proration", -3000, began, item.end, BENCH, item.id)
    item.price, item.start, item.end, sub.anchor = BENCH_YEAR, began, months_later(began, 12), began
    s.updated(sub)
    s.bill_now(sub, credit, Line("regular", 60000, item.start, item.end, BENCH_YEAR, item.id))
    s.expect("good", "bench=good", months_later(began, 12))
    s.expect("good", "bench=good", months_later(began, 12), at=E2)


@story
def from_month_to_year_paid_late(s: Life) -> None:
    sub = s.subscribe(BENCH)
    s.wait(days=15)
    item, began = sub.items[0], s.now
    item.price, item.start, item.end, sub.anchor = BENCH_YEAR, began, months_later(began, 12), began
    s.updated(sub)
    inv = s.bill_now(sub, Line("regular", 60000, item.start, item.end, BENCH_YEAR, item.id), paid=False)
    s.fail(inv)
    s.expect("good", "bench=good", E1)  # the month that is paid stays paid
    # The next invoice is the one whose regular line starts at or after E1; the failed one starts before: the window stands.
    s.expect("good", "bench=good", E1, at=E1 + HALF_HOUR)
    s.expect("grace", "bench=grace", E1, at=E1 + 25 * HOUR)
    s.until(E1 + 10 * DAY)
    s.expect("lapsed", at=s.now - MINUTE)
    s.pay(inv)
    s.expect("good", "bench=good", months_later(began, 12))


@story
def second_item_billed_with_the_renewal(s: Life) -> None:
    sub = s.subscribe(BENCH)
    s.wait(days=15)
    _, part = s.add(sub, LOCKER)
    s.expect("good", "bench=good;locker=pending", E1)  # never covered, its purchase is alive
    inv = s.renewing(sub, part)
    s.expect("good", "bench=good;locker=pending", E1, at=E1 + HALF_HOUR)
    s.pay(inv)
    s.expect("good", "bench=good;locker=good", E2)


@story
def second_item_billed_now_and_taken_out_again(s: Life) -> None:
    sub = s.subscribe(BENCH)
    s.wait(days=15)
    item, part = s.add(sub, LOCKER)
    s.bill_now(sub, part)
    s.expect("good", "bench=good;locker=good", E1)  # a charging proration of an item without an earlier regular line
    inv = s.renewing(sub)
    s.expect("good", "bench=good;locker=good", E1, at=E1 + HALF_HOUR)
    s.pay(inv)
    s.wait(days=10)
    sub.items.remove(item)
    s.updated(sub)
    s.expect("good", "bench=good;locker=good", E2)  # what is paid is not shortened
    s.renew(sub)
    s.expect("good", "bench=good", E2, at=E2 + HALF_HOUR)  # the locker's item is gone: no window


@story
def item_swapped_billed_now(s: Life) -> None:
    sub = s.subscribe(BENCH)
    s.wait(days=15)
    old = sub.items[0]
    new = s.swap(sub, old, STUDIO)
    credit = Line("proration", -3100, s.now, E1, BENCH, old.id)
    s.bill_now(sub, credit, Line("proration", 5200, s.now, E1, STUDIO, new.id))
    s.expect("good", "studio=good", E1)
    inv = s.renewing(sub)
    s.expect("good", "studio=good", E1, at=E1 + HALF_HOUR)
    s.pay(inv)
    s.expect("good", "studio=good", E2)


@story
def item_swapped_billed_with_the_renewal(s: Life) -> None:
    sub = s.subscribe(BENCH)
    s.wait(days=15)
    old = sub.items[0]
    new = s.swap(sub, old, STUDIO)
    lines = [Line("proration", -3100, s.now, E1, BENCH, old.id), Line("proration", 5200, s.now, E1, STUDIO, new.id)]
    s.expect("good", "studio=good", E1)
    inv = s.renewing(sub, *lines)
    s.expect("good", "studio=good", E1, at=E1 + HALF_HOUR)
    s.pay(inv)
    s.expect("good", "studio=good", E2)


@story
def item_swapped_within_a_level_of_several(s: Life) -> None:
    """A bigger locker is a locker: one open membership a level, whatever the group allows."""
    sub = s.subscribe(LOCKER)
    s.wait(days=15)
    old = sub.items[0]
    new = s.swap(sub, old, BIG_LOCKER)
    lines = [Line("proration", -800, s.now, E1, LOCKER, old.id), Line("proration", 1300, s.now, E1, BIG_LOCKER, new.id)]
    s.expect("good", "locker=good", E1)
    inv = s.renewing(sub, *lines)
    s.expect("good", "locker=good", E1, at=E1 + HALF_HOUR)
    s.pay(inv)
    s.expect("good", "locker=good", E2)


@story
def more_of_the_same(s: Life) -> None:
    sub = s.subscribe(LOCKER)
    s.wait(days=3)
    sub.items[0].quantity = 3
    s.updated(sub)
    s.bill_now(sub, Line("proration", 2700, s.now, E1, LOCKER, sub.items[0].id))
    s.expect("good", "locker=good", E1)
    s.renew(sub)
    s.expect("good", "locker=good", E2)


@story
def donation_beside_the_level(s: Life) -> None:
    sub = s.subscribe(BENCH, DONATION)
    s.expect("good", "bench=good", E1)
    s.wait(days=4)
    sub.items.pop(0)  # only the donation goes on
    s.updated(sub)
    s.renew(sub)
    s.expect("lapsed")


@story
def also_pays_for_something_of_others(s: Life) -> None:
    sub = s.subscribe(BENCH)
    s.wait(days=1)
    other = s.subscribe(DONATION)
    s.expect("good", "bench=good", E1)
    s.wait(days=1)
    s.cancel(sub)
    s.renew(other)
    s.expect("lapsed")
