"""Pauses in words: what a level allows, what one comes to before it is set, and where one stands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from goodstanding import conf
from goodstanding.billing.models import Invoice, Subscription
from goodstanding.catalogue.models import Level
from goodstanding.catalogue.words import money_words
from goodstanding.core.pausing import Limits
from goodstanding.core.periods import start_of_day
from goodstanding.core.records import Status
from goodstanding.core.standing import Answer, Why
from goodstanding.memberships.pausing import CannotPause, Pausing, Preview
from goodstanding.portal import words

PAUSED = "paused"  # how a membership is shown whose standing is lapsed for a while
LONGEST_YEARS = 20
_IN_FORCE = frozenset({Why.PAUSED, Why.PAUSED_UNTIL})


def status_of(answer: Answer) -> str:
    """Return how a membership is shown: as its standing, or as paused."""
    return PAUSED if answer.because.why in _IN_FORCE else str(answer.status)


def reason(paused: Sequence[Subscription], answer: Answer, *, now: datetime) -> str:
    """Return why a membership stands as it does. ``paused``: by what it is; what ends where a pause begins is not over."""
    begins = {each.pause_from for each in paused}
    if answer.status is Status.GOOD and answer.covered_until is not None and answer.covered_until in begins:
        return _("You are covered until the pause begins, on %(day)s.") % {"day": words.day(answer.covered_until)}
    return words.reason(answer, now=now)


def span(start_on: date, end_on: date | None, *, now: datetime) -> tuple[datetime, datetime | None]:
    """Return the moments of a pause by days: from now where it begins today, else with the day; it goes on with its day.

    Raises :class:`CannotPause` for a day that is past, an end that is not after the start, and one in a far future.
    """
    tz = conf.time_zone()
    today = now.astimezone(tz).date()
    if start_on < today:
        raise CannotPause("past")
    if start_on.year > today.year + LONGEST_YEARS:
        raise CannotPause("beyond")
    if end_on is not None and end_on <= start_on:
        raise CannotPause("backwards")
    if end_on is not None and end_on.year > today.year + LONGEST_YEARS:
        raise CannotPause("too_long")
    start = now if start_on == today else start_of_day(start_on, tz=tz)
    return start, start_of_day(end_on, tz=tz) if end_on is not None else None


def limit_words(found: Pausing) -> list[str]:
    """Return what the level allows, sentence by sentence."""
    limits: Limits = found.limits
    said = []
    if limits.days is not None:
        days = ngettext("A pause lasts up to %(count)d day.", "A pause lasts up to %(count)d days.", limits.days)
        said.append(days % {"count": limits.days})
    if limits.open_ended:
        said.append(_("It may also be left open until when: then it lasts until you go on."))
    if limits.times is not None and found.left is not None:
        told = {"count": limits.times, "left": found.left}
        said.append(
            ngettext(
                "Within a year it may be paused %(count)d time; %(left)d left.",
                "Within a year it may be paused %(count)d times; %(left)d left.",
                limits.times,
            )
            % told
        )
    return said


def says(found: Preview, *, now: datetime) -> list[tuple[str, str]]:
    """Return what a pause comes to for access, money and dates: each with what it is about."""
    start = _("at once") if found.start <= now else words.day(found.start)
    end = _("on %(day)s, by itself; earlier whenever you like") % {"day": words.day(found.end)} if found.end else None
    return [
        (_("It is paused"), start if found.start <= now else _("from %(day)s on") % {"day": start}),
        (_("It goes on"), end or _("when you say so, on this page")),
        (_("Doors and pages for members"), _("closed to you meanwhile, as far as this membership opens them")),
        (_("What you paid for"), _kept(found, now=now)),
        *(
            (_("Open bill"), _("%(number)s is void; the next one comes later") % {"number": each})
            for each in found.void
        ),
        (_("Charged meanwhile"), _("nothing")),
        (_("Paid back"), _("nothing")),
        (_("Next charge"), _charge(found)),
    ]


def says_of_going_on(found: Preview, *, now: datetime) -> list[tuple[str, str]]:
    """Return what it comes to that a pause ends now."""
    left = found.until is not None and found.until > now
    access = _("open to you at once, as far as this membership opens them")
    return [
        (_("Doors and pages for members"), access if left else _("open to you once the next period is paid")),
        (_("What you paid for"), _kept(found, now=now)),
        (_("Next charge"), _charge(found)),
    ]


def key(found: Preview, *, now: datetime) -> str:
    """Return what was shown, to be sent back with the decision: another key, and it would be another pause."""
    start = "now" if found.start <= now else found.start.isoformat()
    days = "|".join(_iso(each) for each in (found.end, found.until, found.renews_at))
    return f"{start}|{days}|{found.due}|{found.from_balance}"


def may(renewal: Subscription, level: Level, bill: Invoice | None, *, now: datetime) -> bool:
    """Return whether a page is to offer a pause of what renews: the service says why not, to who comes all the same."""
    is_ahead = bill is None or (bill.due_at is not None and bill.due_at > now)
    return level.pause_days_max is not None and is_ahead and not renewal.has_pause_after(now)


def done(found: Preview, *, now: datetime) -> str:
    """Return what is said once a pause is set."""
    told = {"start": words.day(found.start), "end": words.day(found.end) if found.end else ""}
    if found.start > now:
        set_words = _("The pause is set: from %(start)s until %(end)s.")
        return (set_words if found.end else _("The pause is set: from %(start)s, until you go on.")) % told
    return (_("It is paused until %(end)s.") if found.end else _("It is paused, until you go on.")) % told


def standing_words(subscription: Subscription, until: datetime | None, *, now: datetime) -> list[str]:
    """Return what is to be said of a pause that runs or comes. ``until``: where what is paid ends after it, if known."""
    start, end = subscription.pause_from, subscription.pause_until
    if start is None or not subscription.has_pause_after(now):
        return []
    told = {
        "start": words.day(start),
        "end": words.day(end) if end else "",
        "until": words.until(until, now=now) if until else "",
    }
    if start <= now and end is None:
        return [_("Nothing is charged until it goes on.")]
    if start <= now:
        return [_("What you paid for counts until %(until)s then.") % told] if until and end and until > end else []
    if end is None:
        return [_("A pause is set from %(start)s on, until you go on.") % told]
    said = [_("A pause is set from %(start)s until %(end)s.") % told]
    return [*said, _("What you paid for counts until %(until)s then.") % told] if until else said


def _kept(found: Preview, *, now: datetime) -> str:
    if found.until is None:
        return _("what is left of it then is kept for after the pause")
    told = {"until": words.until(found.until, now=now)}
    if found.was_until is None or found.was_until == found.until:
        return _("counts until %(until)s") % told
    told["before"] = words.until(found.was_until, now=now)
    return _("counts until %(until)s, instead of %(before)s") % told


def _charge(found: Preview) -> str:
    if found.renews_at is None:
        return _("none, until you go on") if found.end is None else _("none")
    day = words.day(found.renews_at)
    if found.due is None:
        return _("on %(day)s") % {"day": day}
    left = found.due - found.from_balance if found.from_balance else found.due
    told = {"day": day, "amount": money_words(found.due)}
    if not left:
        return _("%(amount)s on %(day)s, from your credit") % told
    if left != found.due:
        told["left"] = money_words(left)
        return _("%(left)s on %(day)s, and the rest of %(amount)s from your credit") % told
    return _("%(amount)s on %(day)s") % told


def _iso(moment: datetime | None) -> str:
    return moment.astimezone(conf.time_zone()).date().isoformat() if moment is not None else ""
