"""Staff change what a member holds: a subscription that we bill, shown first and made as it was shown; or a term or a grant.

Staff choose when, and what it comes to; they are not bound to the changes that are offered to members. What is due is charged
to the stored card at once, or its bill is left open: the level is changed once that is paid. Each leaves a row that says who
and why, for staff; the member's pages say that staff did it, and no reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from goodstanding.audit.services import note
from goodstanding.billing import numbering, recording
from goodstanding.billing.models import GatewayCustomer, Invoice, Subscription
from goodstanding.catalogue import paths
from goodstanding.catalogue.models import Level, Price
from goodstanding.catalogue.words import money_words
from goodstanding.core import changes
from goodstanding.core.changes import Manner, Planned
from goodstanding.core.facts import Fact, InvoiceSeen, SubscriptionSeen
from goodstanding.core.ledger import Ledger
from goodstanding.core.money import Money
from goodstanding.core.records import FOR_LIFE, Status
from goodstanding.gateways import services as gateways
from goodstanding.memberships import change_pages, changing, closing, ending, handbills, letters, owing, services
from goodstanding.memberships.change_pages import Preview, Shown
from goodstanding.memberships.changing import Accepted
from goodstanding.memberships.changing_words import CannotChange
from goodstanding.memberships.intake import take_in
from goodstanding.memberships.level_decisions import LevelDecision
from goodstanding.memberships.models import Grant, Membership
from goodstanding.memberships.owing import Outcome, Stage
from goodstanding.people.models import Member


@dataclass(frozen=True, slots=True)
class Wish:
    """What staff want: another ``price`` (with its level), in this ``manner``; ``stops``: and its renewal is stopped."""

    price: Price
    manner: Manner
    stops: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """Who does it and why; whether the member is written to (``tells``), and the stored card is charged (``charges``)."""

    by: Any
    reason: str
    tells: bool = False
    charges: bool = False


def targets(subscription: Subscription) -> list[Price]:
    """Return the prices to which staff may change: on sale, hidden levels too, of the same group and currency, renewing."""
    level, held = held_level(subscription), held_price(subscription)
    if level is None:
        return []
    rows = Price.objects.select_related("level__group").filter(level__group=level.group_id, renews=True)
    rows = rows.filter(is_open=True, level__is_open=True, currency=subscription.currency)
    rows = rows.exclude(pk=held.pk) if held is not None else rows
    return list(rows.order_by("level__position", "level_id", "position", "amount_minor", "id"))


def warnings(subscription: Subscription, price: Price) -> list[str]:
    """Return what staff should know before: what members are not offered."""
    held, found = held_level(subscription), []
    if held is not None and paths.paths_from(held).to(price.level_id) is None:
        found.append(_("Members are not offered this change. You can make it all the same."))
    if price.level.is_hidden:
        found.append(_("This level is hidden: members do not find it by themselves."))
    return found


def held_level(subscription: Subscription) -> Level | None:
    """Return the level (with its group) that a subscription pays for."""
    items = subscription.items.filter(is_current=True).exclude(seat=None).order_by("pk")
    first = items.values_list("seat__membership__level", flat=True).first()
    return Level.objects.select_related("group").filter(pk=first).first()


def preview(subscription: Subscription, wish: Wish, *, now: datetime) -> Preview:
    """Return what the change comes to at ``now``. Writes nothing. Raises :class:`CannotChange`."""
    ledger = Ledger(recording.objects_of([subscription.customer_id])[subscription.customer_id])
    plan, _last = _planned(ledger, subscription, wish, at=now, now=now)
    return Preview(subscription, wish.price, plan, wish.manner)


def card(subscription: Subscription) -> str:
    """Return the stored card that can be charged for a subscription's changes, by its reference; ``""`` where there is none."""
    return subscription.customer.method if changing.can_be_paid(subscription) else ""


def was_made(subscription: Subscription, seen: Shown) -> bool:
    """Return whether the change that a page showed was made before, by that very page."""
    return changing.was_accepted(subscription.customer, changing.reference(subscription, seen.page))


def accept(
    subscription: Subscription, wish: Wish, seen: Shown, said: Said, *, return_url: str, now: datetime
) -> Accepted:
    """Make the change that a page showed, or set it for the period's end. The same page again changes nothing.

    What is due is charged to the stored card (``said.charges``), or its bill stays open; where it is paid by hand, until the
    day by which such bills are to be paid. Raises :class:`CannotChange`, also without a reason, and where it would not come to
    what was shown. Not to be called in a transaction.
    """
    if (seen.subscription, seen.price) != (subscription.pk, wish.price.pk):
        raise CannotChange("tampered")
    if not said.reason.strip():
        raise CannotChange("no_reason")
    if said.charges and not card(subscription):
        raise CannotChange("no_card")
    account, ref = subscription.gateway_account, changing.reference(subscription, seen.page)
    with transaction.atomic():
        customer = recording.locked_customer(account, subscription.customer.external_id, wanted=False)
        if not changing.was_accepted(customer, ref):
            ledger = Ledger(recording.objects_of([customer.pk])[customer.pk])
            plan, last = _planned(ledger, subscription, wish, at=seen.at, now=now)
            if change_pages.figures(plan) != seen.figures:
                raise CannotChange("changed")
            _write(customer, subscription, wish, said, plan=plan, last=last, ref=ref, now=now)
    bill = Invoice.objects.filter(gateway_account=account, external_id=ref).first()
    if bill is None:
        return Accepted(Outcome(Stage.DONE))
    outcome = owing.stands(bill)
    if said.charges and outcome.stage in (Stage.UNPAID, Stage.DECLINED) and owing.can_be_paid_here(bill):
        outcome = owing.pay(bill, return_url=return_url, now=now, method=card(subscription))
    return Accepted(outcome, bill)


