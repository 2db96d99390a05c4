from __future__ import annotations

from collections.abc import Iterator

import pytest

from goodstanding.catalogue import knowledge


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Each test's changes are rolled back, and their revision's number comes again: remember nothing across tests."""
    knowledge._kept.clear()
    yield
    knowledge._kept.clear()
