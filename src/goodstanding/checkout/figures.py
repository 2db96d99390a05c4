"""What a quote says, line by line: the one list that the page shows, the API gives, and the checkout compares (I13)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from goodstanding.catalogue import knowledge
from goodstanding.core import schedule
from goodstanding.core.asking import Asked
from goodstanding.core.money import Money
from goodstanding.core.pricing import Extra, Part, Quote
from goodstanding.core.records import FOR_LIFE
from goodstanding.core.schedule import NextCharge, Step

Figures = Mapping[str, list[str]]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a quote. ``kind``: ``level``, ``seats``, ``donation``, ``gift``. ``name``: the level's, for people.

    A level has its period ``[start, end)``; what never ends has no end. ``quantity``: of seats, or of terms at once.
    ``said``: how much of a first calendar period is charged.
    """

    kind: str
    name: str
    price: str
    level: str
    quantity: int
    asked: Asked
    start: datetime | None = None
    end: datetime | None = None
    recurs: bool = False
    said: str = ""


def lines_of(quote: Quote) -> list[Line]:
    """Return the lines: each level with what belongs to it, then what stands for itself."""
    found: list[Line] = []
    for part in quote.parts:
        terms, end = part.terms, None if part.end == FOR_LIFE else part.end
        found.append(
            Line(
                "level",
                terms.name,
                terms.price,
                terms.level,
                part.times,
                part.now,
                part.start,
                end,
                recurs=terms.renews,
                said=part.said,
            )
        )
        found += [_of_extra(extra, part) for extra in part.extras]
    return [*found, *(_of_extra(extra, None) for extra in quote.extras)]


def follows(quote: Quote) -> list[tuple[Part, tuple[Step, ...]]]:
    """Return of each part the charges that follow its first one, by the tax of today."""
    later = [part for part in quote.parts if part.then is not None]
    known = knowledge.current() if any(part.contract.taxed for part in later) else None
    found = []
    for part in quote.parts:
        levy = known.levy_at(part.contract, quote.at) if known is not None else None
        found.append((part, schedule.steps_of(part, levy=levy, time_zone=quote.time_zone)))
    return found


def next_charges(quote: Quote) -> tuple[NextCharge, ...]:
    """Return the next charge of each day on which one comes."""
    return schedule.next_charges(quote)


def of_quote(quote: Quote) -> Figures:
    """Return all that a page says of money and days, by what it is about, in plain texts: it is compared before paying."""
    lines = lines_of(quote)
    return {
        "price": [_sold(line) for line in lines],
        "code": [f"{line.asked.off.amount_minor} {line.asked.rest.amount_minor} {line.asked.code}" for line in lines],
        "tax": [f"{line.asked.tax.amount_minor} {line.asked.tax_rate} {line.asked.tax_name}" for line in lines],
        "credit": [_minor(quote.credit_used)],
        "due": [_minor(quote.due_now), str(quote.needs_card)],
        "days": list(_days(quote, lines)),
        "next": [*_later(quote)],
    }


def _sold(line: Line) -> str:
    return f"{line.kind} {line.price} {line.quantity} {_minor(line.asked.listed)} {line.recurs}"


def _later(quote: Quote) -> Iterator[str]:
    for charge in next_charges(quote):
        yield f"{_minor(charge.amount)} {charge.from_balance.amount_minor} {_day(charge.at, quote)}"
    for part, steps in follows(quote):
        yield f"{part.contract.payments} {part.contract.keeps}"
        yield from (f"{step.count} {_minor(step.amount)} {_day(step.at, quote)}" for step in steps)


def _days(quote: Quote, lines: list[Line]) -> Iterator[str]:
    for line in lines:
        if line.start is not None:
            yield f"{_day(line.start, quote)} {_day(line.end, quote) if line.end else 'for life'}"


def _of_extra(extra: Extra, part: Part | None) -> Line:
    terms = part.terms if part is not None else None
    price, level = (terms.price, terms.level) if terms is not None else ("", "")
    return Line(extra.kind, extra.name, price, level, extra.quantity, extra.asked, recurs=extra.recurs)


def _minor(amount: Money) -> str:
    return f"{amount.amount_minor} {amount.currency}"


def _day(moment: datetime, quote: Quote) -> str:
    return moment.astimezone(ZoneInfo(quote.time_zone)).date().isoformat()
