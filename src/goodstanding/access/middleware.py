"""The short way to the forward-auth check, for the top of ``MIDDLEWARE``.

A proxy asks it before every request that it lets through. None of what a page needs is needed there (sessions, messages,
languages, redirects to https of a request that came from the proxy itself), so none of it is passed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, get_script_prefix, get_urlconf, reverse

from goodstanding.access import views


class ForwardAuthMiddleware:
    """Answers the forward-auth check itself, and passes everything else on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        if request.path == _path(get_script_prefix(), get_urlconf()):
            return views.check(request)
        return self._get_response(request)


@lru_cache(maxsize=8)
def _path(_prefix: str, urlconf: str | None) -> str:
    try:
        return reverse("gs_access:check", urlconf=urlconf)
    except NoReverseMatch:
        return ""
