"""How many statements joining, renewing and entering take: the same, however many members and invoices there are."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from goodstanding.access.services import pass_for
from goodstanding.access.views import COOKIE
from goodstanding.billing.models import Invoice
from goodstanding.catalogue.models import Price
from goodstanding.clock import StoppedClock
from goodstanding.doors import services as doors
from goodstanding.jobs import registry
from goodstanding.memberships.models import MemberStanding
from goodstanding.memberships.refresh import entries, row_of
from goodstanding.people import services as people
from tests.access_cases import granted
from tests.apps.checkout.test_joining import buy

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.db_matters]

PriceOf = Callable[..., Price]
Sent = list[str]  # statements, shortened, for who reads a failure
RENEWAL = ("renewals", "payments")  # the sources that a renewal passes through: drawn up, then charged
DAY = timedelta(days=1)
UID = "04:A2:3B:C1:5D:66:80"


def sent_by(act: Callable[[], Any]) -> Sent:
    with CaptureQueriesContext(connection) as statements:
        act()
    return [each["sql"][:120] for each in statements]


def person(name: str, clock: StoppedClock) -> Any:
    user = people.make_user(email=f"{name}@example.org", name=name, now=clock.now)
    return people.make_member(user=user, name=name, now=clock.now)


def grow(until: int, clock: StoppedClock) -> None:
    """Have so many members, in good standing."""
    for number in range(MemberStanding.objects.count(), until):
        member = person(f"other{number}", clock)
        told = entries((granted("full"),), clock.now)
        row_of(member.pk, told, clock.now, decided=False).save(force_insert=True)
    assert MemberStanding.objects.count() == until


def renewed(clock: StoppedClock) -> Sent:
    """Do what is due: one renewal and its payment."""
    worked, sent = 0, []
    for name in RENEWAL:
        (source,) = [each for each in registry.sources() if each.name == name]
        with CaptureQueriesContext(connection) as statements:
            for row in source.claim(now=clock.now, worker="test", limit=20):
                source.process(row, now=clock.now)
                worked += 1
        sent += [each["sql"][:120] for each in statements]
    assert worked == 2, worked
    return sent


def next_month(clock: StoppedClock) -> datetime:
    year, month = divmod(clock.now.month, 12)
    return clock.set(clock.now.replace(year=clock.now.year + year, month=month + 1))


def renewed_until(count: int, clock: StoppedClock) -> Sent:
    """Let months pass until so many invoices are paid; return what the last renewal sent."""
    sent: Sent = []
    while Invoice.objects.count() < count:
        next_month(clock)
        sent = renewed(clock)
    assert Invoice.objects.filter(status="paid").count() == count
    return sent


def pages(client: Any, price: Price) -> list[int]:
    """Count for the pages of joining: the list, one price, and its form sent back empty."""
    path = reverse("gs_checkout:join", args=[price.level_id, price.pk])
    asked = [
        (200, lambda: client.get(reverse("gs_checkout:levels"))),
        (200, lambda: client.get(path)),
        (422, lambda: client.post(path, {})),
    ]
    found = []
    for status, ask in asked:
        with CaptureQueriesContext(connection) as statements:
            assert ask().status_code == status
        found.append(len(statements))
    return found


def test_the_pages_of_joining_send_the_same_with_5_and_with_300_members(
    client: Any, price: PriceOf, clock: StoppedClock
) -> None:
    full = price("full", "month")
    grow(5, clock)
    pages(client, full)  # what is read once is read
    few = pages(client, full)
    grow(300, clock)
    assert pages(client, full) == few
    assert all(few), few


def test_joining_sends_the_same_for_the_second_and_for_the_thirtieth(
    alice: Any, bob: Any, price: PriceOf, clock: StoppedClock
) -> None:
    full = price("full", "month")
    buy(person("first", clock), full, clock)  # the counter of invoices begins
    few = sent_by(lambda: buy(alice, full, clock))
    for number in range(27):
        buy(person(f"other{number}", clock), full, clock)
    many = sent_by(lambda: buy(bob, full, clock))
    assert Invoice.objects.filter(status="paid").count() == 30
    assert len(many) == len(few), (few, many)


def test_a_renewal_sends_the_same_with_5_and_with_300_members(
    alice: Any, bob: Any, price: PriceOf, clock: StoppedClock
) -> None:
    buy(alice, price("full", "month"), clock)
    clock.advance(DAY)
    buy(bob, price("full", "month"), clock)
    grow(5, clock)
    clock.set(clock.now.replace(month=4, day=2))
    few = renewed(clock)
    grow(300, clock)
    clock.advance(DAY)
    many = renewed(clock)
    assert Invoice.objects.filter(status="paid").count() == 4
    assert len(many) == len(few), (few, many)


def test_a_renewal_sends_the_same_after_2_and_after_24_invoices(
    alice: Any, price: PriceOf, clock: StoppedClock
) -> None:
    buy(alice, price("full", "month"), clock)
    few = renewed_until(2, clock)
    many = renewed_until(24, clock)
    assert len(many) == len(few), (few, many)


def test_who_has_24_invoices_enters_and_buys_with_as_many_statements_as_with_2(
    client: Any, alice: Any, dana: Any, price: PriceOf, clock: StoppedClock
) -> None:
    bought, other = price("full", "month"), price("weekday")
    buy(alice, bought, clock)
    doors.add_card(alice, uid=UID, by=dana, now=clock.now)
    door = doors.make_door(name="Workshop", levels=[bought.level], by=dana, now=clock.now)
    device = doors.make_device(name="Reader", at=[door], by=dana, now=clock.now)
    token = doors.new_device_token(device, by=dana, now=clock.now)

    def counted() -> dict[str, int]:
        client.force_login(alice.user)  # no session lives for two years
        client.cookies[COOKIE] = pass_for(alice.user, session_key=client.session.session_key, now=clock.now)
        asked: dict[str, Callable[[], Any]] = {
            "check": lambda: client.get("/access/check?level=full"),
            "page for members": lambda: client.get(reverse("demo_members")),
            "levels": lambda: client.get(reverse("gs_checkout:levels")),
            "join": lambda: client.get(reverse("gs_checkout:join", args=[other.level_id, other.pk])),
            "tap": lambda: client.post(
                f"/doors/{door.pk}/tap",
                json.dumps({"card": UID}),
                content_type="application/json",
                headers={"Authorization": f"Bearer {token}"},
            ),
        }
        found = {}
        for name, ask in asked.items():
            with CaptureQueriesContext(connection) as statements:
                answer = ask()
            assert answer.status_code == 200, (name, answer.content)
            assert name != "tap" or answer.json()["open"] is True
            found[name] = len(statements)
        return found

    renewed_until(2, clock)
    counted()  # what is read once is read
    few = counted()
    renewed_until(24, clock)
    counted()  # the device is seen again after a long time
    assert counted() == few
