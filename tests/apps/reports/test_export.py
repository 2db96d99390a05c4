from __future__ import annotations

import csv
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from beancount import loader
from beancount.core.data import Transaction
from django.core.management import CommandError, call_command

from goodstanding import clock as clock_module
from goodstanding.billing.models import Transfer
from goodstanding.reports.exporting import guarded
from tests.apps.reports.telling import Story, at

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 7, 10, 12, tzinfo=UTC)
HLEDGER = shutil.which("hledger")


@pytest.fixture
def lived(shop: None) -> Iterator[None]:
    """Three payers in three currencies, with tax, a fee, a gift card, a refund, a lost dispute and a bill given up."""
    with clock_module.stopped(NOW):
        for name, currency in (("alice", "EUR"), ("bob", "JPY"), ("charlie", "KWD")):
            story = Story(name, currency=currency)
            term = story.line("prepaid", 90_001, at(3, 10), at(8, 2), tax=18_000)
            bill = story.bill("1", term, story.line("gift", 2_500, at(3, 10), at(3, 10)), on=at(3, 12), status="paid")
            payment = story.paid(bill, on=at(3, 12), fee=333)
            story.credit("gift_card", 2_500, on=at(4, 2))
            story.refund(payment, 1_005, on=at(5, 6))
            story.dispute(payment, 7_777, on=at(6, 6), status="lost")
            story.bill("2", story.line("prepaid", 4_000, at(8, 2), at(9, 2)), on=at(6, 1), status="uncollectible")
        yield


def exported(*options: str) -> str:
    out = StringIO()
    call_command("export", "journal", *options, stdout=out)
    return out.getvalue()


def table(*options: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(exported("--format", "csv", *options))))


def balances(rows: list[dict[str, str]]) -> dict[tuple[str, str], Decimal]:
    """What a table's accounts come to in each currency, debits less credits, where it is anything."""
    found: Counter[tuple[str, str]] = Counter()
    for row in rows:
        found[row["debit"], row["currency"]] += Decimal(row["amount"])  # type: ignore[assignment]
        found[row["credit"], row["currency"]] -= Decimal(row["amount"])  # type: ignore[assignment]
    return {key: Decimal(total) for key, total in found.items() if total}


def by_hledger(text: str) -> dict[tuple[str, str], Decimal]:
    """Have the real hledger check a journal strictly, and say what its accounts come to."""
    if HLEDGER is None:
        assert os.environ.get("CI") != "true", "hledger must be there (Debian: apt-get install hledger)"
        pytest.skip("SKIPPED LOUDLY: no hledger on the PATH (Debian: apt-get install hledger)")
    asked = [HLEDGER, "-f", "-", "--strict"]
    given: Any = {"input": text, "capture_output": True, "text": True, "env": {**os.environ, "LANG": "C.UTF-8"}}
    checks = ("accounts", "commodities", "ordereddates", "balancednoautoconversion")
    done = subprocess.run([*asked, "check", *checks], check=False, **given)
    assert done.returncode == 0, done.stderr
    told = subprocess.run([*asked, "balance", "--flat", "-O", "csv", "--layout=bare", "-N"], check=True, **given)
    rows = list(csv.DictReader(StringIO(told.stdout)))
    return {(row["account"], row["commodity"]): Decimal(row["balance"]) for row in rows if Decimal(row["balance"])}


def by_beancount(text: str) -> dict[tuple[str, str], Decimal]:
    """Have the real beancount load a journal, and add up its accounts."""
    entries, errors, _ = loader.load_string(text)
    assert errors == []
    found: Counter[Any] = Counter()
    for entry in entries:
        for posting in entry.postings if isinstance(entry, Transaction) else ():
            units: Any = posting.units
            found[posting.account.lower(), units.currency] += units.number
    return {key: Decimal(total) for key, total in found.items() if total}


