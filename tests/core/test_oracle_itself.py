"""Examples worked out by hand, dates spelled out, for the oracle itself: lest it and standing be wrong together."""

from __future__ import annotations

from datetime import UTC, datetime

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
    Status,
    SubscriptionRecord,
    SubscriptionState,
    Terms,
)

from .oracle import OracleAnswer, OracleMemberAnswer, judge, judge_member


def on(month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2024, month, day, hour, minute, tzinfo=UTC)


BASIC = LevelSpan(on(3, 1), "basic", Terms(grace_days=7, prepaid_grace_days=2))
LIVE = SubscriptionRecord("sub_alice", on(3, 1))
MARCH = InvoiceRecord("inv_march", on(3, 1), (Line("membership", on(3, 1), on(4, 1)),), settled_at=on(3, 1))


def test_alice_paid_for_march_and_has_the_window_and_seven_days() -> None:
    alice = MembershipRecord("alice", on(3, 1), (BASIC,), (LIVE,), (MARCH,))
    assert judge(alice, on(2, 29)) == OracleAnswer(Status.NONE, "", None, None)
    assert judge(alice, on(3, 1)) == OracleAnswer(Status.GOOD, "basic", on(4, 1), on(4, 2))  # the window joins on
    assert judge(alice, on(3, 31, 23, 59)) == OracleAnswer(Status.GOOD, "basic", on(4, 1), on(4, 2))
    assert judge(alice, on(4, 1)) == OracleAnswer(Status.GOOD, "basic", on(4, 1), on(4, 2))
    assert judge(alice, on(4, 2)) == OracleAnswer(Status.GRACE, "basic", on(4, 1), on(4, 8))
    assert judge(alice, on(4, 7, 23, 59)) == OracleAnswer(Status.GRACE, "basic", on(4, 1), on(4, 8))
    assert judge(alice, on(4, 8)) == OracleAnswer(Status.LAPSED, "basic", None, None)


def test_a_failed_renewal_ends_the_window_and_its_settling_ends_the_grace() -> None:
    april = InvoiceRecord(
        "inv_april",
        on(4, 1),
        (Line("membership", on(4, 1), on(5, 1)),),
        settled_at=on(4, 4, 12),
        failed_at=(on(4, 1, 12),),
    )
    alice = MembershipRecord("alice", on(3, 1), (BASIC,), (LIVE,), (MARCH, april))
    assert judge(alice, on(4, 1, 11)) == OracleAnswer(Status.GOOD, "basic", on(4, 1), on(4, 2))
    assert judge(alice, on(4, 1, 12)) == OracleAnswer(Status.GRACE, "basic", on(4, 1), on(4, 8))
    assert judge(alice, on(4, 4, 12)) == OracleAnswer(Status.GOOD, "basic", on(5, 1), on(5, 2))


def test_without_days_of_grace_the_window_still_stands() -> None:
    strict = LevelSpan(on(3, 1), "strict", Terms(grace_days=0))
    alice = MembershipRecord("alice", on(3, 1), (strict,), (LIVE,), (MARCH,))
    assert judge(alice, on(4, 1, 23, 59)) == OracleAnswer(Status.GOOD, "strict", on(4, 1), on(4, 2))
    assert judge(alice, on(4, 2)) == OracleAnswer(Status.LAPSED, "strict", None, None)


def test_bob_who_cancelled_has_neither_window_nor_grace() -> None:
    told = SubscriptionState(on(3, 10), ends_at=on(4, 1))
    bob = MembershipRecord("bob", on(3, 1), (BASIC,), (SubscriptionRecord("sub_bob", on(3, 1), (told,)),), (MARCH,))
    assert judge(bob, on(3, 5)).changes_at == on(4, 2)  # nobody knew yet
    assert judge(bob, on(3, 10)) == OracleAnswer(Status.GOOD, "basic", on(4, 1), on(4, 1))
    assert judge(bob, on(4, 1)) == OracleAnswer(Status.LAPSED, "basic", None, None)


