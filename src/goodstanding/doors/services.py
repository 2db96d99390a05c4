"""What staff do with doors, cards and devices, each with an audit entry; and why somebody cannot get in."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef

from goodstanding.audit.services import note
from goodstanding.catalogue.models import Level
from goodstanding.core import doors
from goodstanding.core.doors import CardRow, Decision
from goodstanding.core.ids import derived
from goodstanding.doors import rows
from goodstanding.doors.keys import digest_of
from goodstanding.doors.models import Card, Device, Door, DoorEvent
from goodstanding.doors.querysets import DoorEventQuerySet
from goodstanding.doors.tokens import new_secret, token_digest
from goodstanding.memberships.models import MemberStanding
from goodstanding.people.models import Member

KEEP_UNKNOWN = timedelta(minutes=10)  # how long a card that was nobody's can be assigned after its tap
SHORTEST_FOR_LAST_FOUR = 8


class Refused(ValueError):
    """What was asked for cannot be done; the text says why, to staff."""


class CardTaken(Refused):
    """The card is somebody's already."""

    def __init__(self, card: Card) -> None:
        super().__init__("This card is assigned already.")
        self.card = card


class CardRefused(Refused):
    """This cannot be done with the card."""


class NothingSeen(Refused):
    """No card that is nobody's was tapped there within the last minutes."""

    def __init__(self) -> None:
        super().__init__("No unknown card was seen in the last ten minutes.")


class DeviceRevoked(Refused):
    """The device was revoked: it gets no token any more."""

    def __init__(self) -> None:
        super().__init__("This device was revoked. Make a new one.")


def make_door(
    *, name: str, by: Any, now: datetime, place: str = "", levels: Iterable[Level] = (), made_from: tuple[str, ...] = ()
) -> Door:
    """Make a door for any of ``levels`` (none: every member in good standing).

    ``made_from`` names what it came with: the same again returns the door that is there.
    """
    with transaction.atomic():
        door, made = Door.objects.get_or_create(id=_new("door", *made_from), defaults={"name": name, "place": place})
        if made:
            door.levels.set(levels)
            note(by=by, on=door, what="add door", why=name, now=now)
    return door


def change_door(
    door: Door,
    *,
    name: str,
    place: str,
    levels: Iterable[Level],
    is_active: bool,
    locked_out: bool,
    by: Any,
    now: datetime,
) -> Door:
    """Have a door be as given from now on. What changed is noted."""
    chosen = sorted(levels, key=lambda level: level.slug)
    with transaction.atomic():
        locked = Door.objects.select_for_update().get(pk=door.pk)
        given = {"name": name, "place": place, "is_active": is_active, "locked_out": locked_out}
        changed = [f"{field}: {value}" for field, value in given.items() if getattr(locked, field) != value]
        if {level.pk for level in chosen} != set(locked.levels.values_list("pk", flat=True)):
            changed.append(f"levels: {', '.join(level.slug for level in chosen) or 'every member'}")
        for field, value in given.items():
            setattr(locked, field, value)
        locked.save(update_fields=list(given))
        locked.levels.set(chosen)
        if changed:
            note(by=by, on=locked, what="change door", why="; ".join(changed), now=now)
    return locked


def add_card(
    member: Member, *, uid: str, by: Any, now: datetime, label: str = "", keep_last_four: bool = False
) -> Card:
    """Assign the card with this number to a member. The number itself is kept nowhere.

    Raises ``BadCard``, ``NoCardKey``, :class:`CardTaken`, and :class:`CardRefused` where the last four characters would
    be most of the number.
    """
    digest = digest_of(uid)
    last_four = last_four_of(uid) if keep_last_four else ""
    return _add(member, digest, label=label, last_four=last_four, by=by, now=now, why="by its number")


def require_free(uid: str) -> None:
    """Raise ``BadCard``, ``NoCardKey`` or :class:`CardTaken` where a card with this number cannot be added."""
    card = Card.objects.select_related("member").filter(digest=digest_of(uid)).first()
    if card is not None:
        raise CardTaken(card)


