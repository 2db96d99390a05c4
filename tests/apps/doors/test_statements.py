"""How many statements a tap takes: the same, however many members, cards, readers and taps there are."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from goodstanding.doors import services
from goodstanding.doors.models import Card, DoorEvent
from goodstanding.people.services import make_member
from tests.apps.doors.conftest import OTHER_UID, UID, stand

pytestmark = [pytest.mark.django_db, pytest.mark.db_matters]


@pytest.mark.parametrize(("uid", "opens"), [(UID, True), (OTHER_UID, False)], ids=["a member", "a stranger"])
def test_a_tap_sends_the_same_with_5_and_with_300_members(uid, opens, reader, good, card, dana, clock):
    def grow(until):
        for number in range(Card.objects.count(), until):
            member = make_member(email=f"other{number}@example.org", now=clock.now)
            stand(member)
            services.add_card(member, uid=f"{number:08}", by=dana, now=clock.now)
            if number % 10 == 0:
                reader.tap(f"{number:08}")

    def sent():
        with CaptureQueriesContext(connection) as statements:
            assert reader.opens(uid) is opens
        return len(statements)

    grow(5)
    reader.tap()  # the reader has been seen within this minute
    few = sent()
    grow(300)
    assert Card.objects.count() == 300
    assert sent() == few > 0
    assert DoorEvent.objects.count() > 30
