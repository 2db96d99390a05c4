"""Statements as banks write them, references as payers type them, and which line pays which bill: by tables."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from goodstanding.core import bank, matching, references, reminding
from goodstanding.core.bank import Fault, NotAStatement
from goodstanding.core.matching import Asked, Fit
from goodstanding.core.money import Money

HEADER = "Date;Text;Amount"

# Each row: what the payer wrote, and the invoices that are meant.
TEXTS = [
    ("INV-00042", {42}),
    ("inv 00 042 thanks", {42}),
    ("inv42", {42}),
    ("INV/00042/2026", {42}),
    ("RF82 INV0 0042", {42}),
    ("rf82inv00042", {42}),
    ("RF99INV00042", set()),
    ("RF28 INV0 0042", set()),
    ("INV00042100", {42100}),
    ("INV-00042 100 EUR", {42}),
    ("INV-00042 and INV-00043", {42, 43}),
    ("INV 42, not INV-00043", {43}),
    ("00042", set()),
    ("REINV-00042", set()),
    ("", set()),
]


@pytest.mark.parametrize(("text", "meant"), TEXTS)
def test_a_number_is_found_as_people_write_it(text: str, meant: set[int]) -> None:
    assert references.mentioned(text, prefix="INV", digits=5).numbers == meant


def test_a_reference_checks_as_the_standard_says() -> None:
    assert references.reference_of("539007547034") == "RF18 5390 0754 7034"
    assert references.reference_of("INV-00042") == "RF82 INV0 0042"
    assert references.reference_of("") == references.reference_of("x" * 22) == ""
    for number in range(1, 300):
        told = references.reference_of(f"INV-{number:05d}")
        assert references.mentioned(told, prefix="INV", digits=5).sure == {number}


# Each row: the file, and of each line its day and amount, or why it cannot be read.
FILES = [
    (f"{HEADER}\n2026-03-04;x;25.00", [("2026-03-04", "25.00 EUR")]),
    ("Date,Description,Amount\n2026-03-04,\"a, b\",25", [("2026-03-04", "25.00 EUR")]),
    ("Buchungstag;Verwendungszweck;Betrag;Währung\n04.03.26;x;1.234,50;EUR", [("2026-03-04", "1234.50 EUR")]),
    ("My bank\n\nAccount;DE02\nDatum;Name;Betrag (EUR)\n4.3.2026;Alice;-3,00 €", [("2026-03-04", "-3.00 EUR")]),
    (f"{HEADER}\n03/14/2026;x;1\n03/04/2026;x;1", [("2026-03-14", "1.00 EUR"), ("2026-03-04", "1.00 EUR")]),
    (f"{HEADER}\n04/03/2026;x;1", [("2026-03-04", "1.00 EUR")]),
    (f"{HEADER}\n2026-03-04;x;1'234.50\n2026-03-04;x;1,234", [("2026-03-04", "1234.50 EUR"), ("2026-03-04", "1234.00 EUR")]),
    (f"{HEADER}\n2026-03-04;x;1,234", [Fault.UNCLEAR_AMOUNT]),
    (f"{HEADER}\n2026-03-04;x;12.345\n2026-03-04;x;1.5", [Fault.UNCLEAR_AMOUNT, ("2026-03-04", "1.50 EUR")]),
    (f"{HEADER}\n2026-02-30;x;1\n;x;1\n2026-03-04;x;\n2026-03-04;x;abc", [Fault.NO_DATE, Fault.NO_DATE, Fault.NO_AMOUNT, Fault.NO_AMOUNT]),
    ("Date;Text;Amount;Currency\n2026-03-04;x;1000;JPY\n2026-03-04;x;1;XXX", [("2026-03-04", "1000 JPY"), Fault.NO_CURRENCY]),
    (f"{HEADER}\n2026-03-04;x;25.00-\n\n", [("2026-03-04", "-25.00 EUR")]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), FILES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_statement_is_read_as_its_bank_wrote_it(text: str, wanted: list[object], encoding: str) -> None:
    lines = bank.lines_of(bank.text_of(text.encode(encoding)), currency="EUR")
    assert [line.fault or (str(line.day), str(line.amount)) for line in lines] == wanted


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"", Fault.EMPTY),
        (b"  \n ", Fault.EMPTY),
        (b"PK\x03\x04rest", Fault.NOT_TEXT),
        (b"%PDF-1.7", Fault.NOT_TEXT),
        (b"a\0b", Fault.NOT_TEXT),
        (b"hello\nworld", Fault.NO_COLUMNS),
        (b"Date;Amount\n2026-03-04;1", Fault.NO_COLUMNS),
        (b"x" * (bank.LARGEST + 1), Fault.TOO_LARGE),
        (HEADER.encode() + b"\n2026-03-04;x;1" * (bank.MOST_LINES + 1), Fault.TOO_MANY),
    ],
)
def test_what_is_no_statement_is_refused_by_name(body: bytes, fault: Fault) -> None:
    with pytest.raises(NotAStatement) as refused:
        bank.lines_of(bank.text_of(body), currency="EUR")
    assert refused.value.fault is fault


def test_a_line_is_the_same_in_every_file_and_two_alike_are_two() -> None:
    one = bank.lines_of(f"{HEADER}\n2026-03-04;x;1\n2026-03-04;x;1", currency="EUR")
    other = bank.lines_of("Amount,Other,Text,Date\n1.00,?,x,04.03.2026\n", currency="EUR")
    assert one[0].digest == other[0].digest
    assert len({line.digest for line in one}) == 2


EUR25 = Money(2500, "EUR")
BILLS = {
    "A": Asked("A", EUR25),
    "B": Asked("B", Money(1000, "EUR")),
    "PAID": Asked("PAID", Money(0, "EUR"), is_open=False, is_paid=True),
    "VOID": Asked("VOID", EUR25, is_open=False),
    "USD": Asked("USD", Money(2500, "USD")),
}


@pytest.mark.parametrize(
    ("amount", "named", "fit"),
    [
        ("25", ["A"], Fit.EXACT),
        ("24.99", ["A"], Fit.PARTIAL),
        ("25.01", ["A"], Fit.OVER),
        ("25", [], Fit.UNKNOWN),
        ("25", ["Z"], Fit.UNKNOWN),
        ("25", ["A", "B"], Fit.EXACT),
        ("30", ["A", "B"], Fit.AMBIGUOUS),
        ("25", ["PAID"], Fit.PAID),
        ("25", ["PAID", "A"], Fit.EXACT),
        ("25", ["VOID"], Fit.CLOSED),
        ("25", ["USD"], Fit.CURRENCY),
        ("-25", ["A"], Fit.OUTGOING),
        ("0", ["A"], Fit.OUTGOING),
        ("1,234", ["A"], Fit.UNREADABLE),
    ],
)
def test_how_a_line_fits_a_bill(amount: str, named: list[str], fit: Fit) -> None:
    (line,) = bank.lines_of(f"{HEADER}\n2026-03-04;x;{amount}", currency="EUR")
    assert matching.match(line, named, BILLS, ()).fit is fit
    if line.digest and fit is not Fit.OUTGOING:
        assert matching.match(line, named, BILLS, {line.digest}).fit is Fit.RECORDED


def test_two_lines_pay_one_bill_together_and_the_third_finds_it_paid() -> None:
    lines = bank.lines_of(f"{HEADER}\n2026-03-04;a;10\n2026-03-05;b;15\n2026-03-06;c;1", currency="EUR")
    found = matching.in_turn([matching.match(line, ["A"], BILLS, ()) for line in lines], BILLS)
    assert [each.fit for each in found] == [Fit.PARTIAL, Fit.EXACT, Fit.PAID]


BERLIN = ZoneInfo("Europe/Berlin")
ISSUED = datetime(2026, 3, 2, 10, tzinfo=UTC)


def test_reminders_follow_the_day_on_the_wall_clock() -> None:
    due = reminding.due_by(date(2026, 3, 25), tz=BERLIN)
    assert reminding.last_day(due, tz=BERLIN) == date(2026, 3, 25)
    steps = reminding.steps(due, reminding.Schedule((3,), (7, 14)), issued_at=ISSUED, tz=BERLIN)
    assert [(each.days, each.at.isoformat(), each.is_last) for each in steps] == [
        (-3, "2026-03-22T08:00:00+01:00", False),
        (7, "2026-04-01T08:00:00+02:00", False),
        (14, "2026-04-08T08:00:00+02:00", True),
    ]
    assert reminding.reached(steps, now=ISSUED) is None
    assert reminding.following(steps, now=steps[-1].at) is None
    latest = reminding.reached(steps, now=datetime(2026, 5, 1, tzinfo=UTC))
    assert latest is not None
    assert latest.days == 14, "who stood still sends the latest alone"


def test_no_reminder_comes_with_the_bill_itself() -> None:
    due = reminding.due_by(date(2026, 3, 4), tz=BERLIN)
    steps = reminding.steps(due, reminding.Schedule((3, 2, 1), ()), issued_at=ISSUED, tz=BERLIN)
    assert steps == []


@pytest.mark.parametrize(
    ("minor", "currency", "asked"),
    [(14900, "EUR", False), (15000, "EUR", True), (15500, "EUR", True), (1, "USD", True), (0, "USD", False)],
)
def test_b59_little_is_not_asked_for_and_each_currency_counts_apart(minor: int, currency: str, asked: bool) -> None:
    """B59: 149.00 with a threshold of 150.00: no; 155.00: yes."""
    schedule = reminding.Schedule(at_least={"EUR": 15000})
    assert reminding.is_asked_for(Money(minor, currency), schedule) is asked


@pytest.mark.parametrize("text", ["x", "-1", "0", "366", "1;2", "1.5"])
def test_days_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        reminding.read_days(text)
    assert reminding.read_days(" 14, 7,7 ") == (7, 14)
