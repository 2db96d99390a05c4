"""What the worker does for checkouts: it looks what became of those whose page nobody came back to."""

from __future__ import annotations

from datetime import datetime, timedelta

from goodstanding.checkout import gifts, services
from goodstanding.checkout.models import Checkout
from goodstanding.jobs import registry
from goodstanding.jobs import services as jobs
from goodstanding.jobs.models import Job
from goodstanding.memberships import byhand
from goodstanding.memberships.owing import Stage

AGAIN_AFTER = timedelta(hours=1)
BILLED_AGAIN_AFTER = timedelta(days=1)  # what is paid by hand takes its days, and is told of when it comes


def finish(job: Job, *, now: datetime) -> None:
    """Look at one checkout; once more later while it may still be paid."""
    name = str(job.payload.get("checkout", job.key))
    checkout = Checkout.objects.select_related("member", "price__level__group", "gateway_account").get(pk=name)
    if services.follow_up(checkout, now=now):
        # Under a key of its own: added under this one, it would be done again at once.
        billed = services.outcome(checkout).stage is Stage.BILLED
        later = now + (BILLED_AGAIN_AFTER if billed else AGAIN_AFTER)
        jobs.add(services.FINISH, key=f"{name}|{later:%Y%m%d%H%M}", due_at=later, now=now, payload={"checkout": name})


def gift_left(job: Job, *, now: datetime) -> None:
    """Look what became of a gift card that may have been left unpaid; once more later while it may still be paid."""
    name = str(job.payload.get("card", job.key))
    if gifts.look_after(name, now=now):
        later = now + AGAIN_AFTER
        jobs.add(gifts.LEFT, key=f"{name}|{later:%Y%m%d%H%M}", due_at=later, now=now, payload={"card": name})


registry.handler(gifts.LEFT, atomic=False)(gift_left)
registry.handler(services.FINISH, atomic=False)(finish)
byhand.on_settled(services.of_bill)
