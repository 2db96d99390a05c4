"""What something costs and gives, said before it is bought and kept as it was said: the quote (DESIGN section 4, R17-R20).

Pure. A quote names the lines, the periods, codes, tax, the credit used, what is due now, and the next charges; the bill that
follows (:mod:`goodstanding.core.purchasing`) is made of it alone, so a preview equals the bill (I13).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from goodstanding.core import asking, codec
from goodstanding.core.asking import Asked, Levy
from goodstanding.core.calendar_terms import MonthDay, ProRata, ends_on_term, fixed_term, pro_rata, renewed_fixed_term
from goodstanding.core.facts import CodeHeld, Contract
from goodstanding.core.money import Money
from goodstanding.core.periods import EndRule, Interval, Period, Unit, nth, renewed_term, term
from goodstanding.core.proration import Convention
from goodstanding.core.quote_refusals import (
    BelowMinimum,
    MixedCurrencies,
    NoSeats,
    NotADonation,
    PriceIsFixed,
    TooManySeats,
    TooManyTerms,
)
from goodstanding.core.records import FOR_LIFE

NO_CONTRACT = Contract()


@dataclass(frozen=True, slots=True)
class PriceTerms:
    """A price as it is sold. ``price``: its public id; ``level``: the slug, ``name``: the level's name for people.

    ``renews``: charged again each interval; else a term of one interval (up to ``terms_max``), bought once. ``end_rule``: how
    that term ends. ``trial``: what comes before, for ``trial_amount``. ``contract``: how it is billed then. ``minimum``: the
    payer says what to pay, from that on. ``fixed_*``: terms that follow the calendar; ``ends_on``: the last day (ISO).
    ``seat``: what each further seat costs each interval, where seats are sold; ``seats_most``: so many of them at most.
    """

    price: str
    level: str
    name: str
    amount: Money
    interval: Interval
    renews: bool = True
    end_rule: EndRule = EndRule.SAME_DAY
    trial: Interval | None = None
    trial_amount: Money | None = None
    contract: Contract = NO_CONTRACT
    minimum: Money | None = None
    terms_max: int = 1
    fixed_start: str = ""
    fixed_rollover: str = ""
    fixed_prorated: str = ""
    fixed_full_until: str = ""
    ends_on: str = ""
    seat: Money | None = None
    seats_most: int | None = None
    needs_card: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody wants of a price: beginning when, how much he pays (where he says so), further ``seats``, how many
    ``times`` the term at once, with which ``codes``; ``levy``: the tax that holds for it. ``extends``: it begins where
    something of the same kind ends, which was counted from ``anchor``.
    """

    terms: PriceTerms
    begins: datetime
    amount: Money | None = None
    seats: int = 0
    times: int = 1
    codes: tuple[CodeHeld, ...] = ()
    levy: Levy | None = None
    extends: bool = False
    anchor: datetime | None = None


