"""How a price tells its level: lookup key, metadata, the old prefix in a name, told late; or not at all."""

from __future__ import annotations

from dataclasses import replace

from tests.scenarios.stories.shelf import BENCH, DONATION, E1, E2, STUDIO, story
from tests.stripe_steps import Life
from tests.stripe_stories import MINUTE, START, Price


@story
def by_lookup_key(s: Life) -> None:
    s.subscribe(Price("price_of_the_atelier", 8000, lookup_key="atelier_monthly"))
    s.expect("good", "atelier=good", E1)


@story
def by_our_metadata(s: Life) -> None:
    s.subscribe(Price("price_made_by_us", 6000, metadata=(("goodstanding_level", "bench"),)))
    s.expect("good", "bench=good", E1)


@story
def by_the_owners_metadata(s: Life) -> None:
    s.subscribe(Price("price_made_by_hand", 6000, metadata=(("level", "studio"),)))
    s.expect("good", "studio=good", E1)


@story
def by_the_product_named_later(s: Life) -> None:
    s.subscribe(Price("price_of_old_a", 4500, product="prod_old_a"))
    s.wait(days=1)
    s.product("updated", "prod_old_a", "membertype_7-Key holder")
    s.expect("good", "keyholder=good", E1)


@story
def by_the_product_made_known_later(s: Life) -> None:
    sub = s.subscribe(Price("price_of_old_b", 4500, product="prod_old_b"))
    s.wait(days=1)
    s.product("created", "prod_old_b", "Something", goodstanding_level="keyholder")
    s.expect("good", "keyholder=good", E1)
    s.fail(s.renewing(sub))
    s.expect("grace", "keyholder=grace", E1, at=E1.replace(day=23))  # fourteen days


@story
def by_a_nickname_told_later(s: Life) -> None:
    price = Price("plan_of_old", 4500)
    s.subscribe(price)
    s.wait(days=1)
    s.tell("plan.updated", lambda old: replace(price, nickname="membertype_7-monthly").plan())
    s.expect("good", "keyholder=good", E1)


@story
def by_metadata_told_later(s: Life) -> None:
    price = Price("price_named_late", 6000)
    s.subscribe(price)
    s.wait(days=1)
    s.tell("price.updated", lambda old: replace(price, metadata=(("level", "bench"),)).shown())
    s.expect("good", "bench=good", E1)


@story
def to_a_price_of_nobodys(s: Life) -> None:
    sub = s.subscribe(BENCH)
    s.wait(days=5)
    s.reprice(sub, DONATION)
    s.expect("good", "bench=good", E1)  # a price that maps to nothing keeps the level
    s.renew(sub)
    s.expect("good", "bench=good", E2)  # and its lines pay for the item's membership
    s.alarms.add("unmapped_price")


@story
def from_a_price_of_nobodys(s: Life) -> None:
    sub = s.subscribe(DONATION)
    s.expect("none")
    s.wait(days=5)
    s.expect("none", at=s.now - MINUTE)
    s.bill_now(sub, *s.reprice(sub, BENCH))
    s.expect("good", "bench=good", E1)  # the item's line pays for its membership, whatever its price was
    s.expect("none", at=START.replace(day=12))  # but he held no level then, and nobody knew of one


@story
def from_a_price_of_nobodys_after_years(s: Life) -> None:
    sub = s.subscribe(DONATION)
    s.renew(sub)
    s.expect("none")
    s.wait(days=3)
    s.reprice(sub, STUDIO)
    s.expect("good", "studio=good", E2)


@story
def two_levels_of_one_group_in_one_contract(s: Life) -> None:
    """It allows one level only, and yet both are paid: access, and nothing breaks. Which one is shown is not said."""
    s.subscribe(BENCH, STUDIO)
    assert s.expected == []


@story
def other_kinds_of_events(s: Life) -> None:
    s.subscribe(BENCH)
    for kind, thing in (
        ("entitlements.active_entitlement_summary.updated", {"object": "entitlements.active_entitlement_summary"}),
        ("something.new", {"object": "something_new", "id": "new_1", "customer": s.customer}),
        ("billing_portal.session.created", {"object": "billing_portal.session", "id": "bps_1", "customer": s.customer}),
    ):
        s.tell(kind, lambda old, thing=thing: thing)  # type: ignore[misc]
    s.expect("good", "bench=good", E1)


@story
def test_mode_mixed_in(s: Life) -> None:
    sub = s.subscribe(BENCH)
    s.wait(days=5)
    ended = replace(sub, status="canceled", ended_at=s.now)
    s.tell("customer.subscription.deleted", lambda old: s.shapes.subscription(ended, old=old), live=False)
    s.tell("customer.deleted", lambda old: {"object": "customer", "id": s.customer, "deleted": True}, live=False)
    s.expect("good", "bench=good", E1)
    s.renew(sub)
    s.expect("good", "bench=good", E2)


@story
def email_changed(s: Life) -> None:
    """Reported, not followed: exactly one of both exists, and it is the first by time."""
    sub = s.subscribe(BENCH)
    s.wait(days=5)
    s.email_changed(f"new-{s.email}")
    s.expect("good", "bench=good", E1)
    s.expect("none", emails=[f"new-{s.email}"])
    s.renew(sub)
    s.expect("good", "bench=good", E2)
    s.alarms.add("email_changed")
