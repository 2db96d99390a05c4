"""What each kind of mail is told in tests: everything that it may show, and each value findable in what it says."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

LINK = "https://members.example.org/me/?from=mail&x=1"
TOLD: dict[str, dict[str, Any]] = {
    "welcome": {
        "level": "Full <b>member</b>",
        "link": LINK,
        "covered_until": datetime(2026, 4, 4, tzinfo=UTC),
        "amount": "25.00 EUR",
        "next_charge_on": date(2026, 4, 4),
    },
    "receipt": {
        "number": "INV-31",
        "lines": [("Full <b>member</b>, March", "20.00 EUR"), ("Storage & shelf", "5.00 EUR")],
        "total": "25.00 EUR",
        "link": LINK,
        "paid_by": "card <i>4242</i>",
        "covered_until": datetime(2026, 4, 4, tzinfo=UTC),
    },
    "payment_failed": {
        "amount": "25.00 EUR",
        "reason": "The bank says <no>.",
        "link": LINK,
        "next_try_at": datetime(2026, 3, 7, 9, 0, tzinfo=UTC),
        "grace_until": datetime(2026, 3, 11, tzinfo=UTC),
        "then": "If nothing is paid <by> then, it ends.",
    },
    "staff_payment_failed": {
        "member": "Alice <Adams>",
        "number": "INV-31",
        "amount": "25.00 EUR",
        "reason": "The bank says <no>.",
        "link": LINK,
        "next_try_at": datetime(2026, 3, 7, 9, 0, tzinfo=UTC),
    },
    "card_expires": {
        "card": "Visa <b> 4242",
        "good_until": date(2026, 3, 31),
        "link": LINK,
        "next_charge_on": date(2026, 4, 4),
    },
    "grace_ends_soon": {"grace_until": datetime(2026, 3, 11, tzinfo=UTC), "amount": "25.00 EUR", "link": LINK},
    "lapsed": {"level": "Full <b>member</b>", "since": datetime(2026, 3, 11, 8, 0, tzinfo=UTC), "link": LINK},
    "cancelled": {
        "level": "Full <b>member</b>",
        "link": LINK,
        "covered_until": datetime(2026, 4, 4, 15, 30, tzinfo=UTC),
    },
    "refunded": {"amount": "25.00 EUR", "what_it_means": "You keep <all> of it.\nUntil May.", "link": LINK},
    "card_challenge": {
        "amount": "25.00 EUR",
        "link": LINK,
        "next_try_at": datetime(2026, 3, 7, 9, 0, tzinfo=UTC),
        "grace_until": datetime(2026, 3, 11, tzinfo=UTC),
        "then": "If nothing is paid <by> then, it ends.",
    },
    "gift_level": {
        "payer": "Alice & <b>Ash</b>",
        "person": "Bob <b>Birch</b>",
        "level": "Full <b>member</b>",
        "term": "6 months",
        "code": "ABCD-EFGH-JKMN-PQRS",
        "message": "All <b>the</b> best",
        "until": datetime(2026, 3, 16, tzinfo=UTC),
        "link": LINK,
    },
    "gift_card": {
        "payer": "Alice & <b>Ash</b>",
        "person": "Bob <b>Birch</b>",
        "amount": "50.00 EUR",
        "code": "ABCD-EFGH-JKMN-PQRS",
        "message": "All <b>the</b> best",
        "until": datetime(2026, 3, 16, tzinfo=UTC),
        "link": LINK,
    },
    "seat_invited": {
        "payer": "The <b>Ash</b> household",
        "level": "Full <b>member</b>",
        "until": datetime(2026, 3, 16, tzinfo=UTC),
        "link": LINK,
    },
    "seat_accepted": {"person": "Bob & <b>Birch</b>", "level": "Full <b>member</b>", "link": LINK},
    "seat_ended": {
        "payer": "The <b>Ash</b> household",
        "level": "Full <b>member</b>",
        "since": datetime(2026, 3, 11, 8, 0, tzinfo=UTC),
        "link": LINK,
    },
    "paid_up": {
        "level": "Full <b>member</b>",
        "covered_until": datetime(2026, 3, 16, tzinfo=UTC),
        "what_it_means": "You keep <it>.",
        "link": LINK,
    },
    "seats_fewer": {"people": "Bob <b>Birch</b>, Charlie", "level": "Full <b>member</b>", "link": LINK},
    "invoice": {
        "number": "INV-32",
        "total": "25.00 EUR",
        "due_on": date(2026, 3, 31),
        "instructions": "Transfer to <IBAN>\nor pay at the desk.",
        "link": LINK,
    },
    "payment_reminder": {
        "number": "INV-32",
        "total": "25.00 EUR",
        "due_on": date(2026, 3, 31),
        "instructions": "Transfer to <IBAN>\nor pay at the desk.",
        "link": LINK,
    },
    "payment_overdue": {
        "number": "INV-32",
        "total": "25.00 EUR",
        "due_on": date(2026, 3, 31),
        "instructions": "Transfer to <IBAN>\nor pay at the desk.",
        "what_it_means": "Your access <ends>.",
        "link": LINK,
    },
    "part_paid": {
        "number": "INV-32",
        "amount": "10.00 EUR",
        "total": "15.00 EUR",
        "due_on": date(2026, 3, 31),
        "link": LINK,
    },
    "invoice_withdrawn": {"number": "INV-32", "total": "25.00 EUR", "link": LINK},
}
# What of it must be found in the text, beside the link; and the subject.
SAYS: dict[str, tuple[str, ...]] = {
    "welcome": (
        "Welcome to Goodstanding",
        "Full <b>member</b>",
        "until the end of April 3, 2026",
        "25.00 EUR will be charged on April 4, 2026",
    ),
    "receipt": (
        "Receipt INV-31: 25.00 EUR",
        "- Full <b>member</b>, March: 20.00 EUR\n- Storage & shelf: 5.00 EUR\nTotal: 25.00 EUR",
        "Paid by: card <i>4242</i>",
        "until the end of April 3, 2026",
    ),
    "payment_failed": (
        "Your payment of 25.00 EUR did not go through",
        "The bank says <no>.",
        "keep your access until the end of March 10, 2026",
        "try again on March 7, 2026",
        "If nothing is paid <by> then",
    ),
    "staff_payment_failed": (
        "25.00 EUR of Alice <Adams> could not be charged",
        "Invoice INV-31",
        "The bank says <no>.",
        "tried again on March 7, 2026",
    ),
    "card_expires": (
        "Your card Visa <b> 4242 expires soon",
        "good until March 31, 2026",
        "The next charge is due on April 4, 2026",
    ),
    "grace_ends_soon": (
        "Your access ends soon: 25.00 EUR is still to be paid",
        "until the end of March 10, 2026",
    ),
    "lapsed": ("Your membership at Goodstanding has ended", "Full <b>member</b> lapsed on March 11, 2026"),
    "cancelled": ("Your membership Full <b>member</b> is cancelled", "until April 4, 2026, 3:30 p.m."),
    "refunded": ("We have given back 25.00 EUR", "You keep <all> of it.\nUntil May."),
    "card_challenge": (
        "Please approve your payment of 25.00 EUR",
        "keep your access until the end of March 10, 2026",
        "not paid on March 7, 2026, we ask again",
        "If nothing is paid <by> then",
    ),
    "gift_level": (
        "Alice & <b>Ash</b> gives you Full <b>member</b> at Goodstanding",
        "For Bob <b>Birch</b>: Alice & <b>Ash</b> gives you Full <b>member</b> at Goodstanding: 6 months.",
        "ABCD-EFGH-JKMN-PQRS",
        "All <b>the</b> best",
        "Redeem it until the end of March 15, 2026",
    ),
    "gift_card": (
        "Alice & <b>Ash</b> gives you 50.00 EUR at Goodstanding",
        "For Bob <b>Birch</b>: Alice & <b>Ash</b> gives you a gift card of 50.00 EUR at Goodstanding.",
        "ABCD-EFGH-JKMN-PQRS",
        "All <b>the</b> best",
        "Redeem it until the end of March 15, 2026",
    ),
    "seat_invited": (
        "The <b>Ash</b> household invites you to Goodstanding",
        "gives you a place in it: Full <b>member</b>",
        "works until the end of March 15, 2026",
    ),
    "seat_accepted": (
        "Bob & <b>Birch</b> has taken a seat in your membership",
        "a member through you now: Full <b>member</b>",
    ),
    "seat_ended": ("Your place through The <b>Ash</b> household has ended", "It ended on March 11, 2026"),
    "paid_up": (
        "Your membership Full <b>member</b> is paid in full",
        "nothing more will be charged for it",
        "Until the end of March 15, 2026 you keep your access",
    ),
    "seats_fewer": ("There are fewer seats in your membership now", "have been told: Bob <b>Birch</b>, Charlie."),
    "invoice": (
        "Invoice INV-32: 25.00 EUR, to be paid by March 31, 2026",
        "Transfer to <IBAN>\nor pay at the desk.",
    ),
    "payment_reminder": (
        "Invoice INV-32: please pay 25.00 EUR by March 31, 2026",
        "25.00 EUR is still to be paid, by March 31, 2026",
        "Transfer to <IBAN>\nor pay at the desk.",
    ),
    "payment_overdue": (
        "Invoice INV-32 is overdue: 25.00 EUR",
        "was to be paid by March 31, 2026",
        "Transfer to <IBAN>\nor pay at the desk.",
        "Your access <ends>.",
    ),
    "part_paid": (
        "We have received 10.00 EUR for invoice INV-32",
        "15.00 EUR of it is still to be paid",
        "the rest by March 31, 2026",
    ),
    "invoice_withdrawn": ("Invoice INV-32 is withdrawn: it was not paid", "You owe nothing"),
}
