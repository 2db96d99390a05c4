"""What a quote says, in words; and why a payment came to nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from django.utils import formats, timezone
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, ngettext_lazy

from goodstanding.catalogue.code_words import said_of, taken_words
from goodstanding.catalogue.words import money_words, share_words
from goodstanding.checkout.figures import Line, follows, lines_of, next_charges
from goodstanding.communications.moments import moment_words
from goodstanding.core.periods import Period, Unit
from goodstanding.core.pricing import Part, Quote
from goodstanding.core.quote_refusals import (
    BelowMinimum,
    MixedCurrencies,
    NotADonation,
    PriceIsFixed,
    QuoteRefused,
    TooManyTerms,
)
from goodstanding.core.records import FOR_LIFE
from goodstanding.core.schedule import NextCharge, Step
from goodstanding.memberships.closing import Replaced
from goodstanding.memberships.failures import WHY

_TERMS = {
    "hour": ngettext_lazy("%(count)d hour", "%(count)d hours", "count"),
    "day": ngettext_lazy("%(count)d day", "%(count)d days", "count"),
    "week": ngettext_lazy("%(count)d week", "%(count)d weeks", "count"),
    "month": ngettext_lazy("%(count)d month", "%(count)d months", "count"),
    "year": ngettext_lazy("%(count)d year", "%(count)d years", "count"),
}


def replaced(found: Replaced) -> str:
    """Return what becomes of something that a purchase takes the place of: when it ends, and that nothing is given back."""
    level = {"level": found.membership.level.name}
    if found.until is None:
        return _("You hold “%(level)s” at the moment. This takes its place: it ends once this is paid.") % level
    if found.until >= FOR_LIFE:
        return (
            _(
                "This takes the place of “%(level)s”, which you hold for life. It ends once this is paid, and nothing is given "
                "back for it."
            )
            % level
        )
    said = {**level, "day": _day(found.until - timedelta(microseconds=1))}
    if found.renews:
        return (
            _(
                "This takes the place of “%(level)s”, which you hold until %(day)s. It ends once this is paid, and is not renewed "
                "any more. What is left of it is not given back."
            )
            % said
        )
    return (
        _(
            "This takes the place of “%(level)s”, which you hold until %(day)s. It ends once this is paid. What is left of it "
            "is not given back."
        )
        % said
    )


def begins_later(quote: Quote, *, now: datetime) -> list[str]:
    """Return of each part of a quote that begins later than ``now`` when that is, and why."""
    return [
        _("“%(level)s” begins on %(day)s, when what you hold or have paid ahead has ended. No day is paid twice.")
        % {"level": part.terms.name, "day": _start(part)}
        for part in quote.parts
        if part.start > now
    ]


def why(failure: str) -> str:
    """Return why a payment came to nothing, in words; ``""`` for no failure."""
    return str(WHY.get(failure, _("The payment did not succeed."))) if failure else ""


def refusal(refused: QuoteRefused) -> str:
    """Return why something cannot be quoted, in the buyer's language."""
    match refused:
        case BelowMinimum():
            return _("%(amount)s is less than the least that is asked for: %(minimum)s.") % {
                "amount": money_words(refused.amount),
                "minimum": money_words(refused.minimum),
            }
        case PriceIsFixed():
            return _("This costs what it costs: there is no amount to choose.")
        case TooManyTerms():
            return _("So many terms at once are not sold: choose 1 to %(most)d.") % {"most": refused.most}
        case MixedCurrencies():
            return _("These are sold in two currencies and cannot be paid in one go. Buy one after the other.")
        case NotADonation():
            return _("A donation is more than nothing. Leave it empty to give none.")
        case _:
            return str(refused)


def together(quote: Quote) -> str:
    """Return what is bought, by its names: ``Full member and Day pass``."""
    return get_text_list([part.terms.name for part in quote.parts], _("and"))


def lines(quote: Quote) -> list[tuple[str, str, str]]:
    """Return what a quote comes to, line by line: (what, a note, amount); nothing where the one line is the sum.

    Two statements where there are codes.
    """
    all_lines = lines_of(quote)
    said = said_of({code for line in all_lines for code in line.asked.code.split()})
    found = [row for line in all_lines for row in _rows(line, said)]
    if quote.credit_used:
        found.append((_("From your balance"), "", money_words(-quote.credit_used)))
    return found if len(found) > 1 or any(note for _what, note, _amount in found) else []


def of_quote(quote: Quote, *, later: bool = False) -> list[tuple[str, str]]:
    """Return what a quote says of money and days: (what, words). ``later``: it may also be billed, and paid by hand."""
    found = [(_("Due now"), money_words(quote.due_now))]
    if len(quote.parts) == 1:
        found += [(_("From"), _start(quote.first)), (_("Until"), _end(quote.first))]
    for part in quote.parts if len(quote.parts) > 1 else ():
        words = _("from %(start)s, for life") if part.for_life else _("from %(start)s until %(end)s")
        days = words % {"start": _start(part), "end": _end(part)}
        found.append((part.terms.name, days))
    found += [(_("Next charge"), _next(charge, quote, later=later)) for charge in next_charges(quote)]
    if not any(part.then_at for part in quote.parts):
        found.append((_("Next charge"), _no_next(quote)))
    for part, steps in follows(quote):
        named = f"{part.terms.name}: " if len(quote.parts) > 1 else ""
        found += [(f"{named}{what}", said) for what, said in _follows(part, steps)]
    return found


