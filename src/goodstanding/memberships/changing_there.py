"""Staff change the level of what a gateway bills by its own clock: it is asked, and what it tells is followed (R25).

What it comes to is the gateway's to say: nothing of it is reckoned here. The level moves once the gateway tells of it; where
it refuses (a declined card, say), all stays as it is, and the errand says so.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from goodstanding.billing import errands, recording
from goodstanding.billing.models import Errand, Subscription
from goodstanding.catalogue.models import Price
from goodstanding.core.fold import SubscriptionStatus
from goodstanding.core.ledger import Ledger
from goodstanding.gateways import registry
from goodstanding.gateways.protocol import Ability
from goodstanding.gateways.requests import When
from goodstanding.memberships import changes_ahead, changing_by_staff
from goodstanding.memberships.changing_by_staff import Said
from goodstanding.memberships.changing_words import CannotChange


def require_changeable(subscription: Subscription) -> None:
    """Raise :class:`CannotChange` where its gateway cannot be asked to change this now."""
    account = subscription.gateway_account
    if not (account.is_active and registry.can(account.gateway, Ability.CHANGE)):
        raise CannotChange("gateway")
    if subscription.ended_at is not None:
        raise CannotChange("ended")
    if subscription.ends_at is not None:
        raise CannotChange("stay_first")
    if subscription.paused:
        raise CannotChange("paused")
    if subscription.status != SubscriptionStatus.ACTIVE:
        raise CannotChange("unpaid")
    if errands.on_its_way(subscription.customer, subscription.external_id):
        raise CannotChange("asked")


def ask(subscription: Subscription, price: Price, *, at_end: bool, said: Said, now: datetime) -> Errand:
    """Have the gateway change a subscription to ``price`` (with its level), at once or (``at_end``) with its period.

    An errand: tried until the gateway has done it or refuses. Raises :class:`CannotChange`.
    """
    if not said.reason.strip():
        raise CannotChange("no_reason")
    account = subscription.gateway_account
    with transaction.atomic():
        customer = recording.locked_customer(account, subscription.customer.external_id, wanted=False)
        subscription.refresh_from_db()
        require_changeable(subscription)
        held = changing_by_staff.held_level(subscription)
        if held is None:
            raise CannotChange("staff")
        if price not in changing_by_staff.targets(subscription):
            raise CannotChange("closed")
        ledger = Ledger(recording.objects_of([customer.pk])[customer.pk])
        effect_at = changes_ahead.paid_until(ledger, subscription.external_id) if at_end else None
        wish = {"price": price.pk, "when": str(When.PERIOD_END if at_end else When.NOW)}
        asked = errands.ask(customer, Errand.Kind.CHANGE, subscription.external_id, now=now, wish=wish)
        changing_by_staff.decide(subscription, held, price.level, said, effect_at=effect_at, now=now)
    return asked
