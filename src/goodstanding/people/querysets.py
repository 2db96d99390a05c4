"""Asking for members."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from goodstanding.people.models import Member  # noqa: F401 - named in the base class, in quotes


class MemberQuerySet(models.QuerySet["Member"]):
    """Members by what they are asked for."""

    def after(self, last: tuple[str, str]) -> MemberQuerySet:
        """The members that follow ``last`` (e-mail, id) in the order of e-mail and id: a page begins where one ended."""
        email, pk = last
        return self.filter(Q(email__gt=email) | Q(email=email, pk__gt=pk)).order_by("email", "pk")
