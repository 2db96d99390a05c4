"""Stripe's subscriptions as facts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from goodstanding.core.facts import Contract, ItemSeen, SubscriptionSeen
from goodstanding.core.fold import SubscriptionStatus
from goodstanding.gateways.protocol import BadEvent, Event
from goodstanding.gateways.stripe.fields import (
    Obj,
    amount,
    count,
    currency,
    fraction_amount,
    maybe_moment,
    maybe_obj,
    moment,
    needed,
    rank,
    ref,
    rows,
    text,
)
from goodstanding.gateways.stripe.prices import hints

_STATUS = {status.value: status for status in SubscriptionStatus} | {
    "canceled": SubscriptionStatus.CANCELLED,
    "incomplete_expired": SubscriptionStatus.EXPIRED,
}


def read_subscription(event: Event, told: Obj) -> SubscriptionSeen:
    """Return the subscription as ``event`` tells it. Raises BadEvent for what cannot be one."""
    status = _status(event, told)
    code = currency(told) if told.get("currency") else _currency_of_items(told)
    pause = told.get("pause_collection")
    previous = event.body.get("data", {}).get("previous_attributes")
    return SubscriptionSeen(
        subscription=needed(told, "id"),
        customer=ref(told, "customer"),
        at=event.created_at,
        status=status,
        created_at=moment(told, "created"),
        currency=code,
        items=tuple(_item(row) for row in _items(told)),
        anchor_at=maybe_moment(told, "billing_cycle_anchor"),
        ends_at=_ends_at(told),
        ended_at=_ended_at(event, told, status),
        paused=isinstance(pause, dict) or status is SubscriptionStatus.PAUSED,
        resumes_at=maybe_moment(pause, "resumes_at") if isinstance(pause, dict) else None,
        trial_ends_at=maybe_moment(told, "trial_end"),
        rank=rank(event),
        before=tuple(sorted(_digest(previous).items())) if isinstance(previous, dict) else (),
        state=tuple(sorted(_digest(told).items())),
        contract=Contract(payments=_payments(told)),
    )


def _payments(told: Obj) -> int:
    """After how many payments it ends, as its metadata says (what we create names it there); 0 where nothing does."""
    said = text(maybe_obj(told, "metadata"), "payments")
    return int(said) if said.isascii() and said.isdigit() and len(said) <= len("9999") else 0


def _status(event: Event, told: Obj) -> SubscriptionStatus:
    status = _STATUS.get(needed(told, "status"))
    if status is None:
        raise BadEvent("unknown_status", "the subscription's status is none that we know")
    if event.type.endswith(".deleted") and status is not SubscriptionStatus.EXPIRED:
        return SubscriptionStatus.CANCELLED
    return status


def _items(told: Obj) -> list[Obj]:
    """The items; in the oldest shape a subscription is its one item, and carries the plan itself."""
    found = [row for row in rows(told, "items") if not row.get("deleted")]
    return found if found or not maybe_obj(told, "plan") else [{**told, "id": ""}]


def _item(row: Obj) -> ItemSeen:
    price = maybe_obj(row, "price") or maybe_obj(row, "plan")
    recurring = maybe_obj(price, "recurring") or price
    return ItemSeen(
        item=ref(row, "id"),
        hints=hints(row),
        quantity=count(row, "quantity"),
        amount_minor=_price_of(price),
        interval=text(recurring, "interval")[:8],
        interval_count=count(recurring, "interval_count", most=10_000),
    )


def _price_of(price: Obj) -> int | None:
    """What it costs, where it says so. A price of a part of a minor unit is told as a decimal alone, and rounded half up."""
    unit = "unit_amount" if "unit_amount" in price else "amount"
    if not price.get("currency"):
        return None
    if price.get(unit) is not None:
        return amount(price, unit, currency(price))
    decimal = f"{unit}_decimal"
    return fraction_amount(price, decimal, currency(price)) if price.get(decimal) is not None else None


def _currency_of_items(told: Obj) -> str:
    """Before 2021 a subscription had no currency of its own; its prices have."""
    for row in _items(told):
        price = maybe_obj(row, "price") or maybe_obj(row, "plan")
        if price.get("currency"):
            return currency(price)
    raise BadEvent("bad_currency", "the subscription names no currency")


def _ends_at(told: Obj) -> datetime | None:
    """A set end: ``cancel_at``; where an old payload only flags the period's end, that end."""
    if told.get("cancel_at") is not None:
        return maybe_moment(told, "cancel_at")
    return _period_end(told) if told.get("cancel_at_period_end") else None


def _period_end(told: Obj) -> datetime | None:
    ends = [end for row in rows(told, "items") if (end := maybe_moment(row, "current_period_end"))]
    return max(ends) if ends else maybe_moment(told, "current_period_end")


def _ended_at(event: Event, told: Obj, status: SubscriptionStatus) -> datetime | None:
    if status not in (SubscriptionStatus.CANCELLED, SubscriptionStatus.EXPIRED):
        return None
    ended = maybe_moment(told, "ended_at")
    return min(ended, event.created_at) if ended else event.created_at


def _digest(told: dict[str, Any] | Obj) -> dict[str, str]:
    """The fields that changes within one second are ordered by, in a form that compares before with after."""
    digest = {}
    if "status" in told:
        digest["status"] = str(told["status"])
    if "items" in told:
        items = list(rows(told, "items"))
        digest["items"] = ";".join(sorted(f"{row.get('id')}:{hints(row).price}:{row.get('quantity')}" for row in items))
        ends = sorted(str(row["current_period_end"]) for row in items if "current_period_end" in row)
        if ends:
            digest["period"] = ";".join(ends)
    if "current_period_end" in told:
        digest["period"] = str(told["current_period_end"])
    for name in ("cancel_at", "cancel_at_period_end"):
        if name in told:
            digest[name] = str(told[name])
    if "pause_collection" in told:
        digest["paused"] = str(bool(told["pause_collection"]))
    return digest
