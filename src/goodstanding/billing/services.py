"""What becomes of the records with time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from goodstanding.billing.models import Fact, GatewayCustomer
from goodstanding.billing.recording import state_row, write_states
from goodstanding.core import codec
from goodstanding.core.fold import Key, condense

FORGET_BATCH = 200
KEEP_STRANGERS = timedelta(days=90)
PERSONAL = ("email", "name")  # what the fact of a customer says about a person


def forget_strangers(*, before: datetime, now: datetime) -> int:
    """Take e-mail and name out of what was recorded before ``before`` about one batch of customers who are not ours.

    Somebody who only bought a T-shirt through the same gateway account is no business of ours, and standing never asks
    for a name. Returns how many customers were looked at; where that is :data:`FORGET_BATCH` there may be more. A customer
    who is told of anew is forgotten anew. Strangers only: whoever holds something of ours, or is a member's, keeps both.
    """
    assert before <= now, before
    with transaction.atomic():
        strangers = GatewayCustomer.objects.filter(ours=False, member=None)
        known = strangers.filter(Exists(_naming(before).filter(customer=OuterRef("pk"))))
        batch = list(known.order_by("pk").values_list("pk", flat=True)[:FORGET_BATCH])
        locked = strangers.select_for_update(of=("self",)).filter(pk__in=batch).order_by("pk")
        customers = {customer.pk: customer for customer in locked}
        facts = list(_naming(before).filter(customer__in=list(customers)))
        for fact in facts:
            fact.body = _nameless(fact.body)
        Fact.objects.bulk_update(facts, ["body"])
        _condense_anew(customers)
    return len(batch)


def _naming(before: datetime) -> QuerySet[Fact]:
    """The facts recorded before ``before`` that say somebody's e-mail or name."""
    return Fact.objects.filter(kind="customer", recorded_at__lt=before, body__has_any_keys=PERSONAL)


def _nameless(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in PERSONAL}


def _condense_anew(customers: dict[str, GatewayCustomer]) -> None:
    """Write what the facts of these customers come to now, as a rebuild would."""
    told: dict[tuple[str, Key], list[codec.Json]] = {}
    rows = Fact.objects.filter(kind="customer", customer__in=list(customers)).order_by()
    for owner, ref, body in rows.values_list("customer_id", "ref", "body"):
        assert owner is not None, ref
        told.setdefault((owner, ("customer", ref)), []).append(body)
    write_states(
        [
            state_row(
                key,
                condense(codec.decode(body) for body in bodies),
                account=customers[owner].gateway_account_id,
                customer=owner,
            )
            for (owner, key), bodies in told.items()
        ]
    )
