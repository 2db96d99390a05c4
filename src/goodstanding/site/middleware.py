"""What no page of ours should have to think of."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseNotFound

Answer = Callable[[HttpRequest], HttpResponse]


class NoNulMiddleware:
    """Answers 404 to an address with a NUL in it: nothing has such a name, and PostgreSQL refuses even to look."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, or hand on."""
        if "\x00" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            return HttpResponseNotFound("There is nothing here.\n", content_type="text/plain")
        return self.get_response(request)
