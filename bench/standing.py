"""Asking for standing: one member, the same member again, and everybody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import StringIO

from django.core.management import call_command
from django.db import connection

from bench import floors, measure
from bench.report import Measurement
from bench.seeding import Organisation
from goodstanding import clock
from goodstanding.billing.models import ObjectState
from goodstanding.memberships.models import MemberStanding
from goodstanding.memberships.reading import StandingCache, standing_now
from goodstanding.memberships.words import stamp

_TABLE = MemberStanding._meta.db_table


def measurements(organisation: Organisation, *, rounds: int) -> Iterator[Measurement]:
    """Measure."""
    yield from _one(organisation, rounds)
    yield from _everybody(rounds)


def _one(organisation: Organisation, rounds: int) -> Iterator[Measurement]:
    member = organisation.customer("l", 0).member_id or ""
    now = clock.now()
    invoices = organisation.due["l"]
    assert standing_now(member, now=now).enters, member
    floor = floors.by_key(_TABLE, "outlook", "member_id", member)
    with measure.statements() as sent:
        standing_now(member, now=now)
    yield Measurement(f"standing check, member with {invoices} invoices: SQL", len(sent), "SQL", 1)
    yield Measurement(
        f"standing check, member with {invoices} invoices",
        measure.microseconds(lambda: standing_now(member, now=clock.now()), rounds=rounds, calls=500),
        "µs",
        250,
        floor=measure.microseconds(floor, rounds=rounds, calls=500),
        floor_is="SELECT by primary key",
    )
    cache = StandingCache(now=now)
    known = {member: cache.of(member)}
    yield Measurement(
        "standing check, again in the request",
        measure.microseconds(lambda: cache.of(member), rounds=rounds, calls=20_000),
        "µs",
        2,
        floor=measure.microseconds(lambda: known.get(member), rounds=rounds, calls=20_000),
        floor_is="dict",
    )


def _everybody(rounds: int) -> Iterator[Measurement]:
    members = MemberStanding.objects.count()
    rounds = rounds if members < 50_000 else 1

    def speed(call: Callable[[], object]) -> float:
        return members / measure.seconds(call, rounds=rounds)

    def asked(*moments: str) -> Callable[[], object]:
        options = ["--at", *moments] if moments else []
        return lambda: call_command("standing", "--all", "--json", *options, stdout=StringIO())

    yield Measurement(
        "standing --all, members",
        speed(asked()),
        "/s",
        at_least=True,
        floor=members / floors.seconds_to_read(_TABLE, "outlook"),
        floor_is="read the rows",
    )
    yield Measurement(
        "standing --all --at T, members",
        speed(asked(stamp(clock.now()) or "")),
        "/s",
        at_least=True,
        floor=members / floors.seconds_to_read(ObjectState._meta.db_table, "facts"),
        floor_is="read the objects",
    )


def vendor() -> str:
    """Return the database's name for people."""
    return {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[connection.vendor]
