"""Reading a catalogue file: entries checked one by one, every fault named, nothing written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from goodstanding.catalogue import conditions
from goodstanding.catalogue.file_reading import Reader
from goodstanding.catalogue.gifts import read_gifts
from goodstanding.catalogue.models import Interval
from goodstanding.core.changes import Reckoning, When
from goodstanding.core.currencies import UnknownCurrency, exponent
from goodstanding.core.periods import EndRule
from goodstanding.core.records import OnDispute, OnDisputeLost, OnRefund

MEMBERTYPE = re.compile(r"[A-Za-z0-9]{1,40}")
_LEVEL_KEYS = {
    "slug", "name", "group", "group_allows_several", "group_changes", "changes_to", "grace_days", "prepaid_grace_days", "prices", "legacy_membertype_id",
    "description", "open", "hidden", "position", "end_rule", "seats", "seats_max", "seat_level", "capacity", "sale_from",
    "sale_until", "takes_donations", "needs_card", "pause_days_max", "pauses_max", "pause_open_ended",
    "on_refund", "on_dispute", "on_dispute_lost",
}  # fmt: skip
_PRICE_KEYS = {
    "amount_minor", "currency", "interval", "interval_count", "renews", "open", "position", "sale_from", "sale_until",
    "trial", "intro", "payments", "total_minor", "keeps", "minimum_minor", "terms_max", "fixed", "ends_on", "tax",
    "seat_amount_minor", "gifts",
}  # fmt: skip
_MANNER = ("when", "reckoning")  # how one changes
_MOST_SEATS = 10000
TAX = {"exclusive": (True, False), "inclusive": (True, True)}
GATEWAYS = ("stripe",)


# Objects within a price: what each of their keys is called in the table of prices.
_OBJECTS: Mapping[str, Mapping[str, str]] = {
    "trial": {"count": "trial_count", "unit": "trial_unit", "amount_minor": "trial_minor"},
    "intro": {"payments": "intro_payments", "amount_minor": "intro_minor"},
    "keeps": {"count": "keeps_count", "unit": "keeps_unit"},
    "fixed": {
        "start": "fixed_start",
        "rollover": "fixed_rollover",
        "prorated": "fixed_prorated",
        "full_until": "fixed_full_until",
    },
}


class CatalogueRefused(ValueError):
    """The file as a whole is refused; ``faults`` says each thing that is wrong, in the file's order."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class PriceEntry:
    """A price as the file gives it: minor units, ISO 4217 code in capitals; ``said`` by the names of columns."""

    amount_minor: int
    currency: str
    interval: str
    interval_count: int
    renews: bool
    conditions: Mapping[str, Any]  # by the names of columns
    said: Mapping[str, Any]  # whether and where it is on sale, as far as the file says; the rest stays as it is
    names: tuple[tuple[str, str, str], ...]  # (gateway, price id, lookup key)
    gifts: tuple[
        tuple[int, Mapping[str, Any]], ...
    ] = ()  # how many intervals, and what is said by the names of columns


@dataclass(frozen=True, slots=True)
class LevelEntry:
    """A level as the file gives it; ``said`` by the names of columns."""

    slug: str
    name: str
    group: str
    group_allows_several: bool
    group_changes: Mapping[str, Any]  # how one changes within the group, as far as the file says
    grace_days: int
    prepaid_grace_days: int
    legacy_membertype_id: str | None
    said: Mapping[str, Any]  # how it is sold, as far as the file says; the rest stays as it is
    seats: Mapping[str, Any]  # and what it says of seats; their level may stand anywhere in the file
    paths: tuple[Mapping[str, str], ...] | None  # to which level, when and how; None: left as it is
    prices: tuple[PriceEntry, ...]


def read_entries(data: Any) -> tuple[list[LevelEntry], list[str]]:
    """Return the levels of a parsed catalogue file, and warnings for what it says beyond what we read.

    Raises :class:`CatalogueRefused` with every fault of the file, where there is one.
    """
    if not isinstance(data, list) or not data:
        raise CatalogueRefused(["the file is no list of levels"])
    faults: list[str] = []
    warnings: list[str] = []
    entries = []
    for number, raw in enumerate(data, 1):
        where = f"entry {number}"
        if not isinstance(raw, dict):
            faults.append(f"{where}: is no object")
            continue
        if isinstance(raw.get("slug"), str):
            where = f"entry {number} ({raw['slug'][:60]})"
        reader = _Reader(raw, where, faults, warnings)
        entries.append(reader.level())
    faults.extend(_clashes(entries))
    if faults:
        raise CatalogueRefused(faults)
    return entries, warnings


