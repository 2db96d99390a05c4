"""What recurs, as the vendor keeps it (JSON), and the prices that it tells: with the level in their metadata."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from goodstanding.core.facts import PriceHints
from goodstanding.core.ids import derived
from goodstanding.core.money import Money
from goodstanding.core.periods import Interval, Unit, nth_utc
from goodstanding.gateways.requests import Recurring

Packed = dict[str, Any]


def packed(plan: Recurring) -> Packed:
    """Return ``plan`` as JSON."""
    return {
        "price": plan.price,
        "level": plan.level,
        "name": plan.name,
        "amount_minor": plan.amount.amount_minor,
        "currency": plan.amount.currency,
        "unit": str(plan.interval.unit),
        "count": plan.interval.count,
        "quantity": plan.quantity,
        **({"payments": plan.payments} if plan.payments else {}),
    }


def unpacked(data: Packed) -> Recurring:
    """Return what :func:`packed` wrote."""
    return Recurring(
        price=data["price"],
        level=data["level"],
        name=data["name"],
        amount=Money(data["amount_minor"], data["currency"]),
        interval=Interval(Unit(data["unit"]), data["count"]),
        quantity=data["quantity"],
        payments=data.get("payments", 0),
    )


def whole(plan: Recurring) -> Money:
    """Return what a whole period costs."""
    return Money(plan.amount.amount_minor * plan.quantity, plan.amount.currency)


def hints(plan: Recurring, *, account: str) -> PriceHints:
    """Return what the vendor tells of the plan's price: its own id, ours as lookup key, the level, the name."""
    parts = (plan.price, plan.level, str(plan.amount), str(plan.interval.unit), str(plan.interval.count))
    return PriceHints(
        price=derived("sbprc", account, *parts),
        lookup_key=plan.price,
        level=plan.level,
        labels=(plan.name,) if plan.name else (),
    )


def boundary(anchor: datetime, plan: Recurring, number: int) -> datetime:
    """Return where period ``number`` begins, counted from the anchor alone."""
    return nth_utc(anchor, plan.interval, n=number)
