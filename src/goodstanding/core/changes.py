"""A change of level of a subscription that we bill, said before it is made and told as it was said (DESIGN section 4).

Pure. What was paid for the running period is read from the customer's ledger, what it comes to is planned by
:mod:`goodstanding.core.proration`, and the facts are made of that plan alone, so a preview equals the bill (I13).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from goodstanding.core import asking, carrying, ours, purchasing
from goodstanding.core.asking import Asked, Levy
from goodstanding.core.change_holding import Holding, holding, interval_of, name_of
from goodstanding.core.change_terms import (
    Billed,
    anchor_of,
    billed,
    contract_after,
    convention_of,
    first_of,
    kept_items,
    wanted_price,
)
from goodstanding.core.facts import Contract, Fact, ItemSeen, LineSeen, SubscriptionSeen
from goodstanding.core.ids import derived
from goodstanding.core.ledger import Ledger
from goodstanding.core.money import Money
from goodstanding.core.periods import Period
from goodstanding.core.pricing import PriceTerms
from goodstanding.core.proration import Change, LineKind, Wanted, pays_ahead, plan, takes_effect
from goodstanding.core.renewals import LevyAt, asked_of


class When(StrEnum):
    """When a change is made."""

    BY_PRICE = "by_price"  # up at once, down with the period
    NOW = "now"
    AT_END = "at_end"


class Reckoning(StrEnum):
    """What a change at once comes to."""

    PRORATED = "prorated"  # the rest of what was paid is given back, the rest of the period is charged
    NEXT_BILL = "next_bill"  # the same, but nothing is billed at once: both wait for the next bill
    NOTHING = "nothing"  # nothing changes hands before the next renewal
    WHOLE = "whole"  # nothing is given back: a new period begins, at the whole new price


@dataclass(frozen=True, slots=True)
class Manner:
    """How a change is made; who changes for himself has no choice in it."""

    when: When = When.BY_PRICE
    reckoning: Reckoning = Reckoning.PRORATED


def untaxed(_contract: Contract, _at: datetime) -> Levy | None:
    """Return that no tax is asked for."""
    return None


BY_ITSELF = Manner()


@dataclass(frozen=True, slots=True)
class Planned:
    """A change to ``terms``, asked for at ``at`` and made at ``effect_at``; ``change`` where that is at once.

    ``credit``: what the balance held before. ``period``: the one that runs after it, at whose end the next charge comes:
    ``then``, with tax. ``told``: what it changes of the subscription. ``convention``: by which it was reckoned. ``pays_ahead``: more is paid at
    once, for a longer time, so that it may be made now although it is down (P32). ``asked``: what a whole period costs now.
    ``carries``: its lines are not billed at once, they wait for the next bill; ``waiting``: those that wait from before.
    ``replaces``: the open bill in whose place it is billed (:mod:`goodstanding.core.replacing`).
    """

    terms: PriceTerms
    at: datetime
    effect_at: datetime
    change: Change | None
    credit: Money
    period: Period
    new_period: bool
    told: SubscriptionSeen
    then: Money
    lines: tuple[Billed, ...] = ()
    convention: str = ""
    pays_ahead: bool = False
    asked: Asked | None = None
    carries: bool = False
    waiting: tuple[LineSeen, ...] = ()
    replaces: str = ""

    @property
    def is_now(self) -> bool:
        """Whether it is made at once."""
        return self.change is not None

    @property
    def is_billed(self) -> bool:
        """Whether a bill is drawn up at once."""
        return self.is_now and not self.carries and (bool(self.lines) or self.new_period)

    @property
    def total(self) -> Money:
        """What is billed at once, with tax and with what waited; below zero where more is given back than charged."""
        return self._lines + self._waiting if self.is_billed else self._lines - self._lines

    @property
    def later(self) -> Money:
        """What the next bill takes along of this change and of those before it, beside what it asks for itself."""
        if self.is_billed:
            return self._lines - self._lines
        return self._waiting + self._lines if self.carries else self._waiting

    @property
    def _lines(self) -> Money:
        return sum((line.amount for line in self.lines), Money.zero(self.credit.currency))

    @property
    def _waiting(self) -> Money:
        return carrying.total_of(self.waiting, self.credit.currency)

    @property
    def from_balance(self) -> Money:
        """What of it the balance pays."""
        return max(min(self.total, self.credit), self.total - self.total)

    @property
    def due_now(self) -> Money:
        """What is to be paid at once."""
        return max(self.total, self.total - self.total) - self.from_balance

    @property
    def to_balance(self) -> Money:
        """What is left of what is given back: it becomes the member's balance."""
        return max(-self.total, self.total - self.total)

    @property
    def next_charge_at(self) -> datetime:
        """When the next bill is drawn up."""
        assert self.period.end is not None, self
        return self.period.end

    @property
    def next_due(self) -> Money:
        """What is to be paid then, after what the balance holds by that time."""
        balance = self.credit - self.from_balance + self.to_balance
        return self.then - min(self.then, balance)


