"""A member's balance, as the page shows it: what came onto it, what it paid, what is left, and what it will pay."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from goodstanding.billing.models import BalanceEntry, Invoice
from goodstanding.catalogue.words import money_words
from goodstanding.core.balance import Entry, Spent, Use, spent
from goodstanding.core.ledger import NOT_USED
from goodstanding.core.money import Money
from goodstanding.memberships.reaching import reach_of
from goodstanding.people.models import Member
from goodstanding.portal import words

MOVED = "moved"  # between a member's own records: on the whole it is nothing


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that came onto a balance: when, what, how much, what it ``paid``, and what is ``left`` of it."""

    at: datetime
    what: str
    amount: str
    paid: Sequence[tuple[str, str]]  # what, and how much of it
    left: str


@dataclass(frozen=True, slots=True)
class Balance:
    """The balance in one currency."""

    amount: Money
    words: str
    lines: Sequence[Line]


def coming(member: Member, found: Sequence[Balance]) -> list[str]:
    """Return in words which renewals the balances will pay, and how far they reach. Nothing where there is no balance."""
    return [words for each in found if each.amount.amount_minor > 0 for words in _reach_words(member, each.amount)]


def _reach_words(member: Member, balance: Money) -> Iterator[str]:
    reach = reach_of(member, balance)
    for each in reach.paid:
        said = {
            "what": each.bill.name or _("Renewal"),
            "day": words.day(each.bill.at),
            "part": money_words(each.part),
            "amount": money_words(each.bill.amount),
        }
        yield (
            _("%(what)s, %(day)s: all of %(amount)s")
            if each.is_whole
            else _("%(what)s, %(day)s: %(part)s of %(amount)s")
        ) % said
    if reach.is_known and reach.left:
        yield _("%(left)s are left after that.") % {"left": money_words(reach.left)}
    elif not reach.is_known:
        yield _("Nothing renews by itself at the moment: it pays what you join next.")
    if reach.elsewhere:
        yield _("What the bank renews by itself is not paid from it.")


def balances(member: Member) -> list[Balance]:
    """Return a member's balances, by currency. Two statements, however many entries there are."""
    entries: defaultdict[str, list[Entry]] = defaultdict(list)
    uses: defaultdict[str, list[Use]] = defaultdict(list)
    said: dict[str, str] = {}
    rows = BalanceEntry.objects.filter(account__member=member).exclude(kind=MOVED).order_by("made_at", "id")
    for row in rows:
        said[row.pk] = _entry_words(row)
        if row.amount_minor > 0:
            entries[row.currency].append(Entry(row.pk, row.made_at, row.amount_minor))
        else:
            uses[row.currency].append(Use(row.pk, row.made_at, -row.amount_minor))
    bills = Invoice.objects.filter(~Q(credit_minor=0), account__member=member).exclude(status__in=NOT_USED)
    for bill in bills.order_by("issued_at", "id"):
        said[bill.pk] = _("Invoice %(number)s") % {"number": bill.number or bill.external_id}
        if bill.credit_minor < 0:
            entries[bill.currency].append(Entry(bill.pk, bill.issued_at, -bill.credit_minor))
        else:
            uses[bill.currency].append(Use(bill.pk, bill.issued_at, bill.credit_minor))
    return [_balance(each, entries[each], uses[each], said) for each in sorted({*entries, *uses})]


def _balance(currency: str, entries: Sequence[Entry], uses: Sequence[Use], said: dict[str, str]) -> Balance:
    found: Spent = spent(entries, uses)
    paid: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for part in found.parts:
        paid[part.entry].append((said[part.use], money_words(Money(part.amount_minor, currency))))
    left = dict(found.left)
    lines = [
        Line(
            each.at,
            said[each.ref],
            money_words(Money(each.amount_minor, currency)),
            paid[each.ref],
            money_words(Money(left[each.ref], currency)),
        )
        for each in sorted(entries, key=lambda each: (each.at, each.ref), reverse=True)
    ]
    amount = Money(found.left_minor, currency)
    return Balance(amount, money_words(amount), lines)


def _entry_words(row: BalanceEntry) -> str:
    said = {
        "gift_card": _("Gift card %(words)s"),
        "code": _("What the code %(words)s left"),
        "refund": _("Given back as balance"),
        "paid": _("Paid more than was asked for"),
        "adjustment": _("By the staff: %(words)s") if row.words else _("By the staff"),
    }
    return said.get(row.kind, _("Credit")) % {"words": row.words}
