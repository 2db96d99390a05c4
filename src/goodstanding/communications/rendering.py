"""What a mail says, in the language of whom it is for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string
from django.utils import translation

from goodstanding import conf
from goodstanding.communications import kinds
from goodstanding.communications.models import SUBJECT_LENGTH

_BLANK_LINES = re.compile(r"[ \t]*\n(?:[ \t]*\n){2,}")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail's words."""

    subject: str
    text: str
    html: str
    language: str


def language_for(wanted: str) -> str:
    """Return the language closest to ``wanted`` that the site speaks, else the site's own."""
    try:
        return translation.get_supported_language_variant(wanted) if wanted else conf.language()
    except LookupError:
        return conf.language()


def render(kind: str, context: Mapping[str, Any], *, name: str, language: str) -> Rendered:
    """Return a mail of ``kind``. The text's first line is the subject; values are escaped in the HTML alone.

    Raises :class:`kinds.UnknownKind` and :class:`kinds.BadContext`.
    """
    language = language_for(language)
    with translation.override(language):
        told = {**kinds.read(kind, context), "name": kinds.one_line(name), "organisation": conf.ORGANISATION.value()}
        words = render_to_string(f"gs_communications/mails/{kind}.txt", told).lstrip()
        first, _, rest = words.partition("\n")
        # Sent as a header: a name that holds a line break must not begin another one.
        subject = kinds.one_line(first)[:SUBJECT_LENGTH]
        html = render_to_string(f"gs_communications/mails/{kind}.html", {**told, "subject": subject})
    return Rendered(subject, _BLANK_LINES.sub("\n\n", rest).strip() + "\n", html.strip() + "\n", language)
