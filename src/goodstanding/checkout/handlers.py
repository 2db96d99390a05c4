"""What the worker does for checkouts: it looks what became of those whose page nobody came back to."""

from __future__ import annotations

from datetime import datetime, timedelta

from goodstanding.checkout import services
from goodstanding.checkout.models import Checkout
from goodstanding.jobs import registry
from goodstanding.jobs import services as jobs
from goodstanding.jobs.models import Job

AGAIN_AFTER = timedelta(hours=1)


def finish(job: Job, *, now: datetime) -> None:
    """Look at one checkout; once more later while it may still be paid."""
    name = str(job.payload.get("checkout", job.key))
    checkout = Checkout.objects.select_related("member", "price__level__group", "gateway_account").get(pk=name)
    if services.follow_up(checkout, now=now):
        # Under a key of its own: added under this one, it would be done again at once.
        later = now + AGAIN_AFTER
        jobs.add(services.FINISH, key=f"{name}|{later:%Y%m%d%H%M}", due_at=later, now=now, payload={"checkout": name})


registry.handler(services.FINISH, atomic=False)(finish)
