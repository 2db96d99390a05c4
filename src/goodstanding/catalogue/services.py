"""Changing the catalogue."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from goodstanding.catalogue import conditions, gifts, knowledge, paths
from goodstanding.catalogue.entries import CatalogueRefused, LevelEntry, PriceEntry, read_entries
from goodstanding.catalogue.models import GatewayPrice, Interval, Level, LevelGroup, LevelTerms, Price
from goodstanding.core.ids import derived
from goodstanding.jobs import services as jobs

RESOLVE = "resolve_prices"  # the job, done by the room above, that looks again at prices that told no level


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did."""

    levels: int
    prices: int
    warnings: Sequence[str]


def import_catalogue(text: str, *, now: datetime) -> Imported:
    """Take in a catalogue file (a JSON list of levels): all of it or nothing.

    Levels and prices that are there already are brought up to date; nothing is removed but the changes that are offered
    from a level, where the file lists others. A level's new grace counts for
    those who buy from ``now`` on. Raises :class:`CatalogueRefused` naming every fault.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CatalogueRefused([f"the file is no JSON: {error}"]) from None
    entries, warnings = read_entries(data)
    try:
        return _imported(entries, warnings, now=now)
    except IntegrityError:  # half of a window of sale was given, and the other half is there already
        raise CatalogueRefused(["sale_until comes no later than the sale_from that is there already"]) from None


def _imported(entries: Sequence[LevelEntry], warnings: Sequence[str], *, now: datetime) -> Imported:
    with transaction.atomic():
        faults = _claimed_elsewhere(entries) + _seats_wrong(entries) + paths.wrong(entries)
        if faults:
            raise CatalogueRefused(faults)
        # Two levels of the file may have changed numbers with each other.
        Level.objects.filter(slug__in=[entry.slug for entry in entries]).update(legacy_membertype_id=None)
        for entry in entries:
            _take_level(entry)
        for entry in entries:  # seats, and changes, may be to a level that stands further down
            _take_seats(entry, now)
            paths.take(entry)
            for price in entry.prices:
                _take_price(entry.slug, price)
        changed(now=now)
    return Imported(len(entries), sum(len(entry.prices) for entry in entries), warnings)


def set_terms(level: Level, *, grace_days: int, prepaid_grace_days: int, now: datetime) -> None:
    """Promise something else to those who buy ``level`` from ``now`` on. Days of 24 hours."""
    with transaction.atomic():
        _promise(level.slug, grace_days, prepaid_grace_days, now)
        changed(now=now)


def price_id(
    level: str,
    amount_minor: int,
    currency: str,
    interval: str,
    interval_count: int,
    *,
    renews: bool = True,
    **given: Any,
) -> str:
    """Return the public id of a price: what it is. So it never changes; another amount is another price.

    ``given``: its conditions, by the names of columns (:data:`goodstanding.catalogue.conditions.NONE`).
    """
    parts = [level, str(amount_minor), currency, interval, str(interval_count)]
    if not renews and interval != Interval.ONCE:  # a price for life never renews: its id says so already
        parts.append("term")
    parts += [f"{name}={value}" for name, value in sorted(conditions.special(given).items())]
    return derived("prc", *parts)


def changed(*, now: datetime) -> None:
    """Say that the catalogue changed, in the transaction that changes it: prices may stand for levels that did not."""
    knowledge.touch()
    jobs.add(RESOLVE, key="", due_at=now, now=now)


def _claimed_elsewhere(entries: Sequence[LevelEntry]) -> list[str]:
    """Names that levels outside this file hold already."""
    ours = {entry.slug for entry in entries}
    faults = []
    for entry in entries:
        holder = Level.objects.exclude(slug__in=ours).filter(legacy_membertype_id=entry.legacy_membertype_id).first()
        if entry.legacy_membertype_id and holder:
            faults.append(f"{entry.slug}: legacy_membertype_id {entry.legacy_membertype_id} is {holder.slug}'s")
        for price in entry.prices:
            for gateway, price_id, lookup_key in price.names:
                rows = GatewayPrice.objects.filter(gateway=gateway).exclude(price__level_id=entry.slug)
                rows = rows.select_related("price")
                for kind, column, name in (
                    ("price_id", "external_id", price_id),
                    ("lookup_key", "lookup_key", lookup_key),
                ):
                    holders = rows.filter(**{column: name}) if name else rows.none()
                    faults += [
                        f"{entry.slug}: {gateway} {kind} {name[:80]} is {row.price.level_id}'s" for row in holders
                    ]
    return faults


def _take_level(entry: LevelEntry) -> None:
    said = {"allows_several": entry.group_allows_several, **entry.group_changes}
    LevelGroup.objects.update_or_create(
        slug=entry.group,
        defaults=said,
        create_defaults={**said, "name": entry.group.replace("-", " ").title()},
    )
    Level.objects.update_or_create(
        slug=entry.slug,
        defaults={
            "name": entry.name,
            "group_id": entry.group,
            "legacy_membertype_id": entry.legacy_membertype_id,
            **entry.said,
        },
    )


def _take_seats(entry: LevelEntry, now: datetime) -> None:
    if entry.seats:
        Level.objects.filter(slug=entry.slug).update(**entry.seats)
    _promise(entry.slug, entry.grace_days, entry.prepaid_grace_days, now)


def _seats_wrong(entries: Sequence[LevelEntry]) -> list[str]:
    """What the file says of seats and cannot be, beside what is there already."""
    slugs = {entry.slug for entry in entries} | set(Level.objects.values_list("slug", flat=True))
    there = {row["slug"]: row for row in Level.objects.values("slug", "seats", "seats_max")}
    faults = []
    for entry in entries:
        said = {"seats": 0, "seats_max": None, **there.get(entry.slug, {}), **entry.seats}
        if entry.seats.get("seat_level_id") not in {None, *slugs}:
            faults.append(f"{entry.slug}: there is no level {entry.seats['seat_level_id']} for its seats")
        if said["seats_max"] is not None and said["seats_max"] < said["seats"]:
            faults.append(f"{entry.slug}: seats_max is below seats")
    return faults


def _promise(level: str, grace_days: int, prepaid_grace_days: int, now: datetime) -> None:
    """Promise days of grace and what the level says of seats by now, from ``now`` on where it is something else."""
    row = Level.objects.get(slug=level)
    promised = {
        "grace_days": grace_days,
        "prepaid_grace_days": prepaid_grace_days,
        "seats": row.seats,
        "seat_level_id": row.seat_level_id,
        **row.policies,
    }
    rows = list(LevelTerms.objects.filter(level_id=level))
    if not rows:
        LevelTerms.objects.create(level_id=level, since=None, **promised)
        return
    last = max(rows, key=lambda row: (row.since is not None, row.since))
    if any(getattr(last, name) != value for name, value in promised.items()):
        LevelTerms.objects.update_or_create(level_id=level, since=now, defaults=promised)


def _take_price(level: str, entry: PriceEntry) -> None:
    terms = (entry.amount_minor, entry.currency, entry.interval, entry.interval_count)
    price, _ = Price.objects.update_or_create(
        id=price_id(level, *terms, renews=entry.renews, **entry.conditions),
        defaults=entry.said,
        create_defaults={
            "level_id": level,
            "amount_minor": entry.amount_minor,
            "currency": entry.currency,
            "interval": entry.interval,
            "interval_count": entry.interval_count,
            "renews": entry.renews,
            **entry.conditions,
            **entry.said,
        },
    )
    for times, said in entry.gifts:
        gifts.take(price, times, said)
    for gateway, external_id, lookup_key in entry.names:
        rows = GatewayPrice.objects.filter(gateway=gateway)
        row = (rows.filter(external_id=external_id) if external_id else rows.filter(lookup_key=lookup_key)).first()
        _let_go(rows.exclude(pk=row.pk) if row else rows, lookup_key)
        if row is None:
            GatewayPrice.objects.create(price=price, gateway=gateway, external_id=external_id, lookup_key=lookup_key)
        elif (row.price_id, row.lookup_key) != (price.id, lookup_key):
            row.price, row.lookup_key = price, lookup_key
            row.save(update_fields=["price", "lookup_key"])


def _let_go(others: QuerySet[GatewayPrice], lookup_key: str) -> None:
    """Take a lookup key from whoever has it: at the gateway it passes from price to price, and is one's at a time."""
    if lookup_key:
        held = others.filter(lookup_key=lookup_key)
        held.filter(external_id="").delete()
        held.update(lookup_key="")
