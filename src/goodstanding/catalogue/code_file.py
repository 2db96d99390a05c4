"""Discount codes as a table (CSV): written for the office, and taken in again, all or nothing, each bad line named."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from goodstanding import conf
from goodstanding.audit.services import note
from goodstanding.catalogue import code_making, code_texts
from goodstanding.catalogue.code_making import Named, OwnPrice, Wanted
from goodstanding.catalogue.code_texts import CodeRefused
from goodstanding.catalogue.models import DiscountCode, Level
from goodstanding.core.discounts import Alternative, Effect, Fixed, Percentage, normalised
from goodstanding.core.moments import FIRST_YEAR, LAST_YEAR, NotAMoment, moment
from goodstanding.core.money import Money
from goodstanding.core.periods import Interval, Unit

LARGEST = 10 * 1024 * 1024  # bytes
MOST_LINES = 10_000
AT_ONCE = 500
WORDS_AT_MOST, LOT_AT_MOST = 200, 60
MOST_PAYMENTS, MOST_USES = 999, 10**9
# What the table has for people, and nobody reads from it: ``gives`` says the rest in words, ``uses`` were elsewhere.
SAID = ("gives", "uses")
READ = (
    "code", "lot", "percent", "off", "price", "prices", "keeps_rest", "payments", "levels", "opens", "from", "until",
    "limit", "limit_each", "is_on", "words",
)  # fmt: skip
COLUMNS = (
    "code", "lot", "gives", "from", "until", "uses", "limit", "is_on", "percent", "off", "price", "prices", "keeps_rest",
    "payments", "levels", "opens", "limit_each", "words",
)  # fmt: skip
YES = {"yes": True, "no": False, "true": True, "false": False, "1": True, "0": False}
EVER = "all"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a line (counted from 1, as an editor does), in words."""

    line: int
    words: str


