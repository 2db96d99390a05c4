"""The member's own pages: for who is in good standing, who lapsed, who belongs to nothing, and for no one else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from goodstanding.billing.models import Invoice, Subscription
from goodstanding.people.services import make_member, make_user

pytestmark = pytest.mark.django_db(transaction=True)

PAGES = ["membership", "invoices", "cards", "access", "history"]


def text(answer: Any) -> str:
    """The page's words, as one line."""
    assert answer.status_code == 200, answer.status_code
    return " ".join(answer.content.decode().split())


@pytest.mark.parametrize("name", [*PAGES, "add_card", "remove_card", "pay_next"])
def test_the_pages_need_a_log_in(client, shop, name):
    answer = client.get(reverse(f"gs_portal:{name}"))
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("who", ["alice_in", "bob_out"])
def test_each_page_opens(request, browsing, name, who):
    answer = browsing(request.getfixturevalue(who)).get(reverse(f"gs_portal:{name}"))
    assert "<h1>" in text(answer)
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("name", PAGES)
def test_who_is_no_member_is_led_to_joining(browsing, shop, charlie, name):
    page = text(browsing(charlie).get(reverse(f"gs_portal:{name}")))
    assert "not a member yet" in page
    assert f'href="{reverse("gs_checkout:levels")}"' in page


def test_a_member_who_never_bought_is_led_to_joining(browsing, shop, alice):
    page = text(browsing(alice).get("/me/"))
    assert "You hold no membership" in page
    assert "No membership" in page


def test_who_pays_sees_what_happens_next(browsing, alice_in):
    page = text(browsing(alice_in).get("/me/"))
    assert "In good standing" in page
    assert "Paid until April 2, 2026." in page
    assert "It renews on April 2, 2026 for 100.00 EUR, by Visa … 4242." in page
    assert "Stop the renewal" in page
    assert "Pay now" not in page


def test_who_lapsed_sees_it_and_may_join_again(browsing, bob_out):
    page = text(browsing(bob_out).get("/me/"))
    assert "Lapsed" in page
    assert "It was paid until March 3, 2026, 10 am, and nothing came after that." in page
    assert f'href="{reverse("gs_checkout:level", args=["day"])}"' in page
    assert "Stop the renewal" not in page


def test_a_day_pass_says_that_it_does_not_renew(browsing, bob, buys):
    buys(bob, "day")
    page = text(browsing(bob).get("/me/"))
    assert "Paid until March 3, 2026, 10 am." in page
    assert "It does not renew by itself." in page
    assert "Buy more time" in page


def test_a_second_membership_stands_beside_the_first(browsing, alice_in, buys):
    buys(alice_in, "friend")
    page = text(browsing(alice_in).get("/me/"))
    assert "<h3>Full member</h3>" in page
    assert "<h3>Friend</h3>" in page
    assert "It renews on April 2, 2026, and costs nothing." in page


def test_who_owes_sees_until_when_and_when_it_is_tried_again(browsing, alice_owes):
    page = text(browsing(alice_owes).get("/me/"))
    assert "In grace" in page
    assert "The renewal could not be paid. Your access stays until April 9, 2026" in page
    assert "100.00 EUR has been open since April 2, 2026." in page
    assert "Your card is tried again on April 5, 2026." in page
    assert f'href="{reverse("gs_portal:pay", args=[Invoice.objects.get(settled_at=None).pk])}"' in page


def test_a_declined_first_payment_leads_back_to_its_checkout(browsing, alice, buys):
    found = buys(alice, "full", "month", card="sandbox_declined")
    page = text(browsing(alice).get("/me/"))
    assert "Begun, and not paid yet." in page
    assert f'href="{reverse("gs_checkout:result", args=[found.checkout.pk])}"' in page
    assert "Pay now" not in page


def test_what_is_somebody_elses_is_not_there(browsing, alice_in, bob_out):
    invoice = Invoice.objects.get(account__member=alice_in)
    renewal = Subscription.objects.get(customer__member=alice_in)
    theirs, own = browsing(bob_out), browsing(alice_in)
    for name, about in [("invoice", invoice), ("pay", invoice), ("stop", renewal)]:
        address = reverse(f"gs_portal:{name}", args=[about.pk])
        assert theirs.get(address).status_code == 404, name
        assert own.get(address).status_code == 200, name
    assert theirs.post(reverse("gs_portal:pay", args=[invoice.pk])).status_code == 404
    assert theirs.post(reverse("gs_portal:stop", args=[renewal.pk])).status_code == 404
    assert theirs.post(reverse("gs_portal:stay", args=[renewal.pk])).status_code == 404
    renewal.refresh_from_db()
    assert renewal.ends_at is None


def test_no_address_breaks(browsing, alice_in):
    alice = browsing(alice_in)
    assert alice.get("/me/invoices/inv_%00/").status_code == 404
    assert alice.get("/me/pay/nothing/").status_code == 404
    assert alice.get("/me/renewals/%00/stop/").status_code == 404
    assert alice.get("/me/access/cards/%00/lost/").status_code == 404
    aware = "2026-03-02T10:00:00%2B00:00"
    for after in (
        "nonsense",
        "%00",
        "2026-03-02T10:00:00 1 2026-03-02T10:00:00 x",
        f"{aware} 1 {aware} %00",
        "now 1 2 3",
    ):
        wanted = 404 if "%00" in after else 200
        assert alice.get(f"/me/history/?after={after}").status_code == wanted
        assert alice.get(f"/me/invoices/?after={after}").status_code == wanted


@pytest.mark.parametrize("name", PAGES)
def test_the_number_of_statements_does_not_grow(browsing, alice_in, buys, until, clock, name):
    """Neither with the members of the site, nor with one's own invoices."""
    client = browsing(alice_in)
    client.get("/me/")
    with CaptureQueriesContext(connection) as few:
        client.get(reverse(f"gs_portal:{name}"))
    for number in range(3):
        user = make_user(email=f"more{number}@example.org", name="More", now=clock.now)
        buys(make_member(user=user, email=user.email, name="More", now=clock.now), "full", "month")
    until(clock.now + timedelta(days=125), timedelta(days=1))
    assert Invoice.objects.filter(account__member=alice_in).count() == 5
    with CaptureQueriesContext(connection) as many:
        text(client.get(reverse(f"gs_portal:{name}")))
    assert len(many) == len(few)
    assert len(many) <= 34
