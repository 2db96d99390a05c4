"""Changing the level on one's own pages: what is on offer, what it comes to, doing it, taking it back; and whose it is."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from goodstanding.billing.models import Fact, Invoice, Payment, Subscription
from goodstanding.memberships.reading import standing_now

pytestmark = pytest.mark.django_db(transaction=True)


def text(answer):
    """The page's words, as one line, without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def address(name, *args):
    return reverse(f"gs_portal:{name}", args=[Subscription.objects.get().pk, *args])


def shown(page):
    found = re.search(r'name="shown" value="([^"]+)"', page.content.decode())
    assert found, page.content.decode()
    return found[1]


def level_of(member, clock):
    (level,) = standing_now(member.pk, now=clock.now).document["levels"]
    return level["level"]


@pytest.fixture
def weekday(alice, buys, clock):
    """Alice, who pays 60.00 for the weekdays each month, half a month ago (of March, on the 2nd at 10)."""
    buys(alice, "weekday")
    clock.advance(timedelta(days=15, hours=12))
    return alice


def test_up_shows_what_it_comes_to_then_is_paid_and_made(browsing, weekday, price, clock):
    client, full = browsing(weekday), price("full", "month")
    assert "Change the level or the price" in text(client.get("/me/"))
    assert "Full member" in text(client.get(address("change")))
    facts = Fact.objects.count()
    page = client.get(address("change_to", full.pk))
    said = text(page)
    assert "at once, when it is paid" in said
    assert "-30.00 EUR" in said
    assert "50.00 EUR" in said
    assert "To be paid now 20.00 EUR" in said
    assert "100.00 EUR on April 2, 2026" in said
    assert "Change, and pay 20.00 EUR" in said
    assert Fact.objects.count() == facts, "to look is not to change"

    sent = {"shown": shown(page), "method": "", "card": "sandbox_ok"}
    answer = client.post(address("change_to", full.pk), sent)
    assert answer.status_code == 302
    assert "It is changed: Full member" in text(client.get(answer["Location"]))
    assert level_of(weekday, clock) == "full"
    assert list(Payment.objects.order_by("made_at").values_list("amount_minor", flat=True)) == [6000, 2000]
    again = client.post(address("change_to", full.pk), sent, follow=True)
    assert "Thank you" in text(again)
    assert Payment.objects.count() == 2


def test_a_declined_card_leads_to_the_bill_where_another_one_pays(browsing, weekday, price, clock):
    client, full = browsing(weekday), price("full", "month")
    page = client.get(address("change_to", full.pk))
    sent = {"shown": shown(page), "method": "", "card": "sandbox_declined"}
    page = client.post(address("change_to", full.pk), sent, follow=True)
    assert "Nothing was charged." in text(page)
    assert level_of(weekday, clock) == "weekday"
    said = text(client.get("/me/"))
    assert "A change waits until 20.00 EUR is paid." in said
    assert "It renews on April 2, 2026 for 60.00 EUR" in said
    assert "waits for its payment" in text(client.get(address("change"), follow=True))
    bill = Invoice.objects.get(status="open")
    page = client.post(reverse("gs_portal:pay", args=[bill.pk]), {"method": "", "card": "sandbox_ok"}, follow=True)
    assert "Thank you" in text(page)
    assert level_of(weekday, clock) == "full"


def test_down_is_set_for_the_period_s_end_and_can_be_taken_back(browsing, alice_in, price, clock, until):
    client, weekday = browsing(alice_in), price("weekday")
    page, said = client.get(address("change_to", weekday.pk)), ""
    assert "To be paid now nothing" in text(page)
    assert "Change on April 2, 2026" in text(page)
    for _again in range(2):
        said = text(client.post(address("change_to", weekday.pk), {"shown": shown(page)}, follow=True))
        assert "It is set: from April 2, 2026 Weekday, 60.00 EUR each month." in said
        assert "From April 2, 2026: Weekday, 60.00 EUR each month." in said
    assert "It renews on April 2, 2026 for 60.00 EUR, by Visa … 4242." in said
    said = text(client.post(address("keep"), follow=True))
    assert "It renews on April 2, 2026 for 100.00 EUR, by Visa … 4242." in said
    assert "Weekday" not in said
    until(clock.now + timedelta(days=33))
    assert level_of(alice_in, clock) == "full"


def test_an_altered_page_changes_nothing_and_is_shown_anew(browsing, weekday, price, clock):
    client, full = browsing(weekday), price("full", "month")
    page = client.get(address("change_to", full.pk))
    before = Fact.objects.count()
    sent = {"method": "", "card": "sandbox_ok"}
    refused = client.post(address("change_to", full.pk), {**sent, "shown": shown(page) + "x"})
    assert refused.status_code == 422
    assert "changed on its way" in text(refused)
    clock.advance(timedelta(minutes=16))
    refused = client.post(address("change_to", full.pk), {**sent, "shown": shown(page)})
    assert "more than a quarter of an hour" in text(refused)
    assert Fact.objects.count() == before
    answer = client.post(address("change_to", full.pk), {**sent, "shown": shown(refused)})
    assert answer.status_code == 302
    assert level_of(weekday, clock) == "full"


@pytest.mark.parametrize("name", ["change", "change_to", "keep"])
def test_nobody_else_s_is_shown_or_changed(browsing, weekday, bob, buys, price, name):
    mine = address(name, *([price("full", "month").pk] if name == "change_to" else []))
    buys(bob, "day")
    before = Fact.objects.count()
    client = browsing(bob)
    assert (client.post(mine) if name == "keep" else client.get(mine)).status_code == 404
    assert Fact.objects.count() == before


def test_what_was_stopped_or_is_billed_by_the_bank_says_what_to_do(browsing, alice, buys, price):
    buys(alice, "full", "month", at="sandbox-auto")
    client = browsing(alice)
    assert "Change the level or the price" not in text(client.get("/me/"))
    said = text(client.get(address("change_to", price("weekday").pk), follow=True))
    assert "Please ask the staff." in said


def test_what_a_change_left_is_said_and_pays_the_next_renewal(browsing, alice, buys, price, clock):
    buys(alice, "full", "year")
    client = browsing(alice)
    clock.advance(timedelta(days=73))
    page = client.get(address("change_to", price("full", "month").pk))
    assert "Kept as your credit 700.00 EUR" in text(page)
    said = text(client.post(address("change_to", price("full", "month").pk), {"shown": shown(page)}, follow=True))
    assert "100.00 EUR of the next renewal comes from your credit." in said
    assert "and your card is not charged" in said
    bill = Invoice.objects.exclude(credit_minor=0).get()
    assert "Kept as your credit" in text(client.get(reverse("gs_portal:invoice", args=[bill.pk])))


def test_joining_another_level_of_the_group_leads_to_the_change(browsing, weekday, price, clock):
    client, full = browsing(weekday), price("full", "month")
    there = reverse("gs_checkout:join", args=["full", full.pk])
    page = client.get(there).content.decode()
    assert address("change_to", full.pk) in page
    assert '<form method="post" class="card"' not in page
    sent = {"shown": "x", "method": "", "card": "sandbox_ok"}
    assert client.post(there, sent).status_code == 422
    assert Subscription.objects.count() == 1
