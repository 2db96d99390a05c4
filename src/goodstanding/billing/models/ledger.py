"""What was told (:class:`Fact`), what it comes to (:class:`ObjectState`), and the ledger that follows from it.

Facts are only ever added. The rows of the ledger (subscriptions, invoices, payments, refunds, disputes) are what the
facts say, one row an object, with ids derived from (gateway account, external id): a replay gives the same rows.
Transfers are the journal: added once, never changed.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from goodstanding.billing.models.pausing import Pausable
from goodstanding.gateways.models import GatewayAccount
from goodstanding.people.models import Member

ID = 40  # characters of a public id


class Account(models.Model):
    """Who owes and pays. One currency, fixed at its first invoice."""

    id = models.CharField(max_length=ID, primary_key=True)
    member = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, blank=True, related_name="accounts")
    currency = models.CharField(max_length=3, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return self.id


class GatewayCustomer(models.Model):
    """A customer record at a gateway. ``ours``: it holds something that stands for a level.

    Who holds nothing of ours is recognised, counted and left alone: no account, no member. ``wanted``: make a member of
    it as soon as it holds something of ours. ``unresolved``: it holds a price that stands for no level we know (yet).
    ``placed``: a digest of the memberships as last written. ``method``: the stored card that renewals are charged to;
    ``card_label``, ``card_last4`` and ``card_good_before``: that card as people know it, and the first day on which it is
    good no more, where its gateway says so. Never a number.
    """

    id = models.CharField(max_length=ID, primary_key=True)
    gateway_account = models.ForeignKey(GatewayAccount, on_delete=models.PROTECT, related_name="customers")
    external_id = models.CharField(max_length=255)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, blank=True, related_name="customers")
    member = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, blank=True, related_name="customers")
    email = models.EmailField(blank=True)
    name = models.CharField(max_length=200, blank=True)
    wanted = models.BooleanField(default=False)
    ours = models.BooleanField(default=False)
    unresolved = models.BooleanField(default=False)
    placed = models.CharField(max_length=64, blank=True, editable=False)
    method = models.CharField(max_length=255, blank=True, editable=False)
    card_label = models.CharField(max_length=40, blank=True, editable=False)
    card_last4 = models.CharField(max_length=4, blank=True, editable=False)
    card_good_before = models.DateField(null=True, blank=True, editable=False)

    class Meta:
        ordering: ClassVar = ["gateway_account", "external_id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["gateway_account", "external_id"], name="gs_billing_customer_once"),
            models.UniqueConstraint(
                fields=["member", "gateway_account"],
                condition=Q(member__isnull=False),
                name="gs_billing_customer_per_member",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["gateway_account", "id"], condition=Q(unresolved=True), name="gs_billing_unresolved"),
            models.Index(
                fields=["card_good_before", "id"],
                condition=Q(card_good_before__isnull=False),
                name="gs_billing_card_expires",
            ),
        ]

    def __str__(self) -> str:
        return self.external_id


class Fact(models.Model):
    """Something that happened, as it was told. ``body``: :mod:`goodstanding.core.codec`'s form of it.

    ``happened_at``: the teller's own moment. ``recorded_at``: when it came into these records, and doors knew. ``event``:
    the public id of the event that told it; its body may be purged, this stays. ``customer`` is empty for the price list,
    and until it is known whose a refund or dispute is.
    """

    id = models.CharField(max_length=ID, primary_key=True)
    gateway_account = models.ForeignKey(GatewayAccount, on_delete=models.PROTECT, related_name="facts")
    customer = models.ForeignKey(GatewayCustomer, on_delete=models.PROTECT, null=True, blank=True, related_name="facts")
    kind = models.CharField(max_length=20)
    ref = models.CharField(max_length=520)
    happened_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    event = models.CharField(max_length=ID, db_index=True)
    body = models.JSONField()

    class Meta:
        ordering: ClassVar = ["happened_at", "id"]
        indexes: ClassVar = [
            models.Index(fields=["customer", "recorded_at"], name="gs_billing_fact_customer"),
            models.Index(
                fields=["gateway_account", "kind"], condition=Q(customer=None), name="gs_billing_fact_nobodys"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.ref}"


class ObjectState(models.Model):
    """What all facts of one object come to (:func:`goodstanding.core.fold.condense`), kept so that intake need not
    read them all again. ``links``: two references by which a refund or dispute finds the customer whose it is.
    """

    id = models.CharField(max_length=ID, primary_key=True)
    gateway_account = models.ForeignKey(GatewayAccount, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey(
        GatewayCustomer, on_delete=models.PROTECT, null=True, blank=True, related_name="objects_told"
    )
    kind = models.CharField(max_length=20)
    ref = models.CharField(max_length=520)
    link_one = models.CharField(max_length=255, blank=True)
    link_two = models.CharField(max_length=255, blank=True)
    facts = models.JSONField()

    class Meta:
        ordering: ClassVar = ["gateway_account", "kind", "ref"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["gateway_account", "kind", "ref"], name="gs_billing_object_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["gateway_account", "ref"], name="gs_billing_object_ref"),
            models.Index(
                fields=["gateway_account", "link_one"], condition=~Q(link_one=""), name="gs_billing_object_one"
            ),
            models.Index(
                fields=["gateway_account", "link_two"], condition=~Q(link_two=""), name="gs_billing_object_two"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.ref}"


class External(models.Model):
    """What every object of a gateway has: its account there, its id there (once), and whose it is here."""

    id = models.CharField(max_length=ID, primary_key=True)
    gateway_account = models.ForeignKey(GatewayAccount, on_delete=models.PROTECT, related_name="+")
    external_id = models.CharField(max_length=255)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="%(class)ss")

    class Meta:
        abstract = True
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["gateway_account", "external_id"], name="gs_billing_%(class)s_once")
        ]

    def __str__(self) -> str:
        return self.external_id


class Subscription(Pausable, External):
    """The contract that renews and pays for memberships through its items. ``status`` is shown, never asked for access."""

    class BilledBy(models.TextChoices):
        """Whose clock renews it."""

        GATEWAY = "gateway"
        US = "us"

    customer = models.ForeignKey(GatewayCustomer, on_delete=models.PROTECT, related_name="subscriptions")
    billed_by = models.CharField(max_length=8, choices=BilledBy.choices, default=BilledBy.GATEWAY)
    status = models.CharField(max_length=20)
    currency = models.CharField(max_length=3)
    begun_at = models.DateTimeField()
    anchor_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta(External.Meta):
        ordering: ClassVar = ["begun_at", "id"]


class SubscriptionItem(models.Model):
    """One thing that a subscription renews. ``level`` is empty for what gives no membership (a donation, a locker)."""

    id = models.CharField(max_length=ID, primary_key=True)
    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="items")
    external_id = models.CharField(max_length=270)
    price = models.CharField(max_length=255)
    quantity = models.PositiveIntegerField(default=1)
    amount_minor = models.BigIntegerField(null=True, blank=True)
    interval = models.CharField(max_length=8, blank=True)
    interval_count = models.PositiveSmallIntegerField(default=1)
    is_current = models.BooleanField(default=True)
    is_extra = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar = ["subscription", "external_id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["subscription", "external_id"], name="gs_billing_item_once")
        ]

    def __str__(self) -> str:
        return self.external_id


class Invoice(External):
    """A bill. ``settled_at``: from when nothing was due any more, however it was paid; a refund never unsets it.

    ``total_minor`` includes ``tax_minor``. ``convention``: by which its prorations were reckoned. ``posted_at``: when it
    came into the books, once it was no draft any more. ``given_up_at``: when it was called uncollectible.
    """

    subscription = models.CharField(max_length=255, blank=True)  # its external id
    number = models.CharField(max_length=100, blank=True)
    status = models.CharField(max_length=16)
    currency = models.CharField(max_length=3)
    total_minor = models.BigIntegerField()
    due_minor = models.BigIntegerField()
    paid_minor = models.BigIntegerField()
    credit_minor = models.BigIntegerField(default=0)
    tax_minor = models.BigIntegerField(default=0)
    issued_at = models.DateTimeField()
    posted_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    given_up_at = models.DateTimeField(null=True, blank=True)
    convention = models.CharField(max_length=100, blank=True)

    class Meta(External.Meta):
        ordering: ClassVar = ["issued_at", "id"]
        indexes: ClassVar = [
            models.Index(fields=["account", "issued_at"], name="gs_billing_invoice_account"),
            models.Index(fields=["issued_at", "id"], name="gs_billing_invoice_latest"),
            models.Index(
                fields=["issued_at", "id"],
                condition=Q(status="open", settled_at=None),
                name="gs_billing_invoice_open",
            ),
        ]


class InvoiceLine(models.Model):
    """What a bill is for. ``kind``: regular (an item's own period), proration (a change's money), prepaid, gift or other.

    The period is ``[start_at, end_at)``. ``amount_minor`` is without tax and after what a ``code`` took off
    (``off_minor``); ``tax_minor`` comes beside it. ``said``: how it was reckoned.
    """

    id = models.CharField(max_length=ID, primary_key=True)
    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="lines")
    external_id = models.CharField(max_length=255)
    kind = models.CharField(max_length=12)
    item = models.CharField(max_length=270, blank=True)
    price = models.CharField(max_length=255, blank=True)
    amount_minor = models.BigIntegerField()
    quantity = models.PositiveIntegerField(default=1)
    start_at = models.DateTimeField()
    end_at = models.DateTimeField()
    description = models.CharField(max_length=300, blank=True)
    tax_minor = models.BigIntegerField(default=0)
    tax = models.CharField(max_length=80, blank=True)
    off_minor = models.BigIntegerField(default=0)
    code = models.CharField(max_length=255, blank=True)  # several with a blank between two
    offs = models.CharField(max_length=120, blank=True)  # of several what each took, in minor units
    said = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering: ClassVar = ["invoice", "start_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["invoice", "external_id"], name="gs_billing_line_once"),
        ]

    def __str__(self) -> str:
        return self.description or self.external_id


class Payment(External):
    """Money that came in, or was tried for. ``invoice`` is empty where nothing says which it paid (yet).

    ``elsewhere``: how it came in by hand, ``reference`` what its receipt or the bank's statement says; a payment that was
    written down by mistake is ``undone``.
    ``fee_minor``: what the gateway kept of it, 0 where it tells no fee.
    """

    invoice = models.CharField(max_length=255, blank=True)  # its external id
    status = models.CharField(max_length=12)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    made_at = models.DateTimeField()
    failure = models.CharField(max_length=100, blank=True)
    fee_minor = models.BigIntegerField(default=0)
    elsewhere = models.CharField(max_length=20, blank=True)
    reference = models.CharField(max_length=200, blank=True)

    class Meta(External.Meta):
        ordering: ClassVar = ["made_at", "id"]
        constraints: ClassVar = [
            *External.Meta.constraints,
            models.CheckConstraint(condition=Q(amount_minor__gte=0), name="gs_billing_payment_positive"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["made_at", "id"], name="gs_billing_payment_latest"),
            models.Index(fields=["made_at", "id"], condition=Q(status="failed"), name="gs_billing_payment_failed"),
        ]

    @property
    def net_minor(self) -> int:
        """What is left of it after the gateway's fee."""
        return self.amount_minor - self.fee_minor


