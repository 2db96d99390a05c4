"""Discount codes at the checkout: what one takes off what is wanted, and its uses, which cannot be oversold.

A use is set aside in the transaction that writes the purchase down, late, under the code's lock; it is spent when that is paid,
and given back when the checkout is given up (R17, P47, P49). A code without a limit locks nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Exists, OuterRef, Q
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from goodstanding.billing.models import Invoice, PaymentAttempt
from goodstanding.catalogue import codes as catalogue
from goodstanding.catalogue.models import DiscountCode, Price
from goodstanding.catalogue.models.codes import CODE_LENGTH
from goodstanding.checkout.models import Checkout, CodeUse
from goodstanding.checkout.refusals import Refused
from goodstanding.core import asking, discounts
from goodstanding.core.discounts import Alternative, Use
from goodstanding.core.facts import CodeHeld
from goodstanding.core.money import Money
from goodstanding.core.periods import Interval
from goodstanding.memberships import buying, gift_cards
from goodstanding.people.models import Member

State = CodeUse.State
UNKNOWN = "unknown_code"
MOST = 5  # codes at one checkout
INSTEAD = DiscountCode.Kind.ALTERNATIVE
TYPED_AT_MOST = MOST * (CODE_LENGTH + 2)
SET_ASIDE = timedelta(hours=1)  # for who was declined and does not come back


@dataclass(frozen=True, slots=True)
class Held:
    """What a code comes to for one price: as a contract holds it, and the interval of a complete other price."""

    codes: tuple[CodeHeld, ...] = ()
    interval: Interval | None = None


NOTHING = Held()
Codes = Mapping[str, Held]  # by the price's public id


def found(typed: str) -> list[DiscountCode]:
    """Return the codes that were typed, with commas between them, if any were: those with another price first.

    Raises :class:`Refused` where there is no such code, or where several cannot be used together.
    """
    texts = [text for text in re.split(r"[,;+]", typed) if text.strip()]
    if len(texts) > MOST:
        raise Refused("code_too_many", _("At most %(most)d codes can be used at once.") % {"most": MOST})
    rows: dict[int, DiscountCode] = {}
    for text in texts:
        row = catalogue.find(text)
        if row is None and gift_cards.is_a_code(text):
            words = _(
                "This is the code of a gift. It is not typed here, but where gifts are redeemed: nothing is lost."
            )
            raise Refused("gift_code", words)
        if row is None or not row.is_open:
            words = _("There is no such code here. Look at how it is written, or leave it out.")
            if len(texts) > 1:
                said = {"code": discounts.normalised(text)[:CODE_LENGTH]}
                words = _("There is no code %(code)s here. Look at how it is written, or leave it out.") % said
            raise Refused(UNKNOWN, words)
        rows.setdefault(row.pk, row)
    instead = [row for row in rows.values() if row.kind == INSTEAD]
    if len(instead) > 1:
        words = _("Of %(codes)s only one can be used: each gives another price.")
        raise Refused("code_not_together", words % {"codes": get_text_list([row.text for row in instead], _("and"))})
    return [*instead, *(row for row in rows.values() if row.kind != INSTEAD)]


def opened(rows: Iterable[DiscountCode], *, now: datetime) -> frozenset[str]:
    """Return the levels that codes open at ``now``, hidden and closed ones."""
    levels: frozenset[str] = frozenset()
    for row in rows:
        begun = row.starts_at is None or row.starts_at <= now
        if row.is_open and begun and (row.ends_at is None or now < row.ends_at):
            levels |= catalogue.opens(row)
    return levels


def opened_by(typed: str, *, now: datetime) -> frozenset[str]:
    """Return the levels that typed codes open; none where one of them is none."""
    try:
        return opened(found(typed), now=now)
    except Refused:
        return frozenset()


def held(
    rows: Sequence[DiscountCode],
    prices: Sequence[Price],
    *,
    member: Member | None,
    now: datetime,
    own: Checkout | None = None,
) -> Codes:
    """Return what codes (as :func:`found` orders them) come to for each of ``prices`` that they are for, one after the other.

    Writes nothing. Two statements a code at most. What the member's unpaid checkouts set aside is his to use; for ``own``,
    one of them, only what itself did. Raises :class:`Refused`, by the name of the first reason, where a code does nothing for
    any of the prices.
    """
    together: Codes = {}
    for row in rows:
        comes_to = _comes_to(row, prices, together, member=member, now=now, own=own)
        both = {name: _after(together.get(name, NOTHING), each) for name, each in comes_to.items()}
        together = {**together, **both}
    return together


def _after(before: Held, code: Held) -> Held:
    return Held((*before.codes, *code.codes), before.interval or code.interval)


def _comes_to(
    row: DiscountCode,
    prices: Sequence[Price],
    before: Codes,
    *,
    member: Member | None,
    now: datetime,
    own: Checkout | None,
) -> Codes:
    """What one code comes to, after those ``before`` it."""
    counts = _counted(row, member=member, now=now, own=own)
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
    return _shared(comes_to, prices, before)


def _counted(row: DiscountCode, *, member: Member | None, now: datetime, own: Checkout | None) -> dict[str, int]:
    """How often a code was used, as far as that is limited."""
    others = CodeUse.objects.filter(_counts(now), code=row)
    if own is not None:
        others = others.exclude(checkout=own)
    elif member is not None:
        others = others.exclude(member=member, state=State.RESERVED)
    return {
        "used": others.count() if row.limit is not None else 0,
        "used_by_person": others.filter(member=member).count() if member and row.limit_each is not None else 0,
    }


def reserve(checkout: Checkout, rows: Sequence[DiscountCode], prices: Sequence[Price], *, now: datetime) -> None:
    """Set a use of each code aside for a checkout, once; in the transaction that writes its purchase down.

    Raises :class:`Refused` where the last one is gone: nothing was charged.
    """
    assert connection.in_atomic_block
    there = set(CodeUse.objects.filter(_counts(now), checkout=checkout).values_list("code", flat=True))
    wanted = [row for row in rows if row.pk not in there]
    if not wanted:
        return
    limited = [row.pk for row in wanted if row.limit is not None or row.limit_each is not None]
    if limited:
        # Whoever is to have the last use is decided one after the other; in one order, so that nobody waits for each other.
        list(DiscountCode.objects.select_for_update().filter(pk__in=limited).order_by("pk"))
    held(rows, prices, member=checkout.member, now=now, own=checkout)
    values = {"member": checkout.member, "state": State.RESERVED, "reserved_at": now, "ended_at": None}
    for row in wanted:
        CodeUse.objects.update_or_create(checkout=checkout, code=row, defaults=values)


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


def _shared(comes_to: dict[str, Held], prices: Sequence[Price], before: Codes) -> Codes:
    """A fixed amount is taken off once, in proportion to what is left of what it is for: its parts add up to it (B30, B45)."""
    fixed = [
        price for price in prices if price.pk in comes_to and comes_to[price.pk].codes[0].kind in ("fixed", "kept")
    ]
    if len(fixed) < 2:
        return comes_to
    amounts = [_left(price, before.get(price.pk, NOTHING)) for price in fixed]
    if not any(amounts):
        return comes_to
    whole = Money(comes_to[fixed[0].pk].codes[0].amount_minor, fixed[0].currency)
    for price, part in zip(fixed, whole.split([each.amount_minor for each in amounts]), strict=True):
        code = comes_to[price.pk].codes[0]
        if part:
            shared = CodeHeld(code.code, code.kind, amount_minor=part.amount_minor, payments=code.payments)
            comes_to[price.pk] = Held((shared,))
        else:
            del comes_to[price.pk]
    return comes_to


def _left(price: Price, before: Held) -> Money:
    """What the first payment of a price asks for without tax, after the codes before."""
    terms = buying.terms_of(price)
    line = asking.asked(replace(terms.contract, codes=before.codes), terms.amount, payment=1)
    return line.listed - line.off
