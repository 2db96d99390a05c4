"""Lives with the account that bills by its own clock: in whatever order its messages come, standing is the same and right.

What is expected was reasoned out by hand: alice joins on 2 March at 10:00 for 100 a month, seven days of grace.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from goodstanding.core.money import Money
from goodstanding.gateways.protocol import GatewayRefused
from goodstanding.gateways.requests import Change, Redirect, When
from goodstanding.gateways.sandbox.models import Dispute, Invoice
from goodstanding.gateways.sandbox.vendor import disputes, pages
from goodstanding.memberships.rebuilding import rebuild_customers
from tests.gateways.living import ANNUAL, FULL, WEEKDAY, Life, at

pytestmark = [pytest.mark.django_db]

Expected = dict[datetime, str]
TO_APRIL, TO_MAY, TO_JUNE = (f" until 2026-0{month}-02T10:00:00Z" for month in (4, 5, 6))


def joins_and_renews(life: Life) -> Expected:
    life.join()
    life.until(at(5, 3))
    return {
        at(3, 2, 9): "none",
        at(3, 2): "full=good" + TO_APRIL,
        at(4, 2, 9, 59): "full=good" + TO_APRIL,
        at(4, 2, 10, 30): "full=good" + TO_APRIL,  # in the window, while the invoice is a draft
        at(4, 2, 11): "full=good" + TO_MAY,
        at(5, 2, 11): "full=good" + TO_JUNE,
    }


def fails_and_lapses(life: Life) -> Expected:
    life.join(card="sandbox_fails_later")
    life.until(at(5, 20))
    return {
        at(4, 2, 10, 59): "full=good" + TO_APRIL,
        at(4, 2, 11): "full=grace" + TO_APRIL,
        at(4, 9, 9, 59): "full=grace" + TO_APRIL,
        at(4, 9): "full=lapsed",
        at(4, 9, 11): "full=lapsed",
        at(5, 10): "full=lapsed",
    }


def fails_and_recovers(life: Life) -> Expected:
    life.join(card="sandbox_fails_later")
    life.until(at(4, 4, 18))
    life.pay_open_invoice(keep=True)
    life.until(at(5, 3))
    return {
        at(4, 4, 17): "full=grace" + TO_APRIL,
        at(4, 4, 18): "full=good" + TO_MAY,
        at(5, 2, 10, 30): "full=good" + TO_MAY,
        at(5, 2, 11): "full=good" + TO_JUNE,
    }


def recovers_after_the_lapse(life: Life) -> Expected:
    life.join(card="sandbox_fails_later")
    life.until(at(4, 9, 10, 30))
    life.pay_open_invoice(keep=True)  # half an hour before the last try
    life.until(at(4, 20))
    return {
        at(4, 9, 10, 15): "full=lapsed",
        at(4, 9, 10, 30): "full=good" + TO_MAY,
        at(4, 19): "full=good" + TO_MAY,
    }


def cancels(life: Life) -> Expected:
    ref = life.join()
    life.until(at(3, 10))
    life.gateway.end(ref, When.PERIOD_END, **life.on)
    life.until(at(4, 20))
    return {at(3, 20): "full=good" + TO_APRIL, at(4, 2, 9, 59): "full=good" + TO_APRIL, at(4, 2): "full=lapsed"}


def cancels_and_stays_after_all(life: Life) -> Expected:
    ref = life.join()
    life.until(at(3, 10))
    life.gateway.end(ref, When.PERIOD_END, **life.on)
    life.until(at(3, 12))
    life.gateway.resume(ref, **life.on)
    life.until(at(4, 3))
    return {at(4, 2, 10, 30): "full=good" + TO_APRIL, at(4, 2, 11): "full=good" + TO_MAY}


def is_cancelled_at_once(life: Life) -> Expected:
    """It shortens nothing that is paid."""
    ref = life.join()
    life.until(at(3, 10))
    life.gateway.end(ref, When.NOW, **life.on)
    life.until(at(4, 20))
    return {at(3, 10): "full=good" + TO_APRIL, at(4, 1): "full=good" + TO_APRIL, at(4, 2): "full=lapsed"}


def cancels_and_stays_twice_within_a_moment(life: Life) -> Expected:
    ref = life.join()
    for _ in range(3):
        life.gateway.end(ref, When.PERIOD_END, **life.on)
        life.gateway.resume(ref, **life.on)
    life.until(at(4, 3))
    return {at(4, 2, 10, 30): "full=good" + TO_APRIL, at(4, 3): "full=good" + TO_MAY}


def is_refunded(life: Life) -> Expected:
    life.join()
    paid = life.last_payment()
    life.until(at(3, 10))
    life.gateway.refund(paid.pk, amount=Money(4_000, "EUR"), key=life.key(), **life.on)
    life.until(at(3, 12))
    life.gateway.refund(paid.pk, amount=Money(6_000, "EUR"), key=life.key(), **life.on)
    return {at(3, 9): "full=good" + TO_APRIL, at(3, 11): "full=good" + TO_APRIL, at(3, 12): "full=lapsed"}


def disputes_and_loses_it(life: Life) -> Expected:
    life.join(card="sandbox_disputed")
    life.until(at(3, 8))
    disputes.close(Dispute.objects.get().pk, won=False, now=life.now)
    return {
        at(3, 3, 9): "full=good" + TO_APRIL,
        at(3, 3): "full=held" + TO_APRIL,
        at(3, 7): "full=held" + TO_APRIL,
        at(3, 8): "full=lapsed",
    }


def disputes_and_the_house_wins(life: Life) -> Expected:
    life.join(card="sandbox_disputed")
    life.until(at(3, 8))
    disputes.close(Dispute.objects.get().pk, won=True, now=life.now)
    return {at(3, 4): "full=held" + TO_APRIL, at(3, 8): "full=good" + TO_APRIL}


def goes_up(life: Life) -> Expected:
    ref = life.join(WEEKDAY)
    life.until(at(3, 17, 22))  # half of the 31 days are over
    life.gateway.change(ref, Change(life.key(), FULL), **life.on)
    life.until(at(4, 3))
    assert list(Invoice.objects.order_by("created_at").values_list("total_minor", flat=True)) == [6_000, 2_000, 10_000]
    return {
        at(3, 17): "weekday=good" + TO_APRIL,
        at(3, 17, 22): "full=good" + TO_APRIL,
        at(4, 2, 11): "full=good" + TO_MAY,
    }


def goes_down_at_the_end(life: Life) -> Expected:
    ref = life.join()
    life.until(at(3, 17))
    life.gateway.change(ref, Change(life.key(), WEEKDAY, when=When.PERIOD_END), **life.on)
    life.until(at(4, 3))
    assert list(Invoice.objects.order_by("created_at").values_list("total_minor", flat=True)) == [10_000, 6_000]
    return {
        at(3, 20): "full=good" + TO_APRIL,
        at(4, 2, 9, 59): "full=good" + TO_APRIL,
        at(4, 2, 11): "weekday=good" + TO_MAY,
    }


def goes_over_to_a_year(life: Life) -> Expected:
    ref = life.join()
    life.until(at(3, 17, 22))
    life.gateway.change(ref, Change(life.key(), ANNUAL), **life.on)
    assert list(Invoice.objects.order_by("created_at").values_list("total_minor", flat=True)) == [10_000, 95_000]
    return {
        at(3, 17): "full=good" + TO_APRIL,
        at(3, 17, 22): "full=good until 2027-03-17T22:00:00Z",
        at(3, 17, 21, year=2027): "full=good until 2027-03-17T22:00:00Z",
    }


def goes_down_now_and_has_credit(life: Life) -> Expected:
    ref = life.join()
    life.until(at(3, 17, 22))
    life.gateway.change(ref, Change(life.key(), WEEKDAY), **life.on)
    life.until(at(4, 3))
    invoices = Invoice.objects.order_by("created_at").values_list("total_minor", "due_minor", "credit_minor")
    assert list(invoices) == [(10_000, 10_000, 0), (-2_000, 0, -2_000), (6_000, 4_000, 2_000)]
    return {at(3, 18): "weekday=good" + TO_APRIL, at(4, 2, 11): "weekday=good" + TO_MAY}


def approves(life: Life) -> Expected:
    life.join(card="sandbox_challenge")
    life.until(at(3, 2, 12))
    pages.decide(life.last_payment().page, approved=True, now=life.now)
    life.until(at(4, 3))
    return {
        at(3, 2, 11): "full=pending",
        at(3, 2, 12): "full=good" + TO_APRIL,
        at(4, 2, 11): "full=good" + TO_MAY,  # approved once, charged without its owner later
    }


def never_approves(life: Life) -> Expected:
    life.join(card="sandbox_challenge")
    life.until(at(3, 5))
    return {at(3, 2, 11): "full=pending", at(3, 3, 8, 59): "full=pending", at(3, 3, 9): "full=lapsed"}


def refuses_to_approve(life: Life) -> Expected:
    life.join(card="sandbox_challenge")
    life.until(at(3, 2, 12))
    pages.decide(life.last_payment().page, approved=False, now=life.now)
    return {at(3, 2, 11): "full=pending", at(3, 2, 12): "full=lapsed"}


def must_approve_every_time(life: Life) -> Expected:
    life.join(card="sandbox_challenge_always")
    pages.decide(life.last_payment().page, approved=True, now=life.now)
    life.until(at(4, 4))
    again = life.pay_open_invoice(card="", method=life.last_payment().method_id)
    assert isinstance(again, Redirect)
    life.until(at(4, 4, 12))
    pages.decide(again.url.split("/")[-2], approved=True, now=life.now)
    return {
        at(4, 2, 11): "full=grace" + TO_APRIL,
        at(4, 4, 11): "full=grace" + TO_APRIL,
        at(4, 4, 12): "full=good" + TO_MAY,
    }


def is_declined_and_tries_again(life: Life) -> Expected:
    with pytest.raises(GatewayRefused):
        life.join(card="sandbox_declined")
    life.until(at(3, 2, 11))
    life.join()
    return {at(3, 2, 10, 30): "none", at(3, 2, 11): "full=good until 2026-04-02T11:00:00Z"}


def joins_at_the_end_of_january(life: Life) -> Expected:
    """The anchor is the 31st, though February has none."""
    life.until(at(1, 31, year=2027))
    life.join()
    life.until(at(5, 1, year=2027))
    return {
        at(2, 1, year=2027): "full=good until 2027-02-28T10:00:00Z",
        at(3, 1, year=2027): "full=good until 2027-03-31T10:00:00Z",
        at(4, 1, year=2027): "full=good until 2027-04-30T10:00:00Z",
        at(5, 1, year=2027): "full=good until 2027-05-31T10:00:00Z",
    }


LIVES: list[Callable[[Life], Expected]] = [
    joins_and_renews,
    fails_and_lapses,
    fails_and_recovers,
    recovers_after_the_lapse,
    cancels,
    cancels_and_stays_after_all,
    is_cancelled_at_once,
    cancels_and_stays_twice_within_a_moment,
    is_refunded,
    disputes_and_loses_it,
    disputes_and_the_house_wins,
    goes_up,
    goes_down_at_the_end,
    goes_over_to_a_year,
    goes_down_now_and_has_credit,
    approves,
    never_approves,
    refuses_to_approve,
    must_approve_every_time,
    is_declined_and_tries_again,
    joins_at_the_end_of_january,
]


def differences(life: Life, expected: Expected) -> list[str]:
    got = {moment: life.standing(moment) for moment in expected}
    return [f"{moment}: {got[moment]}, not {wanted}" for moment, wanted in expected.items() if got[moment] != wanted]


@pytest.mark.parametrize("lived", LIVES, ids=lambda lived: lived.__name__)
def test_told_in_order_every_answer_is_right(alice, lived):
    life = Life(alice)
    expected = lived(life)
    life.hear()
    assert differences(life, expected) == []


@pytest.mark.parametrize("lived", LIVES, ids=lambda lived: lived.__name__)
def test_our_books_say_what_the_vendors_say(alice, lived):
    life = Life(alice)
    lived(life)
    life.hear()
    theirs = life.at_the_vendors()
    assert {chart: life.balance(chart) for chart in theirs} == theirs


@pytest.mark.parametrize("lived", LIVES, ids=lambda lived: lived.__name__)
def test_made_anew_from_the_facts_the_records_are_the_same(alice, lived):
    """I4."""
    life = Life(alice)
    lived(life)
    life.hear()
    assert rebuild_customers()[2] == []


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("lived", LIVES, ids=lambda lived: lived.__name__)
def test_told_in_disorder_and_several_times_every_answer_is_the_same(alice, lived, seed):
    life = Life(alice)
    expected = lived(life)
    life.hear_shuffled(seed)
    assert differences(life, expected) == []


@pytest.mark.parametrize("lived", LIVES, ids=lambda lived: lived.__name__)
def test_where_all_messages_are_lost_one_look_at_what_was_missed_mends_it(alice, lived):
    """I3: and a second one does nothing."""
    life = Life(alice)
    expected = lived(life)
    assert life.fetch_what_was_missed() > 0
    assert differences(life, expected) == []
    assert life.fetch_what_was_missed() == 0


@pytest.mark.parametrize("lived", LIVES, ids=lambda lived: lived.__name__)
def test_where_all_that_was_told_is_gone_for_good_a_look_tells_how_things_stand(alice, lived):
    """When a level was changed long ago is then lost; how things stand at the end is not."""
    life = Life(alice)
    expected = lived(life)
    refs = life.everything()
    assert life.look_at(refs) > 0
    assert differences(life, {max(expected): expected[max(expected)]}) == []
    assert life.look_at(refs) == 0
