"""The recorded lives of Stripe customers: loading them as a user would, and comparing with what must come out."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management import call_command

HERE = Path(__file__).parent / "payloads" / "stripe" / "lives"
NAMES = sorted(path.stem for path in HERE.glob("*.jsonl"))
LEGACY = sorted(path.stem for path in (HERE / "legacy").glob("*.jsonl"))


@dataclass(frozen=True)
class Row:
    """One line of expected.csv: what the standing must be at a moment."""

    life: str
    emails: tuple[str, ...]
    at: str
    status: str
    levels: str
    until: str

    @property
    def file(self) -> str:
        """The life whose file tells it."""
        return self.life.partition("/")[0]


def expected() -> list[Row]:
    """Every row of both tables, in order of time."""
    found = []
    for name in ("expected.csv", "expected-live.csv"):
        with (HERE / name).open(newline="") as table:
            found += [
                Row(
                    row["life"],
                    tuple(row["email"].split("|")),
                    row["at"],
                    row["status"],
                    row["levels"],
                    row["until"].split("|")[0],
                )
                for row in csv.DictReader(table)
            ]
    return sorted(found, key=lambda row: (row.at, row.life))


def lines(names: Iterable[str] = NAMES, *, legacy: bool = False) -> list[str]:
    """The raw event bodies of some lives, one life after the other; old shape where there is one, if so asked."""
    found: list[str] = []
    for name in names:
        path = HERE / "legacy" / f"{name}.jsonl" if legacy and name in LEGACY else HERE / f"{name}.jsonl"
        found += path.read_text().splitlines()
    return found


def shuffled(bodies: Sequence[str], seed: int) -> list[str]:
    """The same bodies in another order, every fifth told twice."""
    chance = random.Random(seed)
    told = [*bodies, *chance.sample(list(bodies), len(bodies) // 5)]
    chance.shuffle(told)
    return told


def created(body: str) -> int:
    """The vendor's own moment of an event, in seconds."""
    return int(json.loads(body)["created"])


def set_up() -> None:
    """What a user does first: a live gateway account, and the catalogue."""
    from goodstanding.gateways.services import ensure_stripe_account

    ensure_stripe_account()
    call_command("import", "catalogue", str(HERE / "catalogue.json"), stdout=StringIO())


def load(
    bodies: Iterable[str], folder: Path, *, create_members: bool = True, account: str = "stripe"
) -> dict[str, Any]:
    """Load events through ``events load`` and the ordinary worker; return what the command says."""
    path = folder / "events.jsonl"
    path.write_text("".join(f"{body}\n" for body in bodies))
    out = StringIO()
    options = ["--create-members"] if create_members else []
    call_command("events", "load", str(path), "--gateway", account, "--json", *options, stdout=out, stderr=StringIO())
    return dict(json.loads(out.getvalue()))


def standing(*moments: str, options: Sequence[str] = ()) -> list[dict[str, Any]]:
    """The documents of ``standing --all`` at each moment."""
    out = StringIO()
    call_command("standing", "--all", "--json", *options, *(["--at", *moments] if moments else []), stdout=out)
    found = json.loads(out.getvalue())
    return found if isinstance(found, list) else [found]


def differences(rows: Sequence[Row], documents: Sequence[dict[str, Any]]) -> list[str]:
    """What is not as it must be, in words."""
    by_moment = {document["at"]: document for document in documents}
    found = []
    for row in rows:
        members = [member for member in by_moment[row.at]["members"] if member["email"] in row.emails]
        if len(members) > 1:
            found.append(f"{row.life} at {row.at}: {len(members)} members")
        member = members[0] if members else {"status": "none", "levels": [], "covered_until": None}
        levels = [f"{each['level']}={each['status']}" for each in member["levels"] if each["status"] != "lapsed"]
        got = (member["status"], ";".join(sorted(levels)), member["covered_until"] or "")
        want = (row.status, row.levels, got[2] if row.until == "*" else row.until)
        if got != want:
            found.append(f"{row.life} at {row.at}: {got} instead of {want}")
    return found


def moments(rows: Sequence[Row]) -> list[str]:
    """The moments that rows ask for, each once."""
    return sorted({row.at for row in rows})
