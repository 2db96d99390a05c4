"""People to try things with: alice, bob, charlie and dana, whose password stands in the documentation."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from django.contrib.auth import get_user_model

from goodstanding import conf
from goodstanding.catalogue.models import Level
from goodstanding.catalogue.services import import_catalogue
from goodstanding.memberships.models import Grant
from goodstanding.memberships.services import grant
from goodstanding.people import services as people
from goodstanding.people.models import Member

PASSWORD = people.DEMO_PASSWORD
LEVEL = {"slug": "demo-member", "name": "Demo member", "group": "demo", "group_allows_several": True}
YEAR, MONTH = timedelta(days=365), timedelta(days=30)


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
    give_standing(now=now)
    return [f"{email} ({role})" for email, role in made]


def people_to_try(*, this_machine_only: bool) -> list[tuple[str, str, str]]:
    """Return (e-mail, name, role) of the demo people who are there; nobody, where there is to be no demonstration."""
    if refused_because(this_machine_only=this_machine_only):
        return []
    users = get_user_model()._default_manager
    there = set(users.filter(email__in=[email for email, *_ in people.DEMO_PEOPLE]).values_list("email", flat=True))
    return [person for person in people.DEMO_PEOPLE if person[0] in there]


def give_standing(*, now: datetime) -> None:
    """Put alice in good standing for a year, and let bob have been until a month ago; who was given any stays as is."""
    if not Level.objects.filter(slug=LEVEL["slug"]).exists():
        import_catalogue(json.dumps([LEVEL]), now=now)
    level = Level.objects.get(slug=LEVEL["slug"])
    for email, given_at, length in (("alice@example.org", now, YEAR), ("bob@example.org", now - 2 * MONTH, MONTH)):
        member = Member.objects.filter(user__email=email).first()
        if member is not None and not Grant.objects.filter(member=member).exists():
            end = given_at + length
            grant(member, level=level, start_at=given_at, end_at=end, reason="a demonstration", by=None, now=given_at)
