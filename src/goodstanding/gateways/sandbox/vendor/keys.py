"""A request with a key is done once; asked again it gets the first answer, be it a refusal."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from goodstanding.core import codec
from goodstanding.core.facts import Fact
from goodstanding.gateways.protocol import Account, GatewayRefused, Refusal
from goodstanding.gateways.requests import Begun, Redirect, Taken
from goodstanding.gateways.sandbox.models import Kept
from goodstanding.gateways.sandbox.vendor import faults
from goodstanding.jobs import inserting

KEY_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered. ``refused``: the code of a refusal. ``lost``: nobody hears it the first time."""

    ref: str = ""
    facts: tuple[Fact, ...] = ()
    url: str = ""
    method: str = ""
    refused: str = ""
    detail: str = ""
    retry: bool = False
    lost: bool = False

    def begun(self) -> Begun:
        """Return it as the answer to a beginning, or raise :class:`GatewayRefused`."""
        return Redirect(self.url, self.ref) if self.url else self.taken()

    def taken(self) -> Taken:
        """Return it as something done, or raise :class:`GatewayRefused`."""
        if self.refused:
            raise GatewayRefused(self.refused, self.detail, retry=self.retry, facts=self.facts)
        return Taken(self.ref, self.facts, self.method)


def once(account: Account, key: str, asked: tuple[object, ...], act: Callable[[], Answer]) -> Answer:
    """Return the answer of ``act``, done in a transaction of its own; for a key that is known, the first answer.

    What cannot be asked for (``act`` raises) leaves nothing, not even the key. Another question under a known key is
    refused (``key_reused``).
    """
    if not 0 < len(key) <= KEY_LENGTH:
        raise GatewayRefused(Refusal.BAD_REQUEST, "a request needs a key of at most 200 characters", retry=False)
    digest = hashlib.sha256(repr(asked).encode()).hexdigest()
    ordered = faults.meet_request(account.code)
    with faults.while_ordered(ordered), transaction.atomic(durable=True):
        _let_it_reach_the_disk_with_ours()
        # Whoever asks at the same time waits here for the first one's commit.
        new = Kept(account_id=account.code, key=key, asked=digest)
        if not inserting.insert(Kept, [new], conflict=inserting.Conflict.KEEP):
            row = Kept.objects.get(account_id=account.code, key=key)
            if row.asked != digest:
                raise GatewayRefused(Refusal.KEY_REUSED, "something else was asked under this key", retry=False)
            return _read(row.answer)
        answer = act()
        _keep(account.code, key, answer)
    faults.meet_answer(account.code, ordered, lost=answer.lost)
    return answer


def at_once(account: Account, act: Callable[[], Answer]) -> Answer:
    """Return the answer of ``act``, which may be done any number of times, done in a transaction of its own."""
    ordered = faults.meet_request(account.code)
    with faults.while_ordered(ordered), transaction.atomic(durable=True):
        answer = act()
    faults.meet_answer(account.code, ordered)
    return answer


def ref_of(account: str, key: str) -> str:
    """Return what was made under ``key``, or ``""``."""
    row = Kept.objects.filter(account_id=account, key=key).first()
    return str(row.answer.get("ref", "")) if row else ""


def _let_it_reach_the_disk_with_ours() -> None:
    """Have this commit not wait for the disk: what the site commits after it, in the same log, brings it there.

    So of what was answered nothing is lost that the site knows of; what it does not know of it asks again.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit TO off")


def _keep(account: str, key: str, answer: Answer) -> None:
    table = connection.ops.quote_name(Kept._meta.db_table)
    statement = f"UPDATE {table} SET answer = %s WHERE account_id = %s AND key = %s"  # noqa: S608 (our own name)
    with connection.cursor() as cursor:
        cursor.execute(statement, [json.dumps(_written(answer)), account, key])


def _written(answer: Answer) -> dict[str, Any]:
    return {
        "ref": answer.ref,
        "facts": [codec.encode(fact) for fact in answer.facts],
        "url": answer.url,
        "method": answer.method,
        "refused": answer.refused,
        "detail": answer.detail,
        "retry": answer.retry,
    }


def _read(data: dict[str, Any]) -> Answer:
    return Answer(**{**data, "facts": tuple(codec.decode(fact) for fact in data["facts"])})
