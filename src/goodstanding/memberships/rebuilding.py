"""Making everything anew from the facts, and saying where the records differ from it (``check --rebuild``, I4).

Facts and decisions are the truth; the rest (objects, the ledger's rows, memberships, standing) must come out the same
when it is made again from nothing but them. A difference is named and mended.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import Max, Q
from django.db.models.functions import Cast

from goodstanding import conf
from goodstanding.billing import projecting, recording, turns
from goodstanding.billing.models import Account, Fact, GatewayCustomer, ObjectState, PaymentAttempt, Subscription, Turn
from goodstanding.billing.objects import Facts
from goodstanding.billing.projecting import Row, Rows
from goodstanding.catalogue import knowledge
from goodstanding.catalogue.knowledge import Knowledge
from goodstanding.core import codec
from goodstanding.core.fold import Key
from goodstanding.core.ledger import Ledger, grouped
from goodstanding.core.places import Placed
from goodstanding.core.records import MembershipRecord
from goodstanding.jobs.writing import Writes
from goodstanding.memberships import placing, seating
from goodstanding.memberships.decisions import Decisions, decisions_of, with_decisions
from goodstanding.memberships.following import alarms_of, kept_of
from goodstanding.memberships.models import Alarm, LevelSpan, Membership, MembershipItem, MemberStanding, Seat
from goodstanding.memberships.reading import records_of
from goodstanding.memberships.refresh import entries, row_of
from goodstanding.people.models import Member

BATCH = 200
LATE = timedelta(days=1)  # our clock looks again a little later at what is being paid; not as late as this


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that is not what the facts say. ``table`` and ``row`` name it; it has been mended."""

    table: str
    row: str


def rebuild_customers(*, after: str = "", until: str = "") -> tuple[str, int, list[Difference]]:
    """Make one batch of customers' records anew, with the standing of those who are one member, and mend what differs.

    Returns the last customer's id (``""`` at the end, and at ``until``), how many were done, and the differences. Call it
    outside a transaction: it looks without locking anything, and looks again under lock where something seems wrong.
    """
    rows = GatewayCustomer.objects.filter(pk__gt=after).order_by("pk").select_related("gateway_account", "account")
    customers = list((rows.filter(pk__lte=until) if until else rows)[:BATCH])
    differences = [] if after else _rebuild_nobodys()
    if _look(customers, knowledge.current(), lock=False).differences:
        with transaction.atomic():
            same = rows.filter(pk__in=[customer.pk for customer in customers]).select_for_update(of=("self",))
            found = _look(list(same), knowledge.current(), lock=True)
            found.mend(knowledge.current())
        differences += found.differences
    return (customers[-1].pk if len(customers) == BATCH else ""), len(customers), differences


def rebuild_standing(*, after: str = "", until: str = "") -> tuple[str, int, list[Difference]]:
    """Compute one batch of members' standing anew from the records, and mend the rows that differ; as above.

    Only of those whom :func:`rebuild_customers` left: members who are no customer or several, or hold a seat of somebody
    else's, whose records are right by then; but all are counted.
    """
    members = Member.objects.filter(pk__gt=after).order_by("pk")
    keys = list((members.filter(pk__lte=until) if until else members).values_list("pk", flat=True)[:BATCH])
    count = MemberStanding.objects.filter(pk__in=keys).count()
    left = sorted(set(keys) - _once_customers(keys))
    found = _Found()
    if left:
        told = Fact.objects.filter(customer__member__in=left).order_by()
        with transaction.atomic():
            latest = dict(told.values_list("customer__member").annotate(at=Max("happened_at")))
            for holder, at in seating.last_moments(left):
                latest[holder] = max(latest.get(holder, at), at)
            found.compare_standing(left, records_of(left), decisions_of(left), latest, lock=True)
            found.mend(knowledge.current())
    return (keys[-1] if len(keys) == BATCH else ""), count, found.differences


class _Told:
    """The facts of one customer, what they come to, and the text in which each was kept."""

    def __init__(self, told: Sequence[str] = ()) -> None:
        texts = list(dict.fromkeys(told))  # much is told more than once
        self.facts = codec.loads(f"[{','.join(texts)}]")
        self.objects = grouped(self.facts)
        self._texts = {id(fact): text for fact, text in zip(self.facts, texts, strict=True)}

    def kept_as(self, facts: Facts) -> str:
        """Return the text that the state of an object has when it is made of the very texts in which its facts came."""
        return f"[{', '.join([self._texts[id(fact)] for fact in facts])}]"


