"""A bank's statement as a file of lines, and which bill each line pays. Pure: text in, values out.

Banks agree on nothing: which columns there are, what they are called and in which language, what parts them, how dates and
amounts are written. What the file itself decides is read from it; what cannot be told is said, never guessed.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from goodstanding.core.currencies import UnknownCurrency, exponent
from goodstanding.core.money import Money

LARGEST = 1024 * 1024  # bytes
MOST_LINES = 2000
_HEADER_WITHIN = 30  # lines: what banks write above the columns
_COLUMNS = {
    "date": (
        "date", "booking date", "bookingdate", "transaction date", "value date", "completed date", "posting date",
        "datum", "buchungstag", "buchungsdatum", "buchung", "valuta", "valutadatum", "wertstellung", "date comptable",
        "date operation", "fecha", "data", "boekdatum",
    ),
    "amount": (
        "amount", "credit amount", "paid in", "credit", "betrag", "umsatz", "haben", "gutschrift", "montant", "importe",
        "importo", "bedrag", "kwota",
    ),
    "text": (
        "reference", "text", "description", "details", "payment reference", "remittance information", "purpose", "memo",
        "message", "communication", "narrative", "verwendungszweck", "buchungstext", "zweck", "libelle", "communication",
        "concepto", "descrizione", "causale", "omschrijving", "mededelingen", "tytul",
    ),
    "name": (
        "name", "payer", "payer name", "counterparty", "partner name", "from", "auftraggeber", "zahlungspflichtiger",
        "name zahlungsbeteiligter", "begunstigter/zahlungspflichtiger", "auftraggeber / begunstigter", "debiteur", "nom",
    ),
    "currency": ("currency", "ccy", "waehrung", "wahrung", "devise", "divisa", "valuta waehrung", "munt"),
}  # fmt: skip
_PLAIN = str.maketrans({"ä": "a", "ö": "o", "ü": "u", "é": "e", "è": "e", "ó": "o", "ł": "l", "_": " "})


class Fault(StrEnum):
    """Why a file, or a line of it, cannot be read."""

    NOT_TEXT = "not_text"
    TOO_LARGE = "too_large"
    EMPTY = "empty"
    NO_COLUMNS = "no_columns"
    TOO_MANY = "too_many"
    NO_DATE = "no_date"
    NO_AMOUNT = "no_amount"
    UNCLEAR_AMOUNT = "unclear_amount"
    NO_CURRENCY = "no_currency"


class NotAStatement(ValueError):
    """The file is no statement that can be read; ``fault`` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Line:
    """One line: money that came (or went, below zero). ``digest`` names it, the same in every file that has it.

    ``row`` counts from 1, as an editor does. With a ``fault`` nothing else of it counts.
    """

    row: int
    digest: str = ""
    day: date | None = None
    amount: Money | None = None
    text: str = ""
    name: str = ""
    fault: Fault | None = None


def text_of(body: bytes) -> str:
    """Return the text of a file: UTF-8, or else as Windows and most older banks write it. Raises :class:`NotAStatement`."""
    if len(body) > LARGEST:
        raise NotAStatement(Fault.TOO_LARGE)
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _decoded(body, "utf-16")
    if b"\0" in body or body.startswith((b"PK\x03\x04", b"%PDF", b"\xd0\xcf\x11\xe0", b"\x1f\x8b")):
        raise NotAStatement(Fault.NOT_TEXT)
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("cp1252", errors="replace")


def _decoded(body: bytes, encoding: str) -> str:
    try:
        return body.decode(encoding)
    except UnicodeDecodeError:
        raise NotAStatement(Fault.NOT_TEXT) from None


def lines_of(text: str, *, currency: str) -> list[Line]:
    """Read a statement's lines. ``currency``: of the account, where the file has no column for it.

    Raises :class:`NotAStatement` where there are no columns with a date, an amount and a text. A line that cannot be read
    has a ``fault``, and the others are read.
    """
    if not text.strip():
        raise NotAStatement(Fault.EMPTY)
    rows, first, columns = _table(text)
    found = [(number, row) for number, row in rows if number > first and any(cell.strip() for cell in row)]
    if len(found) > MOST_LINES:
        raise NotAStatement(Fault.TOO_MANY)
    mark = _decimal_mark(_cell(row, columns, "amount") for _, row in found)
    day_first = _day_first(_cell(row, columns, "date") for _, row in found)
    seen: Counter[tuple[str, ...]] = Counter()
    return [_line(number, row, columns, seen, currency, mark=mark, day_first=day_first) for number, row in found]


def _table(text: str) -> tuple[list[tuple[int, list[str]]], int, dict[str, int]]:
    """The rows with their numbers, the number of the row that names the columns, and which column is which."""
    best: tuple[list[tuple[int, list[str]]], int, dict[str, int]] | None = None
    for delimiter in (";", ",", "\t"):
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        try:
            rows = [(reader.line_num, row) for row in reader]
        except csv.Error:
            continue
        for number, row in rows[:_HEADER_WITHIN]:
            columns = _columns(row)
            if {"date", "amount"} <= columns.keys() and columns.keys() & {"text", "name"}:
                if best is None or len(columns) > len(best[2]):
                    best = rows, number, columns
                break
    if best is None:
        raise NotAStatement(Fault.NO_COLUMNS)
    return best


