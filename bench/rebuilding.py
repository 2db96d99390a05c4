"""Making all records anew from the facts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO

from django.core.management import call_command

from bench import floors, measure
from bench.report import Measurement
from goodstanding.billing.models import Fact, GatewayCustomer


def measurements(*, rounds: int) -> Iterator[Measurement]:
    """Measure ``check --rebuild``, and make sure that it finds nothing."""
    members = GatewayCustomer.objects.count()
    facts = Fact.objects.count()
    rounds = rounds if members < 5_000 else 1

    def rebuild() -> None:
        out = StringIO()
        call_command("check_records", rebuild=True, json=True, stdout=out)
        found = json.loads(out.getvalue())
        assert found["findings"] == [], found["findings"][:5]
        assert found["rebuilt"]["customers"] == members, found["rebuilt"]

    spent = measure.seconds(rebuild, rounds=rounds)
    read = floors.seconds_to_read(Fact._meta.db_table, "body")
    yield Measurement(
        f"check --rebuild, members ({facts / members:.0f} facts each)",
        members / spent,
        "/s",
        2000,
        at_least=True,
        floor=members / read,
        floor_is="read the facts",
    )
    yield Measurement("check --rebuild, facts", facts / spent, "/s", at_least=True)
