"""Told anew, spoiled by hand and mended: the same rows."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import models

from tests import lives
from tests.conftest import START
from tests.scenarios.dump import differences, dump, undone
from tests.scenarios.stories import shelf
from tests.scenarios.test_invariants import rebuilt
from tests.scenarios.test_other_lives import records, seen_from_now

pytestmark = [pytest.mark.django_db, pytest.mark.db_matters]


ORDERS = 12


@pytest.fixture(autouse=True)
def ready(db: None, clock: object, tmp_path: Path) -> None:
    shelf.set_up(tmp_path)


def bodies(*names: str) -> list[str]:
    return [body for name in names or shelf.names() for body in shelf.told(name).bodies()]


def test_a_replay_gives_identical_rows_and_a_second_load_changes_none(tmp_path: Path) -> None:
    """I4: every table, the log of changes too, under a stopped clock."""
    told = bodies(*shelf.names()[::3])
    with undone():
        lives.load(told, tmp_path)
        before = dump()

    lives.load(told, tmp_path)

    assert differences(before, dump()) == []
    assert before["gs_memberships_standingchange"]
    lives.load(told, tmp_path)
    assert differences(before, dump()) == []


STORIES = ("paid-late", "refund-that-fails", "dispute-lost", "item-swapped-billed-now", "twice-the-same-level", "two-levels-of-one-group",
           "by-the-product-named-later", "email-changed", "to-a-price-of-nobodys", "grace-of-the-level-held")  # fmt: skip


@contextmanager
def spoiled(tmp_path: Path) -> Iterator[None]:
    """Load some stories; within, rows are spoiled; afterwards they must stand as they stood."""
    lives.load(bodies(*STORIES), tmp_path)
    assert rebuilt() == []
    before = dump()
    yield
    assert rebuilt() == []
    assert differences(before, dump()) == []


def labelled(*rows: models.Model) -> list[tuple[str, str]]:
    return sorted((row._meta.label, str(row.pk)) for row in rows)


def _rows() -> dict[str, Any]:
    from goodstanding.billing import models as billing
    from goodstanding.memberships import models as memberships

    return {
        model.__name__: model for model in (*vars(billing).values(), *vars(memberships).values()) if _is_ours(model)
    }


def _is_ours(thing: Any) -> bool:
    return isinstance(thing, type) and issubclass(thing, models.Model) and not thing._meta.abstract


CHANGED: tuple[tuple[str, dict[str, Any], dict[str, Any]], ...] = (
    ("Account", {"customers__external_id": "cus_paid_late"}, {"currency": "EUR"}),
    ("GatewayCustomer", {"external_id": "cus_dispute_lost"}, {"email": "mallory@example.org"}),
    ("ObjectState", {"kind": "invoice", "customer__external_id": "cus_dispute_lost"}, {"facts": []}),
    ("ObjectState", {"kind": "refund"}, {"link_one": "ch_other"}),
    ("ObjectState", {"kind": "product"}, {"facts": []}),
    ("Subscription", {"customer__external_id": "cus_paid_late"}, {"status": "cancelled"}),
    ("SubscriptionItem", {"subscription__customer__external_id": "cus_paid_late"}, {"price": "price_other"}),
    ("Invoice", {"account__customers__external_id": "cus_paid_late"}, {"total_minor": 1}),
    ("InvoiceLine", {"invoice__account__customers__external_id": "cus_paid_late"}, {"end_at": START}),
    ("Payment", {"account__customers__external_id": "cus_paid_late"}, {"invoice": ""}),
    ("Refund", {}, {"status": "succeeded"}),
    ("Dispute", {}, {"status": "won"}),
    ("Transfer", {"account__customers__external_id": "cus_paid_late"}, {"amount_minor": 1}),
    ("Membership", {"customer__external_id": "cus_paid_late"}, {"is_open": False}),
    ("Membership", {"customer__external_id": "cus_dispute_lost"}, {"begun_at": START}),
    ("LevelSpan", {"membership__customer__external_id": "cus_email_changed"}, {"prepaid_grace_days": 5}),
    ("Alarm", {"code": "email_changed"}, {"words": "nothing"}),
    ("MemberStanding", {"member__email": "paid-late@stories.example.org"}, {"status": "lapsed"}),
    ("MemberStanding", {"member__email": "dispute-lost@stories.example.org"}, {"outlook": []}),
)  # fmt: skip


def test_rows_spoiled_by_hand_are_named_and_mended_and_no_others(tmp_path: Path) -> None:
    with spoiled(tmp_path):
        touched = []
        for name, where, values in CHANGED:
            row = _rows()[name].objects.filter(**where).order_by("pk").first()
            assert row, (name, where)
            assert type(row).objects.filter(pk=row.pk).update(**values) == 1
            touched.append(row)
        assert rebuilt() == labelled(*touched)


def test_rows_that_went_missing_are_named_and_made_anew(tmp_path: Path) -> None:
    with spoiled(tmp_path):
        gone = []
        for name in (
            "MembershipItem", "LevelSpan", "Alarm", "MemberStanding", "InvoiceLine", "Payment", "Refund", "Dispute", "Transfer", "ObjectState",
        ):  # fmt: skip
            row = _rows()[name].objects.order_by("-pk").first()
            gone.append(row)
            _rows()[name].objects.filter(pk=row.pk).delete()
        assert rebuilt() == labelled(*gone)


def test_rows_that_no_fact_tells_of_are_named_and_taken_away(tmp_path: Path) -> None:
    with spoiled(tmp_path):
        made = []
        for name in (
            "Subscription",
            "Invoice",
            "Payment",
            "Refund",
            "Dispute",
            "Transfer",
            "Alarm",
            "Membership",
            "ObjectState",
        ):
            row = _rows()[name].objects.order_by("pk").first()
            row.pk = "made_up"
            for column in ("external_id", "key", "ref"):
                if hasattr(row, column):
                    setattr(row, column, "made_up")
            row.is_open = False
            row.save(force_insert=True)
            made.append(row)
        line = _rows()["InvoiceLine"].objects.order_by("pk").first()
        line.pk = line.external_id = "made_up"
        line.save(force_insert=True)
        span = _rows()["LevelSpan"].objects.order_by("pk").first()
        span.pk, span.since = "made_up", START
        span.save(force_insert=True)
        assert rebuilt() == labelled(*made, line, span)


@pytest.mark.parametrize("name", ["paid-in-two-parts", "dispute-over-the-renewal", "by-a-nickname-told-later"])
def test_one_life_in_many_orders_gives_the_same_rows(tmp_path: Path, name: str) -> None:
    """I1: whatever is told first, the customer, the bill, the refund or the price."""
    told = bodies(name)
    with undone():
        lives.load(told, tmp_path)
        in_order = records()
    for seed in range(ORDERS):
        with undone():
            lives.load(lives.shuffled(told, seed), tmp_path)
            shuffled = records()
        before = copy.deepcopy(in_order)
        seen_from_now(before, shuffled)
        assert differences(before, shuffled) == [], seed
