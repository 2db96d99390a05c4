"""What this app holds about people: what gateways told of them, and what they owed and paid.

E-mail and name stand in the facts of the kind ``customer`` alone. Those of customers who hold nothing of ours are taken
out after 90 days (:func:`goodstanding.billing.services.forget_strangers`).
"""

from __future__ import annotations

from goodstanding.core.privacy import Erase, Holding, NotPersonal

_LEDGER = (
    "The ledger: what was owed and paid must be shown for years, to whom it was billed by the gateway's names alone."
)

HOLDS = (
    Holding(
        model="GatewayCustomer",
        fields=("email", "name"),
        why="The first ones that the gateway told: staff find a payer by them, and a member is made of them.",
        erase=Erase.BLANK,
        export=True,
    ),
    Holding(
        model="GatewayCustomer",
        fields=("external_id",),
        why="The gateway's name for the person. Without it nothing that it tells later could be set right.",
        erase=Erase.KEEP,
        export=True,
    ),
    Holding(
        model="Fact",
        fields=("body",),
        why="What the gateway told; e-mail and name (of a customer) go, amounts, periods and moments stay for the ledger.",
        erase=Erase.BLANK,
        export=True,
    ),
    Holding(
        model="ObjectState",
        fields=("facts",),
        why="The same facts, gathered by the thing they tell of, for quick reading; what goes there goes here.",
        erase=Erase.BLANK,
        export=False,
    ),
    Holding(model="InvoiceLine", fields=("description", "said"), why=_LEDGER, erase=Erase.KEEP, export=True),
    Holding(
        model="Invoice",
        fields=("number", "total_minor", "due_minor", "paid_minor", "credit_minor", "issued_at", "settled_at"),
        why=_LEDGER,
        erase=Erase.KEEP,
        export=True,
    ),
    Holding(
        model="BalanceEntry", fields=("amount_minor", "made_at", "words"), why=_LEDGER, erase=Erase.KEEP, export=True
    ),
    Holding(model="Payment", fields=("amount_minor", "made_at", "failure"), why=_LEDGER, erase=Erase.KEEP, export=True),
    Holding(
        model="Payment",
        fields=("elsewhere", "reference"),
        why="How something was paid by hand, and what the receipt or the bank's statement says, which may name its payer.",
        erase=Erase.BLANK,
        export=True,
    ),
    Holding(
        model="BankStatement",
        fields=("lines", "name"),
        why="What the bank wrote, names of payers too, until staff have said what it pays; forgotten after 30 days.",
        erase=Erase.KEEP,
        export=False,
    ),
    Holding(
        model="GiftCard",
        fields=("from_name", "to_name", "to_email", "message", "code"),
        why="Who gives what to whom, with which words; the code is kept so that the card can be sent again.",
        erase=Erase.BLANK,
        export=True,
    ),
    Holding(model="Refund", fields=("amount_minor", "made_at"), why=_LEDGER, erase=Erase.KEEP, export=True),
    Holding(model="Dispute", fields=("amount_minor", "opened_at"), why=_LEDGER, erase=Erase.KEEP, export=True),
    Holding(
        model="GatewayCustomer",
        fields=("method",),
        why="The gateway's name for the card that pays renewals; the card itself is the gateway's alone.",
        erase=Erase.BLANK,
        export=False,
    ),
    Holding(
        model="GatewayCustomer",
        fields=("card_label", "card_last4", "card_good_before"),
        why="How people know that card, and until when it is good: to write to its owner in time. Never its number.",
        erase=Erase.BLANK,
        export=True,
    ),
    Holding(
        model="PaymentAttempt",
        fields=("amount_minor", "begun_at", "failure", "method", "page"),
        why="Each try to have something paid: to charge it once, and to say what became of it.",
        erase=Erase.KEEP,
        export=True,
    ),
    Holding(
        model="Errand",
        fields=("amount_minor", "asked_at", "failure"),
        why="What a gateway was asked to do, such as to give money back, and what became of it.",
        erase=Erase.KEEP,
        export=True,
    ),
)

NOT_PERSONAL: NotPersonal = {
    "Account": ("id", "currency"),
    "GatewayCustomer": ("id", "placed"),
    "Fact": ("id", "event", "kind", "ref"),
    "ObjectState": ("id", "kind", "ref", "link_one", "link_two"),
    "Subscription": ("id", "external_id", "status", "currency"),
    "SubscriptionItem": ("id", "external_id", "price", "interval"),
    "Invoice": ("id", "external_id", "subscription", "status", "currency", "convention"),
    "InvoiceLine": ("id", "external_id", "kind", "item", "price", "tax", "code", "offs"),
    "Payment": ("id", "external_id", "invoice", "status", "currency"),
    "Refund": ("id", "external_id", "payment", "invoice", "status", "currency"),
    "Dispute": ("id", "external_id", "payment", "invoice", "status", "currency"),
    "BalanceEntry": ("id", "external_id", "kind", "currency", "about"),
    "GiftCard": ("id", "page", "invoice", "currency"),
    "GiftOffer": ("currency", "choices"),
    "Transfer": ("id", "key", "debit", "credit", "currency"),
    "PaymentAttempt": ("id", "key", "pays_for", "currency", "ref", "leased_by", "last_error"),
    "Errand": ("id", "key", "target", "currency", "wish", "leased_by", "last_error"),
    "Turn": ("leased_by", "last_error"),
    "Counter": ("name",),
    "DunningPolicy": ("days", "counted", "at_end", "silent", "least"),
    "BankStatement": ("id",),
    "BankLine": ("digest", "payment"),
    "Reminder": ("invoice",),
}
