"""Two at once: the last seat is one person's, and who pays for each other does not wait for each other for ever."""

from __future__ import annotations

import json
import threading

import pytest
from django.db import connection

from goodstanding.billing.models import Invoice
from goodstanding.catalogue import knowledge
from goodstanding.catalogue.models import Level, LevelTerms
from goodstanding.catalogue.services import import_catalogue
from goodstanding.core.records import HoldKind
from goodstanding.memberships import rebuilding, seats_giving, services
from goodstanding.memberships.models import Seat
from goodstanding.memberships.seats_giving import CannotSeat
from tests.apps.seats.house import HOUSES, invite, levels, of, seat

pytestmark = pytest.mark.django_db(transaction=True)


def agree():
    assert rebuilding.rebuild_customers()[2] == []
    assert rebuilding.rebuild_standing()[2] == []


@pytest.mark.db_matters
def test_of_two_who_take_the_last_seat_at_once_one_has_it(household, bob, carol, clock):
    links = {each: invite(household, each, clock) for each in (bob, carol)}
    Level.objects.filter(slug="household").update(seats=1)
    LevelTerms.objects.filter(level="household").update(seats=1)
    knowledge.touch()
    now, found = clock.now, []

    def take(who):
        try:
            found.append(seats_giving.accept(*links[who], who, now=now).holder_id)
        except CannotSeat as refusal:
            found.append(refusal.code)
        finally:
            connection.close()

    both = [threading.Thread(target=take, args=(who,)) for who in (bob, carol)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert found.count("gone") == 1, found
    assert Seat.objects.count() == 1
    assert sorted([levels(bob, clock), levels(carol, clock)]) == ["", "family=good"]
    assert Invoice.objects.count() == 1
    agree()


@pytest.mark.db_matters
def test_who_pays_for_each_other_at_once_do_not_wait_for_each_other_for_ever(household, alice, bob, clock, dana, price):
    other = of(bob, "company", price, clock)
    import_catalogue(json.dumps([{**HOUSES[1], "seats": 1}]), now=clock.now)
    seat(household, bob, clock)
    seat(other, alice, clock)
    now, failed = clock.now, []

    def hold(who):
        try:
            for _again in range(5):
                services.hold(who, kind=HoldKind.SUSPENDED, reason="x", by=None, now=now)
        except Exception as error:  # noqa: BLE001 - any is a failure of the test
            failed.append(error)
        finally:
            connection.close()

    both = [threading.Thread(target=hold, args=(who,)) for who in (alice, bob)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert failed == []
    assert {levels(alice, clock), levels(bob, clock)} == {"company=held;household=held", "company=held;family=held"}
    agree()
