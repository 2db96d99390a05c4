"""What a change of level comes to, in words, before it is made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from goodstanding.billing.models import Invoice
from goodstanding.catalogue.words import money_words, share_words
from goodstanding.core.change_terms import Billed
from goodstanding.core.changes import Planned, Reckoning
from goodstanding.core.facts import LineSeen
from goodstanding.core.proration import LineKind, Measure
from goodstanding.memberships import owing
from goodstanding.memberships.change_pages import Preview
from goodstanding.portal import words


@dataclass(frozen=True, slots=True)
class Line:
    """One line of what would be billed: what it is for, for which time, what it comes to, how, and what of it is tax."""

    what: str
    period: str
    amount: str
    said: str = ""
    tax: str = ""


def lines(found: Preview) -> list[Line]:
    """Return what is given back and what is charged, line by line; first what waited for a bill that takes it along."""
    return [
        *(_waited(each, found) for each in found.plan.waiting if found.plan.is_billed),
        *map(_line, found.plan.lines),
    ]


def counting(found: Preview) -> str:
    """Return by which convention it is reckoned."""
    if found.plan.replaces:
        return _("What the bill says")
    if found.plan.convention.startswith(Measure.DAY):
        return _("How it is reckoned: by days, from what you paid")
    return _("How it is reckoned: to the second, from what you paid")


def says(found: Preview) -> list[tuple[str, str]]:
    """Return what the change means for level, money and dates: each with what it is about."""
    plan, level = found.plan, found.price.level.name
    from_when = _("at once") if plan.is_now else words.moment_words(plan.effect_at)
    if plan.is_now and plan.due_now:
        from_when = _("at once, when it is paid")
    facts = [
        *_instead(plan, found.instead),
        (_("From when"), from_when),
        (_("What you hold then"), f"{level}, {found.price.words}"),
    ]
    if plan.from_balance:
        facts.append((_("From your credit"), money_words(plan.from_balance)))
    facts.append((_("To be paid now"), money_words(plan.due_now) if plan.due_now else _("nothing")))
    if plan.is_now and found.manner.reckoning is Reckoning.WHOLE:
        facts.append((_("What you paid already"), _("stays paid, and nothing of it is given back")))
    facts += _later(plan)
    if plan.to_balance:
        facts.append((_("Kept as your credit"), money_words(plan.to_balance)))
    amount = money_words(plan.next_due) if plan.next_due else _("nothing")
    day = words.day(plan.next_charge_at)
    facts.append((_("Next charge"), _("%(amount)s on %(day)s") % {"amount": amount, "day": day}))
    return facts


def _instead(plan: Planned, bill: Invoice | None) -> list[tuple[str, str]]:
    """What becomes of the open bill that this one replaces."""
    if not plan.replaces or bill is None:
        return []
    said = {"number": bill.number, "amount": money_words(owing.owed(bill))}
    told = (
        _("invoice %(number)s, of which %(amount)s is open: it is dropped, and what you paid of it is counted") % said
    )
    then = _("it is tried again, and given up, on the same days as the bill before: the days stay as they are")
    return [(_("In place of"), told), (_("If it is not paid"), then), (_("For the time"), _time(plan))]


def _time(plan: Planned) -> str:
    return words.last_day(plan.period.start, plan.next_charge_at)


def _later(plan: Planned) -> list[tuple[str, str]]:
    """What is not billed now but with the next bill, of this change and of those before it."""
    if not plan.later:
        return []
    amount = money_words(abs(plan.later))
    if plan.later.amount_minor < 0:
        return [(_("Given back with the next bill"), amount)]
    told = _("%(amount)s, also if you stop the renewal before: then it is billed at once") % {"amount": amount}
    return [(_("Charged with the next bill"), told)]


def action(found: Preview) -> str:
    """Return what the button says: the money, or from when."""
    if found.plan.due_now:
        return _("Change, and pay %(amount)s") % {"amount": money_words(found.plan.due_now)}
    if found.plan.is_now and found.plan.carries and found.plan.later:
        return _("Change now, and pay with the next bill")
    if found.plan.is_now:
        return _("Change now, for nothing more")
    return _("Change on %(day)s") % {"day": words.day(found.plan.effect_at)}


def done(found: Preview, *, at: datetime) -> str:
    """Return what is said once the change is made, or set."""
    level = {"level": found.price.level.name, "price": found.price.words, "day": words.day(at)}
    if found.plan.is_now:
        return _("It is changed: %(level)s, %(price)s.") % level
    return _("It is set: from %(day)s %(level)s, %(price)s. Until then you can take it back.") % level


def _waited(line: LineSeen, found: Preview) -> Line:
    amount = words.money(line.amount_minor + line.tax_minor, found.subscription.currency)
    return Line(
        _("%(level)s, from a change before") % {"level": line.description}, words.last_day(line.start, line.end), amount
    )


def _line(line: Billed) -> Line:
    what = _("%(level)s, given back") % {"level": line.name} if line.kind is LineKind.CREDIT else line.name
    period = words.last_day(line.period.start, line.period.end) if line.period.end is not None else ""
    tax = ""
    if line.tax:
        said = {"tax": line.tax_name, "amount": words.money(line.tax.amount_minor, line.tax.currency)}
        tax = _("of it %(amount)s %(tax)s") % said
    return Line(what, period, words.money(line.amount.amount_minor, line.amount.currency), share_words(line.said), tax)
