"""Making users and members."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction

from goodstanding.core.ids import derived
from goodstanding.people.models import Member

DEMO_PASSWORD = "goodstanding-demo"  # noqa: S105 - printed by `make up`; only ever set in a demonstration
DEMO_PEOPLE = (
    ("alice@example.org", "Alice Ash", "a member"),
    ("bob@example.org", "Bob Birch", "a member"),
    ("charlie@example.org", "Charlie Cedar", "a stranger: may log in, belongs to nothing"),
    ("dana@example.org", "Dana Dogwood", "staff"),
)


class EmailTaken(ValueError):
    """Somebody with this e-mail can already log in."""

    def __init__(self) -> None:
        super().__init__("A user with this e-mail exists already.")


def make_user(*, email: str, name: str = "", password: str | None = None, staff: bool = False, now: datetime) -> Any:
    """Create a user (of the project's user model). Raises :class:`EmailTaken` where the e-mail has one, in any case."""
    users = get_user_model()
    email = email.strip().lower()
    if users._default_manager.filter(email__iexact=email).exists():
        raise EmailTaken
    known = {field.name for field in users._meta.get_fields()}
    fields: dict[str, Any] = {"email": email, "name": name, "joined_at": now, "is_staff": staff, "is_superuser": staff}
    fields = {key: value for key, value in fields.items() if key in known} | {users.USERNAME_FIELD: email}
    manager: Any = users._default_manager
    try:
        with transaction.atomic():
            return manager.create_user(password=password, **fields)
    except IntegrityError:  # the same e-mail came in a moment ago; the database's words would repeat it
        raise EmailTaken from None


def make_member(
    *, user: Any = None, email: str = "", name: str = "", now: datetime, made_from: tuple[str, ...] = ()
) -> Member:
    """Create a member. ``made_from`` names what the member came with, so that a replay gives the same id.

    Returns the member that is there already, where the same ``made_from`` made one before.
    """
    parts = made_from or (secrets.token_hex(16),)
    email = (user.email if user is not None else email).strip().lower()
    member, _ = Member.objects.get_or_create(
        id=derived("mbr", *parts), defaults={"user": user, "email": email, "name": name, "created_at": now}
    )
    return member


def ensure_demo_people(*, now: datetime) -> list[tuple[str, str]]:
    """Make alice, bob, charlie and dana (staff) with the demonstration's password; who is there already stays as is.

    Returns (e-mail, role) of each. Alice and bob are members; what standing they have, the records say.
    """
    users = get_user_model()
    with transaction.atomic():
        for email, name, role in DEMO_PEOPLE:
            user = users._default_manager.filter(email=email).first()
            if user is None:
                user = make_user(email=email, name=name, password=DEMO_PASSWORD, staff=role == "staff", now=now)
            if role == "a member":
                make_member(user=user, name=name, now=now, made_from=("demo", email))
    return [(email, role) for email, _, role in DEMO_PEOPLE]