def test_an_end_that_comes_in_the_grace_ends_the_grace() -> None:
    told = SubscriptionState(on(4, 2), ends_at=on(4, 5))
    bob = MembershipRecord("bob", on(3, 1), (BASIC,), (SubscriptionRecord("sub_bob", on(3, 1), (told,)),), (MARCH,))
    assert judge(bob, on(4, 3)) == OracleAnswer(Status.GRACE, "basic", on(4, 1), on(4, 5))
    assert judge(bob, on(4, 5)) == OracleAnswer(Status.LAPSED, "basic", None, None)


def test_a_paused_subscription_has_no_grace_until_it_resumes() -> None:
    told = SubscriptionState(on(3, 20), paused=True, resumes_at=on(4, 3))
    bob = MembershipRecord("bob", on(3, 1), (BASIC,), (SubscriptionRecord("sub_bob", on(3, 1), (told,)),), (MARCH,))
    assert judge(bob, on(4, 1)) == OracleAnswer(Status.LAPSED, "basic", None, on(4, 3))
    assert judge(bob, on(4, 3)) == OracleAnswer(Status.GRACE, "basic", on(4, 1), on(4, 8))


def test_a_refund_takes_the_coverage_from_then_on_and_leaves_no_grace() -> None:
    refunded = InvoiceRecord(
        "inv_march", on(3, 1), MARCH.lines, settled_at=on(3, 1), revocations=(Revocation(on(3, 10), on(3, 12)),)
    )
    charlie = MembershipRecord("charlie", on(3, 1), (BASIC,), (LIVE,), (refunded,))
    assert judge(charlie, on(3, 9)) == OracleAnswer(Status.GOOD, "basic", on(4, 1), on(4, 2))
    assert judge(charlie, on(3, 10)) == OracleAnswer(Status.LAPSED, "basic", None, None)
    assert judge(charlie, on(3, 12)) == OracleAnswer(Status.GOOD, "basic", on(4, 1), on(4, 2))  # the refund failed


def test_a_reset_ends_the_earlier_period_for_good_even_if_it_is_revoked() -> None:
    reset = InvoiceRecord(
        "inv_reset",
        on(3, 11),
        (Line("membership", on(3, 11), on(4, 11)),),
        settled_at=on(3, 11),
        revocations=(Revocation(on(3, 15)),),
    )
    charlie = MembershipRecord("charlie", on(3, 1), (BASIC,), (LIVE,), (MARCH, reset))
    assert judge(charlie, on(3, 14)) == OracleAnswer(Status.GOOD, "basic", on(4, 11), on(4, 12))
    assert judge(charlie, on(3, 15)) == OracleAnswer(Status.LAPSED, "basic", None, None)


def test_two_subscriptions_unite() -> None:
    second = InvoiceRecord(
        "inv_second", on(3, 11), (Line("of another subscription", on(3, 11), on(4, 11)),), settled_at=on(3, 11)
    )
    charlie = MembershipRecord("charlie", on(3, 1), (BASIC,), (LIVE,), (MARCH, second))
    assert judge(charlie, on(3, 20)) == OracleAnswer(Status.GOOD, "basic", on(4, 11), on(4, 12))


def test_a_proration_covers_only_an_item_without_an_earlier_regular_line() -> None:
    charge = Line("membership", on(3, 20), on(5, 1), LineKind.PRORATION)
    change = InvoiceRecord("inv_change", on(3, 20), (charge,), settled_at=on(3, 20))
    moved = MembershipRecord("alice", on(3, 1), (BASIC,), (LIVE,), (MARCH, change))
    fresh = MembershipRecord("bob", on(3, 1), (BASIC,), (LIVE,), (change,))
    assert judge(moved, on(3, 21)).covered_until == on(4, 1)
    assert judge(fresh, on(3, 19)) == OracleAnswer(Status.PENDING, "basic", None, None)
    assert judge(fresh, on(3, 21)) == OracleAnswer(Status.GOOD, "basic", on(5, 1), on(5, 2))


