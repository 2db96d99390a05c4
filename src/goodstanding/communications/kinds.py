"""The kinds of mails, and what each has to be told: the one place that says so.

Each kind has two templates, ``gs_communications/mails/<kind>.txt`` and ``.html``. All are given ``name`` (the person's,
may be empty), ``organisation`` and ``subject`` besides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise


class Value(StrEnum):
    """What stands under a name of a context. Texts may be lazy: they are read in the mail's language."""

    LINE = "line"  # text; whatever would break the line becomes a space. Amounts are such texts, formatted already
    WORDS = "words"  # text of several lines
    ROWS = "rows"  # a list of (description, amount), both lines
    MOMENT = "moment"  # an aware datetime; shown in the site's time zone
    DAY = "day"  # a date
    LINK = "link"  # a whole address (services.link makes one of a path); empty where the site's own is not known


VALUES: Mapping[str, Value] = {
    "amount": Value.LINE,  # what was charged, is to be charged, or was given back: "25.00 EUR"
    "card": Value.LINE,  # as people know it: "Visa … 4242"
    "code": Value.LINE,  # of a gift: worth what was paid for it
    "covered_until": Value.MOMENT,  # exclusive, as every upper bound: the midnight after the last day
    "due_on": Value.DAY,
    "goes_on_on": Value.DAY,  # the first day after a pause
    "good_until": Value.DAY,  # the last day on which a card can be charged
    "grace_until": Value.MOMENT,  # exclusive
    "instructions": Value.WORDS,  # how to pay, in the organisation's own words; how to stay
    "level": Value.LINE,
    "lines": Value.ROWS,
    "link": Value.LINK,  # where to go and do something about it
    "member": Value.LINE,  # of whom staff are told
    "message": Value.WORDS,  # to whom something is given, in the giver's words
    "next_charge_on": Value.DAY,
    "next_try_at": Value.MOMENT,
    "number": Value.LINE,  # of a bill or receipt
    "paid_by": Value.LINE,  # "card ending in 4242"
    "reason": Value.LINE,  # why a payment failed, as a whole sentence; may be empty
    "payer": Value.LINE,  # who pays for a membership through which others have one
    "people": Value.LINE,  # names, in a row
    "person": Value.LINE,
    "since": Value.MOMENT,
    "term": Value.LINE,  # how long something lasts: "6 months"
    "starts_on": Value.DAY,  # the first day of a pause
    "then": Value.WORDS,  # what comes where nothing is paid
    "total": Value.LINE,
    "until": Value.MOMENT,  # exclusive
    "what_it_means": Value.WORDS,  # for the membership: what a refund means, or not paying
}


@dataclass(frozen=True, slots=True)
class Kind:
    """What a kind of mail must be told, and what it may be told or not (``None``, or left out)."""

    needs: tuple[str, ...]
    may: tuple[str, ...] = ()


