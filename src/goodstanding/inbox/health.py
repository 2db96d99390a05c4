"""How the gateways are, for staff."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Count, Min, OuterRef, Subquery

from goodstanding.gateways.models import GatewayAccount
from goodstanding.inbox.models import WebhookEvent

IGNORED_WITHIN = timedelta(days=30)
DEAD_SHOWN = 20


@dataclass(slots=True)
class AccountHealth:
    """How one account is. ``oldest_at``: when the oldest event that is not taken in yet was received."""

    account: GatewayAccount
    last_at: datetime | None
    waiting: int = 0
    failed: int = 0
    dead: int = 0
    oldest_at: datetime | None = None
    ignored: dict[str, int] = field(default_factory=dict)

    @property
    def can_receive(self) -> bool:
        """Whether its address accepts anything."""
        return self.account.is_active and bool(self.account.webhook_secrets())


@dataclass(frozen=True, slots=True)
class Health:
    """How all accounts are, and the newest of the events given up on."""

    accounts: tuple[AccountHealth, ...]
    dead: tuple[WebhookEvent, ...]
    ignored_since: datetime


def health(*, now: datetime) -> Health:
    """Return how the gateways are. Statements: six, however many accounts and events there are."""
    events = WebhookEvent.objects.all()
    newest = events.filter(gateway_account=OuterRef("pk")).order_by("-received_at").values("received_at")[:1]
    last = dict(GatewayAccount.objects.values_list("pk").annotate(last_at=Subquery(newest)))
    rows = GatewayAccount.objects.order_by("code")
    accounts = {account.pk: AccountHealth(account, last[account.pk]) for account in rows}
    by_state = events.open().order_by().values_list("gateway_account_id", "state")
    for code, state, count, oldest_at in by_state.annotate(Count("pk"), Min("received_at")):
        row = accounts[code]
        if state == WebhookEvent.State.WAITING:
            row.waiting = count
        else:
            row.failed = count
        row.oldest_at = min(row.oldest_at or oldest_at, oldest_at)
    for code, count in events.dead().order_by().values_list("gateway_account_id").annotate(Count("pk")):
        accounts[code].dead = count
    since = now - IGNORED_WITHIN
    ignored = events.filter(state=WebhookEvent.State.IGNORED, received_at__gte=since)
    by_reason = ignored.order_by("gateway_account_id", "reason").values_list("gateway_account_id", "reason")
    for code, reason, count in by_reason.annotate(Count("pk")):
        accounts[code].ignored[reason] = count
    dead = events.dead().defer("body").newest_first()[:DEAD_SHOWN]
    return Health(tuple(accounts.values()), tuple(dead), since)
