"""What the people of the demonstration do, each by the very services that pages, staff and doors use."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from goodstanding.billing.models import Invoice, Payment, Subscription
from goodstanding.catalogue.models import Level, Price
from goodstanding.checkout import quotes
from goodstanding.checkout import services as checkout
from goodstanding.core.fold import ENDED
from goodstanding.core.records import HoldKind
from goodstanding.doors import services as doors
from goodstanding.doors import taps
from goodstanding.doors.models import Door
from goodstanding.gateways.models import GatewayAccount
from goodstanding.memberships import byhand, ending, giving_back, pausing, seats_giving, services
from goodstanding.memberships.models import Membership
from goodstanding.people.models import Member


@dataclass
class Stage:
    """What the acts need: who of the staff acts, the doors by their key, and the tokens of their readers while it lasts."""

    staff: Any
    doors: dict[str, Door] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)


class Act:
    """Something a member does, or has done to them, at a moment."""

    def __init__(self, does: Callable[[Member, Stage, datetime], object]) -> None:
        self._does = does

    def __call__(self, member: Member, stage: Stage, *, now: datetime) -> None:
        """Do it."""
        self._does(member, stage, now)


def card_number(member: Member) -> str:
    """Return the number of a member's card in the demonstration: made of the member's id, so that nobody need keep it."""
    return f"04{hashlib.sha256(f'demonstration card {member.pk}'.encode()).hexdigest()[:12].upper()}"


def joins(level: str, interval: str = "month", *, card: str = "sandbox_ok", at: str = "sandbox") -> Act:
    """Somebody joins by the checkout and pays with a card of the sandbox."""

    def act(member: Member, _stage: Stage, now: datetime) -> None:
        price = price_of(level, interval)
        seen = quotes.shown(quotes.signed(quotes.for_member(price, member, now=now), now=now), now=now)
        account = GatewayAccount.objects.get(pk=at)
        begun = checkout.accept(member, price, account, shown=seen, now=now)
        checkout.pay(begun, return_url="/join/", now=now, card=card)

    return Act(act)


def pays_at_the_desk(level: str, interval: str = "month", *, how: str = "cash") -> Act:
    """Somebody joins at the desk."""

    def act(member: Member, stage: Stage, now: datetime) -> None:
        price = price_of(level, interval)
        byhand.sell(member, price, how=how, reference="", paid_at=now, by=stage.staff, now=now, page=f"demo {now}")

    return Act(act)


def transfers() -> Act:
    """What somebody owes arrives by bank transfer, and staff record it."""

    def act(member: Member, stage: Stage, now: datetime) -> None:
        owed = Invoice.objects.filter(account__member=member, settled_at=None, closed_at=None)
        for invoice in owed.order_by("issued_at", "id"):
            reference = f"Transfer {invoice.number}".strip()
            byhand.record_payment(invoice, how="transfer", reference=reference, paid_at=now, by=stage.staff, now=now)

    return Act(act)


def cancels() -> Act:
    """Somebody stops the renewal; what is paid stays."""

    def act(member: Member, _stage: Stage, now: datetime) -> None:
        rows = Subscription.objects.select_related("gateway_account", "customer").filter(customer__member=member)
        for subscription in rows.exclude(status__in=[str(status) for status in ENDED]).order_by("id"):
            ending.cancel(subscription, now=now)

    return Act(act)


def pauses(*, days: int) -> Act:
    """Somebody pauses what renews, from that moment on."""

    def act(member: Member, _stage: Stage, now: datetime) -> None:
        subscription = Subscription.objects.select_related("gateway_account", "customer").get(customer__member=member)
        pausing.pause(subscription, start=now, end=now + timedelta(days=days), now=now)

    return Act(act)


def is_held(reason: str) -> Act:
    """Staff keep somebody out."""
    return Act(
        lambda member, stage, now: services.hold(
            member, kind=HoldKind.SUSPENDED, reason=reason, by=stage.staff, now=now
        )
    )


def waits_for_approval() -> Act:
    """Somebody's membership is to be approved first."""

    def act(member: Member, _stage: Stage, now: datetime) -> None:
        for membership in Membership.objects.filter(member=member, is_open=True).order_by("id"):
            services.ask_approval(membership, now=now)

    return Act(act)


def is_given(level: str, *, days: int, reason: str) -> Act:
    """Staff give somebody a level for a while."""

    def act(member: Member, stage: Stage, now: datetime) -> None:
        given = Level.objects.get(slug=level)
        end = now + timedelta(days=days)
        services.grant(member, level=given, start_at=now, end_at=end, reason=reason, by=stage.staff, now=now)

    return Act(act)


def is_paid_back(reason: str) -> Act:
    """Staff give the last payment back."""

    def act(member: Member, stage: Stage, now: datetime) -> None:
        payment = Payment.objects.filter(account__member=member, status="succeeded").order_by("-made_at").first()
        assert payment is not None, member.pk
        giving_back.refund(payment, amount=giving_back.left_of(payment), reason=reason, by=stage.staff, now=now)

    return Act(act)


def invites(key: str) -> Act:
    """Somebody who pays for a membership with seats invites somebody to one, who has not answered yet."""

    def act(member: Member, _stage: Stage, now: datetime) -> None:
        seats_giving.invite(_paid_by(member.email), f"{key}@example.org", by=member.user, now=now)

    return Act(act)


def takes_a_seat(payer: str) -> Act:
    """Somebody is given a seat in the membership that another one of the demonstration pays for."""

    def act(member: Member, stage: Stage, now: datetime) -> None:
        place = _paid_by(f"{payer}@example.org")
        seats_giving.give(place, member, by=stage.staff, reason="The payer asked for it.", now=now)

    return Act(act)


def _paid_by(email: str) -> Membership:
    rows = Membership.objects.select_related("member__user", "level")
    return rows.get(member__email=email, is_open=True)


def gets_a_card() -> Act:
    """Staff hand out a card for the doors."""

    def act(member: Member, stage: Stage, now: datetime) -> None:
        doors.add_card(member, uid=card_number(member), by=stage.staff, now=now, label="Card of the demonstration")

    return Act(act)


def taps_at(door: str) -> Act:
    """Somebody holds the card to the reader of a door."""

    def act(member: Member, stage: Stage, now: datetime) -> None:
        asked = taps.Asked(door=stage.doors[door].pk, card=card_number(member))
        taps.tap(asked, token=stage.tokens[door], now=now)

    return Act(act)


def price_of(level: str, interval: str) -> Price:
    """Return the price of a level of the demonstration."""
    return Price.objects.select_related("level__group").get(level=level, interval=interval)