def last_four_of(uid: str) -> str:
    """Return the last four characters of a number, where they are no more than half of it, else :class:`CardRefused`."""
    number = doors.normalised(uid)
    if len(number) < SHORTEST_FOR_LAST_FOUR:
        raise CardRefused("This number is too short to keep four characters of it.")
    return number[-4:]


def assign_last_seen(
    member: Member, *, by: Any, now: datetime, door: Door | None = None, seen: str = "", label: str = ""
) -> Card:
    """Assign to a member the unknown card that was tapped last (at ``door``), or in the tap ``seen`` (by its id).

    Raises :class:`NothingSeen` where there is none of the last ten minutes.
    """
    taps = _unassigned(now)
    if door is not None:
        taps = taps.filter(door=door)
    if seen:
        taps = taps.filter(pk=seen)
    tap = taps.first()
    if tap is None:
        raise NothingSeen
    return _add(member, tap.unknown_digest, label=label, last_four="", by=by, now=now, why=f"seen in {tap.pk}")


def seen_unknown(*, now: datetime, limit: int = 20) -> list[DoorEvent]:
    """Return the last tap of each card that was nobody's within the last ten minutes and still is, the latest first."""
    last: dict[str, DoorEvent] = {}
    for tap in _unassigned(now).select_related("door")[: limit * 10]:
        last.setdefault(tap.unknown_digest, tap)
    return list(last.values())[:limit]


def forget_unknown(*, now: datetime) -> int:
    """Empty the digests of cards that were nobody's and were not assigned in time; return how many taps that were."""
    return DoorEvent.objects.unknown_before(now - KEEP_UNKNOWN).update(unknown_digest="")


def mark_lost(card: Card, *, by: Any, now: datetime, reason: str = "") -> Card:
    """Have a card open nothing from now on because it is lost. Raises :class:`CardRefused` where it does not count."""
    return _become(card, Card.Status.LOST, was=(Card.Status.ACTIVE,), by=by, now=now, reason=reason)


def block(card: Card, *, by: Any, now: datetime, reason: str) -> Card:
    """Have a card open nothing from now on. Raises :class:`CardRefused` without a reason, or where it is blocked."""
    if not reason.strip():
        raise CardRefused("Say why: others will ask.")
    return _become(card, Card.Status.BLOCKED, was=(Card.Status.ACTIVE, Card.Status.LOST), by=by, now=now, reason=reason)


def reactivate(card: Card, *, by: Any, now: datetime, reason: str) -> Card:
    """Have a card count again that was found, or is blocked no more. Raises :class:`CardRefused` as :func:`block`."""
    if not reason.strip():
        raise CardRefused("Say why: others will ask.")
    return _become(card, Card.Status.ACTIVE, was=(Card.Status.LOST, Card.Status.BLOCKED), by=by, now=now, reason=reason)


def hand_over(card: Card, *, to: Member, by: Any, now: datetime) -> Card:
    """Give a card that came back to another member, in use and with no label. Taps of before stay who they were."""
    with transaction.atomic():
        locked = Card.objects.select_for_update().get(pk=card.pk)
        if locked.member_id == to.pk:
            raise CardRefused("This card is this member's already.")
        before = locked.member_id
        locked.member, locked.status, locked.label = to, Card.Status.ACTIVE, ""
        locked.save(update_fields=["member", "status", "label"])
        note(by=by, on=locked, what="hand over card", why=f"from {before} to {to.pk}", now=now)
    return locked


def make_device(*, name: str, at: Iterable[Door], by: Any, now: datetime) -> Device:
    """Make a device for some doors. It can ask nothing before it has a token."""
    with transaction.atomic():
        device = Device.objects.create(id=_new("dev"), name=name, added_at=now)
        device.doors.set(at)
        note(by=by, on=device, what="add device", why=name, now=now)
    return device


