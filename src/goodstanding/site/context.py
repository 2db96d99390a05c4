"""What every page of the site may say."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def organisation(_request: HttpRequest) -> dict[str, str]:
    """Tell templates whose site this is: ``{{ organisation }}``."""
    return {"organisation": getattr(settings, "GOODSTANDING_ORGANISATION", "") or "Goodstanding"}
