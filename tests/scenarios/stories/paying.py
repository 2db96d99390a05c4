"""Paying, late or not at all, in cash, in yen: renewal follows the invoice's settlement and nothing else."""

from __future__ import annotations

from datetime import timedelta

from tests.scenarios.stories.shelf import (
    BENCH,
    BENCH_FREE,
    BENCH_JPY,
    BENCH_KWD,
    E1,
    E2,
    E3,
    HALF_HOUR,
    KEY,
    LOCKER,
    STUDIO,
    VISITOR,
    story,
)  # fmt: skip
from tests.stripe_steps import Life
from tests.stripe_stories import DAY, HOUR, MINUTE, START, Charge, Item, Line, months_later


@story
def paid_late(s: Life) -> None:
    sub = s.subscribe(BENCH)
    s.expect("good", "bench=good", E1)
    inv = s.renewing(sub)
    s.expect("good", "bench=good", E1, at=E1 + HALF_HOUR)  # the draft's period proves nothing: this is the window
    s.fail(inv)
    s.expect("grace", "bench=grace", E1)  # a payment of the next invoice failed: the window is over
    s.wait(days=3)
    s.fail(inv)
    s.wait(days=2)
    s.expect("grace", "bench=grace", E1, at=s.now - MINUTE)
    s.pay(inv)
    s.becomes(sub, "active")
    s.expect("good", "bench=good", E2)


@story
def paid_after_the_lapse(s: Life) -> None:
    sub = s.subscribe(BENCH)
    inv = s.renewing(sub)
    s.fail(inv)
    s.expect("grace", "bench=grace", E1, at=E1 + 7 * DAY - MINUTE)
    s.expect("lapsed", at=E1 + 7 * DAY)  # bounds are exclusive
    s.wait(days=9)
    s.pay(inv)
    s.expect("good", "bench=good", E2)  # the invoice's period is covered, whenever it was paid
    s.expect("grace", "bench=grace", E2, at=E2 + 25 * HOUR)  # and nothing came after it


@story
def unpaid_at_the_end_of_dunning(s: Life) -> None:
    sub = s.subscribe(BENCH)
    first = s.renewing(sub)
    s.fail(first)
    s.wait(days=14)
    s.becomes(sub, "unpaid")
    s.expect("lapsed")
    second = s.renewing(sub)
    s.expect("lapsed")  # the window counts from the coverage's end, long ago
    s.wait(days=2)
    s.pay(first)
    s.becomes(sub, "active")
    # Paid up to E2, two days ago; the next invoice is not settled, its window is over, nothing of it failed: grace.
    s.expect("grace", "bench=grace", E2)
    s.wait(hours=3)
    s.pay(second)
    s.expect("good", "bench=good", E3)


@story
def given_up_then_paid(s: Life) -> None:
    sub = s.subscribe(BENCH)
    inv = s.renewing(sub)
    s.fail(inv)
    s.wait(days=3)
    s.give_up(inv)
    s.expect("grace", "bench=grace", E1)  # uncollectible is not settled and ends nothing
    s.expect("lapsed", at=E1 + 8 * DAY)
    s.wait(days=12)
    s.pay(inv)
    s.expect("good", "bench=good", E2)


@story
def given_up_then_voided(s: Life) -> None:
    sub = s.subscribe(BENCH)
    inv = s.renewing(sub)
    s.wait(days=3)
    s.give_up(inv)
    s.wait(days=2)
    s.void(inv)
    s.expect("grace", "bench=grace", E1)  # a voided renewal leaves window and grace running
    s.expect("lapsed", at=E1 + 7 * DAY + MINUTE)


@story
def voided_renewal(s: Life) -> None:
    sub = s.subscribe(BENCH)
    s.void(s.renewing(sub))
    s.expect("good", "bench=good", E1)  # the window runs on
    s.expect("grace", "bench=grace", E1, at=E1 + DAY + MINUTE)
    s.expect("lapsed", at=E1 + 7 * DAY + MINUTE)
    s.renew(sub)
    s.expect("good", "bench=good", E3)


@story
def draft_edited_and_another_deleted(s: Life) -> None:
    sub = s.begin(BENCH)
    spare = s.draft(sub)
    spare.status = "deleted"
    s.of_invoice("deleted", spare)
    inv = s.draft(
        sub, [Line("regular", 6000, s.now, E1, BENCH, sub.items[0].id), Line("other", 900, s.now, s.now, BENCH)]
    )
    s.expect("pending", "bench=pending")
    s.wait(hours=1)
    inv.lines.pop()  # the one-off item was taken out before the bill became final
    s.pay(s.finalised(inv))
    s.becomes(sub, "active")
    s.expect("good", "bench=good", E1)


