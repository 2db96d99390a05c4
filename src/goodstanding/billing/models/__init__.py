"""The ledger (what happened) and the intents (what we want to happen): the tables of money."""

from goodstanding.billing.models.byhand import BankLine, BankStatement, Reminder
from goodstanding.billing.models.dunning import DunningPolicy
from goodstanding.billing.models.gifts import GiftCard, GiftOffer
from goodstanding.billing.models.intents import Counter, Errand, PaymentAttempt, Turn
from goodstanding.billing.models.ledger import (
    ID,
    Account,
    BalanceEntry,
    Dispute,
    External,
    Fact,
    GatewayCustomer,
    Invoice,
    InvoiceLine,
    ObjectState,
    Payment,
    Refund,
    Subscription,
    SubscriptionItem,
    Transfer,
)

__all__ = [
    "ID",
    "Account",
    "BalanceEntry",
    "BankLine",
    "BankStatement",
    "Counter",
    "Dispute",
    "DunningPolicy",
    "Errand",
    "External",
    "Fact",
    "GatewayCustomer",
    "GiftCard",
    "GiftOffer",
    "Invoice",
    "InvoiceLine",
    "ObjectState",
    "Payment",
    "PaymentAttempt",
    "Refund",
    "Reminder",
    "Subscription",
    "SubscriptionItem",
    "Transfer",
    "Turn",
]