def _columns(row: Sequence[str]) -> dict[str, int]:
    """Which column is which, by its name: the first name that is known, in the order in which they are known."""
    names = [re.sub(r"\s*\(.*\)$", "", cell.strip().lower().translate(_PLAIN)) for cell in row]
    found: dict[str, int] = {}
    for column, known in _COLUMNS.items():
        places = [names.index(name) for name in known if name in names and names.index(name) not in found.values()]
        if places:
            found[column] = places[0]
    return found


def _cell(row: Sequence[str], columns: dict[str, int], column: str) -> str:
    place = columns.get(column)
    return row[place].strip() if place is not None and place < len(row) else ""


def _line(
    number: int,
    row: Sequence[str],
    columns: dict[str, int],
    seen: Counter[tuple[str, ...]],
    currency: str,
    *,
    mark: str,
    day_first: bool,
) -> Line:
    text, name = (" ".join(_cell(row, columns, column).split()) for column in ("text", "name"))
    day = _day(_cell(row, columns, "date"), day_first=day_first)
    if day is None:
        return Line(number, text=text, name=name, fault=Fault.NO_DATE)
    code = (_cell(row, columns, "currency") or currency).upper()
    amount = _amount(_cell(row, columns, "amount"), code, mark=mark)
    if isinstance(amount, Fault):
        return Line(number, day=day, text=text, name=name, fault=amount)
    content = (day.isoformat(), str(amount.amount_minor), amount.currency, name, text)
    seen[content] += 1  # two that are alike in one file are two payments
    digest = hashlib.sha256("\x1f".join((*content, str(seen[content]))).encode()).hexdigest()[:40]
    return Line(number, digest, day, amount, text[:300], name[:100])


_DATES = (
    (re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ].*)?"), "ymd"),
    (re.compile(r"(\d{1,2})[.-](\d{1,2})[.-](\d{4}|\d{2})(?:[T ].*)?"), "dmy"),
    (re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})(?:[T ].*)?"), "file"),
)


def _day(text: str, *, day_first: bool) -> date | None:
    for pattern, order in _DATES:
        if found := pattern.fullmatch(text):
            one, two, three = (int(part) for part in found.groups())
            chosen = ("dmy" if day_first else "mdy") if order == "file" else order
            year, month, day = {"ymd": (one, two, three), "dmy": (three, two, one), "mdy": (three, one, two)}[chosen]
            try:
                return date(year + 2000 if year < 100 else year, month, day)
            except ValueError:
                return None
    return None


def _day_first(texts: Iterable[str]) -> bool:
    """Whether ``3/4/2026`` is the third of April: as the file's other dates say, and where none does, yes."""
    for text in texts:
        found = _DATES[2][0].fullmatch(text)
        if found and int(found[2]) > 12:
            return False
    return True


_FIGURES = re.compile(r"[+-]?[0-9][0-9.,]*[+-]?")


def _figures(text: str) -> str:
    """An amount without what stands around its figures: currency, blanks, apostrophes."""
    plain = re.sub(r"[A-Za-z€$£¥\s'’\u00a0\u202f]", "", text).replace("\u2212", "-")
    return plain if _FIGURES.fullmatch(plain) else ""


def _decimal_mark(texts: Iterable[str]) -> str:
    """What parts units from hundredths in this file; ``""`` where no amount says so."""
    for text in texts:
        plain = _figures(text).strip("+-")
        marks = [each for each in plain if each in ".,"]
        if not marks:
            continue
        last = marks[-1]
        after = len(plain) - plain.rindex(last) - 1
        if len(set(marks)) == 2 or (len(marks) == 1 and after != 3):
            return last
        if len(marks) > 1:
            return "." if last == "," else ","
    return ""


def _amount(text: str, currency: str, *, mark: str) -> Money | Fault:
    plain = _figures(text)
    if not plain:
        return Fault.NO_AMOUNT
    negative = "-" in (plain[0], plain[-1])
    plain = plain.strip("+-")
    if not mark and ("." in plain or "," in plain):
        return Fault.UNCLEAR_AMOUNT  # 1.234: a thousand and more, or one and a bit
    whole, _, rest = plain.partition(mark) if mark else (plain, "", "")
    whole = whole.replace("." if mark == "," else ",", "")
    if not whole.isdecimal() or (rest and not rest.isdecimal()):
        return Fault.NO_AMOUNT
    try:
        digits = exponent(currency)
    except UnknownCurrency:
        return Fault.NO_CURRENCY
    if len(rest.rstrip("0")) > digits:
        return Fault.UNCLEAR_AMOUNT
    minor = int(whole) * 10**digits + int((rest[:digits].ljust(digits, "0")) or "0")
    return Money(-minor if negative else minor, currency)
