"""More and fewer further seats: what is shown is what is billed, and what becomes of those who hold them."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps
from django.db import transaction
from django.test import Client

from goodstanding.billing.models import Fact, Invoice, InvoiceLine, Payment, Subscription
from goodstanding.catalogue.models import Price
from goodstanding.catalogue.services import import_catalogue
from goodstanding.communications.models import Mail
from goodstanding.core.quote_refusals import QuoteRefused
from goodstanding.gateways.models import GatewayAccount
from goodstanding.memberships import (
    buying,
    change_pages,
    changing,
    ending,
    owing,
    rebuilding,
    seats_buying,
    seats_giving,
)
from goodstanding.memberships.buying import Basket, Wish, quote_of
from goodstanding.memberships.changing_words import CannotChange
from goodstanding.memberships.models import Membership, Seat
from tests.apps.seats.house import HOUSES, invite, levels, of, seat

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def company(alice, houses, price, clock, until):
    """Alice's: 200.00 each month, no seat in the price, 10.00 for each; half of March is over."""
    clock.set(datetime(2026, 3, 1, tzinfo=UTC))
    made = of(alice, "company", price, clock)
    until(datetime(2026, 3, 16, 12, tzinfo=UTC))
    return made


def have(membership, number, clock, card="sandbox_ok"):
    found = seats_buying.preview(membership, number, now=clock.now)
    seen = seats_buying.shown(seats_buying.signed(found), now=clock.now)
    return seats_buying.accept(
        membership, seen, return_url="/x", now=clock.now, card=card if found.plan.due_now else ""
    )


def bought(membership, clock):
    return seats_giving.taken(membership, now=clock.now).places.bought


def refused(code, membership, number, clock):
    before = Fact.objects.count()
    with pytest.raises(CannotChange) as refusal:
        seats_buying.preview(membership, number, now=clock.now)
    assert (refusal.value.code, bool(refusal.value.words), Fact.objects.count()) == (code, True, before)


def agree():
    assert rebuilding.rebuild_customers()[2] == []
    assert rebuilding.rebuild_standing()[2] == []


def test_more_are_had_at_once_for_the_rest_of_the_period_and_renewed_beside_the_level(company, bob, clock, until):
    """As POL-039: of the difference in number alone, to the second; the preview writes nothing and is the bill (I13)."""
    tables = [model for model in apps.get_models() if model._meta.managed]
    before = {model: model._default_manager.count() for model in tables}
    plan = seats_buying.preview(company, 2, now=clock.now).plan
    assert {model: model._default_manager.count() for model in tables} == before
    assert (plan.total.amount_minor, plan.due_now.amount_minor, plan.next_asked.amount_minor) == (1000, 1000, 22000)
    made = have(company, 2, clock)
    (line,) = InvoiceLine.objects.filter(invoice=made.invoice)
    assert (line.amount_minor, line.quantity, line.kind) == (1000, 2, "proration")
    assert (line.start_at, line.end_at) == (clock.now, datetime(2026, 4, 1, tzinfo=UTC))
    assert bought(company, clock) == 2
    seat(company, bob, clock)
    assert levels(bob, clock) == "company=good"
    have(company, 3, clock)
    assert sorted(Payment.objects.values_list("amount_minor", flat=True)) == [500, 1000, 20000]
    until(datetime(2026, 4, 2, tzinfo=UTC))
    renewal = Invoice.objects.latest("issued_at")
    lines = sorted(renewal.lines.values_list("amount_minor", "quantity", "kind"))
    assert lines == [(3000, 3, "regular"), (20000, 1, "regular")]
    assert (renewal.due_minor, renewal.settled_at is not None) == (23000, True)
    assert levels(bob, clock) == "company=good"
    agree()


