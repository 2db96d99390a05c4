"""How many statements the forward-auth check and a gated page take: the same, however many members there are."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from goodstanding.access.models import Pass
from goodstanding.memberships.models import MemberStanding
from goodstanding.people import services
from tests.access_cases import granted

pytestmark = [pytest.mark.django_db, pytest.mark.db_matters]

ADDRESSES = {"check": "/access/check?level=studio", "page": "/demo/members/"}


@pytest.mark.parametrize("address", ADDRESSES.values(), ids=ADDRESSES)
@pytest.mark.parametrize(("who", "statuses"), [("studio", {200}), ("studio, grace is over", {403})])
def test_entering_sends_the_same_with_5_and_with_300_members(address, who, statuses, with_pass, person, stands, clock):
    def grow(until):
        for number in range(MemberStanding.objects.count(), until):
            other = stands(services.make_user(email=f"other{number}@example.org", now=clock.now), (granted("studio"),))
            Pass.objects.create(
                id=f"p{number}", user=other, session_key=f"s{number}", password_stamp="", made_at=clock.now
            )

    def sent():
        with CaptureQueriesContext(connection) as statements:
            answer = browser.get(address)
        assert {answer.status_code} == statuses, answer.content
        return len(statements)

    browser = with_pass(person(who))
    grow(5)
    few = sent()
    grow(300)
    assert MemberStanding.objects.count() == 300
    assert sent() == few > 0
