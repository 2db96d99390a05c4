"""How the gateways are, what waits there, and what was given up on: with a way to have it tried again."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from goodstanding import clock
from goodstanding.inbox.health import health
from goodstanding.office import again as work
from goodstanding.office.guard import require, staff


@staff("gs_inbox.view_gatewayhealth")
@require_safe
def gateways(request: HttpRequest) -> HttpResponse:
    """Show how each gateway is, and all work that waits or needs somebody."""
    may = {name: request.user.has_perm(kind.permission) for name, kind in work.WORK.items()}
    context = {"health": health(now=clock.now()), **work.waiting(), "may": may, "listed": work.LISTED}
    return render(request, "gs_office/gateways.html", context)


@staff("gs_inbox.view_gatewayhealth")
@require_POST
def again(request: HttpRequest, kind: str, pk: str) -> HttpResponse:
    """Have a worker try one thing again."""
    if kind not in work.WORK:
        raise Http404
    require(request.user, work.WORK[kind].permission)
    if work.retry(kind, pk, by=request.user, now=clock.now()):
        messages.success(request, _("A worker tries it again."))
    else:
        messages.warning(request, _("There was nothing to try again: it is being worked on, or it is done."))
    return redirect("gs_office:gateways")
