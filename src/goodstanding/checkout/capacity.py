"""Levels that only so many may hold at a time. Who holds one keeps it, whatever happens to the number of places."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import connection
from django.db.models import F
from django.utils.translation import gettext as _

from goodstanding.billing.models import PaymentAttempt
from goodstanding.catalogue.models import Level, Price
from goodstanding.checkout.models import Checkout
from goodstanding.checkout.refusals import Refused
from goodstanding.core.records import Status
from goodstanding.memberships.documents import from_moment
from goodstanding.memberships.models import MemberStanding
from goodstanding.people.models import Member

HOLDING = frozenset({str(each) for each in (Status.GOOD, Status.GRACE, Status.HELD, Status.PENDING)})
OVER = (str(Status.NONE), str(Status.LAPSED))


def require_place(prices: Iterable[Price], *, member: Member | None, now: datetime) -> None:
    """Raise :class:`Refused` where a level of ``prices`` is full. Who is to pay for it has a place; ``member`` is not counted.

    No query where no level has a number of places. In a transaction the level is locked first, so that the last place is
    given to one.
    """
    for price in prices:
        if price.level.capacity is None:
            continue
        if connection.in_atomic_block:
            Level.objects.select_for_update().get(pk=price.level_id)
        if len(_holders(price.level_id, now=now) - {member.pk if member else ""}) >= price.level.capacity:
            raise Refused("level_full", _("“%(level)s” has no place left at the moment.") % {"level": price.level.name})


def _holders(level: str, *, now: datetime) -> set[str]:
    """The members who hold a level, will hold it by what they paid ahead, or are about to pay for it: by their standing as it
    is foreseen, and by payments that are under way. Which of their memberships is the open one says nothing of that.
    """
    rows = MemberStanding.objects.filter(member__memberships__level=level).exclude(status__in=OVER, changes_at=None)
    found = {
        member
        for member, outlook in rows.values_list("pk", "outlook")
        if any(
            each["level"] == level and each["status"] in HOLDING
            for document in from_moment(outlook, now)
            for each in document["levels"]
        )
    }
    begun = Checkout.objects.filter(price__level=level, state=Checkout.State.OPEN, pays_for=F("pk"))
    tried = PaymentAttempt.objects.exclude(state=PaymentAttempt.State.FAILED).filter(pays_for__in=begun.values("pk"))
    return found | set(tried.values_list("customer__member", flat=True))