class CodesRefused(ValueError):
    """The file is refused, and nothing changed; ``faults`` name every bad line."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"{len(faults)} bad lines")
        self.faults = faults


@dataclass(slots=True)
class _Reading:
    """What is found while reading: the codes with their lines, and what is wrong."""

    levels: Mapping[str, Level]
    sold_in: Mapping[str, frozenset[str]]
    found: dict[str, tuple[int, Named]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def take_in(body: bytes, *, now: datetime, dry_run: bool = False) -> int:
    """Make the codes of a table and return how many; all of them or none. ``dry_run``: only see whether it could be done.

    Raises :class:`CodesRefused`. A few statements for each five hundred lines; noted in the audit.
    """
    reading = _read(body)
    texts = list(reading.found)
    for start in range(0, len(texts), AT_ONCE):
        there = DiscountCode.objects.filter(text__in=texts[start : start + AT_ONCE]).values_list("text", flat=True)
        for text in there:
            reading.faults.append(Fault(reading.found[text][0], _("There is a code of this text already.")))
    if reading.faults:
        raise CodesRefused(sorted(reading.faults, key=lambda fault: fault.line))
    codes = [named for _line, named in reading.found.values()]
    if not dry_run:
        try:
            with transaction.atomic():
                made = code_making.make_all(codes, now=now)
                note(by=None, on=made[0], what=f"import {len(made)} codes", why=codes[0].batch or made[0].text, now=now)
        except IntegrityError:  # made meanwhile by somebody else
            raise CodesRefused([Fault(1, _("One of the codes was made meanwhile. Run it again."))]) from None
    return len(codes)


def cells_of(row: DiscountCode, *, says: str, used: int) -> list[str]:
    """Return the line of a code, in the order of :data:`COLUMNS`. ``says``: what it does; its levels are fetched before."""
    amount = str(Money(row.amount_minor, row.currency)) if row.currency else ""
    cells = {
        "code": row.text,
        "lot": row.batch,
        "gives": says,
        "from": row.starts_at.isoformat() if row.starts_at else "",
        "until": row.ends_at.isoformat() if row.ends_at else "",
        "uses": str(used),
        "limit": "" if row.limit is None else str(row.limit),
        "is_on": "yes" if row.is_open else "no",
        "payments": EVER if row.payments is None else str(row.payments),
        "levels": " ".join(level.pk for level in row.levels.all()),
        "opens": " ".join(level.pk for level in row.opens.all()),
        "limit_each": "" if row.limit_each is None else str(row.limit_each),
        "words": row.words,
    }
    match row.kind:
        case DiscountCode.Kind.PERCENTAGE:
            cells["percent"] = f"{row.basis_points // 100}.{row.basis_points % 100:02d}"
        case DiscountCode.Kind.FIXED:
            cells |= {"off": amount, "keeps_rest": "yes" if row.keeps_rest else "no"}
        case DiscountCode.Kind.ALTERNATIVE:
            cells |= {"price": amount, "prices": "; ".join(_own_text(each) for each in row.prices.all())}
    return [cells.get(name, "") for name in COLUMNS]


def _own_text(row: Any) -> str:
    interval = Interval(Unit(row.interval), row.interval_count) if row.interval else None
    return f"{row.level_id}: {code_texts.own_price_text(Money(row.amount_minor, row.currency), interval)}"


def _read(body: bytes) -> _Reading:
    reading = _Reading({level.pk: level for level in Level.objects.all()}, code_making.currencies())
    try:
        rows = _rows(_text(body))
    except csv.Error as error:
        raise CodesRefused([Fault(1, _("This is no table: %(why)s.") % {"why": error})]) from None
    for line, cells in rows:
        try:
            _keep(line, _named(cells, reading), reading)
        except CodeRefused as refused:
            reading.faults.append(Fault(line, refused.words))
    return reading


def _keep(line: int, named: Named, reading: _Reading) -> None:
    before = reading.found.get(named.text)
    if before is not None:
        raise CodeRefused(_("The same code stands in line %(line)d.") % {"line": before[0]})
    reading.found[named.text] = (line, named)


def _text(body: bytes) -> str:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = body[: error.start].count(b"\n") + 1
        raise CodesRefused([Fault(line, _("This is no text in UTF-8. Save the table as CSV in UTF-8."))]) from None
    if "\0" in text:
        raise CodesRefused([Fault(text[: text.index("\0")].count("\n") + 1, _("This is no text."))])
    return text


def _rows(text: str) -> list[tuple[int, dict[str, str]]]:
    """The lines with their numbers, by column. Raises :class:`CodesRefused` for columns that are none, or no lines."""
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)  # as spreadsheets of several countries write it
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    names = [name.strip().lower() for name in next(reader, [])]
    wrong = sorted({name for name in names if name not in {*READ, *SAID}})
    if "code" not in names or wrong or len(set(names)) != len(names):
        said = {"known": ", ".join((*READ, *SAID)), "wrong": ", ".join(wrong)[:200]}
        words = _("The first line names the columns, “code” among them, each once: %(known)s.") % said
        raise CodesRefused([Fault(1, f"{words} {_('Not known: %(wrong)s.') % said}" if wrong else words)])
    found: list[tuple[int, dict[str, str]]] = []
    faults: list[Fault] = []
    begins = reader.line_num + 1
    for row in reader:
        line, begins = begins, reader.line_num + 1
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(names):
            said_cells = {"found": len(row), "wanted": len(names)}
            faults.append(Fault(line, _("It has %(found)d cells, and the first line %(wanted)d.") % said_cells))
            continue
        found.append((line, dict(zip(names, map(_plain, row), strict=True))))
    if len(found) > MOST_LINES:
        raise CodesRefused([Fault(1, _("It has more than %(most)d codes. Cut it in two.") % {"most": MOST_LINES})])
    if faults:
        raise CodesRefused(faults)
    if not found:
        raise CodesRefused([Fault(1, _("There are no codes in it."))])
    return found


def _plain(cell: str) -> str:
    """A cell as it was meant: our own tables write what a spreadsheet would take for a formula with a ' before it."""
    text = cell.strip()
    return text[1:] if text[:1] == "'" and text[1:2] in ("=", "+", "-", "@") else text


