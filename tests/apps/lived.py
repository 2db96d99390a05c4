"""Some of the recorded lives, loaded once for a whole file of tests: each test sees them and changes nothing for others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from goodstanding import clock
from tests import lives
from tests.conftest import START

LIVES = ("dispute-won", "foreign", "full-refund", "two-agreements")


@pytest.fixture(scope="module")
def lived(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[None]:
    """The catalogue, and the lives of five customers (one of them a stranger) as the ordinary pipe takes them in."""
    with django_db_blocker.unblock(), clock.stopped(START), transaction.atomic():
        lives.set_up()
        lives.load(lives.lines(LIVES), tmp_path_factory.mktemp("lives"))
        yield
        transaction.set_rollback(True)
