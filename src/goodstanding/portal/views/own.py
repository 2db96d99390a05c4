"""What the member's views share: log-in first, never cached, and who asks."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from goodstanding.checkout.joining import member_of
from goodstanding.people.models import Member

View = Callable[..., HttpResponse]


def for_members(view: View) -> View:
    """Have a view called with the member who asks; who can log in and is no member is led to joining."""

    @never_cache
    @login_required
    @wraps(view)
    def called(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        member: Member | None = member_of(request.user)
        if member is None:
            return render(request, "gs_portal/no_member.html", {"section": "membership"})
        return view(request, member, *args, **kwargs)

    return called
