"""What happened, the latest first."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from goodstanding.people.models import Member
from goodstanding.portal import story
from goodstanding.portal.views.own import for_members


@require_safe
@for_members
def history(request: HttpRequest, member: Member) -> HttpResponse:
    """Show one page of what happened to the member."""
    after = request.GET.get("after", "")
    happened, then = story.page(member, after=after)
    first = reverse("gs_portal:history")
    context = {
        "section": "history",
        "happened": happened,
        "newest": first if after else "",
        "older": f"{first}?{urlencode({'after': then})}" if then else "",
    }
    return render(request, "gs_portal/history.html", context)