def move(membership: Membership, level: Level, said: Said, *, now: datetime) -> Grant:
    """Have who holds a term or a grant hold it at another level of its group, to the same end; no money moves.

    The old place is closed, and what is left of it is granted at ``level``. Raises
    :class:`goodstanding.memberships.services.DecisionRefused`.
    """
    with transaction.atomic():
        answer = closing.stands(membership, now=now)
        _require_movable(membership, level, said)
        if answer is None or answer.status not in (Status.GOOD, Status.HELD):
            raise services.DecisionRefused(_("This is over: nothing is left of it that could be of another level."))
        until = answer.covered_until
        end = None if until is None or until >= FOR_LIFE else until
        closing.close(membership, changed=True, reason=said.reason, now=now)
        given = services.grant(
            membership.member, level=level, start_at=now, end_at=end, reason=said.reason, by=said.by, now=now
        )
        _decide(membership.member, membership.pk, membership.level, level, said, effect_at=now, now=now)
    return given


def movable_to(membership: Membership) -> list[Level]:
    """Return the levels at which what is left of a term or a grant may be held; none where something renews it."""
    if closing.live(membership):
        return []
    levels = Level.objects.filter(group=membership.level.group_id, is_open=True).exclude(pk=membership.level_id)
    return list(levels.order_by("position", "slug"))


def decide(
    subscription: Subscription, before: Level, after: Level, said: Said, *, effect_at: datetime | None, now: datetime
) -> None:
    """Write down that staff had a subscription changed. In the transaction that changes it."""
    member = subscription.customer.member
    assert member is not None, subscription.pk
    _decide(member, subscription.pk, before, after, said, effect_at=effect_at, now=now)


def _require_movable(membership: Membership, level: Level, said: Said) -> None:
    if not said.reason.strip():
        raise services.DecisionRefused(_("Say why: the member may ask."))
    if closing.live(membership):
        raise services.DecisionRefused(_("Something renews this: change the level of that, under “What renews”."))
    if level not in movable_to(membership):
        raise services.DecisionRefused(_("That is no other level of this group that is on offer."))


def held_price(subscription: Subscription) -> Price | None:
    """Return the price (with its level and group) that a subscription renews, where it is one of the catalogue."""
    items = subscription.items.filter(is_current=True).exclude(seat=None).order_by("pk")
    first = items.values_list("price", flat=True).first()
    return Price.objects.select_related("level__group").filter(pk=first).first()


def _planned(
    ledger: Ledger, subscription: Subscription, wish: Wish, *, at: datetime, now: datetime
) -> tuple[Planned, SubscriptionSeen]:
    last = changing.changeable(ledger, subscription, subscription.customer.member, now=now)
    changing.require_another(wish.price, last)
    plan = changing.plan_of(ledger, subscription, wish.price, at=at, now=now, manner=wish.manner)
    if wish.stops and (plan.due_now or not plan.is_now):
        raise CannotChange("stop_later")
    return plan, last


def _write(
    customer: GatewayCustomer,
    subscription: Subscription,
    wish: Wish,
    said: Said,
    *,
    plan: Planned,
    last: SubscriptionSeen,
    ref: str,
    now: datetime,
) -> None:
    """Write down the change, and who made it; in the caller's transaction, with the customer locked."""
    account, member = customer.gateway_account, subscription.customer.member
    assert member is not None, subscription.pk
    number = numbering.invoice_number() if plan.is_now else ""
    facts: Sequence[Fact] = changes.facts_of(plan, last, ref=ref, at=now, number=number)
    if gateways.is_paid_later(account):
        until = handbills.due_at(account, customer.method, now=now)
        facts = [
            handbills.to_be_paid(each, account, until=until)
            if isinstance(each, InvoiceSeen) and each.due_minor
            else each
            for each in facts
        ]
    take_in(facts, account=account, event=changing.event_of(ref), recorded_at=now, now=now, locked=customer)
    if wish.stops:
        ending.cancel(subscription, now=now)
    before = Level.objects.get(pk=last.items[0].hints.level)
    effect_at = None if plan.due_now else plan.effect_at
    due = plan.due_now or None
    _decide(member, subscription.pk, before, wish.price.level, said, effect_at=effect_at, now=now, due=due)


def _decide(
    member: Member,
    about: str,
    before: Level,
    after: Level,
    said: Said,
    *,
    effect_at: datetime | None,
    now: datetime,
    due: Money | None = None,
) -> None:
    made = LevelDecision.objects.create(
        id=services.new_id("lvd"),
        member=member,
        about=about,
        before=before,
        after=after,
        made_at=now,
        effect_at=effect_at,
        reason=said.reason,
        by=said.by,
    )
    note(by=said.by, on=made, what="change level", why=f"{before.pk} → {after.pk}: {said.reason}", now=now)
    if said.tells:
        context: dict[str, Any] = {"level": after.name, "link": letters.address(letters.HOME)}
        if effect_at is not None and effect_at > now:
            context["since"] = effect_at
        if due is not None:
            context["amount"] = money_words(due)
        letters.write("level_changed", made.pk, member, context, now=now)
