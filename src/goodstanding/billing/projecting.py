"""Writing the ledger's rows: what a customer's facts come to, one row an object. Nothing here decides."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

from django.db import models

from goodstanding.billing import turns
from goodstanding.billing.models import (
    Account,
    BalanceEntry,
    Dispute,
    GatewayCustomer,
    Invoice,
    InvoiceLine,
    Payment,
    Refund,
    Subscription,
    SubscriptionItem,
    Transfer,
)
from goodstanding.core import journal
from goodstanding.core.facts import ItemSeen, LineSeen, SubscriptionSeen
from goodstanding.core.fold import ENDED, Key, SubscriptionStatus
from goodstanding.core.ids import derived
from goodstanding.core.ledger import Ledger
from goodstanding.core.places import item_key
from goodstanding.core.renewals import is_completed
from goodstanding.jobs.writing import Writes

Row = dict[str, Any]  # by column; all rows of a table name the same columns
Rows = dict[type[models.Model], list[Row]]
# In the order in which they must be written. Of each, by which of its fields it belongs to a billing account.
TABLES: Mapping[type[models.Model], str] = {
    Subscription: "account",
    SubscriptionItem: "subscription__account",
    Invoice: "account",
    InvoiceLine: "invoice__account",
    Payment: "account",
    Refund: "account",
    Dispute: "account",
    BalanceEntry: "account",
    Transfer: "account",
}


def account_id(customer: GatewayCustomer) -> str:
    """Return the public id of the billing account of a gateway's customer."""
    return derived("acc", customer.gateway_account_id, customer.external_id)


def rows_for(
    ledger: Ledger, keys: Iterable[Key], customer: GatewayCustomer, *, told: Container[Key] | None = None
) -> Rows:
    """Return the rows of the objects named by ``keys``: pure, nothing is read or written.

    ``told``: those of them of which something was told; the lines of the other invoices are as they were (else: of all).
    """
    maker = _Maker(ledger, customer, told)
    for kind, ref in sorted(keys):
        maker.make(kind, ref)
    return maker.rows


def write(rows: Rows, writes: Writes, *, mending: bool = False) -> None:
    """Have rows written: those of the ledger over what stood there, transfers only where they are new (or when
    ``mending``).
    """
    for model in TABLES:
        made = rows.get(model, ())
        if model is Transfer and not mending:
            writes.new_values(model, made)
        else:
            writes.over_values(model, made)


def account_of(customer: GatewayCustomer, ledger: Ledger) -> Account:
    """Return the billing account of a customer as it should stand: unsaved, nothing is read or written."""
    issued = [(state.last.created_at, ref, state.last.currency) for ref, state in ledger.invoices.items() if state.last]
    begun = [tellings[0].created_at for tellings in ledger.subscriptions.values()]
    return Account(
        id=account_id(customer),
        member_id=customer.member_id,
        currency=min(issued)[2] if issued else "",
        created_at=min([*begun, *(at for at, _, _ in issued), *(entry.at for entry in ledger.credits)]),
    )


