"""Changing the level of a subscription that we bill: shown first, accepted as it was shown, paid like any bill of ours.

Up is made at once, when it is paid for; down at the period's end. What was shown is signed, and the bill is drawn up for the
moment at which it was shown: it comes to the same, or it is refused and shown anew (I13). A change that nobody pays for is
dropped by our clock, and all goes on as before. While the bill of the renewal is open, a change replaces that bill.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction

from goodstanding.billing import attempts, numbering, recording, turns
from goodstanding.billing.models import GatewayCustomer, Invoice, Subscription
from goodstanding.billing.objects import Objects
from goodstanding.catalogue import knowledge, paths
from goodstanding.catalogue.models import Level, Price
from goodstanding.core import changes, ours, replacing
from goodstanding.core import pausing as core_pausing
from goodstanding.core.changes import Manner, Planned, When
from goodstanding.core.facts import Fact, InvoiceSeen, SubscriptionSeen
from goodstanding.core.fold import ENDED, SubscriptionStatus
from goodstanding.core.ids import derived
from goodstanding.core.ledger import Ledger
from goodstanding.core.proration import ProrationRefused
from goodstanding.core.records import Status
from goodstanding.gateways import registry
from goodstanding.gateways.protocol import Ability
from goodstanding.memberships import buying, change_letters, change_pages, changes_ahead, letters, owing
from goodstanding.memberships.change_pages import Preview, Shown
from goodstanding.memberships.changing_words import CannotChange
from goodstanding.memberships.intake import take_in
from goodstanding.memberships.owing import Outcome, Stage
from goodstanding.memberships.reading import standing_now
from goodstanding.people.models import Member

BILL = "gchg"  # what the references of these bills begin with


@dataclass(frozen=True, slots=True)
class Accepted:
    """What came of accepting: how its ``invoice`` stands; where nothing is billed there is none, and it is done."""

    outcome: Outcome
    invoice: Invoice | None = None


def targets(member: Member, subscription: Subscription, *, now: datetime) -> list[Price]:
    """Return the prices to which a member may change: on sale, listed, of the same group and currency, renewing, and offered
    to who holds this level (:mod:`goodstanding.catalogue.paths`).

    Neither the one held nor the one that is set; while the renewal's bill is open, all but the one that it asks for. Raises :class:`CannotChange` where nothing may be changed now.
    """
    ledger = Ledger(_objects(subscription))
    old = replacing.open_renewal(ledger, subscription.external_id, at=now)
    last = changeable(ledger, subscription, member, now=now, in_place_of=old)
    rows = Price.objects.select_related("level__group").filter(level__group__levels=last.items[0].hints.level)
    rows = rows.filter(is_open=True, level__is_open=True, level__is_hidden=False, renews=True, currency=last.currency)
    here = asked_for(old) if old is not None else {item.hints.price for item in (*last.items, *last.next_items)}
    found = rows.exclude(pk__in=here).order_by("level__position", "level_id", "position", "amount_minor", "id")
    held = Level.objects.select_related("group").get(pk=last.items[0].hints.level)
    offered = paths.paths_from(held)
    prices = [price for price in found.distinct() if offered.to(price.level_id) is not None]
    if old is not None:  # what cannot take the place of its bill is not offered
        name = subscription.external_id
        prices = [each for each in prices if replacing.planned(ledger, name, buying.terms_of(each), at=now) is not None]
    return prices


def open_renewal(subscription: Subscription, *, now: datetime) -> Invoice | None:
    """Return the open bill of a subscription's renewal, where another level may take its place."""
    bill = replacing.open_renewal(Ledger(_objects(subscription)), subscription.external_id, at=now)
    rows = Invoice.objects.filter(gateway_account=subscription.gateway_account_id)
    return rows.filter(external_id=bill.invoice).first() if bill is not None else None


