"""All objects of one customer together: what belongs to what, and what was taken back of which invoice."""

from __future__ import annotations

import typing
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from goodstanding.core import ours
from goodstanding.core.facts import AccessDecided, CreditSeen, Fact, InvoicePaymentFailed, PaymentSeen, SubscriptionSeen
from goodstanding.core.fold import (
    CustomerState,
    DisputeState,
    InvoiceState,
    Key,
    RefundState,
    access_decided,
    condense,
    customer_state,
    dispute_state,
    in_order,
    invoice_state,
    key_of,
    payment_state,
    payment_tellings,
    refund_state,
)
from goodstanding.core.links import Links
from goodstanding.core.money_back import GivenBack, Taken, in_money

NOT_USED = frozenset({"void", "draft", "deleted"})  # invoices that leave the balance as it is
_RETRY = {"": 0, "later": 1, "owner": 2, "never": 3}  # of one moment the sternest counts


def grouped(facts: Iterable[Fact]) -> dict[Key, tuple[Fact, ...]]:
    """Return the state of every object that ``facts`` tell of."""
    found: defaultdict[Key, list[Fact]] = defaultdict(list)
    for fact in facts:
        found[key_of(fact)].append(fact)
    return {key: condense(told) for key, told in found.items()}


Made = TypeVar("Made")
Understood = dict[Key, tuple[tuple[Fact, ...], Any]]  # of objects: their facts, and what these come to


