"""What one line of a bill asks for: the list price of that payment, less codes, with tax. The one place that reckons it.

Pure. The quote, the first bill and every renewal ask here, so what was said before is what is billed (I13). In this order:
which price (an intro price, a part of instalments, or the amount), then codes, then tax on what is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from goodstanding.core import tax
from goodstanding.core.discounts import Alternative, Applied, Effect, Fixed, Off, Percentage, stacked
from goodstanding.core.facts import CodeHeld, Contract
from goodstanding.core.money import Money
from goodstanding.core.periods import Interval, Unit
from goodstanding.core.tax import Rate, Taxed


@dataclass(frozen=True, slots=True)
class Asked:
    """What a line asks for. ``listed``: the price before anything; ``off``: what codes took; ``net`` and ``tax`` come to the
    total. ``code``: those that took something, with a blank between two; ``rest``: what codes larger than the price leave on the
    balance. ``offs``: of several codes what each took, in minor units and their order.
    """

    listed: Money
    off: Money
    net: Money
    tax: Money
    rest: Money
    code: str = ""
    tax_name: str = ""
    tax_rate: str = ""
    offs: tuple[int, ...] = ()

    @property
    def total(self) -> Money:
        """What is to be paid for it."""
        return self.net + self.tax


@dataclass(frozen=True, slots=True)
class Levy:
    """A rate of tax as it holds for a line: ``name`` is what bills call it, ``inclusive`` whether prices contain it."""

    rate: Rate
    name: str
    inclusive: bool = False

    @property
    def points(self) -> str:
        """The rate in basis points, as an exact number in a text."""
        return str(Fraction(self.rate.basis_points))


def plainly(price: Money, *, levy: Levy | None = None) -> Asked:
    """Return what a line asks for that no code touches: a donation, seats, a bridge."""
    return _asked(price, Off(price, price - price, price - price), levy, "")


def asked(contract: Contract, amount: Money, *, payment: int, levy: Levy | None = None) -> Asked:
    """Return what the ``payment``-th bill (from 1, of those that ask for money) of a contract over ``amount`` asks for."""
    price = listed(contract, amount, payment=payment)
    held = [applied(each, amount.currency) for each in contract.codes]
    used = [code for code in held if code.holds(payment)]
    steps = stacked(price, used, payment=payment)
    last = steps[-1] if steps else Off(price, price - price, price - price)
    whole = steps[0].price if steps else price  # another price in place of the level's own
    rest = sum((step.to_balance for step in steps), price - price)
    off = Off(whole, whole - last.asked, rest)
    names = " ".join(code.code for code in used)
    if contract.total_minor and not used:
        return _part(contract, amount, payment, levy, names)
    line = _asked(off.price, off, levy, names)
    return replace(line, offs=tuple(step.off.amount_minor for step in steps)) if len(steps) > 1 else line


def listed(contract: Contract, amount: Money, *, payment: int) -> Money:
    """Return the list price of the ``payment``-th bill: the intro price, a part of the instalments' sum, or the amount."""
    assert payment >= 1, payment
    if payment <= contract.intro_payments:
        return Money(contract.intro_minor, amount.currency)
    if contract.total_minor:
        return parts(Money(contract.total_minor, amount.currency), contract.payments)[
            min(payment, contract.payments) - 1
        ]
    return amount


def parts(total: Money, count: int) -> tuple[Money, ...]:
    """Return ``count`` instalments of a sum: equal ones, rounded half-up, and the last carries the remainder.

    Where rounding up would leave less than nothing for the last one, they are cut instead. They add up to the sum, always.
    """
    assert count >= 1, count
    each = total.share(Fraction(1, count))
    if abs(each.amount_minor) * (count - 1) > abs(total.amount_minor):
        smaller = abs(total.amount_minor) // count
        each = Money(-smaller if total.amount_minor < 0 else smaller, total.currency)
    return (*(each for _ in range(count - 1)), total - each * (count - 1))


def applied(held: CodeHeld, currency: str) -> Applied:
    """Return a code as it is held, as one that takes something off."""
    effect: Effect
    match held.kind:
        case "percentage":
            effect = Percentage(held.basis_points)
        case "fixed" | "kept":
            effect = Fixed(Money(held.amount_minor, currency), keeps_rest=held.kind == "kept")
        case _:
            effect = Alternative(Money(held.amount_minor, currency))
    return Applied(held.code, effect, held.payments or None, Interval(Unit.MONTH))


def held(code: Applied) -> CodeHeld:
    """Return a code in use as a contract keeps it; a fixed one whose rest stays on the balance is ``kept``."""
    payments = code.payments or 0
    match code.effect:
        case Percentage(basis_points):
            return CodeHeld(code.code, "percentage", basis_points=basis_points, payments=payments)
        case Fixed(amount, keeps_rest):
            kind = "kept" if keeps_rest else "fixed"
            return CodeHeld(code.code, kind, amount_minor=amount.amount_minor, payments=payments)
        case Alternative(amount):
            return CodeHeld(code.code, "alternative", amount_minor=amount.amount_minor, payments=payments)


def total_of(lines: Sequence[Asked], currency: str) -> Money:
    """Return the sum of lines."""
    return sum((line.total for line in lines), Money.zero(currency))


def _part(contract: Contract, amount: Money, payment: int, levy: Levy | None, names: str) -> Asked:
    """A part of instalments: net and tax of the whole sum are parted each for itself, so that both add up."""
    whole = _taxed(Money(contract.total_minor, amount.currency), levy)
    index = min(payment, contract.payments) - 1
    net, its_tax = parts(whole.net, contract.payments)[index], parts(whole.tax, contract.payments)[index]
    price = listed(contract, amount, payment=payment)
    if levy is not None and levy.inclusive:
        net = price - its_tax
    zero = price - price
    return Asked(price, zero, net, its_tax, zero, names, levy.name if levy else "", levy.points if levy else "")


def _asked(price: Money, off: Off, levy: Levy | None, names: str) -> Asked:
    taxed = _taxed(off.asked, levy)
    name, points = (levy.name, levy.points) if levy is not None else ("", "")
    return Asked(price, off.off, taxed.net, taxed.tax, off.to_balance, names, name, points)


def _taxed(price: Money, levy: Levy | None) -> Taxed:
    if levy is None:
        return Taxed(price, price - price)
    points = levy.rate.basis_points
    return tax.inclusive(price, points) if levy.inclusive else tax.exclusive(price, points)