class _Reader(Reader):
    """Reads one entry."""

    def level(self) -> LevelEntry:
        self._unknown(_LEVEL_KEYS)
        slug, group = self._slug("slug"), self._slug("group")
        membertype = self.raw.get("legacy_membertype_id")
        if membertype is not None and not MEMBERTYPE.fullmatch(str(membertype)):
            self._fault("legacy_membertype_id is no number or short name")
        prices = self.raw.get("prices", [])
        if not isinstance(prices, list) or not all(isinstance(price, dict) for price in prices):
            self._fault("prices is no list of objects")
            prices = []
        return LevelEntry(
            slug=slug,
            name=self._text("name"),
            group=group,
            group_allows_several=self._flag("group_allows_several"),
            group_changes=self._group_changes(),
            grace_days=self._number("grace_days", 0, 3660, default=7),
            prepaid_grace_days=self._number("prepaid_grace_days", 0, 3660, default=0),
            legacy_membertype_id=None if membertype is None else str(membertype),
            said=self._said(
                description=("description", self._description),
                open=("is_open", self._flag),
                hidden=("is_hidden", self._flag),
                position=("position", self._position),
                end_rule=("end_rule", self._one_of(EndRule)),
                capacity=("capacity", self._capacity),
                sale_from=("sale_from", self._moment),
                sale_until=("sale_until", self._moment),
                takes_donations=("takes_donations", self._flag),
                needs_card=("needs_card", self._flag),
                pause_days_max=("pause_days_max", self._days_or_none),
                pauses_max=("pauses_max", self._days_or_none),
                pause_open_ended=("pause_open_ended", self._flag),
                on_refund=("on_refund", self._one_of(OnRefund)),
                on_dispute=("on_dispute", self._one_of(OnDispute)),
                on_dispute_lost=("on_dispute_lost", self._one_of(OnDisputeLost)),
            ),
            seats=self._said(
                seats=("seats", self._seats),
                seats_max=("seats_max", self._seats_max),
                seat_level=("seat_level_id", self._seat_level),
            ),
            paths=self._paths() if "changes_to" in self.raw else None,
            prices=tuple(
                _Reader(price, f"{self.where}, price {number}", self.faults, self.warnings).price()
                for number, price in enumerate(prices, 1)
            ),
        )

    def _group_changes(self) -> Mapping[str, Any]:
        raw = self.raw.get("group_changes", {})
        if not isinstance(raw, dict):
            self._fault("group_changes is no object")
            return {}
        inner = _Reader(raw, f"{self.where}, group_changes", self.faults, self.warnings)
        inner._unknown({"only_listed", *_MANNER})
        return inner._said(
            only_listed=("only_listed_changes", inner._flag),
            when=("change_when", inner._one_of(When)),
            reckoning=("change_reckoning", inner._one_of(Reckoning)),
        )

    def _paths(self) -> tuple[Mapping[str, str], ...]:
        raw = self.raw["changes_to"]
        if not isinstance(raw, list) or not all(isinstance(each, str | dict) for each in raw):
            self._fault("changes_to is no list of levels")
            return ()
        found: dict[str, Mapping[str, str]] = {}
        for number, each in enumerate(raw, 1):
            given = {"level": each} if isinstance(each, str) else each
            inner = _Reader(given, f"{self.where}, changes_to {number}", self.faults, self.warnings)
            inner._unknown({"level", *_MANNER})
            level = inner._slug("level")
            if level and level in found:
                inner._fault(f"{level} stands twice")
            said = inner._said(when=("when", inner._one_of(When)), reckoning=("reckoning", inner._one_of(Reckoning)))
            found[level] = {"to_level_id": level, **said}
        return tuple(found.values())

    def _days_or_none(self, name: str) -> int | None:
        return None if self.raw.get(name) is None else self._number(name, 1, 3660)

    def price(self) -> PriceEntry:
        self._unknown(_PRICE_KEYS | set(GATEWAYS))
        currency = str(self.raw.get("currency", "")).upper()
        try:
            exponent(currency)
        except UnknownCurrency:
            self._fault("currency is no ISO 4217 code, such as EUR")
        interval = self.raw.get("interval")
        if interval not in Interval.values:
            self._fault(f"interval is none of {', '.join(Interval.values)}")
        for_life = interval == Interval.ONCE
        renews = self._flag("renews", default=not for_life)
        if for_life and renews is True:
            self._fault("renews is true, but what is paid once is for life")
        amount, count = self._number("amount_minor", 0, 10**12), self._number("interval_count", 1, 1000, default=1)
        made = self._conditions()
        terms = {"amount_minor": amount, "interval": str(interval), "interval_count": count, "renews": renews}
        for column, words in conditions.faults({**made, **terms}):
            self._fault(f"{column}: {words}")
        return PriceEntry(
            amount_minor=amount,
            currency=currency,
            interval=str(interval),
            interval_count=count,
            renews=renews,
            conditions=made,
            said=self._said(
                open=("is_open", self._flag),
                position=("position", self._position),
                sale_from=("sale_from", self._moment),
                sale_until=("sale_until", self._moment),
                seat_amount_minor=("seat_amount_minor", self._seat_amount),
            ),
            names=tuple(self._names()),
            gifts=tuple(read_gifts(self, {**made, **terms})),
        )

    def _conditions(self) -> conditions.Conditions:
        """How it is sold beyond amount and interval, by the names of columns."""
        found: conditions.Conditions = dict(conditions.NONE)
        for key, names in _OBJECTS.items():
            part = self.raw.get(key)
            if part is None or (key == "keeps" and part == "life"):
                continue
            if not isinstance(part, dict):
                self._fault(f"{key} is no object")
                continue
            inner = _Reader(part, f"{self.where}, {key}", self.faults, self.warnings)
            inner._unknown(set(names))
            found |= inner._columns(names)
        if self.raw.get("keeps") is not None:
            found["keeps"] = "life" if self.raw["keeps"] == "life" else "term"
        found |= self._columns({key: key for key in ("payments", "total_minor", "minimum_minor", "terms_max")})
        if self.raw.get("tax") is not None:
            if self.raw["tax"] not in TAX:
                self._fault(f"tax is none of {', '.join(TAX)}")
            found["taxed"], found["tax_inclusive"] = TAX.get(self.raw["tax"], (False, False))
        if self.raw.get("ends_on") is not None:
            try:
                found["ends_on"] = date.fromisoformat(self.raw["ends_on"])
            except (TypeError, ValueError):
                self._fault("ends_on is no day such as 2026-12-31")
        return found

    def _columns(self, names: Mapping[str, str]) -> conditions.Conditions:
        """Read those of ``names`` that are there: key to column; amounts and counts are numbers, all else is text."""
        found: conditions.Conditions = {}
        for key, column in names.items():
            if self.raw.get(key) is None:
                continue
            if isinstance(conditions.NONE[column], str):
                found[column] = self.raw[key]
                if not isinstance(self.raw[key], str) or len(self.raw[key]) > 8:
                    self._fault(f"{key} is no short text")
                    found[column] = conditions.NONE[column]
                elif column.endswith("_unit") and self.raw[key] not in Interval.values:
                    self._fault(f"{key} is none of {', '.join(Interval.values)}")
                elif column == "fixed_prorated" and self.raw[key] not in ("months", "days"):
                    self._fault(f"{key} is neither months nor days")
            else:
                most = 10**12 if column.endswith("_minor") else 1000
                least = 0 if column.endswith("_minor") else 1
                found[column] = self._number(key, least, most)
        return found

    def _capacity(self, name: str) -> int | None:
        return None if self.raw[name] is None else self._number(name, 0, 10**9)

    def _names(self) -> list[tuple[str, str, str]]:
        found = []
        for gateway in GATEWAYS:
            names = self.raw.get(gateway)
            if names is None or names == {}:
                continue
            if not isinstance(names, dict):
                self._fault(f"{gateway} is no object")
                continue
            price_id, lookup_key = names.get("price_id") or "", names.get("lookup_key") or ""
            if not all(isinstance(name, str) and len(name) <= 255 for name in (price_id, lookup_key)):
                self._fault(f"{gateway}: price_id and lookup_key are texts of up to 255 characters")
            elif price_id or lookup_key:
                found.append((gateway, price_id, lookup_key))
        return found

    def _seats(self, name: str) -> int:
        return self._number(name, 0, _MOST_SEATS)

    def _seats_max(self, name: str) -> int | None:
        return None if self.raw[name] is None else self._number(name, 0, _MOST_SEATS)

    def _seat_level(self, name: str) -> str | None:
        return None if self.raw[name] is None else self._slug(name)

    def _seat_amount(self, name: str) -> int | None:
        return None if self.raw[name] is None else self._number(name, 0, 10**12)


