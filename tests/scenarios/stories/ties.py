"""Several things in one second: ``created`` cannot order them, what each says it changed can."""

from __future__ import annotations

from tests.scenarios.stories.shelf import BENCH, E1, E2, HALF_HOUR, KEY, LOCKER, STUDIO, VISITOR, story
from tests.stripe_steps import Life
from tests.stripe_stories import MINUTE


@story
def there_and_back_in_one_second(s: Life) -> None:
    sub = s.subscribe(BENCH)
    s.wait(days=5)
    s.reprice(sub, STUDIO)
    s.reprice(sub, BENCH)
    s.expect("good", "bench=good", E1)
    s.renew(sub)
    s.expect("good", "bench=good", E2)


@story
def moved_on_in_one_second(s: Life) -> None:
    sub = s.subscribe(BENCH)
    s.wait(days=5)
    for price in (KEY, STUDIO, VISITOR):
        s.reprice(sub, price)
    s.expect("good", "visitor=good", E1)


@story
def changed_in_the_second_it_began(s: Life) -> None:
    sub = s.begin(BENCH)
    s.reprice(sub, STUDIO)
    s.pay(s.finalised(s.draft(sub)))
    s.becomes(sub, "active")
    s.expect("good", "studio=good", E1)


@story
def many_things_in_one_second(s: Life) -> None:
    sub = s.subscribe(BENCH)
    s.wait(days=5)
    s.cancel_at_period_end(sub)
    s.reprice(sub, STUDIO)
    s.stay(sub)
    s.add(sub, LOCKER)
    s.expect("good", "locker=pending;studio=good", E1)
    s.expect("good", "locker=pending;studio=good", E1, at=E1 + HALF_HOUR)  # staying after all: the window


@story
def end_set_and_taken_back_in_one_second(s: Life) -> None:
    sub = s.subscribe(BENCH)
    s.wait(days=5)
    s.stay(sub)
    s.cancel_at_period_end(sub)
    s.expect("good", "bench=good", E1)
    s.expect("lapsed", at=E1 + MINUTE)


@story
def paused_and_resumed_in_one_second(s: Life) -> None:
    sub = s.subscribe(BENCH)
    s.wait(days=5)
    s.pause(sub)
    s.resume(sub)
    s.expect("good", "bench=good", E1, at=E1 + HALF_HOUR)


@story
def all_in_one_second_paid(s: Life) -> None:
    sub = s.subscribe(BENCH)
    s.cancel(sub)
    s.expect("good", "bench=good", E1)
    s.expect("lapsed", at=E1)


@story
def all_in_one_second_unpaid(s: Life) -> None:
    sub = s.begin(BENCH)
    sub.items[0].quantity = 2
    s.updated(sub)
    s.cancel(sub)
    s.expect("lapsed")