def planned(
    ledger: Ledger,
    subscription: str,
    terms: PriceTerms,
    *,
    at: datetime,
    levy_at: LevyAt = untaxed,
    manner: Manner = BY_ITSELF,
) -> Planned | None:
    """Return what changing a subscription of ours to ``terms`` at ``at`` comes to; ``None`` where nothing paid runs then.

    Raises ``proration.ProrationRefused``.
    """
    has, moment = holding(ledger, subscription, at=at), at.replace(microsecond=0)
    if has is None:
        return None
    last, contract = has.last, contract_after(has.last, terms)
    levy = levy_at(contract, moment)
    asked, _ = wanted_price(contract, terms.amount, payment=max(has.payments, 1), levy=levy)
    made = Planned(
        terms,
        moment,
        _effect_at(has, terms, asked.total, at=at, manner=manner, levy_at=levy_at),
        None,
        Money(ledger.credit_minor(last.currency), last.currency),
        has.held.period,
        terms.interval != has.held.interval,
        _told(has, terms, contract),
        Money.zero(last.currency),
        pays_ahead=pays_ahead(has.held, Wanted(terms.name, terms.amount, terms.interval)),
        waiting=carrying.to_bill(ledger, last),
    )
    if made.effect_at > at:
        return replace(made, then=_then(made.told, made, payment=has.payments + 1, levy_at=levy_at))
    if manner.reckoning is Reckoning.NOTHING:
        return _for_nothing(has, made, levy_at=levy_at)
    return _at_once(has, made, manner, levy_at=levy_at)


def facts_of(
    made: Planned, last: SubscriptionSeen, *, ref: str, at: datetime, number: str
) -> tuple[SubscriptionSeen, *tuple[Fact, ...]]:
    """Return the facts of a change as it was planned, accepted at ``at``; ``ref`` names its invoice.

    At once: the invoice, and what the subscription is once that is settled. Later: what it is renewed with then.
    """
    if made.change is None:
        contract = made.told.contract if made.told.contract != last.contract else None
        return (ours.retold(last, at=at, rank=1, next_items=made.told.items, next_contract=contract),)
    lines = _bill_lines(made, last, ref=ref)
    new = {name: getattr(made.told, name) for name in ours.CHANGED} | {"next_items": (), "next_contract": None}
    if made.carries:
        new["carried"] = (*made.told.carried, *lines)
    told = ours.retold(last, at=at, rank=1, once_paid=ref if made.is_billed else "", **new)
    if not made.is_billed:
        return (told,)
    invoice = purchasing.open_invoice(
        ref,
        *made.waiting,
        *lines,
        customer=last.customer,
        at=at,
        number=number,
        currency=last.currency,
        credit_minor=made.credit.amount_minor,
        convention=made.convention,
    )
    return (told, invoice)


def renewed(last: SubscriptionSeen, *, start: datetime, at: datetime) -> SubscriptionSeen:
    """Return a subscription of ours as the change that was set for the period from ``start`` makes it. Told at ``at``."""
    item = last.next_items[0]
    anchor = last.anchor_at if interval_of(item) == interval_of(last.items[0]) else start
    contract = last.next_contract if last.next_contract is not None else last.contract
    new = {"items": last.next_items, "contract": contract, "next_items": (), "next_contract": None}
    return ours.retold(last, at=at, rank=1, anchor_at=anchor, **new)


def _effect_at(
    has: Holding, terms: PriceTerms, wanted: Money, *, at: datetime, manner: Manner, levy_at: LevyAt
) -> datetime:
    """When it is made. What costs less is decided by what is really asked each interval: after codes, with tax."""
    end = has.held.period.end
    if manner.when is When.AT_END and end is not None and not has.held.on_trial:
        return end
    if manner.when is When.NOW:
        return at.replace(microsecond=0)
    if first_of(terms, has.held, at=at.replace(microsecond=0), convention=convention_of(has.last)) is not None:
        return at.replace(microsecond=0)  # the calendar's days are not those that are held: they begin with the change
    ((_, asked), *_) = asked_of(_past_intro(has.last), payment=max(has.payments, 1), at=at, levy_at=levy_at)
    was = replace(has.held, price=asked.total)
    return takes_effect(was, Wanted(terms.name, wanted, terms.interval), at=at)


def _past_intro(last: SubscriptionSeen) -> SubscriptionSeen:
    return replace(last, contract=replace(last.contract, intro_minor=0, intro_payments=0))


