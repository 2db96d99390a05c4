"""Where a gateway of our own house hands its messages over in this process, as others send them over HTTP.

The room that receives registers here when Django is ready, so that nothing below imports upward.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from goodstanding.gateways.models import GatewayAccount


class Receive(Protocol):
    """Takes a message exactly as if it had come over HTTP."""

    def __call__(self, account: GatewayAccount, headers: Mapping[str, str], body: bytes, *, now: datetime) -> object:
        """Verify and file it. Raises ``BadSignature`` or ``BadEvent``."""


class NobodyReceives(Exception):
    """There is no inbox in this project."""


_receivers: list[Receive] = []


def register(receive: Receive) -> None:
    """Have ``receive`` take the messages."""
    _receivers[:] = [receive]


def receive(account: GatewayAccount, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
    """Hand a message to ``account`` over. Raises what the receiver raises, and :class:`NobodyReceives`."""
    if not _receivers:
        raise NobodyReceives
    _receivers[0](account, headers, body, now=now)
