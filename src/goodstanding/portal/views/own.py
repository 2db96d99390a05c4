"""What the member's views share: log-in first, never cached, and who asks."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache

from goodstanding.billing.models import Subscription
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


def subscription_of(member: Member, subscription: str) -> Subscription:
    """Return a subscription of the member's; there is no page for anybody else's."""
    if "\0" in subscription:
        raise Http404
    rows = Subscription.objects.select_related("gateway_account", "customer__member")
    return get_object_or_404(rows, pk=subscription, customer__member=member)
