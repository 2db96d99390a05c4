"""Prices of every kind, and going the whole way with a basket, as the page does it."""

from __future__ import annotations

from typing import Any

from goodstanding.billing.models import BalanceEntry, GatewayCustomer
from goodstanding.catalogue import knowledge
from goodstanding.catalogue.models import Level, LevelGroup, Price
from goodstanding.checkout import quotes, services
from goodstanding.checkout.baskets import Item, Wanted
from goodstanding.checkout.services import Outcome
from goodstanding.clock import StoppedClock
from goodstanding.core.facts import CreditSeen
from goodstanding.core.pricing import Quote
from goodstanding.gateways.models import GatewayAccount
from goodstanding.memberships import buying
from goodstanding.memberships.intake import take_in

MONTHLY = {"amount_minor": 2500, "currency": "EUR", "interval": "month", "renews": True}


def sold(
    slug: str, *, group: str = "", several: bool = False, level: dict[str, Any] | None = None, **how: Any
) -> Price:
    """Put a level on sale at one price, 25.00 EUR a month unless told otherwise."""
    found, _ = LevelGroup.objects.get_or_create(
        pk=group or slug, defaults={"name": group or slug, "allows_several": several}
    )
    row, _ = Level.objects.get_or_create(pk=slug, defaults={"name": slug.title(), "group": found, **(level or {})})
    number = Price.objects.filter(level=row).count()
    price = Price.objects.create(pk=f"prc_{slug}{number}", level=row, **{**MONTHLY, **how})
    knowledge.touch()
    return Price.objects.select_related("level__group").get(pk=price.pk)


def wish(*prices: Price, **how: Any) -> Wanted:
    """Ask for prices; what is said of amount, seats and times is about the first one."""
    about = {name: how.pop(name) for name in ("amount_minor", "seats", "times") if name in how}
    first, *others = prices
    items = (Item(first.level_id, first.pk, **about), *(Item(each.level_id, each.pk) for each in others))
    return Wanted(items, **how)


def quoted(wanted: Wanted, clock: StoppedClock, member: Any = None) -> Quote:
    return quotes.quoted(wanted, now=clock.now, member=member)


def buy(
    member: Any, wanted: Wanted, clock: StoppedClock, *, card: str = "sandbox_ok", method: str = "", at: str = "sandbox"
) -> Outcome:
    """Look at what it comes to, accept it and pay."""
    price = Price.objects.select_related("level__group").get(pk=wanted.items[0].price)
    text = quotes.signed(quoted(wanted, clock, member), now=clock.now, wanted=wanted)
    shown = quotes.shown(text, now=clock.now)
    account = GatewayAccount.objects.get(pk=at)
    checkout = services.accept(member, price, account, shown=shown, now=clock.now, wanted=wanted)
    return services.pay(checkout, return_url="/back", now=clock.now, card=card, method=method)


def give_credit(
    member: Any, minor: int, clock: StoppedClock, *, at: str = "sandbox", name: str = "gift"
) -> GatewayCustomer:
    """Have somebody's balance hold so much at an account."""
    from django.db import transaction

    account = GatewayAccount.objects.get(pk=at)
    customer = buying.customer_for(member, account, now=clock.now)
    entry = CreditSeen(f"gcrd_{name}", customer.external_id, clock.now, minor, "EUR", "adjustment")
    with transaction.atomic():
        take_in([entry], account=account, event=f"evt_{name}", recorded_at=clock.now, now=clock.now)
    return customer


def entries() -> list[tuple[str, str, int]]:
    """The entries of balances: (account, kind, amount)."""
    rows = BalanceEntry.objects.order_by("kind", "amount_minor")
    return list(rows.values_list("gateway_account_id", "kind", "amount_minor"))