def preview(subscription: Subscription, price: Price, *, now: datetime, ahead: bool = False) -> Preview:
    """Return what changing to ``price`` (with its level) at ``now`` comes to. Writes nothing. Raises :class:`CannotChange`.

    ``ahead``: to pay ahead for a longer time, now (P32), where that would wait for the end of what is paid by itself.
    """
    ledger = Ledger(_objects(subscription))
    plan, _last, manner = _planned(ledger, subscription, price, at=now, now=now, ahead=ahead)
    bills = Invoice.objects.filter(gateway_account=subscription.gateway_account_id, external_id=plan.replaces)
    return Preview(subscription, price, plan, manner, bills.first() if plan.replaces else None)


def accept(
    subscription: Subscription,
    price: Price,
    seen: Shown,
    *,
    return_url: str,
    now: datetime,
    card: str = "",
    method: str = "",
) -> Accepted:
    """Make the change that a page showed, or set it for the period's end; pay what is due by a new ``card`` or a stored
    ``method`` (neither: on a page of the gateway's). The same page again changes nothing.

    Raises :class:`CannotChange`, also where it would not come to what was shown. Not to be called in a transaction.
    """
    if (seen.subscription, seen.price) != (subscription.pk, price.pk):
        raise CannotChange("tampered")
    account, ref = subscription.gateway_account, reference(subscription, seen.page, replaces=seen.replaces)
    with transaction.atomic():
        customer = recording.locked_customer(account, subscription.customer.external_id, wanted=False)
        if not was_accepted(customer, ref):
            ledger = Ledger(recording.objects_of([customer.pk])[customer.pk])
            plan, last, _manner = _planned(ledger, subscription, price, at=seen.at, now=now, ahead=seen.is_now)
            if change_pages.figures(plan) != seen.figures:
                raise CannotChange("changed")
            number = numbering.invoice_number() if plan.is_now else ""
            if plan.replaces:
                _require_decided(customer, plan.replaces, now=now)
            facts = facts_of(plan, ledger, last, ref=ref, now=now, number=number)
            take_in(facts, account=account, event=event_of(ref), recorded_at=now, now=now, locked=customer)
            if not plan.is_now and price.level_id != last.items[0].hints.level:
                at = plan.effect_at
                post, page = letters.write, letters.address
                change_letters.tell(customer, price.level_id, ref, at, now=now, post=post, page=page)
    bill = Invoice.objects.filter(gateway_account=account, external_id=ref).first()
    if bill is None:
        return Accepted(Outcome(Stage.DONE))
    outcome = owing.stands(bill)
    if outcome.stage in (Stage.UNPAID, Stage.DECLINED) and owing.can_be_paid_here(bill):
        outcome = owing.pay(bill, return_url=return_url, now=now, card=card, method=method)
    return Accepted(outcome, bill)


def take_back(subscription: Subscription, *, now: datetime) -> None:
    """Take back the change that is set for the period's end; where none is, nothing changes."""
    account = subscription.gateway_account
    with transaction.atomic():
        customer = recording.locked_customer(account, subscription.customer.external_id, wanted=False)
        ledger = Ledger(recording.objects_of([customer.pk])[customer.pk])
        last = ledger.subscriptions[subscription.external_id][-1]
        if last.next_items and last.status not in ENDED:
            fact = ours.retold(last, at=now, rank=1, next_items=())
            event = derived("evt", account.pk, "no change", last.subscription, fact.at.isoformat(), str(fact.rank))
            take_in([fact], account=account, event=event, recorded_at=now, now=now, locked=customer)


def bill_of(subscription: Subscription, seen: Shown) -> str:
    """Return the public id of the invoice that accepting what a page showed draws up, if anything is billed."""
    return derived("inv", subscription.gateway_account_id, reference(subscription, seen.page, replaces=seen.replaces))


def is_change(invoice: Invoice) -> bool:
    """Return whether an invoice is the bill of a change of level: unpaid, it is dropped, and nothing is lost by that."""
    return invoice.external_id.startswith(f"{BILL}_")


