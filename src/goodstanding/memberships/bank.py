"""A bank's statement: read, matched with what is asked for, looked at by staff, and recorded line by line, each line once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from goodstanding import conf
from goodstanding.audit.services import note
from goodstanding.billing import numbering
from goodstanding.billing.models import BankLine, BankStatement, Invoice, Payment
from goodstanding.core import bank, matching, references
from goodstanding.core.bank import Fault, Line
from goodstanding.core.ids import derived
from goodstanding.core.matching import Asked, Fit, Match
from goodstanding.core.money import Money
from goodstanding.memberships import byhand, owing
from goodstanding.memberships.byhand import Came, Refused

KEEP = timedelta(days=30)  # what a bank wrote is kept for so long
HOW = "transfer"


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a line: recorded for an invoice, or why not, in words."""

    row: int
    number: str = ""
    refused: str = ""


def read(body: bytes, *, currency: str) -> list[Line]:
    """Read a file. Raises :class:`goodstanding.core.bank.NotAStatement`; a line that cannot be read says so itself."""
    return bank.lines_of(bank.text_of(body), currency=currency)


def keep(body: bytes, *, name: str, currency: str, by: Any, now: datetime) -> BankStatement:
    """Read a file and keep its lines, to be looked at and recorded. The same file again is the same statement."""
    lines = read(body, currency=currency)
    made = derived("bst", currency, *(f"{line.row} {line.digest} {line.fault or ''}" for line in lines))
    defaults = {"name": name[:200], "lines": [_plain(line) for line in lines], "by": by, "uploaded_at": now}
    row, is_new = BankStatement.objects.get_or_create(pk=made, defaults=defaults)
    if is_new:
        note(by=by, on=row, what="hand in bank statement", why=f"{len(lines)} lines", now=now)
    elif not row.lines:  # forgotten meanwhile
        row.lines = defaults["lines"]
        row.save(update_fields=["lines"])
    return row


def kept(statement: BankStatement) -> list[Line]:
    """Return the lines of a statement; none once they were forgotten."""
    return [_line(each) for each in statement.lines]


def matched(lines: Sequence[Line], *, chosen: Mapping[int, str] | None = None) -> list[Match]:
    """Return which bill each line pays, in turn. ``chosen``: what staff said themselves, by row. A few statements, bounded."""
    said = chosen or {}
    named = {line.row: [said[line.row]] if line.row in said else _named(line) for line in lines}
    bills = _bills(sorted({number for numbers in named.values() for number in numbers}))
    done = recorded(line.digest for line in lines)
    found = [matching.match(line, named[line.row], bills, done) for line in lines]
    return matching.in_turn(found, bills)


def recorded(digests: Iterable[str]) -> set[str]:
    """Return those of ``digests`` that were recorded, and not taken back since. Two statements."""
    rows = dict(BankLine.objects.filter(digest__in=list(digests)).values_list("digest", "payment"))
    undone = set(
        Payment.objects.filter(external_id__in=rows.values(), status="undone").values_list("external_id", flat=True)
    )
    return {digest for digest, payment in rows.items() if payment not in undone}


def record(matches: Sequence[Match], *, by: Any, now: datetime) -> list[Done]:
    """Record those of ``matches`` that fit, each in a transaction of its own; one that is refused is named, the rest goes on."""
    found = []
    for each in matches:
        if each.fit not in matching.TAKEN:
            continue
        try:
            found.append(_recorded(each, by=by, now=now))
        except Refused as refused:
            found.append(Done(each.line.row, each.number, refused.words))
    return found


def finish(statement: BankStatement, done: Sequence[Done], *, by: Any, now: datetime) -> None:
    """Note that a statement was recorded."""
    count = sum(not each.refused for each in done)
    statement.recorded += count
    statement.done_at = now
    statement.save(update_fields=["recorded", "done_at"])
    note(by=by, on=statement, what="record bank statement", why=f"{count} payments", now=now)


def forget(*, before: datetime) -> int:
    """Forget what banks wrote in statements handed in before ``before``; what was recorded stays. Return how many."""
    return BankStatement.objects.filter(uploaded_at__lt=before).exclude(lines=[]).update(lines=[], name="")


