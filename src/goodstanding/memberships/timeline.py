"""A member's story: every fact and decision in order of time, and what each did to his standing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby, pairwise

from django.db.models import Q

from goodstanding.billing.models import Errand
from goodstanding.billing.models import Fact as FactRow
from goodstanding.core import codec
from goodstanding.core.facts import (
    AccessDecided,
    CustomerSeen,
    DisputeSeen,
    Fact,
    InvoicePaymentFailed,
    InvoiceSeen,
    Ladder,
    PauseSpan,
    PaymentLinked,
    PaymentSeen,
    RefundSeen,
    SubscriptionSeen,
)
from goodstanding.core.money import Money
from goodstanding.core.records import FOR_LIFE, MembershipRecord
from goodstanding.core.standing import MemberAnswer, judge_member, outlook
from goodstanding.memberships.level_decisions import LevelDecision
from goodstanding.memberships.models import Approval, Grant, Hold, Seat
from goodstanding.memberships.reading import records_of
from goodstanding.memberships.reminders import of_member
from goodstanding.memberships.words import member_because, stamp
from goodstanding.people.models import Member

_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in a member's story. ``effect``: what it did to the standing, ``""`` for nothing. ``kind``: the fact's."""

    at: datetime
    recorded_at: datetime
    what: str
    event: str = ""
    effect: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """A member's story by moments, in order. What a moment did is worked out only when it is asked for."""

    records: Sequence[MembershipRecord]
    moments: Sequence[Sequence[Entry]]
    until: datetime | None

    def at(self, index: int) -> list[Entry]:
        """Return what was told at one moment with what it did, and what time alone changed before the next one."""
        *before, last = self.moments[index]
        following = self.moments[index + 1][0].at if index + 1 < len(self.moments) else self.until
        return [*before, _with_effect(last, self.records), *_passing(self.records, last.at, following)]


def story(member: Member, *, until: datetime | None = None, known_by: datetime | None = None) -> Story:
    """Return a member's story up to ``until``, as far as it was recorded by ``known_by``."""
    records = records_of([member.pk], known_by=known_by).get(member.pk, [])
    told = sorted(_told(member, known_by), key=lambda entry: (entry.at, entry.recorded_at, entry.event))
    reached = (entry for entry in told if until is None or entry.at <= until)
    return Story(records, [list(entries) for _, entries in groupby(reached, key=lambda entry: entry.at)], until)


def timeline(member: Member, *, until: datetime | None = None, known_by: datetime | None = None) -> list[Entry]:
    """Return a member's story in order of time, up to ``until``, as far as it was recorded by ``known_by``.

    Changes that time alone made stand between the facts, without an event.
    """
    told = story(member, until=until, known_by=known_by)
    return [entry for index in range(len(told.moments)) for entry in told.at(index)]


def _with_effect(entry: Entry, records: Sequence[MembershipRecord]) -> Entry:
    before, after = judge_member(records, entry.at - _INSTANT), judge_member(records, entry.at)
    if _shape(before) == _shape(after):
        return entry
    return replace(entry, effect=_effect(before, after))


def _passing(records: Sequence[MembershipRecord], since: datetime, until: datetime | None) -> Iterator[Entry]:
    """What time alone changed after ``since`` and before ``until``."""
    answers = outlook(records, since)
    for before, after in pairwise(answers):
        if until is not None and after.at >= until:
            return
        if _shape(before) != _shape(after):
            yield Entry(after.at, after.at, "time passed", effect=_effect(before, after))


def _shape(answer: MemberAnswer) -> tuple[object, ...]:
    return answer.status, answer.covered_until, tuple((each.level, each.status) for _, each in answer.memberships)


def _effect(before: MemberAnswer, after: MemberAnswer) -> str:
    moved = f"{before.status} → {after.status}" if before.status is not after.status else f"still {after.status}"
    return f"{moved}: {member_because(after)}"


