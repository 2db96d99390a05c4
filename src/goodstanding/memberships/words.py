"""What decided, in words for people."""

from __future__ import annotations

from datetime import UTC, datetime

from goodstanding.core.records import Hold, HoldKind, Status
from goodstanding.core.standing import Answer, MemberAnswer, Reason, Why

PAUSED = "paused"  # what the words of a pause begin with
_HOLDS = {
    HoldKind.APPROVAL: "waits for approval",
    HoldKind.DENIED: "was not approved",
    HoldKind.CONFIRMATION: "the e-mail is not confirmed",
    HoldKind.SUSPENDED: "suspended by staff",
    HoldKind.AGREEMENT: "an agreement is not accepted",
    HoldKind.DISPUTE: "a dispute is open",
}


def stamp(moment: datetime | None) -> str | None:
    """Return a moment as every document of ours writes it: ``2025-04-14T10:20:30Z``."""
    if moment is None:
        return None
    text = moment.astimezone(UTC).isoformat()
    return text.removesuffix("+00:00") + "Z"


def hold_words(hold: Hold) -> str:
    """Return why somebody is held."""
    return _HOLDS[hold.kind] + (f": {hold.note}" if hold.note and hold.kind is not HoldKind.DISPUTE else "")


def because(answer: Answer) -> str:
    """Return why one membership stands as it does; of a seat, too, through whom it is held."""
    words = reason_words(answer.because, answer.covered_until)
    if answer.status is Status.HELD:
        words = f"{'; '.join(hold_words(hold) for hold in answer.holds)} ({words})"
    return f"through the membership of {answer.through}: {words}" if answer.through else words


def member_because(answer: MemberAnswer) -> str:
    """Return why a member stands as he does: the words of each of his memberships, best first."""
    if not answer.memberships:
        return "never began a purchase"
    several = len(answer.memberships) > 1
    return "; ".join(f"{each.level}: {because(each)}" if several else because(each) for _, each in answer.memberships)


def says_paused(because: str, level: str = "") -> bool:
    """Return whether the words of :func:`member_because` say that what a member holds is paused (of several: ``level``)."""
    return because.startswith(PAUSED) or (bool(level) and f"{level}: {PAUSED}" in because)


def reason_words(reason: Reason, covered_until: datetime | None) -> str:
    """Return what decided. Names the invoice that it rests on, where there is one."""
    if reason.why is Why.COVERED and not (reason.invoice and covered_until):
        return f"covered until {stamp(covered_until)}" if covered_until else "covered"
    invoice = f" (invoice {reason.invoice})" if reason.invoice else ""
    return _REASONS[reason.why].format(moment=stamp(reason.moment), until=stamp(covered_until), invoice=invoice)


_REASONS = {
    Why.COVERED: "paid until {until}{invoice}",
    Why.WINDOW: "renewal under way, within its window until {moment}; paid until {until}{invoice}",
    Why.GRACE_FAILED: "renewal failed{invoice}; grace until {moment}; paid until {until}",
    Why.GRACE_UNSETTLED: "renewal not settled within its window{invoice}; grace until {moment}; paid until {until}",
    Why.GRACE_PREPAID: "the term ended at {until}; grace until {moment}",
    Why.PENDING: "begun, nothing settled yet",
    Why.TO_COME: "paid, begins at {moment}",
    Why.GRACE_OVER: "paid until {moment}, nothing since, grace is over{invoice}",
    Why.ENDED: "cancelled or ended; paid until {moment}",
    Why.PAUSED: PAUSED + "; paid until {moment}",
    Why.REVOKED: "what was paid last was taken back{invoice}; covered until {moment}",
    Why.NEVER_PAID: "begun and ended without a settled payment",
    Why.NOT_BEGUN: "not begun",
    Why.PAUSED_UNTIL: PAUSED + " until {moment}",
    Why.CHANGED: "another level took its place at {moment}",
    Why.CLOSED: "ended by staff at {moment}",
    Why.SEAT_ENDED: "the seat was given up at {moment}",
}
