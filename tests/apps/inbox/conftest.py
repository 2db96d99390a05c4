from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from goodstanding.gateways.models import GatewayAccount
from goodstanding.gateways.services import ensure_stripe_account
from goodstanding.inbox import services
from goodstanding.inbox.models import WebhookEvent
from tests.apps.inbox import brittle
from tests.apps.inbox.support import SECRET


@pytest.fixture
def stripe_account(db: None) -> GatewayAccount:
    """The live account that migrate makes, with a secret."""
    account = ensure_stripe_account()
    account.webhook_secret = SECRET
    account.save()
    return account


@pytest.fixture
def brittle_account(db: None, settings: Any) -> Iterator[GatewayAccount]:
    """A live account with the gateway for tests."""
    settings.GOODSTANDING_GATEWAYS = {"brittle": brittle.PATH}
    brittle.reset()
    yield GatewayAccount.objects.create(code="brittle", gateway="brittle", label="Brittle", webhook_secret="x")
    brittle.reset()


class Filing:
    """Files events of the gateway for tests, as if they had been received."""

    def __init__(self, account: GatewayAccount) -> None:
        self.account = account

    def __call__(self, name: str, does: str = "", *, now: datetime, live: bool = True) -> WebhookEvent:
        body = brittle.body(name, does, live=live)
        services.file(self.account, [(brittle.BrittleGateway().parse(body), body)], now=now)
        return WebhookEvent.objects.get(external_id=name)


@pytest.fixture
def filing(brittle_account: GatewayAccount) -> Filing:
    return Filing(brittle_account)
