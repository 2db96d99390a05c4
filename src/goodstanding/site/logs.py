"""Log lines: moment, level, who says it, what, and the ids given with it. Never a body, an address or a secret."""

from __future__ import annotations

import logging

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# Names that nobody should pass; whoever does so in a hurry does no harm.
_WITHHELD = (
    "address",
    "body",
    "card",
    "data",
    "email",
    "headers",
    "password",
    "payload",
    "secret",
    "signature",
    "token",
)


class PlainFormatter(logging.Formatter):
    """One line per record, with the simple values of ``extra`` behind it as ``name=value``."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name that logging calls
        """Return the line, without the traceback that may follow."""
        extras = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        shown = " ".join(f"{name}={value}" for name, value in sorted(extras.items()) if _may_show(name, value))
        line = super().formatMessage(record)
        return f"{line} [{shown}]" if shown else line


def _may_show(name: str, value: object) -> bool:
    return isinstance(value, str | int | float | bool) and not any(word in name.lower() for word in _WITHHELD)


def logging_settings(level: str) -> dict[str, object]:
    """Return Django's ``LOGGING``: everything to standard error; errors are not mailed (a mail would hold the form)."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"plain": {"()": PlainFormatter}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {
            "goodstanding": {"level": level},
            "django": {"handlers": [], "level": "INFO"},
            # SQL with its parameters would be personal data.
            "django.db.backends": {"level": "WARNING"},
        },
    }
