"""The site's addresses, and a page behind each rule of the table, guarded in each way that there is."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path
from django.views import View

from goodstanding.access.guards import StandingRequiredMixin, standing_required
from goodstanding.site.urls import urlpatterns as of_the_site
from tests.access_cases import RULES

TEMPLATE = engines["django"].from_string(
    "{% load standing %}{% if_standing levels=levels statuses=statuses %}inside{% else %}outside{% endif_standing %}"
    "{% standing_decision levels=levels statuses=statuses as answer %}|{{ answer.code }}"
)


def asked(name: str) -> dict[str, Any]:
    """The words that mean a rule of the table."""
    rule = RULES[name]
    return {"levels": sorted(rule.levels) if rule.levels else None, "statuses": sorted(rule.statuses)}


def inside(request: HttpRequest, **_words: Any) -> HttpResponse:
    return HttpResponse("inside")


def tagged(name: str) -> Any:
    return lambda request: HttpResponse(TEMPLATE.render(asked(name), request))


def classed(name: str) -> Any:
    class Page(StandingRequiredMixin, View):
        levels = asked(name)["levels"]
        statuses = asked(name)["statuses"]

        def get(self, request: HttpRequest) -> HttpResponse:
            return HttpResponse("inside")

    return Page.as_view()


@standing_required
def bare(request: HttpRequest) -> HttpResponse:
    return HttpResponse("inside")


@standing_required(level="studio")
def kept(request: HttpRequest) -> HttpResponse:
    return HttpResponse("inside", headers={"Cache-Control": "public, max-age=60"})


urlpatterns = [
    *of_the_site,
    path("bare/", bare),
    path("kept/", kept),
    *[path(f"decorated/{name}/", standing_required(**asked(name))(inside)) for name in RULES],
    *[path(f"classed/{name}/", classed(name)) for name in RULES],
    *[path(f"tagged/{name}/", tagged(name)) for name in RULES],
]
