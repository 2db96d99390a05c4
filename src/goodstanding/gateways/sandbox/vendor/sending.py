"""The vendor's messages on their way: signed, sent over HTTP by the worker or handed over in the process, and cleared away."""

from __future__ import annotations

import hashlib
import hmac
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.urls import reverse

from goodstanding import conf
from goodstanding.gateways import receiving
from goodstanding.gateways.protocol import Account, Send
from goodstanding.gateways.sandbox.models import Message
from goodstanding.jobs import lease

SIGNATURE_HEADER = "Sandbox-Signature"
KEPT_FOR = timedelta(days=30)
PURGE_BATCH = 500
TIMEOUT_SECONDS = 10

State = Message.State


class NotTaken(Exception):
    """The address did not take the message. The text says why, and nothing of what it says."""


def signature(body: bytes, *, secret: str, at: datetime) -> str:
    """Return the header's value: the stamp in whole seconds, and the HMAC-SHA256 of stamp, point, body."""
    stamp = str(int(at.timestamp()))
    digest = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={digest}"


def headers(account: Account, body: bytes, *, at: datetime) -> Mapping[str, str]:
    """Return the headers of a message to ``account``; while a secret is rolled, the new one signs."""
    secret = next(iter(account.webhook_secrets()), "")
    return {"Content-Type": "application/json", SIGNATURE_HEADER: signature(body, secret=secret, at=at)}


def deliver(send: Send, *, account: Account, now: datetime) -> int:
    """Hand over what is due, in its order, in this process; return how many messages were taken. What raises stays due."""
    taken = 0
    for message in Message.objects.filter(account=account.code).due(now):
        _send(message, send, account, now)
        held = Message.objects.filter(pk=message.pk, state=State.WAITING)
        taken += held.update(state=State.SENT, closed_at=now, lease_token=message.lease_token + 1)
    return taken


def claim(*, now: datetime, worker: str, limit: int) -> list[Message]:
    """Claim messages that are due, for the worker."""
    return lease.claim(Message.objects.select_related("account"), now=now, worker=worker, limit=limit)


def process(message: Message, *, now: datetime) -> None:
    """Send a claimed message over HTTP; a failure is booked and tried again later."""
    _carry(message, lambda head, body: post(message.account_id, head, body), now=now)


def process_here(message: Message, *, now: datetime) -> None:
    """Hand a claimed message over in this process, to the same receiver; a failure is booked and tried again later."""
    _carry(message, lambda head, body: receiving.receive(message.account, head, body, now=now), now=now)


def post(account: str, head: Mapping[str, str], body: bytes) -> None:
    """Send a body to our own address for webhooks. Raises :class:`NotTaken`."""
    extra = {"X-Forwarded-Proto": "https"} if conf.HTTPS.value() else {}  # as the proxy in front of it would say
    request = urllib.request.Request(address(account), data=body, headers={**head, **extra}, method="POST")  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - our own address
            answer.read()
    except urllib.error.HTTPError as error:
        raise NotTaken(f"answered {error.code}") from None
    except OSError as error:
        raise NotTaken(type(error).__name__) from None


def address(account: str) -> str:
    """Return where the account's messages go: the site's own receiver."""
    return conf.sandbox_url().rstrip("/") + reverse("gs_inbox:receive", args=["sandbox", account])


def purge(*, before: datetime) -> int:
    """Delete one batch of messages that were over before ``before``; return how many."""
    old = Message.objects.exclude(state=State.WAITING).filter(closed_at__lt=before).order_by("closed_at")
    return Message.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:PURGE_BATCH])).delete()[0]


def _carry(message: Message, send: Send, *, now: datetime) -> None:
    def work() -> None:
        if message.account.is_active:
            _send(message, send, message.account, now)
        lease.close(message, state=State.SENT, closed_at=now, last_error="")

    lease.carry(message, work, now=now)


def _send(message: Message, send: Send, account: Account, now: datetime) -> None:
    body = message.body.encode()
    for _ in range(message.copies):
        send(headers(account, body, at=now), body)
