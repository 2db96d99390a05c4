"""What the staff's templates need: moments by the site's clock, standings for the eye, links for who may follow them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template

from goodstanding.memberships import listing
from goodstanding.people import pages

register = template.Library()


@register.filter
def moment(at: datetime | None) -> str:
    """Show a moment to the second."""
    return pages.moment(at or None)


@register.filter
def badge(status: str) -> str:
    """Show a standing."""
    return listing.badge(status)


@register.simple_tag
def page_link(user: Any, label: str, pk: str | int, text: object) -> str:
    """Show ``text``, as a link to a row's page where ``user`` may see it."""
    return pages.link(user, label, pk, text)
