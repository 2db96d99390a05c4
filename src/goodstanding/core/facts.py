"""Facts: what happened, in words that no vendor owns. Adapters make them, the ledger keeps them, nobody edits them.

A fact is a snapshot of one thing as somebody told it (``SubscriptionSeen``: "at 10:20 the subscription stood thus") or a
happening (``PaymentFailed``). Folding all facts of one thing (:mod:`goodstanding.core.fold`) gives its state, and the
outcome depends on the set of facts alone: not on their order, nor on how often each was told (I1, I2).

Amounts are integers in minor units of ``currency`` (upper-case ISO 4217); moments are aware and in UTC; ``at`` is the
moment of the telling by the vendor's own clock. References (``customer``, ``invoice`` and so on) are the vendor's ids.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PriceHints:
    """Everything about a price that may tell its level (R22). ``labels``: plan id, nickname and product name, where told.

    ``extra``: a thing of ours beside a level that gives none itself (a donation, further seats).
    """

    price: str
    product: str = ""
    lookup_key: str = ""
    level: str = ""  # a level's slug, from metadata that we (or the site's owner) wrote
    labels: tuple[str, ...] = ()
    extra: bool = False


@dataclass(frozen=True, slots=True)
class CodeHeld:
    """A discount code as a contract of ours holds it, frozen when it was used (:class:`goodstanding.core.discounts.Applied`).

    ``kind``: ``percentage`` (``basis_points`` off), ``fixed`` (``amount_minor`` off) or ``alternative`` (``amount_minor`` is
    the price). ``payments``: the first so many that ask for money, 0 for ever.
    """

    code: str
    kind: str
    basis_points: int = 0
    amount_minor: int = 0
    payments: int = 1


@dataclass(frozen=True, slots=True)
class Contract:
    """By what a subscription of ours is billed next, beside its items: explicit, and told anew with each change (R15).

    ``intro_payments`` bills ask for ``intro_minor`` first. ``payments``: after so many bills that ask for money it is
    completed, 0 never; with ``total_minor`` they are the parts of that sum, and the last carries the remainder. ``keeps``:
    what is held then: nothing more (empty), ``life``, or a term counted from the beginning, such as ``12 month``.
    ``tax_place``: whose rate holds; ``tax_inclusive``: within the price. ``convention``: by which parts are reckoned.
    """

    codes: tuple[CodeHeld, ...] = ()
    intro_minor: int = 0
    intro_payments: int = 0
    payments: int = 0
    total_minor: int = 0
    keeps: str = ""
    taxed: bool = False
    tax_place: str = ""
    tax_inclusive: bool = False
    convention: str = ""


@dataclass(frozen=True, slots=True)
class CustomerSeen:
    """A customer record of the gateway, as it stood at ``at``. ``rank`` orders tellings of the same second, as below."""

    customer: str
    at: datetime
    email: str = ""
    name: str = ""
    deleted: bool = False
    rank: int = 1


@dataclass(frozen=True, slots=True)
class ItemSeen:
    """One item of a subscription: what is renewed at which price."""

    item: str
    hints: PriceHints
    quantity: int = 1
    amount_minor: int | None = None
    interval: str = ""
    interval_count: int = 1


@dataclass(frozen=True, slots=True)
class PauseSpan:
    """A pause of what is ours: from ``start`` until ``end``; ``None``: until somebody resumes it."""

    start: datetime
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class SubscriptionSeen:
    """A subscription as it stood at ``at``.

    ``status`` is one of :class:`goodstanding.core.fold.SubscriptionStatus`. ``ends_at``: a set end. ``ended_at``: when it
    ended. ``rank`` orders tellings of the same second by the life cycle (created, updated, deleted). ``before`` and
    ``after`` are digests of the fields that this telling says it changed, as they were and as they are: they order
    changes within one second; empty where it says nothing of it. ``ours``: our own clock renews it; whether it was ever
    paid for follows from its invoices, and its periods step on the wall clock of ``time_zone``. ``next_items``: what it is
    renewed with from the next period on, where that is something else, by ``next_contract`` where that is another one.
    ``pauses``: all that one of ours ever had and has ahead, in order: they move what is paid (:mod:`goodstanding.core.pausing`).
    ``once_paid``: of items, contract and anchor, this counts from the moment that this invoice of ours is settled, and until
    then not at all. ``knows``: the last of such invoices that was known as settled when this was told. ``carried``: lines
    of changes that are billed with the next bill, whichever that is (:mod:`goodstanding.core.carrying`).
    """

    subscription: str
    customer: str
    at: datetime
    status: str
    created_at: datetime
    currency: str
    items: tuple[ItemSeen, ...]
    anchor_at: datetime | None = None
    ends_at: datetime | None = None
    ended_at: datetime | None = None
    paused: bool = False
    resumes_at: datetime | None = None
    trial_ends_at: datetime | None = None
    rank: int = 1
    before: tuple[tuple[str, str], ...] = ()
    state: tuple[tuple[str, str], ...] = ()
    ours: bool = False
    time_zone: str = ""
    next_items: tuple[ItemSeen, ...] = ()
    once_paid: str = ""
    contract: Contract = Contract()
    next_contract: Contract | None = None
    pauses: tuple[PauseSpan, ...] = ()
    knows: str = ""
    carried: tuple[LineSeen, ...] = ()


@dataclass(frozen=True, slots=True)
class LineSeen:
    """A line of an invoice. ``kind``: ``regular``, ``proration``, ``prepaid`` (a term bought once, without a subscription),
    ``gift`` (a gift: money that is owed to whoever redeems it; below zero, a level that one paid for), or ``other`` (one-off items); the last two never cover.

    ``item`` and ``subscription`` are empty where the line names none; a prepaid line has an item of its own. ``amount_minor``
    is without tax, and after what the ``code`` took off the list price (``off_minor``); ``tax_minor`` comes beside it, by
    the rate ``tax_rate`` (basis points as an exact number, ``750`` or ``1995/2``) of ``tax``. ``said``: how it was reckoned.
    ``offs``: where several codes took something, what each did, in their order.
    """

    line: str
    kind: str
    amount_minor: int
    start: datetime
    end: datetime
    subscription: str = ""
    item: str = ""
    hints: PriceHints = PriceHints("")
    description: str = ""
    quantity: int = 1
    tax_minor: int = 0
    tax: str = ""
    tax_rate: str = ""
    off_minor: int = 0
    code: str = ""
    said: str = ""
    offs: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Ladder:
    """What is done about a bill of ours that could not be collected, as it was set when the bill was drawn up.

    ``again_after``: on which days after the first failure it is tried again, rising. ``at_end``: ``end`` (the bill is
    uncollectible, the subscription ends) or ``keep`` (the bill stays open, and nothing renews until it is paid).
    ``end_after``: on which day it ends, where that is not the day of the last try; of a bill that is paid by hand (``due_at``)
    days count from the one by which it was to be paid. ``silent``: of which steps no mail is
    written; the first failure is step 1, and each day of ``again_after`` one more. ``least_minor``: who owes less than this
    in the bill's currency, all overdue bills together, is left alone: not tried again, not written to, not ended.
    """

    again_after: tuple[int, ...] = (3, 5, 7)
    at_end: str = "end"
    end_after: int | None = None
    silent: tuple[int, ...] = ()
    least_minor: int = 0


@dataclass(frozen=True, slots=True)
class InvoiceSeen:
    """An invoice as it stood at ``at``.

    ``status``: draft, open, paid, void, uncollectible or deleted. ``due_minor``: what is asked for after credit.
    ``credit_minor``: what the customer's balance took over (positive) or received (negative) when it was finalised.
    ``elsewhere_minor``: what was paid of it without the gateway (in cash, by transfer).
    ``payments``: references of payments (intents, charges) that belong to it. ``ours``: drawn up by us and unknown to the
    gateway: it is settled by the payments that are tied to it, or at once where nothing is due. ``due_at``: until when it is
    to be paid. ``convention``: by which its prorations were reckoned. ``ladder``: what follows where one of ours is not paid.
    ``replaced_by``: the bill of ours that took the place of this one, which never settles (:mod:`goodstanding.core.replacing`).
    """

    invoice: str
    customer: str
    at: datetime
    status: str
    created_at: datetime
    currency: str
    total_minor: int
    due_minor: int
    paid_minor: int
    credit_minor: int = 0
    subscription: str = ""
    number: str = ""
    finalised_at: datetime | None = None
    settled_at: datetime | None = None
    closed_at: datetime | None = None
    lines: tuple[LineSeen, ...] = ()
    payments: tuple[str, ...] = ()
    elsewhere_minor: int = 0
    ours: bool = False
    due_at: datetime | None = None
    convention: str = ""
    ladder: Ladder = Ladder()
    replaced_by: str = ""

    @property
    def subscriptions(self) -> frozenset[str]:
        """Those of which it bills something: its own, and those of its lines (several levels joined at once)."""
        return frozenset({self.subscription, *(line.subscription for line in self.lines)} - {""})

    def bills(self, subscription: str) -> bool:
        """Return whether it bills something of a subscription."""
        return self.subscription == subscription or any(line.subscription == subscription for line in self.lines)


@dataclass(frozen=True, slots=True)
class InvoicePaymentFailed:
    """A try to pay this invoice failed at ``at``, for the reason ``failure``; ``retry`` as in :class:`PaymentSeen`."""

    invoice: str
    customer: str
    at: datetime
    failure: str = ""
    retry: str = ""


@dataclass(frozen=True, slots=True)
class PaymentSeen:
    """A payment (a charge) as it stood at ``at``. ``status``: succeeded, failed, pending, or undone (it never came: staff
    had written it down by mistake).

    ``intent``: the vendor's name for the attempt that this charge is part of. ``invoice``: where the payload names one.
    ``elsewhere``: how it came in without any gateway (``cash``, ``transfer``), as staff wrote it down, and ``reference`` what
    its receipt or the bank's statement says. ``retry``: what a failure says of the stored card that was charged while its
    owner was away: it may be charged again ``later``, or ``never``, or its ``owner`` must be there; empty where the payer was
    there (his slip of the pen says nothing of it).
    ``fee_minor``: what the gateway kept of it for its work, where it tells that (it may do so later).
    """

    payment: str
    at: datetime
    status: str
    amount_minor: int
    currency: str
    made_at: datetime
    customer: str = ""
    intent: str = ""
    invoice: str = ""
    refunded_minor: int = 0
    failure: str = ""
    elsewhere: str = ""
    retry: str = ""
    fee_minor: int = 0
    reference: str = ""


@dataclass(frozen=True, slots=True)
class PaymentLinked:
    """``one`` and ``other`` (references of an invoice, intent or charge) belong together."""

    one: str
    other: str
    at: datetime
    customer: str = ""


@dataclass(frozen=True, slots=True)
class RefundSeen:
    """Money given back. ``status``: pending, succeeded, failed or cancelled. ``payment``/``intent``: of what.

    ``elsewhere``: how it was given without any gateway, as staff wrote it down.
    """

    refund: str
    at: datetime
    status: str
    amount_minor: int
    currency: str
    made_at: datetime
    payment: str = ""
    intent: str = ""
    customer: str = ""
    elsewhere: str = ""


@dataclass(frozen=True, slots=True)
class DisputeSeen:
    """A dispute as it stood at ``at``. ``status``: open, won or lost. ``withdrawn``: the bank took the money for now.

    ``elsewhere``: how the payment had come in without any gateway, where staff wrote this down.
    """

    dispute: str
    at: datetime
    status: str
    amount_minor: int
    currency: str
    opened_at: datetime
    payment: str = ""
    intent: str = ""
    customer: str = ""
    withdrawn: bool = True
    elsewhere: str = ""


@dataclass(frozen=True, slots=True)
class CreditSeen:
    """An entry of a customer's balance with us: added once, never changed; what is wrong is set right by another one.

    ``amount_minor`` above zero is credit for the customer, below it is taken back. ``kind``: ``gift_card``, ``code`` (the
    rest of a code larger than the price), ``refund`` (given back as balance), ``paid`` (paid more than was asked for),
    ``moved`` (from or to another customer record of the same member) or ``adjustment`` (by staff). ``about``: what it came
    from, by reference. ``once_paid``: it counts from the moment that this invoice of ours is settled.
    """

    credit: str
    customer: str
    at: datetime
    amount_minor: int
    currency: str
    kind: str
    about: str = ""
    words: str = ""
    once_paid: str = ""


@dataclass(frozen=True, slots=True)
class AccessDecided:
    """What staff decided that giving back an invoice does to the coverage it bought: it ``ends``, or stays to its date.

    Told by ourselves with the refund; of several the latest counts.
    """

    invoice: str
    customer: str
    at: datetime
    ends: bool


@dataclass(frozen=True, slots=True)
class PriceSeen:
    """What the gateway's price list says of a price at ``at`` (no customer)."""

    at: datetime
    hints: PriceHints


@dataclass(frozen=True, slots=True)
class ProductSeen:
    """What the gateway's price list says of a product at ``at``: its name, and the level that its metadata names."""

    product: str
    at: datetime
    name: str = ""
    level: str = ""


Fact = (
    CustomerSeen
    | SubscriptionSeen
    | InvoiceSeen
    | InvoicePaymentFailed
    | PaymentSeen
    | PaymentLinked
    | RefundSeen
    | DisputeSeen
    | CreditSeen
    | AccessDecided
    | PriceSeen
    | ProductSeen
)
