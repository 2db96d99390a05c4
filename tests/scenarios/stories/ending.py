"""Cancelling, pausing, staying after all: what is paid stays paid, and who cancelled has neither window nor grace."""

from __future__ import annotations

from datetime import timedelta

from tests.scenarios.stories.shelf import BENCH, E1, E2, E3, HALF_HOUR, story
from tests.stripe_steps import Life
from tests.stripe_stories import DAY, MINUTE, START, Line


@story
def cancelled_at_once(s: Life) -> None:
    sub = s.subscribe(BENCH)
    s.wait(days=10)
    s.cancel(sub)
    s.expect("good", "bench=good", E1)  # a deletion never shortens paid coverage
    s.expect("lapsed", at=E1)


@story
def stays_after_all(s: Life) -> None:
    sub = s.subscribe(BENCH)
    s.wait(days=5)
    s.cancel_at_period_end(sub)
    s.expect("good", "bench=good", E1)
    s.wait(days=5)
    s.stay(sub)
    inv = s.renewing(sub)
    s.expect("good", "bench=good", E1, at=E1 + HALF_HOUR)
    s.pay(inv)
    s.expect("good", "bench=good", E2)


@story
def cancelled_for_a_later_day(s: Life) -> None:
    sub = s.subscribe(BENCH)
    s.wait(days=5)
    sub.cancel_at = E2
    s.updated(sub)
    inv = s.renewing(sub)
    s.expect("good", "bench=good", E1, at=E1 + HALF_HOUR)  # it ends later, so it is live until then
    s.fail(inv)
    s.expect("grace", "bench=grace", E1)
    s.wait(days=1)
    s.pay(inv)
    s.expect("good", "bench=good", E2)
    s.until(E2)
    s.cancel(sub)
    s.expect("lapsed")


@story
def set_end_taken_back_after_it_was_moved(s: Life) -> None:
    sub = s.subscribe(BENCH)
    for end in (E2, E1 + 5 * DAY, None):
        s.wait(days=2)
        sub.cancel_at = end
        s.updated(sub)
    s.renew(sub)
    s.expect("good", "bench=good", E2)
    s.expect("good", "bench=good", E2, at=E2 + HALF_HOUR)


@story
def cancelled_in_grace(s: Life) -> None:
    sub = s.subscribe(BENCH)
    s.fail(s.renewing(sub))
    s.wait(days=2)
    s.expect("grace", "bench=grace", E1, at=s.now - MINUTE)
    s.cancel(sub)
    s.expect("lapsed")  # who cancelled has no grace


@story
def end_set_in_grace(s: Life) -> None:
    sub = s.subscribe(BENCH)
    s.fail(s.renewing(sub))
    s.wait(days=2)
    s.cancel_at_period_end(sub)
    s.expect("grace", "bench=grace", E1)  # a set end counts from its moment, and that is E2
    s.expect("lapsed", at=E1 + 7 * DAY)


@story
def dunning_ends_it(s: Life) -> None:
    sub = s.subscribe(BENCH)
    inv = s.renewing(sub)
    s.fail(inv)
    s.wait(days=4)
    s.fail(inv)
    s.wait(days=10)
    s.expect("lapsed", at=s.now - MINUTE)
    s.cancel(sub)
    s.expect("lapsed")


@story
def paused_and_resumed_by_hand(s: Life) -> None:
    sub = s.subscribe(BENCH)
    s.wait(days=10)
    s.pause(sub)
    s.expect("good", "bench=good", E1)
    s.void(s.renewing(sub))
    s.expect("lapsed", at=E1 + HALF_HOUR)  # paused: neither window nor grace
    s.wait(days=20)
    s.resume(sub)
    s.expect("lapsed")  # not paused any more, but the grace counted from E1 is over
    late = s.renewing(sub)
    s.expect("lapsed", at=E2 + HALF_HOUR)
    s.pay(late)
    s.expect("good", "bench=good", E3)


@story
def pause_that_ends_by_itself(s: Life) -> None:
    sub = s.subscribe(BENCH)
    s.wait(days=10)
    s.pause(sub, "keep_as_draft", resumes_at=E1 + 2 * DAY)
    s.until(E1)
    s.wait(seconds=30)
    sub.items[0].start, sub.items[0].end = E1, E2
    inv = s.draft(sub)
    s.updated(sub)
    s.expect("lapsed")
    s.expect("grace", "bench=grace", E1, at=E1 + 2 * DAY + MINUTE)  # nothing new told, but the pause is over
    s.until(E1 + 2 * DAY + HALF_HOUR)
    s.resume(sub)
    s.pay(s.finalised(inv))
    s.expect("good", "bench=good", E2)


@story
def pause_that_ends_within_the_window(s: Life) -> None:
    sub = s.subscribe(BENCH)
    s.wait(days=10)
    s.pause(sub, "keep_as_draft", resumes_at=E1 + timedelta(hours=12))
    s.expect("lapsed", at=E1 + timedelta(hours=11))
    s.expect("good", "bench=good", E1, at=E1 + timedelta(hours=13))


@story
def pause_within_a_period(s: Life) -> None:
    sub = s.subscribe(BENCH)
    s.wait(days=5)
    s.pause(sub)
    s.wait(days=5)
    s.expect("good", "bench=good", E1)
    s.resume(sub)
    s.expect("good", "bench=good", E1, at=E1 + HALF_HOUR)
    s.renew(sub)
    s.expect("good", "bench=good", E2)


@story
def trial_given_up(s: Life) -> None:
    end = START + 14 * DAY
    sub = s.begin(BENCH, status="trialing", trial_end=end)
    s.pay(s.finalised(s.draft(sub, [Line("regular", 0, START, end, BENCH, sub.items[0].id)])))
    s.wait(days=3)
    s.cancel_at_period_end(sub)
    s.expect("good", "bench=good", end)
    s.expect("lapsed", at=end)
    s.until(end)
    s.cancel(sub)
    s.expect("lapsed")


@story
def abandoned_at_the_checkout(s: Life) -> None:
    sub = s.begin(BENCH)
    s.finalised(s.draft(sub))
    s.expect("pending", "bench=pending")
    s.wait(hours=2)
    s.cancel(sub)
    s.expect("lapsed")  # never covered, and the purchase is over


@story
def customer_deleted(s: Life) -> None:
    sub = s.subscribe(BENCH)
    s.wait(days=10)
    s.cancel(sub)
    s.customer_deleted()
    s.expect("good", "bench=good", E1)
    s.expect("lapsed", at=E1 + MINUTE)
