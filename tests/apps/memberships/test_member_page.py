"""A member's page: the standing with its reasons, at any moment, and the whole story with every event that told it."""

from __future__ import annotations

from html import unescape

import pytest
from django.contrib.admin.utils import quote
from django.urls import reverse

from goodstanding.billing.models import Fact
from goodstanding.memberships.models import StandingChange
from goodstanding.people.models import Member
from tests import lives
from tests.apps.staff import page_of, statements, with_permissions

pytestmark = pytest.mark.django_db


def page(email):
    return page_of(Member.objects.get(email=f"{email}@lives.example.org"))


def words(client, address, **query):
    shown = client.get(address, query)
    assert shown.status_code == 200
    return unescape(shown.content.decode())


@pytest.fixture
def desk(client, dana, lived):
    client.force_login(dana)
    return client


def test_the_page_is_for_staff_who_may_see_members(client, lived, alice, charlie, dana):
    address = page("full-refund")
    assert client.get(address).status_code == 302
    for nobody in (alice.user, charlie):
        client.force_login(nobody)
        assert client.get(address).url.startswith(reverse("admin:login"))
    assert with_permissions(client, dana).get(address).status_code == 403
    assert with_permissions(client, dana, "view_member").get(address).status_code == 200
    assert client.post(address, {"email": "new@example.org"}).status_code == 403
    assert client.get(reverse("admin:gs_people_member_change", args=["mbr_nobody"])).status_code == 404


def test_it_says_how_the_member_stands_and_why(desk):
    shown = words(desk, page("full-refund"))
    assert '<span class="gs-badge gs-lapsed">lapsed</span>' in shown
    assert "what was paid last was taken back" in shown


def test_every_fact_is_told_with_the_event_that_told_it(desk):
    member = Member.objects.get(email="full-refund@lives.example.org")
    shown = words(desk, page("full-refund"))
    events = set(Fact.objects.filter(customer__member=member).values_list("event", flat=True))
    assert len(events) > 10
    for event in events:
        assert f'href="{reverse("admin:gs_inbox_webhookevent_change", args=[quote(event)])}"' in shown
    effects = StandingChange.objects.filter(member=member).values_list("before", "after")
    assert len(effects) > 2
    for before, after in effects:
        assert f"{before} → {after}" in shown or before == after


def test_events_are_linked_only_for_those_who_may_see_them(client, lived, dana):
    with_permissions(client, dana, "view_member")
    shown = words(client, page("full-refund"))
    assert "evt_" in shown
    for hidden in ("gs_inbox", "/gs_billing/", "/gs_people/user/"):
        assert f"/admin/{hidden.strip('/')}" not in shown, hidden


@pytest.mark.parametrize(
    "row", [row for row in lives.expected() if row.life in ("full-refund", "dispute-won", "two-agreements")], ids=str
)
def test_it_answers_for_any_moment(desk, row):
    shown = words(desk, page(row.life), at=row.at)
    verdict = shown.partition('class="gs-verdict"')[2].partition("</p>")[0]
    assert f">{row.status}<" in verdict
    assert "Back to now" in shown


def test_what_was_recorded_later_is_left_out_when_asked_as_known_at(desk):
    row = next(row for row in lives.expected() if row.life == "full-refund" and row.status == "good")
    shown = words(desk, page("full-refund"), at="2026-01-01T00:00:00Z", known_at=row.at)
    assert "refund " not in shown.partition('id="timeline"')[2]
    assert "refund " in words(desk, page("full-refund"), at="2026-01-01T00:00:00Z").partition('id="timeline"')[2]


def test_a_moment_that_is_none_is_named_and_now_is_shown(desk):
    shown = words(desk, page("full-refund"), at="yesterday")
    assert "'yesterday' is no moment" in shown
    assert "Standing now" in shown


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Kiritimati"])
@pytest.mark.parametrize(
    "at",
    ["0001-01-01T00:00:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1970-01-01", "2026-03-02T10:00:00+14:00"],
)
def test_moments_at_the_ends_of_time_are_answered(desk, settings, at, zone):
    settings.GOODSTANDING_TIME_ZONE = zone
    assert desk.get(page("full-refund"), {"at": at, "known_at": at}).status_code == 200


def test_moments_are_read_and_shown_by_the_sites_clock(desk, settings):
    settings.GOODSTANDING_TIME_ZONE = "Europe/Berlin"
    shown = words(desk, page("full-refund"), at="2026-07-01T12:00")
    assert 'value="2026-07-01T12:00:00"' in shown
    assert '<time datetime="2026-07-01T10:00:00+00:00">2026-07-01 12:00:00</time>' in shown
    assert "Europe/Berlin" in shown
    assert 'value="2026-07-01T12:00:00"' in words(desk, page("full-refund"), at="2026-07-01T10:00:00Z")


@pytest.mark.parametrize("name", ["at", "known_at", "changes", "page", "q", "standing", "o", "p", "e", "nonsense"])
def test_what_is_typed_into_an_address_is_never_a_part_of_the_page(desk, name):
    script = '"><script>alert(1)</script>'
    for address in (page("full-refund"), reverse("admin:gs_people_member_changelist")):
        shown = desk.get(address, {name: script}, follow=True)
        assert shown.status_code == 200
        assert "<script>alert" not in shown.content.decode()


def test_the_story_may_be_cut_to_what_changed_the_standing(desk):
    shown = words(desk, page("full-refund"), changes="1").partition('id="timeline"')[2]
    assert "customer cus_" not in shown
    assert "→ lapsed" in shown
    assert "Show everything that was told" in shown


def test_a_long_story_is_paged(desk, monkeypatch):
    from goodstanding.memberships import member_page

    monkeypatch.setattr(member_page, "MOMENTS", 5)
    first, second = (words(desk, page("full-refund"), page=str(number)) for number in (1, 2))
    assert "page 1 of" in first
    assert "Earlier" in first
    assert "customer cus_" not in first.partition('id="timeline"')[2]
    assert first != second
    assert "page 2 of" in second
    assert desk.get(page("full-refund"), {"page": "nonsense"}).status_code == 200


def test_statements_are_constant_however_long_the_story(client, dana, clock, tmp_path, db):
    lives.set_up()
    client.force_login(dana)
    bodies = lives.lines(["steady-monthly"])
    lives.load(bodies[: len(bodies) // 3], tmp_path)
    told = Fact.objects.filter(customer__member__email="steady-monthly@lives.example.org")
    short, facts = statements(client, page("steady-monthly")), told.count()
    lives.load(bodies, tmp_path)
    assert told.count() > 2 * facts
    assert statements(client, page("steady-monthly")) == short
