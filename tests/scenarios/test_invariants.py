"""The invariants of DESIGN section 9, over every story we know: the recorded lives and our own, in one database."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import pairwise
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import F, Sum
from django.test.utils import CaptureQueriesContext

from goodstanding import clock as clock_module
from tests import lives
from tests.conftest import START
from tests.scenarios.brute import DAY, Customer
from tests.scenarios.dump import differences, dump
from tests.scenarios.stories import shelf

pytestmark = [pytest.mark.django_db, pytest.mark.db_matters]

PRICES = {"price_bench", "price_bench_year", "price_bench_free", "price_bench_jpy", "price_bench_kwd", "price_studio"}
OURS = {*PRICES, "price_visitor", "price_locker", "price_locker_big", "membertype_7-key-monthly"}
OURS |= set(re.findall(r'"price_id": "([^"]+)"', (lives.HERE / "catalogue.json").read_text()))
OURS |= {"membertype_7-every-1-month-4500-usd"}


def bodies() -> list[str]:
    return [*lives.lines(), *(body for name in shelf.names() for body in shelf.told(name).bodies())]


@pytest.fixture(scope="module")
def loaded(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Everything, loaded once in order; each test's own changes are undone after it, and this at the end."""
    with django_db_blocker.unblock(), clock_module.stopped(START), transaction.atomic():
        lives.set_up()
        shelf.set_up(tmp_path_factory.mktemp("catalogue"))
        lives.load(bodies(), tmp_path_factory.mktemp("events"))
        yield
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def ready(loaded: None, db: None, clock: object) -> None:
    """Each test begins with everything loaded."""


def by_customer() -> dict[str, list[str]]:
    """The bodies about each customer; refunds and disputes name only their charge."""
    found: dict[str, list[str]] = {}
    told = [(json.loads(body)["data"]["object"], body) for body in bodies()]
    whose = {thing["id"]: thing["customer"] for thing, _ in told if thing["object"] == "charge"}
    for thing, body in told:
        owner = (
            thing["id"] if thing["object"] == "customer" else thing.get("customer") or whose.get(thing.get("charge"))
        )
        found.setdefault(owner or "", []).append(body)
    return found


def test_no_access_without_a_cause_and_none_lost_while_a_cause_holds() -> None:
    """I11, against the raw events."""
    from goodstanding.billing.models import GatewayCustomer
    from goodstanding.core.standing import judge_member
    from goodstanding.memberships.reading import records_of

    members = dict(GatewayCustomer.objects.exclude(member=None).values_list("external_id", "member_id"))
    records = records_of(list(members.values()))
    raw = by_customer()
    asked, wrong = 0, []
    for name, member in members.items():
        customer = Customer(raw[name])
        for at in customer.moments():
            status = str(judge_member(records[member], datetime.fromtimestamp(at, UTC)).status)
            asked += 1
            lasting = {"good": DAY, "grace": 14 * DAY, "held": 14 * DAY}.get(status)
            if lasting and not any(at < row.end + lasting for row in customer.causes(at)):
                wrong.append(f"{name} at {at}: {status} without a cause")
            if status != "good" and customer.running(at, OURS) and not customer.disputed(at):
                wrong.append(f"{name} at {at}: {status}, though paid for")
            if status in ("good", "grace") and customer.disputed(at):
                wrong.append(f"{name} at {at}: {status}, though disputed")
    assert wrong == []
    assert asked > 4000


def test_covering_periods_of_an_item_never_overlap_and_leave_no_hole_that_was_billed() -> None:
    """I9."""
    from goodstanding.core.coverage import covers
    from goodstanding.core.records import LineKind
    from goodstanding.memberships.reading import records_of
    from goodstanding.people.models import Member

    checked = 0
    for records in records_of(Member.objects.values_list("pk", flat=True)).values():
        for record in records:
            for item in {line.item for invoice in record.invoices for line in invoice.lines}:
                own = [
                    replace(invoice, lines=tuple(line for line in invoice.lines if line.item == item))
                    for invoice in record.invoices
                ]
                found = sorted(covers(replace(record, invoices=tuple(own))), key=lambda cover: cover.start)
                regular = [
                    line
                    for invoice in own
                    if invoice.settled_at
                    for line in invoice.lines
                    if line.kind is LineKind.REGULAR
                ]
                for before, after in pairwise(found):
                    checked += 1
                    assert before.end <= after.start, (record.ref, item)
                    for line in regular:  # a hole is billed where a line covers it that no later one ended
                        ended = any(line.start < other.start <= before.end for other in regular)
                        assert before.end == after.start or ended or not line.start <= before.end < line.end, record.ref
    assert checked > 50


