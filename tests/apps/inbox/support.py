"""What tests of the inbox share: a secret, a small event of Stripe's, and its signature."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from stripe import WebhookSignature

SECRET = "whsec_0123456789abcdef"
URL = "/webhooks/stripe/stripe/"
LIVES = Path(__file__).parents[2] / "payloads" / "stripe" / "lives"


def event(name: str = "evt_alice", /, *, kind: str = "customer.created", livemode: bool = True, **thing: Any) -> bytes:
    """Return the body of an event of Stripe's about a customer, or about ``thing``."""
    told = {"object": "customer", "id": f"cus_{name}", "email": "alice@example.org", "livemode": livemode} | thing
    envelope = {"id": name, "object": "event", "type": kind, "created": 1_741_947_625, "livemode": livemode}
    return json.dumps({**envelope, "data": {"object": told}}).encode()


def signature(body: bytes, *, at: datetime, secret: str = SECRET) -> dict[str, str]:
    """Return the headers with which Stripe would send ``body``."""
    text = body.decode(errors="replace")
    header = WebhookSignature.generate_signature_header(text, secret, timestamp=int(at.timestamp()))
    return {"Stripe-Signature": header}
