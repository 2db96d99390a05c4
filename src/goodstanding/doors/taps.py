"""A tap: who asks, which card, what is decided, and the row that tells it (DESIGN section 5)."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn

from django.core.cache import cache
from django.db.models import Q

from goodstanding.core import doors
from goodstanding.core.doors import CardRow, Code, Decision, Tap
from goodstanding.core.ids import derived
from goodstanding.core.records import Status
from goodstanding.doors import rows
from goodstanding.doors.keys import digest_of
from goodstanding.doors.models import Card, Device, Door, DoorEvent
from goodstanding.doors.tokens import is_token

SEEN_EVERY = timedelta(minutes=1)  # how fine the moment is at which a device was last seen
TAPS_A_MINUTE = 300  # of one device; more is a fault, and would fill the table

_DEVICE = re.compile(r"[a-z0-9_]{1,40}")


class NotAuthorised(Exception):
    """No device has this token, or it was revoked."""


class UnknownDoor(Exception):
    """There is no such door."""


class NotItsDoor(Exception):
    """The device is not bound to this door."""


class TooMany(Exception):
    """The device asks more often than anybody can tap."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a device sent. ``tap_id``: its own name for the tap, under which it may ask again. ``at``: its own moment."""

    door: str
    card: str
    tap_id: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a device is told. ``until``: when the answer changes if nothing new happens."""

    open: bool
    code: Code
    words: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """A device at a door."""

    device: str
    last_seen_at: datetime | None
    door: doors.Door


@dataclass(frozen=True, slots=True)
class Tapped:
    """The card that was tapped, as far as it is known."""

    digest: str
    card: str | None = None
    member: str | None = None
    row: CardRow | None = None


def tap(asked: Asked, *, token: str, now: datetime) -> Answer:
    """Answer a tap and keep it: one row for each tap, however often it is asked about.

    Asked again within :data:`goodstanding.core.doors.FRESH`, the same tap has the same answer; later, or with another card
    or at another door, it is refused. Raises :class:`NotAuthorised`, :class:`UnknownDoor`, :class:`NotItsDoor`,
    :class:`TooMany`, ``BadCard`` and ``NoCardKey`` with nothing written. Statements: three, and a fourth once a minute.
    """
    reader = _reader(token, asked.door)
    _require_pace(reader.device, now)
    tapped = _tapped(asked.card)
    decision = doors.decide(tapped.row, reader.door, now, tap=Tap(asked.at))
    event = _event(asked, reader, tapped, decision, now)
    if DoorEvent.objects.insert_new([event]):
        _seen(reader, now)
        return _answer(event)
    return _again(event.pk, asked, reader, tapped, now)


def _reader(token: str, door: str) -> Reader:
    """Return the device with this token, at this door. One statement if all is well."""
    device, _, secret = token.partition(".")
    if not _DEVICE.fullmatch(device):
        raise NotAuthorised
    bound = Device.doors.through._default_manager.filter(device_id=device, door_id=door).values_list(
        "device__token_digest",
        "device__revoked_at",
        "device__last_seen_at",
        "door__is_active",
        "door__locked_out",
        "door__levels",
    )
    found = list(bound)
    if not found:
        _refuse(device, secret, door)
    kept, revoked_at, last_seen_at, is_active, locked_out, _ = found[0]
    _require_token(kept, revoked_at, secret)
    levels = [level for *_, level in found if level]  # a door for every level comes once, with none
    return Reader(
        device, last_seen_at, rows.door_of(levels=levels, is_active=bool(is_active), locked_out=bool(locked_out))
    )


def _refuse(device: str, secret: str, door: str) -> NoReturn:
    """Say why a device is not at a door: to the device itself alone."""
    kept, revoked_at = Device.objects.filter(pk=device).values_list("token_digest", "revoked_at").first() or ("", None)
    _require_token(kept, revoked_at, secret)
    if not Door.objects.filter(pk=door).exists():
        raise UnknownDoor
    raise NotItsDoor


def _require_token(kept: str, revoked_at: datetime | None, secret: str) -> None:
    if not is_token(secret, kept=kept) or revoked_at is not None:
        raise NotAuthorised


def _require_pace(device: str, now: datetime) -> None:
    key = f"gs_doors:taps:{device}:{int(now.timestamp()) // 60}"
    cache.add(key, 0, timeout=120)
    try:
        taps = cache.incr(key)
    except ValueError:  # a cache that keeps nothing
        return
    if taps > TAPS_A_MINUTE:
        raise TooMany


def _tapped(uid: str) -> Tapped:
    """Return the card with its member's outlook. One statement."""
    digest = digest_of(uid)
    found = (
        Card.objects.filter(digest=digest).values_list("pk", "status", "member", "member__standing__outlook").first()
    )
    if found is None:
        return Tapped(digest)
    card, status, member, outlook = found
    return Tapped(digest, card, member, CardRow(outlook, rows.flag_of(status)))


def _event(asked: Asked, reader: Reader, tapped: Tapped, decision: Decision, now: datetime) -> DoorEvent:
    named = (reader.device, asked.tap_id) if asked.tap_id else (reader.device, "", secrets.token_hex(16))
    return DoorEvent(
        id=derived("tap", *named),
        door_id=asked.door,
        device_id=reader.device,
        card_id=tapped.card,
        member_id=tapped.member,
        unknown_digest="" if tapped.card else tapped.digest,
        opened=decision.open,
        code=decision.code,
        standing=decision.standing.status if decision.standing is not None else "",
        until=decision.until,
        at=asked.at or now,
        recorded_at=now,
        tap_id=asked.tap_id,
    )


def _seen(reader: Reader, now: datetime) -> None:
    """Remember that the device is alive, once a minute."""
    if reader.last_seen_at is not None and reader.last_seen_at > now - SEEN_EVERY:
        return
    earlier = Q(last_seen_at=None) | Q(last_seen_at__lt=now)
    Device.objects.filter(earlier, pk=reader.device).update(last_seen_at=now)


def _again(event: str, asked: Asked, reader: Reader, tapped: Tapped, now: datetime) -> Answer:
    """Answer a tap that was answered before."""
    before = DoorEvent.objects.select_related("card").get(pk=event)
    known_as = before.card.digest if before.card is not None else before.unknown_digest
    differs = before.door_id != asked.door or known_as != tapped.digest
    told = Tap(again_after=now - before.recorded_at, differs=differs)
    refusal = doors.decide(tapped.row, reader.door, now, tap=told)
    if refusal.code is Code.REPLAYED:
        return Answer(open=False, code=refusal.code, words=refusal.words)
    return _answer(before)


def _answer(event: DoorEvent) -> Answer:
    code = Code(event.code)
    status = Status(event.standing) if event.standing else None
    return Answer(event.opened, code, doors.words_for(code, status), event.until)
