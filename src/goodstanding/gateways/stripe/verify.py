"""Did Stripe sign this? By the official SDK's own routine, but with the time as an argument and bounded on both sides."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from stripe import SignatureVerificationError, WebhookSignature

from goodstanding.gateways.protocol import BadSignature

TOLERANCE_SECONDS = 300


def check(body: bytes, header: str, *, secrets: Sequence[str], now: datetime) -> None:
    """Return if one of ``secrets`` signed ``body`` within :data:`TOLERANCE_SECONDS` of ``now``; else raise ``BadSignature``.

    Blank secrets count as none: with no other one the code is ``no_secret``.
    """
    usable = [secret for secret in secrets if secret.strip()]
    if not usable:
        raise BadSignature("no_secret", "This account has no webhook secret.")
    if not any(_signed_by(secret, body, header) for secret in usable):
        raise BadSignature("unverified", "The signature does not fit the body.")
    age_seconds = now.timestamp() - _stamp(header)
    if age_seconds > TOLERANCE_SECONDS:
        raise BadSignature("stale", "The signature is too old.")
    if age_seconds < -TOLERANCE_SECONDS:
        raise BadSignature("far_future", "The signature is dated in the future.")


def _signed_by(secret: str, body: bytes, header: str) -> bool:
    # The SDK reads the wall clock and bounds only the past; without a tolerance it leaves the stamp to us.
    try:
        return bool(WebhookSignature.verify_header(body, header, secret, tolerance=None))
    except (SignatureVerificationError, UnicodeError):
        return False


def _stamp(header: str) -> int:
    """Return the stamp that the SDK has just found signed: of several, the first."""
    for item in header.split(","):
        name, _, value = item.partition("=")
        if name == "t":
            try:
                return int(value)
            except ValueError:
                break
    raise BadSignature("unverified", "The signature carries no moment.")
