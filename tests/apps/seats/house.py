"""A household with two seats and a company that buys them, for tests of seats; and the ways of their people."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from goodstanding.clock import StoppedClock
from goodstanding.communications.models import Mail
from goodstanding.memberships import seats_giving
from goodstanding.memberships.models import Invitation, Membership, Seat
from goodstanding.memberships.reading import standing_now
from tests.apps.checkout.test_joining import buy

EUR = {"currency": "EUR", "interval": "month"}
HOUSES: list[dict[str, Any]] = [
    {
        "slug": "household",
        "name": "Household",
        "group": "membership",
        "seats": 2,
        "seat_level": "family",
        "prices": [{"amount_minor": 9000, "seat_amount_minor": 1000, **EUR}],
    },
    {
        "slug": "company",
        "name": "Company",
        "group": "membership",
        "seats_max": 4,
        "prices": [{"amount_minor": 20000, "seat_amount_minor": 1000, **EUR}],
    },
    {"slug": "family", "name": "Family", "group": "families", "group_allows_several": True, "hidden": True},
]


def of(member: Any, level: str, price: Callable[..., Any], clock: StoppedClock, **how: str) -> Membership:
    """Have a member join at a level, and return the membership."""
    buy(member, price(level), clock, **how)
    return Membership.objects.select_related("member", "level").get(member=member, level=level)


def invite(membership: Membership, somebody: Any, clock: StoppedClock) -> tuple[str, str]:
    """Invite somebody by his address; return the invitation's id and what the mail's link holds."""
    seats_giving.invite(membership, somebody.email, by=membership.member.user, now=clock.now)
    return last_link(somebody.email)


def last_link(email: str) -> tuple[str, str]:
    """What the last mail to an address links to: the invitation and its token; of those of one moment the one that holds."""
    texts = Mail.objects.filter(kind="seat_invited", to_address=email).values_list("text", flat=True)
    links = [found for text in texts for found in re.findall(r"/me/invitations/(sin_\w+)/([\w-]{43})/", text)]
    rows = Invitation.objects.in_bulk([invitation for invitation, _ in links])

    def holds(link: tuple[str, str]) -> tuple[bool, bool, datetime]:
        row = rows[link[0]]
        fits = row.token_digest == seats_giving.digest_of(row.pk, row.email, link[1])
        return fits, row.accepted_at is None and row.withdrawn_at is None, row.sent_at

    assert links, email
    found: tuple[str, str] = max(links, key=holds)
    return found


def seat(membership: Membership, member: Any, clock: StoppedClock) -> Seat:
    """Have a member invited, and take the seat."""
    return seats_giving.accept(*invite(membership, member, clock), member, now=clock.now)


def levels(member: Any, clock: StoppedClock) -> str:
    """How a member stands: ``family=good``."""
    found = standing_now(member.pk, now=clock.now).document["levels"]
    return ";".join(f"{each['level']}={each['status']}" for each in found)


def waiting() -> int:
    """How many invitations are open."""
    return int(Invitation.objects.filter(accepted_at=None, withdrawn_at=None).count())