def change_device(device: Device, *, name: str, at: Iterable[Door], by: Any, now: datetime) -> Device:
    """Name a device, and bind it to these doors and no others. What changed is noted."""
    chosen = sorted(at, key=lambda door: door.pk)
    with transaction.atomic():
        locked = Device.objects.select_for_update().get(pk=device.pk)
        changed = [f"name: {name}"] if locked.name != name else []
        if {door.pk for door in chosen} != set(locked.doors.values_list("pk", flat=True)):
            changed.append(f"doors: {', '.join(door.pk for door in chosen) or 'none'}")
        locked.name = name
        locked.save(update_fields=["name"])
        locked.doors.set(chosen)
        if changed:
            note(by=by, on=locked, what="change device", why="; ".join(changed), now=now)
    return locked


def new_device_token(device: Device, *, by: Any, now: datetime) -> str:
    """Give a device a new token and return it, this once; the one before is good no more.

    Raises :class:`DeviceRevoked`.
    """
    secret = new_secret()
    with transaction.atomic():
        alive = Device.objects.filter(pk=device.pk, revoked_at=None)
        if not alive.update(token_digest=token_digest(secret)):
            raise DeviceRevoked
        note(by=by, on=device, what="new device token", why="", now=now)
    return f"{device.pk}.{secret}"


def revoke(device: Device, *, by: Any, now: datetime, reason: str = "") -> Device:
    """Answer a device no more, for good. Raises :class:`DeviceRevoked` where that was done already."""
    with transaction.atomic():
        alive = Device.objects.filter(pk=device.pk, revoked_at=None)
        if not alive.update(revoked_at=now, token_digest=""):
            raise DeviceRevoked
        note(by=by, on=device, what="revoke device", why=reason, now=now)
    device.refresh_from_db()
    return device


def why(member: Member, now: datetime, *, card: Card | None = None) -> list[tuple[Door, Decision]]:
    """Return for each door in use what it would answer this member at ``now``, with ``card`` or any of his that counts.

    The same function decides as at the door. Statements: four, however many doors, cards and years there are.
    """
    outlook = MemberStanding.objects.filter(pk=member.pk).values_list("outlook", flat=True).first()
    own = Card.objects.filter(member=member) if card is None else Card.objects.filter(member=member, pk=card.pk)
    row = CardRow(outlook, rows.best_flag(list(own.order_by("added_at", "id").values_list("status", flat=True))))
    found = []
    for door in Door.objects.filter(is_active=True).order_by("name", "id").prefetch_related("levels"):
        levels = [level.pk for level in door.levels.all()]
        asked = rows.door_of(levels=levels, is_active=door.is_active, locked_out=door.locked_out)
        found.append((door, doors.decide(row, asked, now)))
    return found


def _new(prefix: str, *made_from: str) -> str:
    return derived(prefix, *(made_from or (secrets.token_hex(16),)))


def _unassigned(now: datetime) -> DoorEventQuerySet:
    known = Card.objects.filter(digest=OuterRef("unknown_digest"))
    return DoorEvent.objects.unknown_since(now - KEEP_UNKNOWN).exclude(Exists(known))


def _add(member: Member, digest: str, *, label: str, last_four: str, by: Any, now: datetime, why: str) -> Card:
    with transaction.atomic():
        card, made = Card.objects.get_or_create(
            digest=digest,
            defaults={"id": _new("card"), "member": member, "label": label, "last_four": last_four, "added_at": now},
        )
        if not made:
            raise CardTaken(card)
        note(by=by, on=card, what="add card", why=why, now=now)
    return card


def _become(
    card: Card, status: Card.Status, *, was: tuple[Card.Status, ...], by: Any, now: datetime, reason: str
) -> Card:
    with transaction.atomic():
        if not Card.objects.filter(pk=card.pk, status__in=was).update(status=status):
            card.refresh_from_db()
            raise CardRefused(f"This card is {card.get_status_display()}.")
        note(by=by, on=card, what=f"card {status}", why=reason, now=now)
    card.refresh_from_db()
    return card
