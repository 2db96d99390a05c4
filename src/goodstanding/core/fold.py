"""What all facts of one object come to, whatever their order and however often each was told (I1, I2).

The state of an object is a *set* of facts from which only those are dropped that can never matter again
(:func:`condense`). Joining sets is commutative, associative and idempotent, and so is this; the property is tested.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import groupby, permutations
from typing import Any, TypeVar

from goodstanding.core import codec
from goodstanding.core.facts import (
    AccessDecided,
    CreditSeen,
    CustomerSeen,
    DisputeSeen,
    Fact,
    InvoicePaymentFailed,
    InvoiceSeen,
    PaymentLinked,
    PaymentSeen,
    PriceSeen,
    ProductSeen,
    RefundSeen,
    SubscriptionSeen,
)


class SubscriptionStatus(StrEnum):
    """The life cycle of a subscription, in our words."""

    INCOMPLETE = "incomplete"
    TRIALING = "trialing"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    UNPAID = "unpaid"
    PAUSED = "paused"
    EXPIRED = "expired"  # before the first payment
    COMPLETED = "completed"  # all instalments are paid: nobody cancelled it
    CANCELLED = "cancelled"


ENDED = frozenset({SubscriptionStatus.EXPIRED, SubscriptionStatus.COMPLETED, SubscriptionStatus.CANCELLED})
_CYCLE = {str(status): rank for rank, status in enumerate(SubscriptionStatus)}
_INVOICE_RANK = {"draft": 0, "deleted": 1, "open": 2, "uncollectible": 3, "void": 4, "paid": 5}

Key = tuple[str, str]  # (kind, reference)
Some = TypeVar("Some", bound=Fact)


def key_of(fact: Fact) -> Key:
    """Return which object a fact tells of. A failure is told of its invoice; a link is an object of its own."""
    if isinstance(fact, PaymentLinked):
        return "link", f"{fact.one}|{fact.other}"
    if isinstance(fact, PriceSeen):
        return "price", fact.hints.price
    kind, name = _KEYS[type(fact)]
    return kind, getattr(fact, name)


_KEYS: Mapping[type[Fact], tuple[str, str]] = {
    CustomerSeen: ("customer", "customer"),
    SubscriptionSeen: ("subscription", "subscription"),
    InvoiceSeen: ("invoice", "invoice"),
    InvoicePaymentFailed: ("invoice", "invoice"),
    PaymentSeen: ("payment", "payment"),
    RefundSeen: ("refund", "refund"),
    DisputeSeen: ("dispute", "dispute"),
    CreditSeen: ("credit", "credit"),
    AccessDecided: ("access", "invoice"),
    ProductSeen: ("product", "product"),
}


def condense(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """Return the facts of one object that may still matter, each once, in an order of their own.

    ``condense(condense(a) + b) == condense(a + b)`` for any a and b, in any order.
    """
    distinct = tuple(dict.fromkeys(facts))
    if len(distinct) < 2:
        return distinct
    if isinstance(distinct[0], PaymentLinked):
        first = min(map(_moment, distinct))
        return (min((fact for fact in distinct if fact.at == first), key=_canonical),)
    ordered = _ordered(distinct, _moment)
    if isinstance(ordered[0], InvoiceSeen | InvoicePaymentFailed):
        return tuple(_condense_invoice(ordered))
    if isinstance(ordered[0], CustomerSeen):
        return tuple(_condense_customer([fact for fact in ordered if isinstance(fact, CustomerSeen)]))
    return tuple(ordered)


def _condense_invoice(facts: Sequence[Fact]) -> list[Fact]:
    """Failures, and of the tellings the most advanced one, and the earliest settlement, closing and giving up."""
    seen = [fact for fact in facts if isinstance(fact, InvoiceSeen)]
    keep = [_ordered(seen, _progress)[-1]] if seen else []
    keep += _ordered([fact for fact in seen if fact.status == "paid"], settled_moment)[:1]
    keep += _ordered([fact for fact in seen if closed_moment(fact) is not None], _closed)[:1]
    keep += _ordered([fact for fact in seen if fact.status == "uncollectible"], _closed)[:1]
    return [fact for fact in facts if isinstance(fact, InvoicePaymentFailed) or fact in keep]


def _progress(fact: InvoiceSeen) -> tuple[int, datetime]:
    return _INVOICE_RANK[fact.status], fact.at


def _closed(fact: InvoiceSeen) -> datetime:
    return closed_moment(fact) or fact.at


def _condense_customer(seen: Sequence[CustomerSeen]) -> list[Fact]:
    """The first and the last telling, also of those with an e-mail, and the first name: the rest is no business of ours."""
    in_turn = _ordered(seen, _when)
    mailed = [fact for fact in in_turn if fact.email]
    keep = [*in_turn[:1], *in_turn[-1:], *mailed[:1], *mailed[-1:]]
    keep += [fact for fact in in_turn if fact.name][:1] + [fact for fact in in_turn if fact.deleted][:1]
    return [fact for fact in seen if fact in keep]


def _when(fact: CustomerSeen) -> tuple[datetime, int]:
    return fact.at, fact.rank


def _moment(fact: Fact) -> datetime:
    return fact.at


def _ordered(facts: Iterable[Some], key: Callable[[Some], Any]) -> list[Some]:
    """Return facts by ``key``, and where that ties by their content: never by how they arrived.

    The content is written out for ties alone: that costs more than all the rest.
    """
    ordered = sorted(facts, key=key)
    if len(ordered) < 2:
        return ordered
    tied = (list(together) for _, together in groupby(ordered, key))
    return [fact for some in tied for fact in (sorted(some, key=_canonical) if len(some) > 1 else some)]


def _canonical(fact: Fact) -> str:
    return json.dumps(codec.encode(fact), sort_keys=True, separators=(",", ":"))


def settled_moment(fact: InvoiceSeen) -> datetime:
    """Return from when nothing was due any more, for an invoice told as paid."""
    assert fact.status == "paid", fact.invoice
    return fact.settled_at or fact.at


def closed_moment(fact: InvoiceSeen) -> datetime | None:
    """Return when the invoice was voided, given up or deleted, if it was."""
    if fact.closed_at is not None:
        return fact.closed_at
    return fact.at if fact.status in ("void", "uncollectible", "deleted") else None


@dataclass(frozen=True, slots=True)
class InvoiceState:
    """An invoice after all that was told of it. ``last`` is ``None`` while only failures were told.

    ``given_up_at``: when it was first called uncollectible; it may still be paid or voided after that. ``retry``: what was
    said last of charging what is stored for it again (:class:`goodstanding.core.facts.PaymentSeen`).
    """

    last: InvoiceSeen | None
    settled_at: datetime | None
    closed_at: datetime | None
    failed_at: tuple[datetime, ...]
    given_up_at: datetime | None = None
    retry: str = ""


def invoice_state(facts: Iterable[Fact]) -> InvoiceState:
    """Return what the facts of one invoice come to. Its life only ever advances: draft, open, given up, void, paid."""
    seen, failures = [], set()
    for fact in facts:
        if isinstance(fact, InvoiceSeen):
            seen.append(fact)
        elif isinstance(fact, InvoicePaymentFailed):
            failures.add(fact.at)
    settled = [settled_moment(fact) for fact in seen if fact.status == "paid"]
    closed = [moment for fact in seen if (moment := closed_moment(fact)) is not None]
    return InvoiceState(
        last=_ordered(seen, _progress)[-1] if seen else None,
        settled_at=min(settled, default=None),
        closed_at=min(closed, default=None),
        failed_at=tuple(sorted(failures)),
        given_up_at=min((_closed(fact) for fact in seen if fact.status == "uncollectible"), default=None),
    )


def in_order(facts: Iterable[Fact]) -> list[SubscriptionSeen]:
    """Return the tellings of one subscription in the order in which they came about.

    By time; within one second by the life cycle (created, updated, deleted), and among updates by what each says it
    changed: each one's state, with its changes undone, is the state before it. Ties that remain follow the status's life
    cycle and then the content, so that the order never depends on arrival.
    """
    ordered: list[SubscriptionSeen] = []
    seen = _ordered((fact for fact in facts if isinstance(fact, SubscriptionSeen)), _turn)
    for _, together in groupby(seen, _turn):
        tied = list(together)
        ordered += tied if len(tied) == 1 else _chained(ordered[-1] if ordered else None, tied)
    return ordered


def _turn(fact: SubscriptionSeen) -> tuple[datetime, int]:
    return fact.at, fact.rank


_MOST_TRIED = 6  # of more tellings than these in one second not every order is tried


def _chained(last: SubscriptionSeen | None, tied: Sequence[SubscriptionSeen]) -> list[SubscriptionSeen]:
    tied = sorted(tied, key=lambda fact: (_CYCLE.get(fact.status, 0), bool(fact.before), _canonical(fact)))
    if len(tied) <= _MOST_TRIED:
        unlike = {(one, other): _unlike(one, other) for one in (last, *tied) for other in tied}

        def misfits(order: Iterable[SubscriptionSeen]) -> int:
            chain = tuple(order)
            return sum(unlike[pair] for pair in zip((last, *chain), chain, strict=False))

        return list(min(permutations(tied), key=misfits))
    chain: list[SubscriptionSeen] = []
    while tied:
        before = chain[-1] if chain else last
        chain.append(min(tied, key=lambda fact: _unlike(before, fact)))
        tied.remove(chain[-1])
    return chain


def _unlike(last: SubscriptionSeen | None, fact: SubscriptionSeen) -> int:
    """How many fields differ between the state before and this one's with its changes undone."""
    if last is None:
        return 0
    undone = {**dict(fact.state), **dict(fact.before)}
    return sum(value != undone.get(name, "") for name, value in last.state)


