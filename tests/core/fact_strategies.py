"""Facts at random, from so few values that they tie, repeat and contradict each other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from goodstanding.core import facts
from goodstanding.core.facts import Fact, PriceHints

_BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
moments = st.integers(0, 3).map(lambda hours: _BEGIN + timedelta(hours=hours))
maybe = st.none() | moments
amounts = st.integers(0, 3)
names = st.sampled_from(["", "a", "b"])
hints = st.builds(
    PriceHints, price=names, product=names, lookup_key=names, level=names, labels=st.lists(names, max_size=2).map(tuple)
)
items = st.builds(facts.ItemSeen, item=names, hints=hints, quantity=amounts, amount_minor=st.none() | amounts)
digests = st.dictionaries(st.sampled_from(["items", "status"]), names, max_size=2).map(
    lambda d: tuple(sorted(d.items()))
)
lines = st.builds(
    facts.LineSeen,
    line=names, kind=st.sampled_from(["regular", "proration", "other"]), amount_minor=amounts, start=moments, end=moments,
    subscription=names, item=names, hints=hints, description=names,
)  # fmt: skip

customers = st.builds(
    facts.CustomerSeen,
    customer=st.just("cus"),
    at=moments,
    email=names,
    name=names,
    deleted=st.booleans(),
    rank=st.integers(0, 2),
)
subscriptions = st.builds(
    facts.SubscriptionSeen,
    subscription=st.just("sub"), customer=st.just("cus"), at=moments, created_at=moments, currency=st.just("EUR"),
    status=st.sampled_from(["incomplete", "active", "past_due", "cancelled"]), items=st.lists(items, max_size=2).map(tuple),
    ends_at=maybe, ended_at=maybe, paused=st.booleans(), rank=st.integers(0, 2), before=digests, state=digests,
)  # fmt: skip
ladders = st.builds(
    facts.Ladder,
    again_after=st.lists(amounts, max_size=2).map(tuple),
    end_after=st.none() | amounts,
    least_minor=amounts,
)
invoices = st.builds(
    facts.InvoiceSeen,
    invoice=st.just("in"), customer=st.just("cus"), at=moments, created_at=moments, currency=st.just("EUR"),
    status=st.sampled_from(["draft", "open", "paid", "void", "uncollectible", "deleted"]), total_minor=amounts,
    due_minor=amounts, paid_minor=amounts, settled_at=maybe, closed_at=maybe, lines=st.lists(lines, max_size=1).map(tuple),
    ladder=ladders,
)  # fmt: skip
retries = st.sampled_from(["", "later", "owner", "never"])
failures = st.builds(
    facts.InvoicePaymentFailed, invoice=st.just("in"), customer=st.just("cus"), at=moments, failure=names, retry=retries
)
payments = st.builds(
    facts.PaymentSeen,
    payment=st.just("ch"), at=moments, status=st.sampled_from(["succeeded", "failed", "pending", "undone"]), amount_minor=amounts,
    currency=st.just("EUR"), made_at=moments, intent=names, invoice=names, refunded_minor=amounts,
    retry=retries,
)  # fmt: skip
links = st.builds(facts.PaymentLinked, one=st.just("in"), other=st.just("pi"), at=moments, customer=names)
refunds = st.builds(
    facts.RefundSeen,
    refund=st.just("re"), at=moments, status=st.sampled_from(["pending", "succeeded", "failed", "cancelled"]),
    amount_minor=amounts, currency=st.just("EUR"), made_at=moments, payment=names,
)  # fmt: skip
disputes = st.builds(
    facts.DisputeSeen,
    dispute=st.just("dp"), at=moments, status=st.sampled_from(["open", "won", "lost"]), amount_minor=amounts,
    currency=st.just("EUR"), opened_at=moments, payment=names, withdrawn=st.booleans(),
)  # fmt: skip
credits_ = st.builds(
    facts.CreditSeen,
    credit=st.just("cr"), customer=st.just("cus"), at=moments, amount_minor=amounts, currency=st.just("EUR"),
    kind=st.sampled_from(["gift_card", "adjustment", "paid"]), once_paid=names,
)  # fmt: skip
decided = st.builds(facts.AccessDecided, invoice=st.just("in"), customer=st.just("cus"), at=moments, ends=st.booleans())
prices = st.builds(
    facts.PriceSeen, at=moments, hints=hints.map(lambda h: PriceHints("price", h.product, h.lookup_key, h.level))
)
products = st.builds(facts.ProductSeen, product=st.just("prod"), at=moments, name=names, level=names)

KINDS: dict[str, st.SearchStrategy[Fact]] = {
    "customer": customers,
    "subscription": subscriptions,
    "invoice": invoices | failures,
    "payment": payments,
    "link": links,
    "refund": refunds,
    "dispute": disputes,
    "credit": credits_,
    "access": decided,
    "price": prices,
    "product": products,
}