@dataclass
class _Found:
    """What is not as the facts say, and how it should stand."""

    differences: list[Difference] = field(default_factory=list)
    objects: list[ObjectState] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    customers: dict[str, dict[str, Any]] = field(default_factory=dict)
    rows: Rows = field(default_factory=dict)
    surplus: list[tuple[type[models.Model], list[str]]] = field(default_factory=list)
    places: list[tuple[GatewayCustomer, Placed]] = field(default_factory=list)
    standing: list[tuple[MemberStanding, bool]] = field(default_factory=list)  # (row, whether it is new)
    turns: list[Turn] = field(default_factory=list)

    def mend(self, known: Knowledge) -> None:
        """Write all of it as it should stand. In a transaction, under lock."""
        recording.write_states(self.objects)
        for account in self.accounts:
            account.save()
        for pk, values in self.customers.items():
            GatewayCustomer.objects.filter(pk=pk).update(**values)
        for model, keys in reversed(self.surplus):  # lines before invoices, items before subscriptions
            model._default_manager.filter(pk__in=keys).delete()
        writes = Writes()
        projecting.write(self.rows, writes, mending=True)
        turns.write(self.turns, writes)
        writes.flush()
        for customer, found in self.places:
            if customer.member_id:
                placing.write(found, customer, known, time_zone=conf.time_zone().key)
            else:
                placing.write_alarms(alarms_of(customer, found), customer)
        for row, is_new in self.standing:
            row.save(force_insert=is_new, force_update=not is_new)

    def named(self, model: type[models.Model], keys: Iterable[str]) -> None:
        """Note that these rows are wrong."""
        self.differences += [Difference(model._meta.label, key) for key in keys]

    def compare(
        self, wanted: Sequence[Row], stored: models.QuerySet[Any], columns: Mapping[str, Any] | None = None
    ) -> list[Row]:
        """Return the wanted rows that stand in the database otherwise or not at all; note what stands there beyond them."""
        model = stored.model
        read = columns or {each.attname: each.attname for each in model._meta.concrete_fields}
        key = model._meta.pk.attname
        there = {
            row[0]: row for row in stored.order_by().values_list(key, *[read[name] for name in read if name != key])
        }
        names = (key, *(name for name in read if name != key))
        differing = [row for row in wanted if there.pop(row[key], None) != tuple([row[name] for name in names])]
        self.surplus.append((model, sorted(there)))
        self.named(model, [*(row[key] for row in differing), *sorted(there)])
        return differing

    def compare_standing(
        self,
        members: Sequence[str],
        records: Mapping[str, Sequence[MembershipRecord]],
        decided: Mapping[str, Decisions],
        latest: Mapping[str, datetime],
        *,
        lock: bool,
    ) -> None:
        """Note whose standing is not what the records come to. ``latest``: when the last of a member's facts happened."""
        stored = MemberStanding.objects.filter(pk__in=members).order_by("pk")
        rows = {row.pk: row for row in (stored.select_for_update() if lock else stored)}
        for member in members:
            row = rows.get(member)
            moments = [at for at in (row and row.as_of, latest.get(member)) if at]
            if not moments or (row is None and not records.get(member)):
                continue
            as_of = max(moments)
            decisions = member in decided or bool(row and row.decided)
            fresh = row_of(member, entries(records.get(member, []), as_of), as_of, decided=decisions)
            if row is None or _values(row) != _values(fresh):
                self.named(MemberStanding, [member])
                self.standing.append((fresh, row is None))


def _look(customers: Sequence[GatewayCustomer], known: Knowledge, *, lock: bool) -> _Found:
    """Compare everything that these customers' facts come to with what stands in the database. Writes nothing."""
    found = _Found()
    texts = Fact.objects.filter(customer__in=customers).order_by().values_list("customer_id", _as_text("body"))
    told = _told(texts, (customer.pk for customer in customers))
    _look_at_objects(customers, told, found)
    rows: Rows = {model: [] for model in projecting.TABLES}
    places, due = [], []
    for customer in customers:
        ledger = Ledger(told[customer.pk].objects)
        placed = placing.placed(ledger, customer, known)
        places.append((customer, placed))
        _look_at_customer(customer, ledger, placed, found)
        if customer.ours:
            for model, made in projecting.rows_for(ledger, set(ledger.objects), customer).items():
                rows[model] += made
            last = max(fact.at for fact in told[customer.pk].facts)
            due += turns.rows_for(ledger, set(ledger.objects), customer, now=last)
    accounts = [projecting.account_id(customer) for customer in customers]
    for model, path in projecting.TABLES.items():
        found.rows[model] = found.compare(rows[model], model._default_manager.filter(**{f"{path}__in": accounts}))
    _look_at_memberships([(customer, placed) for customer, placed in places if customer.ours], known, found)
    _look_at_standing(places, told, found, lock=lock)
    _look_at_turns(due, found)
    return found