def action(quote: Quote, *, later: bool = False) -> str:
    """Return what the button says: what happens with money when it is pressed. ``later``: it may also be paid later."""
    if later and quote.due_now:
        return _("Join, and pay %(amount)s as chosen") % {"amount": money_words(quote.due_now)}
    if later and quote.needs_card:
        return _("Join, and pay later as chosen: nothing is due now")
    if quote.due_now:
        return _("Pay %(amount)s and join") % {"amount": money_words(quote.due_now)}
    return _("Keep my card and join: nothing is due now") if quote.needs_card else _("Join")


def again(quote: Quote) -> str:
    """Return what the button says after a payment that came to nothing."""
    return _("Pay %(amount)s") % {"amount": money_words(quote.due_now)} if quote.due_now else _("Keep this card")


def _rows(line: Line, said: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    asked = line.asked
    yield _named(line), share_words(line.said), money_words(asked.listed)
    for code, does, off in taken_words(asked.code, asked.offs, asked.off, said):
        if off:
            yield _("Code %(code)s") % {"code": code}, does, money_words(off)
        else:  # another price: it stands above already
            yield _("Code %(code)s") % {"code": code}, does, _("in the price above")
    if asked.rest:
        yield _("What the code has left"), _("kept on your balance once this is paid"), f"({money_words(asked.rest)})"
    if asked.tax and asked.net + asked.tax == asked.listed - asked.off:
        yield asked.tax_name, _("contained in the price"), f"({money_words(asked.tax)})"
    elif asked.tax:
        yield asked.tax_name, "", money_words(asked.tax)


def _named(line: Line) -> str:
    if line.kind == "donation":
        return _("Donation, with each renewal") if line.recurs else _("Donation, once")
    if line.kind == "seats":
        return ngettext("%(count)d further seat", "%(count)d further seats", line.quantity) % {"count": line.quantity}
    if line.quantity > 1:
        return _("%(level)s, %(count)d terms") % {"level": line.name, "count": line.quantity}
    return line.name or line.kind


def _next(charge: NextCharge, quote: Quote, *, later: bool) -> str:
    said = {"amount": money_words(charge.due), "day": _day(charge.at), "used": money_words(charge.from_balance)}
    words = _("%(amount)s on %(day)s, by the same card") if quote.needs_card else _("%(amount)s on %(day)s")
    if charge.from_balance:
        words = _("%(amount)s on %(day)s, after %(used)s from your balance")
    if later and quote.needs_card:
        return _("%(by_card)s, or by a new bill") % {"by_card": words % said}
    return words % said


def _no_next(quote: Quote) -> str:
    if not any(part.terms.renews for part in quote.parts):
        return _("none: it does not renew by itself")
    if any(part.contract.payments for part in quote.parts):
        return _("none: this is the last payment")
    return _("none: it costs nothing, and renews by itself")


def _follows(part: Part, steps: tuple[Step, ...]) -> Iterator[tuple[str, str]]:
    """What comes after the next charge, where that is not the same again and again; and what comes after the last one."""
    if steps and (steps[1:] or steps[0].count):
        for index, step in enumerate(steps):
            if not index and step.count == 1:
                continue  # it is the next charge, which is named already
            said = {"amount": money_words(step.amount), "day": _day(step.at), "count": step.count}
            if step.count:
                words = ngettext("%(amount)s on %(day)s", "%(count)d times %(amount)s, from %(day)s", step.count)
            else:
                words = _("%(amount)s each time, from %(day)s")
            yield (_("Then") if index else _("What follows")), words % said
    contract = part.contract
    if contract.payments:
        words = ngettext("%(count)d payment in all", "%(count)d payments in all", contract.payments)
        yield _("Payments"), f"{words % {'count': contract.payments}}; {_afterwards(contract.keeps)}"


def _afterwards(keeps: str) -> str:
    if not keeps:
        return _("after the last one it ends with what was paid")
    if keeps == "life":
        return _("after the last one it is yours for life")
    count, _blank, unit = keeps.partition(" ")
    return _("after the last one it stays yours until %(term)s from the beginning are over") % {
        "term": term_words(unit, int(count))
    }


def term_words(unit: str, count: int) -> str:
    """Return how long a term is: ``12 months``."""
    return _TERMS[unit] % {"count": count}


def days_of(part: Part) -> tuple[str, str]:
    """Return from when until when a part is: the days, both included, or the moments; ``for life``."""
    return _start(part), _end(part)


def _day(moment: datetime) -> str:
    return formats.date_format(timezone.localtime(moment), "DATE_FORMAT")


def _start(part: Part) -> str:
    if part.terms.interval.unit == Unit.HOUR:
        return moment_words(timezone.localtime(part.start))
    return _day(part.start)


def _end(part: Part) -> str:
    if part.for_life:
        return _("for life")
    if part.terms.interval.unit == Unit.HOUR:
        return moment_words(timezone.localtime(part.end))
    last = Period(part.start, part.end).last_day(tz=timezone.get_current_timezone())
    return formats.date_format(last, "DATE_FORMAT") if last else ""
