"""The status that lists show: read for display, said otherwise by staff, and deceased (X03). It opens no door.

What is shown follows from the records (:mod:`goodstanding.core.status`) each time that it is shown. Stored are only the
site's rules, and what staff said: an override of one membership, and the day on which somebody died.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from goodstanding import conf
from goodstanding.audit.services import note
from goodstanding.billing.models import Subscription
from goodstanding.core.fold import ENDED
from goodstanding.core.ids import derived
from goodstanding.core.periods import Interval, Unit
from goodstanding.core.records import MembershipRecord
from goodstanding.core.standing import judge
from goodstanding.core.status import NO_STATUS, RULES, Bound, Day, Override, Rule, Said, Shown, displayed
from goodstanding.memberships import ending
from goodstanding.memberships.models import Membership, StatusOverride, StatusRule
from goodstanding.memberships.reading import records_of
from goodstanding.memberships.services import DecisionRefused
from goodstanding.people.models import Member

WORDS = {
    NO_STATUS: gettext_lazy("no status"),
    Shown.NEW: gettext_lazy("new"),
    Shown.CURRENT: gettext_lazy("current"),
    Shown.GRACE: gettext_lazy("grace"),
    Shown.EXPIRED: gettext_lazy("expired"),
    Shown.PENDING: gettext_lazy("pending"),
    Shown.CANCELLED: gettext_lazy("cancelled"),
    Shown.DECEASED: gettext_lazy("deceased"),
}


@dataclass(frozen=True, slots=True)
class Status:
    """What one membership is called. ``override``: what staff said, where that decides."""

    said: Said
    override: StatusOverride | None = None

    @property
    def words(self) -> str:
        """The status for people; a site's own as the site wrote it."""
        return str(WORDS.get(self.said.status, self.said.status))


def rules() -> tuple[Rule, ...]:
    """Return the site's rules in their order, or the stock ones where it has none. One query."""
    rows = list(StatusRule.objects.all())
    found = (_rule(row) for row in rows)
    return tuple(rule for rule in found if rule is not None) if rows else RULES


def names() -> list[str]:
    """Return the statuses that staff may say: those that we know, and those of the site's rules."""
    known = [str(status) for status in Shown if status is not Shown.DECEASED]
    return list(dict.fromkeys([*known, *StatusRule.objects.values_list("status", flat=True)]))


def statuses_of(
    members: Iterable[Member],
    records: Mapping[str, Sequence[MembershipRecord]],
    at: datetime,
    *,
    known_by: datetime | None = None,
) -> dict[str, Status]:
    """Return what each membership is called at ``at``, by its id. ``records``: those of each member, by public id.

    Three queries, however many they are. ``known_by``: staff's words only as far as they were said by then.
    """
    people = {member.pk: member for member in members}
    zones = dict(Membership.objects.filter(member__in=people).values_list("pk", "time_zone"))
    said: defaultdict[str, list[StatusOverride]] = defaultdict(list)
    for row in StatusOverride.objects.filter(member__in=people).select_related("by"):
        if known_by is None or row.since <= known_by:
            said[row.membership].append(row)
    by = rules()
    found = {}
    for pk, member in people.items():
        for record in records.get(pk, ()):
            overrides = {_override(row, known_by): row for row in said[record.ref]}
            zone = ZoneInfo(zones[record.ref]) if record.ref in zones else conf.time_zone()
            shown = displayed(record, at, tz=zone, rules=by, overrides=list(overrides), deceased_on=member.deceased_on)
            found[record.ref] = Status(shown, overrides[shown.override] if shown.override else None)
    return found


def listed(members: Sequence[Member], *, now: datetime) -> dict[str, str]:
    """Return what each member's memberships are called now, in words, by the member's id: ``full: current``.

    From the records: as many queries as for one, but each member costs the reading of a story, so only where it is asked for.
    """
    records = records_of([member.pk for member in members])
    called = statuses_of(members, records, now)
    found = {}
    for pk, theirs in records.items():
        held = [(judge(record, now).level, called[record.ref].words) for record in theirs]
        found[pk] = ", ".join(f"{level}: {words}" for level, words in sorted(held) if level)
    return found


