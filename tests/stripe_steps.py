"""What a customer, the gateway's clock and staff do in a story: the steps of :mod:`tests.stripe_stories`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tests.stripe_stories import Charge, Invoice, Item, Line, Price, Story, Subscription, lines_of, months_later, stamp


class Life(Story):
    """A story told in steps."""

    # Beginning and renewing.

    def begin(
        self, *prices: Price, status: str = "incomplete", trial_end: datetime | None = None, **more: Any
    ) -> Subscription:
        """``customer.subscription.created``, without an invoice."""
        end = trial_end or months_later(self.now, prices[0].every)
        items = [Item(self.name_of("si"), price, self.now, end) for price in prices]
        anchor = trial_end or self.now
        sub = Subscription(self.name_of("sub"), self.now, items, status, anchor, trial_end=trial_end, **more)
        self.of_subscription("created", sub)
        return sub

    def subscribe(self, *prices: Price, **more: Any) -> Subscription:
        """Begin, and pay at once."""
        sub = self.begin(*prices, **more)
        self.pay(self.finalised(self.draft(sub)))
        self.becomes(sub, "active")
        return sub

    def becomes(self, sub: Subscription, status: str) -> None:
        """The subscription's status changes, and this is told."""
        sub.status = status
        self.updated(sub)

    def draft(self, sub: Subscription, lines: Sequence[Line] = ()) -> Invoice:
        """``invoice.created``: for the running period, unless ``lines`` say otherwise."""
        found = list(lines) or lines_of(sub.items)
        inv = Invoice(self.name_of("in"), sub, self.now, found, found[0].price.currency)
        self.of_invoice("created", inv)
        return inv

    def finalised(self, inv: Invoice) -> Invoice:
        """``invoice.finalized``."""
        inv.status, inv.moved["finalized"] = "open", self.now
        if inv.total > 0:
            inv.intents.append(self.name_of("pi"))
        self.of_invoice("finalized", inv)
        return inv

    def renewing(self, sub: Subscription, *also: Line) -> Invoice:
        """The period moves on with a draft (told half a minute late); an hour later the invoice is final and unpaid."""
        start = max(item.end for item in sub.items)
        self.until(start)
        self.wait(seconds=30)
        for item in sub.items:
            item.start, item.end = start, self._end_after(sub, item, start)
        inv = self.draft(sub, [*also, *lines_of(sub.items)])
        self.updated(sub)
        self.wait(hours=1)
        return self.finalised(inv)

    def renew(self, sub: Subscription, *also: Line) -> Invoice:
        """Renew and pay."""
        inv = self.renewing(sub, *also)
        self.pay(inv)
        return inv

    def _end_after(self, sub: Subscription, item: Item, start: datetime) -> datetime:
        passed = 0
        while months_later(sub.anchor, passed) <= start:
            passed += item.price.every
        return months_later(sub.anchor, passed)

    # Paying.

    def pay(self, inv: Invoice, *parts: int, out_of_band: bool = False) -> Invoice:
        """Money comes in (in ``parts``, if given), and the invoice is paid."""
        if inv.total > 0 and not out_of_band:
            for number, part in enumerate(parts or (inv.total,)):
                if number:
                    inv.intents.append(self.name_of("pi"))
                charge = Charge(self.name_of("ch"), inv.intents[-1], part, self.now, "succeeded")
                inv.charges.append(charge)
                self.of_charge("succeeded", charge, inv)
                self.invoice_payment(inv, charge)
        self.old_can_say_it = self.old_can_say_it and len(parts) < 2
        inv.out_of_band = out_of_band
        inv.status, inv.moved["paid"] = "paid", self.now
        self.of_invoice("paid", inv)
        if inv.subscription.status == "incomplete":  # always told, but once is enough to know that it changes nothing
            self.of_invoice("payment_succeeded", inv)
        return inv

    def invoice_payment(self, inv: Invoice, charge: Charge) -> None:
        """Which invoice a payment paid; before Basil the charge itself says so."""
        payment = {"type": "payment_intent", "payment_intent": charge.intent}
        shown = {
            "object": "invoice_payment",
            "id": f"inpay_{charge.id}",
            "invoice": inv.id,
            "payment": payment,
            "status": "paid",
        }
        self.tell("invoice_payment.paid", lambda old: shown, old_knows_it=False)

    def fail(self, inv: Invoice, *, told_by_invoice: bool = True) -> None:
        """A try to pay fails."""
        charge = Charge(self.name_of("ch"), inv.intents[0], inv.total, self.now, "failed")
        inv.charges.append(charge)
        self.of_charge("failed", charge, inv)
        if told_by_invoice:
            self.of_invoice("payment_failed", inv)
        if inv.subscription.status == "active":
            self.becomes(inv.subscription, "past_due")

    def void(self, inv: Invoice) -> None:
        inv.status, inv.moved["voided"] = "void", self.now
        self.of_invoice("voided", inv)

    def give_up(self, inv: Invoice) -> None:
        inv.status, inv.moved["marked_uncollectible"] = "uncollectible", self.now
        self.of_invoice("marked_uncollectible", inv)

    # Money back.

    def refund(self, inv: Invoice, amount: int = 0, *, of: int = 0, told: bool = True) -> dict[str, Any]:
        """Give back ``amount`` (or all) of the invoice's charge number ``of``; ``told``: by a refund event of its own, too."""
        charge = inv.charges[of]
        amount = amount or charge.amount
        refund = {
            "object": "refund", "id": self.name_of("re"), "amount": amount, "charge": charge.id, "created": stamp(self.now),
            "currency": inv.currency, "payment_intent": charge.intent, "status": "succeeded", "metadata": {},
        }  # fmt: skip
        charge.refunds.append(refund)
        charge.refunded += amount
        if told:
            self.tell("refund.created", lambda old: refund)
        self.of_charge("refunded", charge, inv)
        return refund

    def refund_fails(self, refund: dict[str, Any]) -> None:
        refund["status"] = "failed"
        self.tell("refund.failed", lambda old: refund)
        self.tell("charge.refund.updated", lambda old: refund)

    def dispute(self, inv: Invoice, status: str = "needs_response") -> dict[str, Any]:
        """The charge is contested; ``warning_needs_response``: the bank only asks."""
        charge = inv.charges[-1]
        dispute = {
            "object": "dispute", "id": self.name_of("dp"), "amount": charge.amount, "charge": charge.id, "status": status,
            "created": stamp(self.now), "currency": inv.currency, "payment_intent": charge.intent, "metadata": {},
        }  # fmt: skip
        self.tell("charge.dispute.created", lambda old: dict(dispute))
        return dispute

    def dispute_ends(self, dispute: dict[str, Any], status: str) -> None:
        dispute["status"] = status
        self.tell("charge.dispute.closed", lambda old: dict(dispute))

    # Ending, pausing, changing.

    def cancel(self, sub: Subscription) -> None:
        """At once: ``customer.subscription.deleted``."""
        sub.status, sub.ended_at = "canceled", self.now
        self.of_subscription("deleted", sub)

    def cancel_at_period_end(self, sub: Subscription) -> None:
        sub.at_period_end, sub.cancel_at = True, sub.items[0].end
        self.updated(sub)

    def stay(self, sub: Subscription) -> None:
        """The set end is taken back."""
        sub.at_period_end, sub.cancel_at = False, None
        self.updated(sub)

    def pause(self, sub: Subscription, behavior: str = "void", resumes_at: datetime | None = None) -> None:
        sub.pause = {"behavior": behavior, "resumes_at": stamp(resumes_at)}
        self.updated(sub)

    def resume(self, sub: Subscription) -> None:
        sub.pause = None
        self.updated(sub)

    def swap(self, sub: Subscription, old: Item, price: Price) -> Item:
        """In one update the item goes and another, with an id of its own, takes its place."""
        new = Item(self.name_of("si"), price, old.start, old.end)
        sub.items[sub.items.index(old)] = new
        self.updated(sub)
        return new

    def reprice(self, sub: Subscription, price: Price) -> list[Line]:
        """The first item's price changes now; return the lines that move the money (unused time, remaining time)."""
        item = sub.items[0]
        was, item.price = item.price, price
        self.updated(sub)
        rest = (item.end - self.now) / (item.end - item.start)
        return [
            Line("proration", -round(was.amount * rest), self.now, item.end, was, item.id),
            Line("proration", round(price.amount * rest), self.now, item.end, price, item.id),
        ]

    def add(self, sub: Subscription, price: Price) -> tuple[Item, Line]:
        """Another item joins in mid-period; return it and the line that charges its part of the period."""
        first = sub.items[0]
        item = Item(self.name_of("si"), price, self.now, first.end)
        sub.items.append(item)
        self.updated(sub)
        part = round(price.amount * ((first.end - self.now) / (first.end - first.start)))
        return item, Line("proration", part, self.now, first.end, price, item.id)

    def bill_now(self, sub: Subscription, *lines: Line, paid: bool = True) -> Invoice:
        """An invoice of these lines alone, final at once."""
        inv = self.finalised(self.draft(sub, lines))
        return self.pay(inv) if paid else inv
