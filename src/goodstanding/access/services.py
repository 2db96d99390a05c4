"""Visitors: who asks, and what is stored of his standing; known by his log-in here, or elsewhere by his pass."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core import signing
from django.db import transaction
from django.utils.crypto import constant_time_compare
from django.utils.module_loading import import_string

from goodstanding import conf
from goodstanding.access.models import Pass
from goodstanding.core.access import Decision, Document, Rule, decide
from goodstanding.memberships.models import MemberStanding

_SIGNER = "goodstanding.access.pass"  # the salt: nothing else that this site signs passes for a pass


@dataclass(slots=True)
class Visitor:
    """Somebody at one moment. Made once for a request and dropped with it; each rule is decided once."""

    now: datetime
    logged_in: bool = False
    member: str = ""
    outlook: Sequence[Document] | None = None
    _decided: dict[Rule, Decision] = field(default_factory=dict)

    def decide(self, rule: Rule) -> Decision:
        """Return whether ``rule`` lets this visitor in."""
        found = self._decided.get(rule)
        if found is None:
            found = self._decided[rule] = decide(self.outlook, rule, now=self.now, logged_in=self.logged_in)
        return found


def visitor_of(user: Any, *, now: datetime) -> Visitor:
    """Return the visitor who is logged in as ``user``: one query, whatever the length of his history; none for nobody."""
    if not user.is_authenticated:
        return Visitor(now)
    row = MemberStanding.objects.filter(member__user=user.pk).values_list("member_id", "outlook").first()
    member, outlook = row or ("", None)
    return Visitor(now, logged_in=True, member=member, outlook=outlook)


def visitor_with(token: str, *, now: datetime) -> Visitor:
    """Return the visitor who shows a pass: nobody, where it is not one of ours, or not good any more.

    What is not signed by us costs no query. A good one costs two: the pass with all that hangs on it, and whether its
    session is still there.
    """
    key = _opened(token)
    try:
        held = Pass.objects.with_standing().get(pk=key) if key else None
    except Pass.DoesNotExist:
        held = None
    if held is None or not _good(held):
        return Visitor(now)
    member = getattr(held.user, "gs_member", None)
    standing = getattr(member, "standing", None)
    outlook = standing.outlook if standing else None
    return Visitor(now, logged_in=True, member=member.pk if member else "", outlook=outlook)


def pass_for(user: Any, *, session_key: str, now: datetime) -> str:
    """Return a token for the pass of a log-in, which is made where there is none.

    Of the user's passes those go then that are older than a session lives.
    """
    held = Pass.objects.filter(session_key=session_key).first()
    stamp = user.get_session_auth_hash()
    if held is None or held.user_id != user.pk or held.password_stamp != stamp:
        oldest = now - timedelta(seconds=conf.session_seconds())
        fresh = {"id": secrets.token_urlsafe(32), "user": user, "password_stamp": stamp, "made_at": now}
        with transaction.atomic():
            if held is not None:
                held.delete()
            Pass.objects.made_before(oldest, user=user).delete()
            held, _ = Pass.objects.get_or_create(session_key=session_key, defaults=fresh)
    return signing.TimestampSigner(salt=_SIGNER).sign(held.pk)


def _opened(token: str) -> str:
    """Return the id of the pass that we signed as ``token`` no longer ago than a session lives, or nothing."""
    try:
        return signing.TimestampSigner(salt=_SIGNER).unsign(token, max_age=conf.session_seconds())
    except signing.BadSignature:
        return ""


def _good(held: Pass) -> bool:
    user: Any = held.user
    return (
        getattr(user, "is_active", True)
        and constant_time_compare(held.password_stamp, user.get_session_auth_hash())
        and import_string(f"{conf.session_engine()}.SessionStore")().exists(held.session_key)
    )
