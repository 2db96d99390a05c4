"""People to try things with: alice, bob, charlie and dana, whose password stands in the documentation."""

from __future__ import annotations

from datetime import datetime

from goodstanding import conf
from goodstanding.people import services as people

PASSWORD = "goodstanding-demo"  # noqa: S105 - known on purpose; see refused_because


def refused_because(*, this_machine_only: bool) -> str:
    """Return why people with a known password must not be made here, or nothing. Asking for them outright allows it."""
    asked = conf.DEMO.value()
    if asked is False:
        return f"{conf.DEMO.name}=0"
    if asked:
        return ""
    if conf.HTTPS.value():
        return f"{conf.HTTPS.name}=1: a site in use"
    if not this_machine_only:
        return "the site can be reached from the network"
    return ""


def people_lines(*, now: datetime) -> list[str]:
    """Make the demo people, where they are not there yet, and return whom to log in as, one per line."""
    made = people.ensure_demo_people(now=now)
    return [f"{email} ({role})" for email, role in made]
