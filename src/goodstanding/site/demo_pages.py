"""Pages of a demonstration only: three to try access with (for everybody, any member, members of one level), and the mails."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from goodstanding.access.guards import standing_required
from goodstanding.catalogue.models import Level
from goodstanding.communications.models import Mail
from goodstanding.site import demo, server

LEVEL = "full"  # of the demonstration's organisation
MAILS = 30  # on one page


def in_a_demonstration(view: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Have a page only where there are people with known passwords anyway; elsewhere there is nothing at its address."""

    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponseBase:
        if demo.refused_because(this_machine_only=server.listens_to_this_machine_only()):
            raise Http404
        return view(request)

    return answer


@in_a_demonstration
@require_safe
def everybody(request: HttpRequest) -> HttpResponse:
    """Lead to the others, and say to whom they open."""
    return render(request, "gs_site/demo/everybody.html", {"level": LEVEL, "level_name": _level_name()})


@in_a_demonstration
@require_safe
@standing_required
def members(request: HttpRequest) -> HttpResponse:
    """Something for any member in good standing."""
    return render(request, "gs_site/demo/members.html")


@in_a_demonstration
@require_safe
@standing_required(level=LEVEL)
def one_level(request: HttpRequest) -> HttpResponse:
    """Something for members of one level alone."""
    return render(request, "gs_site/demo/one_level.html", {"level": LEVEL, "level_name": _level_name()})


@in_a_demonstration
@never_cache
@login_required
@require_safe
def mails(request: HttpRequest) -> HttpResponse:
    """Show the mails as their readers got them, newest first: staff all, others those to themselves."""
    user: Any = request.user
    rows = Mail.objects.exclude(to_address="")
    if not user.is_staff:
        rows = rows.filter(to_address__iexact=user.email)
    last = rows.filter(pk=request.GET.get("after", "")[:40]).values_list("created_at", "pk").first()
    if last is not None:
        rows = rows.older_than(*last)
    found = list(rows.newest_first()[: MAILS + 1])
    older = found[MAILS - 1].pk if len(found) > MAILS else ""
    return render(
        request, "gs_site/demo/mails.html", {"mails": found[:MAILS], "older": older, "for_staff": user.is_staff}
    )


def _level_name() -> str:
    """Return what people call the level; its slug, where the demonstration's organisation was not made here."""
    return Level.objects.filter(slug=LEVEL).values_list("name", flat=True).first() or LEVEL
