"""A moment in the words of a sentence."""

from __future__ import annotations

from datetime import datetime

from django.utils.formats import date_format


def moment_words(local: datetime) -> str:
    """Return a moment to the minute, as a sentence says it: ``March 4, 2026, 10 am``. ``local``: in the zone to be read in.

    Without the full stops of ``a.m.``: where the moment ends its sentence, there would be two.
    """
    shown = date_format(local, "DATETIME_FORMAT", use_l10n=True)
    return shown.replace("a.m.", "am").replace("p.m.", "pm")