class _Maker:
    def __init__(self, ledger: Ledger, customer: GatewayCustomer, told: Container[Key] | None) -> None:
        self.ledger, self.customer, self.told = ledger, customer, told
        self.gateway, self.account = customer.gateway_account_id, account_id(customer)
        self.rows: Rows = {model: [] for model in TABLES}
        self._parted: set[str] = set()

    def make(self, kind: str, ref: str) -> None:
        match kind:
            case "subscription":
                self._subscription(ref)
            case "invoice" if ref in self.ledger.invoices:
                self._invoice(ref)
            case "payment":
                self._payment(ref)
            case "refund":
                self._refund(ref)
            case "dispute":
                self._dispute(ref)
            case "credit":
                self._credit(ref)

    def _common(self, prefix: str, ref: str) -> Row:
        return {
            "id": derived(prefix, self.gateway, ref),
            "gateway_account_id": self.gateway,
            "external_id": ref,
            "account_id": self.account,
        }

    def _post(self, postings: Iterable[journal.Posting]) -> None:
        self.rows[Transfer] += [
            {
                "id": derived("trf", self.gateway, posting.key),
                "account_id": self.account,
                "key": posting.key,
                "debit": posting.debit,
                "credit": posting.credit,
                "amount_minor": posting.amount_minor,
                "currency": posting.currency,
                "happened_at": posting.at,
            }
            for posting in postings
        ]

    def _subscription(self, ref: str) -> None:
        tellings = self.ledger.subscriptions[ref]
        last = tellings[-1]
        row = {
            **self._common("sub", ref),
            "customer_id": self.customer.pk,
            "billed_by": Subscription.BilledBy.US if last.ours else Subscription.BilledBy.GATEWAY,
            "status": self._status(last),
            "currency": last.currency,
            "begun_at": tellings[0].created_at,
            "anchor_at": last.anchor_at,
            "ends_at": last.ends_at,
            "ended_at": last.ended_at if last.status in ENDED else None,
            **_pause(tellings),
        }
        self.rows[Subscription].append(row)
        self.rows[SubscriptionItem] += _items(self.gateway, row, tellings)

    def _status(self, last: SubscriptionSeen) -> str:
        """As a gateway would put it: one of ours whose renewal could not be collected is past due, at last kept as unpaid."""
        if last.ours and last.status == SubscriptionStatus.ACTIVE:
            told = self.ledger.invoices.items()
            own = [(ref, each) for ref, each in told if each.last and each.last.bills(last.subscription)]
            bills = [(ref, each) for ref, each in own if ref not in self.ledger.changes]
            waiting = [ref for ref, each in bills if each.settled_at is None and each.closed_at is None]
            if any(self.ledger.failures_of(ref) for ref in waiting):
                kept = turns.is_kept(self.ledger, last.subscription)
                return SubscriptionStatus.UNPAID if kept else SubscriptionStatus.PAST_DUE
        if last.contract.payments and is_completed(last, turns.invoices_of(self.ledger, last.subscription)):
            return SubscriptionStatus.COMPLETED
        return last.status

    def _invoice(self, ref: str) -> None:
        state = self.ledger.invoices[ref]
        last = state.last
        assert last is not None, ref
        row = {
            **self._common("inv", ref),
            "subscription": last.subscription,
            "number": last.number,
            "status": last.status,
            "currency": last.currency,
            "total_minor": last.total_minor,
            "due_minor": last.due_minor,
            "paid_minor": last.paid_minor,
            "credit_minor": last.credit_minor,
            "tax_minor": sum(line.tax_minor for line in last.lines),
            "issued_at": last.created_at,
            "posted_at": last.finalised_at or last.created_at,
            "due_at": last.due_at,
            "settled_at": state.settled_at,
            "closed_at": state.closed_at,
            "given_up_at": state.given_up_at,
            "convention": last.convention,
        }
        self.rows[Invoice].append(row)
        final = last.status not in ("draft", "deleted")  # a draft's lines come and go
        if self.told is None or ("invoice", ref) in self.told:
            self.rows[InvoiceLine] += _lines(row["id"], last.lines if final else ())
        self._post(journal.of_invoice(state))
        self._post_parts_back(ref)
        self._post(journal.of_back(state, self.ledger.refunds_of(ref), self.ledger.disputes_of(ref)))

    def _payment(self, ref: str) -> None:
        payment = self.ledger.payments[ref]
        self.rows[Payment].append(
            {
                **self._common("pay", ref),
                "invoice": self.ledger.invoice_of(ref),
                "status": payment.status,
                "amount_minor": payment.amount_minor,
                "currency": payment.currency,
                "made_at": payment.made_at,
                "failure": payment.failure[:100],
                "fee_minor": journal.fee_of(self.ledger.tellings_of(ref)),
                "elsewhere": payment.elsewhere[:20],
                "reference": payment.reference[:200],
            }
        )
        self._post(journal.of_payment(self.ledger.tellings_of(ref)))

    def _refund(self, ref: str) -> None:
        refund = self.ledger.refunds[ref]
        if refund.last.amount_minor <= 0:
            return
        self.rows[Refund].append(
            {
                **self._common("rfd", ref),
                "payment": refund.last.payment,
                "invoice": self.ledger.invoice_of(refund.last.payment, refund.last.intent),
                "status": refund.last.status,
                "amount_minor": refund.last.amount_minor,
                "currency": refund.last.currency,
                "made_at": refund.last.made_at,
                "failed_at": refund.failed_at,
            }
        )
        self._post(journal.of_refund(refund))
        self._post_parts_back(self.ledger.invoice_of(refund.last.payment, refund.last.intent))

    def _dispute(self, ref: str) -> None:
        dispute = self.ledger.disputes[ref]
        self.rows[Dispute].append(
            {
                **self._common("dsp", ref),
                "payment": dispute.last.payment,
                "invoice": self.ledger.invoice_of(dispute.last.payment, dispute.last.intent),
                "status": dispute.last.status,
                "amount_minor": dispute.last.amount_minor,
                "currency": dispute.last.currency,
                "opened_at": dispute.last.opened_at,
                "closed_at": dispute.closed_at,
            }
        )
        self._post(journal.of_dispute(dispute))

    def _credit(self, ref: str) -> None:
        entry = next((each for each in self.ledger.credits if each.credit == ref), None)
        if entry is None:  # it waits for its invoice
            return
        self.rows[BalanceEntry].append(
            {
                **self._common("bal", ref),
                "kind": entry.kind,
                "amount_minor": entry.amount_minor,
                "currency": entry.currency,
                "made_at": entry.at,
                "about": entry.about,
                "words": entry.words,
            }
        )
        self._post(journal.of_credit(entry))
        if entry.kind == "refund":
            self._post_parts_back(entry.about)

    def _post_parts_back(self, invoice: str) -> None:
        """The tax in what was given back of an invoice: of all of it, once, for its last part may complete another."""
        state = self.ledger.invoices.get(invoice)
        if state is None or state.last is None or invoice in self._parted:
            return
        self._parted.add(invoice)
        given, as_balance = self.ledger.given_back_of(invoice), {each.credit for each in self.ledger.credits}
        for ref, back in journal.parts_back(journal.parts_of(state.last), given).items():
            kind = "credit" if ref in as_balance else "refund"
            self._post(journal.of_parts_back(f"{kind}|{ref}", back, state.last.currency))