@pytest.mark.parametrize(
    "options", [(), ("--by", "month"), ("--by", "day"), ("--from", "2026-04-01", "--to", "2026-06-01")]
)
def test_all_three_forms_say_the_same_by_the_tools_themselves(lived: None, options: tuple[str, ...]) -> None:
    wanted = balances(table(*options))
    assert len(wanted) > 10
    assert by_beancount(exported("--format", "beancount", *options)) == wanted
    assert by_hledger(exported("--format", "hledger", *options)) == wanted


def test_amounts_are_in_major_units_with_the_currency_s_decimals(lived: None) -> None:
    text = exported("--format", "hledger")
    for amount in ("900.01 EUR", "90001 JPY", "90.001 KWD", "-2500 JPY", "2.500 KWD"):
        assert f"  {amount}\n" in text


def test_what_was_earned_stands_at_the_end_of_each_month_that_is_over(lived: None) -> None:
    earned = [row for row in table() if row["credit"] == "income:earned" and row["currency"] == "EUR"]
    assert [row["date"] for row in earned] == ["2026-03-31", "2026-04-30", "2026-05-31", "2026-06-30"]
    lost = next(row for row in table() if row["credit"] == "expenses:disputes-lost" and row["currency"] == "EUR")
    assert (lost["date"], lost["what"]) == ("2026-06-30", "lost in a dispute before it was earned")


@pytest.mark.db_matters
def test_the_order_is_that_of_days_and_the_same_each_time(lived: None) -> None:
    rows = table()
    assert [row["date"] for row in rows] == sorted(row["date"] for row in rows)
    assert rows == table()
    assert len([row for row in rows if row["transfer"]]) == Transfer.objects.count()


def test_days_bound_it_and_the_end_is_not_in_it(lived: None) -> None:
    rows = table("--from", "2026-03-12", "--to", "2026-05-06")
    assert {row["date"] for row in rows} == {"2026-03-12", "2026-03-31", "2026-04-02", "2026-04-30"}
    with pytest.raises(CommandError, match="is not before") as refused:
        table("--from", "2026-05-06", "--to", "2026-05-06")
    assert refused.value.returncode == 2


def test_nobody_s_name_or_address_is_in_it(lived: None) -> None:
    for form in ("csv", "hledger", "beancount"):
        text = exported("--format", form).lower()
        for word in ("alice", "bob", "charlie", "example.org", "cus_"):
            assert word not in text
        assert "acc_" in text
        assert "inv_" in text


def test_no_cell_is_a_formula() -> None:
    """Text that a spreadsheet would run is kept as text."""
    assert [guarded(text) for text in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "plain", "1.00", "")] == [
        "'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\t=1", "plain", "1.00", "",
    ]  # fmt: skip


def test_a_file_is_written_whole_or_not_at_all(lived: None, tmp_path: Path) -> None:
    path = tmp_path / "journal.csv"
    call_command("export", "journal", str(path), "--format", "csv", stdout=StringIO())
    assert path.read_text() == exported("--format", "csv")
    assert [each.name for each in tmp_path.iterdir()] == ["journal.csv"]
    with pytest.raises(CommandError, match="cannot be written") as refused:
        call_command("export", "journal", str(tmp_path / "none" / "x"), "--format", "csv", stdout=StringIO())
    assert refused.value.returncode == 2


def test_an_empty_journal_is_one(shop: None) -> None:
    assert table() == []
    assert by_beancount(exported("--format", "beancount")) == {}
    assert by_hledger(exported("--format", "hledger")) == {}


def test_books_that_do_not_balance_are_named(lived: None) -> None:
    row = Transfer.objects.filter(credit="deferred_revenue", currency="EUR").order_by("happened_at", "id")[0]
    Transfer.objects.filter(pk=row.pk).update(amount_minor=row.amount_minor + 1)
    said = StringIO()
    with pytest.raises(CommandError, match="do not balance") as refused:
        call_command("export", "journal", "--format", "csv", stdout=StringIO(), stderr=said)
    assert refused.value.returncode == 1
    assert (
        "2026-03 EUR: the journal put 900.02 EUR to deferred revenue, the bills come to 900.01 EUR" in said.getvalue()
    )
