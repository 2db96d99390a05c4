"""An organisation of any size: everybody pays by the month, has three invoices behind him, and is due for renewal now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

from django.core.management import call_command
from django.db import connection

from bench import cloning, ours
from bench.life import CATALOGUE, Life
from goodstanding.billing.models import GatewayCustomer
from goodstanding.gateways.models import GatewayAccount
from goodstanding.gateways.services import ensure_stripe_account
from goodstanding.inbox import services as inbox
from goodstanding.inbox.models import WebhookEvent
from goodstanding.jobs.worker import Worker

SECRET = "whsec_bench_0123456789abcdefghij"
SHORT, LONG = 3, 120  # invoices


class Organisation:
    """The members, by kind: ``s`` and ``l`` pay at Stripe and have a short or a long history, ``o`` are renewed by us.

    ``now`` is when it was founded by us.
    """

    def __init__(self, *, now: datetime, long_invoices: int = LONG) -> None:
        self.now = now
        self.due = {"s": SHORT, "l": long_invoices}
        self.count = {"s": 0, "l": 0}
        self.taken = {"s": 0, "l": 0}  # members whose renewal has come
        self.strangers = 0
        self.account = _account()
        self.ours = ours.set_up(now=now)
        self.models = {kind: self._model(kind) for kind in self.due} | {"o": self._model_of_ours()}
        self.due["o"], self.count["o"], self.taken["o"] = 1, 0, 0

    def life(self, kind: str, number: int) -> Life:
        """Return the life of a member."""
        return Life(self.token(kind, number), self.due[kind], self.now)

    def token(self, kind: str, number: int) -> str:
        """Return what a member's customer is called."""
        return f"{kind}{number:07d}"

    def take(self, kind: str, count: int) -> range:
        """Return the numbers of members whose renewal has not come yet; it comes now."""
        start = self.taken[kind]
        assert start + count <= self.count[kind], f"{kind}: too few members"
        self.taken[kind] += count
        return range(start, start + count)

    def customer(self, kind: str, number: int) -> GatewayCustomer:
        """Return a member's customer."""
        return GatewayCustomer.objects.get(external_id__endswith=self.token(kind, number))

    def grow(self, kind: str, until: int) -> None:
        """Add members until there are so many of this kind."""
        begin = self.count[kind]
        for start in range(begin, until, cloning.BATCH):
            tokens = [self.token(kind, number) for number in range(start, min(start + cloning.BATCH, until))]
            cloning.insert(self.models[kind].copies(tokens))
        self.count[kind] = max(until, begin)
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")

    def _model(self, kind: str) -> cloning.Model:
        life = Life(cloning.TOKEN, self.due[kind], self.now)
        before = cloning.snapshot()
        with cloning.derivations() as made:
            take_in(self.account, life.begun, now=self.now, create_members=True)
        rows: dict[Any, Any] = cloning.written(before, cloning.snapshot())
        _forget(rows)
        for table, new in rows.items():
            if table[0] == WebhookEvent._meta.db_table:
                rows[table] = _paid_and_purged(table, new)
        return cloning.Model(rows, made)

    def _model_of_ours(self) -> cloning.Model:
        rows, made = ours.model(self.ours, now=self.now)
        _forget(rows)
        return cloning.Model(rows, made)


def take_in(account: GatewayAccount, bodies: Sequence[str], *, now: datetime, create_members: bool = False) -> None:
    """File events as loaded by hand and have the real worker take them in."""
    batch = inbox.Batch("bench", create_members, position=0)
    inbox.file(
        account, [(inbox.inspect(account, body.encode()), body.encode()) for body in bodies], now=now, batch=batch
    )
    Worker(now=lambda: now + timedelta(seconds=1)).drain()
    assert not WebhookEvent.objects.open().exists()
    assert not WebhookEvent.objects.dead().exists()


def _account() -> GatewayAccount:
    account = ensure_stripe_account()
    account.webhook_secret = SECRET
    account.save()
    call_command("import", "catalogue", str(CATALOGUE), stdout=StringIO())
    return account


def _forget(rows: dict[cloning.Table, list[cloning.Row]]) -> None:
    """Take the model's own rows away: the organisation has copies only."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            names = ", ".join(f'"{table}"' for table, _ in rows)
            cursor.execute(f"TRUNCATE {names} CASCADE")
            return
        cursor.execute("PRAGMA foreign_keys=OFF")
        for table, _ in rows:
            cursor.execute(f'DELETE FROM "{table}"')
        cursor.execute("PRAGMA foreign_keys=ON")


def _paid_and_purged(table: cloning.Table, rows: Sequence[cloning.Row]) -> list[cloning.Row]:
    """Of the events keep one for each invoice, without its body, as after ninety days."""
    kind, body = table[1].index("type"), table[1].index("body")
    return [(*row[:body], None, *row[body + 1 :]) for row in rows if row[kind] == "invoice.paid"]
