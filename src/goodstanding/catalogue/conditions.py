"""The conditions on which a price is sold beyond amount and interval: which there are, and what cannot stand together.

The file, the form and the id of a price all read them here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from goodstanding.catalogue.models import Interval, Price
from goodstanding.core.calendar_terms import MonthDay, require_calendar
from goodstanding.core.periods import Interval as Each
from goodstanding.core.periods import PeriodRefused, Unit

Conditions = dict[str, Any]  # by the names of Price's columns

NONE: Mapping[str, Any] = {
    "trial_count": 0,
    "trial_unit": Interval.DAY.value,
    "trial_minor": 0,
    "intro_minor": 0,
    "intro_payments": 0,
    "payments": 0,
    "total_minor": None,
    "keeps": "",
    "keeps_count": 1,
    "keeps_unit": Interval.YEAR.value,
    "minimum_minor": None,
    "terms_max": 1,
    "fixed_start": "",
    "fixed_rollover": "",
    "fixed_prorated": "",
    "fixed_full_until": "",
    "ends_on": None,
    "taxed": False,
    "tax_inclusive": False,
}
"""Every condition, as it is where none was made."""

_WORDS = {
    "renewing": _("Only what renews can have a trial, a price for the first bills, or a number of payments."),
    "trial_unit": _("A trial is counted in hours, days, weeks, months or years."),
    "trial_minor": _("A trial that costs something needs a length."),
    "intro": _("Say how many bills ask for the first price, and a first price above zero. For nothing at first, use a trial."),
    "total": _("A sum in instalments needs the number of payments, and has no other first price."),
    "keeps": _("What is held after the last payment can only be said where there is a last payment."),
    "keeps_term": _("The term to be held is counted in days, weeks, months or years."),
    "minimum": _("The least to pay is no more than the amount, which is what is suggested; instalments have none."),
    "terms_max": _("Several terms at once are sold of what does not renew, and is not for life."),
    "fixed_start": _("Calendar terms are of whole years, or of 1, 2, 3, 4, 6 or 12 months; write the day as MMDD, or DD."),
    "fixed_other": _("A rollover day and a part of the price belong to a term that follows the calendar."),
    "fixed_day": _("This is no day of a year: write MMDD, such as 0301 for 1 March, or DD for months."),
    "ends_on": _("Only what does not renew, follows no calendar and is not for life can end on a given day."),
    "tax": _("Tax can only be within the price where it is taxed."),
}  # fmt: skip


def special(given: Mapping[str, Any]) -> Conditions:
    """Return those conditions that are not as :data:`NONE` says: they are part of what a price is, and of its id."""
    return {name: given[name] for name in NONE if name in given and given[name] != NONE[name]}


def of(price: Price) -> Conditions:
    """Return the conditions of a price that is there."""
    return {name: getattr(price, name) for name in NONE}


def faults(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Give what cannot stand together: (column, words). ``given``: conditions, with amount, interval, count and renews."""
    said = {**NONE, **given}
    yield from _first_bills(said)
    yield from _billing(said)
    yield from _calendar(said)


def _first_bills(said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not said["renews"] and (said["trial_count"] or said["intro_payments"] or said["payments"]):
        yield "renews", str(_WORDS["renewing"])
    if said["trial_count"] and said["trial_unit"] == Interval.ONCE:
        yield "trial_unit", str(_WORDS["trial_unit"])
    if said["trial_minor"] and not said["trial_count"]:
        yield "trial_minor", str(_WORDS["trial_minor"])
    if bool(said["intro_payments"]) != bool(said["intro_minor"]):
        yield "intro_minor", str(_WORDS["intro"])


def _billing(said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    sum_asked = said["total_minor"]
    if sum_asked is not None and (not sum_asked or not said["payments"] or said["intro_payments"]):
        yield "total_minor", str(_WORDS["total"])
    if said["keeps"] and not said["payments"]:
        yield "keeps", str(_WORDS["keeps"])
    if said["keeps"] == Price.Keeps.TERM and said["keeps_unit"] in (Interval.ONCE, Interval.HOUR):
        yield "keeps_unit", str(_WORDS["keeps_term"])
    least = said["minimum_minor"]
    if least is not None and (least > said["amount_minor"] or said["total_minor"] is not None):
        yield "minimum_minor", str(_WORDS["minimum"])
    if said["terms_max"] > 1 and (said["renews"] or said["interval"] == Interval.ONCE):
        yield "terms_max", str(_WORDS["terms_max"])
    if said["tax_inclusive"] and not said["taxed"]:
        yield "tax_inclusive", str(_WORDS["tax"])


def _calendar(said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    beside = [name for name in ("fixed_rollover", "fixed_prorated", "fixed_full_until") if said[name]]
    if beside and not said["fixed_start"]:
        yield beside[0], str(_WORDS["fixed_other"])
    if said["ends_on"] is not None and (said["renews"] or said["fixed_start"] or said["interval"] == Interval.ONCE):
        yield "ends_on", str(_WORDS["ends_on"])
    for name in ("fixed_start", "fixed_rollover", "fixed_full_until"):
        if said[name] and not _is_day(said[name]):
            yield name, str(_WORDS["fixed_day"])
            return
    if said["fixed_start"] and not _follows_the_calendar(said):
        yield "fixed_start", str(_WORDS["fixed_start"])


def _is_day(text: str) -> bool:
    try:
        MonthDay.parse(text)
    except PeriodRefused:
        return False
    return True


def _follows_the_calendar(said: Mapping[str, Any]) -> bool:
    if said["interval"] not in (Interval.MONTH, Interval.YEAR):
        return False
    days = [
        MonthDay.parse(text) for text in (said["fixed_start"], said["fixed_rollover"], said["fixed_full_until"]) if text
    ]
    try:
        require_calendar(Each(Unit(said["interval"]), said["interval_count"]), *days)
    except PeriodRefused:
        return False
    return True
