"""What the records say, in words for the member, in the member's language."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from goodstanding.catalogue.words import money_words
from goodstanding.communications import moments
from goodstanding.core import access
from goodstanding.core.money import Money
from goodstanding.core.records import FOR_LIFE, Hold, HoldKind, Status
from goodstanding.core.standing import Answer, Why

SOON = timedelta(days=2)  # what ends within it is told with the hour

STATUSES = {
    "none": gettext_lazy("No membership"),
    "pending": gettext_lazy("Pending"),
    "good": gettext_lazy("In good standing"),
    "grace": gettext_lazy("In grace"),
    "held": gettext_lazy("On hold"),
    "lapsed": gettext_lazy("Lapsed"),
    "paused": gettext_lazy("Paused"),
}
_REASONS = {
    Why.WINDOW: gettext_lazy("The renewal is under way. Your access stays until %(moment)s in any case."),
    Why.GRACE_FAILED: gettext_lazy(
        "The renewal could not be paid. Your access stays until %(moment)s; unpaid, it ends then."
    ),
    Why.GRACE_UNSETTLED: gettext_lazy(
        "The renewal is not paid yet. Your access stays until %(moment)s; unpaid, it ends then."
    ),
    Why.GRACE_PREPAID: gettext_lazy("The term has ended. Your access stays until %(moment)s; then it ends."),
    Why.PENDING: gettext_lazy("Begun, and not paid yet."),
    Why.TO_COME: gettext_lazy("Paid. It begins on %(moment)s."),
    Why.GRACE_OVER: gettext_lazy("It was paid until %(until)s, and nothing came after that."),
    Why.ENDED: gettext_lazy("It has ended. It was paid until %(until)s."),
    Why.PAUSED: gettext_lazy("It is paused. It was paid until %(until)s."),
    Why.PAUSED_UNTIL: gettext_lazy(
        "It is paused. It goes on by itself on %(moment)s; nothing of what you paid is lost."
    ),
    Why.CHANGED: gettext_lazy("Another level took its place on %(moment)s."),
    Why.CLOSED: gettext_lazy("The staff ended it on %(moment)s."),
    Why.REVOKED: gettext_lazy("What was paid last was given back, and the access that it bought ended with it."),
    Why.SEAT_ENDED: gettext_lazy("The seat has ended on %(moment)s."),
    Why.NEVER_PAID: gettext_lazy("It was begun and never paid."),
}
_CARD_WORDS = {
    "no_card": (gettext_lazy("You have no card yet."), gettext_lazy("Ask the staff for a card.")),
    "lost_card": (gettext_lazy("Your card was reported lost."), gettext_lazy("Ask the staff for a new card.")),
    "blocked_card": (gettext_lazy("Your card is blocked."), gettext_lazy("Ask the staff.")),
    "locked_out": (
        gettext_lazy("This door is locked for everybody at the moment."),
        gettext_lazy("Ask the staff when it opens again."),
    ),
    "out_of_use": (gettext_lazy("This door is not in use."), ""),
    "unknown_card": (gettext_lazy("The card was not known."), gettext_lazy("Ask the staff to assign it to you.")),
    "stale": (gettext_lazy("This door has not heard of changes for too long."), gettext_lazy("Tell the staff.")),
    "too_late": (gettext_lazy("The tap came too late."), gettext_lazy("Try again.")),
    "too_early": (gettext_lazy("The clock of the reader was wrong."), gettext_lazy("Tell the staff.")),
    "replayed": (gettext_lazy("The tap had been answered before."), gettext_lazy("Try again.")),
}


def money(amount_minor: int, currency: str) -> str:
    """Return an amount in words."""
    return money_words(Money(amount_minor, currency))


def day(moment: datetime) -> str:
    """Return the local day of a moment."""
    return formats.date_format(timezone.localtime(moment), "DATE_FORMAT")


def moment_words(moment: datetime) -> str:
    """Return a moment to the minute, local."""
    return moments.moment_words(timezone.localtime(moment))


def until(end: datetime | None, *, now: datetime) -> str:
    """Return until when something holds that ends at ``end``: its last day; the hour, too, where that is soon; for life."""
    if end is None or end >= FOR_LIFE:
        return _("for life")
    local = timezone.localtime(end)
    if local.time() == time():
        return formats.date_format(local - timedelta(days=1), "DATE_FORMAT")
    return moment_words(end) if abs(end - now) < SOON else formats.date_format(local, "DATE_FORMAT")


def last_day(start: datetime, end: datetime) -> str:
    """Return a period in words, its last day included: what an invoice says that it is for."""
    if end <= start:
        return day(start)
    if end >= FOR_LIFE:
        return _("from %(start)s, for life") % {"start": day(start)}
    if end - start <= SOON:
        return _("%(start)s to %(end)s") % {"start": moment_words(start), "end": moment_words(end)}
    return _("%(start)s to %(end)s") % {"start": day(start), "end": day(end - timedelta(microseconds=1))}


def reason(answer: Answer, *, now: datetime) -> str:
    """Return why a membership stands as it does; through whom, first, where it is a seat in somebody else's."""
    if answer.through:
        why = reason(replace(answer, through=""), now=now)
        return _("Through %(payer)s. %(reason)s") % {"payer": answer.through, "reason": why}
    if answer.status is Status.HELD:
        return " ".join(map(_held, answer.holds))
    why, end = answer.because.why, answer.covered_until
    if why is Why.COVERED:
        if end is None or end >= FOR_LIFE:
            return _("You are covered for life.")
        said = _("Paid until %(until)s.") if answer.because.invoice else _("You are covered until %(until)s.")
        return said % {"until": until(end, now=now)}
    point = answer.because.moment
    told = {"moment": moment_words(point) if point and point < FOR_LIFE else "", "until": until(point or end, now=now)}
    return str(_REASONS[why] % told) if why in _REASONS else ""


def _held(hold: Hold) -> str:
    """Why somebody is held, with the reason that staff gave for the member to read."""
    why = _(access.HOLD_WORDS[hold.kind].why)
    if not hold.note or hold.kind is HoldKind.DISPUTE:
        return why
    return f"{why} {_('They say: “%(note)s”.') % {'note': hold.note}}"


def remedy(answer: Answer) -> str:
    """Return what the member can do about a hold; nothing for any other standing."""
    return " ".join(_(access.HOLD_WORDS[hold.kind].what_to_do) for hold in answer.holds)


def at_door(code: str, decision: access.Decision | None, names: dict[str, str]) -> tuple[str, str]:
    """Return why a door answers as it does, and what the member can do about it."""
    if decision is not None:
        return decision.why(names=names, translate=_), decision.remedy(translate=_)
    why, what_to_do = _CARD_WORDS.get(code, (_("You may not enter."), _("Ask the staff.")))
    return str(why), str(what_to_do)


def of_tap(code: str, *, opened: bool) -> str:
    """Return what a door answered to a tap, for the list of the last ones."""
    if opened:
        return _("opened")
    if code in _CARD_WORDS:
        return str(_CARD_WORDS[code][0])
    try:
        return _(access.WORDS[access.Code(code)].why).format(wanted="").rstrip(" :.") + "."
    except ValueError:
        return _("You may not enter.")