def say(
    membership: Membership, *, status: str, until_on: date | None, for_good: bool, reason: str, by: Any, now: datetime
) -> StatusOverride:
    """Have a membership called ``status`` until the day ``until_on``, or ``for_good``. Nothing but the display changes.

    Raises :class:`DecisionRefused` without a status or a reason, without a day where it is not for good, with one that has
    come already, and with both.
    """
    if not status.strip():
        raise DecisionRefused(_("Say which status it is to have."))
    if not reason.strip():
        raise DecisionRefused(_("Say why: overrides are looked at again later."))
    if for_good and until_on is not None:
        raise DecisionRefused(_("Either until a day or for good: leave the day empty, or choose “until a day”."))
    if not for_good and until_on is None:
        raise DecisionRefused(_("Say until which day."))
    if until_on is not None and until_on <= now.astimezone(conf.time_zone()).date():
        raise DecisionRefused(_("The day on which it is over must lie ahead."))
    with transaction.atomic():
        made = StatusOverride.objects.create(
            id=derived("sov", secrets.token_hex(16)),
            member_id=membership.member_id,
            membership=membership.pk,
            status=status.strip(),
            since=now,
            until_on=until_on,
            reason=reason,
            by=by,
        )
        note(by=by, on=made, what="override status", why=reason, now=now)
    return made


def take_back(override: StatusOverride, *, reason: str, by: Any, now: datetime) -> None:
    """Have a membership called again what follows. Raises :class:`DecisionRefused` where it was taken back already."""
    with transaction.atomic():
        rows = StatusOverride.objects.filter(pk=override.pk, withdrawn_at=None)
        if not rows.update(withdrawn_at=now):
            raise DecisionRefused(_("This was taken back already."))
        note(by=by, on=override, what="withdraw status override", why=reason, now=now)


def died(member: Member, *, on: date, reason: str, by: Any, now: datetime) -> None:
    """Record that a member died: nothing of his renews any more, and nobody writes to him. What is paid stays.

    Raises :class:`DecisionRefused` for a day to come and where it is recorded already, and
    :class:`goodstanding.memberships.ending.CannotEnd` while a payment of his is under way.
    """
    if on > now.astimezone(conf.time_zone()).date():
        raise DecisionRefused(_("That day has not come yet."))
    with transaction.atomic():
        if not Member.objects.filter(pk=member.pk, deceased_on=None).update(deceased_on=on):
            raise DecisionRefused(_("It is recorded already that this member died."))
        member.deceased_on = on
        note(by=by, on=member, what="record death", why=reason, now=now)
        rows = Subscription.objects.filter(customer__member=member).exclude(status__in=ENDED)
        for subscription in rows.select_related("customer", "gateway_account").order_by("pk"):
            if subscription.ends_at is None or subscription.ends_at > now:
                ending.end_now(subscription, now=now)


def lives(member: Member, *, reason: str, by: Any, now: datetime) -> None:
    """Take it back that a member died; what was ended stays ended. Raises :class:`DecisionRefused` where it is not recorded."""
    with transaction.atomic():
        if not Member.objects.filter(pk=member.pk).exclude(deceased_on=None).update(deceased_on=None):
            raise DecisionRefused(_("It is not recorded that this member died."))
        member.deceased_on = None
        note(by=by, on=member, what="withdraw death", why=reason, now=now)


def _rule(row: StatusRule) -> Rule | None:
    if not row.since_of:
        return None
    until = _bound(row.until_of, row.until_count, row.until_unit) if row.until_of else None
    return Rule(row.status, _bound(row.since_of, row.since_count, row.since_unit), until)


def _bound(of: str, count: int, unit: str) -> Bound:
    by = Interval(Unit(unit), abs(count)) if count else None
    return Bound(Day(of), by, earlier=count < 0)


def _override(row: StatusOverride, known_by: datetime | None) -> Override:
    withdrawn_at = row.withdrawn_at
    if known_by is not None and withdrawn_at is not None and withdrawn_at > known_by:
        withdrawn_at = None
    return Override(row.status, row.since, row.until_on, withdrawn_at)
