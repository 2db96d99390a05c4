"""What the worker does for memberships."""

from __future__ import annotations

from datetime import datetime, timedelta

from goodstanding.billing import attempts, turns
from goodstanding.billing import errands as pending_errands
from goodstanding.billing.models import Errand, PaymentAttempt, Turn
from goodstanding.catalogue.services import RESOLVE
from goodstanding.jobs import lease, registry
from goodstanding.jobs import services as jobs
from goodstanding.jobs.models import Job
from goodstanding.memberships import (
    bank,
    cards,
    closing,
    errands,
    expiring,
    gift_cards,
    gifts_following,
    intake,
    letters,
    passing,
    pause_letters,
    paying,
    reminders,
    renewing,
    retrying,
    running_out,
)

ROLL = "memberships.roll"
FORGET_STATEMENTS = "memberships.forget_statements"
TOGETHER = 50  # customers: more save little, and leave less for other workers to share at the end
AGAIN = timedelta(minutes=1)  # longer than any transaction of ours


def resolve(job: Job, *, now: datetime) -> None:
    """Look again at a batch of customers whose prices told no level; ask for the next batch while there is one."""
    after = intake.resolve(after=str(job.payload.get("after", "")), now=now)
    if after:
        jobs.add(RESOLVE, key=after, due_at=now, now=now, payload={"after": after})


def adopt(job: Job, *, now: datetime) -> None:
    """Find the customer of what an event told; where it is not known yet, look once more when no transaction is under way."""
    if intake.adopt_waiting(str(job.payload.get("event", job.key)), now=now) and not job.payload.get("again"):
        jobs.add(
            intake.ADOPT, key=f"{job.key}+", due_at=now + AGAIN, now=now, payload={"again": True, "event": job.key}
        )


def end_closed(job: Job, *, now: datetime) -> None:
    """End a subscription whose membership was closed while it was being paid."""
    subscription = str(job.payload.get("subscription", job.key))
    if closing.end_closed(subscription, now=now):
        again = {"subscription": subscription}
        jobs.add(closing.END_CLOSED, key=f"{job.key}+", due_at=now + closing.AGAIN, now=now, payload=again)


def roll(job: Job, *, now: datetime) -> None:
    """Write what time alone changed in members' standing; ask for another batch while there is more."""
    if passing.roll_due(now=now) == passing.BATCH:
        jobs.add(ROLL, key=job.key, due_at=now, now=now)


def grace_ends_soon(job: Job, *, now: datetime) -> None:
    """Write to a member whose grace ends soon."""
    letters.grace_ends_soon(str(job.payload["member"]), now=now)


def card_seen(job: Job, *, now: datetime) -> None:
    """Keep how people know the card that pays what a customer renews."""
    cards.note_card(str(job.payload.get("customer", job.key)), newest=bool(job.payload.get("newest")), now=now)


def new_card(job: Job, *, now: datetime) -> None:
    """Come back to a bill that was being paid when another card was given for it."""
    retrying.when_free(job.key, str(job.payload["method"]), now=now)


def cards_expire(job: Job, *, now: datetime) -> None:
    """Write to those whose card expires soon; ask for another batch while there is more."""
    after = expiring.write(after=str(job.payload.get("after", "")), now=now)
    if after:
        jobs.add(expiring.CARDS_EXPIRE, key=f"{job.key}>{after}", due_at=now, now=now, payload={"after": after})


def runs_out(job: Job, *, now: datetime) -> None:
    """Warn those whose membership ends soon; ask for another batch while there is more."""
    after = running_out.write(after=str(job.payload.get("after", "")), now=now)
    if after:
        jobs.add(running_out.RUNS_OUT, key=f"{job.key}>{after}", due_at=now, now=now, payload={"after": after})


def remind(job: Job, *, now: datetime) -> None:
    """Remind the payer of a bill that is paid by hand."""
    due_at = datetime.fromisoformat(str(job.payload["due_at"]))
    letters.remind(str(job.payload["invoice"]), due_at, now=now)


def goes_on_soon(job: Job, *, now: datetime) -> None:
    """Remind a member that a pause ends soon."""
    end = datetime.fromisoformat(str(job.payload["end"]))
    letters.goes_on_soon(str(job.payload["subscription"]), end, now=now)


def forget_statements(job: Job, *, now: datetime) -> None:  # noqa: ARG001 - as every handler is called
    """Forget what banks wrote a while ago."""
    bank.forget(before=now - bank.KEEP)


def gift_card(job: Job, *, now: datetime) -> None:
    """Send a gift card, once it is paid and its day has come."""
    gift_cards.send_of(job.payload, now=now)


def claim_turns(*, now: datetime, worker: str, limit: int) -> list[Turn]:
    """Claim subscriptions for which our clock has something to do."""
    rows = Turn.objects.select_related("subscription__gateway_account", "subscription__customer")
    return lease.claim(rows, now=now, worker=worker, limit=limit)


def claim_attempts(*, now: datetime, worker: str, limit: int) -> list[PaymentAttempt]:
    """Claim tries to have something paid that are due."""
    rows = PaymentAttempt.objects.select_related("customer__gateway_account")
    return lease.claim(rows, now=now, worker=worker, limit=limit)


def claim_errands(*, now: datetime, worker: str, limit: int) -> list[Errand]:
    """Claim errands at gateways that are due."""
    rows = Errand.objects.select_related("customer__gateway_account")
    return lease.claim(rows, now=now, worker=worker, limit=limit)


registry.source(registry.together("renewals", claim_turns, renewing.carry_out, most=TOGETHER))
registry.source(registry.together("payments", claim_attempts, paying.carry_out, most=TOGETHER))
registry.source(registry.Source("errands", claim_errands, errands.carry_out))
registry.handler(letters.GRACE_SOON)(grace_ends_soon)
registry.handler(attempts.CARD_SEEN, atomic=False)(card_seen)
registry.handler(retrying.WHEN_FREE, atomic=False)(new_card)
registry.handler(expiring.CARDS_EXPIRE, atomic=False)(cards_expire)
registry.recurring(expiring.CARDS_EXPIRE, every=timedelta(days=1))
registry.sweep("cards that expire", lambda now: expiring.sweep(now=now))
registry.handler(running_out.RUNS_OUT, atomic=False)(runs_out)
registry.recurring(running_out.RUNS_OUT, every=timedelta(days=1))
registry.sweep("memberships that run out", lambda now: running_out.sweep(now=now))
registry.agenda("memberships that run out", lambda now: running_out.next_warning(now=now))
registry.handler(reminders.REMIND)(remind)
registry.handler(pause_letters.GOES_ON_SOON)(goes_on_soon)
registry.handler(FORGET_STATEMENTS)(forget_statements)
registry.recurring(FORGET_STATEMENTS, every=timedelta(days=1))
registry.handler(gifts_following.SEND, atomic=False)(gift_card)
registry.handler(RESOLVE, atomic=False)(resolve)
registry.handler(intake.ADOPT, atomic=False)(adopt)
registry.handler(closing.END_CLOSED)(end_closed)
registry.handler(ROLL, atomic=False)(roll)
registry.recurring(ROLL, every=timedelta(minutes=1))
registry.agenda("renewals", lambda _now: turns.due_next())
registry.agenda("payments", lambda _now: attempts.due_next())
registry.agenda("errands", lambda _now: pending_errands.due_next())
registry.agenda("memberships", lambda _now: passing.next_change())
registry.sweep("standing by time", lambda now: passing.roll_due(now=now))