def test_nothing_is_had_before_it_is_paid_and_what_nobody_pays_is_dropped(company, bob, clock, until):
    made = have(company, 2, clock, card="sandbox_declined")
    assert made.invoice.status == "open"
    assert bought(company, clock) == 0
    with pytest.raises(seats_giving.CannotSeat):
        seats_giving.invite(company, bob.email, by=None, now=clock.now)
    refused("waiting", company, 1, clock)
    until(clock.now + timedelta(days=2))
    made.invoice.refresh_from_db()
    assert made.invoice.status == "void"
    have(company, 1, clock)
    assert bought(company, clock) == 1
    agree()


def test_the_same_page_twice_has_them_once(company, clock):
    found = seats_buying.preview(company, 2, now=clock.now)
    seen = seats_buying.shown(seats_buying.signed(found), now=clock.now)
    for _again in range(2):
        seats_buying.accept(company, seen, return_url="/x", now=clock.now, card="sandbox_ok")
    assert (bought(company, clock), Payment.objects.count()) == (2, 2)
    clock.advance(timedelta(minutes=16))
    with pytest.raises(CannotChange, match="stale"):
        seats_buying.shown(seats_buying.signed(found), now=clock.now)
    with pytest.raises(CannotChange, match="tampered"):
        seats_buying.shown("x" + seats_buying.signed(found), now=clock.now)


def test_fewer_are_had_at_the_period_s_end_and_the_last_ones_given_end_then(company, alice, bob, carol, clock, until):
    have(company, 2, clock)
    first = seat(company, bob, clock)
    clock.advance(timedelta(hours=1))
    second = seat(company, carol, clock)
    made = have(company, 1, clock)
    assert made.invoice is None
    assert seats_buying.offer(company).next_bought == 1
    assert levels(carol, clock) == "company=good"
    until(datetime(2026, 4, 2, tzinfo=UTC))
    assert (levels(bob, clock), levels(carol, clock)) == ("company=good", "company=lapsed")
    assert Seat.objects.get(pk=second.pk).ended == "fewer"
    assert Seat.objects.get(pk=first.pk).until is None
    assert Invoice.objects.latest("issued_at").due_minor == 21000
    told = set(Mail.objects.filter(kind__in=("seats_fewer", "seat_ended")).values_list("kind", "to_address"))
    assert told == {("seats_fewer", alice.email), ("seat_ended", carol.email)}
    have(company, 0, clock)
    until(datetime(2026, 5, 2, tzinfo=UTC))
    assert levels(bob, clock) == "company=lapsed"
    assert Invoice.objects.latest("issued_at").due_minor == 20000
    agree()


def test_what_is_set_for_later_gives_way_to_more_and_can_be_taken_back(company, alice, clock, until):
    have(company, 3, clock)
    have(company, 1, clock)
    have(company, 4, clock)
    assert seats_buying.offer(company).next_bought is None
    have(company, 2, clock)
    client = Client()
    client.force_login(alice.user)
    assert "From April 1, 2026 on you pay for 2 of them." in text(client.get(f"/me/seats/{company.pk}/"))
    said = text(client.get("/me/"))
    assert "Take the change back" not in said
    assert "renewed as before" in text(client.post(f"/me/seats/{company.pk}/keep/", follow=True))
    until(datetime(2026, 4, 2, tzinfo=UTC))
    assert bought(company, clock) == 4


@pytest.mark.parametrize(
    ("code", "number"), [("too_many", 5), ("below_zero", -1), ("same", 0), ("stay_first", 2), ("not_sold", 2)]
)
def test_what_cannot_be_had_says_why_and_changes_nothing(company, clock, code, number):
    if code == "stay_first":
        ending.cancel(Subscription.objects.get(), now=clock.now)
    elif code == "not_sold":
        Price.objects.update(seat_amount_minor=None)
    refused(code, company, number, clock)


def test_what_the_gateway_bills_or_nothing_renews_has_no_further_seats_here(alice, bob, houses, price, clock):
    refused("not_sold", of(alice, "company", price, clock, at="sandbox-auto"), 2, clock)
    refused("not_sold", of(bob, "day", price, clock), 2, clock)