def _named(cells: Mapping[str, str], reading: _Reading) -> Named:
    """Read one line. Raises :class:`CodeRefused`, naming the column."""

    def cell(name: str, read: Callable[[str], Any], default: Any = None) -> Any:
        text = cells.get(name, "")
        try:
            return read(text) if text else default
        except CodeRefused as refused:
            raise CodeRefused(f"{name}: {refused.words}") from None

    wanted = Wanted(
        effect=_effect(cells, cell),
        payments=cell("payments", _payments, 1),
        levels=cell("levels", _levels_in(reading), []),
        opens=cell("opens", _levels_in(reading), []),
        own=cell("prices", lambda text: _own_prices(text, reading), []),
        starts_at=cell("from", _moment),
        ends_at=cell("until", _moment),
        limit=cell("limit", _uses),
        limit_each=cell("limit_each", _uses),
        words=cell("words", _short(WORDS_AT_MOST), ""),
    )
    text, lot = normalised(cells["code"]), cell("lot", _short(LOT_AT_MOST), "")
    code_making.require_sound(wanted, text, sold_in=reading.sold_in)
    return Named(text, wanted, lot, cell("is_on", _yes, default=True))


def _effect(cells: Mapping[str, str], cell: Callable[..., Any]) -> Effect | None:
    """What the line gives; nothing where it has only prices of levels."""
    said = [name for name in ("percent", "off", "price") if cells.get(name)]
    if len(said) > 1 or not (said or cells.get("prices")) or (cells.get("prices") and said not in ([], ["price"])):
        raise CodeRefused(_("Say what it gives in one of the columns percent, off, price or prices."))
    if cells.get("keeps_rest") and cell("keeps_rest", _yes) and said != ["off"]:
        raise CodeRefused(_("keeps_rest is for codes with an amount off."))
    match said:
        case ["percent"]:
            return Percentage(cell("percent", code_texts.read_percent))
        case ["off"]:
            amount = cell("off", lambda text: code_texts.above_zero(code_texts.read_with_currency(text)))
            return Fixed(amount, keeps_rest=cell("keeps_rest", _yes, default=False))
        case ["price"]:
            return Alternative(cell("price", lambda text: code_texts.a_price(code_texts.read_with_currency(text))))
        case _:
            return None


def _levels_in(reading: _Reading) -> Callable[[str], list[Level]]:
    """Return what reads slugs of levels with blanks between them, each once."""

    def read(text: str) -> list[Level]:
        slugs = list(dict.fromkeys(text.replace(",", " ").split()))
        return [_level(slug, reading) for slug in slugs]

    return read


def _level(slug: str, reading: _Reading) -> Level:
    level = reading.levels.get(slug)
    if level is None:
        raise CodeRefused(_("There is no level %(level)s.") % {"level": slug[:60]})
    return level


def _own_prices(text: str, reading: _Reading) -> list[OwnPrice]:
    """``full: 200.00 EUR / year; friend: 5 EUR``."""
    found: dict[tuple[str, str], OwnPrice] = {}
    for part in filter(None, (each.strip() for each in text.split(";"))):
        slug, _colon, price = part.partition(":")
        amount, interval = code_texts.read_own_price(price)
        if (slug.strip(), amount.currency) in found:
            raise CodeRefused(_("The level %(level)s has two prices of one currency.") % {"level": slug.strip()[:60]})
        found[slug.strip(), amount.currency] = OwnPrice(_level(slug.strip(), reading), amount, interval)
    return list(found.values())


def _moment(text: str) -> datetime:
    try:
        at = moment(text, zone=conf.time_zone())
    except NotAMoment:
        words = _("Write a moment such as 2025-04-14T10:20:30Z, or 2025-04-14 for the start of that day.")
        raise CodeRefused(words) from None
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        words = _("Write a year from %(first)d to %(last)d.") % {"first": FIRST_YEAR, "last": LAST_YEAR}
        raise CodeRefused(words)
    return at


def _payments(text: str) -> int | None:
    return None if text.lower() == EVER else _number(1, MOST_PAYMENTS, also=f", or “{EVER}”")(text)


def _uses(text: str) -> int:
    return _number(0, MOST_USES)(text)


def _number(least: int, most: int, *, also: str = "") -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and least <= int(text) <= most):
            said = {"least": least, "most": most, "also": also}
            raise CodeRefused(_("Write a whole number from %(least)d to %(most)d%(also)s.") % said)
        return int(text)

    return read


def _yes(text: str) -> bool:
    if text.lower() not in YES:
        raise CodeRefused(_("Write yes or no."))
    return YES[text.lower()]


def _short(most: int) -> Callable[[str], str]:
    def read(text: str) -> str:
        if len(text) > most:
            raise CodeRefused(_("It is longer than %(most)d characters.") % {"most": most})
        return text

    return read
