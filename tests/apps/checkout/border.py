"""The sandbox with somebody at its border, who may do something just before it is asked, or between its deed and its answer.

What it did is committed on its own side before ``after`` is called, as with any gateway: only then can the answer be lost,
be overtaken by a webhook, or reach nobody any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from django.db import connection

from goodstanding.clock import StoppedClock
from goodstanding.gateways import receiving, registry
from goodstanding.gateways.models import GatewayAccount
from goodstanding.gateways.protocol import Ability
from goodstanding.gateways.sandbox.adapter import SandboxGateway
from goodstanding.inbox import services as inbox

PATH = f"{__name__}.WatchedGateway"
WRITES = ("BEGIN", "SAVEPOINT", "RELEASE", "INSERT", "UPDATE", "DELETE")

Meet = Callable[[], Any]
_before: dict[str, Meet] = {}
_after: dict[str, Meet] = {}
asked: list[str] = []  # what the gateway was asked, in order


class Killed(BaseException):
    """The process dies here: nothing of ours may catch this."""


def killed() -> None:
    raise Killed


class WatchedGateway(SandboxGateway):
    """The sandbox; ``begin``, ``charge`` and ``refund`` can be met."""

    def begin(self, *args: Any, **named: Any) -> Any:
        return _met("begin", super().begin, *args, **named)

    def charge(self, *args: Any, **named: Any) -> Any:
        return _met("charge", super().charge, *args, **named)

    def refund(self, *args: Any, **named: Any) -> Any:
        return _met("refund", super().refund, *args, **named)

    def end(self, *args: Any, **named: Any) -> Any:
        return _met("end", super().end, *args, **named)


def _met(name: str, act: Callable[..., Any], *args: Any, **named: Any) -> Any:
    asked.append(name)
    _before.pop(name, _nothing)()
    try:
        return act(*args, **named)
    finally:
        _after.pop(name, _nothing)()


def _nothing() -> None:
    return None


@contextmanager
def met(*, before: dict[str, Meet] | None = None, after: dict[str, Meet] | None = None) -> Iterator[None]:
    """Have the next request of a kind meet something, once."""
    _before.update(before or {})
    _after.update(after or {})
    try:
        yield
    finally:
        _before.clear()
        _after.clear()


@contextmanager
def killed_at(number: int) -> Iterator[list[str]]:
    """Die before the ``number``-th write (from 0) of this connection; gives the writes that were begun."""
    begun: list[str] = []

    def run(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(WRITES):
            if len(begun) == number:
                begun.append(sql)
                raise Killed
            begun.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(run), suppress(Killed):
        yield begun


def deliver(account: str, clock: StoppedClock) -> None:
    """Have the vendor's messages come, and the worker take them in."""
    row = GatewayAccount.objects.get(pk=account)
    gateway = registry.able(row.gateway, Ability.DELIVER)
    while gateway.deliver(partial(receiving.receive, row, now=clock.now), account=row, now=clock.now):
        pass
    while inbox.work_once(now=clock.now):
        pass


def tick(account: str, clock: StoppedClock) -> None:
    """Have the vendor's own clock run until now, and its messages come."""
    row = GatewayAccount.objects.get(pk=account)
    registry.able(row.gateway, Ability.ADVANCE).advance(account=row, until=clock.now)
    deliver(account, clock)
