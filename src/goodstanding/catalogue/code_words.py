"""Discount codes for people, in the reader's language: what one takes off, and for how many payments."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from goodstanding.catalogue.models import DiscountCode
from goodstanding.catalogue.words import money_words
from goodstanding.core.facts import CodeHeld
from goodstanding.core.money import Money


def code_words(row: DiscountCode) -> str:
    """Return what a code does, in words: ``25 % off, the first payment``. Its own prices are to be fetched before."""
    own = list(row.prices.all())
    if row.kind == DiscountCode.Kind.ALTERNATIVE and own:
        what = _("another price for each level")
    else:
        what = _effect(row.kind, row.basis_points, row.amount_minor, row.currency)
    if row.kind == DiscountCode.Kind.FIXED and row.keeps_rest:
        what = _("%(what)s (its rest is kept)") % {"what": what}
    return _("%(what)s, %(payments)s") % {"what": what, "payments": _payments(row.payments)}


def said_of(texts: Collection[str]) -> dict[str, str]:
    """Return what codes do, in words, by their texts: of those that there are. Two statements; none for no texts."""
    rows = DiscountCode.objects.filter(text__in=texts).prefetch_related("prices") if texts else ()
    return {row.text: code_words(row) for row in rows}


def taken_words(codes: str, offs: Sequence[int], off: Money, said: Mapping[str, str]) -> list[tuple[str, str, Money]]:
    """Return what each code of a line took off: ``("SPRING25", "25 % off, the first payment", -6.25 EUR)``.

    ``codes``: with blanks between them; ``offs``: of several what each took, in minor units; ``off``: what they took
    together. ``said``: :func:`said_of` them. One that gives another price took nothing off it.
    """
    names = codes.split()
    if not names:
        return [("", "", -off)] if off else []
    each = [Money(minor, off.currency) for minor in offs] if len(offs) == len(names) else None
    if each is None:  # one code; or several that were told together
        return [(" ".join(names), "; ".join(said[name] for name in names if name in said), -off)]
    return [(name, said.get(name, ""), -part) for name, part in zip(names, each, strict=True)]


def held_words(code: CodeHeld, currency: str, *, paid: int) -> str:
    """Return how a code still holds for a contract that asked for money ``paid`` times: ``SPRING: 25 % off, 2 more payments``.

    Nothing, where it holds no more.
    """
    what = _effect(code.kind, code.basis_points, code.amount_minor, currency)
    if not code.payments:
        return _("%(code)s: %(what)s, each payment") % {"code": code.code, "what": what}
    left = code.payments - paid
    if left <= 0:
        return ""
    said = ngettext("%(code)s: %(what)s, %(count)d more payment", "%(code)s: %(what)s, %(count)d more payments", left)
    return said % {"code": code.code, "what": what, "count": left}


def percent_words(basis_points: int) -> str:
    """Return a part as people write it: ``25 %``, ``12.5 %``."""
    whole = (Decimal(basis_points) / 100).normalize()
    decimals = max(0, -int(whole.as_tuple().exponent))
    return f"{number_format(whole, decimal_pos=decimals)} %"


def _effect(kind: str, basis_points: int, amount_minor: int, currency: str) -> str:
    if kind == "percentage":
        return _("%(part)s off") % {"part": percent_words(basis_points)}
    if not currency:
        return _("free") if not amount_minor else _("another price")
    amount = money_words(Money(amount_minor, currency))
    return (_("%(amount)s off") if kind in ("fixed", "kept") else _("%(amount)s instead")) % {"amount": amount}


def _payments(payments: int | None) -> str:
    if payments is None:
        return _("each payment")
    return ngettext("the first payment", "the first %(count)d payments", payments) % {"count": payments}