def _told(texts: Iterable[tuple[str | None, str]], owners: Iterable[str]) -> dict[str, _Told]:
    sorted_out: dict[str, list[str]] = {owner: [] for owner in owners}
    for owner, text in texts:
        sorted_out[owner or ""].append(text)
    return {owner: _Told(own) for owner, own in sorted_out.items()}


def _as_text(column: str) -> Cast:
    return Cast(column, models.TextField())


def _look_at_objects(customers: Sequence[GatewayCustomer], told: Mapping[str, _Told], found: _Found) -> None:
    wanted = [
        _state(key, facts, told[customer.pk], account=customer.gateway_account_id, customer=customer.pk)
        for customer in customers
        for key, facts in told[customer.pk].objects.items()
    ]
    _compare_states(wanted, ObjectState.objects.filter(customer__in=customers), found)


def _state(key: Key, facts: Facts, told: _Told, *, account: str, customer: str | None) -> tuple[Row, Facts]:
    one, other = recording.links_of(facts)
    return {
        "id": recording.state_id(key, account=account),
        "gateway_account_id": account,
        "customer_id": customer,
        "kind": key[0],
        "ref": key[1],
        "link_one": one,
        "link_two": other,
        "facts": told.kept_as(facts),
    }, facts


def _compare_states(wanted: Sequence[tuple[Row, Facts]], stored: models.QuerySet[ObjectState], found: _Found) -> None:
    """Compare texts: equal ones say the same. Others are read, for the same may be said in other words."""
    columns = {name: name for name in wanted[0][0]} if wanted else {"id": "id"}
    rows = _Found()
    differing = rows.compare([row for row, _ in wanted], stored, columns | {"facts": _as_text("facts")})
    if not rows.differences:
        return
    facts_of = {row["id"]: facts for row, facts in wanted}
    there = {row.pk: row for row in stored.filter(pk__in=[row["id"] for row in differing])}
    for row in differing:
        state = recording.state_row(
            (row["kind"], row["ref"]),
            facts_of[row["id"]],
            account=row["gateway_account_id"],
            customer=row["customer_id"],
        )
        if row["id"] not in there or _values(there[row["id"]]) != _values(state):
            found.objects.append(state)
            found.named(ObjectState, [state.pk])
    for model, keys in rows.surplus:
        found.surplus.append((model, keys))
        found.named(model, keys)


def _rebuild_nobodys() -> list[Difference]:
    """The price list, and what waits until it is known whose it is."""
    found = _Found()
    texts = Fact.objects.filter(customer=None).order_by().values_list("gateway_account_id", _as_text("body"))
    told = _told(texts, set(Fact.objects.filter(customer=None).order_by().values_list("gateway_account_id", flat=True)))
    wanted = [
        _state(key, facts, each, account=account, customer=None)
        for account, each in told.items()
        for key, facts in each.objects.items()
    ]
    owned = ObjectState.objects.filter(pk__in=[row["id"] for row, _ in wanted]).exclude(customer=None)
    elsewhere = set(owned.values_list("pk", flat=True))
    with transaction.atomic():
        own = [(row, facts) for row, facts in wanted if row["id"] not in elsewhere]
        _compare_states(own, ObjectState.objects.filter(customer=None), found)
        found.mend(knowledge.current())
    return found.differences


def _look_at_customer(customer: GatewayCustomer, ledger: Ledger, placed: Placed, found: _Found) -> None:
    """The customer's own row, and its billing account's."""
    wanted = kept_of(customer, ledger, placed)
    if wanted["ours"]:
        account = projecting.account_of(customer, ledger)
        if customer.account is None or _values(customer.account) != _values(account):
            found.named(Account, [account.pk])
            found.accounts.append(account)
        wanted["account_id"] = account.pk
    if customer.member_id:
        wanted["placed"] = placing.digest(placed) if wanted["ours"] else customer.placed
    if any(getattr(customer, name) != value for name, value in wanted.items()):
        found.named(GatewayCustomer, [customer.pk])
        found.customers[customer.pk] = wanted
    for name, value in wanted.items():
        setattr(customer, name, value)


