"""Money back: a full refund revokes what its invoice bought, a partial one does not; a dispute holds, a lost one revokes."""

from __future__ import annotations

from tests.scenarios.stories.shelf import BENCH, E1, E2, E3, HALF_HOUR, story
from tests.stripe_steps import Life
from tests.stripe_stories import DAY


@story
def partial_refunds_that_add_up(s: Life) -> None:
    sub = s.subscribe(BENCH)
    inv = s.renew(sub)
    s.wait(days=1)
    s.refund(inv, 2000)
    s.expect("good", "bench=good", E2)
    s.wait(days=1)
    s.refund(inv, 1000)
    s.expect("good", "bench=good", E2)
    s.wait(days=1)
    s.refund(inv, 3000)
    s.expect("lapsed")
    late = s.renewing(sub)
    s.expect("lapsed", at=E2 + HALF_HOUR)  # the latest purchased period is revoked: no window
    s.pay(late)
    s.expect("good", "bench=good", E3)


@story
def refund_that_fails(s: Life) -> None:
    sub = s.subscribe(BENCH)
    inv = s.renew(sub)
    s.wait(days=3)
    refund = s.refund(inv)
    s.expect("lapsed")
    s.wait(days=5)
    s.refund_fails(refund)
    s.expect("good", "bench=good", E2)  # nothing was given back after all


@story
def refunds_told_by_the_charge_alone(s: Life) -> None:
    sub = s.subscribe(BENCH)
    inv = s.renew(sub)
    s.old_can_say_it = False  # there the charge carries its refunds
    s.wait(days=1)
    s.refund(inv, 2000, told=False)
    s.expect("good", "bench=good", E2)
    s.wait(days=1)
    s.refund(inv, 4000, told=False)
    s.expect("lapsed")


@story
def one_refund_told_the_other_only_by_the_charge(s: Life) -> None:
    sub = s.subscribe(BENCH)
    inv = s.renew(sub)
    s.old_can_say_it = False
    s.wait(days=1)
    s.refund(inv, 2000)
    s.expect("good", "bench=good", E2)
    s.wait(days=1)
    s.refund(inv, 4000, told=False)
    s.expect("lapsed")  # the charge says that all of it is back


@story
def refund_of_an_older_invoice(s: Life) -> None:
    sub = s.begin(BENCH)
    first = s.pay(s.finalised(s.draft(sub)))
    s.becomes(sub, "active")
    s.renew(sub)
    s.wait(days=2)
    s.refund(first)
    s.expect("good", "bench=good", E2)  # an older revocation changes nothing
    late = s.renewing(sub)
    s.expect("good", "bench=good", E2, at=E2 + HALF_HOUR)  # nor does it close the window
    s.pay(late)
    s.expect("good", "bench=good", E3)


@story
def dispute_lost(s: Life) -> None:
    sub = s.subscribe(BENCH)
    inv = s.renew(sub)
    s.wait(days=3)
    dispute = s.dispute(inv)
    s.expect("held", "bench=held", E2)
    s.wait(days=9)
    s.dispute_ends(dispute, "lost")
    s.expect("lapsed")
    s.renew(sub)
    s.expect("good", "bench=good", E3)


@story
def dispute_over_the_renewal(s: Life) -> None:
    sub = s.begin(BENCH)
    first = s.pay(s.finalised(s.draft(sub)))
    s.becomes(sub, "active")
    s.until(E1 - DAY)
    dispute = s.dispute(first)
    s.expect("held", "bench=held", E1)
    inv = s.renewing(sub)
    s.expect("held", "bench=held", E1, at=E1 + HALF_HOUR)  # held in the window, too
    s.pay(inv)
    s.expect("held", "bench=held", E2)
    s.wait(days=5)
    s.dispute_ends(dispute, "won")
    s.expect("good", "bench=good", E2)


@story
def dispute_of_an_older_invoice_lost(s: Life) -> None:
    sub = s.begin(BENCH)
    first = s.pay(s.finalised(s.draft(sub)))
    s.becomes(sub, "active")
    s.renew(sub)
    s.wait(days=3)
    dispute = s.dispute(first)
    s.expect("held", "bench=held", E2)
    s.wait(days=4)
    s.dispute_ends(dispute, "lost")
    s.expect("good", "bench=good", E2)


@story
def only_asked(s: Life) -> None:
    """An inquiry of the bank: held while it is open, and nothing lost."""
    sub = s.begin(BENCH)
    inv = s.pay(s.finalised(s.draft(sub)))
    s.becomes(sub, "active")
    s.wait(days=3)
    dispute = s.dispute(inv, "warning_needs_response")
    s.expect("held", "bench=held", E1)
    s.wait(days=9)
    s.dispute_ends(dispute, "warning_closed")
    s.expect("good", "bench=good", E1)


@story
def refunded_in_the_second_of_the_payment(s: Life) -> None:
    sub = s.begin(BENCH)
    inv = s.pay(s.finalised(s.draft(sub)))
    s.refund(inv)
    s.expect("pending", "bench=pending")  # taken back as it began: never covered, and the subscription is live
