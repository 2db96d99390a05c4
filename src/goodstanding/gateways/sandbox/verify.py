"""Did the sandbox sign this? A stamp in whole seconds and an HMAC-SHA256 of stamp, point and body, as it came."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from goodstanding.gateways.messages import header
from goodstanding.gateways.protocol import BadSignature

SIGNATURE_HEADER = "Sandbox-Signature"
TOLERANCE_SECONDS = 300

_STAMPED = re.compile(r"t=(?P<stamp>[0-9]{1,12})(?P<rest>(?:,v[0-9]=[0-9a-f]{1,128})+)")


def check(body: bytes, headers: Mapping[str, str], *, secrets: Sequence[str], now: datetime) -> None:
    """Return if one of ``secrets`` signed ``body`` within :data:`TOLERANCE_SECONDS` of ``now``; else ``BadSignature``."""
    usable = [secret for secret in secrets if secret.strip()]
    if not usable:
        raise BadSignature("no_secret", "This account has no webhook secret.")
    found = _STAMPED.fullmatch(header(headers, SIGNATURE_HEADER))
    given = [part[3:] for part in found["rest"].split(",") if part.startswith("v1=")] if found else []
    if found is None or not any(_signed_by(secret, found["stamp"], body, given) for secret in usable):
        raise BadSignature("unverified", "The signature does not fit the body.")
    age_seconds = now.timestamp() - int(found["stamp"])
    if age_seconds > TOLERANCE_SECONDS:
        raise BadSignature("stale", "The signature is too old.")
    if age_seconds < -TOLERANCE_SECONDS:
        raise BadSignature("far_future", "The signature is dated in the future.")


def _signed_by(secret: str, stamp: str, body: bytes, given: Sequence[str]) -> bool:
    wanted = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return any(hmac.compare_digest(wanted, each) for each in given)
