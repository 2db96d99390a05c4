"""Bills that cannot be collected, lived through on our own clock: by the site's ladder, to its end."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction

from goodstanding.audit.models import AuditEntry
from goodstanding.billing import policies, recording
from goodstanding.billing.models import (
    DunningPolicy,
    GatewayCustomer,
    Invoice,
    Payment,
    PaymentAttempt,
    Subscription,
    Turn,
)
from goodstanding.catalogue.models import Price
from goodstanding.clock import StoppedClock
from goodstanding.communications.models import Mail
from goodstanding.core.ledger import Ledger
from goodstanding.gateways.models import GatewayAccount
from goodstanding.gateways.sandbox.vendor import pages
from goodstanding.memberships import byhand, cards, expiring, owing, retrying
from goodstanding.memberships.intake import take_in
from goodstanding.memberships.reading import standing_now
from tests.apps.checkout import test_joining
from tests.apps.checkout.border import deliver, tick
from tests.apps.checkout.test_our_clock import day
from tests.apps.inbox.test_two_workers import at_once

pytestmark = pytest.mark.django_db(transaction=True)

PriceOf = Callable[..., Price]
Until = Callable[..., None]
DAY = timedelta(days=1)
RENEWAL = day(4, 2)


def set_policy(dana: Any, clock: StoppedClock, **values: Any) -> None:
    policies.put(DunningPolicy(**values), reason="test", by=dana, now=clock.now)


def buy(member: Any, price: Price, clock: StoppedClock, **how: str) -> Any:
    """Join a month before ``RENEWAL``, and wait until just before it."""
    found = test_joining.buy(member, price, clock, **how)
    clock.set(RENEWAL - timedelta(hours=1))
    return found


def charged_on() -> list[int]:
    tried = PaymentAttempt.objects.filter(kind="charge").order_by("begun_at").values_list("begun_at", flat=True)
    return [(at - RENEWAL) // DAY for at in tried]


def status() -> str:
    return Subscription.objects.get().status


def test_b55_the_sites_ladder_is_followed_to_the_end(
    alice: Any, dana: Any, price: PriceOf, clock: StoppedClock, until: Until
) -> None:
    set_policy(dana, clock, days=[2, 5, 7, 7], counted="previous")
    buy(alice, price("full", "month"), clock, card="sandbox_fails_later")
    until(RENEWAL + DAY)
    assert status() == "past_due"
    set_policy(dana, clock, days=[1])  # for bills to come: the open one keeps its ladder
    until(RENEWAL + 22 * DAY)
    assert charged_on() == [0, 2, 7, 14, 21]
    assert (status(), Invoice.objects.latest("issued_at").status) == ("cancelled", "uncollectible")
    assert standing_now(alice.pk, now=clock.now).status == "lapsed"


def test_b57_a_card_that_is_refused_for_good_is_not_tried_again(
    alice: Any, price: PriceOf, clock: StoppedClock, until: Until
) -> None:
    buy(alice, price("full", "month"), clock, card="sandbox_stolen_later")
    until(RENEWAL + 6 * DAY)
    assert charged_on() == [0]
    assert status() == "past_due"
    until(RENEWAL + 8 * DAY)
    assert charged_on() == [0]
    assert status() == "cancelled"


def test_kept_as_unpaid_nothing_renews_until_it_is_paid_and_then_all_goes_on(
    alice: Any, dana: Any, price: PriceOf, clock: StoppedClock, until: Until
) -> None:
    set_policy(dana, clock, days=[3], at_end="keep")
    buy(alice, price("full", "month"), clock, card="sandbox_fails_later")
    until(day(6, 20), step=DAY)
    assert charged_on() == [0, 3]
    assert status() == "unpaid"
    assert Turn.objects.get().state == "idle"
    assert Invoice.objects.count() == 2
    assert standing_now(alice.pk, now=clock.now).status == "lapsed"
    (bill,) = owing.open_invoices(alice)
    owing.pay(bill, return_url="/x", now=clock.now, card="sandbox_ok")
    until(clock.now + timedelta(hours=1), step=timedelta(minutes=10))
    assert status() == "active"
    found = standing_now(alice.pk, now=clock.now)
    assert (found.status, found.document["covered_until"]) == ("good", "2026-07-02T10:00:00Z")
    until(day(7, 3))
    assert Invoice.objects.filter(status="paid").count() == 4


def test_b54_tries_each_eight_days_and_access_off_before_the_end(
    alice: Any, dana: Any, price: PriceOf, clock: StoppedClock, until: Until
) -> None:
    """Its states are ours: past due (no change of level), lapsed when grace is over, ended; paying returns to clear."""
    set_policy(dana, clock, days=[8, 16, 24, 32, 40, 48], end_after=50)
    buy(alice, price("full", "month"), clock, card="sandbox_fails_later")
    until(RENEWAL + 25 * DAY, step=DAY)
    assert charged_on() == [0, 8, 16, 24]
    assert status() == "past_due"
    until(RENEWAL + 49 * DAY, step=DAY)
    assert (status(), standing_now(alice.pk, now=clock.now).status) == ("past_due", "lapsed")
    until(RENEWAL + 51 * DAY, step=DAY)
    assert status() == "cancelled"


def test_b59_who_owes_less_than_the_threshold_is_left_alone(
    alice: Any, dana: Any, price: PriceOf, clock: StoppedClock, until: Until
) -> None:
    set_policy(dana, clock, days=[3], at_end="end", least={"EUR": 10001})
    buy(alice, price("full", "month"), clock, card="sandbox_fails_later")
    until(RENEWAL + 20 * DAY, step=DAY)
    assert charged_on() == [0]
    assert status() == "unpaid"


def mails(kind: str) -> list[Mail]:
    return list(Mail.objects.filter(kind=kind).order_by("created_at"))


def charged_by(member: Any) -> str:
    return GatewayCustomer.objects.get(member=member).card_last4


def open_bill(member: Any) -> Invoice:
    (bill,) = owing.open_invoices(member)
    return bill


def approve(page: str, clock: StoppedClock) -> None:
    pages.decide(page.rstrip("/").rpartition("/")[2], approved=True, now=clock.now)


def test_b58_another_card_pays_what_is_overdue_at_once_also_where_no_try_is_planned(
    alice: Any, price: PriceOf, clock: StoppedClock, until: Until, work: Callable[[], int]
) -> None:
    buy(alice, price("full", "month"), clock, card="sandbox_stolen_later")
    until(RENEWAL + DAY)
    account = GatewayAccount.objects.get(pk="sandbox")
    assert cards.keep(alice, account, return_url="/x", now=clock.now, card="sandbox_ok") == ""
    work()
    assert owing.open_invoices(alice) == []
    assert charged_by(alice) == "4242"
    until(day(5, 3))
    assert Invoice.objects.filter(status="paid").count() == 3, "it pays what renews"


def test_b58_not_for_one_that_has_ended(alice: Any, price: PriceOf, clock: StoppedClock, until: Until) -> None:
    buy(alice, price("full", "month"), clock, card="sandbox_fails_later")
    until(RENEWAL + 8 * DAY)
    tried = PaymentAttempt.objects.count()
    account = GatewayAccount.objects.get(pk="sandbox")
    cards.keep(alice, account, return_url="/x", now=clock.now, card="sandbox_ok")
    until(clock.now + DAY)
    assert PaymentAttempt.objects.count() == tried
    assert status() == "cancelled"


@pytest.mark.parametrize("webhook_first", [True, False])
def test_a_renewal_that_is_to_be_approved_is_asked_for_and_settled_whoever_tells_it_first(
    alice: Any, price: PriceOf, clock: StoppedClock, until: Until, webhook_first: bool
) -> None:
    found = test_joining.buy(alice, price("full", "month"), clock, card="sandbox_challenge_always")
    approve(found.page, clock)
    deliver("sandbox", clock)
    clock.set(RENEWAL - timedelta(hours=1))
    until(RENEWAL + timedelta(hours=1), step=timedelta(hours=1))
    assert status() == "past_due"
    assert [mail.kind for mail in Mail.objects.filter(created_at__gte=RENEWAL)] == ["card_challenge"]
    until(RENEWAL + 4 * DAY)
    assert len(mails("card_challenge")) == 2, "once more at the next step"
    bill, method = open_bill(alice), GatewayCustomer.objects.get().method
    page = owing.pay(bill, return_url="/x", now=clock.now, method=method).page
    assert owing.stands(bill).stage is owing.Stage.WAITING
    if webhook_first:
        approve(page, clock)
        deliver("sandbox", clock)
        assert owing.ask(bill, now=clock.now).stage is owing.Stage.DONE
    else:
        approve(page, clock)
        assert owing.ask(bill, now=clock.now).stage is owing.Stage.DONE
        deliver("sandbox", clock)
    assert status() == "active"
    assert Payment.objects.filter(status="succeeded").count() == 2
    assert standing_now(alice.pk, now=clock.now).status == "good"


def test_p41_four_failures_in_a_day_are_told_once_and_anew_the_next_day(
    alice: Any, price: PriceOf, clock: StoppedClock, until: Until, settings: Any
) -> None:
    settings.GOODSTANDING_STAFF_MAIL = "office@example.org"
    buy(alice, price("full", "month"), clock, card="sandbox_fails_later")
    until(RENEWAL + timedelta(hours=1), step=timedelta(hours=1))
    for _ in range(3):
        clock.set(clock.now + timedelta(minutes=30))
        owing.pay(open_bill(alice), return_url="/x", now=clock.now, card="sandbox_declined")
    assert [mail.to_address for mail in mails("payment_failed")] == ["alice@example.org"]
    assert [mail.to_address for mail in mails("staff_payment_failed")] == ["office@example.org"]
    clock.set(clock.now + DAY)
    owing.pay(open_bill(alice), return_url="/x", now=clock.now, card="sandbox_declined")
    assert (len(mails("payment_failed")), len(mails("staff_payment_failed"))) == (2, 2)
    owing.pay(open_bill(alice), return_url="/x", now=clock.now, card="sandbox_ok")
    until(clock.now + timedelta(hours=1), step=timedelta(hours=1))
    assert (status(), charged_by(alice)) == ("active", "4242"), "the card that paid is the one that is shown"


def test_steps_are_told_with_what_comes_next_and_silent_ones_are_not(
    alice: Any, dana: Any, price: PriceOf, clock: StoppedClock, until: Until
) -> None:
    set_policy(dana, clock, days=[2, 4], at_end="keep", silent=[2])
    buy(alice, price("full", "month"), clock, card="sandbox_fails_later")
    until(RENEWAL + 6 * DAY)
    first, last = mails("payment_failed")
    assert "100.00" in first.text
    assert "try again on April 4, 2026" in first.text
    assert "If no try succeeds, the bill stays open" in first.text
    assert "We do not try again by ourselves." in last.text
    assert f"/me/pay/{open_bill(alice).pk}/" in first.text
    until(day(5, 1), step=DAY)
    assert len(mails("payment_failed")) == 2


def test_staff_have_it_tried_again_once_at_a_time_and_leave_a_note(
    alice: Any, dana: Any, price: PriceOf, clock: StoppedClock, until: Until
) -> None:
    buy(alice, price("full", "month"), clock, card="sandbox_fails_later")
    with pytest.raises(retrying.CannotRetry, match="closed"):
        retrying.by_staff(Invoice.objects.get(), reason="x", by=dana, now=clock.now)
    until(RENEWAL + DAY)
    retrying.by_staff(open_bill(alice), reason="she phoned", by=dana, now=clock.now)
    with pytest.raises(retrying.CannotRetry, match="under_way"):
        retrying.by_staff(open_bill(alice), reason="again", by=dana, now=clock.now)
    assert AuditEntry.objects.filter(action="try payment again").count() == 1
    until(RENEWAL + 2 * DAY)
    assert charged_on() == [0, 1]


def test_what_the_gateway_bills_is_tried_again_by_another_card_and_told_by_us(
    alice: Any, price: PriceOf, clock: StoppedClock, work: Callable[[], int]
) -> None:
    account = GatewayAccount.objects.get(pk="sandbox-auto")
    buy(alice, price("full", "month"), clock, card="sandbox_fails_later", at="sandbox-auto")
    clock.set(RENEWAL + DAY)
    tick("sandbox-auto", clock)
    assert status() == "past_due"
    assert "The bank tries again by itself." in mails("payment_failed")[0].text
    cards.keep(alice, account, return_url="/x", now=clock.now, card="sandbox_ok")
    work()
    assert owing.open_invoices(alice) == []
    tick("sandbox-auto", clock)
    assert (status(), charged_by(alice)) == ("active", "4242")


def test_a_card_that_expires_is_told_of_once_and_listed(
    alice: Any, dana: Any, price: PriceOf, clock: StoppedClock, until: Until
) -> None:
    set_policy(dana, clock, days=[3], card_notice_days=20)
    buy(alice, price("full", "month"), clock, card="sandbox_expires_soon")
    until(RENEWAL + DAY, step=DAY)
    customer = GatewayCustomer.objects.get()
    assert (customer.card_last4, customer.card_good_before) == ("0101", date(2026, 5, 1))
    assert list(expiring.before_renewal()) == [customer]
    expiring.write(after="", now=day(4, 10))
    assert mails("card_expires") == []
    for number in range(12, 30):
        expiring.write(after="", now=day(4, number))
    (told,) = mails("card_expires")
    assert "Visa … 0101" in told.text
    assert "good until April 30, 2026" in told.text
    assert "The next charge is due on May 2, 2026." in told.text
    assert [each.pk for each in expiring.soon(alice, now=day(4, 20))] == [customer.pk]
    clock.set(day(5, 2, 9))
    until(day(5, 3), step=DAY)
    assert "The card has expired." in mails("payment_failed")[0].text


def test_nothing_is_said_of_cards_where_it_is_paid_by_hand(
    alice: Any, dana: Any, price: PriceOf, clock: StoppedClock, until: Until
) -> None:
    byhand.sell(alice, price("full", "month"), how="cash", reference="", paid_at=clock.now, by=dana, now=clock.now)
    until(RENEWAL + 2 * DAY, step=DAY)
    assert not GatewayCustomer.objects.exclude(card_good_before=None).exists()
    assert mails("card_expires") == []
    with pytest.raises(retrying.CannotRetry, match="by_hand"):
        retrying.try_again(open_bill(alice), now=clock.now)


def test_b86_an_impossible_bill_is_parked_uncharged_and_shown_to_staff(
    alice: Any, dana: Any, price: PriceOf, clock: StoppedClock, until: Until, client: Any
) -> None:
    buy(alice, price("full", "month"), clock)
    customer = GatewayCustomer.objects.get()
    ledger = Ledger(recording.objects_of([customer.pk])[customer.pk])
    until(RENEWAL + timedelta(hours=2), step=timedelta(hours=1))
    first = next(state.last for state in ledger.invoices.values())
    assert first is not None
    renewed = recording.objects_of([customer.pk])[customer.pk]
    bill = next(s.last for s in Ledger(renewed).invoices.values() if s.last and s.last.invoice != first.invoice)
    assert bill is not None
    again = replace(
        bill, invoice="ginv_again", number="X", at=clock.now, created_at=clock.now, paid_minor=0, status="open"
    )
    with transaction.atomic():
        take_in([again], account=customer.gateway_account, event="evt_again", recorded_at=clock.now, now=clock.now)
    until(clock.now + DAY)
    turn = Turn.objects.get()
    assert (turn.state, turn.last_error.partition(":")[0]) == ("parked", "impossible_bill")
    assert Payment.objects.count() == 2, "nothing was charged for it"
    client.force_login(dana)
    assert "impossible_bill" in client.get("/office/gateways/").content.decode()


def test_b86_from_free_to_paid_on_the_same_day_parks_nothing(
    alice: Any, price: PriceOf, clock: StoppedClock, until: Until
) -> None:
    test_joining.buy(alice, price("friend", "month"), clock)
    buy(alice, price("full", "month"), clock)
    until(RENEWAL + DAY, step=DAY)
    assert not Turn.objects.filter(state="parked").exists()
    assert Payment.objects.filter(status="succeeded").count() == 2


def test_p43_what_the_gateway_ends_after_its_tries_lapses_at_once(
    alice: Any, price: PriceOf, clock: StoppedClock
) -> None:
    """A payment is pending, and the paid period is over: access ends with the subscription, not with the grace."""
    buy(alice, price("full", "month"), clock, card="sandbox_fails_later", at="sandbox-auto")
    clock.set(RENEWAL + 2 * DAY)
    tick("sandbox-auto", clock)
    assert standing_now(alice.pk, now=clock.now).status == "grace"
    for days in (4, 6, 8):
        clock.set(RENEWAL + days * DAY)
        tick("sandbox-auto", clock)
    assert status() == "cancelled"
    assert standing_now(alice.pk, now=clock.now).status == "lapsed"
    assert len(mails("payment_failed")) >= 3, "we follow its tries; the last one may come in with the end"


@pytest.mark.db_matters
def test_b81_the_clock_the_member_and_staff_at_once_charge_once(
    alice: Any, dana: Any, price: PriceOf, clock: StoppedClock, until: Until, work: Callable[[], int]
) -> None:
    """B81, B82, B84: whoever comes second finds it done, or under way, and it is done once."""
    buy(alice, price("full", "month"), clock, card="sandbox_stolen_later")
    until(RENEWAL + DAY, step=DAY)
    account = GatewayAccount.objects.get(pk="sandbox")
    bill = open_bill(alice)

    def new_card() -> None:
        cards.keep(alice, account, return_url="/x", now=clock.now, card="sandbox_ok")

    def pay() -> None:
        owing.pay(bill, return_url="/x", now=clock.now, card="sandbox_ok")

    def staff() -> None:
        with suppress(retrying.CannotRetry):
            retrying.by_staff(Invoice.objects.get(pk=bill.pk), reason="x", by=dana, now=clock.now)

    at_once(new_card, pay, staff, work)
    clock.advance(timedelta(minutes=6))  # where the old card was being charged, the new one's turn comes now
    work()
    deliver("sandbox", clock)
    for bill in owing.open_invoices(
        alice
    ):  # the old card was the faster one, and is no good: nothing stands in the way
        assert owing.pay(bill, return_url="/x", now=clock.now, card="sandbox_ok").stage is owing.Stage.DONE
    assert Payment.objects.filter(status="succeeded").count() == 2, "never twice"
    assert (status(), owing.open_invoices(alice)) == ("active", [])
