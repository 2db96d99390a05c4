"""The clock bar: on a site for trying things staff see the site's time on each page, and move it on.

Others see one line, and only while the site's time is not the real one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.utils.formats import date_format
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from goodstanding import clock, conf
from goodstanding.core.moments import NotAMoment, moment
from goodstanding.jobs.simulating import simulate
from goodstanding.site import simulating

SECONDS_OF_A_REQUEST = 20.0
LONGEST_INPUT = 40


@dataclass(frozen=True, slots=True)
class Bar:
    """What the bar shows: the site's time, in its zone, and to staff the buttons."""

    now: datetime
    for_staff: bool


def clock_bar(request: HttpRequest) -> dict[str, Callable[[], Bar | None]]:
    """Give templates ``clock_bar``; nothing is asked where no template shows it."""
    return {"clock_bar": lambda: bar_for(request)}


def bar_for(request: HttpRequest) -> Bar | None:
    """Return the bar for whoever asks, if there is one."""
    if not conf.clock_may_be_moved():
        return None
    for_staff = _is_staff(request) and not simulating.refused_because()
    if not for_staff and not clock.ahead():
        return None
    return Bar(clock.now().astimezone(conf.time_zone()), for_staff)


@require_POST
def move(request: HttpRequest) -> HttpResponseRedirect:
    """Move the clock on to where ``to`` says: a step, or a day. What takes too long is gone on with by pressing again."""
    if simulating.refused_because():
        raise Http404
    if not _is_staff(request):
        raise PermissionDenied
    patience = time.monotonic() + SECONDS_OF_A_REQUEST
    now = clock.now()
    try:
        until = _asked(request.POST.get("to", "")[:LONGEST_INPUT], now=now)
        summary = simulate(until, now=now, should_stop=lambda: time.monotonic() > patience)
    except clock.ClockRefused:
        words = gettext("The clock was not moved: choose a day ahead, and let nobody else move it meanwhile.")
        messages.error(request, words)
    except NotAMoment:
        messages.error(request, gettext("That is no day."))
    else:
        at, done = _shown(summary.at), simulating.in_words(summary.done)
        if summary.finished:
            words = gettext("The site's time is now %(at)s. Done meanwhile: %(done)s.")
            messages.success(request, words % {"at": at, "done": done})
        else:
            words = gettext("Stopped at %(at)s, because it takes long. Press again to go on. Done so far: %(done)s.")
            messages.warning(request, words % {"at": at, "done": done})
    return HttpResponseRedirect(_back(request))


def _asked(to: str, *, now: datetime) -> datetime:
    until = simulating.moment_after(to, now=now) if to in simulating.STEPS else moment(to, zone=conf.time_zone())
    simulating.require_near(until, now=now)
    return until


def _shown(at: datetime) -> str:
    return date_format(at.astimezone(conf.time_zone()), "DATETIME_FORMAT")


def _back(request: HttpRequest) -> str:
    """Return the page from which the bar was used, if it is one of ours."""
    page = request.POST.get("next", "")
    return page if url_has_allowed_host_and_scheme(page, {request.get_host()}) else "/"


def _is_staff(request: HttpRequest) -> bool:
    user = getattr(request, "user", None)
    return bool(user is not None and user.is_active and user.is_staff)
