"""Alice at the sandbox's two accounts."""

from __future__ import annotations

import pytest

from goodstanding.gateways import services
from tests.gateways.living import Life


@pytest.fixture
def ours(alice) -> Life:
    """Alice at the account that our clock bills: it only charges."""
    return Life(alice, code=services.SANDBOX)


@pytest.fixture
def auto(alice) -> Life:
    """Alice at the account that bills by its own clock."""
    return Life(alice)
