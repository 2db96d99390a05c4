"""Devices' tokens: ``<device id>.<secret>``, of which a digest is kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets


def new_secret() -> str:
    """Return the secret part of a new token."""
    return secrets.token_urlsafe(32)


def token_digest(secret: str) -> str:
    """Return what is kept of a secret. 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def is_token(secret: str, *, kept: str) -> bool:
    """Tell, in constant time, whether this secret is the one whose digest is kept. No secret has an empty digest."""
    return hmac.compare_digest(kept.encode(), token_digest(secret).encode())
