"""What members hear of bills that they pay by hand: the bill itself, what came of it, reminders before and after its day.

A step of a bill is one mail at most, by a row of its own; a day for paying that moves begins them anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from goodstanding import conf
from goodstanding.billing.models import GatewayCustomer, Invoice, Reminder
from goodstanding.catalogue.words import money_words
from goodstanding.core import reminding
from goodstanding.core.facts import InvoiceSeen
from goodstanding.core.fold import InvoiceState
from goodstanding.core.ids import derived
from goodstanding.core.ledger import Ledger
from goodstanding.core.money import Money
from goodstanding.gateways import services as gateways
from goodstanding.gateways.models import GatewayAccount, HandTerms
from goodstanding.jobs import services as jobs
from goodstanding.memberships import handbills
from goodstanding.people.models import Member

REMIND = "memberships.remind"
Post = Callable[[str, str, dict[str, Any]], object]
"""Posts a mail: its kind, what it is about (once each), and its context."""


def of_bill(
    customer: GatewayCustomer, ledger: Ledger, state: InvoiceState, post: Post, *, pages: tuple[str, str], now: datetime
) -> None:
    """Write of a bill that is paid by hand (it has a day) as it stands, and have its payer reminded in time.

    ``pages``: the addresses of the invoice and of joining. Each mail is written once, whatever is told again.
    """
    last = state.last
    assert last is not None
    assert last.due_at is not None, last.invoice
    page, join = pages
    if state.closed_at is not None:
        if last.due_at <= state.closed_at and not _was_ever_paid(ledger, last):
            total = _words(last.total_minor, last)
            post("invoice_withdrawn", last.invoice, {"number": _name(last), "total": total, "link": join})
        return
    if not last.paid_minor:
        post(
            "invoice",
            last.invoice,
            {**_told(customer.gateway_account, customer.method, last, last.due_at), "link": page},
        )
    else:
        _part(ledger, last, post, page=page)
    _begin(customer.gateway_account, last, now=now)


def remind(invoice: str, due_at: datetime, *, post: Callable[..., object], page: str, now: datetime) -> None:
    """Remind the payer of an open bill (by its public id), if it is still to be paid by ``due_at``, and plan the next time.

    Any number of times: each step is taken once. Who stood still for weeks takes the latest one alone.
    """
    row = _open(invoice, due_at)
    if row is None or row.account.member is None:
        return
    account = row.gateway_account
    terms = gateways.hand_terms(account)
    steps = reminding.steps(due_at, terms.schedule, issued_at=row.issued_at, tz=conf.time_zone())
    step = reminding.reached(steps, now=now)
    if step is not None and not (step.is_overdue and not _is_asked_for(row, terms, now=now)):
        there = {"invoice": row.pk, "due_at": due_at, "days": step.days}
        _row, is_new = Reminder.objects.get_or_create(**there, defaults={"at": now, "is_last": step.is_last})
        if is_new:
            kind, context = _words_of(row, step, terms, page=page)
            post(kind, derived("rem", row.pk, due_at.isoformat(), str(step.days)), row.account.member, context, now=now)
    _plan(row.pk, due_at, reminding.following(steps, now=now), now=now)


def of_member(member: Member) -> list[tuple[Invoice, Reminder]]:
    """Return the reminders that a member got, each with its invoice, in order of time. Two statements."""
    rows = {row.pk: row for row in Invoice.objects.filter(account__member=member, due_at__isnull=False)}
    sent = Reminder.objects.filter(invoice__in=list(rows)).order_by("at", "id") if rows else []
    return [(rows[each.invoice], each) for each in sent]


def counted(invoices: Sequence[str]) -> dict[str, str]:
    """Return, of invoices (by public id), how often their payers were reminded, in words for staff. One statement at most."""
    found: defaultdict[str, list[Reminder]] = defaultdict(list)
    for each in Reminder.objects.filter(invoice__in=invoices).order_by("at", "id") if invoices else ():
        found[each.invoice].append(each)
    words = {}
    for invoice, sent in found.items():
        said = ngettext("reminded %(count)d time", "reminded %(count)d times", len(sent)) % {"count": len(sent)}
        words[invoice] = _("%(reminded)s, for the last time") % {"reminded": said} if sent[-1].is_last else said
    return words


def _open(invoice: str, due_at: datetime) -> Invoice | None:
    rows = Invoice.objects.select_related("gateway_account", "account__member")
    return rows.filter(pk=invoice, status="open", settled_at=None, closed_at=None, due_at=due_at).first()


def _begin(account: GatewayAccount, last: InvoiceSeen, *, now: datetime) -> None:
    assert last.due_at is not None
    schedule = gateways.hand_terms(account).schedule
    steps = reminding.steps(last.due_at, schedule, issued_at=last.created_at, tz=conf.time_zone())
    _plan(derived("inv", account.pk, last.invoice), last.due_at, reminding.following(steps, now=now), now=now)


def _plan(invoice: str, due_at: datetime, step: reminding.Reminder | None, *, now: datetime) -> None:
    if step is not None:
        payload = {"invoice": invoice, "due_at": due_at.isoformat()}
        key = f"{invoice}|{due_at.isoformat()}|{step.days}"
        jobs.add(REMIND, key=key, due_at=step.at, now=now, payload=payload)


def _is_asked_for(row: Invoice, terms: HandTerms, *, now: datetime) -> bool:
    """Whether all that its payer owes and is overdue, in this currency, is enough to ask again for it."""
    overdue = Invoice.objects.filter(
        account__member=row.account.member_id, currency=row.currency, status="open", settled_at=None, due_at__lte=now
    )
    minor = overdue.aggregate(total=Sum(F("due_minor") - F("paid_minor")))["total"] or 0
    return reminding.is_asked_for(Money(minor, row.currency), terms.schedule)


def _words_of(row: Invoice, step: reminding.Reminder, terms: HandTerms, *, page: str) -> tuple[str, dict[str, Any]]:
    assert row.due_at is not None
    ways = handbills.ways_of(row)
    left = Money(row.due_minor - row.paid_minor, row.currency)
    context = {
        "number": row.number or row.external_id,
        "total": money_words(left),
        "due_on": handbills.day_of(row.due_at),
        "instructions": _instructions(ways),
        "link": page,
    }
    if not step.is_overdue:
        return "payment_reminder", context
    means = _("If it stays unpaid, your access ends, or never begins.")
    if step.is_last:
        end = handbills.day_of(row.due_at + timedelta(days=terms.give_up_days))
        means = _(
            "This is the last reminder. Not paid by %(day)s, the invoice is given up, and what it is for ends."
        ) % {"day": end.isoformat()}
    return "payment_overdue", {**context, "what_it_means": means}


def _told(account: GatewayAccount, method: str, last: InvoiceSeen, due_at: datetime) -> dict[str, Any]:
    left = Money(last.due_minor - last.paid_minor, last.currency)
    ways = handbills.ways(account, method, number=_name(last), left=left, due=due_at)
    return {
        "number": _name(last),
        "total": money_words(left),
        "due_on": handbills.day_of(due_at),
        "instructions": _instructions(ways),
    }


def _instructions(ways: list[handbills.Way]) -> str:
    if not ways:
        return _("Pay it the way you paid before: in cash at the desk, or by transfer with its number.")
    return "\n\n".join(f"{each.title}:\n{each.text}" for each in ways)


def _part(ledger: Ledger, last: InvoiceSeen, post: Post, *, page: str) -> None:
    """Say that a part came: once for each payment."""
    came = [each for each in ledger.payments.values() if each.invoice == last.invoice and each.status == "succeeded"]
    if not came:
        return
    latest = max(came, key=lambda each: (each.at, each.payment))
    context: dict[str, Any] = {
        "number": _name(last),
        "amount": money_words(Money(latest.amount_minor, latest.currency)),
        "total": _words(last.due_minor - last.paid_minor, last),
        "link": page,
    }
    if last.due_at is not None:
        context["due_on"] = handbills.day_of(last.due_at)
    post("part_paid", latest.payment, context)


def _was_ever_paid(ledger: Ledger, last: InvoiceSeen) -> bool:
    """Whether something of the same subscription was paid before: then its end is told by what it ends."""
    if not last.subscription:
        return False
    own = (each for each in ledger.invoices.values() if each.last and each.last.subscription == last.subscription)
    return any(each.settled_at for each in own)


def _name(last: InvoiceSeen) -> str:
    return last.number or last.invoice


def _words(amount_minor: int, last: InvoiceSeen) -> str:
    return money_words(Money(amount_minor, last.currency))
