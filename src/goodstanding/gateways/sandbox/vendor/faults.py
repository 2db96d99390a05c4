"""What goes wrong on demand: requests that are not answered, and messages that come twice, late, in disorder, or never."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta

from django.db.models import F

from goodstanding.gateways.protocol import GatewayUnreachable
from goodstanding.gateways.sandbox.models import Fault, Message
from goodstanding.jobs.prepared import Prepared

Kind = Fault.Kind
_LOOKED_UP: ContextVar[frozenset[str] | None] = ContextVar("looked_up", default=None)
_ON_DEMAND = Prepared(
    lambda account: Fault.objects.filter(account_id=account, left__gt=0).order_by().values_list("kind"), "account"
)
_OF_MESSAGES = (Kind.DUPLICATE, Kind.DELAY, Kind.REORDER, Kind.LOSE)


def order(account: str, kind: Fault.Kind, *, times: int = 1, seconds: int = 3600) -> Fault:
    """Have the next ``times`` requests, or messages, of ``account`` meet a fault. ``seconds``: how late a message is."""
    return Fault.objects.create(account_id=account, kind=kind, left=times, seconds=seconds)


def meet_request(account: str) -> frozenset[str]:
    """Raise :class:`GatewayUnreachable` if this request, of which nothing is done yet, is to find nobody.

    Returns what is on demand, for :func:`meet_answer`. One query where nothing is.
    """
    ordered = frozenset(kind for (kind,) in _ON_DEMAND.rows(account=account))
    if Kind.UNREACHABLE in ordered and _take(account, Kind.UNREACHABLE):
        raise GatewayUnreachable("on demand")
    return ordered


def meet_answer(account: str, ordered: frozenset[str], *, lost: bool = False) -> None:
    """Raise :class:`GatewayUnreachable` if the answer of this request, which is done and committed, is to be lost."""
    if lost or (Kind.ANSWER_LOST in ordered and _take(account, Kind.ANSWER_LOST)):
        raise GatewayUnreachable("the answer was lost on demand")


@contextmanager
def while_ordered(kinds: frozenset[str]) -> Iterator[None]:
    """Within, what is on demand was looked up already: a request finds what was there at its beginning."""
    before = _LOOKED_UP.set(kinds)
    try:
        yield
    finally:
        _LOOKED_UP.reset(before)


def spoil(messages: Sequence[Message], *, account: str) -> None:
    """Let the messages, not filed yet, meet what is on demand for them."""
    looked_up = _LOOKED_UP.get()
    if not messages or (looked_up is not None and looked_up.isdisjoint(_OF_MESSAGES)):
        return
    ordered = list(Fault.objects.filter(account_id=account, kind__in=_OF_MESSAGES, left__gt=0))
    for fault in ordered:
        met = messages[: fault.left]
        for number, message in enumerate(met):
            _spoil(message, fault, behind=fault.left - number)
        Fault.objects.filter(pk=fault.pk).update(left=F("left") - len(met))
    Fault.objects.filter(account_id=account, left=0).delete() if ordered else None


def _spoil(message: Message, fault: Fault, *, behind: int) -> None:
    match fault.kind:
        case Kind.DUPLICATE:
            message.copies += 1
        case Kind.DELAY:
            message.due_at += timedelta(seconds=fault.seconds)
        case Kind.REORDER:
            message.due_at += timedelta(seconds=behind)
        case Kind.LOSE:
            message.state, message.closed_at = Message.State.LOST, message.created_at


def _take(account: str, kind: Fault.Kind) -> bool:
    """Use one of the faults of this kind up, if there is one."""
    fault = Fault.objects.filter(account_id=account, kind=kind, left__gt=0).first()
    if fault is None:
        return False
    taken = Fault.objects.filter(pk=fault.pk, left__gt=0).update(left=F("left") - 1)
    Fault.objects.filter(pk=fault.pk, left=0).delete()
    return bool(taken)
