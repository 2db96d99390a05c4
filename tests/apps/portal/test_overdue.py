"""An overdue bill on its member's pages: tried again by a button, approved from the mail's link, paid by another card."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from goodstanding.billing.attempts import CARD_SEEN
from goodstanding.billing.models import GatewayCustomer, Invoice, PaymentAttempt, Subscription
from goodstanding.clock import StoppedClock
from goodstanding.communications.models import Mail
from goodstanding.gateways.sandbox.vendor import pages
from goodstanding.jobs import services as jobs
from goodstanding.jobs.models import Job
from goodstanding.memberships import cards, owing
from goodstanding.memberships.reading import standing_now
from tests.apps.checkout.border import deliver, tick
from tests.apps.portal.test_browser import look

pytestmark = pytest.mark.django_db(transaction=True)


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def approve(page: str, clock: StoppedClock) -> None:
    pages.decide(page.rstrip("/").rpartition("/")[2], approved=True, now=clock.now)
    deliver("sandbox", clock)


@pytest.fixture
def alice_asked(alice: Any, buys: Callable[..., Any], until: Callable[..., None], clock: StoppedClock) -> Any:
    """Alice, whose bank wanted her to approve her renewal two days ago."""
    found = buys(alice, "full", "month", card="sandbox_challenge_always")
    approve(found.page, clock)
    clock.advance(timedelta(days=30, hours=23))
    until(clock.now + timedelta(days=2))
    return alice


def test_the_button_says_what_is_charged_to_which_card_and_tries_once(
    browsing: Any, alice_owes: Any, clock: StoppedClock
) -> None:
    client, bill = browsing(alice_owes), Invoice.objects.get(settled_at=None)
    here, again = reverse("gs_portal:pay", args=[bill.pk]), reverse("gs_portal:pay_again", args=[bill.pk])
    assert "Try again now, or pay otherwise" in text(client.get("/me/"))
    page = text(client.get(here))
    assert "100.00 EUR is charged to Visa … 0341, which pays what renews." in page
    method = GatewayCustomer.objects.get().method
    assert method in page
    tries = PaymentAttempt.objects.count()
    assert "The card was declined." in text(client.post(again, {"card": method}, follow=True))
    assert PaymentAttempt.objects.count() == tries + 1
    changed = client.post(again, {"card": "another"}, follow=True)
    assert "was changed meanwhile" in text(changed)
    assert PaymentAttempt.objects.count() == tries + 1


def test_what_the_gateway_bills_is_tried_again_by_the_same_button(
    browsing: Any, alice: Any, buys: Callable[..., Any], clock: StoppedClock
) -> None:
    buys(alice, "full", "month", card="sandbox_fails_later", at="sandbox-auto")
    clock.advance(timedelta(days=32))
    tick("sandbox-auto", clock)
    client, bill = browsing(alice), Invoice.objects.get(settled_at=None)
    assert "100.00 EUR is charged to Visa … 0341" in text(client.get(reverse("gs_portal:pay", args=[bill.pk])))
    again = {"card": GatewayCustomer.objects.get().method}
    said = text(client.post(reverse("gs_portal:pay_again", args=[bill.pk]), again, follow=True))
    assert "The card was declined." in said


def test_nobody_tries_the_bill_of_another_nor_one_that_is_paid(
    browsing: Any, alice_owes: Any, bob: Any, clock: StoppedClock
) -> None:
    bill, method = Invoice.objects.get(settled_at=None), GatewayCustomer.objects.get().method
    again = reverse("gs_portal:pay_again", args=[bill.pk])
    assert browsing(bob).post(again, {"card": method}).status_code == 404
    client = browsing(alice_owes)
    assert client.get(again).status_code == 405
    owing.pay(bill, return_url="/x", now=clock.now, card="sandbox_ok")
    tries = PaymentAttempt.objects.count()
    assert client.post(again, {"card": method})["Location"] == reverse("gs_portal:pay", args=[bill.pk])
    assert PaymentAttempt.objects.count() == tries


def test_a_renewal_to_be_approved_is_finished_on_the_page(browsing: Any, alice_asked: Any, clock: StoppedClock) -> None:
    client, bill = browsing(alice_asked), Invoice.objects.get(settled_at=None)
    (mail,) = Mail.objects.filter(kind="card_challenge")
    assert reverse("gs_portal:pay", args=[bill.pk]) in mail.text
    page = text(client.get(reverse("gs_portal:pay", args=[bill.pk])))
    assert "Your bank wants you to approve this payment" in page
    assert "whether 100.00 EUR may be charged to Visa … 3184" in page
    method = GatewayCustomer.objects.get().method
    there = client.post(reverse("gs_portal:pay_again", args=[bill.pk]), {"card": method})["Location"]
    assert there.startswith("/sandbox/challenge/")
    approve(there, clock)
    assert "Thank you" in text(client.get(reverse("gs_portal:pay", args=[bill.pk])))
    assert standing_now(alice_asked.pk, now=clock.now).status == "good"


def test_another_card_is_charged_at_once_and_the_pages_say_so(
    browsing: Any, alice_owes: Any, work: Callable[[], int], clock: StoppedClock
) -> None:
    """B58."""
    client, bill = browsing(alice_owes), Invoice.objects.get(settled_at=None)
    assert "is charged for it at once" in text(client.get("/me/cards/"))
    assert f"invoice {bill.number} over 100.00 EUR" in text(client.get("/me/cards/add/"))
    kept = client.post("/me/cards/add/", {"card": "sandbox_ok", "account": "sandbox"}, follow=True)
    assert "What is overdue is charged to it now" in text(kept)
    work()
    assert Subscription.objects.get().status == "active"
    assert "overdue" not in text(client.get("/me/cards/"))


def test_a_card_that_expires_soon_is_said_where_its_owner_looks(
    browsing: Any, alice: Any, buys: Callable[..., Any], work: Callable[[], int], clock: StoppedClock
) -> None:
    buys(alice, "full", "month", card="sandbox_expires_soon")
    work()
    client = browsing(alice)
    assert "is good until" not in text(client.get("/me/"))
    clock.advance(timedelta(days=35))
    for page in ("/me/", "/me/cards/"):
        assert "Your card Visa … 0101, which pays what renews, is good until April 30, 2026." in text(client.get(page))


@pytest.mark.parametrize(
    ("card", "said"),
    [
        ("sandbox_fails_later", "Your card is tried again on"),
        ("sandbox_stolen_later", "Your card is not tried again. Pay, or give us another card, by"),
    ],
)
def test_the_page_says_what_our_clock_does_next(
    browsing: Any,
    alice: Any,
    buys: Callable[..., Any],
    until: Callable[..., None],
    clock: StoppedClock,
    card: str,
    said: str,
) -> None:
    buys(alice, "full", "month", card=card)
    clock.advance(timedelta(days=30, hours=23))
    until(clock.now + timedelta(days=1))
    assert said in text(browsing(alice).get("/me/"))


@pytest.mark.browser
def test_a_renewal_is_approved_from_the_link_in_the_mail_and_a_card_tried_again(
    live_server: Any, open_page: Any, alice_asked: Any, clock: StoppedClock, settings: Any
) -> None:
    settings.GOODSTANDING_URL = live_server.url
    alice_asked.user.set_password("correct horse battery")
    alice_asked.user.save()
    bill = Invoice.objects.get(settled_at=None)
    page = open_page(size="phone")
    page.goto(
        live_server.url + reverse("gs_portal:pay", args=[bill.pk])
    )  # as the mail's link leads: to the log-in first
    page.get_by_label("E-mail").fill("alice@example.org")
    page.get_by_label("Password", exact=True).fill("correct horse battery")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("heading", name="Approve the payment").wait_for()
    look(page, "approve")
    page.get_by_role("button", name="Approve 100.00 EUR").click()
    page.get_by_role("button", name="Approve").first.click()
    page.get_by_role("heading", name="Thank you").wait_for()
    assert Subscription.objects.get().status == "active"
    assert cards.overdue(alice_asked) == []


def test_a_card_is_looked_at_for_nobody_who_was_taken_away_meanwhile(
    until: Callable[..., None], clock: StoppedClock
) -> None:
    jobs.add(CARD_SEEN, key="gcu_gone", due_at=clock.now, now=clock.now)

    until(clock.now + timedelta(minutes=1))

    assert list(Job.objects.filter(kind=CARD_SEEN).values_list("state", "attempts")) == [(Job.State.DONE, 0)]