def _lines(invoice: str, lines: Sequence[LineSeen]) -> Iterable[Row]:
    names: set[str] = set()
    for index, line in enumerate(lines):
        # The oldest lines are named after their subscription, and two of one invoice may share that name.
        name = line.line if line.line and line.line not in names else f"{line.line}#{index}"
        names.add(name)
        yield {
            "id": derived("lin", invoice, name),
            "invoice_id": invoice,
            "external_id": name,
            "kind": line.kind,
            "item": item_key(line.item, line.subscription) if line.kind != "other" else "",
            "price": line.hints.price,
            "amount_minor": line.amount_minor,
            "quantity": max(line.quantity, 0),
            "start_at": line.start,
            "end_at": line.end,
            "description": line.description,
            "tax_minor": line.tax_minor,
            "tax": line.tax,
            "off_minor": line.off_minor,
            "code": line.code,
            "offs": " ".join(map(str, line.offs)),
            "said": line.said,
        }


def _pause(tellings: Sequence[SubscriptionSeen]) -> dict[str, Any]:
    """The last pause: of ours as it is told; where a gateway pauses, from when it was first told so."""
    last = tellings[-1]
    there = last.pauses[-1] if last.pauses else None
    if not last.paused:
        return {
            "paused": False,
            "pause_from": there.start if there else None,
            "pause_until": there.end if there else None,
        }
    since = last.at
    for told in reversed(tellings):
        if not told.paused:
            break
        since = told.at
    return {"paused": True, "pause_from": since, "pause_until": last.resumes_at}


def _items(gateway: str, subscription: Row, tellings: Sequence[SubscriptionSeen]) -> Iterable[Row]:
    last: dict[str, ItemSeen] = {}
    for told in tellings:
        for seen in told.items:
            last[item_key(seen.item, told.subscription)] = seen
    current = {item_key(seen.item, subscription["external_id"]) for seen in tellings[-1].items}
    for key, seen in last.items():
        yield {
            "id": derived("itm", gateway, key),
            "subscription_id": subscription["id"],
            "external_id": key,
            "price": seen.hints.price,
            "quantity": max(seen.quantity, 0),
            "amount_minor": seen.amount_minor,
            "interval": seen.interval,
            "interval_count": seen.interval_count,
            "is_current": key in current,
            "is_extra": seen.hints.extra,
        }