def _at_once(has: Holding, made: Planned, manner: Manner, *, levy_at: LevyAt) -> Planned:
    """The change with its lines, reckoned at once."""
    terms, last, contract = made.terms, has.last, made.told.contract
    levy, new_period = levy_at(contract, made.at), _restarts(has, terms, manner, at=made.at)
    payment = has.payments + 1 if new_period else max(has.payments, 1)
    asked, price = wanted_price(contract, terms.amount, payment=payment, levy=levy)
    reset, convention = manner.reckoning is Reckoning.WHOLE, convention_of(last)
    first = first_of(terms, has.held, at=made.at, convention=convention)
    wanted = Wanted(terms.name, price, terms.interval, trial=terms.trial is not None, first=first)
    change = plan(has.held, wanted, at=made.at, convention=convention, reset=reset)
    inclusive, was_inclusive = contract.tax_inclusive, last.contract.tax_inclusive
    lines = billed(change, has.pieces, asked, inclusive=inclusive, levy=levy, was_inclusive=was_inclusive)
    made = replace(made, change=change, period=change.after.period, new_period=new_period, lines=tuple(lines))
    made = replace(made, carries=manner.reckoning is Reckoning.NEXT_BILL and not new_period)
    told, named = _anchored(has, made), convention.name if made.lines else ""
    made = replace(made, told=told, convention=named, asked=asked)
    # A new period is a payment if its price is one, also where a code takes all of it off.
    paid = has.payments + (new_period and bool(asked.listed))
    return replace(made, then=_then(told, made, payment=paid + 1, levy_at=levy_at))


def _restarts(has: Holding, terms: PriceTerms, manner: Manner, *, at: datetime) -> bool:
    """Whether a new period begins with a change at once: as :func:`goodstanding.core.proration.plan` decides it."""
    was = has.held
    if was.on_trial:
        return terms.trial is None
    if first_of(terms, was, at=at, convention=convention_of(has.last)) is not None:
        return True
    return manner.reckoning is Reckoning.WHOLE or terms.interval != was.interval


def _told(has: Holding, terms: PriceTerms, contract: Contract) -> SubscriptionSeen:
    item = purchasing.item_of(terms, has.last.items[0].item)
    return replace(has.last, items=kept_items(has.last, item, terms), contract=contract, carried=has.unbilled)


def _anchored(has: Holding, made: Planned) -> SubscriptionSeen:
    """From when the periods after a change are counted; and a trial that it ended is over."""
    if not made.new_period:
        return made.told
    trial = has.last.trial_ends_at
    over = min(trial, made.period.start) if trial is not None and has.held.on_trial else trial
    anchor = anchor_of(made.terms, made.period, convention=convention_of(has.last))
    return replace(made.told, anchor_at=anchor, trial_ends_at=over)


def _for_nothing(has: Holding, made: Planned, *, levy_at: LevyAt) -> Planned:
    """A change at once for which nothing changes hands: the paid period runs on, and is counted on from its end."""
    after = replace(has.held, name=made.terms.name, price=made.terms.amount, interval=made.terms.interval)
    zero = made.credit - made.credit
    told = replace(made.told, anchor_at=has.held.period.end) if made.new_period else made.told
    done = replace(
        made, change=Change((), after, zero, convention_of(has.last)), new_period=False, told=told, effect_at=made.at
    )
    return replace(done, then=_then(told, done, payment=has.payments + 1, levy_at=levy_at))


def _then(told: SubscriptionSeen, made: Planned, *, payment: int, levy_at: LevyAt) -> Money:
    """What is asked for at the next renewal, with all that is renewed beside the level; nothing where it is completed."""
    if told.contract.payments and payment > told.contract.payments:
        return made.later
    asked = asked_of(told, payment=payment, at=made.next_charge_at, levy_at=levy_at)
    return sum((line.total for _, line in asked), made.later)


def _bill_lines(made: Planned, last: SubscriptionSeen, *, ref: str) -> list[LineSeen]:
    """The lines as they were planned. A new period is a regular line, which covers; also where it costs nothing."""
    found: list[LineSeen] = []
    for line in made.lines:
        is_credit = line.kind is LineKind.CREDIT
        kind = "regular" if made.new_period and not is_credit else "proration"
        of = last.items[0] if is_credit else made.told.items[0]
        found.append(_line(derived("gsln", ref, str(len(found))), kind, line, last, of))
    if made.new_period and not any(line.kind is LineKind.CHARGE for line in made.lines):
        assert made.period.end is not None, made
        item, name = made.told.items[0], derived("gsln", ref, str(len(found)))
        nothing = made.asked or asking.plainly(Money.zero(last.currency))
        start, end = made.period.start, made.period.end
        found.append(
            purchasing.line_of(
                name, "regular", nothing, start=start, end=end, subscription=last.subscription, item=item
            )
        )
    return found


def _line(name: str, kind: str, line: Billed, last: SubscriptionSeen, of: ItemSeen) -> LineSeen:
    assert line.period.end is not None, line
    return LineSeen(
        line=name,
        kind=kind,
        amount_minor=line.net.amount_minor,
        start=line.period.start,
        end=line.period.end,
        subscription=last.subscription,
        item=of.item,
        hints=of.hints,
        description=name_of(of),
        tax_minor=line.tax.amount_minor,
        tax=line.tax_name,
        tax_rate=line.tax_rate,
        off_minor=line.off.amount_minor,
        code=line.code,
        said=line.said,
    )
