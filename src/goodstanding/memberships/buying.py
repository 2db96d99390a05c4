"""Buying: the gateway's customer of a member, and the facts of a purchase that we bill ourselves."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, connection, transaction

from goodstanding import conf
from goodstanding.billing import numbering, recording
from goodstanding.billing.models import GatewayCustomer
from goodstanding.catalogue.models import Interval as Chosen
from goodstanding.catalogue.models import Price
from goodstanding.core import pricing
from goodstanding.core.ids import derived
from goodstanding.core.money import Money
from goodstanding.core.periods import EndRule, Interval, Unit
from goodstanding.core.pricing import PriceTerms, Purchase, Quote
from goodstanding.core.records import FOR_LIFE, Status
from goodstanding.gateways import registry
from goodstanding.gateways.models import GatewayAccount
from goodstanding.gateways.protocol import Ability
from goodstanding.gateways.requests import Enrolment
from goodstanding.memberships.documents import Document, at_moment
from goodstanding.memberships.intake import take_in
from goodstanding.memberships.models import MemberStanding
from goodstanding.people.models import Member

COVERED = (Status.GOOD, Status.HELD, Status.GRACE)


def terms_of(price: Price) -> PriceTerms:
    """Return a price (with its level) as it is sold."""
    for_life = price.interval == Chosen.ONCE
    return PriceTerms(
        price=price.pk,
        level=price.level_id,
        name=price.level.name,
        amount=Money(price.amount_minor, price.currency),
        interval=Interval(Unit.LIFE) if for_life else Interval(Unit(price.interval), price.interval_count),
        renews=price.renews and not for_life,
        end_rule=EndRule(price.level.end_rule),
    )


def quote(price: Price, *, now: datetime, member: Member | None = None) -> Quote:
    """Return what buying ``price`` (with its level) at ``now`` costs and gives. Writes nothing.

    For a ``member`` who is covered at that level already by something that does not renew, or in grace after it, it begins
    where that ends: nothing is paid for twice.
    """
    begins = now
    if member is not None and (until := covered_until(member, price, now=now)) is not None and until < FOR_LIFE:
        begins = until
    return pricing.quote(terms_of(price), at=begins, time_zone=conf.time_zone().key)


def covered_until(member: Member, price: Price, *, now: datetime) -> datetime | None:
    """Return until when the member is covered at the level of ``price`` (in grace: was), or ``None`` where he is not.

    :data:`FOR_LIFE` where that never ends.
    """
    until: datetime | None = None
    for document in _from_now_on(member, now=now):
        if until is not None and datetime.fromisoformat(document["from"]) > until:
            break  # a gap
        for level in document["levels"]:
            if level["level"] == price.level_id and level["status"] in COVERED:
                end = datetime.fromisoformat(level["covered_until"]) if level["covered_until"] else FOR_LIFE
                until = end if until is None else max(until, end)
        if until is None:
            break  # not covered now: what begins later is something else
    return until


def _from_now_on(member: Member, *, now: datetime) -> list[Document]:
    """The member's standing now and each later one, as foreseen."""
    outlook = MemberStanding.objects.filter(pk=member.pk).values_list("outlook", flat=True).first()
    if not outlook:
        return []
    later = [each for each in outlook if datetime.fromisoformat(each["from"]) > now]
    return [at_moment(outlook, now), *later]


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


def buy(customer: GatewayCustomer, bought: Quote, *, ref: str, now: datetime) -> Purchase:
    """Record that what was quoted is bought, to be paid: an open invoice of ours, and the subscription that it begins.

    ``ref`` names the purchase (a checkout's public id); the same again changes nothing. In the caller's transaction.
    """
    assert connection.in_atomic_block
    purchase = pricing.purchase_of(ref, bought.terms)
    event = derived("evt", customer.gateway_account_id, "purchase", ref)
    locked = recording.locked_customer(customer.gateway_account, customer.external_id, wanted=False)
    if ("invoice", purchase.invoice) in recording.objects_of([locked.pk]).get(locked.pk, {}):
        return purchase
    number = numbering.invoice_number()
    facts = pricing.facts_of(bought, purchase, customer=customer.external_id, at=now, number=number)
    take_in(facts, account=customer.gateway_account, event=event, recorded_at=now, now=now)
    return purchase


def purchase_ref(ref: str, bought: Quote) -> str:
    """Return the reference of the invoice that the purchase ``ref`` draws up."""
    return pricing.purchase_of(ref, bought.terms).invoice
