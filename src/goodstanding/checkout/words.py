"""What a quote says, in words; and why a payment came to nothing."""

from __future__ import annotations

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from goodstanding.catalogue.words import money_words
from goodstanding.core.periods import Period, Unit
from goodstanding.core.pricing import Quote
from goodstanding.memberships.failures import WHY


def why(failure: str) -> str:
    """Return why a payment came to nothing, in words; ``""`` for no failure."""
    return str(WHY.get(failure, _("The payment did not succeed."))) if failure else ""


def of_quote(quote: Quote, *, later: bool = False) -> list[tuple[str, str]]:
    """Return what a quote says, line by line: (what, words). ``later``: it may also be billed, and paid by hand."""
    lines = [(_("Due now"), money_words(quote.due_now)), (_("From"), _start(quote))]
    if quote.for_life:
        lines.append((_("Until"), _("for life")))
    else:
        lines.append((_("Until"), _end(quote)))
    if quote.next_charge_at is not None:
        day = formats.date_format(timezone.localtime(quote.next_charge_at), "DATE_FORMAT")
        said = {"amount": money_words(quote.first.next_total or quote.terms.amount), "day": day}
        by_card = _("%(amount)s on %(day)s, by the same card") % said
        lines.append(
            (_("Next charge"), _("%(by_card)s, or by a new bill") % {"by_card": by_card} if later else by_card)
        )
    elif quote.terms.renews:
        lines.append((_("Next charge"), _("none: it costs nothing, and renews by itself")))
    else:
        lines.append((_("Next charge"), _("none: it does not renew by itself")))
    return lines


def action(quote: Quote, *, later: bool = False) -> str:
    """Return what the button says: what happens with money when it is pressed. ``later``: it may also be paid later."""
    if later and quote.due_now:
        return _("Join, and pay %(amount)s as chosen") % {"amount": money_words(quote.due_now)}
    return _("Pay %(amount)s and join") % {"amount": money_words(quote.due_now)} if quote.due_now else _("Join")


def again(quote: Quote) -> str:
    """Return what the button says after a payment that came to nothing."""
    return _("Pay %(amount)s") % {"amount": money_words(quote.due_now)}


def _start(quote: Quote) -> str:
    if quote.terms.interval.unit is Unit.HOUR:
        return formats.date_format(timezone.localtime(quote.start), "DATETIME_FORMAT")
    return formats.date_format(timezone.localtime(quote.start), "DATE_FORMAT")


def _end(quote: Quote) -> str:
    if quote.terms.interval.unit is Unit.HOUR:
        return formats.date_format(timezone.localtime(quote.end), "DATETIME_FORMAT")
    last = Period(quote.start, quote.end).last_day(tz=timezone.get_current_timezone())
    return formats.date_format(last, "DATE_FORMAT") if last else ""
