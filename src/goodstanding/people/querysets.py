"""Asking for members."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connections, models
from django.db.models import Q

LAST_CHARACTER = "\U0010ffff"

if TYPE_CHECKING:
    from goodstanding.people.models import Member  # noqa: F401 - named in the base class, in quotes


class MemberQuerySet(models.QuerySet["Member"]):
    """Members by what they are asked for."""

    def after(self, last: tuple[str, str]) -> MemberQuerySet:
        """The members that follow ``last`` (e-mail, id) in the order of e-mail and id: a page begins where one ended."""
        email, pk = last
        return self.filter(Q(email__gt=email) | Q(email=email, pk__gt=pk)).order_by("email", "pk")

    def email_begins(self, text: str) -> MemberQuerySet:
        """The members whose e-mail begins with ``text``, in any case, found by the index."""
        text = text.lower()
        if (
            connections[self.db].vendor == "sqlite" and text
        ):  # its LIKE uses no index; it compares character by character
            return self.filter(email__gte=text, email__lt=text + LAST_CHARACTER)
        return self.filter(email__startswith=text)

    def matching(self, text: str) -> MemberQuerySet:
        """The members that staff look for with ``text``: a public id, the beginning of an e-mail, or part of a name."""
        text = text.strip()
        if text.startswith("mbr_"):
            return self.filter(pk=text)
        by_email = self.email_begins(text)
        return by_email if "@" in text else by_email | self.filter(name__icontains=text)
