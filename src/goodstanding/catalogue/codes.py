"""Discount codes as rows: found by what people type, and read as :class:`goodstanding.core.discounts.Code`."""

from __future__ import annotations

from dataclasses import dataclass

from goodstanding.catalogue.models import CODE_LENGTH, CodePrice, DiscountCode, Price
from goodstanding.core.discounts import Alternative, Code, Effect, Fixed, Percentage, normalised
from goodstanding.core.money import Money
from goodstanding.core.periods import Interval, Unit

TYPED_AT_MOST = 4 * CODE_LENGTH  # spaces and wide letters included


@dataclass(frozen=True, slots=True)
class Found:
    """A code that there is, and what it says for one price."""

    row: DiscountCode
    code: Code


def find(text: str) -> DiscountCode | None:
    """Return the code that somebody typed, whatever the case, spaces and width of its letters; ``None`` where there is none.

    With its levels and prices. Four statements at most.
    """
    if len(text) > TYPED_AT_MOST or "\0" in text:
        return None
    plain = normalised(text)
    if not plain or len(plain) > CODE_LENGTH:
        return None
    rows = DiscountCode.objects.prefetch_related("levels", "opens", "prices")
    return rows.filter(text=plain).first()


def reading(row: DiscountCode, price: Price) -> Found:
    """Return what a code (as :func:`find` gives it) says for ``price`` (with its level)."""
    levels = frozenset(level.pk for level in row.levels.all())
    effect = _effect(row, price)
    # Another price with an interval of its own holds for ever.
    lasts = isinstance(effect, Alternative) and effect.interval is not None
    code = Code(
        text=row.text,
        effect=effect,
        payments=None if lasts else row.payments,
        levels=levels or None,
        opens=frozenset(level.pk for level in row.opens.all()),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        limit=row.limit,
        limit_each=row.limit_each,
    )
    return Found(row, code)


def opens(row: DiscountCode) -> frozenset[str]:
    """Return the levels, hidden or closed, that a code opens."""
    return frozenset(level.pk for level in row.opens.all())


def _effect(row: DiscountCode, price: Price) -> Effect:
    match row.kind:
        case DiscountCode.Kind.PERCENTAGE:
            return Percentage(row.basis_points)
        case DiscountCode.Kind.FIXED:
            return Fixed(Money(row.amount_minor, row.currency), keeps_rest=row.keeps_rest)
        case _:
            own = _own_price(row, price)
            if own is None:
                return Alternative(Money(row.amount_minor, row.currency or price.currency))
            interval = Interval(Unit(own.interval), own.interval_count) if own.interval else None
            return Alternative(Money(own.amount_minor, own.currency), interval)


def _own_price(row: DiscountCode, price: Price) -> CodePrice | None:
    """The complete other price that an alternative code gives this level: of the price's currency, where there is one."""
    own = [each for each in row.prices.all() if each.level_id == price.level_id]
    same = [each for each in own if each.currency == price.currency]
    return next(iter(same or own), None)
