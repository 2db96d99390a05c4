from __future__ import annotations

from tests.apps.lived import lived  # noqa: F401 - a fixture
