"""What raw events say of access, counted out by hand and with nothing of ours: the causes that must be behind it.

Reads today's shape only. It says less than DESIGN section 4 (not which level, not window or grace exactly), so that it can
be short enough to be believed.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

HOUR, DAY = 3600, 86400


@dataclass
class Bought:
    """A line that bought a period: ``[start, end)`` of an item, from ``settled`` on."""

    invoice: str
    item: str
    regular: bool
    start: int
    end: int
    settled: int
    prices: set[str] = field(default_factory=set)


class Customer:
    """The raw events of one customer."""

    def __init__(self, bodies: Iterable[str]) -> None:
        self.events = sorted((json.loads(body) for body in bodies), key=lambda event: event["created"])
        self.events = [event for event in self.events if event["livemode"]]
        self.totals: dict[str, int] = {}
        self.invoice_of: dict[str, str] = {}
        self.refunds: dict[str, dict[str, Any]] = {}
        self.disputes: dict[str, dict[str, Any]] = {}
        self.prices: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
        bought: dict[tuple[str, str], Bought] = {}
        for event in self.events:
            told = event["data"]["object"]
            getattr(self, f"_{told['object']}", lambda *_: None)(event["created"], told, bought)
        self.bought = list(bought.values())

    def _subscription(self, at: int, told: dict[str, Any], _: Any) -> None:
        for row in told["items"]["data"]:
            self.prices[row["id"]].append((at, row["price"]["id"]))

    def _invoice(self, at: int, told: dict[str, Any], bought: dict[tuple[str, str], Bought]) -> None:
        if "id" not in told:
            return
        for row in told.get("payments", {}).get("data", ()):
            self.invoice_of[row["payment"].get("payment_intent", "")] = told["id"]
        self.totals[told["id"]] = told["total"]
        if told["status"] != "paid":
            return
        settled = told["status_transitions"]["paid_at"] or at
        for line in told["lines"]["data"]:
            details = (
                line["parent"]["subscription_item_details"] or {}
                if "subscription_item_details" in line["parent"]
                else {}
            )
            period = line["period"]
            if details and period["end"] > period["start"] and (not details["proration"] or line["amount"] > 0):
                key = (told["id"], line["id"])
                row = bought.setdefault(
                    key,
                    Bought(
                        told["id"],
                        details["subscription_item"],
                        not details["proration"],
                        period["start"],
                        period["end"],
                        settled,
                    ),
                )
                row.settled = min(row.settled, settled)

    def _charge(self, at: int, told: dict[str, Any], _: Any) -> None:
        self.invoice_of[told["id"]] = told.get("payment_intent") or ""
        self.refunds[f"by {told['id']} {at}"] = {"total": told["amount_refunded"], "at": at, "charge": told["id"]}

    def _refund(self, at: int, told: dict[str, Any], _: Any) -> None:
        known = self.refunds.setdefault(
            told["id"], {"amount": told["amount"], "at": told["created"], "charge": told["charge"]}
        )
        if told["status"] in ("failed", "canceled"):
            known.setdefault("failed", at)

    def _dispute(self, at: int, told: dict[str, Any], _: Any) -> None:
        known = self.disputes.setdefault(told["id"], {"at": told["created"], "charge": told["charge"]})
        if told["status"] in ("won", "lost", "warning_closed"):
            known.setdefault("closed", at)
            known.setdefault("lost", told["status"] == "lost")

    def paid_by(self, charge: str) -> str:
        """The invoice that a charge paid."""
        return self.invoice_of.get(self.invoice_of.get(charge, ""), "")

    def taken_back(self, invoice: str, at: int) -> bool:
        """Whether all of an invoice is given back at ``at``, or its dispute is lost by then."""
        if any(
            d.get("lost") and d["closed"] <= at and self.paid_by(d["charge"]) == invoice for d in self.disputes.values()
        ):
            return True
        back: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
        for refund in self.refunds.values():
            if refund["at"] > at or refund.get("failed", at + 1) <= at or self.paid_by(refund["charge"]) != invoice:
                continue
            sums = back[refund["charge"]]
            sums[0] += refund.get("amount", 0)
            sums[1] = max(sums[1], refund.get("total", 0))
        failed = any("failed" in refund for refund in self.refunds.values())
        given = sum(told if failed else max(told, by_charge) for told, by_charge in back.values())
        return given >= self.totals[invoice] > 0

    def disputed(self, at: int) -> bool:
        """Whether a dispute is open."""
        return any(d["at"] <= at < d.get("closed", at + 1) for d in self.disputes.values())

    def causes(self, at: int) -> Iterator[Bought]:
        """Periods paid for by ``at`` and not taken back, begun by then; also those that ended lately."""
        for row in self.bought:
            if max(row.settled, row.start) <= at and not self.taken_back(row.invoice, at):
                yield row

    def running(self, at: int, ours: set[str]) -> list[Bought]:
        """Of these the regular ones that run at ``at``, of items that stood for a level by then, not ended by a later one."""
        return [
            row
            for row in self.causes(at)
            if row.regular
            and at < row.end
            and any(since <= at and price in ours for since, price in self.prices[row.item])
            and not any(
                other.regular and other.item == row.item and row.start < other.start <= at and other.settled <= at
                for other in self.bought
            )
        ]

    def moments(self) -> list[int]:
        """Telling moments: around every event and every bound of a period, of the window and of grace."""
        found = {event["created"] for event in self.events}
        for row in self.bought:
            found |= {row.start, row.end, row.end + DAY, row.end + 7 * DAY, row.end + 14 * DAY}
        return sorted({moment + by for moment in found for by in (-60, 0, 60)})
