"""The same decisions on the staff's pages: who may, what is refused in words, and what is shown afterwards."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from goodstanding.audit.models import AuditEntry
from goodstanding.catalogue.models import Level
from goodstanding.core.records import HoldKind
from goodstanding.memberships import services
from goodstanding.memberships.models import Approval, Grant, Hold, Membership
from goodstanding.memberships.reading import standing_now
from tests import lives
from tests.apps.staff import errors_on, page_of, with_permissions

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def levels(db, clock):
    lives.set_up()


@pytest.fixture
def covered(alice, dana, clock):
    """Alice, covered at the bench level for a month, a day ago."""
    level, start, end = Level.objects.get(pk="bench"), clock.now, clock.now + timedelta(days=30)
    services.grant(alice, level=level, start_at=start, end_at=end, reason="a gift", by=dana, now=clock.now)
    clock.advance(timedelta(days=1))
    return alice


@pytest.fixture
def held(covered, dana, clock):
    services.hold(covered, kind=HoldKind.SUSPENDED, reason="saw", by=dana, now=clock.now)
    clock.advance(timedelta(hours=1))
    return covered


def decide(member, *names):
    return reverse("admin:gs_people_member_decide", args=[member.pk, *names])


def cases(member):
    """Each decision: its address, the permission that it needs, what is typed, and the standing afterwards."""
    bench = Membership.objects.get(member=member)
    approval = (
        services.ask_approval(bench, now=bench.begun_at) if not Approval.objects.exists() else Approval.objects.get()
    )
    hold, given = Hold.objects.get(), Grant.objects.get()
    return {
        "hold": (decide(member, "hold"), "add_hold", {"kind": "suspended", "reason": "again"}),
        "release": (decide(member, "release", hold.pk), "change_hold", {"reason": "took the course"}),
        "grant": (
            decide(member, "grant"),
            "add_grant",
            {"level": "locker", "start_at": "2026-03-04T10:00:00", "reason": "prize"},
        ),
        "withdraw": (decide(member, "withdraw", given.pk), "change_grant", {"reason": "mistaken"}),
        "approve": (decide(member, "approve", approval.pk), "change_approval", {"reason": "met"}),
        "deny": (decide(member, "deny", approval.pk), "change_approval", {"reason": "no"}),
    }


@pytest.mark.parametrize("name", ["hold", "release", "grant", "withdraw", "approve", "deny"])
def test_a_decision_is_for_those_who_may_take_it(client, held, charlie, dana, name):
    address, permission, given = cases(held)[name]
    before = (Hold.objects.count(), Grant.objects.count(), AuditEntry.objects.count())
    assert client.post(address, given).status_code == 302
    for nobody in (held.user, charlie):
        client.force_login(nobody)
        assert client.post(address, given).url.startswith(reverse("admin:login"))
    for too_little in ((), ("view_member",), (permission,)):
        assert with_permissions(client, dana, *too_little).post(address, given).status_code == 403
    assert (Hold.objects.count(), Grant.objects.count(), AuditEntry.objects.count()) == before
    with_permissions(client, dana, "view_member", permission)
    assert client.get(address).status_code == 200
    done = client.post(address, given)
    assert (done.status_code, done.url) == (302, page_of(held))
    assert AuditEntry.objects.filter(by=dana, action=name, why=given["reason"]).count() == 1


@pytest.mark.parametrize("name", ["hold", "release", "grant", "withdraw", "approve", "deny"])
def test_every_decision_wants_a_reason_and_keeps_what_was_typed(client, held, dana, name):
    client.force_login(dana)
    address, _, given = cases(held)[name]
    refused = client.post(address, {**given, "reason": "  "})
    assert "This field is required." in errors_on(refused)
    assert not AuditEntry.objects.filter(action=name, by=dana, why="  ").exists()
    for value in given.values():
        if value != given["reason"]:
            assert value in refused.content.decode()


def test_a_decision_needs_the_token_of_its_form(held, dana):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(dana)
    assert strict.post(decide(held, "hold"), {"kind": "suspended", "reason": "x"}).status_code == 403
    assert Hold.objects.count() == 1


def test_what_cannot_be_decided_is_refused_in_words(client, held, dana, clock):
    client.force_login(dana)
    hold = Hold.objects.get()
    services.release(hold, reason="took the course", by=dana, now=clock.now)
    assert "lifted already" in errors_on(client.post(decide(held, "release", hold.pk), {"reason": "x"}))
    past = {"kind": "suspended", "reason": "x", "until": "2020-01-01T00:00:00"}
    assert "must lie ahead" in errors_on(client.post(decide(held, "hold"), past))
    backwards = {"level": "bench", "start_at": "2026-04-02T10:00:00", "end_at": "2026-04-01T10:00:00", "reason": "x"}
    assert "must come after its start" in errors_on(client.post(decide(held, "grant"), backwards))
    no_moment = {"level": "bench", "start_at": "soon", "reason": "x"}
    assert "is no moment" in errors_on(client.post(decide(held, "grant"), no_moment))
    assert (Hold.objects.count(), Grant.objects.count()) == (1, 1)


def test_nobody_decides_about_another_members_hold_or_what_is_not_there(client, held, bob, dana):
    client.force_login(dana)
    hold = Hold.objects.get()
    for address in (
        decide(bob, "release", hold.pk),
        decide(held, "release", "hld_nothing"),
        decide(held, "release"),
        decide(held, "hold", hold.pk),
        decide(held, "dance"),
        reverse("admin:gs_people_member_decide", args=["mbr_nobody", "hold"]),
    ):
        assert client.post(address, {"kind": "suspended", "reason": "x"}).status_code == 404, address
    assert Hold.objects.get().released_at is None


def test_the_page_says_what_came_of_it(client, covered, dana, clock):
    client.force_login(dana)
    shown = client.post(decide(covered, "hold"), {"kind": "suspended", "reason": "left <b>the saw</b>"}, follow=True)
    words = shown.content.decode()
    assert "good → held." in words
    assert "left &lt;b&gt;the saw&lt;/b&gt;" in words
    assert "<b>the saw" not in words
    assert standing_now(covered.pk, now=clock.now).status == "held"
    clock.advance(timedelta(hours=1))
    done = client.post(decide(covered, "release", Hold.objects.get().pk), {"reason": "course"}, follow=True)
    assert "held → good." in done.content.decode()


def test_the_page_offers_what_can_be_done_to_those_who_may(client, held, dana, clock):
    hold, given = Hold.objects.get(), Grant.objects.get()
    release, withdraw = decide(held, "release", hold.pk), decide(held, "withdraw", given.pk)
    everything = {decide(held, "hold"), decide(held, "grant"), release, withdraw}

    def offered(*permissions):
        words = with_permissions(client, dana, "view_member", *permissions).get(page_of(held)).content.decode()
        return {address for address in everything if f'href="{address}"' in words}

    assert offered() == set()
    assert offered("add_hold", "change_grant") == {decide(held, "hold"), withdraw}
    assert offered("add_hold", "change_hold", "add_grant", "change_grant") == everything
    services.release(hold, reason="course", by=dana, now=clock.now)
    assert offered("change_hold") == set()
