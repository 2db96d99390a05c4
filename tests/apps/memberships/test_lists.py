"""The lists on members and their standing: right at every moment, found quickly, as many statements for one as for many."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.admin.utils import quote
from django.urls import reverse

from goodstanding.catalogue.models import Level
from goodstanding.core.records import HoldKind
from goodstanding.memberships import services
from goodstanding.memberships.models import Alarm, Approval, Grant, Hold, Membership, MemberStanding, StandingChange
from goodstanding.people import pages
from goodstanding.people.models import Member
from goodstanding.people.services import make_member
from tests import lives
from tests.apps.staff import page_of, statements, with_permissions

MEMBERS = reverse("admin:gs_people_member_changelist")
pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client, dana, lived):
    client.force_login(dana)
    return client


def listed(client, **query):
    """The members on the list, by the part of the e-mail that is their own, with the standing shown."""
    content = client.get(MEMBERS, query).content.decode()
    return dict(re.findall(r"/member/mbr_\w+/change/[^>]*>([^<@]+)@[^<]*</a>.*?gs-badge gs-(\w+)", content, re.DOTALL))


@pytest.fixture
def granted(alice, dana, clock, lived):
    """Alice, covered at the bench level for a month from now."""
    level, start, end = Level.objects.get(pk="bench"), clock.now, clock.now + timedelta(days=30)
    services.grant(alice, level=level, start_at=start, end_at=end, reason="a gift", by=dana, now=clock.now)
    return alice


def test_the_list_shows_how_everybody_stands(desk, granted, bob):
    shown = listed(desk)
    assert (shown["alice"], shown["bob"], shown["full-refund"]) == ("good", "none", "lapsed")
    assert len(shown) == Member.objects.count()


def test_the_list_is_right_with_every_worker_dead(desk, granted, clock):
    clock.advance(timedelta(days=30))
    assert MemberStanding.objects.get(member=granted).status == "good"  # as last written
    assert listed(desk)["alice"] == "lapsed"
    assert "alice" in listed(desk, standing="lapsed")
    assert "alice" not in listed(desk, standing="good")


def test_the_filter_by_standing_parts_everybody(desk, granted, bob):
    everybody = listed(desk)
    by_standing = {
        status: listed(desk, standing=status) for status in ("good", "grace", "held", "pending", "lapsed", "none")
    }
    assert {name: status for status, found in by_standing.items() for name in found} == everybody
    assert sum(map(len, by_standing.values())) == len(everybody)
    assert listed(desk, standing="nonsense") == everybody


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("full-ref", {"full-refund"}),
        ("FULL-REFUND@lives", {"full-refund"}),
        ("refund@lives", set()),
        ("two-agreements@lives.example.org", {"two-agreements"}),
        ("Cleo Ha", {"two-agreements"}),
        ("' OR 1=1 --", set()),
        ("%", set()),
    ],
)
def test_members_are_found_by_the_beginning_of_the_email_or_by_name(desk, asked, found):
    assert set(listed(desk, q=asked)) == found


def test_a_member_is_found_by_the_whole_id(desk, alice):
    assert set(listed(desk, q=alice.pk)) == {"alice"}


def test_an_id_that_looks_like_an_escaped_address_leads_to_its_page(desk, clock):
    odd = Member.objects.create(id="mbr_22abc", email="odd@example.org", created_at=clock.now)
    assert page_of(odd) in desk.get(MEMBERS).content.decode()
    assert "odd@example.org" in desk.get(page_of(odd)).content.decode()


def test_statements_of_the_list_are_constant(desk, clock):
    few = statements(desk, MEMBERS)
    for number in range(30):
        make_member(email=f"more{number}@example.org", now=clock.now)
    assert statements(desk, MEMBERS) == few


def test_no_list_counts_further_than_it_shows(desk, monkeypatch):
    monkeypatch.setattr(pages, "LISTED", 3)
    shown = desk.get(MEMBERS).content.decode()
    assert "3 members" in shown


def test_changes_lead_to_what_caused_them(desk):
    shown = desk.get(reverse("admin:gs_memberships_standingchange_changelist")).content.decode()
    change = StandingChange.objects.filter(cause__startswith="evt_")[0]
    assert f'href="{reverse("admin:gs_inbox_webhookevent_change", args=[quote(change.cause)])}"' in shown
    page = desk.get(page_of(change)).content.decode()
    assert change.because.split("(")[0].strip() in page


def test_alarms_are_listed_with_whom_they_are_about(client, dana, clock, tmp_path, db):
    lives.set_up()
    lives.load(lives.lines(["free-once"]), tmp_path, create_members=False)
    client.force_login(dana)
    alarm = Alarm.objects.get(code="no_member")
    shown = client.get(reverse("admin:gs_memberships_alarm_changelist")).content.decode()
    assert alarm.words in shown
    assert page_of(alarm.customer) in shown
    assert client.get(page_of(alarm)).status_code == 200


@pytest.mark.parametrize("model", [Approval, Grant, Hold, Membership, StandingChange])
def test_each_list_leads_to_pages_that_nobody_edits(client, dana, granted, clock, model):
    place = Membership.objects.get(member=granted)
    services.hold(granted, kind=HoldKind.SUSPENDED, reason="saw", by=dana, now=clock.now)
    services.ask_approval(place, now=clock.now)
    row = model.objects.filter(member=granted)[0]
    name = f"admin:gs_memberships_{model._meta.model_name}"
    client.force_login(dana)
    address = page_of(row)
    assert address in client.get(reverse(f"{name}_changelist"), {"q": "alice@"}).content.decode()
    assert address not in client.get(reverse(f"{name}_changelist"), {"q": "bob@"}).content.decode()
    shown = client.get(address).content.decode()
    assert page_of(granted) in shown
    assert client.post(address, {"reason": "forged"}).status_code == 403
    assert client.post(page_of(row, "delete"), {"post": "yes"}).status_code == 403
    with_permissions(client, dana, f"view_{model._meta.model_name}")
    assert "/admin/gs_people/" not in client.get(address).content.decode()