@dataclass(frozen=True, slots=True)
class Extra:
    """Something beside a level: further ``seats``, or a ``donation``, renewed with it where it ``recurs``."""

    kind: str
    name: str
    unit: Money
    quantity: int
    asked: Asked
    recurs: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One level of what is bought: its period ``[start, end)``, what is asked ``now``, and ``then`` at ``then_at``."""

    terms: PriceTerms
    start: datetime
    end: datetime
    now: Asked
    then: Asked | None = None
    then_at: datetime | None = None
    extras: tuple[Extra, ...] = ()
    times: int = 1
    said: str = ""

    @property
    def for_life(self) -> bool:
        """Whether it never ends."""
        return self.end == FOR_LIFE

    @property
    def total(self) -> Money:
        """What is asked for it and what is renewed with it, now."""
        return sum((extra.asked.total for extra in self.extras), self.now.total)

    @property
    def next_total(self) -> Money | None:
        """What is asked the next time, with what is renewed beside it; ``None`` where nothing is."""
        if self.then is None:
            return None
        return sum((extra.asked.total for extra in self.extras if extra.recurs), self.then.total)

    @property
    def charges_later(self) -> bool:
        """Whether any charge follows: the next one, or the first one for which no code takes all of it off any more."""
        if self.then is None or self.next_total:
            return self.then is not None
        contract = self.contract
        turns = {contract.intro_payments + 1, *(held.payments + 1 for held in contract.codes if held.payments)}
        last = contract.payments or max(turns)
        return any(asking.asked(contract, self.terms.amount, payment=turn).total for turn in turns if turn <= last)

    @property
    def contract(self) -> Contract:
        """By what it is billed."""
        return self.terms.contract


@dataclass(frozen=True, slots=True)
class Quote:
    """What is bought, whole. ``credit``: what the balance holds, which pays what it can. ``place``: whose tax it is."""

    parts: tuple[Part, ...]
    extras: tuple[Extra, ...]
    credit: Money
    at: datetime
    time_zone: str
    place: str = ""
    convention: str = ""

    @property
    def currency(self) -> str:
        """The currency of all of it."""
        return self.credit.currency

    @property
    def asked(self) -> tuple[Asked, ...]:
        """All its lines."""
        of_parts = [line for part in self.parts for line in (part.now, *(extra.asked for extra in part.extras))]
        return (*of_parts, *(extra.asked for extra in self.extras))

    @property
    def total(self) -> Money:
        """The sum of the lines, with tax."""
        return asking.total_of(self.asked, self.currency)

    @property
    def tax(self) -> Money:
        """What of it is tax."""
        return sum((line.tax for line in self.asked), Money.zero(self.currency))

    @property
    def credit_used(self) -> Money:
        """What of it the balance pays."""
        return min(self.total, self.credit)

    @property
    def due_now(self) -> Money:
        """What is to be paid at once."""
        return self.total - self.credit_used

    @property
    def first(self) -> Part:
        """The level that the page is about."""
        return self.parts[0]

    @property
    def terms(self) -> PriceTerms:
        """The price that the page is about."""
        return self.first.terms

    @property
    def start(self) -> datetime:
        """When the first level's period begins."""
        return self.first.start

    @property
    def end(self) -> datetime:
        """When the first level's period ends."""
        return self.first.end

    @property
    def for_life(self) -> bool:
        """Whether the first level never ends."""
        return self.first.for_life

    @property
    def next_charge_at(self) -> datetime | None:
        """When the first level's next charge comes, if one does."""
        return self.first.then_at

    @property
    def charges_later(self) -> bool:
        """Whether something will be charged later without its payer being there."""
        return any(part.charges_later for part in self.parts)

    @property
    def needs_card(self) -> bool:
        """Whether something to charge must be kept now: also where nothing is due, but not where credit alone covers it.

        Who pays nothing now because of a trial or a code is asked for a card; whose credit covers it only where a level
        asks for that (R20).
        """
        if self.due_now or not self.charges_later:
            return bool(self.due_now)
        return not self.credit_used or any(part.terms.needs_card for part in self.parts)


def quote(
    choices: Sequence[Choice],
    *,
    at: datetime,
    time_zone: str,
    credit: Money | None = None,
    donation: Money | None = None,
    donation_recurs: bool = False,
    place: str = "",
    convention: str = "",
) -> Quote:
    """Return what the choices come to when bought at ``at``. Whole seconds: a gateway's clock knows no finer ones.

    ``convention``: by which parts are reckoned later (second-exact and half-up, where none is given).

    Raises :class:`goodstanding.core.quote_refusals.QuoteRefused`, and ``PeriodRefused`` (a term that is over, dates that cannot be).
    """
    assert choices, "something is bought"
    currency = choices[0].terms.amount.currency
    for choice in choices[1:]:
        if choice.terms.amount.currency != currency:
            raise MixedCurrencies(currency, choice.terms.amount.currency)
    extras: tuple[Extra, ...] = ()
    convention = convention or Convention(time_zone=time_zone).name
    found = [_part(choice, zone=ZoneInfo(time_zone), place=place, convention=convention) for choice in choices]
    if donation is not None:
        if donation.amount_minor <= 0:
            raise NotADonation(donation)
        recurs = donation_recurs and found[0].terms.renews
        given = Extra("donation", "", donation, 1, asking.plainly(donation), recurs=recurs)
        if recurs:
            found[0] = replace(found[0], extras=(*found[0].extras, given))
        else:
            extras = (given,)
    nothing = Money.zero(currency)
    return Quote(
        parts=tuple(found),
        extras=extras,
        credit=max(credit or nothing, nothing),
        at=at.replace(microsecond=0),
        time_zone=time_zone,
        place=place,
        convention=convention,
    )


def contract_of(terms: PriceTerms, *, codes: tuple[CodeHeld, ...] = (), place: str = "", convention: str) -> Contract:
    """Return the contract that buying at ``terms`` begins."""
    return replace(
        terms.contract,
        codes=codes or terms.contract.codes,
        tax_place=place if terms.contract.taxed else "",
        convention=convention,
    )


def chosen(terms: PriceTerms, amount: Money | None) -> PriceTerms:
    """Return the terms with the amount that the payer chose. Raises :class:`BelowMinimum` and :class:`PriceIsFixed`."""
    if amount is None or (terms.minimum is None and amount == terms.amount):
        return terms
    if terms.minimum is None:
        raise PriceIsFixed(terms.name)
    if amount < terms.minimum:
        raise BelowMinimum(amount, terms.minimum)
    return replace(terms, amount=amount)


