"""Sharing a long piece of work among several processes on this machine."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import django
from django.db import connection
from django.utils.module_loading import import_string


def share(path: str, parts: Sequence[tuple[Any, ...]], *, processes: int) -> Iterator[Any]:
    """Call the function at the dotted ``path`` with each of ``parts``, and give the results in their order.

    With more than one process each part is done in a process of its own kind: nothing is shared but the database, so the
    caller must not have a transaction open. One part, or one process, is done right here.
    """
    if processes < 2 or len(parts) < 2:
        function = import_string(path)
        yield from (function(*part) for part in parts)
        return
    begin = (str(connection.settings_dict["NAME"]),)
    workers = min(processes, len(parts))
    # This module must not import models: a new process reads it before Django is set up.
    with ProcessPoolExecutor(workers, get_context("spawn"), initializer=_begin, initargs=begin) as pool:
        yield from pool.map(_call, [path] * len(parts), parts)


def _begin(database: str) -> None:
    """Make a new process ready. It uses the database that its parent uses, whatever the settings say."""
    django.setup()
    gc.freeze()  # what is loaded by now stays: Python need not look through it again and again
    connection.settings_dict["NAME"] = database


def _call(path: str, part: tuple[Any, ...]) -> Any:
    return import_string(path)(*part)
