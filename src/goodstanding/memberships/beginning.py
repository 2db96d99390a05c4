"""When something bought first and paid later begins: with the payment, so that nobody pays for days on which he was kept out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from goodstanding.catalogue.models import Price
from goodstanding.core import dunning, ours
from goodstanding.core.facts import Fact, InvoiceSeen, LineSeen
from goodstanding.core.fold import SubscriptionStatus
from goodstanding.core.ledger import Ledger
from goodstanding.core.periods import Interval, PeriodRefused, Unit, nth
from goodstanding.core.quote_refusals import QuoteRefused
from goodstanding.core.records import FOR_LIFE
from goodstanding.memberships import buying
from goodstanding.memberships.buying import Basket, Wish

COVERING = ("regular", "prepaid")


def moved_to(bill: InvoiceSeen, ledger: Ledger, *, paid_at: datetime, now: datetime) -> tuple[Fact, ...]:
    """Return the facts by which the first bill of a purchase, settled at ``paid_at``, begins its periods then.

    Only what was to begin when it was bought: what extends something begins where that ends, and a renewal where the period
    before it does. Nothing where it was paid at once.
    """
    start = max(paid_at, bill.created_at).replace(microsecond=0)
    moved: list[LineSeen] = []
    for line in bill.lines:
        is_late = bill.due_at is not None and line.kind in COVERING and line.start <= bill.created_at < start
        end = _moved(line, ledger, start) if is_late and _is_first(line, ledger) else None
        moved.append(line if end is None else replace(line, start=start, end=end))
    if tuple(moved) == bill.lines:
        return ()
    facts: list[Fact] = [replace(bill, at=max(now, bill.at), paid_minor=0, lines=tuple(moved))]
    changed = {line.subscription for line, before in zip(moved, bill.lines, strict=True) if line != before}
    for ref in sorted(changed - {""}):
        last = ledger.subscriptions[ref][-1]
        new = {"status": SubscriptionStatus.ACTIVE, "anchor_at": start}
        if last.trial_ends_at is not None:  # what follows is counted from the end of the trial
            end = max(line.end for line in moved if line.subscription == ref)
            new |= {"anchor_at": end, "trial_ends_at": end}
        facts.append(ours.retold(last, at=now, rank=1, **new))
    return tuple(facts)


def _is_first(line: LineSeen, ledger: Ledger) -> bool:
    if not line.subscription:
        return True
    tellings = ledger.subscriptions.get(line.subscription, ())
    if not tellings or tellings[-1].status != SubscriptionStatus.INCOMPLETE:
        return False
    bills = [state for state in ledger.invoices.values() if state.settled_at is not None]
    return dunning.last_period(line.subscription, bills) is None


def _moved(line: LineSeen, ledger: Ledger, start: datetime) -> datetime | None:
    """When a line's period ends that begins at ``start`` instead; ``None`` where it follows the calendar, and stays."""
    if line.end == FOR_LIFE:
        return FOR_LIFE
    price = Price.objects.select_related("level").filter(pk=line.hints.price).first()
    if price is None or price.fixed_start or price.ends_on:
        return None
    if not line.subscription:
        return _term(line, price, start)
    last = ledger.subscriptions[line.subscription][-1]
    zone = ZoneInfo(last.time_zone or "UTC")
    if last.trial_ends_at is not None:
        return (
            nth(start, Interval(Unit(price.trial_unit), price.trial_count), n=1, tz=zone) if price.trial_count else None
        )
    item = next((each for each in last.items if each.item == line.item), last.items[0])
    return nth(start, Interval(Unit(item.interval), item.interval_count), n=1, tz=zone)


def _term(line: LineSeen, price: Price, start: datetime) -> datetime | None:
    """The end of as many terms as the line has, bought once."""
    for times in range(1, max(price.terms_max, 1) + 1):
        basket = Basket((Wish(price, times=times),))
        try:
            if buying.quote_of(basket, now=line.start).end == line.end:
                return buying.quote_of(basket, now=start).end
        except (QuoteRefused, PeriodRefused):
            return None
    return None
