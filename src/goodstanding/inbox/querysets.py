"""Reads of the inbox."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db.models import Count, Q

from goodstanding.jobs.querysets import LeasedQuerySet

if TYPE_CHECKING:
    from goodstanding.inbox.models import WebhookEvent  # noqa: F401 - named in the base class


class WebhookEventQuerySet(LeasedQuerySet["WebhookEvent"]):
    """Filed events."""

    def named(self, names: Collection[str]) -> Self:
        """Those with one of these ids, ours or the gateway's."""
        return self.filter(Q(pk__in=names) | Q(external_id__in=names))

    def dead(self) -> Self:
        """Those given up on."""
        return self.filter(state="dead")

    def finished(self) -> Self:
        """Those taken in or ignored."""
        return self.filter(state__in=["done", "ignored"])

    def readable(self) -> Self:
        """Those whose body is still there."""
        return self.filter(body__isnull=False)

    def with_body_to_purge(self, before: datetime) -> Self:
        """Finished ones received before ``before``, oldest first, whose body is still there."""
        return self.finished().readable().filter(received_at__lt=before).order_by("received_at", "id")

    def counted(self) -> Iterator[tuple[str, str, str, int]]:
        """How many there are by account, state and reason."""
        by = ("gateway_account_id", "state", "reason")
        yield from self.order_by(*by).values_list(*by).annotate(count=Count("pk"))

    def newest_first(self) -> Self:
        """In order of arrival, the last one first."""
        return self.order_by("-received_at", "-position", "id")
