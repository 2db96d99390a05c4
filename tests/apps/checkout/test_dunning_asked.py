"""A bank that wants its card's owner there: a gateway that answers a charge with a page, and cards approved on one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from goodstanding.billing import recording, turns
from goodstanding.billing.models import GatewayCustomer, Invoice, PaymentAttempt, Subscription, Turn
from goodstanding.catalogue.models import Price
from goodstanding.checkout.refusals import Refused
from goodstanding.clock import StoppedClock
from goodstanding.core.facts import InvoicePaymentFailed, InvoiceSeen, LineSeen, PaymentSeen, SubscriptionSeen
from goodstanding.core.ledger import Ledger
from goodstanding.gateways.requests import BeginRequest, Begun, ChargeRequest
from goodstanding.gateways.sandbox.adapter import SandboxGateway
from goodstanding.memberships import owing, timeline
from goodstanding.memberships.intake import take_in
from goodstanding.memberships.reading import standing_now
from tests.apps.checkout import test_joining
from tests.apps.checkout.border import deliver, tick
from tests.apps.checkout.test_dunning import (
    DAY,
    RENEWAL,
    approve,
    buy,
    charged_by,
    mails,
    open_bill,
    set_policy,
    status,
)
from tests.scenarios.test_invariants import rebuilt

pytestmark = pytest.mark.django_db(transaction=True)

PriceOf = Callable[..., Price]
Until = Callable[..., None]


class PageGateway(SandboxGateway):
    """The sandbox, but a charge that is to be approved is no refusal: it waits on a page."""

    def charge(self, request: ChargeRequest, *, account: Any, now: datetime) -> Begun:  # type: ignore[override]
        begun = BeginRequest(
            request.key,
            request.customer,
            request.amount,
            "/me/",
            method=request.method,
            invoice=request.invoice,
        )
        return self.begin(begun, account=account, now=now)


@pytest.fixture
def pages(settings: Any) -> None:
    manual = "goodstanding.gateways.manual.adapter.ManualGateway"
    settings.GOODSTANDING_GATEWAYS = {"manual": manual, "sandbox": f"{__name__}.PageGateway"}


def test_a_charge_that_waits_on_a_page_is_told_and_settled_there(
    pages: None, alice: Any, price: PriceOf, clock: StoppedClock, until: Until
) -> None:
    found = test_joining.buy(alice, price("full", "month"), clock, card="sandbox_challenge_always")
    approve(found.page, clock)
    deliver("sandbox", clock)
    clock.set(RENEWAL - timedelta(hours=1))
    until(RENEWAL + timedelta(hours=1), step=timedelta(hours=1))
    attempt = PaymentAttempt.objects.get(kind="charge")
    assert (attempt.state, bool(attempt.page)) == ("waiting", True)
    assert [mail.subject for mail in mails("card_challenge")] == ["Please approve your payment of 100.00 EUR"]
    assert owing.stands(open_bill(alice)).page == attempt.page
    approve(attempt.page, clock)
    deliver("sandbox", clock)
    assert status() == "active"
    assert standing_now(alice.pk, now=clock.now).status == "good"


def test_a_page_that_nobody_opens_runs_out_and_is_asked_for_again_at_the_next_step(
    pages: None, alice: Any, price: PriceOf, clock: StoppedClock, until: Until
) -> None:
    found = test_joining.buy(alice, price("full", "month"), clock, card="sandbox_challenge_always")
    approve(found.page, clock)
    deliver("sandbox", clock)
    clock.set(RENEWAL - timedelta(hours=1))
    until(RENEWAL + timedelta(hours=1), step=timedelta(hours=1))
    clock.set(RENEWAL + DAY)
    tick("sandbox", clock)
    assert [each.state for each in PaymentAttempt.objects.filter(kind="charge")] == ["failed"]
    until(RENEWAL + 3 * DAY + timedelta(hours=12))
    assert [each.state for each in PaymentAttempt.objects.filter(kind="charge").order_by("number")] == [
        "failed",
        "waiting",
    ]
    assert len(mails("card_challenge")) == 2


def test_a_new_card_that_is_approved_on_a_page_pays_from_then_on(
    alice: Any, price: PriceOf, clock: StoppedClock, until: Until, work: Callable[[], int]
) -> None:
    buy(alice, price("full", "month"), clock, card="sandbox_fails_later")
    until(RENEWAL + DAY, step=DAY)
    sent = owing.pay(open_bill(alice), return_url="/x", now=clock.now, card="sandbox_challenge")
    approve(sent.page, clock)
    deliver("sandbox", clock)  # its browser never came back
    work()
    assert charged_by(alice) == "3155"
    clock.set(RENEWAL + 30 * DAY - timedelta(hours=1))
    until(clock.now + DAY, step=timedelta(hours=4))
    assert Invoice.objects.filter(status="paid").count() == 3


def test_what_is_kept_as_unpaid_is_made_anew_of_the_facts_and_not_sold_a_second_time(
    alice: Any, dana: Any, price: PriceOf, clock: StoppedClock, until: Until
) -> None:
    """I4: whatever staff set since, the records are the same."""
    set_policy(dana, clock, days=[1], at_end="keep")
    buy(alice, price("full", "month"), clock, card="sandbox_fails_later")
    until(RENEWAL + 3 * DAY, step=DAY)
    assert status() == "unpaid"
    set_policy(dana, clock, days=[1, 2, 3])
    assert rebuilt() == []
    assert status() == "unpaid"
    with pytest.raises(Refused) as refused:
        test_joining.buy(alice, price("full", "month"), clock)
    assert refused.value.code == "overdue"
    assert GatewayCustomer.objects.count() == 1


def test_b59_what_is_owed_for_another_subscription_counts_too(
    alice: Any, dana: Any, price: PriceOf, clock: StoppedClock, until: Until
) -> None:
    set_policy(dana, clock, days=[3], least={"EUR": 15000})
    test_joining.buy(alice, price("full", "month"), clock, card="sandbox_fails_later")
    until(clock.now + DAY, step=DAY)
    bills = GatewayCustomer.objects.select_related("gateway_account").get()
    clock.set(RENEWAL - timedelta(hours=1))
    until(RENEWAL + DAY, step=DAY)
    assert status() == "unpaid"
    other = [replace_named(fact) for told in fresh(bills).objects.values() for fact in told if is_billing(fact)]
    with transaction.atomic():
        take_in(other, account=bills.gateway_account, event="evt_other", recorded_at=clock.now, now=clock.now)
    assert sorted(Subscription.objects.values_list("status", flat=True)) == ["past_due", "past_due"]
    assert set(Turn.objects.values_list("state", flat=True)) == {"open"}, "both are tried again"
    assert turns.overdue(fresh(bills)) == {"EUR": 20000}


def fresh(customer: GatewayCustomer) -> Ledger:
    return Ledger(recording.objects_of([customer.pk])[customer.pk])


def is_billing(fact: Any) -> bool:
    return isinstance(fact, SubscriptionSeen | InvoiceSeen | PaymentSeen | InvoicePaymentFailed)


def replace_named(fact: Any) -> Any:
    """The same again, of a second subscription: every reference has another name."""
    named: dict[str, Any] = {}
    for name in ("subscription", "invoice", "payment", "intent"):
        if getattr(fact, name, ""):
            named[name] = f"{getattr(fact, name)}x"
    for name in ("items", "lines"):
        if getattr(fact, name, ()):
            named[name] = tuple(replace(each, item=f"{each.item}x", **_of(each)) for each in getattr(fact, name))
    return replace(fact, **named)


def _of(part: Any) -> dict[str, str]:
    return {"line": f"{part.line}x", "subscription": f"{part.subscription}x"} if isinstance(part, LineSeen) else {}


def test_the_story_says_why_it_failed_and_what_the_bill_said_of_that(
    alice: Any, dana: Any, price: PriceOf, clock: StoppedClock, until: Until
) -> None:
    set_policy(dana, clock, days=[2, 5], counted="previous", at_end="keep")
    buy(alice, price("full", "month"), clock, card="sandbox_stolen_later")
    until(RENEWAL + DAY, step=DAY)
    story = " ".join(entry.what for entry in timeline.timeline(alice))
    assert "failed, 100.00 EUR (stolen_card; the card is not tried again)" in story
    assert "if it fails: again after 2, 7 days, then kept open" in story
