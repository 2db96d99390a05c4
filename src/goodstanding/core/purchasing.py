"""The facts of buying what was quoted: the open invoice, and the subscriptions that it begins. Made of the quote alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from goodstanding.core.asking import Asked
from goodstanding.core.calendar_terms import MonthDay, calendar_anchor
from goodstanding.core.facts import CreditSeen, Fact, InvoiceSeen, ItemSeen, LineSeen, PriceHints, SubscriptionSeen
from goodstanding.core.fold import SubscriptionStatus
from goodstanding.core.ids import derived
from goodstanding.core.pricing import Extra, Part, PriceTerms, Quote


@dataclass(frozen=True, slots=True)
class Purchase:
    """The references of what a purchase makes: its invoice, and of each part the subscription, where it renews (else empty),
    and the item.
    """

    invoice: str
    parts: tuple[tuple[str, str], ...]

    @property
    def references(self) -> set[str]:
        """The invoice and the subscriptions."""
        return {self.invoice, *(subscription for subscription, _ in self.parts)} - {""}


def purchase_of(ref: str, bought: Quote) -> Purchase:
    """Return the references of the purchase ``ref`` (a checkout's public id): always the same ones."""
    parts = []
    for index, part in enumerate(bought.parts):
        name = (ref, str(index)) if index else (ref,)
        parts.append((derived("gsub", *name) if part.terms.renews else "", derived("gsit", *name)))
    return Purchase(derived("ginv", ref), tuple(parts))


def facts_of(
    bought: Quote,
    purchase: Purchase,
    *,
    customer: str,
    at: datetime,
    number: str,
    due_at: datetime | None = None,
    credit_minor: int | None = None,
) -> tuple[Fact, ...]:
    """Return the facts of buying what was quoted, at ``at``: the open invoice, and the subscriptions that it begins.

    ``due_at``: until when it is to be paid, where it is billed first. ``credit_minor``: what the balance holds by now, where
    that is less than when it was quoted.
    """
    lines: list[LineSeen] = []
    facts: list[Fact] = []
    for part, (subscription, item) in zip(bought.parts, purchase.parts, strict=True):
        lines += _lines(part, purchase.invoice, subscription, item, first=len(lines))
        if part.terms.renews:
            facts.append(_subscription(part, subscription, item, bought, customer=customer, at=at))
    for extra in bought.extras:
        lines.append(_line_of_extra(extra, purchase.invoice, len(lines), bought.at, bought.at))
    credit = bought.credit.amount_minor if credit_minor is None else min(credit_minor, bought.credit.amount_minor)
    invoice = open_invoice(
        purchase.invoice,
        *lines,
        customer=customer,
        at=at,
        number=number,
        currency=bought.currency,
        credit_minor=credit,
        due_at=due_at,
    )
    return (*facts, invoice, *rests(bought.asked, purchase.invoice, customer=customer, at=at))


def given(bought: Quote, purchase: Purchase, *, customer: str, at: datetime, number: str, words: str) -> InvoiceSeen:
    """Return the bill of a term that somebody else has paid: what it is worth, and the gift that pays it, come to nothing.

    What was owed for the gift is deferred revenue then, and earned over the term. ``words``: what the line of the gift says.
    """
    found = facts_of(bought, purchase, customer=customer, at=at, number=number, credit_minor=0)
    (bill,) = (fact for fact in found if isinstance(fact, InvoiceSeen))
    gift = LineSeen(
        line=derived("gsln", purchase.invoice, "gift"),
        kind="gift",
        amount_minor=-bill.total_minor,
        start=at,
        end=at,
        hints=PriceHints(price="#gift", extra=True),
        description=words,
    )
    lines = (*bill.lines, gift)
    return open_invoice(purchase.invoice, *lines, customer=customer, at=at, number=number, currency=bought.currency)


def rests(lines: tuple[Asked, ...], invoice: str, *, customer: str, at: datetime) -> Iterator[CreditSeen]:
    """Give the entries of the balance that codes larger than the price leave, once ``invoice`` is settled."""
    for index, line in enumerate(lines):
        if line.rest:
            yield CreditSeen(
                credit=derived("gcrd", invoice, str(index)),
                customer=customer,
                at=at,
                amount_minor=line.rest.amount_minor,
                currency=line.rest.currency,
                kind="code",
                about=invoice,
                words=line.code,
                once_paid=invoice,
            )


def open_invoice(
    ref: str,
    *lines: LineSeen,
    customer: str,
    at: datetime,
    number: str,
    currency: str,
    credit_minor: int = 0,
    due_at: datetime | None = None,
    convention: str = "",
) -> InvoiceSeen:
    """Return an invoice of ours, asked for at ``at``.

    The customer's balance of ``credit_minor`` pays what it can of it; what comes to less than nothing goes to the balance.
    Where nothing is due then, it is settled at once.
    """
    total = sum(line.amount_minor + line.tax_minor for line in lines)
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
        subscription=next((line.subscription for line in lines if line.subscription), ""),
        number=number,
        finalised_at=at,
        lines=lines,
        ours=True,
        due_at=due_at,
        convention=convention,
    )


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


