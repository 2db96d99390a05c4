"""What Stripe says of a price that may tell its level (R22), in the shape of today and of before Basil."""

from __future__ import annotations

from goodstanding.core.facts import PriceHints
from goodstanding.gateways.stripe.fields import Obj, maybe_obj, ref, text

LEVEL_KEYS = ("goodstanding_level", "level")  # metadata: ours first, then what owners write by themselves


def hints(owner: Obj) -> PriceHints:
    """Return the hints of the price that a subscription item or an invoice line carries.

    A line of today names it under ``pricing.price_details``; items, and lines of old, carry ``price`` or ``plan`` whole.
    """
    details = maybe_obj(maybe_obj(owner, "pricing"), "price_details")
    price, plan = maybe_obj(owner, "price") or maybe_obj(details, "price"), maybe_obj(owner, "plan")
    name = ref(details, "price") or ref(owner, "price") or ref(owner, "plan")
    product = ref(details, "product") or ref(price, "product") or ref(plan, "product")
    wholes = [part for part in (price, plan) if part]
    products = [maybe_obj(part, "product") for part in (details, price, plan)]
    labels = [text(part, "nickname") for part in wholes] + [text(part, "name") for part in (*wholes, *products)]
    return PriceHints(
        price=name,
        product=product,
        lookup_key=next((key for part in wholes if (key := text(part, "lookup_key"))), ""),
        level=next((level for part in (owner, *wholes, *products) if (level := level_named(part))), ""),
        labels=tuple(dict.fromkeys(label for label in (name, *labels) if label)),
    )


def of_price(price: Obj) -> PriceHints:
    """Return the hints of a price or plan object as the price list tells it."""
    return hints({"price": price})


def level_named(part: Obj) -> str:
    """Return the level's slug that an object's metadata names, or ``""``."""
    metadata = maybe_obj(part, "metadata")
    for key in LEVEL_KEYS:
        value = metadata.get(key)
        if isinstance(value, str) and value:
            return value
    return ""
