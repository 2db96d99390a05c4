"""A customer whose bills, payments, refunds and credits are told as facts, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction

from goodstanding.core.facts import (
    CreditSeen,
    CustomerSeen,
    DisputeSeen,
    Fact,
    InvoiceSeen,
    LineSeen,
    PaymentSeen,
    PriceHints,
    RefundSeen,
)
from goodstanding.core.ids import derived
from goodstanding.gateways.models import GatewayAccount
from goodstanding.memberships.intake import take_in

DAY = timedelta(days=1)


def at(month: int, day: int, hour: int = 12, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


class Story:
    """What is told of one customer at one gateway account. ``told``: all of it, to be told again in another order."""

    def __init__(self, name: str, *, currency: str = "EUR", begin: bool = True) -> None:
        self.name, self.currency = f"cus_{name}", currency
        self.account = GatewayAccount.objects.get(pk="sandbox")
        self.told: list[Fact] = []
        if begin:
            self.tell(CustomerSeen(self.name, at(1, 1), email=f"{name}@books.example.org", name=name.title()))

    def tell(self, *facts: Fact) -> None:
        """Have facts taken in, as an event of their own."""
        self.told += facts
        event = derived("evt", self.name, str(len(self.told)))
        with transaction.atomic():
            moment = max(fact.at for fact in facts)
            take_in(facts, account=self.account, event=event, recorded_at=moment, now=moment, create_members=True)

    def line(self, kind: str, net: int, start: datetime, end: datetime, *, tax: int = 0) -> LineSeen:
        """A line; a prepaid one is for the level ``full``."""
        name = derived("lin", self.name, kind, str(net), start.isoformat())
        hints = PriceHints("price", level="full") if kind == "prepaid" else PriceHints("")
        item = f"{self.name}-term" if kind == "prepaid" else ""
        return LineSeen(name, kind, net, start, end, item=item, hints=hints, tax_minor=tax)

    def bill(self, ref: str, *lines: LineSeen, on: datetime, status: str = "open", credit: int = 0) -> InvoiceSeen:
        """Tell a bill (of a gateway's)."""
        seen = self.drawn_up(ref, *lines, on=on, status=status, credit=credit)
        self.tell(seen)
        return seen

    def drawn_up(self, ref: str, *lines: LineSeen, on: datetime, status: str = "open", credit: int = 0) -> InvoiceSeen:
        """Draw up a bill and tell nobody."""
        total = sum(line.amount_minor + line.tax_minor for line in lines)
        due = max(total - credit, 0)
        return InvoiceSeen(
            invoice=f"{self.name}-{ref}",
            customer=self.name,
            at=on,
            status=status,
            created_at=min([on, *(line.start for line in lines)]),
            currency=self.currency,
            total_minor=total,
            due_minor=due,
            paid_minor=due if status == "paid" else 0,
            credit_minor=credit if total >= 0 else total,
            number=ref.upper(),
            settled_at=on if status == "paid" else None,
            closed_at=on if status in ("void", "uncollectible") else None,
            lines=lines,
        )

    def paid(self, bill: InvoiceSeen, *, on: datetime, fee: int = 0) -> str:
        """Tell the payment of what a bill asks for; returns its name."""
        name = f"{bill.invoice}-pay"
        seen = PaymentSeen(name, on, "succeeded", bill.due_minor, self.currency, on, self.name, invoice=bill.invoice)
        self.tell(replace(seen, fee_minor=fee))
        return name

    def refund(self, payment: str, amount: int, *, on: datetime, status: str = "succeeded") -> None:
        """Tell that a part of a payment was given back."""
        name = derived("re", payment, str(amount), on.isoformat())
        self.tell(RefundSeen(name, on, status, amount, self.currency, on, payment=payment, customer=self.name))

    def credit(self, kind: str, amount: int, *, on: datetime, about: str = "") -> None:
        """Tell an entry of the balance."""
        name = derived("cr", self.name, kind, on.isoformat())
        self.tell(CreditSeen(name, self.name, on, amount, self.currency, kind, about=about))

    def dispute(self, payment: str, amount: int, *, on: datetime, status: str) -> None:
        """Tell a dispute, opened the day before it is told to be ``status``."""
        name, opened = f"{payment}-dp", on - DAY
        self.tell(DisputeSeen(name, opened, "open", amount, self.currency, opened, payment, customer=self.name))
        self.tell(DisputeSeen(name, on, status, amount, self.currency, opened, payment, customer=self.name))


def columns(rows: Sequence[Any], name: str) -> dict[tuple[str, str], int]:
    """One column of the report, by month and currency, where it is not zero."""
    return {
        (f"{row.month:%Y-%m}", row.currency): getattr(row, f"{name}_minor")
        for row in rows
        if getattr(row, f"{name}_minor")
    }
