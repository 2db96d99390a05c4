"""The site's dunning policy: which one is in force, the ladder that it gives a bill, and setting another one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from goodstanding.audit.services import note
from goodstanding.billing.models import DunningPolicy
from goodstanding.core import currencies
from goodstanding.core.dunning import BadLadder, ladder_of
from goodstanding.core.facts import Ladder

LONGEST_NOTICE = 180  # days
LISTED = 10
_WORDS = {
    "days": _("Write whole days, from 1 on; the last one within a year after the first failure."),
    "order": _("Each try must come after the one before it."),
    "too_many": _("At most 12 tries after the first one."),
    "at_end": _("Choose what happens at the end."),
    "end": _("The end comes on the day of the last try or later, within a year; where the bill is kept there is none."),
    "steps": _("There is no such step: the first failure is 1, and each later try one more."),
    "least": _("Write an amount above zero for each currency, once."),
    "notice": _("Write whole days, from 0 (never) to 180."),
}


class BadPolicy(ValueError):
    """The policy cannot be kept: ``code`` names why, ``words`` say it to staff. Nothing has changed."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code, self.words = code, _WORDS[code]


def in_force(at: datetime) -> DunningPolicy:
    """Return the policy that counts at ``at``; the one that a site begins with where none was set by then (unsaved)."""
    there = DunningPolicy.objects.filter(since__lte=at).order_by("-since").first()
    return there or DunningPolicy(since=at, days=list(Ladder().again_after))


def ladder(policy: DunningPolicy, currency: str) -> Ladder:
    """Return the ladder of bills in ``currency``. Raises :class:`goodstanding.core.dunning.BadLadder`."""
    return ladder_of(
        policy.days,
        from_previous=policy.counted == DunningPolicy.Counted.PREVIOUS,
        at_end=policy.at_end,
        end_after=policy.end_after,
        silent=policy.silent,
        least_minor=policy.least.get(currency, 0),
    )


def put(policy: DunningPolicy, *, reason: str, by: Any, now: datetime) -> None:
    """Have bills that are drawn up from ``now`` on follow this (unsaved) policy; open ones keep the ladder that they have.

    Leaves an audit note. Raises :class:`BadPolicy`.
    """
    policy.since = now
    try:
        ladder(policy, "")
    except BadLadder as bad:
        raise BadPolicy(bad.code) from None
    if any(currency not in currencies.CURRENT or amount < 1 for currency, amount in policy.least.items()):
        raise BadPolicy("least")
    if not 0 <= policy.card_notice_days <= LONGEST_NOTICE:
        raise BadPolicy("notice")
    if policy.counted not in DunningPolicy.Counted.values:
        raise BadPolicy("days")
    with transaction.atomic():
        policy.save(force_insert=True)
        note(by=by, on=policy, what="set dunning", why=reason, now=now)


def latest() -> list[DunningPolicy]:
    """Return the policies that were set last, the latest first."""
    return list(DunningPolicy.objects.order_by("-since")[:LISTED])