@story
def one_off_items_never_cover(s: Life) -> None:
    sub = s.begin(BENCH)
    other = Line("other", 2500, START, START + 90 * DAY, BENCH, sub.items[0].id)
    s.pay(s.finalised(s.draft(sub, [other])))
    s.expect("pending", "bench=pending")


@story
def paid_out_of_band(s: Life) -> None:
    sub = s.begin(BENCH, status="active", collection="send_invoice")
    inv = s.finalised(s.draft(sub))
    s.expect("pending", "bench=pending")  # active is the gateway's word; nothing is settled
    s.wait(days=4)
    s.pay(inv, out_of_band=True)
    s.expect("good", "bench=good", E1)  # however it was paid


@story
def billed_by_invoice(s: Life) -> None:
    sub = s.begin(BENCH, status="active", collection="send_invoice")
    s.pay(s.finalised(s.draft(sub)))
    inv = s.renewing(sub)
    s.expect("good", "bench=good", E1)
    s.expect("grace", "bench=grace", E1, at=E1 + 2 * DAY)
    s.wait(days=20)
    s.expect("lapsed", at=s.now - MINUTE)
    s.pay(inv)
    s.expect("good", "bench=good", E2)


@story
def bank_debit_under_way(s: Life) -> None:
    sub = s.subscribe(BENCH)
    inv = s.renewing(sub)
    charge = Charge(s.name_of("ch"), inv.intents[0], inv.total, s.now, "pending")
    inv.charges.append(charge)
    s.of_charge("pending", charge, inv)
    s.expect("good", "bench=good", E1)
    s.expect("grace", "bench=grace", E1, at=E1 + 2 * DAY)  # under way is not settled; nor has it failed
    s.wait(days=4)
    charge.status = "succeeded"
    s.of_charge("succeeded", charge, inv)
    inv.status, inv.moved["paid"] = "paid", s.now
    s.of_invoice("paid", inv)
    s.expect("good", "bench=good", E2)


@story
def nothing_to_pay(s: Life) -> None:
    sub = s.begin(BENCH_FREE)
    s.pay(s.finalised(s.draft(sub)))
    s.becomes(sub, "active")
    s.expect("good", "bench=good", E1)  # an invoice of zero renews like any other
    s.renew(sub)
    s.expect("good", "bench=good", E2)
    s.cancel_at_period_end(sub)
    s.expect("lapsed", at=E2)


@story
def in_yen(s: Life) -> None:
    sub = s.subscribe(BENCH_JPY)
    inv = s.renew(sub)
    s.expect("good", "bench=good", E2)
    s.wait(days=1)
    s.refund(inv, 8999)
    s.expect("good", "bench=good", E2)
    s.wait(days=1)
    s.refund(inv, 1)
    s.expect("lapsed")


@story
def in_dinars(s: Life) -> None:
    sub = s.subscribe(BENCH_KWD)
    s.expect("good", "bench=good", E1)
    s.renew(sub)
    s.expect("good", "bench=good", E2)


@story
def no_grace_at_all(s: Life) -> None:
    sub = s.subscribe(VISITOR)
    inv = s.renewing(sub)
    s.expect("good", "visitor=good", E1, at=E1 + HALF_HOUR)  # with 0 the window still stands
    s.fail(inv)
    s.expect("lapsed")  # unless a payment failed
    s.wait(days=1)
    s.pay(inv)
    s.expect("good", "visitor=good", E2)
    s.expect("good", "visitor=good", E2, at=E2 + 23 * HOUR)
    s.expect("lapsed", at=E2 + DAY + MINUTE)


@story
def grace_of_the_level_held(s: Life) -> None:
    sub = s.subscribe(BENCH)
    s.fail(s.renewing(sub))
    s.wait(days=3)
    s.reprice(sub, KEY)
    s.expect("grace", "keyholder=grace", E1)
    s.expect("grace", "keyholder=grace", E1, at=E1 + 13 * DAY)  # those of the level held at t: fourteen days now
    s.expect("lapsed", at=E1 + 14 * DAY)


