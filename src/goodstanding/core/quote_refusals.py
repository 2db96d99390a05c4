"""Why something cannot be quoted: each by its name, in words that say what to do."""

from __future__ import annotations

from goodstanding.core.money import Money


class QuoteRefused(ValueError):
    """The family of refusals of what somebody wants to buy; ``code`` names it, and the words say what to do."""

    code = "refused"


class BelowMinimum(QuoteRefused):
    """Less is offered than is asked for at least."""

    code = "below_minimum"

    def __init__(self, amount: Money, minimum: Money) -> None:
        super().__init__(f"{amount} is less than the least that is asked for: {minimum}.")
        self.amount, self.minimum = amount, minimum


class PriceIsFixed(QuoteRefused):
    """The payer named an amount where there is nothing to choose."""

    code = "price_is_fixed"

    def __init__(self, price: str) -> None:
        super().__init__(f"{price} costs what it costs: there is no amount to choose.")


class TooManyTerms(QuoteRefused):
    """More terms at once than are sold, or none."""

    code = "too_many_terms"

    def __init__(self, terms: int, most: int) -> None:
        super().__init__(f"{terms} terms at once are not sold: choose 1 to {most}.")
        self.most = most


class NoSeats(QuoteRefused):
    """Further seats are wanted where none are sold."""

    code = "no_seats"

    def __init__(self, price: str) -> None:
        super().__init__(f"{price} is sold without further seats.")


class TooManySeats(QuoteRefused):
    """More seats are wanted than the level allows, or less than none."""

    code = "too_many_seats"

    def __init__(self, seats: int, most: int | None) -> None:
        several = "0 or more" if most is None else f"0 to {most}"
        super().__init__(f"{seats} further seats cannot be had: choose {several}.")
        self.most = most


class MixedCurrencies(QuoteRefused):
    """What is bought together is of two currencies."""

    code = "mixed_currencies"

    def __init__(self, one: str, other: str) -> None:
        super().__init__(f"{one} and {other} cannot be paid in one go: buy these one after the other.")


class NotADonation(QuoteRefused):
    """A donation of nothing, or below it."""

    code = "not_a_donation"

    def __init__(self, amount: Money) -> None:
        super().__init__(f"{amount} is no donation: give more than nothing, or leave it out.")
