"""What something costs and gives, said before it is bought and kept as it was said: the quote; and the facts of buying it.

Pure. A quote names the lines, the period, what is due now, and the next charge; the bill that follows is made of it alone,
so a preview equals the bill (I13).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from goodstanding.core.facts import Fact, InvoiceSeen, ItemSeen, LineSeen, PriceHints, SubscriptionSeen
from goodstanding.core.fold import SubscriptionStatus
from goodstanding.core.ids import derived
from goodstanding.core.money import Money
from goodstanding.core.periods import EndRule, Interval, Unit, nth, term
from goodstanding.core.records import FOR_LIFE


@dataclass(frozen=True, slots=True)
class PriceTerms:
    """A price as it is sold. ``price``: its public id; ``level``: the slug, ``name``: the level's name for people.

    ``renews``: charged again each interval; else a term of one interval, bought once. ``end_rule``: how that term ends.
    """

    price: str
    level: str
    name: str
    amount: Money
    interval: Interval
    renews: bool = True
    end_rule: EndRule = EndRule.SAME_DAY


@dataclass(frozen=True, slots=True)
class Quote:
    """What is bought: for ``due_now`` the period ``[start, end)`` of a level; ``next_charge_at``: when it is charged again."""

    terms: PriceTerms
    start: datetime
    end: datetime
    time_zone: str

    @property
    def due_now(self) -> Money:
        """What is to be paid at once."""
        return self.terms.amount

    @property
    def next_charge_at(self) -> datetime | None:
        """When the next charge comes, if one does."""
        return self.end if self.terms.renews and self.terms.amount.amount_minor else None

    @property
    def for_life(self) -> bool:
        """Whether it never ends."""
        return self.end == FOR_LIFE


def quote(terms: PriceTerms, *, at: datetime, time_zone: str) -> Quote:
    """Return what ``terms`` come to when bought at ``at``. Whole seconds: a gateway's clock knows no finer ones."""
    start, zone = at.replace(microsecond=0), ZoneInfo(time_zone)
    if terms.interval.unit is Unit.LIFE:
        return Quote(terms, start, FOR_LIFE, time_zone)
    if terms.renews:
        return Quote(terms, start, nth(start, terms.interval, n=1, tz=zone), time_zone)
    end = term(start, terms.interval, tz=zone, end_rule=_end_rule(terms)).end
    assert end is not None, terms
    return Quote(terms, start, end, time_zone)


def _end_rule(terms: PriceTerms) -> EndRule:
    return EndRule.EXACT if terms.interval.unit is Unit.HOUR else terms.end_rule


@dataclass(frozen=True, slots=True)
class Purchase:
    """The references of what a purchase makes: its invoice, and the subscription where it renews (else empty)."""

    invoice: str
    subscription: str
    item: str


def purchase_of(ref: str, terms: PriceTerms) -> Purchase:
    """Return the references of the purchase ``ref`` (a checkout's public id): always the same ones."""
    subscription = derived("gsub", ref) if terms.renews else ""
    return Purchase(derived("ginv", ref), subscription, derived("gsit", ref))


def facts_of(bought: Quote, purchase: Purchase, *, customer: str, at: datetime, number: str) -> tuple[Fact, ...]:
    """Return the facts of buying what was quoted, at ``at``: the open invoice, and the subscription that it begins."""
    terms = bought.terms
    line = LineSeen(
        line=derived("gsln", purchase.invoice),
        kind="regular" if terms.renews else "prepaid",
        amount_minor=terms.amount.amount_minor,
        start=bought.start,
        end=bought.end,
        subscription=purchase.subscription,
        item=purchase.item,
        hints=hints_of(terms),
        description=terms.name,
    )
    invoice = open_invoice(
        purchase.invoice, line, customer=customer, at=at, number=number, currency=terms.amount.currency
    )
    if not terms.renews:
        return (invoice,)
    subscription = SubscriptionSeen(
        subscription=purchase.subscription,
        customer=customer,
        at=at,
        status=SubscriptionStatus.ACTIVE,
        created_at=at,
        currency=terms.amount.currency,
        items=(item_of(terms, purchase.item),),
        anchor_at=bought.start,
        rank=0,
        ours=True,
        time_zone=bought.time_zone,
    )
    return (subscription, invoice)


