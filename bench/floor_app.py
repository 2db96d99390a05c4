"""The least that a web server can do with an event: ``/empty`` answers, ``/filed`` files it by bare SQL first."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "goodstanding.site.settings")
django.setup()

from bench import floors  # noqa: E402 (Django is set up first)
from bench.seeding import SECRET  # noqa: E402


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if environ["PATH_INFO"] == "/filed":
        floors.filed(body, SECRET)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"ok"]
