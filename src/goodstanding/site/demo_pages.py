"""Three pages to try access with: for everybody, for any member, for members of one level. In a demonstration only."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from goodstanding.access.guards import standing_required
from goodstanding.site import demo, server

LEVEL = "full"  # of the demonstration's organisation


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
    return render(request, "gs_site/demo/everybody.html", {"level": LEVEL})


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
    return render(request, "gs_site/demo/one_level.html", {"level": LEVEL})
