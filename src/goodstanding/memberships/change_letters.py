"""What members and staff hear by mail of a change of level that a member set: when it is set, and when it is made (P33).

What staff set is told by them, if they choose to (:mod:`goodstanding.memberships.changing_by_staff`). A change that is void,
as its level was lost before, is told by the mail of that loss.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any

from goodstanding import conf
from goodstanding.billing.models import GatewayCustomer
from goodstanding.catalogue.models import Level
from goodstanding.core.fold import ENDED, Key
from goodstanding.core.ids import derived
from goodstanding.core.ledger import Ledger
from goodstanding.memberships.level_decisions import LevelDecision

JUST_NOW = timedelta(days=2)
Post = Callable[..., None]
Page = Callable[..., str]
MEMBER, HOME = "gs_office:member", "gs_portal:membership"


def made(
    customer: GatewayCustomer,
    ledger: Ledger,
    changed: Collection[Key],
    *,
    now: datetime,
    post: Post,
    page: Page,
) -> None:
    """Have written that changes, set before by the member, have just been made. No query where none was."""
    for kind, ref in sorted(changed):
        tellings = ledger.subscriptions.get(ref, ()) if kind == "subscription" else ()
        if len(tellings) < 2 or not tellings[-1].ours:
            continue
        before, last = tellings[-2], tellings[-1]
        if not before.next_items or last.next_items or last.status in ENDED or last.at < now - JUST_NOW:
            continue
        level = last.items[0].hints.level
        if level != before.next_items[0].hints.level or level == before.items[0].hints.level:
            continue  # taken back, or fewer seats, or another interval
        about = derived("sub", customer.gateway_account_id, ref)
        if LevelDecision.objects.filter(about=about, effect_at__gt=now - JUST_NOW).exists():
            continue  # staff's own
        tell(customer, level, f"{ref}|{last.at.isoformat()}", None, now=now, post=post, page=page)


def tell(
    customer: GatewayCustomer,
    level: str,
    about: str,
    since: datetime | None,
    *,
    now: datetime,
    post: Post,
    page: Page,
) -> None:
    """Write to the member, where we write to members, and to staff, where they want that: a change to ``level`` (by name of
    its row) is set for ``since``, or made (``None``). Once about one thing.
    """
    member = customer.member
    if member is None:
        return
    name = Level.objects.filter(pk=level).values_list("name", flat=True).first() or level
    context: dict[str, Any] = {"level": name, "since": since}
    about = f"{customer.gateway_account_id}|{about}"
    if customer.gateway_account.writes_to_members:
        post("level_planned", about, member, context | {"link": page(HOME)}, now=now)
    staff = conf.STAFF_MAIL.value()
    if staff:
        told = context | {"member": member.name or member.email, "link": page(MEMBER, member.pk)}
        post("staff_level_planned", about, member, told, now=now, to=staff)