def renewal_of(
    subscription: SubscriptionSeen,
    *,
    start: datetime,
    end: datetime,
    at: datetime,
    invoice_number: str,
    credit_minor: int = 0,
) -> InvoiceSeen:
    """Return the open invoice of the period ``[start, end)`` of a subscription of ours, drawn up at ``at``.

    ``credit_minor``: what the customer's balance holds, which pays as much of it as it can.
    """
    item = subscription.items[0]
    name = renewal_ref(subscription.subscription, start)
    line = LineSeen(
        line=derived("gsln", name),
        kind="regular",
        amount_minor=(item.amount_minor or 0) * item.quantity,
        start=start,
        end=end,
        subscription=subscription.subscription,
        item=item.item,
        hints=item.hints,
        description=item.hints.labels[0] if item.hints.labels else "",
        quantity=item.quantity,
    )
    return open_invoice(
        name,
        line,
        customer=subscription.customer,
        at=at,
        number=invoice_number,
        currency=subscription.currency,
        credit_minor=credit_minor,
    )


def renewal_ref(subscription: str, start: datetime) -> str:
    """Return the reference of the invoice of a subscription's period from ``start``: it can be drawn up once only."""
    return derived("ginv", subscription, start.astimezone(UTC).isoformat())


def hints_of(terms: PriceTerms) -> PriceHints:
    """Return what tells the level of a price of ours, also when it is told back by a gateway."""
    return PriceHints(price=terms.price, level=terms.level, labels=(terms.name,))


def item_of(terms: PriceTerms, name: str) -> ItemSeen:
    """Return the item of a subscription at this price."""
    return ItemSeen(
        item=name,
        hints=hints_of(terms),
        amount_minor=terms.amount.amount_minor,
        interval=str(terms.interval.unit),
        interval_count=terms.interval.count,
    )


def open_invoice(
    ref: str, *lines: LineSeen, customer: str, at: datetime, number: str, currency: str, credit_minor: int = 0
) -> InvoiceSeen:
    """Return an invoice of ours for one subscription or term, asked for at ``at``.

    The customer's balance of ``credit_minor`` pays what it can of it; what comes to less than nothing goes to the balance.
    Where nothing is due then, it is settled at once.
    """
    total = sum(line.amount_minor for line in lines)
    used = min(total, credit_minor)
    return InvoiceSeen(
        invoice=ref,
        customer=customer,
        at=at,
        status="open",
        created_at=at,
        currency=currency,
        total_minor=total,
        due_minor=total - used,
        paid_minor=0,
        credit_minor=used,
        subscription=lines[0].subscription,
        number=number,
        finalised_at=at,
        lines=lines,
        ours=True,
    )


def quote_to_json(bought: Quote) -> dict[str, Any]:
    """Return a quote as plain values, to be signed or kept."""
    terms = bought.terms
    return {
        "price": terms.price,
        "level": terms.level,
        "name": terms.name,
        "amount_minor": terms.amount.amount_minor,
        "currency": terms.amount.currency,
        "unit": str(terms.interval.unit),
        "count": terms.interval.count,
        "renews": terms.renews,
        "end_rule": str(terms.end_rule),
        "start": bought.start.isoformat(),
        "end": bought.end.isoformat(),
        "time_zone": bought.time_zone,
    }


def quote_from_json(data: Mapping[str, Any]) -> Quote:
    """Return the quote that :func:`quote_to_json` wrote. Raises ``KeyError`` or ``ValueError`` for anything else."""
    terms = PriceTerms(
        price=data["price"],
        level=data["level"],
        name=data["name"],
        amount=Money(data["amount_minor"], data["currency"]),
        interval=Interval(Unit(data["unit"]), data["count"]),
        renews=data["renews"],
        end_rule=EndRule(data["end_rule"]),
    )
    start, end = datetime.fromisoformat(data["start"]), datetime.fromisoformat(data["end"])
    return Quote(terms, start, end, data["time_zone"])
