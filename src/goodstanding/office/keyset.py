"""Pages of long lists: each begins where the last one ended. Nothing is counted, and page 20,000 is as quick as the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest

SIZE = 50


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a list; ``previous`` and ``next`` are the addresses of its neighbours, where it has any."""

    rows: Sequence[Any]
    previous: str
    next: str


def page_of(request: HttpRequest, rows: QuerySet[Any], order: str, *, size: int = SIZE) -> Page:
    """Return the page of ``rows`` that ``request`` asks for. ``order``: a field, ``-`` before it for the greatest first.

    Rows of the same value come by their id. The address names the row beside which the page stands by its id alone, so
    that no e-mail gets into it; a row that is no more leads to the first page. Statements: two at most.
    """
    field, falling = order.removeprefix("-"), order.startswith("-")
    before, after = request.GET.get("before", ""), request.GET.get("after", "")
    mark = (
        rows.model._base_manager.filter(pk=before or after).values_list(field, "pk").first()
        if before or after
        else None
    )
    back = bool(before) and mark is not None
    if mark is not None:
        rows = rows.filter(_beyond(field, *mark, greater=falling == back))
    sign = "-" if falling != back else ""
    found = list(rows.order_by(f"{sign}{field}", f"{sign}pk")[: size + 1])
    more, found = len(found) > size, found[:size]
    if back:
        found.reverse()
    has_previous, has_next = (more, True) if back else (mark is not None, more)
    return Page(
        found,
        _address(request, before=found[0].pk) if has_previous and found else "",
        _address(request, after=found[-1].pk) if has_next and found else "",
    )


def _beyond(field: str, value: Any, pk: Any, *, greater: bool) -> Q:
    """Rows past a mark. The first part says no more than the second, and is what an index is entered by."""
    at, past, by_id = ("gte", "gt", "pk__gt") if greater else ("lte", "lt", "pk__lt")
    return Q(**{f"{field}__{at}": value}) & (Q(**{f"{field}__{past}": value}) | Q(**{by_id: pk}))


def _address(request: HttpRequest, **mark: str) -> str:
    asked = request.GET.copy()
    for name in ("before", "after"):
        asked.pop(name, None)
    asked.update(mark)
    return f"?{asked.urlencode()}"
