"""Riverside Makerspace: eight months of a small organisation, lived through once in a few seconds.

Time goes from moment to moment, everything that falls due is done by the ordinary workers, the sandbox's messages go through
the ordinary inbox: so the records look as after real life. Mails of that past are written, and sent to nobody.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import call_command

from goodstanding import clock, conf
from goodstanding.audit.models import AuditEntry
from goodstanding.audit.services import note
from goodstanding.billing.models import GiftOffer
from goodstanding.catalogue import code_file
from goodstanding.catalogue.models import Level
from goodstanding.catalogue.services import import_catalogue
from goodstanding.communications import handlers as mails
from goodstanding.communications.models import Mail
from goodstanding.doors import services as doors
from goodstanding.gateways.models import GatewayAccount
from goodstanding.gateways.services import ensure_manual_account, ensure_sandbox_accounts, ensure_stripe_account
from goodstanding.jobs import lease, registry
from goodstanding.jobs.simulating import simulate
from goodstanding.people import services as people
from goodstanding.people.models import Member
from goodstanding.site.demo_acts import Act, Stage
from goodstanding.site.demo_cast import CAST, CATALOGUE, CODES, DOORS, Somebody

SEEDED = "make the demonstration"  # the audit entry that says it is whole
BEGUN = "begin the demonstration"  # the one that says that all of this database is the demonstration's
OURS = "@example.org"  # the addresses of all its people: nobody real has one
BEFORE_ALL = timedelta(days=2)


def is_seeded() -> bool:
    """Return whether the organisation is there, whole."""
    return AuditEntry.objects.filter(action=SEEDED).exists()


def was_interrupted() -> bool:
    """Return whether it was begun here and never made whole, and nobody real has come since."""
    begun = AuditEntry.objects.filter(action=BEGUN).exists() and not is_seeded()
    users = get_user_model()._default_manager.exclude(email__endswith=OURS)
    return begun and not users.exists() and not Member.objects.exclude(email__endswith=OURS).exists()


def begin_anew() -> None:
    """Empty a database in which the making was interrupted (:func:`was_interrupted`), so that it can be made whole."""
    assert was_interrupted()
    call_command("flush", interactive=False, verbosity=0)
    ensure_stripe_account()


def refused_because() -> str:
    """Return why the organisation is not to be made in this database, or nothing."""
    if Member.objects.exists() or Level.objects.exists():
        return "there are members or levels here already"
    return ""


def seed(*, now: datetime) -> None:
    """Make the organisation with its history up to ``now``, in a database that has no members and levels."""
    tz = conf.time_zone()
    planned = [(ago.before(now, tz=tz), number, each) for number, each in enumerate(CAST) for ago, _ in each.did[:1]]
    acts = sorted(
        ((ago.before(now, tz=tz), number, each, act) for number, each in enumerate(CAST) for ago, act in each.did),
        key=lambda act: act[:2],
    )
    begin = min(at for at, *_ in planned) - BEFORE_ALL
    note(by=None, on=ensure_stripe_account(), what=BEGUN, why="", now=begin)
    with clock.stopped(begin), _mails_sent_to_nobody():
        stage = _stage(now=begin)
        for at, _, who, act in acts:
            simulate(at, now=clock.now())
            _do(who, act, stage, now=at)
        simulate(now, now=clock.now())
        note(by=None, on=stage.doors["front"], what=SEEDED, why="", now=now)


def _take_transfers() -> None:
    """Offer to be billed and pay by transfer, to an account that is nobody's; last, after the cards."""
    account = ensure_manual_account()
    words = "Please transfer {amount} by {due} to DE02 1203 0000 0000 2020 51.\nQuote {reference}, so that we find it."
    account.hand_methods.filter(code="transfer", instructions="").update(instructions=words, is_offered=True)
    GatewayAccount.objects.filter(pk=account.pk).update(is_offered=True, position=9)


def _stage(*, now: datetime) -> Stage:
    """Open the house: what is for sale, where it is paid, who works here, doors and their readers."""
    import_catalogue(json.dumps(CATALOGUE), now=now)
    code_file.take_in(CODES.encode(), now=now)
    _take_transfers()
    GiftOffer.objects.get_or_create(
        currency="EUR", defaults={"choices": "25, 50, 100", "least_minor": 1000, "most_minor": 50000}
    )
    ensure_sandbox_accounts()
    people.ensure_demo_people(now=now)
    stage = Stage(staff=get_user_model()._default_manager.get(email="dana@example.org"))
    for key, (name, place, levels) in DOORS.items():
        allowed = Level.objects.filter(slug__in=levels)
        door = doors.make_door(
            name=name, place=place, levels=allowed, by=stage.staff, now=now, made_from=("demonstration", key)
        )
        reader = doors.make_device(name=f"Reader at the {name.lower()}", at=[door], by=stage.staff, now=now)
        stage.doors[key] = door
        stage.tokens[key] = doors.new_device_token(reader, by=stage.staff, now=now)  # forgotten when all is made
    return stage


def _do(who: Somebody, act: Act, stage: Stage, *, now: datetime) -> None:
    act(_member(who, now=now), stage, now=now)


def _member(who: Somebody, *, now: datetime) -> Member:
    """Return the member, made with a log-in at their first act; only those of the first page have a password."""
    users = get_user_model()._default_manager
    user: Any = users.filter(email=who.email).first()
    if user is None:
        user = people.make_user(email=who.email, name=who.name, now=now)
    return people.make_member(user=user, name=who.name, now=now, made_from=("demo", who.email))


@contextmanager
def _mails_sent_to_nobody() -> Iterator[None]:
    """Within the block the worker notes mails as sent and sends none: they are eight months late."""
    registry.forget_source(mails.MAILS.name)
    registry.source(replace(mails.MAILS, process=_note_as_sent))
    try:
        yield
    finally:
        registry.forget_source(mails.MAILS.name)
        registry.source(mails.MAILS)


def _note_as_sent(mail: Mail, *, now: datetime) -> None:
    lease.carry(mail, partial(lease.close, mail, state=Mail.State.SENT, sent_at=now, last_error=""), now=now)
