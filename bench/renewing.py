"""The renewal run of our own clock: the bill drawn up, the stored card charged at the sandbox, the answer taken in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from django.db import connection
from django.db.models import F

from bench import drain, floors, measure
from bench.report import Measurement
from bench.seeding import Organisation
from goodstanding import clock
from goodstanding.billing.models import PaymentAttempt, Turn
from goodstanding.gateways.sandbox.models import Message
from goodstanding.inbox import handlers as inbox
from goodstanding.inbox.models import WebhookEvent
from goodstanding.jobs import registry
from goodstanding.jobs.worker import Worker
from goodstanding.memberships.models import MemberStanding

RUN = ("payments", "renewals")  # the sources that a run draws from
_WARM = 5  # renewals by which a worker gets ready
_COUNTED = (1, 30)  # renewals of which the statements are counted, together
_TOLD = 200  # messages: enough to measure
_FLOOR = "two transactions of 5 bare SQL"


def measurements(organisation: Organisation, *, due: int) -> Iterator[Measurement]:
    """Measure with one and with two worker processes, ``due`` renewals each; then what the sandbox tells of them."""
    for processes in (1, 2):
        _more(organisation, _WARM * processes)
        found = drain.drained(RUN, processes=processes, prepare=partial(_more, organisation, due))
        _assert_renewed(organisation)
        floor = floors.in_processes("{}", processes=processes, times=max(due // 2, 20)) / 2
        name = f"renewal run, {processes} worker{'s' if processes > 1 else ''}, renewals"
        # The target is for the server's database; the embedded one has one writer, and small organisations.
        limit = 300 if processes > 1 and connection.vendor == "postgresql" else None
        yield Measurement(name, due / found.seconds, "/s", limit, at_least=True, floor=floor, floor_is=_FLOOR)
        if processes == 1:
            # The gateway's side is in the run and in its speed; elsewhere it is another machine, and a request to it.
            name = "renewal run, CPU of a worker a renewal"
            yield Measurement(f"{name}, with the sandbox's own books", found.cpu * 1000 / due, "ms")
            yield Measurement(f"{name}, without them", (found.cpu - found.gateway) * 1000 / due, "ms")
    yield from _statements(organisation)
    yield from _told()


def _told() -> Iterator[Measurement]:
    """What the sandbox then tells of the renewals: it was known before, but it must be received and looked at."""
    messages = Message.objects.filter(state=Message.State.WAITING)
    late = messages.order_by("id").values_list("id", flat=True)[_TOLD:]
    messages.filter(id__in=list(late)).delete()
    (post,) = [each for each in registry.sources() if each.name == "sandbox"]
    assert post.here is not None, post
    received = measure.cpu_milliseconds(Worker(sources=[replace(post, process=post.here)]).drain)
    count = WebhookEvent.objects.open().count()
    assert count, "the sandbox told nothing"
    taken = measure.cpu_milliseconds(Worker(sources=[inbox.EVENTS]).drain)
    assert not WebhookEvent.objects.open().exists()
    assert not WebhookEvent.objects.dead().exists()
    yield Measurement("what the sandbox tells of renewals, received, CPU an event", received / count, "ms")
    yield Measurement("what the sandbox tells of renewals, taken in, CPU an event", taken / count, "ms")


def _more(organisation: Organisation, count: int) -> None:
    """Have so many more members who are due: each with a code, tax, and a balance that pays a part (``bench/ours.py``)."""
    organisation.grow("o", organisation.count["o"] + count)
    organisation.taken["o"] += count


def _statements(organisation: Organisation) -> Iterator[Measurement]:
    """Count what one renewal alone takes, and many together, with claiming them: our own statements, and the sandbox's."""
    for count in _COUNTED:
        _more(organisation, count)
        with measure.statements() as sent:
            Worker(sources=[each for each in registry.sources() if each.name in RUN]).drain()
        _assert_renewed(organisation)
        theirs = _of_charges([each["sql"] for each in sent])
        name = f"renewal, {count} together: SQL" if count > 1 else "renewal, alone: SQL"
        yield Measurement(f"{name}, all of them", len(sent) - theirs, "SQL")
        yield Measurement(f"{name}, a renewal", (len(sent) - theirs) / count, "SQL", floor=10, floor_is=_FLOOR)
    yield Measurement("charge: SQL in the sandbox's own books, with BEGIN and COMMIT", theirs / count, "SQL")


def _of_charges(sent: list[str]) -> int:
    """How many statements are the sandbox's: those that name its tables, and the BEGIN and COMMIT around them.

    On PostgreSQL a setting comes with each.
    """
    theirs = sum("gs_sandbox_" in sql or "synchronous_commit" in sql for sql in sent)
    return theirs + 2 * sum(sql.startswith('INSERT INTO "gs_sandbox_kept"') for sql in sent)


def _assert_renewed(organisation: Organisation) -> None:
    """The work was done, not skipped: each paid once more, and is in good standing beyond today."""
    count, now = organisation.count["o"], clock.now()
    paid = PaymentAttempt.objects.filter(kind=PaymentAttempt.Kind.CHARGE, state=PaymentAttempt.State.SUCCEEDED)
    assert paid.filter(customer__gateway_account=organisation.ours).count() == count, count
    assert not PaymentAttempt.objects.filter(state__in=PaymentAttempt.UNDER_WAY).exists()
    assert not Turn.objects.open().filter(due_at__lte=now).exists()
    stands = MemberStanding.objects.filter(member__customers__gateway_account=organisation.ours)
    assert stands.filter(status="good", covered_until__gt=now, as_of__lte=F("covered_until")).count() >= count