def _told(member: Member, known_by: datetime | None) -> Iterator[Entry]:
    facts = FactRow.objects.filter(customer__member=member)
    if known_by is not None:
        facts = facts.filter(recorded_at__lte=known_by)
    for row in facts:
        fact = codec.decode(row.body)
        yield Entry(row.happened_at, row.recorded_at, fact_words(fact), row.event, kind=row.kind)
    for entry in (*_decided(member), *_seated(member)):
        if known_by is None or entry.recorded_at <= known_by:
            yield entry


def _seated(member: Member) -> Iterator[Entry]:
    """Seats: those that the member gives, and those that he has, with what happened to their payers meanwhile."""
    rows = Seat.objects.filter(Q(holder=member) | Q(payer=member)).select_related("holder")
    for seat in rows.order_by("since", "id"):
        is_given = seat.payer_id == member.pk
        about = f"to {seat.holder}" if is_given else f"through {seat.through}"
        yield Entry(seat.since, seat.since, f"seat given {about}")
        if seat.until:
            yield Entry(seat.until, seat.until, f"seat ended ({seat.ended}), given {about}")
        if not is_given:
            yield from _of_payer(seat)


def _of_payer(seat: Seat) -> Iterator[Entry]:
    """What was told of a payer, and decided about him, while the seat was held: without the reasons, which are his own."""
    facts = FactRow.objects.filter(customer__member=seat.payer_id, happened_at__gte=seat.since)
    holds = Hold.objects.filter(member=seat.payer_id)
    told = [(row.happened_at, row.recorded_at, fact_words(codec.decode(row.body)), row.event) for row in facts]
    told += [(hold.since, hold.since, f"held ({hold.kind})", "") for hold in holds]
    told += [(at, at, f"hold released ({hold.kind})", "") for hold in holds if (at := hold.released_at)]
    for at, recorded_at, words, event in told:
        if seat.since <= at and (seat.until is None or at < seat.until):
            yield Entry(at, recorded_at, f"through {seat.through}: {words}", event)


def _decided(member: Member) -> Iterator[Entry]:
    for hold in Hold.objects.filter(member=member):
        yield Entry(hold.since, hold.since, f"held ({hold.kind}): {hold.reason}")
        if hold.released_at:
            yield Entry(hold.released_at, hold.released_at, f"hold released ({hold.kind})")
    for approval in Approval.objects.filter(member=member):
        yield Entry(approval.asked_at, approval.asked_at, "approval asked for")
        if approval.decided_at:
            yield Entry(approval.decided_at, approval.decided_at, f"{approval.state}: {approval.reason}")
    for made in LevelDecision.objects.filter(member=member):
        since = f" from {stamp(made.effect_at)}" if made.effect_at else ", once it is paid"
        since = "" if made.effect_at == made.made_at else since
        words = f"level changed by staff: {made.before_id} → {made.after_id}{since}: {made.reason}"
        yield Entry(made.made_at, made.made_at, words)
    refused = Errand.objects.filter(customer__member=member, kind=Errand.Kind.CHANGE, state=Errand.State.REFUSED)
    for asked in refused:
        at = asked.ended_at or asked.asked_at
        yield Entry(at, at, f"the gateway did not change the level: {asked.failure}")
    for invoice, sent in of_member(member):
        last = ", for the last time" if sent.is_last else ""
        yield Entry(sent.at, sent.at, f"reminded of invoice {invoice.number or invoice.external_id}{last}")
    for grant in Grant.objects.filter(member=member):
        words = f"granted {stamp(grant.start_at)} to {stamp(grant.end_at) or 'no end'}: {grant.reason}"
        yield Entry(grant.given_at, grant.given_at, words)
        if grant.withdrawn_at:
            yield Entry(grant.withdrawn_at, grant.withdrawn_at, "grant withdrawn")