def test_another_price_for_a_seat_is_for_those_who_have_none(company, clock):
    have(company, 1, clock)
    import_catalogue(
        json.dumps([{**HOUSES[1], "prices": [{**HOUSES[1]["prices"][0], "seat_amount_minor": 9900}]}]), now=clock.now
    )
    assert seats_buying.preview(company, 2, now=clock.now).plan.total.amount_minor == 500


def text(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def signature(page):
    found = re.search(r'name="shown" value="([^"]+)"', page.content.decode())
    assert found, page.content.decode()
    return found[1]


def test_the_page_asks_how_many_shows_what_it_comes_to_and_does_it(company, alice, bob, clock):
    client, page = Client(), f"/me/seats/{company.pk}/number/"
    client.force_login(alice.user)
    assert "This membership has no seats for others yet." in text(client.get("/me/"))
    assert "A further seat costs 10.00 EUR each time" in text(client.get(f"/me/seats/{company.pk}/"))
    asked = client.post(page, {"seats": "2"})
    assert asked["Location"] == f"{page}?seats=2"
    shown = client.get(asked["Location"])
    said = text(shown)
    assert "2 further seats March 16, 2026 to March 31, 2026 10.00 EUR" in said
    assert "To be paid now 10.00 EUR" in said
    assert "220.00 EUR on April 1, 2026, all together" in said
    assert "Have them, and pay 10.00 EUR" in said
    sent = {"shown": signature(shown), "method": ""}
    answer = client.post(asked["Location"], {**sent, "card": "sandbox_declined"}, follow=True)
    assert "Nothing was charged." in text(answer)
    again = client.post(asked["Location"], {**sent, "card": "sandbox_ok"}, follow=True)
    assert Invoice.objects.filter(status="open").count() == 1
    bill = Invoice.objects.get(status="open")
    client.post(f"/me/pay/{bill.pk}/", {"method": "", "card": "sandbox_ok"})
    assert bought(company, clock) == 2
    assert again.status_code == 200
    assert "2 × Further seats (Company), a part" in text(client.get(f"/me/invoices/{bill.pk}/"))
    for number, words in (("5", "more seats than a membership"), ("2", "how many there are already"), ("x", "whole")):
        wrong = client.post(page, {"seats": number}, follow=True)
        assert (wrong.status_code, words in text(wrong)) == (422, True), text(wrong)
    seat(company, bob, clock)
    fewer = client.get(f"{page}?seats=0")
    assert "The one given last ends then, and its holder is told." in text(fewer)
    sent = {"shown": signature(fewer)}
    assert "It is set: fewer seats from April 1, 2026 on." in text(client.post(f"{page}?seats=0", sent, follow=True))
    stranger = Client()
    stranger.force_login(bob.user)
    for there in (page, f"/me/seats/{company.pk}/keep/"):
        assert stranger.post(there, {"seats": "3"}).status_code == 404


def test_an_invitation_beyond_what_is_bought_is_refused(company, bob, carol, clock):
    have(company, 1, clock)
    invite(company, bob, clock)
    with pytest.raises(seats_giving.CannotSeat, match="full"):
        seats_giving.invite(company, carol.email, by=None, now=clock.now)


def test_what_costs_nothing_is_had_at_once_and_charges_nobody(alice, bob, houses, price, clock):
    """B49: a checkout for nothing, and seats for nothing later: settled at once, each with its bill, without a card."""
    prices = [{"amount_minor": 0, "currency": "EUR", "interval": "month", "seat_amount_minor": 0}]
    import_catalogue(json.dumps([{**HOUSES[1], "slug": "club", "name": "Club", "prices": prices}]), now=clock.now)
    membership = of(alice, "club", price, clock)
    clock.advance(timedelta(days=3))
    made = have(membership, 2, clock)
    assert made.outcome.stage == "done"
    assert (bought(membership, clock), Payment.objects.count()) == (2, 0)
    seat(membership, bob, clock)
    assert levels(bob, clock) == "club=good"
    agree()


def test_a_level_with_other_seats_keeps_what_is_bought_and_who_holds_them(company, bob, price, clock, until):
    """A change of level is one of the payer's records like any other: seats follow, at the new level, in the same moment."""
    have(company, 1, clock)
    seat(company, bob, clock)
    clock.advance(timedelta(hours=1))
    subscription = Subscription.objects.select_related("customer__member", "gateway_account").get()
    found = changing.preview(subscription, price("household"), now=clock.now)
    assert not found.plan.is_now, "it costs less"
    seen = change_pages.shown(change_pages.signed(found), now=clock.now)
    changing.accept(subscription, price("household"), seen, return_url="/x", now=clock.now)
    refused("set", company, 2, clock)
    seats_of_both = seats_giving.taken(company, now=clock.now).places
    assert (seats_of_both.included, seats_of_both.bought) == (0, 1)
    until(datetime(2026, 4, 2, tzinfo=UTC))
    company.refresh_from_db()
    there = seats_giving.taken(company, now=clock.now)
    assert (company.level_id, there.places.included, there.places.bought, len(there.held)) == ("household", 2, 1, 1)
    assert levels(bob, clock) == "family=good"
    agree()


def test_two_levels_in_one_order_each_with_a_seat_of_one_person_s(alice, bob, houses, price, clock, until):
    """C35: one bill with two levels, two memberships, two seats of one person's; both cancelled, both are over."""
    club = {**HOUSES[0], "slug": "club", "name": "Club", "group": "clubs", "seats": 1, "seat_level": None}
    import_catalogue(json.dumps([club]), now=clock.now)
    quote = quote_of(Basket((Wish(price("household")), Wish(price("club")))), now=clock.now, member=alice)
    customer = buying.customer_for(alice, GatewayAccount.objects.get(pk="sandbox"), now=clock.now)
    with transaction.atomic():
        buying.buy(customer, quote, ref="chk_two", now=clock.now)
    owing.pay(Invoice.objects.get(), return_url="/x", now=clock.now, card="sandbox_ok")
    memberships = Membership.objects.select_related("member", "level").filter(member=alice).order_by("level")
    for membership in memberships:
        clock.advance(timedelta(minutes=1))
        seat(membership, bob, clock)
    assert (len(memberships), InvoiceLine.objects.count()) == (2, 2)
    assert levels(bob, clock) == "club=good;family=good"
    for subscription in Subscription.objects.select_related("gateway_account", "customer"):
        ending.cancel(subscription, now=clock.now)
    until(clock.now + timedelta(days=35))
    assert levels(bob, clock) == "club=lapsed;family=lapsed"
    agree()


def test_seats_bought_with_the_level_are_there_from_the_beginning(alice, bob, houses, price, clock):
    """The quote has them as a line of their own; what the level does not allow is refused by name."""
    wish = Wish(price("company"), seats=3)
    quote = quote_of(Basket((wish,)), now=clock.now, member=alice)
    assert (str(quote.due_now), str(quote.first.next_total)) == ("230.00 EUR", "230.00 EUR")
    for wrong, code in (
        (Wish(price("company"), seats=5), "too_many_seats"),
        (Wish(price("company"), seats=-1), "too_many_seats"),
        (Wish(price("full"), seats=1), "no_seats"),
    ):
        with pytest.raises(QuoteRefused) as refusal:
            quote_of(Basket((wrong,)), now=clock.now, member=alice)
        assert refusal.value.code == code
    account = GatewayAccount.objects.get(pk="sandbox")
    customer = buying.customer_for(alice, account, now=clock.now)
    with transaction.atomic():
        buying.buy(customer, quote, ref="chk_seats", now=clock.now)
    bill = Invoice.objects.get()
    assert owing.pay(bill, return_url="/x", now=clock.now, card="sandbox_ok").stage == "done"
    membership = Membership.objects.select_related("member", "level").get(member=alice)
    assert bought(membership, clock) == 3
    seat(membership, bob, clock)
    assert levels(bob, clock) == "company=good"
    clock.advance(timedelta(days=1))
    assert seats_buying.preview(membership, 4, now=clock.now).plan.item.item.endswith("#seats")
    agree()