@dataclass(frozen=True, slots=True)
class CustomerState:
    """A gateway's customer: the e-mail is the first one ever told (a later one is reported, not followed)."""

    email: str = ""
    name: str = ""
    latest_email: str = ""
    deleted: bool = False


def customer_state(facts: Iterable[Fact]) -> CustomerState:
    """Return what the facts of one customer come to."""
    seen = _ordered((fact for fact in facts if isinstance(fact, CustomerSeen)), _when)
    emails = [fact.email for fact in seen if fact.email]
    names = [fact.name for fact in seen if fact.name]
    return CustomerState(
        email=emails[0] if emails else "",
        name=names[0] if names else "",
        latest_email=emails[-1] if emails else "",
        deleted=any(fact.deleted for fact in seen),
    )


@dataclass(frozen=True, slots=True)
class DisputeState:
    """A dispute: open from ``opened_at`` to ``closed_at``; ``lost`` tells how it closed."""

    last: DisputeSeen
    closed_at: datetime | None
    lost: bool


def dispute_state(facts: Iterable[Fact]) -> DisputeState | None:
    """Return what the facts of one dispute come to. Once closed it stays closed, as it was closed first."""
    seen = _ordered((fact for fact in facts if isinstance(fact, DisputeSeen)), _moment)
    if not seen:
        return None
    closed = [fact for fact in seen if fact.status != "open"]
    last = closed[0] if closed else seen[-1]
    return DisputeState(last, closed[0].at if closed else None, bool(closed) and closed[0].status == "lost")


