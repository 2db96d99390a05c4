"""A change as a page shows it: signed, good for a quarter of an hour, and compared with what it comes to when it comes back."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core import signing

from goodstanding.billing.models import Invoice, Subscription
from goodstanding.catalogue.models import Price
from goodstanding.core.changes import BY_ITSELF, Manner, Planned
from goodstanding.core.ids import derived
from goodstanding.memberships.changing_words import CannotChange

SALT = "goodstanding.memberships.change"
NOW = "now"
IN_PLACE = "in place of "
GOOD_FOR = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Preview:
    """What changing ``subscription`` to ``price`` comes to, as it is shown; ``plan`` has the lines and the money, made in the
    ``manner`` in which it is offered, or in place of the open bill ``instead``.
    """

    subscription: Subscription
    price: Price
    plan: Planned
    manner: Manner = BY_ITSELF
    instead: Invoice | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page showed, read back: ``page`` names that one view of it, ``figures`` what it said of money and dates."""

    page: str
    subscription: str
    price: str
    at: datetime
    figures: tuple[str, ...]

    @property
    def is_now(self) -> bool:
        """Whether it said that the change is made at once."""
        return NOW in self.figures

    @property
    def replaces(self) -> bool:
        """Whether it said that the open bill of the renewal is replaced."""
        return any(each.startswith(IN_PLACE) for each in self.figures)


def signed(found: Preview) -> str:
    """Return a preview as a text that a form sends back; it says what was shown and cannot be made up."""
    return sign(found.subscription.pk, found.price.pk, at=found.plan.at, said=figures(found.plan), salt=SALT)


def shown(text: str, *, now: datetime) -> Shown:
    """Read what :func:`signed` wrote. Raises :class:`CannotChange` for what is made up or older than a quarter of an hour."""
    return Shown(*read(text, salt=SALT, now=now))


def sign(subscription: str, wanted: str | int, *, at: datetime, said: Iterable[str], salt: str) -> str:
    """Return what a page says of what is ``wanted`` of a subscription, with a name for this one view of it, signed."""
    page = derived("page", secrets.token_hex(16))
    return signing.dumps([page, subscription, wanted, at.isoformat(), *said], salt=salt)


def read(text: str, *, salt: str, now: datetime) -> tuple[str, str, str, datetime, tuple[str, ...]]:
    """Read what :func:`sign` wrote: the view's name, the subscription, what is wanted, the moment, and what was said.

    Raises :class:`CannotChange` for what is made up or older than a quarter of an hour.
    """
    try:
        page, subscription, wanted, at, *said = signing.loads(text, salt=salt)
        moment = datetime.fromisoformat(at)
    except (signing.BadSignature, ValueError, TypeError):
        raise CannotChange("tampered") from None
    if not moment <= now <= moment + GOOD_FOR:
        raise CannotChange("stale")
    return page, subscription, str(wanted), moment, tuple(said)


def figures(plan: Planned) -> tuple[str, ...]:
    """Return what a page says of a change: all of it is compared before it is made."""
    moments = [plan.effect_at.isoformat() if not plan.is_now else NOW, plan.next_charge_at.isoformat()]
    amounts = [plan.total, plan.from_balance, plan.due_now, plan.to_balance, plan.next_due]
    lines = [f"{line.name} {line.net.amount_minor} {line.tax.amount_minor} {line.said}" for line in plan.lines]
    lines += [f"{IN_PLACE}{plan.replaces}"] if plan.replaces else []
    return (plan.total.currency, *moments, *(str(amount.amount_minor) for amount in amounts), *lines)
