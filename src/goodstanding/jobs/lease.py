"""A lease: a claim on a row that runs out, with a number that makes a late worker's write fail.

Rows of work (:class:`Leased`) are claimed in batches, worked on one by one, and closed by a write that counts only while
the row carries the number under which it was claimed. A worker that dies leaves a lease that runs out; one that is late
finds another number, and its transaction rolls back. So every row is worked off once, by whoever comes.

A failure is counted and tried again after a pause that grows; after :data:`MAX_ATTEMPTS` the row is parked for people to
see. A row whose worker died counts that as a failure and is claimed alone from then on, so that one that kills its
workers does not take its neighbours along.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from django.apps import apps
from django.db import IntegrityError, OperationalError, connections, models, router, transaction
from django.db.models import F, Q

import goodstanding
from goodstanding.jobs.querysets import LeasedQuerySet

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
PAUSES = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(hours=24),
)
MAX_ATTEMPTS = len(PAUSES) + 1
TRIES_AT_ONCE = 3
_ERROR_LENGTH = 300
_PACKAGE_PARENT = f"{Path(goodstanding.__file__).parents[1]}/"


class LostLease(Exception):
    """Somebody else has claimed the row since; whatever was done under the old claim must not count."""


class GiveUp(Exception):
    """Trying again cannot help: park the row. The text names the reason (a code, perhaps words) and nobody's data."""


class Leased(models.Model):
    """A row of work. Concrete rows have a ``state`` and say which states are open, retrying and parked."""

    OPEN: ClassVar[tuple[str, ...]]
    RETRYING: ClassVar[str]
    PARKED: ClassVar[str]
    DUE_ORDER: ClassVar[tuple[str, ...]]

    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_token = models.PositiveBigIntegerField(default=0)
    leased_until = models.DateTimeField(null=True, blank=True)
    leased_by = models.CharField(max_length=100, blank=True)
    last_error = models.CharField(max_length=_ERROR_LENGTH, blank=True)

    class Meta:
        abstract = True


Row = TypeVar("Row", bound=Leased)


def claim(rows: LeasedQuerySet[Row], *, now: datetime, worker: str, limit: int) -> list[Row]:
    """Claim up to ``limit`` of those of ``rows`` that are due, in their order, for :data:`LEASE` from ``now``."""
    using = router.db_for_write(rows.model)
    rows = rows.using(using)
    if not connections[using].features.has_select_for_update_skip_locked:
        # One UPDATE decides: SQLite has no locks on rows, and an idle worker should not ask for its only lock.
        return _take(rows, _together(list(rows.due(now)[:limit])), now=now, worker=worker)
    with transaction.atomic(using=using):
        found = list(rows.due(now).select_for_update(of=("self",), skip_locked=True)[:limit])
        return _take(rows, _together(found), now=now, worker=worker)


def _together(found: list[Row]) -> list[Row]:
    """Return those to be claimed together: one whose worker died goes alone."""
    if found and found[0].leased_until is not None:
        return found[:1]
    return [row for row in found if row.leased_until is None]


def _take(rows: LeasedQuerySet[Row], found: list[Row], *, now: datetime, worker: str) -> list[Row]:
    if not found:
        return []
    died = int(found[0].leased_until is not None)
    until = now + LEASE
    keys = [row.pk for row in found]
    taken = (
        rows.due(now)
        .order_by()
        .filter(pk__in=keys)
        .update(lease_token=F("lease_token") + 1, leased_until=until, leased_by=worker, attempts=F("attempts") + died)
    )
    if taken < len(found):  # another worker was faster with some of them
        return list(rows.filter(pk__in=keys, leased_by=worker, leased_until=until).order_by(*rows.model.DUE_ORDER))
    for row in found:
        row.lease_token += 1
        row.leased_until, row.leased_by, row.attempts = until, worker, row.attempts + died
    return found


def close(row: Leased, **values: Any) -> None:
    """Write ``values`` to the claimed ``row`` and give it back. Raise :class:`LostLease` if it is no longer ours.

    Part of the transaction that did the work, so that both count or neither does.
    """
    held = type(row)._default_manager.filter(pk=row.pk, lease_token=row.lease_token)
    if held.update(**values, leased_until=None, leased_by="") != 1:
        raise LostLease(row.pk)
    for name, value in values.items():
        setattr(row, name, value)


def close_all(closings: Sequence[tuple[Leased, Mapping[str, Any]]]) -> None:
    """Close several rows of one kind, each with its values, as :func:`close` does: a statement for all of the same values."""
    alike: dict[str, list[tuple[Leased, Mapping[str, Any]]]] = {}
    for row, values in closings:
        alike.setdefault(repr(sorted(values.items())), []).append((row, values))
    for some in alike.values():
        rows, values = [row for row, _ in some], some[0][1]
        ours = Q()
        for number in {row.lease_token for row in rows}:
            ours |= Q(lease_token=number, pk__in=[row.pk for row in rows if row.lease_token == number])
        if type(rows[0])._default_manager.filter(ours).update(**values, leased_until=None, leased_by="") != len(rows):
            raise LostLease(", ".join(str(row.pk) for row in rows))
        for row in rows:
            for name, value in values.items():
                setattr(row, name, value)


