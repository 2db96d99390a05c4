"""Where the demonstration goes: not among data of others, to the day, and under its own name."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from goodstanding.billing.models import Payment
from goodstanding.catalogue.models import Level, LevelGroup
from goodstanding.core.periods import Interval, Unit, nth
from goodstanding.people.services import make_member
from goodstanding.site import demo, environment
from goodstanding.site.demo_cast import Ago

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize("there", ["a member", "a level"])
def test_a_database_with_data_of_its_own_is_left_alone(db, there):
    if there == "a member":
        make_member(email="somebody@example.org", now=NOW)
    else:
        Level.objects.create(slug="full", name="Ours", group=LevelGroup.objects.create(slug="ours", name="Ours"))
    assert "already" in demo.ensure(now=NOW)
    assert not Payment.objects.exists()
    assert [level.name for level in Level.objects.all()] == (["Ours"] if there == "a level" else [])
    assert next(line.split()[0] for line in demo.lines(now=NOW)) == "alice@example.org"


DAYS = [datetime(2026, month, day, 10, tzinfo=UTC) for month, day in ((3, 31), (3, 1), (5, 30), (7, 15))]


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("ago", [Ago(months=8, days=12), Ago(months=1, days=2), Ago(months=1, minutes=10), Ago()])
def test_what_began_some_months_ago_renews_as_many_days_ago(day, ago):
    for to_the_minute, leeway in ((True, 0), (False, 3)):
        begun = replace(ago, to_the_minute=to_the_minute).before(day, tz=UTC)
        wanted = day - timedelta(days=ago.days, hours=ago.hours, minutes=ago.minutes)
        renewals = [nth(begun, Interval(Unit.MONTH), n=n, tz=UTC) for n in range(12)]
        assert any(timedelta() <= wanted - at <= timedelta(days=leeway) for at in renewals), (begun, wanted)


def test_the_site_is_called_as_its_organisation_unless_it_was_told(tmp_path):
    told = environment.Environment({"GOODSTANDING_ORGANISATION": "Ours"})
    nothing = environment.Environment({})
    assert environment.organisation(nothing, tmp_path) == "Goodstanding"
    environment.remember_name(tmp_path, "Riverside Makerspace")
    assert environment.organisation(nothing, tmp_path) == "Riverside Makerspace"
    assert environment.organisation(told, tmp_path) == "Ours"
