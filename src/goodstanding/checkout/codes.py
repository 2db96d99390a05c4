"""Discount codes at the checkout: what one takes off what is wanted, and its uses, which cannot be oversold.

A use is set aside in the transaction that writes the purchase down, late, under the code's lock; it is spent when that is paid,
and given back when the checkout is given up (R17, P47, P49). A code without a limit locks nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from goodstanding.billing.models import Invoice, PaymentAttempt
from goodstanding.catalogue import codes as catalogue
from goodstanding.catalogue.models import DiscountCode, Price
from goodstanding.checkout.models import Checkout, CodeUse
from goodstanding.checkout.refusals import Refused
from goodstanding.core import asking, discounts
from goodstanding.core.discounts import Alternative, Use
from goodstanding.core.facts import CodeHeld
from goodstanding.core.money import Money
from goodstanding.core.periods import Interval
from goodstanding.memberships import buying
from goodstanding.people.models import Member

State = CodeUse.State
UNKNOWN = "unknown_code"
SET_ASIDE = timedelta(hours=1)  # for who was declined and does not come back


@dataclass(frozen=True, slots=True)
class Held:
    """What a code comes to for one price: as a contract holds it, and the interval of a complete other price."""

    codes: tuple[CodeHeld, ...] = ()
    interval: Interval | None = None


NOTHING = Held()
Codes = Mapping[str, Held]  # by the price's public id


def found(text: str) -> DiscountCode | None:
    """Return the code that was typed, if any was. Raises :class:`Refused` where there is no such code."""
    if not text:
        return None
    row = catalogue.find(text)
    if row is None or not row.is_open:
        raise Refused(UNKNOWN, _("There is no such code here. Look at how it is written, or leave it out."))
    return row


def opened(row: DiscountCode | None, *, now: datetime) -> frozenset[str]:
    """Return the levels that a code opens at ``now``, hidden and closed ones."""
    if row is None or not row.is_open:
        return frozenset()
    begun = row.starts_at is None or row.starts_at <= now
    return catalogue.opens(row) if begun and (row.ends_at is None or now < row.ends_at) else frozenset()


def opened_by(text: str, *, now: datetime) -> frozenset[str]:
    """Return the levels that a typed code opens; none where there is no such code."""
    return opened(catalogue.find(text) if text else None, now=now)


def held(
    row: DiscountCode, prices: Sequence[Price], *, member: Member | None, now: datetime, own: Checkout | None = None
) -> Codes:
    """Return what a code comes to for each of ``prices`` that it is for. Writes nothing. Two statements at most.

    What the member's unpaid checkouts set aside is his to use; for ``own``, one of them, only what itself did. Raises
    :class:`Refused`, by the name of the first reason, where the code does nothing for any of the prices.
    """
    others = CodeUse.objects.filter(_counts(now), code=row)
    if own is not None:
        others = others.exclude(checkout=own)
    elif member is not None:
        others = others.exclude(member=member, state=State.RESERVED)
    counts = {
        "used": others.count() if row.limit is not None else 0,
        "used_by_person": others.filter(member=member).count() if member and row.limit_each is not None else 0,
    }
    comes_to: dict[str, Held] = {}
    refused: discounts.Refused | None = None
    for price in prices:
        code = catalogue.reading(row, price).code
        terms = buying.terms_of(price)
        asked = asking.listed(terms.contract, terms.amount, payment=1)
        answer = discounts.decide(code, Use(price.level_id, asked, terms.interval, now, **counts))
        if isinstance(answer, discounts.Refused):
            refused = refused or answer
            continue
        effect = answer.effect
        instead = effect.interval if isinstance(effect, Alternative) else None
        comes_to[price.pk] = Held((asking.held(answer),), instead)
    if not comes_to:
        assert refused is not None, row.pk
        raise Refused(f"code_{refused.why}", refused.said(_))
    return _shared(comes_to, prices)


def reserve(checkout: Checkout, row: DiscountCode, prices: Sequence[Price], *, now: datetime) -> None:
    """Set a use of a code aside for a checkout, once; in the transaction that writes its purchase down.

    Raises :class:`Refused` where the last one is gone: nothing was charged.
    """
    assert connection.in_atomic_block
    if CodeUse.objects.filter(_counts(now), checkout=checkout, code=row).exists():
        return
    if row.limit is not None or row.limit_each is not None:
        # Whoever is to have the last use is decided one after the other.
        DiscountCode.objects.select_for_update().get(pk=row.pk)
    held(row, prices, member=checkout.member, now=now, own=checkout)
    values = {"code": row, "member": checkout.member, "state": State.RESERVED, "reserved_at": now, "ended_at": None}
    CodeUse.objects.update_or_create(checkout=checkout, defaults=values)


def release(checkout: Checkout, *, now: datetime) -> None:
    """Give the use of a checkout that is given up back."""
    _end(checkout, State.RELEASED, now=now)


def spend(checkout: Checkout, *, now: datetime) -> None:
    """Note that the use of a checkout that is paid is spent."""
    _end(checkout, State.SPENT, now=now)


def _end(checkout: Checkout, state: CodeUse.State, *, now: datetime) -> None:
    rows = CodeUse.objects.filter(checkout=checkout.pk, state=State.RESERVED)
    rows.update(state=state, ended_at=now)


def _counts(now: datetime) -> Q:
    """The uses that count: spent ones, and those set aside an hour ago at most, or for what is still being paid."""
    owner = {"pays_for": OuterRef("checkout__pays_for"), "customer__member": OuterRef("member")}
    tried = PaymentAttempt.objects.exclude(state=PaymentAttempt.State.FAILED).filter(**owner)
    bill = {"external_id": OuterRef("checkout__pays_for"), "gateway_account": OuterRef("checkout__gateway_account")}
    later = Invoice.objects.filter(**bill, due_at__isnull=False, closed_at=None)
    alive = Q(reserved_at__gt=now - SET_ASIDE) | Exists(tried) | Exists(later)
    return Q(state=State.SPENT) | (Q(state=State.RESERVED) & alive)


def _shared(comes_to: dict[str, Held], prices: Sequence[Price]) -> Codes:
    """A fixed amount is taken off once, in proportion to what it is for: its parts add up to it (B30)."""
    fixed = [
        price for price in prices if price.pk in comes_to and comes_to[price.pk].codes[0].kind in ("fixed", "kept")
    ]
    if len(fixed) < 2:
        return comes_to
    terms = [buying.terms_of(price) for price in fixed]
    amounts = [asking.listed(each.contract, each.amount, payment=1) for each in terms]
    whole = Money(comes_to[fixed[0].pk].codes[0].amount_minor, fixed[0].currency)
    for price, part in zip(fixed, whole.split([each.amount_minor for each in amounts]), strict=True):
        code = comes_to[price.pk].codes[0]
        if part:
            shared = CodeHeld(code.code, code.kind, amount_minor=part.amount_minor, payments=code.payments)
            comes_to[price.pk] = Held((shared,))
        else:
            del comes_to[price.pk]
    return comes_to