@story
def a_year_with_two_items(s: Life) -> None:
    sub = s.subscribe(STUDIO, LOCKER)
    s.expect("good", "locker=good;studio=good", E1)
    for months in range(2, 13):
        s.renew(sub)
        s.expect("good", "locker=good;studio=good", months_later(START, months))
    s.cancel_at_period_end(sub)
    s.until(sub.items[0].end)
    s.cancel(sub)
    s.expect("lapsed")


@story
def paid_in_two_parts(s: Life) -> None:
    sub = s.begin(BENCH)
    inv = s.finalised(s.draft(sub))
    s.pay(inv, 2500, 3500)
    s.becomes(sub, "active")
    s.expect("good", "bench=good", E1)
    s.wait(days=2)
    s.refund(inv, of=0)
    s.expect("good", "bench=good", E1)  # one payment of two given back is a part of the invoice
    s.wait(days=2)
    s.refund(inv, of=1)
    s.expect("lapsed")


@story
def trial_with_a_card(s: Life) -> None:
    end = START + 14 * DAY
    sub = s.begin(BENCH, status="trialing", trial_end=end)
    s.pay(s.finalised(s.draft(sub, [Line("regular", 0, START, end, BENCH, sub.items[0].id)])))
    s.expect("good", "bench=good", end)  # an invoice of zero: settled
    sub.status = "active"
    inv = s.renewing(sub)
    s.expect("good", "bench=good", end, at=end + HALF_HOUR)
    s.pay(inv)
    s.expect("good", "bench=good", months_later(end, 1))


@story
def trial_without_a_card(s: Life) -> None:
    end = START + 14 * DAY
    sub = s.begin(BENCH, status="trialing", trial_end=end)
    s.pay(s.finalised(s.draft(sub, [Line("regular", 0, START, end, BENCH, sub.items[0].id)])))
    s.until(end)
    sub.status = "paused"
    s.of_subscription("paused", sub)
    s.expect("lapsed")  # covered no more, and paused: no window
    s.wait(days=10)
    back = s.now
    sub.status, sub.items[0].start, sub.items[0].end = "active", back, months_later(back, 1)
    s.of_subscription("resumed", sub)
    s.pay(s.finalised(s.draft(sub)))
    s.expect("good", "bench=good", months_later(back, 1))


@story
def trial_cut_short(s: Life) -> None:
    """Paying at once: the paid period starts inside the trial's, which ends there."""
    end = START + 14 * DAY
    sub = s.begin(BENCH, status="trialing", trial_end=end)
    item = sub.items[0]
    s.pay(s.finalised(s.draft(sub, [Line("regular", 0, START, end, BENCH, item.id)])))
    s.wait(days=4)
    sub.status, sub.trial_end, sub.anchor, item.start, item.end = "active", s.now, s.now, s.now, months_later(s.now, 1)
    s.updated(sub)
    s.pay(s.finalised(s.draft(sub)))
    s.expect("good", "bench=good", item.end)
    s.wait(days=1)
    s.cancel(sub)
    s.expect("lapsed", at=item.end)


@story
def trial_made_longer(s: Life) -> None:
    end, later = START + 14 * DAY, START + 28 * DAY
    sub = s.begin(BENCH, status="trialing", trial_end=end)
    item: Item = sub.items[0]
    s.pay(s.finalised(s.draft(sub, [Line("regular", 0, START, end, BENCH, item.id)])))
    s.wait(days=10)
    sub.trial_end = sub.anchor = item.end = later
    s.updated(sub)
    s.pay(s.finalised(s.draft(sub, [Line("regular", 0, s.now, later, BENCH, item.id)])))
    s.expect("good", "bench=good", later)
    s.wait(days=1)
    s.cancel_at_period_end(sub)
    s.expect("lapsed", at=later + MINUTE)


@story
def first_period_prorated(s: Life) -> None:
    """Anchored to the first of the month: the first bill has nothing but a charging proration."""
    first = START.replace(month=2, day=1)
    sub = s.begin(BENCH)
    sub.anchor = sub.items[0].end = first
    s.pay(s.finalised(s.draft(sub, [Line("proration", 4258, START, first, BENCH, sub.items[0].id)])))
    s.becomes(sub, "active")
    s.expect("good", "bench=good", first)  # its item has no earlier regular line
    s.renew(sub)
    s.expect("good", "bench=good", months_later(first, 1), at=s.now + timedelta(minutes=2))
