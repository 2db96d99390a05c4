"""Small worlds in which what is paid is moved by pauses, or cut by closings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from goodstanding.core.facts import PauseSpan as Pause
from goodstanding.core.records import Closing, InvoiceRecord, SubscriptionRecord, SubscriptionState

from .world_parts import BEFORE, PREPAID, REGULAR, World, grant, h, invoice, level, maybe, membership, state, sub

Subs = tuple[SubscriptionRecord, ...]


def pauses() -> Iterator[World]:
    """A pause told before, in or after its time; with an end, without, resumed; and a renewal behind it, or an earlier change."""

    def paid(ref: str, start: int, end: int, settled: int | None, issued: int = BEFORE) -> InvoiceRecord:
        made = invoice(ref, start, end, settled, issued=issued)
        return replace(made, lines=tuple(replace(line, subscription="sub") for line in made.lines))

    def told(at: int, *spans: tuple[int, int | None]) -> SubscriptionState:
        return replace(state(at), pauses=tuple(Pause(h(start), maybe(end)) for start, end in spans))

    spans = [(start, end) for start in (0, 1, 3, 4) for end in (None, 2, 5, 8) if end is None or end > start]
    for span, at, terms in product(spans, (BEFORE, 1, 3), (level(grace=0), level(grace=2))):
        one = told(at, span)
        resumed = told(6, (span[0], min(span[1] or 6, 6)))
        behind = (span[1] or 6) + 4 - min(span[0], 4)
        for states in ((one,), (one, resumed), (one, replace(state(5, ended=True), pauses=one.pauses))):
            for following in (
                (),
                (paid("next", behind, behind + 4, behind, issued=behind),),
                (paid("change", 2, 6, 2, issued=2),),
            ):
                yield (membership((paid("first", 0, 4, 0), *following), (sub(*states),), levels=(terms,)),)
    for first, second in product(((1, 2), (1, 3)), ((3, 6), (4, None), (5, 7))):
        yield (membership((paid("first", 0, 4, 0),), (sub(told(0, first), told(3, first, second)),)),)


def closings() -> Iterator[World]:
    """Closed while it runs, after it, before it; and what was there before, or bought after."""
    subs: tuple[Subs, ...] = ((), (sub(),), (sub(state(1, paused=True)),), (sub(), sub(begun=3, ref="new")))
    told = replace(state(1), pauses=(Pause(h(1), h(5)),))
    for at, changed, kind, own in product((0, 2, 4, 6), (False, True), (REGULAR, PREPAID), subs):
        for following in ((), (invoice("next", 4, 8, 4),), (invoice("new", 3, 7, 3, issued=3, item="new", kind=kind),)):
            first = invoice("first", 0, 4, 0, kind=kind)
            seat = membership((first, *following), own, grants=(grant(5, 9, at),), levels=(level(prepaid_grace=2),))
            yield (replace(seat, closings=(Closing(h(at), changed=changed),)),)
            yield (replace(seat, grants=(), closings=(Closing(h(at)), Closing(h(6)))),)
    for at in (0, 2, 4, 6, 9):
        moved = invoice("first", 0, 4, 0)
        moved = replace(moved, lines=tuple(replace(line, subscription="sub") for line in moved.lines))
        yield (replace(membership((moved,), (sub(told),)), closings=(Closing(h(at)),)),)
        yield (replace(membership((invoice("open", 0, 4, kind=PREPAID),), (sub(),)), closings=(Closing(h(at)),)),)
