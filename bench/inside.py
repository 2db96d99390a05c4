"""All measurements on one database, at each size: ``python -m bench.inside OPTIONS``, with the settings in the environment."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import psycopg
from psycopg import sql

from bench.report import Measurement

STEPS = ("rebuilding", "standing", "receiving", "processing", "burst", "renewing", "quoting", "joining", "entering")


def main() -> None:
    """Make a database, fill it, measure, write what was measured to a file, and leave nothing behind."""
    options = parser().parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "goodstanding.site.settings"
    with _own_database():
        import django  # noqa: PLC0415 (which database is known by now)

        django.setup()
        documents = list(_measure(options))
    Path(options.out).write_text(json.dumps(documents), encoding="utf-8")


def parser() -> ArgumentParser:
    """Return the options that this module and its caller share."""
    made = ArgumentParser()
    made.add_argument("--members", type=int, nargs="+", default=[1000, 10_000, 100_000])
    made.add_argument("--rounds", type=int, default=5)
    made.add_argument("--long-invoices", type=int, default=120)
    made.add_argument("--only", nargs="+", choices=STEPS)
    made.add_argument("--out", default="")
    return made


def _measure(options: Namespace) -> Iterator[dict[str, Any]]:
    from django.core.management import call_command  # noqa: PLC0415 (Django is set up by now)
    from django.db import connections  # noqa: PLC0415

    from bench import (  # noqa: PLC0415
        entering,
        floors,
        joining,
        processing,
        quoting,
        rebuilding,
        receiving,
        renewing,
        standing,
    )
    from bench.seeding import Organisation  # noqa: PLC0415
    from goodstanding import clock  # noqa: PLC0415

    call_command("migrate", verbosity=0, interactive=False)
    floors.create_table()
    rounds, sizes = options.rounds, sorted(options.members)
    budget = min(1000, sizes[0]) // len(sizes)  # members whose renewal may come at each size
    organisation = Organisation(now=clock.now(), long_invoices=options.long_invoices)
    for turn, members in enumerate(sizes, start=1):
        _say(f"{standing.vendor()}, {members} members: making them")
        organisation.grow("s", members)
        load = os.getloadavg()[0]  # how busy the machine was with other things
        events, some = min(members, 300), min(20, budget // (2 * rounds))
        steps: dict[str, Callable[[], Iterator[Measurement]]] = {
            "rebuilding": partial(rebuilding.measurements, rounds=rounds),
            "standing": partial(standing.measurements, organisation, rounds=rounds),
            "receiving": partial(receiving.measurements, organisation, rounds=rounds, events=events),
            "processing": partial(processing.measurements, organisation, rounds=rounds, members=some, long_members=1),
            "burst": partial(processing.burst, organisation, members=min(100, budget // 3)),
            "renewing": partial(renewing.measurements, organisation, due=min(members, 600)),
            "quoting": partial(quoting.measurements, rounds=rounds),
            "joining": partial(joining.measurements, organisation, joins=min(members, 10 + 2 * rounds)),
            "entering": partial(entering.measurements, organisation, rounds=rounds, requests=min(4 * members, 2000)),
        }
        for name, step in steps.items():
            if name == "standing":  # a rebuild is measured without those of this size
                organisation.grow("l", turn * (rounds + 2))
            if not options.only or name in options.only:
                _say(f"{standing.vendor()}, {members} members: {name}")
                for row in step():
                    yield {"database": standing.vendor(), "members": members, "load": load, **row.document()}
    connections.close_all()


@contextmanager
def _own_database() -> Iterator[None]:
    """Use a database of our own; one of a name that ``tests.postgres`` sweeps away should we be cut short."""
    url = urlsplit(os.environ["DATABASE_URL"])
    if url.scheme == "sqlite":
        yield
        return
    name = f"test_{url.path.strip('/')}"
    server = _as_text(url._replace(path="/postgres"))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    os.environ["DATABASE_URL"] = _as_text(url._replace(path=f"/{name}"))
    try:
        yield
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _as_text(url: SplitResult) -> str:
    return url.geturl() if url.netloc else url.geturl().replace(":/", ":///", 1)


def _say(words: str) -> None:
    sys.stderr.write(f"{words} …\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