def in_place_of_joining(member: Member, price: Price) -> Subscription | None:
    """Return what a member changes instead of joining at ``price`` (with its level): what we bill in a group of one level.

    Not what is paid at the desk: that cannot be changed here.
    """
    if price.level.group.allows_several or not price.renews:
        return None
    over = [str(status) for status in (SubscriptionStatus.INCOMPLETE, *ENDED)]
    billed = {"customer__member": member, "billed_by": Subscription.BilledBy.US, "ends_at": None}
    group = {"items__is_current": True, "items__seat__membership__level__group": price.level.group_id}
    rows = Subscription.objects.filter(**billed, **group).exclude(status__in=over).exclude(items__price=price.pk)
    found = rows.select_related("gateway_account").distinct().order_by("begun_at", "id").first()
    return found if found is not None and can_be_paid(found) else None


def _planned(
    ledger: Ledger, subscription: Subscription, price: Price, *, at: datetime, now: datetime, ahead: bool = False
) -> tuple[Planned, SubscriptionSeen, Manner]:
    """Plan the change as of ``at``, if it may be made ``now``, in the manner in which it is offered."""
    old = replacing.open_renewal(ledger, subscription.external_id, at=now)
    last = changeable(ledger, subscription, subscription.customer.member, now=now, in_place_of=old)
    manner = _offered(price, last, in_place_of=old)
    plan = plan_of(ledger, subscription, price, at=at, now=now, manner=manner)
    if ahead and may_pay_ahead(plan, manner):
        manner = replace(manner, when=When.NOW)
        plan = plan_of(ledger, subscription, price, at=at, now=now, manner=manner)
    if plan.due_now and not can_be_paid(subscription):
        raise CannotChange("desk")
    return plan, last, manner


def may_pay_ahead(plan: Planned, manner: Manner) -> bool:
    """Return whether what waits for the end of what is paid may be paid for now: more, for a longer time (P32)."""
    return manner.when is When.BY_PRICE and plan.pays_ahead and not plan.is_now


def plan_of(
    ledger: Ledger, subscription: Subscription, price: Price, *, at: datetime, now: datetime, manner: Manner
) -> Planned:
    """Return what changing to ``price`` as of ``at`` comes to, asked for ``now``. Raises :class:`CannotChange`.

    Whether it is offered, and whether anything may be changed (:func:`changeable`), was asked before.
    """
    plan: Planned | None
    levy_at = knowledge.current().levy_at
    try:
        plan = replacing.planned(ledger, subscription.external_id, buying.terms_of(price), at=at, levy_at=levy_at)
        plan = plan or changes.planned(
            ledger,
            subscription.external_id,
            buying.terms_of(price),
            at=at,
            levy_at=levy_at,
            manner=manner,
        )
    except ProrationRefused:
        plan = None
    begun = turns.last_period(ledger, subscription.external_id)
    if begun is not None and begun.start > now:
        raise CannotChange("not_begun")
    if plan is None and replacing.open_renewal(ledger, subscription.external_id, at=now) is not None:
        raise CannotChange("unpaid")
    if plan is None:
        raise CannotChange("changed")  # a period has begun since it was shown
    if plan.is_now and plan.new_period and begun is not None and plan.at <= begun.start:
        raise CannotChange("just_now")  # two periods from one moment on: neither would be the later one
    return plan


def facts_of(
    plan: Planned, ledger: Ledger, last: SubscriptionSeen, *, ref: str, now: datetime, number: str
) -> tuple[Fact, ...]:
    """Return the facts of a change as it was planned; ``ref`` names its bill, if anything is billed."""
    if plan.replaces:
        levy_at = knowledge.current().levy_at
        return replacing.facts_of(plan, ledger, ref=ref, at=now, number=number, levy_at=levy_at)
    return changes.facts_of(plan, last, ref=ref, at=now, number=number)


