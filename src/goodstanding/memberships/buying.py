"""Buying: the gateway's customer of a member, and the facts of a purchase that we bill ourselves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from django.db import IntegrityError, connection, transaction

from goodstanding import conf
from goodstanding.billing import numbering, recording
from goodstanding.billing.models import GatewayCustomer
from goodstanding.billing.objects import States
from goodstanding.catalogue import knowledge
from goodstanding.catalogue.models import Interval as Chosen
from goodstanding.catalogue.models import Price
from goodstanding.core import pricing, purchasing
from goodstanding.core.facts import CodeHeld, Contract, InvoiceSeen
from goodstanding.core.ids import derived
from goodstanding.core.ledger import Ledger
from goodstanding.core.money import Money
from goodstanding.core.periods import EndRule, Interval, Unit
from goodstanding.core.pricing import Choice, PriceTerms, Quote
from goodstanding.core.purchasing import Purchase
from goodstanding.gateways import registry
from goodstanding.gateways.models import GatewayAccount
from goodstanding.gateways.protocol import Ability
from goodstanding.gateways.requests import Enrolment
from goodstanding.memberships import extending, handbills
from goodstanding.memberships.intake import take_in
from goodstanding.people.models import Member


def terms_of(price: Price) -> PriceTerms:
    """Return a price (with its level) as it is sold."""
    for_life, currency = price.interval == Chosen.ONCE, price.currency
    return PriceTerms(
        price=price.pk,
        level=price.level_id,
        name=price.level.name,
        amount=Money(price.amount_minor, price.currency),
        interval=Interval(Unit.LIFE) if for_life else Interval(Unit(price.interval), price.interval_count),
        renews=price.renews and not for_life,
        end_rule=EndRule(price.level.end_rule),
        trial=Interval(Unit(price.trial_unit), price.trial_count) if price.trial_count else None,
        trial_amount=Money(price.trial_minor, currency) if price.trial_count else None,
        contract=_contract_of(price),
        minimum=Money(price.minimum_minor, currency) if price.minimum_minor is not None else None,
        terms_max=price.terms_max,
        fixed_start=price.fixed_start,
        fixed_rollover=price.fixed_rollover,
        fixed_prorated=price.fixed_prorated,
        fixed_full_until=price.fixed_full_until,
        ends_on=price.ends_on.isoformat() if price.ends_on else "",
        seat=Money(price.seat_amount_minor, currency) if price.seat_amount_minor is not None else None,
        seats_most=None if price.level.seats_max is None else price.level.seats_max - price.level.seats,
        needs_card=price.level.needs_card,
    )


def _contract_of(price: Price) -> Contract:
    keeps = {Price.Keeps.LIFE.value: "life", Price.Keeps.TERM.value: f"{price.keeps_count} {price.keeps_unit}"}
    return Contract(
        intro_minor=price.intro_minor,
        intro_payments=price.intro_payments,
        payments=price.payments,
        total_minor=price.total_minor or 0,
        keeps=keeps.get(price.keeps, ""),
        taxed=price.taxed,
        tax_inclusive=price.tax_inclusive,
    )


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants of a price (with its level): see :class:`goodstanding.core.pricing.Choice`. ``interval``: instead of
    the price's own, where a code gives a complete other price.
    """

    price: Price
    amount: Money | None = None
    seats: int = 0
    times: int = 1
    codes: tuple[CodeHeld, ...] = ()
    interval: Interval | None = None


@dataclass(frozen=True, slots=True)
class Basket:
    """All that is wanted at once: levels, a donation on top; ``place``: where the payer is, for taxes."""

    wishes: tuple[Wish, ...]
    donation: Money | None = None
    donation_recurs: bool = False
    place: str = ""


def quote(price: Price, *, now: datetime, member: Member | None = None) -> Quote:
    """Return what buying ``price`` (with its level) alone at ``now`` costs and gives; see :func:`quote_of`."""
    return quote_of(Basket((Wish(price),)), now=now, member=member)