class Refund(External):
    """Money that was given back, until it failed at ``failed_at``."""

    payment = models.CharField(max_length=255, blank=True)  # its external id
    invoice = models.CharField(max_length=255, blank=True)
    status = models.CharField(max_length=12)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    made_at = models.DateTimeField()
    failed_at = models.DateTimeField(null=True, blank=True)

    class Meta(External.Meta):
        ordering: ClassVar = ["made_at", "id"]
        constraints: ClassVar = [
            *External.Meta.constraints,
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="gs_billing_refund_positive"),
        ]


class Dispute(External):
    """A payment that its payer contests at the bank."""

    payment = models.CharField(max_length=255, blank=True)
    invoice = models.CharField(max_length=255, blank=True)
    status = models.CharField(max_length=8)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta(External.Meta):
        ordering: ClassVar = ["opened_at", "id"]


class BalanceEntry(External):
    """An entry of a customer's balance with us: added once, never changed. Above zero it is credit for the customer."""

    kind = models.CharField(max_length=12)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    made_at = models.DateTimeField()
    about = models.CharField(max_length=255, blank=True)
    words = models.CharField(max_length=300, blank=True)

    class Meta(External.Meta):
        ordering: ClassVar = ["made_at", "id"]
        constraints: ClassVar = [
            *External.Meta.constraints,
            models.CheckConstraint(condition=~Q(amount_minor=0), name="gs_billing_balanceentry_something"),
        ]
        verbose_name_plural = "balance entries"


class Transfer(models.Model):
    """One move of money in the books: from one account of the chart to one other. Debits equal credits by its shape (I5).

    ``key`` says of which object it is which move; each happens once.
    """

    id = models.CharField(max_length=ID, primary_key=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="transfers")
    key = models.CharField(max_length=300)
    debit = models.CharField(max_length=40)
    credit = models.CharField(max_length=40)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    happened_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["happened_at", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="gs_billing_transfer_positive"),
            models.CheckConstraint(condition=~Q(debit=F("credit")), name="gs_billing_transfer_two_sides"),
        ]
        indexes: ClassVar = [models.Index(fields=["account", "happened_at"], name="gs_billing_transfer_account")]

    def __str__(self) -> str:
        return f"{self.debit} > {self.credit} {self.amount_minor} {self.currency}"
