"""What a buyer holds already: what may not be bought twice."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from goodstanding.billing import recording
from goodstanding.billing.models import Errand, GatewayCustomer, Subscription
from goodstanding.catalogue import paths
from goodstanding.catalogue.models import Level, Price
from goodstanding.checkout.refusals import Refused
from goodstanding.core import ours
from goodstanding.core.facts import Fact
from goodstanding.core.fold import ENDED, SubscriptionStatus
from goodstanding.core.ids import derived
from goodstanding.core.ledger import Ledger
from goodstanding.core.records import FOR_LIFE
from goodstanding.gateways.models import GatewayAccount
from goodstanding.memberships import closing, extending, retrying
from goodstanding.memberships.intake import take_in
from goodstanding.people.models import Member

NOT_OFFERED = "not_offered"
NOT_BEGUN = (SubscriptionStatus.INCOMPLETE, *ENDED)


def require_free(member: Member, price: Price, *, now: datetime) -> None:
    """Raise :class:`Refused` where the member holds the level already, by something that renews, or for life.

    Also where it would take the place of a level from which the organisation offers no change to this one.
    """
    for subscription in renewing(member).filter(items__seat__membership__level=price.level_id):
        if subscription.ends_at is not None:
            raise Refused(
                "ends_soon",
                _(
                    "You hold this until the end of what you paid, and stopped its renewal. You need not join again: choose "
                    "“Stay after all” on the page of your membership."
                ),
            )
        if subscription.status in retrying.OVERDUE:
            raise Refused(
                "overdue",
                _(
                    "You have this already, and its bill is open. Pay it on the page of your membership, and all goes on. "
                    "Nothing was charged."
                ),
            )
        raise Refused("already_held", _("You hold this already, and it renews by itself. Nothing was charged."))
    require_offered(member, price, now=now)
    until = extending.covered_until(member, price, now=now)
    if until is not None and until >= FOR_LIFE:
        raise Refused("for_life", _("You hold this for life. There is nothing left to buy."))
    if until is not None and extending.is_held_to_the_end(price, until):
        raise Refused("held_to_the_end", _("You hold this to its last day already. There is nothing left to buy."))


def not_beside(prices: Sequence[Price]) -> set[str]:
    """Return the levels that cannot be bought beside ``prices`` (with their levels and groups): theirs, and all of a group
    that allows one.
    """
    found = {price.level_id for price in prices}
    groups = {price.level.group_id for price in prices if not price.level.group.allows_several}
    return found | set(Level.objects.filter(group__in=groups).values_list("pk", flat=True))


def require_offered(member: Member, price: Price, *, now: datetime) -> None:
    """Raise :class:`Refused` where joining takes the place of a renewing level from which no change to this one is offered."""
    for found in closing.replaced(member, price, start=now, now=now):
        if found.renews and paths.paths_from(found.membership.level).to(price.level_id) is None:
            raise Refused(
                NOT_OFFERED,
                _("To join at this level in place of what you hold is not a change that this organisation offers."),
            )


def require_currency(member: Member, account: GatewayAccount, price: Price) -> None:
    """Raise :class:`Refused` where the member's bills are in another currency than ``price``: an account keeps its first."""
    rows = GatewayCustomer.objects.select_related("account").filter(member=member, gateway_account=account)
    customer = rows.first()
    if customer and customer.account and customer.account.currency not in ("", price.currency):
        raise Refused(
            "currency",
            _("Your account here is kept in %(currency)s, and this is sold in another currency. Please ask the staff.")
            % {"currency": customer.account.currency},
        )


def locked(member: Member, account: GatewayAccount) -> GatewayCustomer | None:
    """Return the gateway's customer of a member, locked for the transaction, if there is one."""
    customer = GatewayCustomer.objects.filter(member=member, gateway_account=account).first()
    return customer and recording.locked_customer(account, customer.external_id, wanted=False)


def give_up(customer: GatewayCustomer, references: Container[str], *, now: datetime) -> None:
    """Take back an unpaid purchase of ours: its invoice is void and its subscription has expired. ``customer`` is locked."""
    account = customer.gateway_account
    ledger = Ledger(recording.objects_of([customer.pk]).get(customer.pk, {}))
    facts: list[Fact] = [
        replace(state.last, at=now, status="void", closed_at=now)
        for ref, state in ledger.invoices.items()
        if ref in references and state.last and state.last.ours and not state.settled_at and not state.closed_at
    ]
    facts += [
        ours.retold(tellings[-1], at=now, rank=2, status=SubscriptionStatus.EXPIRED, ended_at=now)
        for ref, tellings in ledger.subscriptions.items()
        if ref in references and tellings[-1].ours and tellings[-1].status == SubscriptionStatus.INCOMPLETE
    ]
    for fact in facts:
        event = derived("evt", account.pk, "given up", getattr(fact, "invoice", ""), getattr(fact, "subscription", ""))
        take_in([fact], account=account, event=event, recorded_at=now, now=now)


def renewing(member: Member) -> QuerySet[Subscription]:
    """Return the member's subscriptions that were begun and have not ended, nor are being ended, whoever bills them."""
    rows = Subscription.objects.select_related("gateway_account", "customer").filter(customer__member=member)
    ending = Errand.objects.filter(customer=OuterRef("customer"), target=OuterRef("external_id"))
    ending = ending.filter(kind=Errand.Kind.END_NOW, state__in=(Errand.State.OPEN, Errand.State.PARKED))
    rows = rows.exclude(Exists(ending))
    return rows.exclude(status__in=[str(status) for status in NOT_BEGUN]).distinct().order_by("begun_at", "id")
