"""What members hear by mail of pauses: that one is set, that it is over soon, that it is over, that it was dropped.

What happens during a pause (access ends for a while, nothing is charged) is told by the first of these and by no other mail.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from goodstanding import conf
from goodstanding.billing import recording, turns
from goodstanding.billing.models import GatewayCustomer, Subscription
from goodstanding.core import cards
from goodstanding.core.dunning import Act
from goodstanding.core.facts import PauseSpan, SubscriptionSeen
from goodstanding.core.fold import ENDED
from goodstanding.core.ids import derived
from goodstanding.core.ledger import Ledger
from goodstanding.core.standing import MemberAnswer, Why
from goodstanding.jobs import services as jobs
from goodstanding.jobs.writing import Writes
from goodstanding.people.models import Member

GOES_ON_SOON = "memberships.goes_on_soon"
BEFORE_IT_GOES_ON = timedelta(days=3)  # a shorter pause is not reminded of
WHILE_PAUSED = frozenset({Why.PAUSED, Why.PAUSED_UNTIL})
Post = Callable[[str, str, dict[str, Any]], object]
NameOf = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Told:
    """A subscription as it was told last, of whom, and how its level is called."""

    customer: GatewayCustomer
    ledger: Ledger
    tellings: Sequence[SubscriptionSeen]
    level: str
    page: str

    @property
    def last(self) -> SubscriptionSeen:
        """The last telling."""
        return self.tellings[-1]


def is_of_pauses(tellings: Sequence[SubscriptionSeen]) -> bool:
    """Return whether the last telling changed a pause, and nothing that is told otherwise: not that it ends."""
    last, before = tellings[-1], tellings[-2] if len(tellings) > 1 else None
    if before is None or last.status in ENDED or (last.ends_at is not None and before.ends_at is None):
        return False
    return (before.pauses, before.paused) != (last.pauses, last.paused)


def of_telling(told: Told, post: Post, writes: Writes, *, now: datetime) -> None:
    """Write of what the last telling changed about pauses, and have its member reminded before a set end."""
    before, last = told.tellings[-2], told.last
    about = f"{last.subscription}|{last.at.isoformat()}|{last.rank}"
    span = _span(last)
    if span is not None and len(last.pauses) + last.paused > len(before.pauses) + before.paused:
        context: dict[str, Any] = {"starts_on": _day(span.start), "goes_on_on": _day(span.end), **_charge(told)}
        context |= {"covered_until": _runs_on(told)} if last.paused else {}
        post("paused", about, {"level": told.level, "link": told.page, **context})
        _remind(told, span, writes, now=now)
    elif len(last.pauses) + last.paused < len(before.pauses) + before.paused and not before.paused:
        post("pause_dropped", about, {"level": told.level, "link": told.page, **_charge(told)})
    else:
        post("goes_on", about, {"level": told.level, "link": told.page, **_charge(told), **_card(told)})


def goes_on_soon(
    subscription: str, end: datetime, *, post: Callable[..., object], name_of: NameOf, page: str, now: datetime
) -> None:
    """Remind a member that a pause ends at ``end``, if it still does. Any number of times: it is written once."""
    rows = Subscription.objects.select_related("customer__member", "customer__gateway_account")
    row = rows.filter(pk=subscription, pause_until=end).exclude(status__in=ENDED).first()
    if row is None or not row.is_paused_at(now) or not row.customer.gateway_account.writes_to_members:
        return
    member: Member | None = row.customer.member
    if member is None:
        return
    ledger = Ledger(recording.objects_of([row.customer_id])[row.customer_id])
    tellings = ledger.subscriptions[row.external_id]
    told = Told(row.customer, ledger, tellings, level_of(tellings[-1], name_of), page)
    context = {"level": told.level, "goes_on_on": _day(end), "link": page, **_charge(told), **_card(told)}
    post("goes_on_soon", derived("soon", row.pk, end.isoformat()), member, context, now=now)


def level_of(last: SubscriptionSeen, name_of: NameOf) -> str:
    """Return how the level is called that a subscription is of, first of all."""
    return name_of(last.items[0].hints.level) if last.items else ""


def paused_levels(answer: MemberAnswer) -> set[str]:
    """Return the levels of those memberships that are paused: their members have not lapsed, and hear nothing of the kind."""
    return {each.level for _, each in answer.memberships if each.because.why in WHILE_PAUSED}


def _span(last: SubscriptionSeen) -> PauseSpan | None:
    """The last pause; where a gateway pauses, from when it was told."""
    if last.paused:
        return PauseSpan(last.at, last.resumes_at)
    return last.pauses[-1] if last.pauses else None


def _remind(told: Told, span: PauseSpan, writes: Writes, *, now: datetime) -> None:
    if span.end is None or span.end - BEFORE_IT_GOES_ON <= max(now, span.start):
        return
    row = derived("sub", told.customer.gateway_account_id, told.last.subscription)
    payload = {"subscription": row, "end": span.end.isoformat()}
    key = f"{row}|{span.end.isoformat()}"
    writes.new([jobs.once(GOES_ON_SOON, key=key, due_at=span.end - BEFORE_IT_GOES_ON, now=now, payload=payload)])


def _charge(told: Told) -> dict[str, date | None]:
    """When something is charged next, where our clock knows."""
    step = turns.step_of(told.ledger, told.last.subscription) if told.last.ours else None
    return {"next_charge_on": _day(step.start) if step is not None and step.act is Act.RENEW else None}


def _runs_on(told: Told) -> datetime | None:
    """Until when what is paid runs on where a gateway pauses: it charges nothing, and moves nothing."""
    paid = turns.last_period(told.ledger, told.last.subscription)
    return paid.end if paid is not None else None


def _card(told: Told) -> dict[str, Any]:
    """The card that pays, where it will not be good by the next charge."""
    good_before, charge_on = told.customer.card_good_before, _charge(told)["next_charge_on"]
    if good_before is None or charge_on is None or charge_on < good_before:
        return {}
    name = cards.known_as(told.customer.card_label, told.customer.card_last4)
    return {"card": name, "good_until": cards.last_good_day(good_before)}


def _day(moment: datetime | None) -> date | None:
    return moment.astimezone(conf.time_zone()).date() if moment is not None else None
