"""An organisation's own words on how a bill is to be paid, with blanks: ``{number}``, ``{reference}``, ``{amount}``, ``{due}``."""

from __future__ import annotations

import re

from goodstanding.gateways.requests import BillRequest

BLANKS = ("number", "reference", "amount", "due")
_BLANK = re.compile(r"\{([A-Za-z_]*)\}")


def filled(bill: BillRequest) -> str:
    """Return the words of ``bill`` with their blanks filled. What is none of :data:`BLANKS` stays as it stands."""
    known = dict(zip(BLANKS, (bill.number, bill.reference, bill.left, bill.day), strict=True))
    return _BLANK.sub(lambda found: known.get(found[1], found[0]), bill.words).strip()


def unknown_blanks(words: str) -> list[str]:
    """Return what stands in braces in ``words`` and is none of :data:`BLANKS`, in order, each once."""
    return [each for each in dict.fromkeys(_BLANK.findall(words)) if each not in BLANKS]
