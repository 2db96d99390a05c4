"""Saying no to a buyer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


NOWHERE_TO_PAY = _("Nothing can be paid here at the moment. Please ask the staff.")


class Refused(ValueError):
    """It cannot be bought, or not like this; ``words`` say why and what to do, to the buyer. ``code`` is for machines."""

    def __init__(self, code: str, words: StrOrPromise) -> None:
        super().__init__(code)
        self.code = code
        self.words = words
