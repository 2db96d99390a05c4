"""The pages on seats: the payer's, the invited person's and the holder's; and whose they are."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.test import Client

from goodstanding.billing.models import Payment
from goodstanding.memberships import seats_giving
from goodstanding.memberships.models import Invitation, Membership, Seat
from goodstanding.people.models import Member
from tests.apps.seats.house import invite, last_link, levels, of, seat, waiting

pytestmark = pytest.mark.django_db(transaction=True)


def browsing(somebody=None):
    client = Client()
    if somebody is not None:
        client.force_login(getattr(somebody, "user", None) or somebody)
    return client


def text(answer):
    """The page's words, as one line, without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def test_the_payer_invites_sends_again_takes_back_and_sees_what_is_left(household, alice, bob, carol, clock):
    client, page = browsing(alice), f"/me/seats/{household.pk}/"
    assert "It has 2 seats for others." in text(client.get("/me/"))
    assert "Taken: 0. Left: 2." in text(client.get(page))
    said = text(client.post(page, {"email": "bob@example.org"}, follow=True))
    assert "bob@example.org is invited." in said
    assert "Taken: 0. Promised to who is invited: 1. Left: 1." in said
    again = client.post(page, {"email": "Bob@Example.org"})
    assert (again.status_code, waiting()) == (422, 1)
    assert "open invitation to this address already" in text(again)
    assert client.post(page, {"email": "no address"}).status_code == 422
    invitation = Invitation.objects.get()
    clock.advance(timedelta(hours=1))
    old = last_link(bob.email)
    assert "with a new link" in text(client.post(f"/me/seats/invitations/{invitation.pk}/again/", follow=True))
    assert last_link(bob.email) != old
    said = text(client.post(f"/me/seats/invitations/{invitation.pk}/withdraw/", follow=True))
    assert "its seat is free" in said
    assert "Left: 2." in said
    for each in (bob, carol):
        seat(household, each, clock)
    said = text(client.get(page))
    assert "bob@example.org" in said
    assert "Left: 0." in said
    assert "Invite somebody" not in said
    full = client.post(page, {"email": "dora@example.org"})
    assert full.status_code == 422
    assert "All seats are taken or promised." in text(full)


def test_the_payer_takes_a_seat_back_or_gives_it_to_somebody_else(household, alice, bob, carol, clock):
    client, given = browsing(alice), seat(household, bob, clock)
    page = f"/me/seats/given/{given.pk}/remove/"
    assert "Bob is no member through you any more" in text(client.get(page))
    assert client.post(page, {"email": "alice@example.org"}).status_code == 422
    assert levels(bob, clock) == "family=good"
    said = text(client.post(page, {"email": "carol@example.org"}, follow=True))
    assert "carol@example.org is invited to it" in said
    assert levels(bob, clock) == "family=lapsed"
    assert "ended already" in text(client.post(page, {}, follow=True))
    seats_giving.accept(*last_link(carol.email), carol, now=clock.now)
    said = text(client.post(f"/me/seats/given/{Seat.objects.get(until=None).pk}/remove/", {}, follow=True))
    assert "The seat is taken back." in said
    assert levels(carol, clock) == "family=lapsed"


def test_who_is_invited_makes_no_step_too_many(household, charlie, clock):
    """A stranger follows the link, logs in with the address that it was sent to, and says yes."""
    seats_giving.invite(household, charlie.email, by=None, now=clock.now)
    client, (invitation, token) = browsing(), last_link(charlie.email)
    answer = client.get(f"/me/invitations/{invitation}/{token}/")
    assert answer["Location"] == f"/me/invitations/{invitation}/"
    said = client.get(answer["Location"])
    assert "Alice invites you" in text(said)
    assert "c…@example.org" in text(said)
    assert token not in said.content.decode()
    assert f"next={quote(answer['Location'], safe='')}" in said.content.decode()
    assert client.post(answer["Location"]).status_code == 200
    assert not Seat.objects.exists()
    client.force_login(charlie)
    assert "Take the seat" in text(client.get(answer["Location"]))
    assert not Seat.objects.exists(), "to look is not to take"
    said = text(client.post(answer["Location"], follow=True))
    assert "The seat is yours. You are a member through Alice." in said
    assert "Through Alice. Paid until" in said
    assert levels(Member.objects.get(user=charlie), clock) == "family=good"
    client.get(f"/me/invitations/{invitation}/{token}/")
    assert "You have taken this seat already." in text(client.post(answer["Location"], follow=True))
    assert Seat.objects.count() == 1


def test_a_seat_is_given_up_by_who_holds_it(household, bob, clock):
    given, client = seat(household, bob, clock), browsing(bob)
    page = f"/me/seats/held/{given.pk}/leave/"
    assert page in client.get("/me/").content.decode()
    assert "You are no member through Alice any more" in text(client.get(page))
    assert "You gave up your seat." in text(client.post(page, follow=True))
    assert "Through Alice. The seat has ended on" in text(client.get("/me/"))
    assert "ended already" in text(client.post(page, follow=True))


