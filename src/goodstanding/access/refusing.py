"""Saying no: a page that says why and what to do, the log-in page for who is not logged in, a document for programs."""

from __future__ import annotations

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers, patch_vary_headers
from django.utils.translation import gettext

from goodstanding.access import remedies
from goodstanding.catalogue.models import Level
from goodstanding.core.access import Code, Decision


def refusal(request: HttpRequest, decision: Decision, *, back_to: str = "") -> HttpResponse:
    """Return the answer to somebody who may not enter; ``back_to`` is where he wanted to be (the request's own address)."""
    assert not decision.allowed, decision
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        answer: HttpResponse = _document(decision)
    elif decision.code is Code.NOT_LOGGED_IN:
        answer = redirect_to_login(request.get_full_path())
    else:
        answer = _page(request, decision, back_to or request.get_full_path())
    add_never_cache_headers(answer)
    patch_vary_headers(answer, ["Accept", "Cookie"])
    return answer


def status_of(decision: Decision) -> int:
    """Return the HTTP status that says a decision: 200, 401 (log in, then ask again) or 403."""
    if decision.allowed:
        return 200
    return 401 if decision.code is Code.NOT_LOGGED_IN else 403


def _document(decision: Decision) -> JsonResponse:
    names = _names(decision)
    return JsonResponse(
        {
            "error": decision.code,
            "detail": decision.why(names=names, translate=gettext),
            "what_to_do": decision.remedy(translate=gettext),
            "levels": list(decision.wanted),
        },
        status=status_of(decision),
    )


def _page(request: HttpRequest, decision: Decision, back_to: str) -> HttpResponse:
    names = _names(decision)
    context = {
        "decision": decision,
        "why": decision.why(names=names, translate=gettext),
        "what_to_do": decision.remedy(translate=gettext),
        "levels": [names.get(level, level) for level in decision.wanted],
        "links": remedies.links(decision.code, back_to=back_to),
        "back_to": back_to,
    }
    return render(request, "gs_access/refused.html", context, status=403)


def _names(decision: Decision) -> dict[str, str]:
    if not decision.wanted:
        return {}
    return dict(Level.objects.filter(slug__in=decision.wanted).values_list("slug", "name"))