def quote_of(basket: Basket, *, now: datetime, member: Member | None = None, credit: Money | None = None) -> Quote:
    """Return what buying a basket at ``now`` costs and gives. Writes nothing.

    For a ``member`` who is covered already by something that does not renew, or in grace after it, it begins where that
    ends: nothing is paid for twice (:func:`goodstanding.memberships.extending.extended_by`). ``credit``: what the member's balance holds. Raises
    :class:`goodstanding.core.pricing.QuoteRefused` and ``PeriodRefused``.
    """
    known, choices = knowledge.current(), []
    for wish in basket.wishes:
        terms = terms_of(wish.price)
        extended = extending.extended_by(member, wish.price, now=now) if member is not None else None
        levy = known.levy_at(replace(terms.contract, tax_place=basket.place), now)
        if wish.interval is not None:  # a code's complete other price
            terms = replace(terms, interval=wish.interval)
        choice = Choice(terms, now, wish.amount, wish.seats, wish.times, wish.codes, levy)
        if extended is not None:
            choice = replace(choice, begins=extended.until, extends=True, anchor=extended.anchor)
        choices.append(choice)
    return pricing.quote(
        choices,
        at=now,
        time_zone=conf.time_zone().key,
        credit=credit,
        donation=basket.donation,
        donation_recurs=basket.donation_recurs,
        place=basket.place,
        convention=conf.convention(),
    )


def customer_for(member: Member, account: GatewayAccount, *, now: datetime) -> GatewayCustomer:
    """Return the member's one customer with a gateway account; made there, and here, at the first need.

    Never one that was found by its e-mail. May raise ``GatewayUnreachable``; not to be called in a transaction where the
    gateway has to make the customer.
    """
    rows = GatewayCustomer.objects.select_related("gateway_account", "account")
    there = rows.filter(member=member, gateway_account=account).first()
    if there is not None:
        return there
    name = member.pk
    if registry.can(account.gateway, Ability.ENROL):
        enrolment = Enrolment(key=derived("enr", member.pk, account.pk), email=member.email, name=member.name)
        name = registry.able(account.gateway, Ability.ENROL).enrol(enrolment, account=account, now=now)
    try:
        with transaction.atomic():
            customer = recording.locked_customer(account, name, wanted=False)
            customer.member = member
            customer.save(update_fields=["member"])
    except IntegrityError:  # another request of the member's was faster
        return rows.get(member=member, gateway_account=account)
    return customer


def buy(
    customer: GatewayCustomer, bought: Quote, *, ref: str, now: datetime, due_at: datetime | None = None
) -> Purchase:
    """Record that what was quoted is bought, to be paid: an open invoice of ours, and the subscription that it begins.

    ``ref`` names the purchase (a checkout's public id); the same again changes nothing. ``due_at``: until when it may be paid
    by hand; without it, it is paid now or not at all. In the caller's transaction.
    """
    assert connection.in_atomic_block
    purchase = purchasing.purchase_of(ref, bought)
    event = derived("evt", customer.gateway_account_id, "purchase", ref)
    locked = recording.locked_customer(customer.gateway_account, customer.external_id, wanted=False)
    objects: States = recording.objects_of([locked.pk]).get(locked.pk, {})
    if ("invoice", purchase.invoice) in objects:
        return purchase
    number = numbering.invoice_number()
    facts = purchasing.facts_of(
        bought,
        purchase,
        customer=customer.external_id,
        at=now,
        number=number,
        credit_minor=Ledger(objects).credit_minor(bought.currency),
    )
    if due_at is not None:
        account = customer.gateway_account
        facts = tuple(
            handbills.to_be_paid(each, account, until=due_at) if isinstance(each, InvoiceSeen) else each
            for each in facts
        )
    take_in(facts, account=customer.gateway_account, event=event, recorded_at=now, now=now)
    return purchase


def purchase_ref(ref: str, bought: Quote) -> str:
    """Return the reference of the invoice that the purchase ``ref`` draws up."""
    return purchasing.purchase_of(ref, bought).invoice
