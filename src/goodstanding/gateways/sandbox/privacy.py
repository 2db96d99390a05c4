"""What the sandbox's vendor holds about people. It is for trying: nobody's money, and mostly nobody's name."""

from __future__ import annotations

from goodstanding.core.privacy import Erase, Holding, NotPersonal

HOLDS = (
    Holding(
        model="Customer",
        fields=("email", "name"),
        why="As a gateway keeps them; blanked when the gateway is asked to forget the customer.",
        erase=Erase.BLANK,
        export=False,
    ),
    Holding(
        model="Message",
        fields=("body",),
        why="A webhook as it is sent; deleted after 30 days, one that says an e-mail when its customer is forgotten.",
        erase=Erase.DELETE,
        export=False,
    ),
)

NOT_PERSONAL: NotPersonal = {
    "Customer": ("id",),
    "Method": ("id", "token"),
    "Subscription": ("id", "plan", "next_plan"),
    "Invoice": ("id", "number", "currency", "lines"),
    "Payment": ("id", "reference", "description", "failure", "currency", "token", "page", "return_url"),
    "Refund": ("id",),
    "Dispute": ("id",),
    "Kept": ("key", "asked", "answer"),
    "Message": ("external_id", "type", "leased_by", "last_error"),
}
