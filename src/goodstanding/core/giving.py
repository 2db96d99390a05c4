"""How something given back is shared between money and balance. Pure; exact, and the parts sum to the whole."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from goodstanding.core.money import Money


class To(StrEnum):
    """Where something that is given back goes to."""

    MONEY = "money"  # the way it came: to the card, or by hand
    BALANCE = "balance"
    AS_PAID = "as_paid"  # in the proportion in which the bill was paid


@dataclass(frozen=True, slots=True)
class Split:
    """What goes back as money, and what as balance. Neither is below zero."""

    money: Money
    balance: Money


def as_it_was_paid(back: Money, *, by_money: Money, by_balance: Money, money_left: Money) -> Split:
    """Return ``back`` in the proportion in which its bill was paid; no more money than there is left of it.

    Of 74.40, 55.80 by card and 18.60 from the balance, half is 27.90 and 9.30.
    """
    weights = [max(by_money.amount_minor, 0), max(by_balance.amount_minor, 0)]
    money = min(back.split(weights)[0] if any(weights) else back, money_left)
    return Split(money, back - money)


def of_a_bill_not_wholly_paid(back: Money, *, worth: Money, bill: Money, paid: Money, before: Money) -> Split:
    """Return what of ``back`` was really paid, and so goes back as money; the rest was only owed (B66).

    ``worth``: the line's price, of a ``bill`` of which so much is ``paid``; ``before``: what of the line was credited before.
    What was used of it counts as paid first: only what was paid beyond goes back.
    """
    used = worth - before - back
    share = paid.share(Fraction(worth.amount_minor, bill.amount_minor)) if bill else paid
    zero = Money.zero(back.currency)
    money = max(zero, min(share - used, back))
    return Split(money, back - money)


def still_owed(bill: Money, *, received: Money, given_back: Money, lowered: Money, contested: Money) -> Money:
    """Return what is owed of a bill by its own account (B61, B62); for coverage it stays settled all the same.

    ``received``: all that was paid of it; ``given_back``: of that, in money. ``lowered``: by how much the bill itself was
    lowered with what was given back (a refund *with adjustment*), or credited. ``contested``: what disputes took of it,
    while they are open and once they are lost.
    """
    return max(bill - lowered - (received - given_back - contested), Money.zero(bill.currency))