@dataclass(frozen=True, slots=True)
class RefundState:
    """A refund: money given back from ``made_at`` on, unless it failed at ``failed_at``."""

    last: RefundSeen
    failed_at: datetime | None


def access_decided(facts: Iterable[Fact]) -> AccessDecided | None:
    """Return the decision about an invoice that counts: the latest."""
    told = _ordered((fact for fact in facts if isinstance(fact, AccessDecided)), _moment)
    return told[-1] if told else None


def refund_state(facts: Iterable[Fact]) -> RefundState | None:
    """Return what the facts of one refund come to. A failed or cancelled one gave nothing back from then on."""
    seen = _ordered((fact for fact in facts if isinstance(fact, RefundSeen)), _moment)
    if not seen:
        return None
    failed = [fact for fact in seen if fact.status in ("failed", "cancelled")]
    return RefundState(failed[0] if failed else seen[-1], failed[0].at if failed else None)


def payment_state(facts: Iterable[Fact]) -> PaymentSeen | None:
    """Return the last telling of a payment; of one second, the one that went further (refunded more, succeeded).

    What was undone once never was, whatever is told after it.
    """
    tellings = payment_tellings(facts)
    undone = next((told for told in tellings if told.status == "undone"), None)
    return undone or (tellings[-1] if tellings else None)


def payment_tellings(facts: Iterable[Fact]) -> list[PaymentSeen]:
    """Return the tellings of one payment in order of time, and within a second by how far it had gone."""
    return _ordered([fact for fact in facts if isinstance(fact, PaymentSeen)], _went_further)


_PAYMENT_RANK = {"pending": 0, "failed": 1, "succeeded": 2, "undone": 3}


def _went_further(fact: PaymentSeen) -> tuple[datetime, int, int]:
    return fact.at, _PAYMENT_RANK[fact.status], fact.refunded_minor
