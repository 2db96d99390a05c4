"""What whoever takes the payments was asked to do and has not confirmed yet, in words to the member."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from goodstanding.billing.models import Errand

_STOPPED = gettext_lazy("You stopped the renewal. The bank has not confirmed it yet; nothing more is needed from you.")
_WORDS = {
    Errand.Kind.END: _STOPPED,
    Errand.Kind.END_NOW: _STOPPED,
    Errand.Kind.RESUME: gettext_lazy(
        "You chose to stay. The bank has not confirmed it yet; nothing more is needed from you."
    ),
    Errand.Kind.CHANGE: gettext_lazy("The staff changed your level. The bank was asked, and has not confirmed it yet."),
}


def says(errand: str) -> list[str]:
    """Return what is to be said of an errand by its kind; nothing where none is on its way (``""``)."""
    return [str(_WORDS[Errand.Kind(errand)])] if errand in _WORDS else []