def fact_words(fact: Fact) -> str:  # noqa: PLR0911 (one case a kind)
    """Return what a fact says, in a line for staff."""
    match fact:
        case CustomerSeen():
            return f"customer {fact.customer} {'deleted' if fact.deleted else 'told'}"
        case SubscriptionSeen():
            prices = ", ".join(item.hints.price for item in fact.items)
            end = f", ends {stamp(fact.ends_at)}" if fact.ends_at and not fact.ended_at else ""
            then = ", ".join(item.hints.price for item in fact.next_items)
            then = f", from its next period on {then}" if then else ""
            once = f", once invoice {fact.once_paid} is paid" if fact.once_paid else ""
            paused = ", paused" if fact.paused else _pause_words(fact.pauses)
            return f"subscription {fact.subscription} {fact.status}{paused}{end}: {prices}{then}{once}"
        case InvoiceSeen():
            amount = Money(fact.total_minor, fact.currency)
            due = f", to be paid by {stamp(fact.due_at)}" if fact.due_at and fact.status == "open" else ""
            name = fact.number or fact.invoice
            return f"invoice {name} {fact.status}, {amount}{due}{_ladder_words(fact)}{_line_words(fact)}"
        case InvoicePaymentFailed():
            return f"a payment of invoice {fact.invoice} failed{_why(fact)}"
        case PaymentSeen():
            back = f", {Money(fact.refunded_minor, fact.currency)} given back" if fact.refunded_minor else ""
            how = f" by {fact.elsewhere}" if fact.elsewhere else ""
            how += f" ({fact.reference})" if fact.reference else ""
            pays = f" for invoice {fact.invoice}" if fact.invoice and fact.elsewhere else ""
            amount = Money(fact.amount_minor, fact.currency)
            return f"payment {fact.payment} {fact.status}, {amount}{how}{pays}{_kept(fact)}{back}{_why(fact)}"
        case PaymentLinked():
            return f"{fact.one} and {fact.other} belong together"
        case RefundSeen():
            return f"refund {fact.refund} {fact.status}, {Money(fact.amount_minor, fact.currency)}"
        case AccessDecided():
            return f"{fact.invoice}: given back, its membership {'ends' if fact.ends else 'stays to its date'}"
        case DisputeSeen():
            return f"dispute {fact.dispute} {fact.status}, {Money(fact.amount_minor, fact.currency)}"
        case _:
            return "price list told"


def _pause_words(pauses: Sequence[PauseSpan]) -> str:
    """The last pause of a subscription of ours."""
    if not pauses:
        return ""
    last = pauses[-1]
    return f", pause from {stamp(last.start)} " + (f"to {stamp(last.end)}" if last.end else "until it is resumed")


def _line_words(bill: InvoiceSeen) -> str:
    """What a bill's lines cover, and which gift was bought or redeemed by it."""
    said = [
        f"; {stamp(line.start)} to {stamp(line.end) if line.end < FOR_LIFE else 'for life'}"
        for line in bill.lines
        if line.kind in ("regular", "prepaid")
    ]
    for line in bill.lines:
        if line.kind == "gift":
            amount = Money(abs(line.amount_minor), bill.currency)
            said.append(f", as a gift of {amount} ({line.description})" if line.amount_minor < 0 else ", to give away")
    return "".join(said)


def _kept(fact: PaymentSeen) -> str:
    """What the gateway kept of a payment, and what is left."""
    fee, net = (Money(minor, fact.currency) for minor in (fact.fee_minor, fact.amount_minor - fact.fee_minor))
    return f", {fee} of it the gateway's fee, {net} net" if fee else ""


_RETRY = {"never": "; the card is not tried again", "owner": "; its owner is to approve it"}


def _why(fact: InvoicePaymentFailed | PaymentSeen) -> str:
    return f" ({fact.failure}{_RETRY.get(fact.retry, '')})" if fact.failure else ""


def _ladder_words(bill: InvoiceSeen) -> str:
    """What follows where a bill of ours is not paid, where that is not what every site begins with."""
    ladder = bill.ladder
    if ladder == Ladder():
        return ""
    if bill.due_at is not None:
        return f"; given up {ladder.end_after or 0} days after that" if bill.status == "open" else ""
    days = ", ".join(str(day) for day in ladder.again_after) or "no"
    end = "kept open" if ladder.at_end == "keep" else "given up"
    return f"; if it fails: again after {days} days, then {end}"
