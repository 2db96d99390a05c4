"""Those who pay by our own clock, at the sandbox: each bought thirty days and an hour ago, and is due for renewal now.

Each has a code that holds for ever, tax on top, and a balance that pays a part of the renewal.
"""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from bench import cloning
from goodstanding.billing import attempts, numbering
from goodstanding.billing.models import GatewayCustomer, PaymentAttempt
from goodstanding.catalogue.models import Price, TaxRate
from goodstanding.catalogue.services import import_catalogue
from goodstanding.communications.models import Mail
from goodstanding.core.facts import CodeHeld, CreditSeen
from goodstanding.core.ids import derived
from goodstanding.core.money import Money
from goodstanding.gateways.models import GatewayAccount
from goodstanding.gateways.requests import BeginRequest
from goodstanding.gateways.sandbox.models import Kept, Message
from goodstanding.gateways.services import ensure_manual_account, ensure_sandbox_accounts
from goodstanding.memberships import buying, paying
from goodstanding.memberships.buying import Basket, Wish
from goodstanding.memberships.intake import take_in
from goodstanding.people.models import Member
from goodstanding.people.services import make_member

PAID, FREE = "bench-paid", "bench-free"
_DAYS, _SINCE = 30, timedelta(hours=1)
_PRICE = {"currency": "EUR", "interval": "day", "interval_count": _DAYS}
_CATALOGUE = [
    {
        "slug": PAID,
        "name": "Paid",
        "group": "bench-paid",
        "prices": [{"amount_minor": 2500, "tax": "exclusive", **_PRICE}],
    },
    {"slug": FREE, "name": "Free", "group": "bench-free", "prices": [{"amount_minor": 0, **_PRICE}]},
]


def price(level: str) -> Price:
    """Return what a level of ours costs."""
    return Price.objects.select_related("level__group").get(level=level)


def set_up(*, now: datetime) -> GatewayAccount:
    """Make what is for sale and where it is paid; return the account whose subscriptions we renew."""
    TaxRate.objects.get_or_create(place="DE", from_on=date(2020, 1, 1), defaults={"percent": "19", "name": "VAT"})
    import_catalogue(json.dumps(_CATALOGUE), now=now)
    ensure_manual_account()
    account, _ = ensure_sandbox_accounts()
    with transaction.atomic():
        numbering.invoice_number()  # the counter is there before anybody's first invoice
    return account


def model(account: GatewayAccount, *, now: datetime) -> tuple[dict[cloning.Table, list[cloning.Row]], cloning.MadeOf]:
    """Have one buy, as the checkout does it; return his rows, and what their ids are made of."""
    before = cloning.snapshot()
    with cloning.derivations() as made:
        buy(account, cloning.TOKEN, now=now - timedelta(days=_DAYS) - _SINCE)
    rows: dict[Any, Any] = cloning.written(before, cloning.snapshot())
    unwanted = {Kept._meta.db_table, Message._meta.db_table}  # answers and messages of long ago: nobody asks for them
    for each in (Kept, Message, Mail):
        each._default_manager.all().delete()
    return {table: found for table, found in rows.items() if table[0] not in unwanted}, made


def buy(account: GatewayAccount, token: str, *, now: datetime) -> Member:
    """Have somebody called ``token`` become a member and pay. Every id is derived from the token."""
    member = make_member(email=f"member-{token}@bench", name=f"Ada {token}", now=now, made_from=("ours", token))
    customer = buying.customer_for(member, account, now=now)
    tenth = CodeHeld("TENTH", "percentage", basis_points=1000, payments=0)
    basket = Basket((Wish(price(PAID), codes=(tenth,)),), place="DE")
    quote = buying.quote_of(basket, now=now)
    with transaction.atomic():
        bought = buying.buy(customer, quote, ref=f"ours-{token}", now=now)
        attempt = attempts.write_down(
            customer,
            pays_for=bought.invoice,
            kind=PaymentAttempt.Kind.BEGIN,
            amount=quote.due_now,
            now=now,
            held=True,
        )
    paid = paying.begin(attempt, _request(customer, attempt, quote.due_now), now=now)
    assert paid.state == PaymentAttempt.State.SUCCEEDED, paid.state
    entry = CreditSeen(derived("gcrd", token), customer.external_id, now, 300, "EUR", "adjustment")
    with transaction.atomic():
        event = derived("evt", "balance", token)
        take_in([entry], account=account, event=event, recorded_at=now, now=now)
    return member


def _request(customer: GatewayCustomer, attempt: PaymentAttempt, amount: Money) -> BeginRequest:
    return BeginRequest(
        key=attempt.key,
        customer=customer.external_id,
        amount=amount,
        return_url="/",
        card="sandbox_ok",
        keep=True,
        invoice=attempt.pays_for,
        description="Paid",
    )
