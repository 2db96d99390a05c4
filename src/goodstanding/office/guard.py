"""Who may see the office: staff, as far as their permissions go."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.cache import never_cache

View = Callable[..., HttpResponseBase]


def staff(permission: str = "") -> Callable[[View], View]:
    """Let staff see a page, if they have ``permission``. Others are refused; who is not logged in is led to the log-in."""

    def guarded(view: View) -> View:
        @never_cache
        @wraps(view)
        def seen(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            require(request.user, permission)
            return view(request, *args, **kwargs)

        return seen

    return guarded


def require(user: Any, permission: str) -> None:
    """Raise ``PermissionDenied`` for whoever is not staff, or lacks ``permission``."""
    if not (user.is_active and user.is_staff) or (permission and not user.has_perm(permission)):
        raise PermissionDenied
