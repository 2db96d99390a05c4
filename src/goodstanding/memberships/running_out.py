"""Who is warned that a membership runs out: some days before its coverage ends, where nothing renews it by itself.

Each end of each membership is told once: the mail's key holds both. An end that moves is another one, and is told anew.
What is left out stands in :mod:`goodstanding.core.running_out`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from django.apps import apps
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from goodstanding import conf
from goodstanding.billing.models import GatewayCustomer, InvoiceLine
from goodstanding.catalogue import selling
from goodstanding.catalogue.models import Level, Price
from goodstanding.core.ids import derived
from goodstanding.core.records import MembershipRecord, Status
from goodstanding.core.running_out import RunsOut, running_out
from goodstanding.jobs.writing import Writes
from goodstanding.memberships import letters
from goodstanding.memberships.documents import Document
from goodstanding.memberships.extending import is_held_to_the_end
from goodstanding.memberships.models import Membership, MemberStanding
from goodstanding.memberships.reading import records_of
from goodstanding.people.models import Member

RUNS_OUT = "memberships.runs_out"  # the recurring job
KIND = "ends_soon"
BATCH = 200
LEVEL, PRICE = "gs_checkout:level", "gs_checkout:join"
STAY = _("You can change your mind until then: stay after all, and it goes on as before.")
AGAIN = _("If you would like to stay, buy it again: the new term begins where this one ends, and no day is lost.")
ASK = _("It is not on sale at the moment. If you would like to stay, please ask the staff.")
Found = tuple[str, list[Document]]  # a member's public id, and his outlook


def write(*, after: str, now: datetime) -> str:
    """Warn one batch of members; return the last one that was looked at, ``""`` at the end. Any number of times."""
    found, _new = _batch(after, now=now)
    return found


def sweep(*, now: datetime) -> int:
    """The same for a simulation, of all of them: return how many mails were new."""
    after, written = _batch("", now=now)
    while after:
        after, new = _batch(after, now=now)
        written += new
    return written


def next_warning(*, now: datetime) -> datetime | None:
    """Return when the next end that is foreseen comes near, if ever: for a simulation, which would step over the days before."""
    notice = _notice()
    ends = MemberStanding.objects.filter(status=Status.GOOD, changes_at=F("covered_until"), changes_at__gt=now + notice)
    first = ends.order_by("changes_at").values_list("changes_at", flat=True).first() if notice else None
    return first - notice if first is not None else None


def _batch(after: str, *, now: datetime) -> tuple[str, int]:
    found = list(_ending(now=now).filter(pk__gt=after).order_by("pk").values_list("pk", "outlook")[:BATCH])
    near = {member: ends for member, outlook in found if (ends := _ends(outlook, now=now))}
    untold = _untold(near)
    written = _warn(untold, now=now) if untold else 0
    return (found[-1][0] if len(found) == BATCH else ""), written


def _notice() -> timedelta:
    """How long before an end its member is warned; zero for never."""
    return timedelta(days=conf.ENDS_SOON_DAYS.value()) if apps.is_installed(letters.COMMUNICATIONS) else timedelta()


def _ending(*, now: datetime) -> QuerySet[MemberStanding]:
    """The members of whose levels one may end in time.

    What renews changes a while after its coverage's end: where nothing changes by the last of the ends, nothing ends there.
    """
    notice = _notice()
    if not notice:
        return MemberStanding.objects.none()
    ends = Q(covered_until=None) | Q(changes_at__lte=F("covered_until"))
    return MemberStanding.objects.filter(ends, status=Status.GOOD, changes_at__lte=now + notice)


def _ends(outlook: Sequence[Document], *, now: datetime) -> Counter[datetime]:
    """The moments in time for a warning at which levels stop being good with their coverage: how many do."""
    found: Counter[datetime] = Counter()
    for before, after in pairwise(outlook):
        at = datetime.fromisoformat(after["from"])
        if now < at <= now + _notice():
            levels = [each for each in before["levels"] if each["covered_until"] == after["from"]]
            found[at] += sum(each["status"] == Status.GOOD for each in levels)
    return +found


def _about(membership: str, end: datetime) -> str:
    return f"{membership}|{end.isoformat()}"


def _untold(near: Mapping[str, Counter[datetime]]) -> list[str]:
    """Those whose ends were not all told. Two statements."""
    from goodstanding.communications.services import posted  # noqa: PLC0415 - its tables are not there without it

    places = Membership.objects.filter(member__in=list(near)).values_list("member", "pk") if near else ()
    keys = {
        derived(KIND, _about(place, end)): (member, end) for member, place in places for end in near[member]
    }  # of each place, also of those that do not end: only who was told has a mail
    told = Counter(keys[key] for key in posted(keys))
    return [member for member, ends in near.items() if any(told[member, end] < count for end, count in ends.items())]


def _warn(members: Sequence[str], *, now: datetime) -> int:
    """Write to those of ``members`` who run out of something; return how many mails were new. As many statements for all."""
    own = GatewayCustomer.objects.filter(member=OuterRef("pk"))
    ours = ~Exists(own) | Exists(
        own.filter(gateway_account__writes_to_members=True)
    )  # who was only given something has none
    people = {member.pk: member for member in Member.objects.filter(ours, pk__in=members)}
    records = records_of(list(people))
    levels = _levels(records)

    def place_of(level: str) -> str:
        found = levels.get(level)
        return level if found is None or found.group.allows_several else f"group {found.group_id}"

    notice = _notice()
    found = [
        (people[member], each)
        for member in sorted(people)
        for each in running_out(records.get(member, []), now, place_of=place_of)
        if each.end <= now + notice and each.is_warned_of(notice)
    ]
    ways, writes = _Ways(found, now=now), Writes()
    for member, each in found:
        level = levels[each.level].name if each.level in levels else each.level
        context = {"level": level, "covered_until": each.end, **ways.of(member, each)}
        letters.post(KIND, _about(each.ref, each.end), member, context, now=now, writes=writes)
    return writes.flush()


def _levels(records: Mapping[str, Iterable[MembershipRecord]]) -> dict[str, Level]:
    slugs = {span.level for there in records.values() for record in there for span in record.levels}
    return Level.objects.select_related("group").in_bulk(sorted(slugs))


class _Ways:
    """How one goes on with what ends: the price that paid for it, where that is on sale, or another one of its level."""

    def __init__(self, found: Sequence[tuple[Member, RunsOut]], *, now: datetime) -> None:
        plain = [(member, each) for member, each in found if each.stopped_at is None]
        prices = selling.on_sale(now=now).filter(level__in={each.level for _, each in plain}) if plain else ()
        self.sold: list[Price] = list(prices)
        lines = InvoiceLine.objects.filter(
            invoice__account__member__in={member.pk for member, _ in plain}, end_at__in={each.end for _, each in plain}
        )
        bought = lines.values_list("invoice__account__member", "end_at", "price") if plain else ()
        self.bought = set(bought)

    def of(self, member: Member, ending: RunsOut) -> dict[str, Any]:
        """Return the words and the link for one who runs out of something."""
        if ending.stopped_at is not None:
            return {"since": ending.stopped_at, "instructions": STAY, "link": letters.address(letters.HOME)}
        sold = [
            each for each in self.sold if each.level_id == ending.level and not is_held_to_the_end(each, ending.end)
        ]
        same = [each.pk for each in sold if (member.pk, ending.end, each.pk) in self.bought]
        if same:
            return {"instructions": AGAIN, "link": letters.address(PRICE, ending.level, same[0])}
        if sold:
            return {"instructions": AGAIN, "link": letters.address(LEVEL, ending.level)}
        return {"instructions": ASK, "link": ""}
