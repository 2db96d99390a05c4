"""Making discount codes: one, or many at once that nobody guesses. What cannot be is refused in words; nothing is made then."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db import connection
from django.utils.translation import gettext as _

from goodstanding.catalogue.code_texts import CodeRefused
from goodstanding.catalogue.models import CodePrice, DiscountCode, Level, Price
from goodstanding.core.discounts import Alternative, Code, Effect, Fixed, NotACode, normalised
from goodstanding.core.money import Money
from goodstanding.core.periods import Interval

# Nothing that is taken for something else when it is read out or copied from paper: no 0 and O, no 1 and I.
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
LENGTH = 10  # letters drawn: fifty bits
MOST = 10_000
AT_ONCE = 1000


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


@dataclass(frozen=True, slots=True)
class Named:
    """A code that is to be made, with its text, the name of its lot, and whether it can be used."""

    text: str
    wanted: Wanted
    batch: str = ""
    is_open: bool = True


def make(wanted: Wanted, text: str, *, now: datetime) -> DiscountCode:
    """Make one code. Raises :class:`CodeRefused`. In a transaction."""
    assert connection.in_atomic_block
    plain = normalised(text)
    require_sound(wanted, plain, sold_in=currencies())
    if DiscountCode.objects.filter(text=plain).exists():
        raise CodeRefused(_("There is a code of this text already."), about="text")
    return make_all([Named(plain, wanted)], now=now)[0]


def make_many(wanted: Wanted, count: int, *, prefix: str, batch: str, now: datetime) -> list[DiscountCode]:
    """Make a lot of codes for one use each. Raises :class:`CodeRefused`. In a transaction; a few statements a thousand."""
    assert connection.in_atomic_block
    once, begins = replace(wanted, limit=1, limit_each=None), normalised(prefix)
    if not 1 <= count <= MOST:
        raise CodeRefused(_("Make 1 to %(most)d codes at once.") % {"most": MOST}, about="count")
    if DiscountCode.objects.filter(batch=batch).exists():
        raise CodeRefused(_("There is a lot of this name already."), about="batch")
    require_sound(once, f"{begins}{LETTERS[:LENGTH]}", sold_in=currencies(), about_text="begins")
    texts: set[str] = set()
    while len(texts) < count:
        texts.add(begins + "".join(secrets.choice(LETTERS) for _each in range(LENGTH)))
    # Of fifty bits none is there already; if one were, the constraint would refuse the whole lot, and nothing was made.
    return make_all([Named(text, once, batch) for text in sorted(texts)], now=now)


def make_all(codes: Sequence[Named], *, now: datetime) -> list[DiscountCode]:
    """Make codes that were found sound (:func:`require_sound`), of texts that there are not yet. In a transaction."""
    assert connection.in_atomic_block
    rows = DiscountCode.objects.bulk_create((_row(code, now=now) for code in codes), batch_size=AT_ONCE)
    pairs = list(zip(rows, (code.wanted for code in codes), strict=True))
    _linked(DiscountCode.levels.through, ((row, level) for row, wanted in pairs for level in _levels(wanted)))
    _linked(DiscountCode.opens.through, ((row, level) for row, wanted in pairs for level in wanted.opens))
    own = (_own(row, each) for row, wanted in pairs for each in wanted.own)
    CodePrice.objects.bulk_create(own, batch_size=AT_ONCE)
    return rows


def switch_lot(batch: str, *, on: bool) -> int:
    """Have the codes of a lot be used no more, or again; return how many were the other way before. In a transaction."""
    assert connection.in_atomic_block
    return DiscountCode.objects.filter(batch=batch, is_open=not on).exclude(batch="").update(is_open=on)


def currencies() -> Mapping[str, frozenset[str]]:
    """Return in which currencies each level has prices, on sale or not. One statement."""
    found: dict[str, frozenset[str]] = {}
    for level, currency in Price.objects.order_by().values_list("level", "currency").distinct():
        found[level] = found.get(level, frozenset()) | {currency}
    return found


def require_sound(
    wanted: Wanted, text: str, *, sold_in: Mapping[str, frozenset[str]], about_text: str = "text"
) -> None:
    """Raise :class:`CodeRefused` where such a code cannot be: it is read as the checkout will, with each price of its own.

    ``sold_in``: :func:`currencies`. A text that is there already is not looked for.
    """
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
            about = about_text if refused.about == "text" else refused.about
            raise CodeRefused(refused.said(_), about=about) from None
    _require_sold(wanted, sold_in)


def _require_sold(wanted: Wanted, sold_in: Mapping[str, frozenset[str]]) -> None:
    """An amount of a currency in which a level has no price would be refused whenever it is typed for that level."""
    own = {each.level.pk: each for each in wanted.own}
    for each in wanted.own:
        _require_sold_in(each.level, each.amount.currency, sold_in)
    if isinstance(wanted.effect, (Fixed, Alternative)):
        currency = wanted.effect.amount.currency
        for level in (*wanted.levels, *wanted.opens):
            if level.pk not in own:
                _require_sold_in(level, currency, sold_in)
        if not wanted.levels and sold_in and not any(currency in known for known in sold_in.values()):
            words = _("Nothing is sold in %(currency)s here.") % {"currency": currency}
            raise CodeRefused(words, about="currency")


def _require_sold_in(level: Level, currency: str, sold_in: Mapping[str, frozenset[str]]) -> None:
    known = sold_in.get(level.pk)
    if known and currency not in known:
        said = {"level": level.name, "currency": currency, "known": ", ".join(sorted(known))}
        words = _("“%(level)s” has no price in %(currency)s, but in %(known)s.")
        raise CodeRefused(words % said, about="currency")


def _levels(wanted: Wanted) -> Sequence[Level]:
    # One price for some levels alone is no price for the others.
    if wanted.effect is None and not wanted.levels:
        return list({each.level.pk: each.level for each in wanted.own}.values())
    return wanted.levels


def _linked(through: type, pairs: Iterable[tuple[DiscountCode, Level]]) -> None:
    links = [through(discountcode_id=row.pk, level_id=level.pk) for row, level in pairs]
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


def _row(code: Named, *, now: datetime) -> DiscountCode:
    wanted = code.wanted
    row = DiscountCode(
        text=code.text,
        kind=DiscountCode.Kind.ALTERNATIVE,
        payments=wanted.payments,
        starts_at=wanted.starts_at,
        ends_at=wanted.ends_at,
        limit=wanted.limit,
        limit_each=wanted.limit_each,
        batch=code.batch,
        is_open=code.is_open,
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