KINDS: Mapping[str, Kind] = {
    # Somebody joined, or came back. Without covered_until: for life. next_charge_on needs amount.
    "welcome": Kind(needs=("level", "link"), may=("covered_until", "amount", "next_charge_on")),
    # A bill is settled. covered_until where it paid for a membership's period; what_it_means: what balance had to do with it,
    # as whole sentences, where it was not settled by one payment of its total.
    "receipt": Kind(needs=("number", "lines", "total", "link"), may=("paid_by", "covered_until", "what_it_means")),
    # A charge failed. Without next_try_at our clock does not try again; without grace_until access has ended.
    "payment_failed": Kind(needs=("amount", "reason", "link"), may=("next_try_at", "grace_until", "then")),
    # The same, for staff.
    "staff_payment_failed": Kind(needs=("member", "number", "amount", "reason", "link"), may=("next_try_at",)),
    # The card that pays is good for some weeks only.
    "card_expires": Kind(needs=("card", "good_until", "link"), may=("next_charge_on",)),
    # Still nothing paid, and grace is nearly over.
    "grace_ends_soon": Kind(needs=("grace_until", "amount", "link")),
    # Access has ended because nothing was paid, or because a term is over. payer: of a seat, through whom it was held.
    "lapsed": Kind(needs=("level", "since", "link"), may=("payer",)),
    # It ends soon, and nothing renews it by itself. since: when the renewal was stopped, where that can be taken back.
    "ends_soon": Kind(needs=("level", "covered_until", "instructions", "link"), may=("since",)),
    # No further charges. Without covered_until nothing paid is left, and access has ended.
    "cancelled": Kind(needs=("level", "link"), may=("covered_until",)),
    # The last of so many payments was made: no further charges. Until when it is held then, or in words where no day says it.
    "paid_up": Kind(needs=("level", "link"), may=("covered_until", "what_it_means")),
    # It is paused, or will be. Without goes_on_on somebody has to have it go on; without next_charge_on nothing is charged.
    # covered_until: a gateway paused it, which leaves what is paid as it is.
    "paused": Kind(needs=("level", "starts_on", "link"), may=("goes_on_on", "next_charge_on", "covered_until")),
    # A pause that had not begun was taken back.
    "pause_dropped": Kind(needs=("level", "link"), may=("next_charge_on",)),
    # Some days before a pause is over. card, good_until: where the card will not be good for the next charge.
    "goes_on_soon": Kind(needs=("level", "goes_on_on", "link"), may=("next_charge_on", "card", "good_until")),
    # A pause was ended before its time, or had none.
    "goes_on": Kind(needs=("level", "link"), may=("next_charge_on", "card", "good_until")),
    # Staff changed the level. since: where that is not now. amount: what is to be paid for it first, behind the link.
    "level_changed": Kind(needs=("level", "link"), may=("since", "amount")),
    # A member set a change of level for the end of what is paid; without since: it is made now. And the same for staff.
    "level_planned": Kind(needs=("level", "link"), may=("since",)),
    "staff_level_planned": Kind(needs=("member", "level", "link"), may=("since",)),
    # Money was given back.
    "refunded": Kind(needs=("amount", "what_it_means", "link")),
    # The bank wants the card's owner to approve a charge: the page behind the link asks.
    "card_challenge": Kind(needs=("amount", "link"), may=("next_try_at", "grace_until", "then")),
    # To whom a gift card is for: its code, and how to redeem it. until: where it expires.
    "gift_card": Kind(needs=("payer", "amount", "code", "link"), may=("message", "person", "until")),
    # To whom somebody gives a level for a term.
    "gift_level": Kind(needs=("payer", "level", "term", "code", "link"), may=("message", "person", "until")),
    # Somebody is invited to be a member through who pays. The link is his alone.
    "seat_invited": Kind(needs=("payer", "level", "until", "link")),
    # To the payer: somebody took a seat.
    "seat_accepted": Kind(needs=("person", "level", "link")),
    # To who held it: a seat has ended.
    "seat_ended": Kind(needs=("payer", "level", "since", "link")),
    # To the payer: there are fewer seats than were held, and the ones given last have ended.
    "seats_fewer": Kind(needs=("people", "level", "link")),
    # A bill that is open, to be paid by hand.
    "invoice": Kind(needs=("number", "total", "due_on", "instructions", "link")),
    # Some days before the last one for paying it; total: what is left of it.
    "payment_reminder": Kind(needs=("number", "total", "due_on", "instructions", "link")),
    # That day is over. what_it_means: what becomes of it if it stays unpaid.
    "payment_overdue": Kind(needs=("number", "total", "due_on", "instructions", "what_it_means", "link")),
    # A part came (amount); total: what is left.
    "part_paid": Kind(needs=("number", "amount", "total", "link"), may=("due_on",)),
    # It was never paid, and nobody asks for it any more.
    "invoice_withdrawn": Kind(needs=("number", "total", "link")),
}


class UnknownKind(Exception):
    """There is no such kind of mail."""


class BadContext(Exception):
    """A mail was not told what it has to be told. Names names, never what stands under them."""


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_CONTROL_BUT_NEWLINE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]+")
_LINK = re.compile(r"https?://[^\s\x00-\x1f\x7f<>\"]+")


def one_line(text: str) -> str:
    """Return ``text`` without anything that could begin a new line."""
    return " ".join(_CONTROL.sub(" ", text).split())


def read(kind: str, context: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a mail of ``kind`` may show of ``context``; optional names that are not given are ``None``.

    Raises :class:`UnknownKind`, and :class:`BadContext` where a name is missing, is not one of the kind's, or holds
    something else than it should. Both are bugs of the caller: nothing that a person typed can cause them.
    """
    if kind not in KINDS:
        raise UnknownKind(kind)
    wanted = KINDS[kind]
    if missing := [name for name in wanted.needs if context.get(name) is None]:
        raise BadContext(f"{kind} needs {', '.join(missing)}")
    if unknown := sorted(context.keys() - {*wanted.needs, *wanted.may}):
        raise BadContext(f"{kind} knows nothing of {', '.join(unknown)}")
    return {name: _value(kind, name, context.get(name)) for name in (*wanted.needs, *wanted.may)}


def _value(kind: str, name: str, value: Any) -> Any:
    if value is None:
        return None
    what = VALUES[name]
    try:
        return _READERS[what](value)
    except (TypeError, ValueError):
        # Without its cause, which may repeat what stood there.
        raise BadContext(f"{kind}: {name} is no {what}") from None


def _text(value: Any) -> str:
    if isinstance(value, str | Promise):
        return str(value)
    raise TypeError


def _line(value: Any) -> str:
    return one_line(_text(value))


def _words(value: Any) -> str:
    return _CONTROL_BUT_NEWLINE.sub(" ", _text(value).replace("\r\n", "\n")).strip()


def _rows(value: Any) -> list[tuple[str, str]]:
    return [(_line(words), _line(amount)) for words, amount in value]


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    raise TypeError


def _day(value: Any) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise TypeError


def _link(value: Any) -> str:
    text = _text(value)
    if text and not _LINK.fullmatch(text):
        raise ValueError
    return text


_READERS: Mapping[Value, Callable[[Any], Any]] = {
    Value.LINE: _line,
    Value.WORDS: _words,
    Value.ROWS: _rows,
    Value.MOMENT: _moment,
    Value.DAY: _day,
    Value.LINK: _link,
}