def _clashes(entries: list[LevelEntry]) -> list[str]:
    """What cannot stand side by side, though each entry may be right alone."""
    faults = []
    slugs: set[str] = set()
    groups: dict[str, bool] = {}
    names: set[tuple[str, str, str]] = set()
    membertypes: set[str] = set()
    for entry in entries:
        if entry.slug and entry.slug in slugs:
            faults.append(f"{entry.slug}: stands twice")
        slugs.add(entry.slug)
        if groups.setdefault(entry.group, entry.group_allows_several) != entry.group_allows_several:
            faults.append(f"{entry.slug}: group {entry.group} both allows several levels and does not")
        if entry.legacy_membertype_id and entry.legacy_membertype_id in membertypes:
            faults.append(f"{entry.slug}: legacy_membertype_id {entry.legacy_membertype_id} stands twice")
        membertypes.add(entry.legacy_membertype_id or "")
        for price in entry.prices:
            for gateway, price_id, lookup_key in price.names:
                for kind, name in (("price_id", price_id), ("lookup_key", lookup_key)):
                    if name and (gateway, kind, name) in names:
                        faults.append(f"{entry.slug}: {gateway} {kind} {name[:80]} stands twice")
                    names.add((gateway, kind, name))
    return faults + _changes_clash(entries)


def _changes_clash(entries: list[LevelEntry]) -> list[str]:
    faults = []
    changes: dict[tuple[str, str], Any] = {}
    for entry in entries:
        for name, said in entry.group_changes.items():
            if changes.setdefault((entry.group, name), said) != said:
                faults.append(f"{entry.slug}: group_changes of {entry.group} is another one in another entry")
    return faults
