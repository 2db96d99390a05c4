from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from goodstanding.communications import services
from tests.apps.communications import server as mail_server
from tests.apps.communications.told import TOLD


@pytest.fixture
def server(settings: Any) -> Iterator[type[mail_server.Server]]:
    settings.EMAIL_BACKEND = f"{mail_server.__name__}.Server"
    settings.GOODSTANDING_MAIL_FROM = "Fixers <hello@fixers.example>"
    mail_server.Server.reset()
    yield mail_server.Server
    mail_server.Server.reset()


@pytest.fixture
def post(clock: Any) -> Callable[..., bool]:
    """Post a mail to Alice: ``post("receipt-1", kind="receipt", to=…)``."""

    def posted(key: str = "challenge-1", *, kind: str = "card_challenge", **more: Any) -> bool:
        told = {"to": "alice@example.org", "name": "Alice", "context": TOLD[kind], "now": clock.now, **more}
        return services.post(kind, key=key, **told)

    return posted