def _part(choice: Choice, *, zone: ZoneInfo, place: str, convention: str) -> Part:
    terms = chosen(choice.terms, choice.amount)
    if not 1 <= choice.times <= (1 if terms.renews else terms.terms_max):
        raise TooManyTerms(choice.times, 1 if terms.renews else terms.terms_max)
    contract = contract_of(terms, codes=choice.codes, place=place, convention=convention)
    terms = replace(terms, contract=contract)
    period, share, said = _period(terms, choice, zone)
    amount = terms.amount * choice.times
    if terms.trial is not None:
        trial_amount = terms.trial_amount or Money.zero(terms.amount.currency)
        now, paid = asking.plainly(trial_amount, levy=choice.levy), 0
    elif share is not None:
        now, paid = asking.asked(replace(contract, total_minor=0), share, payment=1, levy=choice.levy), 1
    else:
        now = asking.asked(contract, amount, payment=1, levy=choice.levy)
        paid = 1 if asking.listed(contract, amount, payment=1) else 0
    extras = _seats(terms, choice)
    end = FOR_LIFE if period.end is None else period.end
    then, then_at = None, None
    goes_on = terms.renews and end < FOR_LIFE and not (contract.payments and paid >= contract.payments)
    if goes_on and (terms.amount or contract.total_minor or contract.intro_payments > paid or extras):
        then, then_at = asking.asked(contract, terms.amount, payment=paid + 1, levy=choice.levy), end
    return Part(terms, period.start, end, now, then, then_at, extras, choice.times, said)


def _seats(terms: PriceTerms, choice: Choice) -> tuple[Extra, ...]:
    if not choice.seats:
        return ()
    if terms.seat is None:
        raise NoSeats(terms.name)
    if choice.seats < 0 or (terms.seats_most is not None and choice.seats > terms.seats_most):
        raise TooManySeats(choice.seats, terms.seats_most)
    asked = asking.plainly(terms.seat * choice.seats, levy=choice.levy)
    return (Extra("seats", terms.name, terms.seat, choice.seats, asked, recurs=terms.renews),)


def _period(terms: PriceTerms, choice: Choice, zone: ZoneInfo) -> tuple[Period, Money | None, str]:
    """The first period; where a short one costs its part, that; and how it was reckoned."""
    start = choice.begins.replace(microsecond=0)
    if terms.trial is not None:
        return Period(start, nth(start, terms.trial, n=1, tz=zone)), None, ""
    if terms.ends_on:
        return ends_on_term(start, date.fromisoformat(terms.ends_on), zone), None, ""
    if terms.fixed_start:
        return _fixed(terms, choice, start, zone)
    if terms.renews:
        return Period(start, nth(start, terms.interval, n=1, tz=zone)), None, ""
    rule = EndRule.EXACT if terms.interval.unit is Unit.HOUR else EndRule(terms.end_rule)
    if not choice.extends:
        return term(start, terms.interval, tz=zone, terms=choice.times, end_rule=rule), None, ""
    renewed = renewed_term(
        start,
        now=start,
        anchor=choice.anchor or start,
        interval=terms.interval,
        tz=zone,
        terms=choice.times,
        end_rule=rule,
    )
    return renewed.period, None, ""


def _fixed(terms: PriceTerms, choice: Choice, start: datetime, zone: ZoneInfo) -> tuple[Period, Money | None, str]:
    begins = MonthDay.parse(terms.fixed_start)
    rollover = MonthDay.parse(terms.fixed_rollover) if terms.fixed_rollover else None
    calendar: dict[str, Any] = {"starts_on": begins, "rollover_on": rollover, "tz": zone, "terms": choice.times}
    if choice.extends:
        period = renewed_fixed_term(start, now=start, interval=terms.interval, **calendar)
    else:
        whole = fixed_term(start, terms.interval, **calendar)
        period = Period(max(start, whole.start), whole.end)
    if not terms.fixed_prorated:
        return period, None, ""
    full_until = MonthDay.parse(terms.fixed_full_until) if terms.fixed_full_until else None
    by = ProRata(terms.fixed_prorated)
    left = pro_rata(start, terms.interval, **calendar, by=by, full_until=full_until)
    if left.left == left.of:
        return period, None, ""
    return period, (terms.amount * choice.times).share(left.fraction), f"{left.left} of {left.of} {by}"


def quote_to_json(bought: Quote) -> dict[str, Any]:
    """Return a quote as plain values, to be signed or kept."""
    return codec.plain(bought)


def quote_from_json(data: Mapping[str, Any]) -> Quote:
    """Return the quote that :func:`quote_to_json` wrote. Raises ``KeyError`` or ``ValueError`` for anything else."""
    return codec.read(Quote, dict(data))
