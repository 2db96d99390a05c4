"""A worker that is killed in the middle of an event: it stops for good between its last write and the commit.

``python -m tests.apps.inbox.doomed MARKER``: makes the file MARKER when it has got there.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django


def main(marker: Path) -> None:
    django.setup()
    from django.db import connection

    from goodstanding.jobs.worker import Worker

    def stop_after_the_last_write(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if sql.startswith('UPDATE "gs_inbox_webhookevent"') and '"recorded_at" =' in sql:
            marker.touch()
            while True:
                signal.pause()
        return result

    with connection.execute_wrapper(stop_after_the_last_write):
        Worker(name="doomed").drain()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