@pytest.mark.parametrize(
    ("wrong", "status", "words"),
    [
        ("token", 404, "This link is not right."),
        ("expired", 410, "This invitation has run out."),
        ("withdrawn", 410, "This invitation was taken back."),
        ("used", 410, "accepted already"),
        ("full", 409, "All seats of this membership are taken by now."),
        ("nothing", 404, "This link is not right."),
    ],
)
def test_a_link_that_gives_nothing_says_why(household, bob, carol, dana, clock, wrong, status, words):
    invitation, token = invite(household, bob, clock)
    client = browsing(bob)
    match wrong:
        case "token":
            token = "x" * 43
        case "expired":
            clock.advance(timedelta(days=14))
        case "withdrawn":
            seats_giving.withdraw(Invitation.objects.get(), now=clock.now)
        case "used":
            Seat.objects.filter(pk=seats_giving.accept(invitation, token, bob, now=clock.now).pk).update(
                until=clock.now, ended="left"
            )
        case "full":
            seats_giving.give(household, carol, by=dana, reason="x", now=clock.now)
            from goodstanding.catalogue import knowledge
            from goodstanding.catalogue.models import Level, LevelTerms

            Level.objects.update(seats=1)
            LevelTerms.objects.update(seats=1)
            knowledge.touch()
    if wrong != "nothing":
        client.get(f"/me/invitations/{invitation}/{token}/")
    answer = client.post(f"/me/invitations/{invitation}/")
    assert (answer.status_code, words in text(answer)) == (status, True), text(answer)
    assert not Seat.objects.filter(holder=bob, until=None).exists()


def test_a_stranger_with_the_link_alone_gets_nothing(household, bob, charlie, clock):
    invitation, token = invite(household, bob, clock)
    client = browsing(charlie)
    client.get(f"/me/invitations/{invitation}/{token}/")
    said = client.post(f"/me/invitations/{invitation}/")
    assert "This invitation was sent to b…@example.org" in text(said)
    assert "bob@example.org" not in text(said)
    assert not Seat.objects.exists()
    assert not Member.objects.filter(user=charlie).exists()


@pytest.mark.parametrize("who", ["nobody", "another payer", "the holder", "a stranger", "staff"])
def test_nobody_sees_or_changes_another_payer_s_seats(household, bob, carol, charlie, dana, clock, price, who):
    given, (invitation, _token) = seat(household, carol, clock), invite(household, bob, clock)
    if who == "another payer":
        of(bob, "company", price, clock)
    somebody = {"nobody": None, "another payer": bob, "the holder": carol, "a stranger": charlie, "staff": dana}[who]
    client, before = browsing(somebody), (Seat.objects.count(), waiting())
    pages = [
        ("post", f"/me/seats/{household.pk}/"),
        ("get", f"/me/seats/{household.pk}/"),
        ("post", f"/me/seats/given/{given.pk}/remove/"),
        ("post", f"/me/seats/invitations/{invitation}/again/"),
        ("post", f"/me/seats/invitations/{invitation}/withdraw/"),
    ]
    if who != "the holder":
        pages.append(("post", f"/me/seats/held/{given.pk}/leave/"))
    for method, page in pages:
        answer = getattr(client, method)(page, {"email": "x@example.org"} if method == "post" else {})
        if who == "nobody":
            assert answer.status_code == 302
            assert "login" in answer["Location"]
        elif who in ("a stranger", "staff"):
            assert "email" not in text(answer)  # no member: led to joining
            assert carol.email not in answer.content.decode()
        else:
            assert answer.status_code == 404, page
    assert (Seat.objects.filter(until=None).count(), waiting()) == before


def test_a_level_is_joined_with_seats_from_the_page_and_they_can_be_given(
    client, alice, bob, houses, price, clock, until
):
    """200.00 and two seats at 10.00 each are 220.00, now and with each renewal; a seat too many is refused before."""
    client.force_login(alice.user)
    company = price("company")
    address = f"/join/company/{company.pk}/"
    assert "10.00 EUR for each seat" in client.get(address).content.decode()
    wrong = client.post(address, {"show": "1", "seats": "5"})
    assert wrong.status_code == 422
    assert "choose 0 to 4" in wrong.content.decode()
    page = client.post(address, {"show": "1", "seats": "2"}).content.decode()
    for words in ("2 further seats", "20.00 EUR", "Pay 220.00 EUR and join", "220.00 EUR on April 2, 2026"):
        assert words in page, words
    shown = re.search(r'name="shown" value="([^"]+)"', page)
    assert shown is not None
    answer = client.post(address, {"seats": "2", "shown": shown[1], "way": "sandbox", "card": "sandbox_ok"})
    assert answer.status_code == 302, answer.content.decode()
    assert list(Payment.objects.values_list("amount_minor", flat=True)) == [22000]
    membership = Membership.objects.get(member=alice)
    there = seats_giving.taken(membership, now=clock.now)
    assert (there.places.total, there.left) == (2, 2)
    seat(membership, bob, clock)
    assert levels(bob, clock) == "company=good"
    until(clock.now + timedelta(days=32))
    assert list(Payment.objects.order_by("made_at").values_list("amount_minor", flat=True)) == [22000, 22000]
