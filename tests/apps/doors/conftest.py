"""A door, a reader at it, and alice with a card; readers that ask as they do in use: over HTTP, with a token."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from goodstanding.catalogue.models import Level, LevelGroup
from goodstanding.doors import services
from goodstanding.doors.models import Card, Device, Door
from goodstanding.memberships.models import MemberStanding
from tests.door_cases import FOR_LIFE, Outlook, documents

UID = "04:A2:3B:C1:5D:66:80"
OTHER_UID = "04:99:88:77:66:55:44"


@dataclass
class Reader:
    """A device at a door, with its token."""

    device: Device
    door: Door
    token: str
    client: Client

    def tap(self, uid: str = UID, *, door: str = "", token: str | None = None, **body: Any) -> Any:
        """Ask as the device does."""
        bearer = self.token if token is None else token
        return self.client.post(
            f"/doors/{door or self.door.pk}/tap",
            json.dumps({"card": uid, **body}),
            content_type="application/json",
            headers={"Authorization": f"Bearer {bearer}"} if bearer else {},
        )

    def opens(self, uid: str = UID, **body: Any) -> bool:
        """Whether the door opens."""
        answer = self.tap(uid, **body)
        assert answer.status_code == 200, answer.content
        told = answer.json()
        assert isinstance(told["open"], bool)
        return told["open"]


@pytest.fixture
def levels(db: None) -> dict[str, Level]:
    group = LevelGroup.objects.create(slug="workshop", name="Workshop", allows_several=True)
    return {slug: Level.objects.create(slug=slug, name=slug.capitalize(), group=group) for slug in ("bench", "studio")}


@pytest.fixture
def at_door(levels: Any, dana: Any, clock: Any) -> Any:
    """Make a reader at a door for some levels (none: every member)."""

    def made(name: str = "Workshop", for_levels: Sequence[str] = ()) -> Reader:
        door = services.make_door(name=name, levels=[levels[slug] for slug in for_levels], by=dana, now=clock.now)
        device = services.make_device(name=f"{name} reader", at=[door], by=dana, now=clock.now)
        return Reader(device, door, services.new_device_token(device, by=dana, now=clock.now), Client())

    return made


@pytest.fixture
def reader(at_door: Any) -> Reader:
    """The reader at the workshop's door."""
    made: Reader = at_door()
    return made


@pytest.fixture
def card(alice: Any, dana: Any, clock: Any) -> Card:
    """Alice's card, number UID."""
    return services.add_card(alice, uid=UID, by=dana, now=clock.now)


def stand(member: Any, outlook: Outlook | None = FOR_LIFE) -> None:
    """Have a member's stored standing tell this outlook."""
    MemberStanding.objects.filter(pk=member.pk).delete()
    if outlook is None:
        return
    told = documents(outlook)
    MemberStanding.objects.create(member=member, status=told[0]["status"], as_of=told[0]["from"], outlook=told)


@pytest.fixture
def good(alice: Any) -> Any:
    """Alice, in good standing."""
    stand(alice)
    return alice