def hold(rows: Sequence[Leased]) -> None:
    """Lock claimed ``rows``, of one kind, for the transaction. Raise :class:`LostLease` if one is no longer ours.

    Whoever then writes them gives them back with that: part of the transaction that did the work.
    """
    for model in {type(row) for row in rows}:
        keys = [row.pk for row in rows]
        locked = model._default_manager.select_for_update().filter(pk__in=keys).order_by("pk")
        numbers = dict(locked.values_list("pk", "lease_token"))
        for row in rows:
            if numbers.get(row.pk) != row.lease_token:
                raise LostLease(row.pk)


def release(rows: Sequence[Leased]) -> None:
    """Give back claimed ``rows`` that were not begun, as if they had not been claimed."""
    for row in rows:
        type(row)._default_manager.filter(pk=row.pk, lease_token=row.lease_token).update(
            leased_until=None, leased_by=""
        )


def is_anything_held(*, now: datetime) -> bool:
    """Return whether a worker holds a row of any kind."""
    kinds = [model for model in apps.get_models() if issubclass(model, Leased) and not model._meta.proxy]
    return any(model._default_manager.filter(leased_until__gt=now).exists() for model in kinds)


def carry(row: Leased, work: Callable[[], None], *, now: datetime) -> bool:
    """Do ``work``, which closes ``row``; book its failure if it fails. Return whether it was done.

    Locks, serialisation failures and lost races for a unique key are tried again at once, a few times, before they
    count. Errors of the database that make even the booking fail are the caller's.
    """
    if row.attempts >= MAX_ATTEMPTS:  # the worker of the last attempt died
        _book(row, GiveUp("worker_died"), now=now)
        return False
    for tried in range(1, TRIES_AT_ONCE + 1):
        try:
            work()
        except LostLease:
            log.warning("late: %s %s is somebody else's by now", row._meta.label, row.pk)
            return False
        except (OperationalError, IntegrityError) as error:
            _forget_broken_connection(row)
            if tried == TRIES_AT_ONCE:
                _book(row, error, now=now)
        except Exception as error:  # noqa: BLE001 (the edge of the work: whatever it is, it is booked and seen)
            _book(row, error, now=now)
            return False
        else:
            return True
    return False


def carry_together(rows: Sequence[Row], work: Callable[[Sequence[Row]], None], *, now: datetime) -> None:
    """Do ``work``, which closes ``rows``, for all of them in one go; where that fails, for each by itself, as above.

    So one bad row holds nobody up, and of those that are good nothing is done twice: ``work`` does all or nothing.
    """
    if len(rows) > 1 and all(row.attempts < MAX_ATTEMPTS for row in rows):
        try:
            work(rows)
        except Exception as error:  # noqa: BLE001 (whatever it is, it comes again for the row that is to blame)
            log.warning("%d of %s one by one: %s", len(rows), rows[0]._meta.label, named(error))
            _forget_broken_connection(rows[0])
        else:
            return
    for row in rows:
        carry(row, partial(work, [row]), now=now)


def _forget_broken_connection(row: Leased) -> None:
    connection = connections[router.db_for_write(type(row))]
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()


def _book(row: Leased, error: Exception, *, now: datetime) -> None:
    given_up = isinstance(error, GiveUp)
    attempts = min(row.attempts + 1, MAX_ATTEMPTS)
    name = named(error)
    log.log(
        logging.WARNING if given_up else logging.ERROR,
        "%s %s failed (attempt %d): %s%s",
        row._meta.label,
        row.pk,
        attempts,
        name,
        "" if given_up else "".join(f"\n  {place}" for place in _places(error)),
    )
    values: dict[str, Any] = {"state": row.PARKED}
    if not given_up and attempts < MAX_ATTEMPTS:
        values = {"state": row.RETRYING, "due_at": now + PAUSES[attempts - 1]}
    try:
        close(row, **values, attempts=attempts, last_error=name)
    except LostLease:
        log.warning("late: %s %s is somebody else's by now", row._meta.label, row.pk)


def named(error: Exception) -> str:
    """Return what went wrong and where, without the message: it may repeat a member's data."""
    if isinstance(error, GiveUp):
        return str(error)[:_ERROR_LENGTH]
    places = _places(error)
    place = next((each for each in reversed(places) if each.startswith("goodstanding")), places[-1] if places else "")
    return f"{type(error).__name__}{f' at {place}' if place else ''}"[:_ERROR_LENGTH]


def _places(error: Exception) -> list[str]:
    """Return where ``error`` passed, outermost first; our own files by their path below the package's parent."""
    frames = [(frame.f_code, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    return [f"{code.co_filename.removeprefix(_PACKAGE_PARENT)}:{line} in {code.co_name}" for code, line in frames]
