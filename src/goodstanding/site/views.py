"""The site's own pages: the first one, and the two that machines ask for."""

from __future__ import annotations

from importlib.metadata import version

from django.contrib.staticfiles.storage import staticfiles_storage
from django.db import Error as DatabaseProblem
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from goodstanding import clock
from goodstanding.site import demo, server


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Say what this is and where to look; in a demonstration, as whom to log in, too."""
    shown = {
        "version": version("goodstanding"),
        "people": demo.people_to_try(now=clock.now(), this_machine_only=server.listens_to_this_machine_only()),
        "password": demo.PASSWORD,
    }
    return render(request, "gs_site/home.html", shown)


@require_safe
def icon(_request: HttpRequest) -> HttpResponse:
    """Send browsers that ask for an icon by its old name to the one we have."""
    return HttpResponseRedirect(staticfiles_storage.url("gs_site/icon.svg"))


@require_safe
@never_cache
def healthz(_request: HttpRequest) -> HttpResponse:
    """Answer: the process is alive. Nothing else is asked."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
def readyz(_request: HttpRequest) -> HttpResponse:
    """Answer whether work can be done: the database is reachable and migrated. If not, 503 and the reason."""
    try:
        executor = MigrationExecutor(connection)
        waiting = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
        problem = f"{waiting} migrations are not applied" if waiting else ""
    except DatabaseProblem:
        problem = "unreachable"
    return JsonResponse({"ready": not problem, "database": problem or "ok"}, status=503 if problem else 200)