def changeable(
    ledger: Ledger,
    subscription: Subscription,
    member: Member | None,
    *,
    now: datetime,
    in_place_of: InvoiceSeen | None = None,
) -> SubscriptionSeen:
    """Return a subscription as it stands, if anything of it may be changed now: it is ours, paid and in good standing.

    ``in_place_of``: the open bill of its renewal, where that may be replaced: then it is not paid, and in grace at least.
    Raises :class:`CannotChange`.
    """
    last = ledger.subscriptions[subscription.external_id][-1]
    if not last.ours:
        raise CannotChange("gateway")
    if last.status in ENDED:
        raise CannotChange("ended")
    if last.ends_at is not None:
        raise CannotChange("stay_first")
    if core_pausing.ahead(last.pauses, now) is not None:
        raise CannotChange("paused")
    if member is None or last.paused or not _has_one_level(last):
        raise CannotChange("staff")
    unpaid = [
        state.last.invoice
        for state in turns.invoices_of(ledger, last.subscription)
        if state.last is not None and state.settled_at is None and state.closed_at is None
    ]
    if unpaid and in_place_of is None:
        raise CannotChange("waiting" if all(ref in ledger.changes for ref in unpaid) else "unpaid")
    until = changes_ahead.paid_until(ledger, last.subscription)
    if last.status == SubscriptionStatus.INCOMPLETE or until is None or (until <= now and in_place_of is None):
        raise CannotChange("unpaid")
    enough = {Status.GOOD} if in_place_of is None else {Status.GOOD, Status.GRACE}
    stands = {each["level"]: each["status"] for each in standing_now(member.pk, now=now).document["levels"]}
    if stands.get(last.items[0].hints.level) not in enough:
        raise CannotChange("on_hold" if in_place_of is None else "unpaid")
    return last


def _has_one_level(last: SubscriptionSeen) -> bool:
    return last.items[0].quantity == 1 and all(item.hints.extra for item in last.items[1:])


def asked_for(bill: InvoiceSeen) -> set[str]:
    """Return the prices of levels that a bill asks for."""
    return {line.hints.price for line in bill.lines if line.kind == "regular" and not line.hints.extra}


def _offered(price: Price, last: SubscriptionSeen, *, in_place_of: InvoiceSeen | None) -> Manner:
    """Return how one changes to ``price``. Raises :class:`CannotChange` where it is not on offer, or not from what is held."""
    here = asked_for(in_place_of) if in_place_of is not None else {last.items[0].hints.price}
    manner = paths.paths_from(require_another(price, last, here=here).level).to(price.level_id)
    if manner is None:
        raise CannotChange("not_offered")
    return manner


def require_another(price: Price, last: SubscriptionSeen, *, here: AbstractSet[str] = frozenset()) -> Price:
    """Return the price that is held (with its level and group), if ``price`` is another one of its group that is on sale.
    ``here``: what it must differ from, where that is not the one held.

    Raises :class:`CannotChange`.
    """
    held = Price.objects.select_related("level__group").filter(pk=last.items[0].hints.price).first()
    if held is None:
        raise CannotChange("staff")
    if price.pk in (here or {held.pk}):
        raise CannotChange("held")
    if price.level.group_id != held.level.group_id:
        raise CannotChange("other_group")
    if not (price.is_open and price.level.is_open and price.renews):
        raise CannotChange("closed")
    if price.currency != last.currency:
        raise CannotChange("currency")
    return held


def can_be_paid(subscription: Subscription) -> bool:
    """Return whether its gateway takes payments with the payer there."""
    account = subscription.gateway_account
    return account.is_active and registry.can(account.gateway, Ability.BEGIN)


def reference(subscription: Subscription, page: str, *, replaces: bool = False) -> str:
    """Return the reference of the bill that accepting a page (by name) draws up, if anything is billed. ``replaces``: in place
    of the renewal's.
    """
    return derived(replacing.BILL if replaces else BILL, subscription.external_id, page)


def _require_decided(customer: GatewayCustomer, invoice: str, *, now: datetime) -> None:
    """Refuse to replace a bill that is being paid at this moment."""
    tried = attempts.under_way(customer, invoice)
    if tried is not None and attempts.is_in_hand(tried, now=now):
        raise CannotChange("under_way")


def was_accepted(customer: GatewayCustomer, ref: str) -> bool:
    """Return whether the page whose bill has this reference was accepted before."""
    return recording.was_told(customer, event_of(ref))


def event_of(ref: str) -> str:
    """Return the name of the event by which a change is told."""
    return derived("evt", "change", ref)


def _objects(subscription: Subscription) -> Objects:
    return recording.objects_of([subscription.customer_id])[subscription.customer_id]