def fault_words(fault: Fault) -> str:
    """Return why a file or a line cannot be read, for staff."""
    return {
        Fault.NOT_TEXT: _("This is no text: hand in the statement as CSV."),
        Fault.TOO_LARGE: _("This file is larger than 1 MiB. Hand in a shorter time."),
        Fault.EMPTY: _("This file is empty."),
        Fault.NO_COLUMNS: _(
            "No line names a column for the date, one for the amount and one for the text or the payer."
        ),
        Fault.TOO_MANY: _("These are more than 2000 lines. Hand in a shorter time."),
        Fault.NO_DATE: _("There is no date."),
        Fault.NO_AMOUNT: _("There is no amount."),
        Fault.UNCLEAR_AMOUNT: _("The amount can be read in two ways."),
        Fault.NO_CURRENCY: _("The currency is not known."),
    }[fault]


def fit_words(match: Match) -> str:
    """Return how a line stands, for staff."""
    if match.line.fault is not None:
        return fault_words(match.line.fault)
    return {
        Fit.EXACT: _("pays it"),
        Fit.PARTIAL: _("pays a part of it"),
        Fit.OVER: _("pays it; the rest becomes balance"),
        Fit.AMBIGUOUS: _("names several: %(numbers)s") % {"numbers": ", ".join(match.several)},
        Fit.UNKNOWN: _("names no invoice that we know"),
        Fit.RECORDED: _("was recorded before"),
        Fit.CURRENCY: _("is in another currency than the invoice"),
        Fit.PAID: _("the invoice is paid already"),
        Fit.CLOSED: _("nobody asks for the invoice any more"),
        Fit.OUTGOING: _("no money came"),
        Fit.UNREADABLE: _("cannot be read"),
    }[match.fit]


def _recorded(each: Match, *, by: Any, now: datetime) -> Done:
    line = each.line
    assert line.day is not None, line
    rows = Invoice.objects.select_related("gateway_account").filter(number=each.number).order_by("issued_at", "id")
    invoice = rows.first()
    if invoice is None:
        raise Refused(_("There is no such invoice."))
    with transaction.atomic():
        customer = byhand.locked(invoice)
        # First of all the line's own row: whoever records the same line elsewhere waits here, and finds it done.
        defaults = {"payment": f"none {line.digest}", "recorded_at": now}
        row, is_new = BankLine.objects.select_for_update().get_or_create(digest=line.digest, defaults=defaults)
        if not is_new and line.digest in recorded([line.digest]):
            raise Refused(_("This line was recorded before."))
        key = f"bank {line.digest} {'' if is_new else row.payment}"  # one that was taken back is recorded anew
        came = Came(HOW, (line.text or line.name)[:200], _moment(line.day, now), key, line.amount)
        byhand.require(customer, came, now)
        payment = byhand.take(customer, invoice.external_id, came, now=now)
        BankLine.objects.filter(pk=row.pk).update(payment=payment, recorded_at=now)
        note(by=by, on=invoice, what="record payment", why=f"{line.amount} {HOW}, bank statement", now=now)
    return Done(line.row, each.number)


def _moment(day: date, now: datetime) -> datetime:
    """A day counts from its beginning, on the site's clock; this very day has begun in any case."""
    begun = datetime.combine(day, time(), tzinfo=conf.time_zone())
    return min(begun, now) if day <= now.astimezone(conf.time_zone()).date() else begun


def _named(line: Line) -> list[str]:
    found = references.mentioned(f"{line.text} {line.name}", prefix=numbering.PREFIX, digits=numbering.DIGITS)
    return [numbering.written(number) for number in sorted(found.numbers)]


def _bills(numbers: Sequence[str]) -> dict[str, Asked]:
    rows = Invoice.objects.filter(number__in=numbers).order_by("-issued_at", "-id") if numbers else ()
    return {
        row.number: Asked(
            row.number,
            owing.owed(row),
            is_open=row.status == "open" and row.settled_at is None,
            is_paid=bool(row.settled_at),
        )
        for row in rows
    }


def _plain(line: Line) -> dict[str, Any]:
    money = {"minor": line.amount.amount_minor, "currency": line.amount.currency} if line.amount is not None else {}
    said = {"digest": line.digest, "text": line.text, "name": line.name, "fault": str(line.fault or "")}
    return {"row": line.row, "day": line.day.isoformat() if line.day else "", **said, **money}


def _line(kept: Mapping[str, Any]) -> Line:
    line = Line(
        row=kept["row"],
        digest=kept["digest"],
        day=date.fromisoformat(kept["day"]) if kept["day"] else None,
        text=kept["text"],
        name=kept["name"],
        fault=Fault(kept["fault"]) if kept["fault"] else None,
    )
    return replace(line, amount=Money(kept["minor"], kept["currency"])) if "minor" in kept else line
