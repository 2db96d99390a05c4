"""Where the refusal page leads: rooms above (the portal, a checkout) say here which page of theirs helps with what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import NoReverseMatch, reverse

from goodstanding.core.access import Code

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, slots=True)
class Remedy:
    """A page that helps: the name of its address, and what its link says. The page is given ``next``."""

    url_name: str
    label: StrOrPromise

    def address(self, *, back_to: str) -> str:
        """Return the address of the page, which leads back to ``back_to``; nothing where the page is not there."""
        try:
            return reverse(self.url_name, query={"next": back_to})
        except NoReverseMatch:
            return ""


_offered: dict[Code, list[Remedy]] = {}


def offer(*codes: Code, url_name: str, label: StrOrPromise) -> None:
    """Offer a page of one's own to those who are refused with any of ``codes`` (in ``AppConfig.ready``)."""
    for code in codes:
        remedy = Remedy(url_name, label)
        found = _offered.setdefault(code, [])
        if remedy not in found:
            found.append(remedy)


def links(code: Code, *, back_to: str) -> list[tuple[str, StrOrPromise]]:
    """Return the address and the words of each page that helps with ``code``."""
    found = ((remedy.address(back_to=back_to), remedy.label) for remedy in _offered.get(code, ()))
    return [(address, label) for address, label in found if address]