def test_a_prepaid_term_has_its_own_grace_and_no_window() -> None:
    term = InvoiceRecord(
        "inv_term", on(3, 1), (Line("term", on(3, 2), on(3, 12), LineKind.PREPAID),), settled_at=on(3, 2)
    )
    bob = MembershipRecord("bob", on(3, 1), (BASIC,), (), (term,))
    assert judge(bob, on(3, 1)) == OracleAnswer(Status.PENDING, "basic", None, None)
    assert judge(bob, on(3, 2)) == OracleAnswer(Status.GOOD, "basic", on(3, 12), on(3, 12))
    assert judge(bob, on(3, 12)) == OracleAnswer(Status.GRACE, "basic", on(3, 12), on(3, 14))
    assert judge(bob, on(3, 14)) == OracleAnswer(Status.LAPSED, "basic", None, None)
    left = MembershipRecord("bob", on(3, 1), (BASIC,), (), (term,), cancelled_at=on(3, 13))
    assert judge(left, on(3, 12)).status is Status.GRACE
    assert judge(left, on(3, 13)) == OracleAnswer(Status.LAPSED, "basic", None, None)


def test_a_hold_holds_who_could_enter_and_nobody_else() -> None:
    planned = Hold(HoldKind.SUSPENDED, on(3, 5), until=on(3, 8))
    lifted = Hold(HoldKind.APPROVAL, on(4, 1, 12), released_at=on(4, 3))
    alice = MembershipRecord("alice", on(3, 1), (BASIC,), (LIVE,), (MARCH,), holds=(planned, lifted))
    assert judge(alice, on(3, 5)) == OracleAnswer(Status.HELD, "basic", on(4, 1), on(3, 8))
    assert judge(alice, on(3, 8)) == OracleAnswer(Status.GOOD, "basic", on(4, 1), on(4, 2))
    assert judge(alice, on(4, 1, 12)) == OracleAnswer(Status.HELD, "basic", on(4, 1), on(4, 8))
    assert judge(alice, on(4, 3)) == OracleAnswer(Status.GRACE, "basic", on(4, 1), on(4, 8))


def test_a_grant_without_end_and_a_change_of_level() -> None:
    given = Grant("honorary", on(3, 5), None, on(3, 4), withdrawn_at=on(6, 1))
    full = LevelSpan(on(3, 10), "full", BASIC.terms)
    bob = MembershipRecord("bob", on(3, 4), (BASIC, full), grants=(given,))
    assert judge(bob, on(3, 4)) == OracleAnswer(Status.PENDING, "basic", None, on(3, 5))  # granted, not begun
    assert judge(bob, on(3, 9)) == OracleAnswer(Status.GOOD, "basic", None, None)
    assert judge(bob, on(3, 10)) == OracleAnswer(Status.GOOD, "full", None, None)
    assert judge(bob, on(6, 1)) == OracleAnswer(Status.LAPSED, "full", None, None)


def test_a_member_is_as_good_as_his_best_membership() -> None:
    full = LevelSpan(on(3, 1), "full", Terms())
    basic = MembershipRecord("one", on(3, 1), (BASIC,), (LIVE,), (MARCH,))
    long = InvoiceRecord("inv_long", on(3, 2), (Line("term", on(3, 3), on(4, 5), LineKind.PREPAID),), on(3, 3))
    other = MembershipRecord("two", on(3, 2), (full,), (), (long,))
    both = (basic, other)
    assert judge_member(both, on(2, 1)) == OracleMemberAnswer(Status.NONE, None, None)
    assert judge_member(both, on(3, 2)) == OracleMemberAnswer(Status.GOOD, on(4, 1), on(4, 2))
    assert judge_member(both, on(3, 3)) == OracleMemberAnswer(Status.GOOD, on(4, 5), on(4, 2))  # one turns to grace
    assert judge_member(both, on(4, 2)) == OracleMemberAnswer(Status.GOOD, on(4, 5), on(4, 5))
    assert judge_member(both, on(4, 5)) == OracleMemberAnswer(Status.GRACE, on(4, 1), on(4, 8))
    assert judge_member(both, on(4, 8)) == OracleMemberAnswer(Status.LAPSED, None, None)
