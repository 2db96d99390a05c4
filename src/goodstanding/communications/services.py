"""Posting mails, sending them, and trying again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from goodstanding import conf
from goodstanding.communications import kinds, rendering, sending
from goodstanding.communications.models import ABOUT_LENGTH, ADDRESS_LENGTH, KEY_LENGTH, NAME_LENGTH, Mail
from goodstanding.core.ids import derived
from goodstanding.jobs import lease

log = logging.getLogger(__name__)

# Fewer than of other work: a slow mail server must not hold up payments, nor leases run out behind it.
BATCH = 5


def post(
    kind: str,
    *,
    key: str,
    to: str,
    context: Mapping[str, Any],
    now: datetime,
    name: str = "",
    language: str = "",
    about: str = "",
) -> bool:
    """Have a mail of ``kind`` sent to ``to``; return whether it is a new one. The same ``key`` again changes nothing.

    Joins the caller's transaction; a worker sends it after the commit. What ``context`` has to hold stands in
    :data:`goodstanding.communications.kinds.KINDS`; :class:`kinds.UnknownKind` and :class:`kinds.BadContext` are bugs of
    the caller. An address to which nothing can be sent is no reason to fail: nobody is written to where there is none,
    and the mail is given up on at once, for staff to see, where it is wrong. ``key`` and ``about`` hold ids, never
    anything personal.
    """
    mail = written(kind, key=key, to=to, context=context, now=now, name=name, language=language, about=about)
    return mail is not None and Mail.objects.insert_new([mail]) == 1


def written(
    kind: str,
    *,
    key: str,
    to: str,
    context: Mapping[str, Any],
    now: datetime,
    name: str = "",
    language: str = "",
    about: str = "",
) -> Mail | None:
    """Return the mail that :func:`post` would post, unsaved, for those who post many at once; ``None``: to nobody."""
    assert key, kind
    assert len(key) <= KEY_LENGTH, key
    assert len(about) <= ABOUT_LENGTH, about
    words = rendering.render(kind, context, name=name, language=language)
    if not to.strip():
        return None
    mail = Mail(
        id=derived("mail", key),
        key=key,
        kind=kind,
        to_address=kinds.one_line(to)[:ADDRESS_LENGTH],
        to_name=kinds.one_line(name)[:NAME_LENGTH],
        subject=words.subject,
        text=words.text,
        html=words.html,
        language=words.language,
        about=about,
        created_at=now,
        due_at=now,
    )
    if not sending.is_address(to):
        mail.state, mail.last_error = Mail.State.PARKED, sending.BAD_ADDRESS
    return mail


def posted(keys: Collection[str]) -> set[str]:
    """Return those of ``keys`` of which there is a mail, sent or not. One statement."""
    return set(Mail.objects.filter(key__in=list(keys)).values_list("key", flat=True)) if keys else set()


def link(path: str) -> str:
    """Return the whole address of a page of this site, for a context; nothing where the site's own is not known."""
    assert path.startswith("/"), path
    site = conf.site_url()
    return f"{site}{path}" if site else ""


def claim(*, now: datetime, worker: str, limit: int) -> list[Mail]:
    """Claim due mails for ``worker``, a few at a time."""
    return lease.claim(Mail.objects.all(), now=now, worker=worker, limit=min(limit, BATCH))


def process(mail: Mail, *, now: datetime) -> None:
    """Send the claimed ``mail`` and note it; a failure is booked and tried again later, at last given up on.

    At least once: a worker that dies after sending leaves the mail to be sent again, once its lease has run out.
    """
    left: list[Callable[[], None]] = [
        partial(_hold, mail, now=now),
        partial(sending.send, mail, now=now),
        partial(lease.close, mail, state=Mail.State.SENT, sent_at=now, last_error=""),
    ]

    def work() -> None:
        # A lock in the database has this done again at once: what was sent by then is not sent again.
        while left:
            left[0]()
            del left[0]

    if lease.carry(mail, work, now=now):
        log.info("mail sent", extra={"mail": mail.pk, "kind": mail.kind})


def work_once(*, now: datetime, worker: str = "work_once") -> int:
    """Send one batch of due mails; return how many were tried."""
    claimed = claim(now=now, worker=worker, limit=BATCH)
    for mail in claimed:
        process(mail, now=now)
    return len(claimed)


def due_at() -> datetime | None:
    """Return when the next mail can be sent; ``None``: there is none to send."""
    return Mail.objects.next_due_at()


def latest(limit: int, *, before: str | None = None, about: str = "") -> list[Mail]:
    """Return up to ``limit`` mails, newest first: those after the one with the id ``before``, those about ``about``."""
    mails = Mail.objects.about(about) if about else Mail.objects.all()
    if before is not None:
        last = Mail.objects.filter(pk=before).values_list("created_at", "pk").first()
        if last is None:
            return []
        mails = mails.older_than(*last)
    return list(mails.newest_first()[:limit])


def retry(mails: Sequence[str], *, now: datetime) -> int:
    """Have those of ``mails`` (by id) that were given up on sent after all, with all attempts before them; return how many."""
    parked = Mail.objects.parked().filter(pk__in=mails).exclude(to_address="")
    return parked.update(state=Mail.State.OPEN, attempts=0, due_at=now, last_error="")


def _hold(mail: Mail, *, now: datetime) -> None:
    """Begin the lease anew: those before it in the batch may have taken long, and somebody else may be sending it."""
    held = Mail.objects.filter(pk=mail.pk, lease_token=mail.lease_token)
    if not held.update(leased_until=now + lease.LEASE):
        raise lease.LostLease(mail.pk)
