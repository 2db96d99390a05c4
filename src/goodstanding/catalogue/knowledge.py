"""What intake must know of the catalogue, kept in memory and read anew when the catalogue's revision has moved on."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from django.db import connection
from django.db.models import F

from goodstanding import conf
from goodstanding.catalogue.models import GatewayPrice, Level, LevelTerms, Revision, TaxRate
from goodstanding.core.asking import Levy
from goodstanding.core.facts import Contract
from goodstanding.core.levels import LevelMap
from goodstanding.core.records import OnDispute, OnDisputeLost, OnRefund, Terms
from goodstanding.core.tax import Rate, rate_at
from goodstanding.jobs.prepared import Prepared


@dataclass(frozen=True, slots=True)
class Seats:
    """What a level promises of seats: how many are in the price, and of which level they are (empty: of its own)."""

    included: int = 0
    level: str = ""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """The catalogue as intake uses it. ``exclusive``: for a level in a group that allows one only, that group."""

    revision: int
    maps: dict[str, LevelMap]  # by the gateway adapter's code
    unmapped: LevelMap  # for a gateway without mapped prices: slugs and old numbers still tell
    exclusive: dict[str, str]
    terms: dict[str, tuple[tuple[datetime | None, Terms], ...]]
    rates: tuple[Rate, ...]
    rate_names: dict[tuple[str, date], str]  # by (place, day from which it holds)
    seats: dict[str, tuple[tuple[datetime | None, Seats], ...]]

    def map_for(self, gateway: str) -> LevelMap:
        """Return how the prices of a gateway (by its adapter's code) map to levels."""
        return self.maps.get(gateway, self.unmapped)

    def terms_at(self, level: str, at: datetime) -> Terms:
        """Return what ``level`` promised to those who bought it at ``at``."""
        promised = Terms()
        for since, terms in self.terms.get(level, ()):
            if since is None or since <= at:
                promised = terms
        return promised

    def levy_at(self, contract: Contract, at: datetime) -> Levy | None:
        """Return which tax holds at ``at`` for what is billed by a contract: by the site's day and the payer's place."""
        if not contract.taxed:
            return None
        rate = rate_at(self.rates, contract.tax_place, at.astimezone(conf.time_zone()).date())
        if rate is None or not rate.basis_points:
            return None
        return Levy(rate, self.rate_names[rate.place, rate.from_on], contract.tax_inclusive)

    def seats_at(self, level: str, at: datetime) -> Seats:
        """Return what ``level`` promised of seats to those who bought it at ``at``."""
        promised = Seats()
        for since, seats in self.seats.get(level, ()):
            if since is None or since <= at:
                promised = seats
        return promised

    def seat_level(self, level: str, at: datetime) -> str:
        """Return of which level the seats are in a membership of ``level`` that was bought at ``at``."""
        return self.seats_at(level, at).level or level


def terms_of(row: Any) -> Terms:
    """Return what a row says that a level promises: of the level's history, or of a membership's."""
    return Terms(
        row.grace_days,
        row.prepaid_grace_days,
        OnRefund(row.on_refund),
        OnDispute(row.on_dispute),
        OnDisputeLost(row.on_dispute_lost),
    )


_REVISION = Prepared(lambda: Revision.objects.filter(pk=1).order_by().values_list("number"))
_kept: dict[str, Knowledge] = {}  # by database, the latest


def current() -> Knowledge:
    """Return the catalogue as it stands in the database: one small query where nothing changed."""
    number = next((number for (number,) in _REVISION.rows()), 0)
    name = str(connection.settings_dict["NAME"])
    kept = _kept.get(name)
    if kept is None or kept.revision != number:
        kept = _kept[name] = _read(number)
    return kept


def touch() -> None:
    """Say that the catalogue changed, in the transaction that changes it."""
    Revision.objects.get_or_create(pk=1)
    Revision.objects.filter(pk=1).update(number=F("number") + 1)


def _read(number: int) -> Knowledge:
    levels = list(Level.objects.select_related("group"))
    slugs = frozenset(level.slug for level in levels)
    membertypes = {level.legacy_membertype_id: level.slug for level in levels if level.legacy_membertype_id}
    by_price: defaultdict[str, dict[str, str]] = defaultdict(dict)
    by_lookup: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for row in GatewayPrice.objects.select_related("price"):
        if row.external_id:
            by_price[row.gateway][row.external_id] = row.price.level_id
        if row.lookup_key:
            by_lookup[row.gateway][row.lookup_key] = row.price.level_id
    terms: defaultdict[str, list[tuple[datetime | None, Terms]]] = defaultdict(list)
    seats: defaultdict[str, list[tuple[datetime | None, Seats]]] = defaultdict(list)
    for promise in sorted(LevelTerms.objects.all(), key=lambda row: (row.since is not None, row.since)):
        terms[promise.level_id].append((promise.since, terms_of(promise)))
        seats[promise.level_id].append((promise.since, Seats(promise.seats, promise.seat_level_id or "")))
    taxes = list(TaxRate.objects.all())
    return Knowledge(
        revision=number,
        maps={
            gateway: LevelMap(by_price[gateway], by_lookup[gateway], membertypes, slugs)
            for gateway in {*by_price, *by_lookup}
        },
        unmapped=LevelMap({}, {}, membertypes, slugs),
        exclusive={level.slug: level.group_id for level in levels if not level.group.allows_several},
        terms={level: tuple(found) for level, found in terms.items()},
        rates=tuple(_rate(row) for row in taxes),
        rate_names={(row.place.upper(), row.from_on): _rate_name(row) for row in taxes},
        seats={level: tuple(found) for level, found in seats.items()},
    )


def _rate(row: TaxRate) -> Rate:
    return Rate(row.place.upper(), row.from_on, Fraction(row.percent) * 100)


def _rate_name(row: TaxRate) -> str:
    return f"{row.name or row.place} {row.percent.normalize():f} %".strip()