def line_of(
    name: str, kind: str, asked: Asked, *, start: datetime, end: datetime, subscription: str, item: ItemSeen
) -> LineSeen:
    """Return a line of a bill for one period of an item."""
    return LineSeen(
        line=name,
        kind=kind,
        amount_minor=asked.net.amount_minor,
        start=start,
        end=end,
        subscription=subscription,
        item=item.item,
        hints=item.hints,
        description=item.hints.labels[0] if item.hints.labels else "",
        quantity=item.quantity,
        tax_minor=asked.tax.amount_minor,
        tax=asked.tax_name,
        tax_rate=asked.tax_rate,
        off_minor=asked.off.amount_minor,
        code=asked.code,
        offs=asked.offs,
    )


def extra_item(extra: Extra, terms: PriceTerms, item: str) -> ItemSeen:
    """Return the item that is renewed beside a level's."""
    label = extra.name or terms.name
    return ItemSeen(
        item=f"{item}#{extra.kind}",
        hints=PriceHints(price=f"{terms.price}#{extra.kind}", labels=(label,), extra=True),
        quantity=extra.quantity,
        amount_minor=extra.unit.amount_minor,
        interval=str(terms.interval.unit),
        interval_count=terms.interval.count,
    )


def _lines(part: Part, invoice: str, subscription: str, item: str, *, first: int) -> list[LineSeen]:
    kind, terms = "regular" if part.terms.renews else "prepaid", part.terms
    name = derived("gsln", invoice, str(first)) if first else derived("gsln", invoice)
    made = item_of(terms, item)
    line = line_of(name, kind, part.now, start=part.start, end=part.end, subscription=subscription, item=made)
    lines = [replace(line, said=part.said)]
    for extra in part.extras:
        its_item = extra_item(extra, terms, item)
        there = derived("gsln", invoice, f"{first}#{extra.kind}")
        its_kind = "regular" if extra.recurs else "other"
        lines.append(
            line_of(
                there, its_kind, extra.asked, start=part.start, end=part.end, subscription=subscription, item=its_item
            )
        )
    return lines


def _line_of_extra(extra: Extra, invoice: str, index: int, start: datetime, end: datetime) -> LineSeen:
    hints = PriceHints(price=f"#{extra.kind}", labels=(extra.name,) if extra.name else (), extra=True)
    item = ItemSeen(item="", hints=hints, quantity=extra.quantity)
    name = derived("gsln", invoice, str(index))
    kind = "gift" if extra.kind == "gift" else "other"
    return line_of(name, kind, extra.asked, start=start, end=end, subscription="", item=item)


def _subscription(
    part: Part, subscription: str, item: str, bought: Quote, *, customer: str, at: datetime
) -> SubscriptionSeen:
    terms = part.terms
    extras = (extra_item(extra, terms, item) for extra in part.extras if extra.recurs)
    # What follows is counted from the end of a trial, or of a first period that the calendar cut.
    anchor_at = part.end if terms.trial is not None else part.start
    if terms.trial is None and terms.fixed_start:
        starts_on, zone = MonthDay.parse(terms.fixed_start), ZoneInfo(bought.time_zone)
        anchor_at = calendar_anchor(part.end, terms.interval, starts_on=starts_on, tz=zone)
    return SubscriptionSeen(
        subscription=subscription,
        customer=customer,
        at=at,
        status=SubscriptionStatus.ACTIVE,
        created_at=at,
        currency=bought.currency,
        items=(item_of(terms, item), *extras),
        anchor_at=anchor_at,
        trial_ends_at=part.end if terms.trial is not None else None,
        rank=0,
        ours=True,
        time_zone=bought.time_zone,
        contract=terms.contract,
    )
