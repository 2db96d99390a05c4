"""Discount codes from a table: all of them or none, each bad line named, and what the office writes is read again (R17, R18)."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from goodstanding.audit.models import AuditEntry
from goodstanding.catalogue import code_file
from goodstanding.catalogue.models import CodePrice, DiscountCode
from tests.apps.checkout.conftest import shop  # noqa: F401 - a fixture
from tests.apps.rows import digest
from tests.apps.staff import with_permissions

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shop")]

GOOD = """\
code,percent,off,price,prices,keeps_rest,payments,levels,opens,from,until,limit,limit_each,lot,words,is_on
spring 25,25,,,,,,,,2026-03-01,2026-04-01T18:00:00Z,10,1,Expo,the fair,
BIG,,150.00 EUR,,,yes,,full weekday,,,,,,,,no
CHEAP,,,50 EUR,,,3,full,,,,,,,,yes
YEARLY,,,,full: 200.00 EUR / year; friend: 1.50 EUR,,all,,,,,,,,,
"""


def run(tmp_path: Any, text: str | bytes, *options: str) -> tuple[int, str, str]:
    """Import a file: (exit code, what it says, what it complains of)."""
    path = tmp_path / "codes.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("import", "codes", str(path), *options, stdout=out, stderr=err)
    except CommandError as error:
        return error.returncode, out.getvalue(), err.getvalue() + str(error)
    return 0, out.getvalue(), err.getvalue()


def test_codes_of_every_kind_are_made_as_the_table_says(tmp_path: Any) -> None:
    before = digest()
    assert run(tmp_path, GOOD, "--dry-run") == (0, "4 codes could be made\n", "")
    assert digest() == before
    code, said, _ = run(tmp_path, GOOD, "--json")
    assert (code, json.loads(said)) == (0, {"codes": 4, "dry_run": False})
    spring, big, cheap, yearly = DiscountCode.objects.order_by("id")
    assert (spring.text, spring.basis_points, spring.payments, spring.limit, spring.limit_each) == (
        "SPRING25",
        2500,
        1,
        10,
        1,
    )
    assert (spring.ends_at, spring.batch, spring.words) == (datetime(2026, 4, 1, 18, tzinfo=UTC), "Expo", "the fair")
    assert (big.kind, big.amount_minor, big.keeps_rest, big.is_open) == ("fixed", 15000, True, False)
    assert {level.pk for level in big.levels.all()} == {"full", "weekday"}
    assert (cheap.kind, cheap.amount_minor, cheap.currency, cheap.payments) == ("alternative", 5000, "EUR", 3)
    own = {row.level_id: (row.amount_minor, row.interval) for row in CodePrice.objects.all()}
    assert own == {"full": (20000, "year"), "friend": (150, "")}
    assert yearly.payments is None
    assert {level.pk for level in yearly.levels.all()} == {"full", "friend"}
    assert AuditEntry.objects.get(action="import 4 codes").by is None


def test_what_the_office_writes_is_read_again(client: Any, dana: Any, tmp_path: Any) -> None:
    """The table of a lot, taken in where its codes are not there, makes the same codes."""
    assert run(tmp_path, GOOD.replace(",,,no", ",Expo,,no"))[0] == 0
    DiscountCode.objects.update(batch="=Expo")
    with_permissions(client, dana, "view_discountcode")
    table = b"".join(client.get(reverse("gs_office:lot"), {"batch": "=Expo"}).streaming_content)
    assert [row["code"] for row in csv.DictReader(table.decode().splitlines())] == [
        "SPRING25",
        "BIG",
        "CHEAP",
        "YEARLY",
    ]

    def known() -> list[Any]:
        rows = DiscountCode.objects.order_by("text")
        links = [
            (sorted(row.levels.values_list("pk")), sorted(row.prices.values_list("level", "amount_minor", "interval")))
            for row in rows
        ]
        return [
            *rows.values(
                "text",
                "kind",
                "basis_points",
                "amount_minor",
                "currency",
                "keeps_rest",
                "payments",
                "limit",
                "limit_each",
                "is_open",
                "batch",
                "words",
                "starts_at",
                "ends_at",
            ),
            *links,
        ]

    first = known()
    DiscountCode.objects.all().delete()
    assert run(tmp_path, table) == (0, "4 codes were made\n", "")
    assert known() == first


HEAD = "code,percent,off,price,prices,keeps_rest,payments,levels,from,until,limit,lot,is_on"
BAD = {
    "no percentage": ("A,101,,,,,,,,,,,", "percent: Write more than 0, up to 100 percent"),
    "NaN": ("A,nan,,,,,,,,,,,", "percent: Write more than 0"),
    "an exponent": ("A,1e9,,,,,,,,,,,", "percent: Write more than 0"),
    "other digits": ("A,٢٥,,,,,,,,,,,", "percent: Write more than 0"),
    "nothing given": ("A,,,,,,,,,,,,", "percent, off, price or prices"),
    "two things given": ("A,10,5 EUR,,,,,,,,,,", "percent, off, price or prices"),
    "an amount of no currency": ("A,,5,,,,,,,,,,", "off: Write an amount with its currency"),
    "an amount of an unknown currency": ("A,,5 XXX,,,,,,,,,,", "off: Write an amount with its currency"),
    "an amount below nothing": ("A,,-5 EUR,,,,,,,,,,", "off: An amount off must be above zero"),
    "an amount beyond all": ("A,,99999999999999999.00 EUR,,,,,,,,,,", "off: This amount is larger than any"),
    "too many decimals": ("A,,5.001 EUR,,,,,,,,,,", "off: Write an amount, such as"),
    "a price below nothing": ("A,,,-1 EUR,,,,,,,,,", "price: A price is zero or more"),
    "a currency that nothing is sold in": ("A,,5 USD,,,,,,,,,,", "Nothing is sold in USD here"),
    "a level that is not sold in it": ("A,,5 USD,,,,,full,,,,,", "“Full member” has no price in USD, but in EUR"),
    "a price of a level that is not sold in it": ("A,,,,full: 5 USD,,,,,,,,", "has no price in USD"),
    "a rest of a percentage": ("A,10,,,,yes,,,,,,,", "keeps_rest is for codes with an amount off"),
    "a rest for ever": ("A,,5 EUR,,,yes,all,,,,,,", "Only a code for the first payment alone"),
    "no payments": ("A,10,,,,,0,,,,,,", "payments: Write a whole number from 1 to 999, or “all”"),
    "an unknown level": ("A,10,,,,,,nowhere,,,,,", "levels: There is no level nowhere"),
    "the 30th of February": ("A,10,,,,,,,2026-02-30,,,,", "from: Write a moment such as"),
    "the year 10000": ("A,10,,,,,,,,10000-01-01,,,", "until: Write a moment such as"),
    "an end before its start": ("A,10,,,,,,,2026-03-02,2026-03-01,,,", "A code must end later than it starts"),
    "a limit beyond all": ("A,10,,,,,,,,,99999999999,,", "limit: Write a whole number from 0"),
    "a limit below nothing": ("A,10,,,,,,,,,-1,,", "limit: Write a whole number from 0"),
    "neither yes nor no": ("A,10,,,,,,,,,,,perhaps", "is_on: Write yes or no"),
    "a lot with too long a name": (f"A,10,,,,,,,,,,{'x' * 61},", "lot: It is longer than 60"),
    "no text": (",10,,,,,,,,,,,", "The text of a code is up to 40 letters"),
    "a text too long": (f"{'A' * 41},10,,,,,,,,,,,", "The text of a code is up to 40 letters"),
    "too few cells": ("A,10", "It has 2 cells, and the first line 13"),
    "the same code again": ("Go od,10,,,,,,,,,,,", "The same code stands in line 2"),
    "a code that is there": ("taken,10,,,,,,,,,,,", "There is a code of this text already"),
    "an interval for some payments": ("A,,,,full: 200 EUR / year,,2,,,,,,", "holds for ever, not for some payments"),
    "two prices of a level": ("A,,,,full: 2 EUR; full: 3 EUR,,,,,,,,", "two prices of one currency"),
}  # fmt: skip


def test_a_bad_line_is_named_with_its_number_and_nothing_is_made(tmp_path: Any, clock: Any) -> None:
    DiscountCode.objects.create(text="TAKEN", kind="percentage", basis_points=100, made_at=clock.now)
    before = digest()
    for name, (line, words) in BAD.items():
        code, _, complaint = run(tmp_path, f"{HEAD}\nGOOD,10,,,,,,,,,,,\n{line}\n")
        assert code == 1, name
        first, last = complaint.splitlines()
        assert "codes.csv:3: " in first, name
        assert words in first, name
        assert last.endswith("nothing was changed"), name
    assert digest() == before


def test_every_bad_line_is_named_at_once(tmp_path: Any) -> None:
    text = f'{HEAD}\nA,101,,,,,,,,,,,\n\n"B",10,,,,,,nowhere,,,,,\nC,10,,,,,,,,,,,\n'
    code, said, _ = run(tmp_path, text, "--json")
    assert code == 1
    assert [fault["line"] for fault in json.loads(said)["refused"]] == [2, 4]


FILES = {
    "nothing": (b"", "1: The first line names the columns"),
    "columns of something else": (b"name,amount\nA,1\n", "Not known: amount, name"),
    "a column twice": (b"code,percent,percent\nA,1,1\n", "1: The first line names the columns"),
    "no codes": (b"code,percent\n", "1: There are no codes in it"),
    "another encoding": ("code,words,percent\nA,x,1\nB,für,1\n".encode("cp1252"), "3: This is no text in UTF-8"),
    "a NUL byte": (b"code,percent\nA\0,1\n", "2: This is no text"),
    "an open quote": (b'code,percent\n"A,1\n', "This is no table"),
}


def test_a_file_that_is_no_table_of_codes_is_refused_in_words(tmp_path: Any) -> None:
    for name, (body, words) in FILES.items():
        code, _, complaint = run(tmp_path, body)
        assert (code, words in complaint) == (1, True), (name, complaint)
    assert not DiscountCode.objects.exists()


def test_a_spreadsheets_own_table_is_read(tmp_path: Any) -> None:
    assert run(tmp_path, "\ufeffCode;Percent;words\r\nsommer;12,5;für alle\r\n")[0] == 0
    row = DiscountCode.objects.get()
    assert (row.text, row.basis_points, row.words) == ("SOMMER", 1250, "für alle")


def test_a_file_that_cannot_be_read_is_another_exit_code(tmp_path: Any, monkeypatch: Any) -> None:
    with pytest.raises(CommandError) as refused:
        call_command("import", "codes", str(tmp_path / "nowhere.csv"))
    assert refused.value.returncode == 2
    monkeypatch.setattr(code_file, "LARGEST", 10)
    assert run(tmp_path, GOOD)[0] == 2
