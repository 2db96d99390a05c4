"""What must also hold where the gateway bills: instalments (R12), and the bill that a change makes us expect (R21, R25, P48)."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

import pytest
from django.core.management import call_command

from goodstanding.billing.models import Invoice as OurInvoice
from goodstanding.billing.models import Subscription as OurSubscription
from goodstanding.gateways.requests import Change, When
from goodstanding.gateways.sandbox.models import Customer, Message
from goodstanding.gateways.sandbox.vendor import plans, sending, subscriptions
from goodstanding.gateways.sandbox.vendor.telling import Teller
from goodstanding.inbox import services as inbox
from goodstanding.memberships.coming import expected_bills, ledgers_of
from goodstanding.memberships.rebuilding import rebuild_customers
from tests.gateways.living import ANNUAL, FULL, WEEKDAY, Life, at

pytestmark = [pytest.mark.django_db]
THREE = replace(FULL, payments=3)


@pytest.fixture
def life(alice) -> Life:
    return Life(alice)


def status() -> str:
    return OurSubscription.objects.get().status


def test_instalments_end_by_themselves_and_are_completed_not_cancelled(life: Life) -> None:
    """R12: after exactly three payments the vendor's deletion comes at the end of what the last one paid."""
    life.join(THREE)
    life.until(at(6, 2, 9, 59))
    life.hear()
    assert (status(), OurInvoice.objects.filter(status="paid").count()) == ("active", 3)
    life.until(at(9, 1))
    life.hear()
    assert life.told()[-1] == "subscription.deleted"
    assert (status(), OurInvoice.objects.count()) == ("completed", 3)
    assert life.standing(at(6, 2, 9, 59)) == "full=good until 2026-06-02T10:00:00Z"
    assert life.standing(at(6, 2)) == "full=lapsed"


def test_who_cancels_before_the_last_payment_has_cancelled(life: Life) -> None:
    ref = life.join(THREE)
    life.until(at(4, 10))
    life.gateway.end(ref, When.NOW, **life.on)
    life.hear()
    assert status() == "cancelled"


@pytest.mark.parametrize("seed", range(4))
def test_in_whatever_order_it_is_told_it_is_completed(life: Life, seed: int) -> None:
    """The deletion may come before the last payment is heard of; a rebuild finds the same."""
    life.join(THREE)
    life.until(at(7, 1))
    life.hear_shuffled(seed)
    assert status() == "completed"
    assert rebuild_customers()[2] == []


def coming() -> list[tuple[str, str]]:
    rows = list(OurSubscription.objects.all())
    found = expected_bills(rows, ledgers_of(rows))
    return [(f"{each.since:%m-%d}", f"{each.at:%m-%d}" if each.at else "") for each in found.values()]


def test_a_change_of_plan_is_expected_to_be_billed_until_its_bill_comes(life: Life) -> None:
    """R25, P48: the level moves at once; the coming bill is expected, its amount unknown. The next bill ends that."""
    life.join()
    life.until(at(3, 12))
    # As somebody does in the vendor's own dashboard: the plan changes, and nothing is billed for it before the next period.
    row = life.subscription()
    for plan, day in ((WEEKDAY, 12), (FULL, 13), (WEEKDAY, 14)):  # changed more than once: one bill is expected
        life.until(at(3, day))
        row.refresh_from_db()
        row.plan = plans.packed(plan)
        teller = Teller(Customer.objects.get(pk=life.customer), life.now)
        subscriptions.tell(row, teller, at=life.now)
        teller.write()
        life.hear()
    assert coming() == [("03-14", "04-02")]
    assert life.standing(life.now).startswith("weekday=good")
    said = StringIO()
    call_command("explain", life.member.email, "--at", at(3, 15).isoformat(), stdout=said)
    assert said.getvalue().count("a bill is expected by 2026-04-02T10:00:00Z, amount unknown") == 1
    life.until(at(4, 2, 12))
    life.hear()
    assert coming() == []


def test_a_change_that_is_billed_at_once_expects_nothing(life: Life) -> None:
    ref = life.join()
    life.until(at(3, 12))
    life.gateway.change(ref, Change(life.key(), to=ANNUAL), **life.on)
    life.hear()
    assert coming() == []


def test_what_has_ended_expects_nothing(life: Life) -> None:
    ref = life.join(WEEKDAY)
    life.until(at(3, 12))
    life.gateway.change(ref, Change(life.key(), to=FULL, when=When.PERIOD_END), **life.on)
    life.gateway.end(ref, When.NOW, **life.on)
    life.hear()
    assert coming() == []


@pytest.mark.parametrize("seed", [None, 0, 1])
def test_bills_of_nothing_renew_as_those_that_are_charged(life: Life, seed: int | None) -> None:
    """G3, G6, R19: from a year to a month now: what is left of the year pays months, each renewed once, also told backwards."""
    ref = life.join(ANNUAL)
    life.until(at(3, 12))
    life.gateway.change(ref, Change(life.key(), to=FULL), **life.on)
    life.until(at(6, 13))
    if seed is None:
        for row in Message.objects.filter(account=life.account).order_by("-id"):  # paid is told before finalised
            body = row.body.encode()
            inbox.receive(life.account, sending.headers(life.account, body, at=life.now), body, now=life.now)
            life.work()
    else:
        life.hear_shuffled(seed)
    bills = OurInvoice.objects.filter(total_minor=FULL.amount.amount_minor)
    assert [(bill.status, bill.due_minor) for bill in bills] == [("paid", 0)] * 3
    assert [life.standing(at(month, 13)) for month in (4, 5)] == [
        f"full=good until 2026-{month:02}-12T10:00:00Z" for month in (5, 6)
    ]
