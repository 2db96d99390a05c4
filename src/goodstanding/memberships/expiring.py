"""Cards that expire: whose renewals one pays that will not be good by then. Reads what is kept of cards, asks no gateway.

Where a gateway keeps no cards (what is paid by hand) nothing is kept of one, and nobody is found here.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from goodstanding import conf
from goodstanding.billing import policies
from goodstanding.billing.attempts import CARD_SEEN
from goodstanding.billing.models import GatewayCustomer, InvoiceLine, Subscription
from goodstanding.billing.models.pausing import paused_at
from goodstanding.core.cards import known_as, last_good_day
from goodstanding.core.fold import SubscriptionStatus
from goodstanding.jobs import services as jobs
from goodstanding.memberships import letters
from goodstanding.people.models import Member

CARDS_EXPIRE = "memberships.cards_expire"  # the recurring job
BATCH = 200
RENEWING = tuple(
    str(status)
    for status in (
        SubscriptionStatus.ACTIVE,
        SubscriptionStatus.TRIALING,
        SubscriptionStatus.PAST_DUE,
        SubscriptionStatus.UNPAID,
    )
)
CHARGED = Q(status__in=RENEWING, ends_at=None) & ~Q(pause_from__isnull=False, pause_until=None)  # some time, by itself


def write(*, after: str, now: datetime) -> str:
    """Write to one batch of those whose card expires within the days that the policy says; return the last customer, ``""`` at the end.

    Any number of times: once for each card. Also to whom the card will be missing only later than the next renewal; not for
    what is paused: before that goes on, its member is told of the card with it (:mod:`goodstanding.memberships.pause_letters`).
    """
    rows = _due(now=now).filter(pk__gt=after).order_by("pk")[:BATCH]
    found = list(rows)
    for customer in found:
        _tell(customer, now=now)
    if not after:
        _look_at_unknown(now=now)
    return found[-1].pk if len(found) == BATCH else ""


def _look_at_unknown(*, now: datetime) -> None:
    """Have some of the cards looked at of which nothing is kept yet: they were chosen before anything was."""
    rows = GatewayCustomer.objects.filter(Exists(_renewing(when=False)), card_last4="", gateway_account__is_active=True)
    for pk in rows.exclude(method="").order_by("pk").values_list("pk", flat=True)[:BATCH]:
        jobs.add(CARD_SEEN, key=pk, due_at=now, now=now)


def sweep(*, now: datetime) -> int:
    """The same for a simulation: return how many mails were new, of one batch."""
    return sum(_tell(customer, now=now) for customer in _due(now=now).order_by("card_good_before", "pk")[:BATCH])


def before_renewal() -> QuerySet[GatewayCustomer]:
    """Return the customers whose card will not be good any more when something of theirs renews: with when, as ``renews_at``."""
    late = _renewing().filter(renews_at__gte=OuterRef("card_good_before"))
    rows = GatewayCustomer.objects.filter(Exists(late), card_good_before__isnull=False, member__isnull=False)
    return rows.annotate(renews_at=Subquery(late.order_by("renews_at").values("renews_at")[:1]))


def next_renewal(customer: GatewayCustomer) -> datetime | None:
    """Return when something of a customer renews next."""
    moments = [row.renews_at for row in _of(customer.pk) if row.renews_at is not None]
    return min(moments, default=None)


def soon(member: Member, *, now: datetime) -> list[GatewayCustomer]:
    """Return those of a member's cards that pay what renews and expire soon, or have expired: within the policy's days."""
    today = _today(now)
    rows = member.customers.filter(
        Exists(_renewing(when=False)), card_good_before__lte=today + timedelta(days=policies.LONGEST_NOTICE)
    )
    found = list(rows.order_by("card_good_before", "pk"))
    days = max(policies.in_force(now).card_notice_days, 1) if found else 0
    return [each for each in found if each.card_good_before and each.card_good_before <= today + timedelta(days=days)]


def _due(*, now: datetime) -> QuerySet[GatewayCustomer]:
    days, today = policies.in_force(now).card_notice_days, _today(now)
    return GatewayCustomer.objects.select_related("member", "gateway_account").filter(
        Exists(_renewing(when=False).exclude(paused_at(now))),
        card_good_before__gt=today,
        card_good_before__lte=today + timedelta(days=days) if days else today,
        member__isnull=False,
        gateway_account__writes_to_members=True,
        gateway_account__is_active=True,
    )


def _tell(customer: GatewayCustomer, *, now: datetime) -> bool:
    assert customer.card_good_before is not None, customer.pk
    assert customer.member is not None, customer.pk
    renews_at = next_renewal(customer)
    good_until = last_good_day(customer.card_good_before)
    context: dict[str, Any] = {
        "card": card_words(customer),
        "good_until": good_until,
        "next_charge_on": renews_at.astimezone(conf.time_zone()).date() if renews_at else None,
    }
    return letters.of_card(customer.member, f"{customer.pk}|{customer.method}|{good_until}", context, now=now)


def card_words(customer: GatewayCustomer) -> str:
    """Return the card that pays as people know it."""
    return known_as(customer.card_label, customer.card_last4)


def _of(customer: str) -> QuerySet[Any]:
    return _with_moment(Subscription.objects.filter(CHARGED, customer=customer))


def _renewing(*, when: bool = True) -> QuerySet[Any]:
    """What renews, of the customer that is looked at; with the moment of it where that is asked for."""
    rows = Subscription.objects.filter(CHARGED, customer=OuterRef("pk"))
    return _with_moment(rows) if when else rows


def _with_moment(rows: QuerySet[Any]) -> QuerySet[Any]:
    """With when each renews: our clock's turn; where a gateway bills, the end of what it billed last."""
    lines = InvoiceLine.objects.filter(
        invoice__gateway_account=OuterRef("gateway_account"),
        invoice__subscription=OuterRef("external_id"),
        kind="regular",
    )
    last = lines.order_by().values("invoice__subscription").annotate(last=Max("end_at")).values("last")
    found: QuerySet[Any] = rows.annotate(renews_at=Coalesce(F("turn__due_at"), Subquery(last)))
    return found


def _today(now: datetime) -> date:
    return now.astimezone(conf.time_zone()).date()
