"""Trying an overdue bill again before its day: by staff, and by itself when there is another card.

The try is written down here and charged by a worker, like those of our own clock; one at a time, whoever asks. With the
member there it is :mod:`goodstanding.memberships.owing`, which can ask for an approval.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from goodstanding.audit.services import note
from goodstanding.billing import attempts, recording
from goodstanding.billing.models import GatewayCustomer, Invoice, PaymentAttempt, Subscription
from goodstanding.core.fold import SubscriptionStatus
from goodstanding.gateways import registry
from goodstanding.gateways.protocol import Ability
from goodstanding.jobs import services as jobs
from goodstanding.memberships import owing

WHEN_FREE = "memberships.try_new_card"  # the job that comes back to a bill that was being paid
SOON = timedelta(minutes=5)
OVERDUE = (str(SubscriptionStatus.PAST_DUE), str(SubscriptionStatus.UNPAID))
_WORDS = {
    "closed": _("This bill is not to be paid any more: it is paid, or nobody asks for it."),
    "under_way": _("It is being paid right now. Wait until that is over."),
    "by_hand": _("It is paid by hand: no card can be charged for it."),
    "no_card": _("No card is kept that could be charged."),
    "first": _("Only a renewal that failed can be tried again; this is to be paid by the member."),
}


class CannotRetry(ValueError):
    """The bill cannot be tried again now; nothing has changed. ``code`` names why, ``words`` say it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code, self.words = code, _WORDS[code]


def overdue(customer: GatewayCustomer) -> list[Invoice]:
    """Return the bills of a customer that failed and are still asked for, of subscriptions that have not ended: the oldest first."""
    theirs = Subscription.objects.filter(customer=customer, status__in=OVERDUE).values("external_id")
    rows = Invoice.objects.filter(account=customer.account_id, gateway_account=customer.gateway_account_id)
    asked = rows.filter(subscription__in=theirs, status="open", settled_at=None, due_minor__gt=0)
    return list(asked.select_related("gateway_account", "account").order_by("issued_at", "id"))


def require_retriable(invoice: Invoice) -> GatewayCustomer:
    """Return whose bill it is. Raises :class:`CannotRetry` unless it is overdue and a stored card can be charged for it."""
    if invoice.settled_at is not None or invoice.status != "open" or not owing.owed(invoice):
        raise CannotRetry("closed")
    if not registry.can(invoice.gateway_account.gateway, Ability.CHARGE, Ability.METHODS):
        raise CannotRetry("by_hand")
    customer = owing.customer_of(invoice)
    if invoice not in overdue(customer):
        raise CannotRetry("first")
    return customer


def try_again(invoice: Invoice, *, now: datetime, method: str = "") -> PaymentAttempt:
    """Have a worker charge an overdue bill now, to ``method`` or to the card that pays what renews.

    Raises :class:`CannotRetry`. What the gateway then says is told as at any other try.
    """
    with transaction.atomic():
        customer = require_retriable(invoice)
        recording.locked_customer(customer.gateway_account, customer.external_id, wanted=False)
        invoice.refresh_from_db()
        require_retriable(invoice)
        kind, amount = PaymentAttempt.Kind.CHARGE, owing.owed(invoice)
        charged = method or customer.method
        try:
            return attempts.write_down(
                customer, pays_for=invoice.external_id, kind=kind, amount=amount, now=now, held=False, method=charged
            )
        except attempts.AlreadyUnderWay:
            raise CannotRetry("under_way") from None


def by_staff(invoice: Invoice, *, reason: str, by: Any, now: datetime) -> PaymentAttempt:
    """The same, asked for by staff: leaves an audit note. Raises :class:`CannotRetry`."""
    with transaction.atomic():
        attempt = try_again(invoice, now=now)
        note(by=by, on=invoice, what="try payment again", why=reason, now=now)
    return attempt


def with_new_card(customer: GatewayCustomer, method: str, *, now: datetime) -> list[Invoice]:
    """Have every overdue bill of a customer charged to a card that was just given; return those bills.

    Also where no try was planned any more. One that is being paid right now, by the old card perhaps, is looked at again soon.
    """
    tried = []
    for invoice in overdue(customer):
        try:
            try_again(invoice, now=now, method=method)
        except CannotRetry as refused:
            if refused.code == "under_way":
                due_at, payload = now + SOON, {"method": method}
                jobs.add(WHEN_FREE, key=invoice.pk, due_at=due_at, now=now, payload=payload)
            continue
        tried.append(invoice)
    return tried


def when_free(invoice: str, method: str, *, now: datetime) -> None:
    """Charge a bill that was being paid when there was another card, if it still is to be paid and that card still pays."""
    row = Invoice.objects.select_related("gateway_account", "account").get(pk=invoice)
    if owing.customer_of(row).method == method:
        with suppress(CannotRetry):
            try_again(row, now=now, method=method)