@dataclass
class Ledger:
    """The objects of one gateway customer, each as the set of facts told of it. Reads only; computes each thing once."""

    objects: Mapping[Key, tuple[Fact, ...]]
    understood: Understood = field(default_factory=dict, repr=False, compare=False)
    _made: dict[Hashable, Any] = field(default_factory=dict, repr=False, compare=False)

    def followed_on(self) -> Ledger:
        """Return the ledger of the same objects after some have changed: what the others come to is not worked out anew."""
        return Ledger(self.objects, self.understood)

    def once(self, name: Hashable, make: Callable[[], Made]) -> Made:
        """Return what ``make`` gives, which is called once for each ``name``: for what others work out of a ledger."""
        if name not in self._made:
            self._made[name] = make()
        return typing.cast(Made, self._made[name])

    def _states(self, kind: str, make: Callable[[Iterable[Fact]], Made]) -> dict[str, Made]:
        found: dict[str, Made] = {}
        for ref in self._refs.get(kind, ()):
            facts, known = self.objects[kind, ref], self.understood.get((kind, ref))
            if known is None or known[0] is not facts:
                known = self.understood[kind, ref] = facts, make(facts)
            found[ref] = known[1]
        return found

    @cached_property
    def customer(self) -> CustomerState:
        """The customer record."""
        return customer_state(fact for facts in self._of("customer").values() for fact in facts)

    @cached_property
    def subscriptions(self) -> dict[str, list[SubscriptionSeen]]:
        """The tellings of each subscription, in the order in which they came about. One of ours is begun once it is paid."""
        told = self._states("subscription", in_order)
        if not any(tellings[0].ours for tellings in told.values()):
            return told
        paid = ours.paid_from(self.invoices.values())
        found = {ref: self.invoices[ref].settled_at for ref in self._once_paid if ref in self.invoices}
        settled = {ref: moment for ref, moment in found.items() if moment is not None}
        return {ref: ours.begun(tellings, paid.get(ref), settled) for ref, tellings in told.items()}

    @cached_property
    def changes(self) -> frozenset[str]:
        """The invoices of ours that a change of level waits for, or waited for: unpaid, they are dropped. One that took the
        place of a renewal's bill is a renewal's itself.
        """
        return self._once_paid - self._replaced.keys()

    @cached_property
    def _once_paid(self) -> frozenset[str]:
        told = (fact for facts in self._of("subscription").values() for fact in facts)
        return frozenset(fact.once_paid for fact in told if isinstance(fact, SubscriptionSeen) and fact.once_paid)

    @cached_property
    def _replaced(self) -> dict[str, str]:
        """The bills that took the place of others, each with that other one."""
        bills = (state.last for state in self._invoices_told.values() if state.last is not None)
        return {bill.replaced_by: bill.invoice for bill in bills if bill.replaced_by}

    def knowing(self, facts: Iterable[Fact]) -> Ledger:
        """Return the ledger as it were with these facts, too."""
        more = grouped(facts)
        return Ledger(
            {**self.objects, **{key: condense((*self.objects.get(key, ()), *told)) for key, told in more.items()}}
        )

    def credit_minor(self, currency: str) -> int:
        """Return what the customer's balance holds with us: its entries, and what our own invoices left of credits, less
        what they used.
        """
        bills = (state.last for state in self.invoices.values() if state.last is not None and state.last.ours)
        asked = (bill for bill in bills if bill.currency == currency and bill.status not in NOT_USED)
        entered = sum(each.amount_minor for each in self.credits if each.currency == currency)
        return max(entered - sum(bill.credit_minor for bill in asked), 0)

    @cached_property
    def credits(self) -> list[CreditSeen]:
        """The entries of the customer's balance that count, in order of time."""
        found = [told[0] for told in self._of("credit").values()]
        entries = [each for each in found if isinstance(each, CreditSeen) and self._counts(each)]
        return sorted(entries, key=lambda each: (each.at, each.credit))

    def _is_counted(self, subscription: str) -> bool:
        """Whether a subscription ends after a number of payments: how it ended follows from what was paid."""
        tellings = self.subscriptions.get(subscription)
        return tellings is not None and bool(tellings[-1].contract.payments)

    def _waiting_credits(self, invoice: str) -> Iterator[CreditSeen]:
        """The entries that count from when an invoice is settled."""
        entries = (told[0] for told in self._of("credit").values())
        return (each for each in entries if isinstance(each, CreditSeen) and each.once_paid == invoice)

    def _counts(self, entry: CreditSeen) -> bool:
        bill = self.invoices.get(entry.once_paid) if entry.once_paid else None
        return not entry.once_paid or (bill is not None and bill.settled_at is not None)

    @cached_property
    def invoices(self) -> dict[str, InvoiceState]:
        """The invoices that somebody told of (not those of which only a failure is known). Ours are paid by payments."""
        if not any(state.last and state.last.ours for state in self._invoices_told.values()):
            return self._invoices_told
        received = self._received
        told = self._invoices_told.items()
        return {ref: ours.settled(state, received.get(ref, ()), self._back(ref)) for ref, state in told}

    @cached_property
    def _invoices_told(self) -> dict[str, InvoiceState]:
        states = self._states("invoice", invoice_state)
        return {ref: state for ref, state in states.items() if state.last is not None}

    @cached_property
    def _received(self) -> dict[str, list[PaymentSeen]]:
        """Of each invoice the payments that ever succeeded, as that was first told; not those that never came."""
        found: defaultdict[str, list[PaymentSeen]] = defaultdict(list)
        for ref in self.payments:
            tellings = self.tellings_of(ref)
            succeeded = [told for told in tellings if told.status == "succeeded"]
            if succeeded and not any(told.status == "undone" for told in tellings):
                found[self.invoice_of(ref)].append(succeeded[0])
        return dict(found)

    def _back(self, invoice: str) -> Iterator[ours.Back]:
        """What went back of what was paid for an invoice: refunds, and what a bank took; and what came again of that."""
        for refund in self.refunds_of(invoice):
            yield refund.last.made_at, refund.last.amount_minor
            if refund.failed_at is not None:
                yield refund.failed_at, -refund.last.amount_minor
        for taken in self.taken_of(invoice):
            yield taken.at, taken.refunded_minor
        for dispute in self.disputes_of(invoice):
            if dispute.last.withdrawn:
                yield dispute.last.opened_at, dispute.last.amount_minor
                if dispute.closed_at is not None and not dispute.lost:
                    yield dispute.closed_at, -dispute.last.amount_minor

    def overpaid_minor(self, invoice: str) -> int:
        """Return by how much more than was due was received for an invoice of ours and not given back; 0 for any other."""
        state = self.invoices.get(invoice)
        if state is None or state.last is None or not state.last.ours:
            return 0
        received = sum(each.amount_minor for each in self._received.get(invoice, ()))
        due = 0 if state.last.replaced_by else state.last.due_minor
        if received <= due:
            return 0
        credited = sum(each.amount_minor for each in self.credits if self._is_rest(each, invoice))
        back = sum(amount for _, amount in self._back(invoice))
        return max(received - credited - back - due, 0)

    def rest_of(self, payment: str) -> int:
        """Return what of a payment was more than was due and stands on the balance, in minor units."""
        return sum(each.amount_minor for each in self.credits if each.kind == "paid" and each.about == payment)

    def _is_rest(self, entry: CreditSeen, invoice: str) -> bool:
        return entry.kind == "paid" and self.invoice_of(entry.about) == invoice

    @cached_property
    def payments(self) -> dict[str, PaymentSeen]:
        """The payments, each as last told."""
        states = {ref: payment_state(told) for ref, told in self._payments_told.items()}
        return {ref: state for ref, state in states.items() if state is not None}

    @cached_property
    def _payments_told(self) -> dict[str, list[PaymentSeen]]:
        return self._states("payment", payment_tellings)

    @cached_property
    def refunds(self) -> dict[str, RefundState]:
        """The refunds."""
        states = self._states("refund", refund_state)
        return {ref: state for ref, state in states.items() if state is not None}

    @cached_property
    def disputes(self) -> dict[str, DisputeState]:
        """The disputes."""
        states = self._states("dispute", dispute_state)
        return {ref: state for ref, state in states.items() if state is not None}

    def invoice_of(self, *refs: str) -> str:
        """Return the invoice to which a payment, an intent or a charge belongs by any chain of links, or ``""``."""
        for ref in refs:
            if ref and (found := self._invoice_by_ref.get(self._linked.root(ref))):
                return found
        return ""

    def tied_to(self, keys: Iterable[Key]) -> Iterator[Key]:
        """Give the payments, refunds and disputes whose invoice may be another since the objects at ``keys`` are known."""
        tying = [ref.partition("|")[0] for kind, ref in keys if kind in ("invoice", "payment", "link")]
        roots = {self._linked.root(ref) for ref in tying}
        if roots:
            for ref in self.payments:
                if self._linked.root(ref) in roots:
                    yield "payment", ref
            for kind, states in (("refund", self.refunds), ("dispute", self.disputes)):
                for ref, state in states.items():
                    if roots & {self._linked.root(state.last.payment), self._linked.root(state.last.intent)}:
                        yield kind, ref

    def followed_by(self, keys: Iterable[Key]) -> Iterator[Key]:
        """Give the invoices of ours, and their subscriptions, that the objects at ``keys`` may have paid for or failed to."""
        for kind, ref in keys:
            invoice = ref if kind == "invoice" else ""
            if kind in ("payment", "link"):
                invoice = self.invoice_of(ref.partition("|")[0])
            elif kind in ("refund", "dispute"):
                back = (self.refunds if kind == "refund" else self.disputes).get(ref)
                invoice = self.invoice_of(back.last.payment, back.last.intent) if back is not None else ""
            state = self.invoices.get(invoice)
            if state is None or state.last is None:
                continue
            if not state.last.ours:
                yield from (("subscription", ref) for ref in sorted(state.last.subscriptions) if self._is_counted(ref))
            else:
                yield "invoice", invoice
                yield from (("credit", each.credit) for each in self._waiting_credits(invoice))
                for subscription in sorted(state.last.subscriptions):
                    if subscription in self.subscriptions:
                        yield "subscription", subscription

    def given_back_of(self, invoice: str) -> list[GivenBack]:
        """Return what was given back of an invoice once it was settled, in money and as balance."""
        state = self.invoices.get(invoice)
        is_ours = state is not None and state.last is not None and state.last.ours
        since = state.settled_at if state is not None else None
        back = [each for each in self.refunds_of(invoice) if not is_ours or (since and each.last.made_at >= since)]
        as_balance = self._given_as_balance.get(invoice, ())
        given = [GivenBack(each.credit, each.at, each.amount_minor) for each in as_balance if each.amount_minor > 0]
        return [*map(in_money, back), *given]

    def access_decided(self, invoice: str) -> AccessDecided | None:
        """Return what staff decided that giving back an invoice does to access, if they did."""
        return access_decided(self.objects.get(("access", invoice), ()))

    def refunds_of(self, invoice: str) -> list[RefundState]:
        """Return the refunds of an invoice's payments."""
        return self._refunds_by_invoice.get(invoice, [])

    def disputes_of(self, invoice: str) -> list[DisputeState]:
        """Return the disputes about an invoice's payments."""
        return self._disputes_by_invoice.get(invoice, [])

    def failures_of(self, invoice: str) -> tuple[datetime, ...]:
        """Return the moments at which a payment of the invoice failed, whoever told of it; or one of that which it replaced."""
        told = self._invoices_told[invoice].failed_at
        before = self.failures_of(self._replaced[invoice]) if invoice in self._replaced else ()
        return tuple(sorted({*before, *told, *(fact.at for fact in self._refused_by_invoice.get(invoice, ()))}))

    def refusals_of(self, invoice: str) -> list[InvoicePaymentFailed | PaymentSeen]:
        """Return the failures of an invoice, whoever told of them, by their moments: each with its reason, where one is known."""
        told = [fact for fact in self.objects["invoice", invoice] if isinstance(fact, InvoicePaymentFailed)]
        failed = [*told, *self._refused_by_invoice.get(invoice, ())]
        return sorted(failed, key=lambda fact: (fact.at, _RETRY.get(fact.retry, 0), fact.failure))

    def retry_of(self, invoice: str) -> str:
        """Return what was said last of charging again what is stored for an invoice (:class:`PaymentSeen`), or ``""``."""
        said = next((fact.retry for fact in reversed(self.refusals_of(invoice)) if fact.retry), "")
        return said or (self.retry_of(self._replaced[invoice]) if invoice in self._replaced else "")

    def tellings_of(self, payment: str) -> list[PaymentSeen]:
        """Return all tellings of one payment, in order of time."""
        return self._payments_told[payment]

    def taken_of(self, invoice: str) -> list[Taken]:
        """Return what an invoice's charges say was refunded, beyond the refunds that were told themselves."""
        return self._taken_by_invoice.get(invoice, [])

    @cached_property
    def _refunds_told(self) -> Counter[str]:
        """What the refunds of each payment come to, by the reference that they give: the payment's, or its intent's."""
        told: Counter[str] = Counter()
        for refund in self.refunds.values():
            told[refund.last.payment or refund.last.intent] += refund.last.amount_minor
        return told

    def _of(self, kind: str) -> dict[str, tuple[Fact, ...]]:
        return {ref: self.objects[kind, ref] for ref in self._refs.get(kind, ())}

    @cached_property
    def _refs(self) -> dict[str, list[str]]:
        found: defaultdict[str, list[str]] = defaultdict(list)
        for kind, ref in sorted(self.objects):
            found[kind].append(ref)
        return dict(found)

    @cached_property
    def _linked(self) -> Links:
        return Links(self._links())

    def _links(self) -> Iterable[tuple[str, str]]:
        for link in self._refs.get("link", ()):
            one, _, other = link.partition("|")
            yield one, other
        for payment in self.payments.values():
            if payment.intent:
                yield payment.payment, payment.intent
            if payment.invoice:
                yield payment.payment, payment.invoice

    @cached_property
    def _invoice_by_ref(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for invoice in sorted(self._invoices_told):
            found.setdefault(self._linked.root(invoice), invoice)
        return found

    @cached_property
    def _refunds_by_invoice(self) -> dict[str, list[RefundState]]:
        found: defaultdict[str, list[RefundState]] = defaultdict(list)
        for refund in self.refunds.values():
            found[self.invoice_of(refund.last.payment, refund.last.intent)].append(refund)
        return dict(found)

    @cached_property
    def _disputes_by_invoice(self) -> dict[str, list[DisputeState]]:
        found: defaultdict[str, list[DisputeState]] = defaultdict(list)
        for dispute in self.disputes.values():
            found[self.invoice_of(dispute.last.payment, dispute.last.intent)].append(dispute)
        return dict(found)

    @cached_property
    def _given_as_balance(self) -> dict[str, list[CreditSeen]]:
        found: defaultdict[str, list[CreditSeen]] = defaultdict(list)
        for entry in self.credits:
            if entry.kind == "refund":
                found[entry.about].append(entry)
        return dict(found)

    @cached_property
    def _refused_by_invoice(self) -> dict[str, list[PaymentSeen]]:
        found: defaultdict[str, list[PaymentSeen]] = defaultdict(list)
        for ref in self.payments:
            for told in self.tellings_of(ref):
                if told.status == "failed":
                    found[self.invoice_of(ref)].append(told)
        return dict(found)

    @cached_property
    def _taken_by_invoice(self) -> dict[str, list[Taken]]:
        found: defaultdict[str, list[Taken]] = defaultdict(list)
        for payment in self.payments.values():
            if not payment.refunded_minor:
                continue
            before = self._refunds_told[payment.payment] + (self._refunds_told[payment.intent] if payment.intent else 0)
            for told in self.tellings_of(payment.payment):
                if told.refunded_minor > before:
                    taken = Taken(told.at, told.refunded_minor - before)
                    found[self.invoice_of(payment.payment)].append(taken)
                    before = told.refunded_minor
        return dict(found)
