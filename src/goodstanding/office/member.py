"""What the office's page on a member shows: gathered here, in as many statements however long the story is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Q

from goodstanding.billing.models import Dispute, Errand, Invoice, Payment, Refund, Subscription
from goodstanding.communications import services as mails
from goodstanding.core.fold import ENDED
from goodstanding.doors import services as doors
from goodstanding.doors.models import Card
from goodstanding.memberships import cards, giving_back, member_page, owing
from goodstanding.memberships.models import Seat
from goodstanding.office.forms import ACTIONS
from goodstanding.people.models import Member

CHANGES = "gs_billing.change_subscription"  # what a change of level needs
PAYMENTS, MAILS, SEATS = 20, 10, 50  # shown, the latest first


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment, the invoice that it paid, what of it was given back, and what is on its way back."""

    row: Payment
    invoice: Invoice | None
    back_minor: int
    promised_minor: int
    disputed: str = ""  # how its dispute stands, if there is one

    @property
    def is_by_hand(self) -> bool:
        """Whether staff recorded it, and it still counts."""
        return bool(self.row.elsewhere) and self.row.status == "succeeded"

    @property
    def can_decide(self) -> bool:
        """Whether the bank took it back, and it is not decided yet."""
        return self.is_by_hand and self.disputed == "open"

    @property
    def can_refund(self) -> bool:
        """Whether something of it is left to be given back."""
        return self.row.status == "succeeded" and self.row.amount_minor > self.back_minor + self.promised_minor


@dataclass(frozen=True, slots=True)
class Renewing:
    """A subscription, what it pays for, and what its gateway was asked and has not confirmed. ``can``: names of actions. ``places``:
    the memberships, by their ids.
    """

    row: Subscription
    levels: tuple[str, ...]
    waiting: tuple[Errand, ...]
    can: tuple[str, ...]
    places: tuple[str, ...] = ()
    is_paused: bool = False
    pause_comes: bool = False  # one is set that has not begun


def shown(member: Member, *, user: Any, changes_only: bool, page: str, now: datetime) -> dict[str, Any]:
    """Return everything that the page of ``member`` shows to ``user``."""
    asked = member_page.Asked(changes_only=changes_only, page=page)
    waiting = _waiting(member)
    renewing = _subscriptions(member, waiting, now=now)
    return {
        **member_page.shown(member, asked, user=user, now=now),
        "asked": asked,
        "invoices": [(each, owing.owed(each)) for each in owing.open_invoices(member)],
        "retriable": {bill.pk for bill in cards.overdue(member)},
        "payments": _payments(member, waiting),
        "subscriptions": renewing,
        "renewed": {pk for each in renewing if each.row.status not in ENDED for pk in each.places},
        "seats": Seat.objects.filter(Q(payer=member) | Q(holder=member))
        .select_related("payer", "holder")
        .order_by(F("until").desc(nulls_first=True), "-since", "id")[:SEATS],
        "doors": doors.why(member, now),
        "cards": Card.objects.filter(member=member).order_by("added_at", "id"),
        "mails": mails.latest(MAILS, about=member.pk),
        "may": {name: user.has_perm(action.permission) for name, action in ACTIONS.items()}
        | {"change": user.has_perm(CHANGES)},
    }


def _waiting(member: Member) -> dict[tuple[str, str], list[Errand]]:
    """Errands that no gateway has confirmed yet, by account and target."""
    open_ = (Errand.State.OPEN, Errand.State.PARKED)
    found: defaultdict[tuple[str, str], list[Errand]] = defaultdict(list)
    rows = Errand.objects.filter(customer__member=member, state__in=open_).select_related("customer")
    for errand in rows.order_by("asked_at", "id"):
        found[errand.customer.gateway_account_id, errand.target].append(errand)
    return dict(found)


def _payments(member: Member, waiting: dict[tuple[str, str], list[Errand]]) -> list[Paid]:
    latest = Payment.objects.filter(account__member=member).select_related("gateway_account")
    rows = list(latest.order_by("-made_at", "-id")[:PAYMENTS])
    names = {row.external_id for row in rows}
    back: defaultdict[tuple[str, str], int] = defaultdict(int)
    refunds = Refund.objects.filter(account__member=member, payment__in=names).exclude(status__in=giving_back.LOST)
    for account, payment, minor in refunds.values_list("gateway_account_id", "payment", "amount_minor"):
        back[account, payment] += minor
    disputes = Dispute.objects.filter(account__member=member, payment__in=names).order_by("opened_at", "id")
    disputed = {(each.gateway_account_id, each.payment): each.status for each in disputes}
    invoices = _named(Invoice.objects.filter(account__member=member, external_id__in={row.invoice for row in rows}))
    return [
        Paid(
            row,
            invoices.get((row.gateway_account_id, row.invoice)),
            back[row.gateway_account_id, row.external_id],
            sum(
                errand.amount_minor
                for errand in waiting.get((row.gateway_account_id, row.external_id), ())
                if errand.kind == Errand.Kind.REFUND
            ),
            disputed.get((row.gateway_account_id, row.external_id), ""),
        )
        for row in rows
    ]


def _named(invoices: Iterable[Invoice]) -> dict[tuple[str, str], Invoice]:
    return {(invoice.gateway_account_id, invoice.external_id): invoice for invoice in invoices}


def _subscriptions(member: Member, waiting: dict[tuple[str, str], list[Errand]], *, now: datetime) -> list[Renewing]:
    rows = Subscription.objects.filter(customer__member=member).select_related("gateway_account")
    found = []
    for row in rows.prefetch_related("items__seat__membership__level").order_by("-begun_at", "-id"):
        asked = tuple(waiting.get((row.gateway_account_id, row.external_id), ()))
        held = [item.seat.membership for item in row.items.all() if hasattr(item, "seat")]
        levels, places = tuple(each.level.name for each in held), tuple(each.pk for each in held)
        there = row.status not in ENDED and row.has_pause_after(now)
        runs = there and row.is_paused_at(now)
        found.append(Renewing(row, levels, asked, _can(row, asked, now=now), places, runs, there and not runs))
    return found


def _can(row: Subscription, asked: Sequence[Errand], *, now: datetime) -> tuple[str, ...]:
    if row.status in ENDED or (row.ends_at is not None and row.ends_at <= now):
        return ()
    kinds = {errand.kind for errand in asked}
    if Errand.Kind.END_NOW in kinds:
        return ()
    ends = Errand.Kind.END in kinds or (row.ends_at is not None and Errand.Kind.RESUME not in kinds)
    ours = row.billed_by == Subscription.BilledBy.US
    resume = ("resume",) if ours and row.has_pause_after(now) else ()
    if ends:
        return ("keep", *resume, "end")
    return ("change", "stop", *(resume or (("pause",) if ours else ())), "end")
