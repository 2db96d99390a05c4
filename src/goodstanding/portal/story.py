"""What happened, in plain words: bills, payments, money given back, and changes of standing; the latest first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from goodstanding.billing.models import Invoice, InvoiceLine, Payment, Refund
from goodstanding.catalogue.models import Level
from goodstanding.core.records import Status
from goodstanding.memberships.level_decisions import LevelDecision
from goodstanding.memberships.models import StandingChange
from goodstanding.memberships.words import says_paused
from goodstanding.people.models import Member
from goodstanding.portal import words
from goodstanding.portal.bills import mine
from goodstanding.portal.pausing import PAUSED

LISTED = 30  # on one page

Place = tuple[datetime, int, datetime, str]  # in the order of all: when, which kind, when it was noticed, its id


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that happened. ``address``: where there is more about it; ``place``: its own in the order of all."""

    at: datetime
    what: str
    address: str
    place: Place

    @property
    def cursor(self) -> str:
        """What the next page comes after."""
        at, rank, then, pk = self.place
        return f"{at.isoformat()} {rank} {then.isoformat()} {pk}"


@dataclass(frozen=True, slots=True)
class _Kind:
    """One table that tells: its rows, the field of its moment, what a row says, and what orders rows of one moment."""

    rows: QuerySet[Any]
    moment: str
    says: Callable[[Any], str]
    then: str


def page(member: Member, *, after: str = "") -> tuple[list[Happened], str]:
    """Return one page of what happened to ``member``, and what the next comes after (``""``: there is none).

    Statements: one a kind and one for names, however long the story is.
    """
    names = dict(Level.objects.values_list("slug", "name"))
    cursor = _cursor(after)
    found = [
        (_place(row, kind, rank), kind, row)
        for rank, kind in enumerate(_kinds(member, names))
        for row in _before(kind, rank, cursor)[: LISTED + 1]
    ]
    found.sort(key=lambda each: each[0], reverse=True)
    addresses = _addresses(member, [row for _place, _kind, row in found[:LISTED]])
    shown = [
        Happened(place[0], kind.says(row), addresses.get(_about(row), ""), place) for place, kind, row in found[:LISTED]
    ]
    return shown, shown[-1].cursor if len(found) > LISTED else ""


def _place(row: Any, kind: _Kind, rank: int) -> Place:
    return getattr(row, kind.moment), rank, getattr(row, kind.then), row.pk


def _about(row: Any) -> tuple[str, str]:
    """Which invoice it is about: the gateway account, and the reference there."""
    if isinstance(row, Invoice):
        return row.gateway_account_id, row.external_id
    return (row.gateway_account_id, row.invoice) if isinstance(row, Payment | Refund) else ("", "")


def _addresses(member: Member, rows: Iterable[Any]) -> dict[tuple[str, str], str]:
    wanted = {reference for _account, reference in map(_about, rows) if reference}
    return {
        _about(each): reverse("gs_portal:invoice", args=[each.pk])
        for each in mine(member).filter(external_id__in=wanted)
    }


def _cursor(text: str) -> Place | None:
    """Read what :attr:`Happened.cursor` wrote; whatever else somebody typed means the first page."""
    try:
        at, rank, then, pk = text.split(" ", 3)
        found = datetime.fromisoformat(at), int(rank), datetime.fromisoformat(then), pk
    except ValueError:
        return None
    return found if found[0].tzinfo and found[2].tzinfo and "\0" not in pk else None


def _before(kind: _Kind, rank: int, cursor: Place | None) -> QuerySet[Any]:
    rows = kind.rows.order_by(f"-{kind.moment}", f"-{kind.then}", "-pk")
    if cursor is None:
        return rows
    at, from_rank, then, pk = cursor
    earlier = Q(**{f"{kind.moment}__lt": at})
    if rank < from_rank:
        earlier |= Q(**{kind.moment: at})
    elif rank == from_rank:
        earlier |= Q(**{kind.moment: at}) & (Q(**{f"{kind.then}__lt": then}) | Q(**{kind.then: then, "pk__lt": pk}))
    return rows.filter(earlier)


def _kinds(member: Member, names: dict[str, str]) -> Iterable[_Kind]:
    """The tables that tell, in the order in which they do at one moment."""
    own = {"account__member": member}
    redeemed = InvoiceLine.objects.filter(invoice=OuterRef("pk"), kind="gift", amount_minor__lt=0)
    yield _Kind(mine(member).annotate(is_gift=Exists(redeemed)), "issued_at", _issued, "issued_at")
    yield _Kind(Payment.objects.filter(status__in=("succeeded", "failed"), **own), "made_at", _paid, "made_at")
    yield _Kind(Refund.objects.filter(status="succeeded", **own), "made_at", _given_back, "made_at")
    decided = LevelDecision.objects.filter(member=member)
    yield _Kind(decided, "made_at", lambda row: _decided(row, names), "made_at")
    # That something was begun and is not paid yet is no news: its invoice stands there.
    changes = StandingChange.objects.filter(member=member).exclude(after=Status.PENDING)
    yield _Kind(changes, "at", lambda row: change_words(row, names), "recorded_at")


def _issued(row: Invoice) -> str:
    said = {"number": row.number or row.external_id, "amount": words.money(row.total_minor, row.currency)}
    if row.is_gift:  # type: ignore[attr-defined] # it costs nothing
        return _("You redeemed a gift (%(number)s).") % said
    if row.total_minor < 0:  # a change of level gave more back than it charged
        said["amount"] = words.money(-row.total_minor, row.currency)
        return _("Invoice %(number)s gave %(amount)s back to your balance.") % said
    return _("Invoice %(number)s over %(amount)s.") % said


def _paid(row: Payment) -> str:
    said = {"amount": words.money(row.amount_minor, row.currency)}
    return (
        _("You paid %(amount)s.") if row.status == "succeeded" else _("A payment of %(amount)s was declined.")
    ) % said


def _given_back(row: Refund) -> str:
    return _("%(amount)s was given back to you.") % {"amount": words.money(row.amount_minor, row.currency)}


def _decided(row: LevelDecision, names: dict[str, str]) -> str:
    """That staff changed the level; why they did is theirs."""
    level = names.get(row.after_id, row.after_id)
    if row.effect_at is None:
        return _("The staff changed your level to %(level)s, from when it is paid.") % {"level": level}
    said = {"level": level, "day": words.day(row.effect_at)}
    return _("The staff changed your level to %(level)s, from %(day)s.") % said


def change_words(change: StandingChange, names: dict[str, str]) -> str:
    """Return what a change of standing was, level by level."""
    before, after = _levels(change.levels_before), _levels(change.levels_after)
    lapsed = {level for level, status in after.items() if status == Status.LAPSED}
    after |= dict.fromkeys((each for each in lapsed if says_paused(change.because, each)), PAUSED)
    moved = [
        _("%(level)s: %(status)s.") % {"level": names.get(level, level), "status": words.STATUSES.get(status, status)}
        for level, status in after.items()
        if before.get(level) != status
    ]
    return " ".join(moved) or _("Your standing: %(status)s.") % {
        "status": words.STATUSES.get(change.after, change.after)
    }


def _levels(text: str) -> dict[str, str]:
    return dict(each.split("=", 1) for each in text.split(";") if "=" in each)