def test_the_books_balance() -> None:
    """I5: by construction; and what the accounts of the chart then say."""
    from goodstanding.billing.models import Invoice, Transfer

    owed: dict[tuple[str, str], int] = {}
    for account, currency, debit, credit, amount in Transfer.objects.values_list(
        "account", "currency", "debit", "credit", "amount_minor"
    ):
        assert amount > 0
        assert debit != credit
        owed[account, currency] = owed.get((account, currency), 0) + amount * (
            (debit == "receivable") - (credit == "receivable")
        )
    open_now = Invoice.objects.filter(status="open").values_list("account", "currency")
    due = {
        (account, currency): total
        for account, currency, total in open_now.annotate(sum=Sum(F("due_minor") - F("paid_minor")))
    }
    assert {key: total for key, total in owed.items() if total} == {key: total for key, total in due.items() if total}


def test_credit_of_a_gift_is_used_and_never_overdrawn() -> None:
    from goodstanding.billing.models import Transfer

    gift = Transfer.objects.filter(account__customers__email="gift-credit@lives.example.org")
    used = gift.filter(debit="member_balance").aggregate(Sum("amount_minor"))["amount_minor__sum"]
    assert used == 10_000
    downgrade = Transfer.objects.filter(account__customers__email="downgrade-year-to-month@lives.example.org").order_by(
        "happened_at"
    )
    balance, balances = 0, []
    for transfer in downgrade:
        balance += transfer.amount_minor * (
            (transfer.credit == "member_balance") - (transfer.debit == "member_balance")
        )
        balances.append(balance)
    assert (max(balances), min(balances), balances[-1]) == (24_000, 0, 0)


def test_what_is_stored_for_the_doors_is_what_the_records_say() -> None:
    """A row answers for any moment from its own on."""
    from goodstanding.core.standing import judge_member
    from goodstanding.memberships.documents import of_member
    from goodstanding.memberships.models import MemberStanding
    from goodstanding.memberships.reading import records_of, standing_now

    rows = list(MemberStanding.objects.all())
    records = records_of([row.pk for row in rows])
    for row in rows:
        for days in (0, 0.9, 1.1, 6.9, 7.1, 14.1, 20, 31, 32, 40, 400):
            at = row.as_of + timedelta(days=days)
            told = standing_now(row.pk, now=at).document
            assert _bare(told) == _bare(of_member(judge_member(records[row.pk], at), email="")), (row.pk, at)


def _bare(document: dict[str, Any]) -> tuple[Any, ...]:
    """A document without its words: those of the row are as they were when its answer began."""
    levels = [{name: value for name, value in level.items() if name != "because"} for level in document["levels"]]
    return document["status"], document["covered_until"], document["changes_at"], levels, document["holds"]


def test_purging_bodies_changes_no_answer_and_leaves_the_explanation() -> None:
    """I15."""
    from goodstanding.inbox.models import WebhookEvent

    moments = ("2025-02-10T12:30:00Z", "2025-07-01T00:00:00Z", "2026-01-01T00:00:00Z")
    before, rows = lives.standing(*moments), dump(without=("gs_inbox_webhookevent",))
    explained = _explained()
    WebhookEvent.objects.update(body=None)
    assert lives.standing(*moments) == before
    assert _explained() == explained
    assert rebuilt() == []
    assert differences(rows, dump(without=("gs_inbox_webhookevent",))) == []


def _explained() -> list[str]:
    found = []
    for email in (
        "paid-late@stories.example.org",
        "refund-that-fails@stories.example.org",
        "gift-credit@lives.example.org",
    ):
        out = StringIO()
        call_command("explain", email, "--at", "2025-03-01", stdout=out)
        found.append(out.getvalue())
    return found


def rebuilt() -> list[tuple[str, str]]:
    """What ``check --rebuild`` finds to differ."""
    from goodstanding.memberships import rebuilding

    found = []
    for step in (rebuilding.rebuild_customers, rebuilding.rebuild_standing):
        after, _, batch = step()
        found += batch
        assert not after
    return sorted((each.table, each.row) for each in found)


def test_a_standing_check_is_one_query() -> None:
    from goodstanding.memberships.models import MemberStanding
    from goodstanding.memberships.reading import standing_now

    for member in MemberStanding.objects.values_list("pk", flat=True)[:5]:
        with CaptureQueriesContext(connection) as queries:
            standing_now(member, now=START)
        assert len(queries) == 1
