"""Making discount codes: one, or many at once that nobody guesses. What cannot be is refused in words; nothing is made then."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db import connection
from django.utils.translation import gettext as _

from goodstanding.catalogue.models import CodePrice, DiscountCode, Level
from goodstanding.core.discounts import Alternative, Code, Effect, NotACode, normalised
from goodstanding.core.money import Money
from goodstanding.core.periods import Interval

# Nothing that is taken for something else when it is read out or copied from paper: no 0 and O, no 1 and I.
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
LENGTH = 10  # letters drawn: fifty bits
MOST = 10_000
AT_ONCE = 1000


class CodeRefused(ValueError):
    """The code cannot be made; ``words`` say why. ``about``: the part of it that is wrong, or nothing."""

    def __init__(self, words: str, *, about: str = "") -> None:
        super().__init__(words)
        self.words, self.about = words, about


@dataclass(frozen=True, slots=True)
class OwnPrice:
    """A complete other price for one level; ``interval``: its own, or the price's."""

    level: Level
    amount: Money
    interval: Interval | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A code that is to be made, without its text. ``effect``: what it does; ``None``: to the levels in ``own`` alone.

    The rest is as :class:`goodstanding.core.discounts.Code` has it; ``words`` say for staff what it is for.
    """

    effect: Effect | None
    payments: int | None = 1
    levels: Sequence[Level] = ()
    opens: Sequence[Level] = ()
    own: Sequence[OwnPrice] = field(default=())
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    limit: int | None = None
    limit_each: int | None = None
    words: str = ""


def make(wanted: Wanted, text: str, *, now: datetime) -> DiscountCode:
    """Make one code. Raises :class:`CodeRefused`. In a transaction."""
    assert connection.in_atomic_block
    plain = normalised(text)
    require(wanted, plain)
    return _made(wanted, [plain], batch="", now=now)[0]


def make_many(wanted: Wanted, count: int, *, prefix: str, batch: str, now: datetime) -> list[DiscountCode]:
    """Make a lot of codes for one use each. Raises :class:`CodeRefused`. In a transaction; a few statements a thousand."""
    assert connection.in_atomic_block
    once, begins = replace(wanted, limit=1, limit_each=None), normalised(prefix)
    if not 1 <= count <= MOST:
        raise CodeRefused(_("Make 1 to %(most)d codes at once.") % {"most": MOST}, about="count")
    if DiscountCode.objects.filter(batch=batch).exists():
        raise CodeRefused(_("There is a lot of this name already."), about="batch")
    _require_sound(once, f"{begins}{LETTERS[:LENGTH]}", about="begins")
    texts: set[str] = set()
    while len(texts) < count:
        texts.add(begins + "".join(secrets.choice(LETTERS) for _each in range(LENGTH)))
    # Of fifty bits none is there already; if one were, the constraint would refuse the whole lot, and nothing was made.
    return _made(once, sorted(texts), batch=batch, now=now)


def require(wanted: Wanted, text: str) -> None:
    """Raise :class:`CodeRefused` where such a code, of this text, cannot be made."""
    _require_sound(wanted, text, about="text")
    if DiscountCode.objects.filter(text=normalised(text)).exists():
        raise CodeRefused(_("There is a code of this text already."), about="text")


def _require_sound(wanted: Wanted, text: str, *, about: str) -> None:
    """Read it as the checkout will, with each price of its own."""
    alone = {each.level.pk for each in wanted.own}
    if wanted.effect is None and not wanted.own:
        raise CodeRefused(_("Say what it costs instead."), about="amount")
    if wanted.effect is None and {level.pk for level in (*wanted.levels, *wanted.opens)} - alone:
        raise CodeRefused(_("Say what each of its levels costs instead, or one price for the others."), about="amount")
    own = [Alternative(each.amount, each.interval) for each in wanted.own]
    for effect in [*([wanted.effect] if wanted.effect is not None else []), *own]:
        try:
            Code(
                text=text,
                effect=effect,
                payments=wanted.payments,
                starts_at=wanted.starts_at,
                ends_at=wanted.ends_at,
                limit=wanted.limit,
                limit_each=wanted.limit_each,
            )
        except NotACode as refused:
            words = str(refused)
            raise CodeRefused(_(words), about=about if words.startswith("The text") else "") from None


def _made(wanted: Wanted, texts: Sequence[str], *, batch: str, now: datetime) -> list[DiscountCode]:
    rows = DiscountCode.objects.bulk_create(
        (_row(wanted, text, batch=batch, now=now) for text in texts), batch_size=AT_ONCE
    )
    # One price for some levels alone is no price for the others.
    levels = list(wanted.levels)
    if wanted.effect is None and not levels:
        levels = [each.level for each in wanted.own]
    _linked(DiscountCode.levels.through, rows, levels)
    _linked(DiscountCode.opens.through, rows, wanted.opens)
    CodePrice.objects.bulk_create((_own(row, each) for row in rows for each in wanted.own), batch_size=AT_ONCE)
    return rows


def _linked(through: type, rows: Sequence[DiscountCode], levels: Iterable[Level]) -> None:
    links = [through(discountcode_id=row.pk, level_id=level.pk) for row in rows for level in levels]
    through._default_manager.bulk_create(links, batch_size=AT_ONCE)  # type: ignore[attr-defined] # made by Django


def _own(row: DiscountCode, price: OwnPrice) -> CodePrice:
    interval, amount = price.interval, price.amount
    return CodePrice(
        code=row,
        level=price.level,
        amount_minor=amount.amount_minor,
        currency=amount.currency,
        interval=str(interval.unit) if interval else "",
        interval_count=interval.count if interval else 1,
    )


def _row(wanted: Wanted, text: str, *, batch: str, now: datetime) -> DiscountCode:
    row = DiscountCode(
        text=text,
        kind=DiscountCode.Kind.ALTERNATIVE,
        payments=wanted.payments,
        starts_at=wanted.starts_at,
        ends_at=wanted.ends_at,
        limit=wanted.limit,
        limit_each=wanted.limit_each,
        batch=batch,
        words=wanted.words,
        made_at=now,
    )
    effect = wanted.effect
    if effect is None:
        return row
    if hasattr(effect, "basis_points"):
        row.kind, row.basis_points = DiscountCode.Kind.PERCENTAGE, effect.basis_points
        return row
    row.amount_minor, row.currency = effect.amount.amount_minor, effect.amount.currency
    if not isinstance(effect, Alternative):
        row.kind, row.keeps_rest = DiscountCode.Kind.FIXED, effect.keeps_rest
    return row