def _look_at_memberships(places: Sequence[tuple[GatewayCustomer, Placed]], known: Knowledge, found: _Found) -> None:
    zone, customers = conf.time_zone().key, [customer for customer, _ in places]
    rows = [placing.rows_of(placed, each, known, time_zone=zone) for each, placed in places if each.member_id]
    memberships = [row for each in rows for row in each.memberships]
    _mark_open(memberships, customers)
    whose = {row.id: row.customer_id for row in memberships}
    wrong: set[str | None] = set()
    tables: list[tuple[type[models.Model], Sequence[Any], str]] = [
        (
            Alarm,
            [row for each, placed in places for row in placing.alarm_rows(alarms_of(each, placed), each)],
            "customer",
        ),
        (Membership, memberships, "customer"),
        (LevelSpan, [row for each in rows for row in each.spans], "membership__customer"),
        (MembershipItem, [row for each in rows for row in each.items], "membership__customer"),
    ]
    for model, wanted, path in tables:
        names = [each.attname for each in model._meta.concrete_fields if each.attname != "time_zone"]
        stored = model._default_manager.filter(**{f"{path}__in": customers})
        table = _Found()  # time zones are frozen when the membership began
        values = [{name: getattr(row, name) for name in names} for row in wanted]
        for row in table.compare(values, stored, {name: name for name in names}):
            wrong.add(row.get("customer_id") or whose[row["membership_id"]])
        extra = [key for _, keys in table.surplus for key in keys]
        wrong |= set(stored.filter(pk__in=extra).values_list(path, flat=True)) if extra else set()
        found.differences += table.differences
    found.places = [(customer, placed) for customer, placed in places if customer.pk in wrong]


def _mark_open(memberships: Sequence[Membership], customers: Sequence[GatewayCustomer]) -> None:
    """Which are open depends on all of a member's: those that staff made, and those of his other customers, too."""
    members: defaultdict[str, list[Membership]] = defaultdict(list)
    others = Membership.objects.filter(member__in={row.member_id for row in memberships})
    for row in (*memberships, *others.filter(Q(customer=None) | ~Q(customer__in=customers))):
        members[row.member_id].append(row)
    latest = {pk for rows in members.values() for pk in placing.latest_of(rows)}
    for row in memberships:
        row.is_open = row.id in latest


def _look_at_standing(
    places: Sequence[tuple[GatewayCustomer, Placed]], told: Mapping[str, _Told], found: _Found, *, lock: bool
) -> None:
    once = _once_customers(customer.member_id for customer, _ in places if customer.member_id)
    decided = decisions_of(once)
    records, latest = {}, {}
    for customer, placed in places:
        if customer.member_id in once:
            bought = placing.records_of(placed, customer)
            records[customer.member_id] = with_decisions(bought, decided.get(customer.member_id, Decisions()))
            if told[customer.pk].facts:
                latest[customer.member_id] = max(fact.at for fact in told[customer.pk].facts)
    found.compare_standing(sorted(once), records, decided, latest, lock=lock)


def _look_at_turns(wanted: Sequence[Turn], found: _Found) -> None:
    """When our clock has its turn. Not of whom it works on, tries again or waits for: those rows say when that is."""
    if not wanted:
        return
    busy = set(
        Subscription.objects.filter(
            customer__attempts__state__in=PaymentAttempt.UNDER_WAY, pk__in=[row.pk for row in wanted]
        ).values_list("pk", flat=True)
    )
    there = {row.pk: row for row in Turn.objects.filter(pk__in=[row.pk for row in wanted])}
    for row in wanted:
        stored = there.get(row.pk)
        if stored is None or (row.pk not in busy and not _stands(stored, row)):
            found.named(Turn, [row.pk])
            found.turns.append(row)


def _stands(stored: Turn, wanted: Turn) -> bool:
    if stored.leased_until is not None or stored.attempts or stored.state == Turn.State.PARKED:
        return True
    late = stored.due_at - wanted.due_at
    return stored.state == wanted.state and (stored.state != Turn.State.OPEN or late < LATE)


def _once_customers(members: Iterable[str]) -> set[str]:
    """Of ``members`` those who are one customer, with one gateway account, and nothing through anybody else."""
    ids = list(members)
    customers = GatewayCustomer.objects.filter(member__in=ids).order_by().values_list("member_id", flat=True)
    once = {member for member, count in Counter(customers).items() if member and count == 1}
    return once - set(Seat.objects.filter(holder__in=ids).order_by().values_list("holder_id", flat=True))


def _values(row: models.Model) -> tuple[Any, ...]:
    return tuple(getattr(row, field.attname) for field in row._meta.concrete_fields)
