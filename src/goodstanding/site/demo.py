"""The demonstration: whether there is to be one, the people to log in as, and the organisation they belong to."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth import get_user_model
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from goodstanding import conf
from goodstanding.core.records import Status
from goodstanding.memberships.reading import standing_now
from goodstanding.people import services as people
from goodstanding.people.models import Member
from goodstanding.site import demo_cast, demo_seeding, environment

PASSWORD = people.DEMO_PASSWORD

_STANDING = {
    Status.NONE: _("no membership"),
    Status.PENDING: _("not paid yet"),
    Status.GOOD: _("a member in good standing"),
    Status.GRACE: _("a member in grace"),
    Status.HELD: _("a member on hold"),
    Status.LAPSED: _("a member whose membership has lapsed"),
}


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


def ensure(*, now: datetime) -> str:
    """Make the demonstration, once: its people, and the organisation with its history. Return why not all, or nothing.

    One that was interrupted is begun anew. In a database that has members or levels of its own only the people to log in as are made, and nothing is added to it.
    """
    if demo_seeding.was_interrupted():
        demo_seeding.begin_anew()
    if demo_seeding.is_seeded():
        reason = ""
    elif not (reason := demo_seeding.refused_because()):
        conf.call_organisation(demo_cast.NAME)
        demo_seeding.seed(now=now)
        environment.remember_name(conf.HOME.value(), demo_cast.NAME)
    people.ensure_demo_people(now=now)
    return reason


def shut_out() -> list[str]:
    """On a site in use, take their known password from the demonstration's people; return a line for each.

    Somebody tried things first, and went on with the same database. Whoever changed the password meanwhile keeps it.
    """
    if conf.is_for_trying():
        return []
    users = get_user_model()._default_manager.filter(email__in=[email for email, *_ in people.DEMO_PEOPLE])
    found = [user for user in users if user.has_usable_password() and user.check_password(PASSWORD)]
    for user in found:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    return [f"{user.email}: the demonstration’s password was taken away; this is a site in use." for user in found]


def lines(*, now: datetime) -> list[str]:
    """Return whom to log in as and what each shows, one per line."""
    return [f"{email} ({words})" for email, _name, words in _people(now=now)]


def people_to_try(*, now: datetime, this_machine_only: bool) -> list[tuple[str, str, str]]:
    """Return (e-mail, name, who it is) of the demo people who are there; nobody, where there is to be no demonstration."""
    return [] if refused_because(this_machine_only=this_machine_only) else _people(now=now)


def _people(*, now: datetime) -> list[tuple[str, str, str]]:
    emails = [email for email, *_ in people.DEMO_PEOPLE]
    there = set(get_user_model()._default_manager.filter(email__in=emails).values_list("email", flat=True))
    members = dict(Member.objects.filter(user__email__in=emails).values_list("user__email", "pk"))
    return [
        (email, name, _who(role, members.get(email), now=now))
        for email, name, role in people.DEMO_PEOPLE
        if email in there
    ]


def _who(role: str, member: str | None, *, now: datetime) -> str:
    if role == "staff":
        return role
    if member is None:
        return gettext("a stranger: may log in, belongs to nothing")
    return str(_STANDING[Status(standing_now(member, now=now).status)])
