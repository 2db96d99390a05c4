"""Coming back, coming twice: every subscription is found by its own id."""

from __future__ import annotations

from datetime import timedelta

from tests.scenarios.stories.shelf import BENCH, E1, HALF_HOUR, LOCKER, STUDIO, story
from tests.stripe_steps import Life
from tests.stripe_stories import DAY, MINUTE, Price, months_later


def _comes_back(s: Life, price: Price, level: str) -> None:
    sub = s.subscribe(BENCH)
    s.cancel_at_period_end(sub)
    s.until(E1)
    s.cancel(sub)
    s.wait(days=20)
    s.expect("lapsed", at=s.now - MINUTE)
    again, back = s.begin(price), s.now
    s.expect("pending", f"{level}=pending")  # a new membership, not paid yet; the old one is lapsed
    s.wait(hours=1)
    s.pay(s.finalised(s.draft(again)))
    s.becomes(again, "active")
    s.expect("good", f"{level}=good", months_later(back, 1))
    s.fail(s.renewing(again))
    s.expect("grace", f"{level}=grace", months_later(back, 1))


@story
def back_at_the_same_level(s: Life) -> None:
    _comes_back(s, BENCH, "bench")


@story
def back_at_another_level(s: Life) -> None:
    _comes_back(s, STUDIO, "studio")


@story
def back_while_still_covered(s: Life) -> None:
    sub = s.subscribe(BENCH)
    s.wait(days=10)
    s.cancel(sub)
    s.wait(days=5)
    back = s.now
    again = s.subscribe(BENCH)
    s.expect("good", "bench=good", months_later(back, 1))
    s.expect("good", "bench=good", months_later(back, 1), at=E1 + MINUTE)
    s.renew(again)
    s.expect("good", "bench=good", months_later(back, 2))


@story
def back_after_the_item_was_taken_out(s: Life) -> None:
    """The old contract lives on for the locker alone: it does not hold the bench any more."""
    sub = s.subscribe(BENCH, LOCKER)
    s.wait(days=5)
    sub.items.pop(0)
    s.updated(sub)
    s.renew(sub)
    s.expect("good", "locker=good", months_later(E1, 1))
    s.wait(days=12)
    again, back = s.begin(BENCH), s.now
    s.expect("good", "bench=pending;locker=good", months_later(E1, 1))
    s.wait(hours=1)
    s.pay(s.finalised(s.draft(again)))
    s.becomes(again, "active")
    s.expect("good", "bench=good;locker=good", months_later(back, 1))


@story
def twice_the_same_level(s: Life) -> None:
    first = s.subscribe(BENCH)
    s.wait(days=10)
    began = s.now
    second = s.subscribe(BENCH)
    s.alarms.add("second_subscription")
    s.expect("good", "bench=good", months_later(began, 1))  # their periods unite
    s.cancel_at_period_end(first)
    s.until(E1)
    s.cancel(first)
    s.expect("good", "bench=good", months_later(began, 1))
    inv = s.renewing(second)
    s.expect("good", "bench=good", months_later(began, 1), at=months_later(began, 1) + HALF_HOUR)
    s.pay(inv)
    s.expect("good", "bench=good", months_later(began, 2))


@story
def two_levels_of_one_group(s: Life) -> None:
    """Both were paid and both count; somebody should look at it."""
    s.subscribe(BENCH)
    s.wait(days=10)
    began = s.now
    s.subscribe(STUDIO)
    s.alarms.add("two_in_group")
    s.expect("good", "bench=good;studio=good", months_later(began, 1))


@story
def checkout_tried_twice(s: Life) -> None:
    first = s.begin(BENCH)
    s.finalised(s.draft(first))
    s.expect("pending", "bench=pending")
    s.wait(minutes=10)
    began = s.now
    s.subscribe(BENCH)
    s.expect("good", "bench=good", months_later(began, 1))
    s.wait(hours=23)
    first.ended_at = s.now
    s.becomes(first, "incomplete_expired")
    s.expect("good", "bench=good", months_later(began, 1))


@story
def expired_then_a_new_one(s: Life) -> None:
    first = s.begin(BENCH)
    inv = s.finalised(s.draft(first))
    s.fail(inv)
    s.expect("pending", "bench=pending")
    s.wait(hours=23)
    first.ended_at = s.now
    s.becomes(first, "incomplete_expired")
    s.void(inv)
    s.expect("lapsed")  # never covered, and its purchase is not alive
    s.wait(days=2)
    back, again = s.now, s.begin(BENCH)
    s.expect("pending", "bench=pending")
    s.wait(minutes=5)
    s.pay(s.finalised(s.draft(again)))
    s.becomes(again, "active")
    s.expect("good", "bench=good", months_later(back, 1))


@story
def second_one_begun_while_the_first_is_late(s: Life) -> None:
    first = s.subscribe(BENCH)
    inv = s.renewing(first)
    s.fail(inv)
    s.wait(days=3)
    began = s.now
    s.subscribe(BENCH)
    s.alarms.add("second_subscription")
    s.expect("good", "bench=good", months_later(began, 1))
    s.wait(days=1)
    s.void(inv)
    s.cancel(first)
    s.expect("good", "bench=good", months_later(began, 1))
    s.expect("good", "bench=good", months_later(began, 1), at=months_later(began, 1) + timedelta(hours=23))
    s.expect("grace", "bench=grace", months_later(began, 1), at=months_later(began, 1) + 2 * DAY)
