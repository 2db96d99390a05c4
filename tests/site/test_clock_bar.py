"""The clock bar: staff see and move the site's time, others see a line once it is not the real one, elsewhere there is none."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages import get_messages
from django.template.loader import render_to_string
from django.test import Client, RequestFactory

from goodstanding import clock as the_clock
from goodstanding.gateways.models import GatewayAccount
from goodstanding.memberships.models import StandingChange
from goodstanding.site import clock_bar
from tests.conftest import START
from tests.gateways.living import Life

pytestmark = pytest.mark.django_db
URL = "/demo/clock/"
DAY = timedelta(days=1)


@pytest.fixture
def staff(client: Client, dana: Any) -> Client:
    client.force_login(dana)
    return client


def said(answer: Any) -> list[str]:
    return [str(each) for each in get_messages(answer.wsgi_request)]


def shown(user: Any) -> str:
    """The bar as a page of the site shows it to ``user``."""
    request = RequestFactory().get("/me/?page=2")
    request.user = user
    return render_to_string("gs_site/parts/clock_bar.html", request=request).strip()


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("+1d", "2026-03-03T10:00"),
        ("+7d", "2026-03-09T10:00"),
        ("+1m", "2026-04-02T09:00"),  # ten o'clock there, where summer time has come
        ("+1y", "2027-03-02T10:00"),
        ("2026-03-20", "2026-03-19T23:00"),
    ],
)
def test_staff_move_it_by_the_calendar_of_the_site(staff, clock, settings, to, expected):
    settings.GOODSTANDING_TIME_ZONE = "Europe/Berlin"
    answer = staff.post(URL, {"to": to, "next": "/demo/?x=1"})
    assert (answer.status_code, answer["Location"]) == (302, "/demo/?x=1")
    assert clock.now.isoformat() == f"{expected}:00+00:00"
    assert len(said(answer)) == 1


def test_a_month_is_a_month_at_its_end_too(staff, freeze, clock):
    freeze(START.replace(month=1, day=31))
    staff.post(URL, {"to": "+1m"})
    assert clock.now == START.replace(month=2, day=28)


def test_what_falls_due_is_done(staff, alice, clock):
    Life(alice).join(card="sandbox_fails_later")
    staff.post(URL, {"to": "+1y"})
    assert StandingChange.objects.filter(member=alice, after="lapsed").exists()


def test_what_takes_too_long_stops_and_is_gone_on_with(staff, alice, clock, monkeypatch):
    Life(alice).join()
    monkeypatch.setattr(clock_bar, "SECONDS_OF_A_REQUEST", -1.0)
    answer = staff.post(URL, {"to": "+1y"})
    assert clock.now == START
    assert ["Press again" in words for words in said(answer)] == [True]
    monkeypatch.undo()
    staff.post(URL, {"to": "+1y"})
    assert clock.now == START + 365 * DAY


@pytest.mark.parametrize("to", ["", "+1w", "2026-03-01", "2026-02-30", "x" * 10_000, "9999-12-31", "2190-01-01"])
def test_what_cannot_be_is_said_and_nothing_moves(staff, clock, to):
    answer = staff.post(URL, {"to": to})
    assert (answer.status_code, clock.now) == (302, START)
    assert len(said(answer)) == 1


@pytest.mark.parametrize("elsewhere", ["https://example.org/", "//example.org/", "javascript:alert(1)", ""])
def test_nobody_is_led_elsewhere(staff, elsewhere):
    assert staff.post(URL, {"to": "+1d", "next": elsewhere})["Location"] == "/"


@pytest.mark.parametrize("who", ["alice", "charlie", None])
def test_others_may_not(client, clock, alice, charlie, who):
    if who:
        client.force_login({"alice": alice.user, "charlie": charlie}[who])
    assert client.post(URL, {"to": "+1d"}).status_code == 403
    assert clock.now == START


def test_nor_does_a_form_from_elsewhere_or_a_link(dana, clock):
    client = Client(enforce_csrf_checks=True)
    client.force_login(dana)
    assert client.post(URL, {"to": "+1d"}).status_code == 403
    assert client.get(URL, {"to": "+1d"}).status_code == 405
    assert clock.now == START


@pytest.mark.parametrize(("name", "value"), [("GOODSTANDING_DEMO", False), ("GOODSTANDING_CLOCK", "+90d")])
def test_elsewhere_there_is_nothing(staff, dana, clock, settings, name, value):
    setattr(settings, name, value)
    assert staff.post(URL, {"to": "+1d"}).status_code == 404
    assert clock.now == START
    assert shown(dana) == ""


def test_nor_where_real_money_moves(staff, dana, clock):
    GatewayAccount.objects.create(code="real", gateway="stripe", label="Real", mode="live", api_key="sk_live_1")
    assert staff.post(URL, {"to": "+1d"}).status_code == 404
    assert shown(dana) == ""


def test_somebody_else_who_moves_it_is_waited_for(staff, clock):
    with the_clock.moving():
        assert len(said(staff.post(URL, {"to": "+1d"}))) == 1
        assert clock.now == START


def test_staff_see_the_time_and_the_buttons(dana, clock):
    page = shown(dana)
    assert "March 2, 2026, 10 a.m." in page
    assert all(f'value="{step}"' in page for step in ("+1d", "+7d", "+1m", "+1y"))
    assert 'name="next" value="/me/?page=2"' in page
    assert page.count("csrfmiddlewaretoken") == 2


def test_others_see_a_line_once_it_is_moved(alice, settings, tmp_path):
    settings.GOODSTANDING_HOME = tmp_path
    with the_clock.stopped(START):
        assert [shown(user) for user in (alice.user, AnonymousUser())] == ["", ""]
    before = the_clock._stopped
    the_clock._stopped = None
    try:
        assert shown(alice.user) == ""
        the_clock.move_to(the_clock.now() + 90 * DAY)
        for user in (alice.user, AnonymousUser()):
            assert "the site's time is" in shown(user)
            assert "<button" not in shown(user)
    finally:
        the_clock._stopped = before
