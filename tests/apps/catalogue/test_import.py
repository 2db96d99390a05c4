"""Taking in a catalogue file: all of it or nothing, each fault named, any number of times."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command

from goodstanding.catalogue import knowledge, paths
from goodstanding.catalogue.entries import CatalogueRefused
from goodstanding.catalogue.models import GatewayPrice, Level, LevelGroup, LevelTerms, Price
from goodstanding.catalogue.services import import_catalogue, set_terms
from goodstanding.core.changes import Manner, Reckoning, When
from goodstanding.core.ids import derived
from goodstanding.jobs import services as jobs
from goodstanding.jobs.models import Job
from goodstanding.memberships import services as decisions
from goodstanding.memberships.models import LevelSpan
from goodstanding.people.models import Member
from tests import lives

FILE = lives.HERE / "catalogue.json"
pytestmark = pytest.mark.django_db


def price(**given):
    return {"amount_minor": 4500, "currency": "eur", "interval": "month", **given}


def level(slug="garden", **given):
    return {"slug": slug, "name": slug.title(), "group": "green", "prices": [price()], **given}


def tables():
    """Every row of the catalogue, its revision, and the jobs that were asked for."""
    models: list[Any] = [*apps.get_app_config("gs_catalogue").get_models(), Job]
    return {model: sorted(map(repr, model.objects.values())) for model in models}


def take_in(*levels, clock):
    return import_catalogue(json.dumps(levels), now=clock.now)


BAD_CONDITIONS = {
    "a trial of what does not renew": ({"renews": False, "trial": {"count": 3}}, "Only what renews"),
    "a trial for life": ({"trial": {"count": 1, "unit": "once"}}, "A trial is counted in"),
    "a trial that is no object": ({"trial": 14}, "trial is no object"),
    "a first price of nothing": ({"intro": {"payments": 1, "amount_minor": 0}}, "For nothing at first, use a trial"),
    "a first price without a number": ({"intro": {"amount_minor": 100}}, "Say how many bills"),
    "an instalment count of zero": ({"payments": 0}, "payments is no whole number from 1"),
    "instalments of nothing": ({"payments": 3, "total_minor": 0}, "total_minor: A sum in instalments"),
    "a sum without a number": ({"total_minor": 1000}, "A sum in instalments"),
    "kept without an end": ({"keeps": "life"}, "where there is a last payment"),
    "kept for hours": ({"payments": 3, "keeps": {"count": 3, "unit": "hour"}}, "The term to be held"),
    "a minimum above the amount": ({"minimum_minor": 10**6}, "The least to pay"),
    "several terms of what renews": ({"terms_max": 3}, "Several terms at once"),
    "a calendar of weeks": ({"interval": "week", "fixed": {"start": "0101"}}, "Calendar terms are of"),
    "a calendar of five months": ({"interval_count": 5, "fixed": {"start": "0101"}}, "Calendar terms are of"),
    "the 30th of February": ({"interval": "year", "fixed": {"start": "0230"}}, "This is no day of a year"),
    "a rollover day alone": ({"fixed": {"rollover": "0301"}}, "belong to a term that follows the calendar"),
    "an end of what renews": ({"ends_on": "2026-12-31"}, "Only what does not renew"),
    "an end that is no day": ({"renews": False, "ends_on": "soon"}, "ends_on is no day"),
    "a tax by another name": ({"tax": "some"}, "tax is none of"),
    "sold from sometime": ({"sale_from": "tomorrow"}, "sale_from is no day"),
    "a moment without its zone": ({"sale_from": "2026-01-01T10:00:00"}, "sale_from is no day"),
    "sold until before it is sold": (
        {"sale_from": "2027-01-02", "sale_until": "2027-01-01"},
        "no later than sale_from",
    ),
    "a part of a first term by weeks": ({"fixed": {"start": "01", "prorated": "weeks"}}, "neither months nor days"),
}


@pytest.mark.parametrize(("given", "words"), BAD_CONDITIONS.values(), ids=BAD_CONDITIONS)
def test_conditions_that_cannot_be_are_named_and_nothing_changes(given, words, clock):
    before = tables()
    with pytest.raises(CatalogueRefused) as refused:
        take_in(level(prices=[price(**given)]), clock=clock)
    assert any(words in fault and fault.startswith("entry 1 (garden), price 1") for fault in refused.value.faults)
    assert tables() == before


def test_conditions_are_kept_and_are_part_of_what_a_price_is(clock):
    given: list[dict[str, Any]] = [
        {"trial": {"count": 14, "unit": "day"}, "tax": "inclusive"},
        {"intro": {"payments": 3, "amount_minor": 500}},
        {"payments": 4, "total_minor": 18000, "keeps": {"count": 1, "unit": "year"}},
        {"interval": "year", "fixed": {"start": "0301", "rollover": "1111", "prorated": "days", "full_until": "0602"}},
        {"renews": False, "ends_on": "2026-12-31"},
        {"minimum_minor": 100, "sale_until": "2027-01-01"},
        {},
    ]
    for _ in range(2):  # again changes nothing
        take_in(level(prices=[price(**each) for each in given]), clock=clock)
    assert Price.objects.count() == len(given)
    trial = Price.objects.get(trial_count=14)
    assert (trial.trial_unit, trial.taxed, trial.tax_inclusive) == ("day", True, True)
    parts = Price.objects.get(payments=4)
    assert (parts.total_minor, parts.keeps, parts.keeps_count, parts.keeps_unit) == (18000, "term", 1, "year")
    fixed = Price.objects.get(fixed_start="0301")
    assert (fixed.fixed_rollover, fixed.fixed_prorated, fixed.fixed_full_until) == ("1111", "days", "0602")
    assert str(Price.objects.get(renews=False).ends_on) == "2026-12-31"


BAD = {
    "no slug": (level(slug=""), "slug is not made of"),
    "a slug in capitals": (level("Garden"), "slug is not made of"),
    "a slug with a line's end": (level("garden\n"), "slug is not made of"),
    "a slug of another kind": (level() | {"slug": 5}, "slug is not made of"),
    "no name": (level(name=" "), "name is missing"),
    "a name too long": (level(name="x" * 201), "name is missing, empty or longer"),
    "no group": (level(group=None), "group is not made of"),
    "a group that allows perhaps several": (level(group_allows_several="yes"), "neither true nor false"),
    "grace below zero": (level(grace_days=-1), "grace_days is no whole number"),
    "grace of half a day": (level(grace_days=0.5), "grace_days is no whole number"),
    "grace of true": (level(grace_days=True), "grace_days is no whole number"),
    "grace without end": (level(grace_days=10**6), "grace_days is no whole number"),
    "an old number with a space": (level(legacy_membertype_id="7 a"), "legacy_membertype_id is no number"),
    "prices of another kind": (level(prices={"month": 4500}), "prices is no list"),
    "an amount below zero": (level(prices=[price(amount_minor=-1)]), "amount_minor is no whole number"),
    "an amount in euros": (level(prices=[price(amount_minor=45.0)]), "amount_minor is no whole number"),
    "an amount as text": (level(prices=[price(amount_minor="4500")]), "amount_minor is no whole number"),
    "no amount": (level(prices=[{"currency": "eur", "interval": "month"}]), "amount_minor is no whole number"),
    "an unknown currency": (level(prices=[price(currency="XYZ")]), "currency is no ISO 4217 code"),
    "no currency": (level(prices=[price(currency=None)]), "currency is no ISO 4217 code"),
    "an unknown interval": (level(prices=[price(interval="fortnight")]), "interval is none of"),
    "no intervals": (level(prices=[price(interval_count=0)]), "interval_count is no whole number"),
    "a name of another kind": (level(prices=[price(stripe="price_1")]), "stripe is no object"),
    "a name's id of another kind": (level(prices=[price(stripe={"price_id": 7})]), "texts of up to 255"),
    "a price for life that renews": (level(prices=[price(interval="once", renews=True)]), "renews is true"),
    "a price that perhaps renews": (level(prices=[price(renews="no")]), "renews is neither true nor false"),
    "a price perhaps on sale": (level(prices=[price(open=1)]), "open is neither true nor false"),
    "a price nowhere": (level(prices=[price(position=-1)]), "position is no whole number"),
    "a level perhaps open": (level(open=None), "open is neither true nor false"),
    "a level perhaps hidden": (level(hidden="no"), "hidden is neither true nor false"),
    "a level nowhere": (level(position=32768), "position is no whole number"),
    "an end at noon": (level(end_rule="noon"), "end_rule is none of same_day, eve, exact"),
    "an end of another kind": (level(end_rule=["eve"]), "end_rule is none of"),
    "a description of another kind": (level(description=["A garden"]), "description is no text"),
    "a description too long": (level(description="x" * 2001), "description is no text of up to 2000"),
    "a description that no database keeps": (level(description="a\0b"), "description is no text"),
    "no level": ("garden", "is no object"),
    "a level that stands twice": (level("bench"), "stands twice"),
    "a group of two minds": (
        level(group="workshop", group_allows_several=True),
        "both allows several levels and does not",
    ),
    "a name that stands twice": (
        level(prices=[price(stripe={"price_id": "price_1QbenchMonthly60Usd00001"})]),
        "price_1QbenchMonthly60Usd00001 stands twice",
    ),
    "an old number that stands twice": (level(legacy_membertype_id="7"), "legacy_membertype_id 7 stands twice"),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("filled", [False, True], ids=["empty", "filled"])
def test_one_bad_entry_and_nothing_at_all_changes(clock, tmp_path, case, filled):
    good = json.loads(FILE.read_text())
    if filled:
        import_catalogue(FILE.read_text(), now=clock.now)
        good[0]["name"] = "Renamed"
    bad, words = BAD[case]
    before = tables()
    with pytest.raises(CatalogueRefused) as refused:
        import_catalogue(json.dumps([*good, bad]), now=clock.advance(timedelta(days=1)))
    assert any(words in fault for fault in refused.value.faults), refused.value.faults
    assert tables() == before

    path = tmp_path / "catalogue.json"
    path.write_text(json.dumps([bad, *good]))
    said = StringIO()
    with pytest.raises(CommandError, match="nothing was changed") as ended:
        call_command("import", "catalogue", str(path), stderr=said, stdout=StringIO())
    assert ended.value.returncode == 1
    assert words in said.getvalue()
    assert tables() == before


def test_every_fault_of_a_file_is_named_at_once(clock):
    with pytest.raises(CatalogueRefused) as refused:
        take_in(
            level(name=""), level("Two", grace_days=-1), level("three", prices=[price(currency="XYZ")]), clock=clock
        )
    faults = refused.value.faults
    assert [fault.partition(":")[0] for fault in faults] == [
        "entry 1 (garden)",
        "entry 2 (Two)",
        "entry 2 (Two)",
        "entry 3 (three), price 1",
    ]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "null", '"levels"', "[" * 100_000])
def test_a_file_of_another_kind_is_refused(db, clock, text):
    before = tables()
    with pytest.raises(CatalogueRefused):
        import_catalogue(text, now=clock.now)
    assert tables() == before


def test_names_that_levels_beyond_the_file_hold_are_refused(clock):
    import_catalogue(FILE.read_text(), now=clock.now)
    before = tables()
    taken = level(legacy_membertype_id="7", prices=[price(stripe={"price_id": "price_1QlockerMonthly15Usd0001"})])
    with pytest.raises(CatalogueRefused) as refused:
        take_in(taken, clock=clock)
    assert any("is keyholder's" in fault for fault in refused.value.faults)
    assert any("is locker's" in fault for fault in refused.value.faults)
    assert tables() == before


def test_the_same_file_again_changes_nothing_but_the_revision(clock):
    import_catalogue(FILE.read_text(), now=clock.now)
    rows: list[Any] = [LevelGroup, Level, LevelTerms, Price, GatewayPrice]
    before = {model: list(model.objects.values()) for model in rows}
    done = import_catalogue(FILE.read_text(), now=clock.advance(timedelta(days=1)))
    assert (done.levels, done.prices, list(done.warnings)) == (4, 5, [])
    assert {model: list(model.objects.values()) for model in rows} == before


def test_a_file_brings_up_to_date_and_removes_nothing(clock):
    import_catalogue(FILE.read_text(), now=clock.now)
    key = {"price_id": "price_g", "lookup_key": "garden"}
    take_in(level(prices=[price(stripe=key)]), level("bench", name="Bank", group="workshop"), clock=clock)
    assert Level.objects.count() == 5
    assert Level.objects.get(pk="bench").name == "Bank"
    assert GatewayPrice.objects.get(lookup_key="garden").price.level_id == "garden"
    dearer = price(amount_minor=5000, stripe={"price_id": "price_h", "lookup_key": "garden"})  # the key was passed on
    take_in(level(prices=[dearer]), clock=clock)
    names = GatewayPrice.objects.filter(price__level="garden").order_by("external_id")
    assert list(names.values_list("external_id", "lookup_key", "price__amount_minor")) == [
        ("price_g", "", 4500),
        ("price_h", "garden", 5000),
    ]


def test_a_file_says_how_levels_are_sold_and_one_that_does_not_leaves_it(clock):
    sold = {"description": " A bed. ", "open": False, "hidden": True, "position": 4, "end_rule": "eve"}
    take_in(level(**sold, prices=[price(open=False, position=2)]), level("shed"), clock=clock)
    columns = ("description", "is_open", "is_hidden", "position", "end_rule")
    for _ in range(2):  # the second time from a file of the old form
        assert Level.objects.values_list(*columns).get(pk="garden") == ("A bed.", False, True, 4, "eve")
        assert Level.objects.values_list(*columns).get(pk="shed") == ("", True, False, 0, "same_day")
        assert Price.objects.values_list("is_open", "position").get(level="garden") == (False, 2)
        assert Price.objects.values_list("is_open", "position").get(level="shed") == (True, 0)
        take_in(level(), level("shed"), clock=clock)
    take_in(level(open=True, prices=[price(open=True)]), clock=clock)
    assert Level.objects.get(pk="garden").is_open
    assert Price.objects.get(level="garden").is_open


def test_prices_that_renew_and_terms_bought_once_stand_side_by_side(clock):
    both = [price(), price(renews=False), price(interval="once"), price(interval="day", renews=True)]
    for _ in range(2):
        take_in(level(prices=both), clock=clock)
        found = Price.objects.filter(level="garden").values_list("interval", "renews")
        assert sorted(found) == [("day", True), ("month", False), ("month", True), ("once", False)]


def test_the_ids_of_prices_stay_what_they_were(clock):
    take_in(level(prices=[price(), price(renews=False), price(interval="once", renews=False)]), clock=clock)
    ids = {(each.interval, each.renews): each.pk for each in Price.objects.all()}
    assert ids["month", True] == derived("prc", "garden", "4500", "EUR", "month", "1")
    assert ids["once", False] == derived("prc", "garden", "4500", "EUR", "once", "1")
    assert ids["month", False] not in {ids["month", True], ids["once", False]}


def test_two_levels_may_change_numbers_with_each_other(clock):
    take_in(level("one", legacy_membertype_id="1"), level("two", legacy_membertype_id="2"), clock=clock)
    take_in(level("one", legacy_membertype_id="2"), level("two", legacy_membertype_id="1"), clock=clock)
    assert dict(Level.objects.values_list("pk", "legacy_membertype_id")) == {"one": "2", "two": "1"}


def test_what_is_not_read_is_named(clock):
    done = take_in(level(colour="green", prices=[price(trial_days=3)]), clock=clock)
    assert list(done.warnings) == [
        "entry 1 (garden): colour is not read",
        "entry 1 (garden), price 1: trial_days is not read",
    ]


def test_who_bought_before_keeps_the_grace_that_was_promised(clock, tmp_path, alice, dana):
    lives.set_up()
    lives.load(lives.lines(["declined-lost"]), tmp_path)
    rows = [row for row in lives.expected() if row.life == "declined-lost"]
    assert any(row.status == "grace" for row in rows)
    bench = Level.objects.get(pk="bench")
    set_terms(bench, grace_days=0, prepaid_grace_days=2, now=clock.now)
    assert lives.differences(rows, lives.standing(*lives.moments(rows))) == []
    assert set(LevelSpan.objects.values_list("grace_days", flat=True)) == {7}
    later = clock.advance(timedelta(days=1))
    decisions.grant(alice, level=bench, start_at=later, end_at=None, reason="gift", by=dana, now=later)
    span = LevelSpan.objects.get(membership__member=alice)
    assert (span.grace_days, span.prepaid_grace_days) == (0, 2)


def test_the_same_promise_again_is_no_new_one(clock):
    lives.set_up()
    bench = Level.objects.get(pk="bench")
    for _ in range(2):
        set_terms(bench, grace_days=3, prepaid_grace_days=0, now=clock.advance(timedelta(days=1)))
    assert sorted(bench.terms.values_list("grace_days", "since")) == [(3, clock.now - timedelta(days=1)), (7, None)]
    assert knowledge.current().terms_at("bench", clock.now).grace_days == 3


def test_an_old_number_told_later_makes_members_of_those_who_paid_by_it(clock, tmp_path):
    levels = json.loads(FILE.read_text())
    for each in levels:
        each.pop("legacy_membertype_id", None)
    path = tmp_path / "catalogue.json"
    path.write_text(json.dumps(levels))
    lives.set_up()
    Level.objects.update(legacy_membertype_id=None)
    call_command("import", "catalogue", str(path), stdout=StringIO())
    lives.load(lives.lines(["old-plan-id"]), tmp_path)
    assert not Member.objects.exists()
    call_command("import", "catalogue", str(FILE), stdout=StringIO())
    while jobs.work_once(now=clock.now):
        pass
    rows = [row for row in lives.expected() if row.life == "old-plan-id"]
    assert lives.differences(rows, lives.standing(*lives.moments(rows))) == []


def test_changes_that_are_offered_come_from_the_file_x01(clock):
    """X01 upgrade paths: what a file lists takes the place of what was listed, what it leaves out stays."""
    rules: dict[str, Any] = {"only_listed": True, "reckoning": "whole"}
    tree = {"level": "tree", "when": "at_end", "reckoning": "prorated"}
    plot = level("plot", group_changes=rules, changes_to=["garden", tree])
    for _ in range(2):
        take_in(plot, level(), level("tree"), clock=clock)
    offered = paths.paths_from(Level.objects.get(pk="plot"))
    assert offered.to("garden") == Manner(When.BY_PRICE, Reckoning.WHOLE)
    assert offered.to("tree") == Manner(When.AT_END, Reckoning.PRORATED)
    assert paths.paths_from(Level.objects.get(pk="tree")).to("plot") is None
    take_in(level("plot"), clock=clock)
    assert paths.paths_from(Level.objects.get(pk="plot")) == offered
    take_in(level("plot", changes_to=[]), clock=clock)
    assert paths.paths_from(Level.objects.get(pk="plot")).to("tree") is None
    take_in(level("plot", group_changes={"only_listed": False}), clock=clock)
    assert paths.paths_from(Level.objects.get(pk="plot")).to("tree") == Manner(reckoning=Reckoning.WHOLE)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"changes_to": "plot"}, "changes_to is no list"),
        ({"changes_to": [5]}, "changes_to is no list"),
        ({"changes_to": ["nowhere"]}, "there is no level nowhere"),
        ({"changes_to": ["rose"]}, "rose is of another group"),
        ({"changes_to": ["tree", "tree"]}, "tree stands twice"),
        ({"changes_to": [{"level": "tree", "when": "soon"}]}, "when is none of"),
        ({"changes_to": [{"when": "now"}]}, "level is not made of"),
        ({"group_changes": []}, "group_changes is no object"),
        ({"group_changes": {"only_listed": "yes"}}, "neither true nor false"),
        ({"group_changes": {"reckoning": "half"}}, "reckoning is none of"),
        ({"group_changes": {"only_listed": True}}, "is another one in another entry"),
    ],
)
def test_changes_that_cannot_be_are_named_and_nothing_changes(given, words, clock):
    take_in(level("rose", group="red"), clock=clock)
    before = tables()
    with pytest.raises(CatalogueRefused) as refused:
        take_in(level(**given), level("tree", group_changes={"only_listed": False}), clock=clock)
    assert any(words in fault for fault in refused.value.faults), refused.value.faults
    assert tables() == before
