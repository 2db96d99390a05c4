"""Asking within a request: who visits is found once, and each rule is decided once."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from goodstanding import clock
from goodstanding.access.services import Visitor, visitor_of
from goodstanding.core.access import Decision, Rule

_KEPT = "_gs_visitor"


def visitor(request: HttpRequest) -> Visitor:
    """Return who visits, with his standing as it is when first asked for in this request.

    Somebody who logs in within the request is asked about anew. Where nobody can be logged in, nobody is.
    """
    user: Any = getattr(request, "user", None)
    key = user.pk if user is not None else None
    kept: tuple[object, Visitor] | None = request.__dict__.get(_KEPT)
    if kept is not None and kept[0] == key:
        return kept[1]
    now = clock.now()
    found = visitor_of(user, now=now) if user is not None else Visitor(now)
    request.__dict__[_KEPT] = (key, found)
    return found


def decision(request: HttpRequest, rule: Rule) -> Decision:
    """Return whether ``rule`` lets in who visits."""
    return visitor(request).decide(rule)


def forget(request: HttpRequest) -> None:
    """Have standing asked for anew in this request, after something changed it."""
    request.__dict__.pop(_KEPT, None)
