"""Guards for pages: a decorator for functions and a mixin for classes. Both refuse as :mod:`goodstanding.access.refusing`.

What a guard lets through is marked as private: no cache on the way keeps it for others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, ClassVar, overload

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import add_never_cache_headers, patch_cache_control, patch_vary_headers

from goodstanding.access import asking
from goodstanding.access.refusing import refusal
from goodstanding.core.access import ENTERING, Rule
from goodstanding.core.records import Status

View = Callable[..., HttpResponseBase]


def rule_for(
    *, level: str | None = None, levels: Iterable[str] | None = None, statuses: Iterable[Status | str] = ENTERING
) -> Rule:
    """Return the rule for ``level``, or any of ``levels``, or any level at all where neither is given.

    An empty list of levels is a slip, not "any level": it is refused with ``ValueError``, as is an empty one of statuses.
    """
    wanted = {*(levels or ()), *([level] if level is not None else ())}
    if "" in wanted or (not wanted and levels is not None):
        raise ValueError("A rule for no level admits nobody. Name levels, or leave them out: any level.")
    allowed = frozenset(Status(status) for status in statuses)
    if not allowed:
        raise ValueError("A rule for no status admits nobody.")
    return Rule(frozenset(wanted) or None, allowed)


@overload
def standing_required(view: View, /) -> View: ...
@overload
def standing_required(
    *, level: str | None = ..., levels: Iterable[str] | None = ..., statuses: Iterable[Status | str] = ...
) -> Callable[[View], View]: ...
def standing_required(view: View | None = None, /, **asked: Any) -> View | Callable[[View], View]:
    """Let in members in good standing (grace included), of any level or of those asked for; refuse everybody else.

    ``@standing_required``, ``@standing_required(level="studio")``, ``(levels=["studio", "full"])``, ``(statuses=["good"])``.
    """
    rule = rule_for(**asked)

    def guard(guarded: View) -> View:
        @wraps(guarded)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            return _answer(request, rule, lambda: guarded(request, *args, **kwargs))

        return answer

    return guard if view is None else guard(view)


class StandingRequiredMixin:
    """The same for classes, before the view: ``level``, ``levels`` and ``statuses`` say who is let in."""

    level: ClassVar[str | None] = None
    levels: ClassVar[Iterable[str] | None] = None
    statuses: ClassVar[Iterable[Status | str]] = ENTERING

    def get_rule(self) -> Rule:
        """Return the rule. Made for each request, so that a view may make it of what it shows."""
        return rule_for(level=self.level, levels=self.levels, statuses=self.statuses)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer, or refuse."""
        parent: Any = super()
        return _answer(request, self.get_rule(), lambda: parent.dispatch(request, *args, **kwargs))


def _answer(request: HttpRequest, rule: Rule, view: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    decision = asking.decision(request, rule)
    if not decision.allowed:
        return refusal(request, decision)
    answer = view()
    if answer.has_header("Cache-Control"):
        patch_cache_control(answer, private=True)
    else:
        add_never_cache_headers(answer)
    patch_vary_headers(answer, ["Cookie"])
    return answer
