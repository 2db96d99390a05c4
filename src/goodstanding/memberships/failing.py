"""What is told of a payment that failed: to the member, step by step, and to staff, once a day for each bill."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.functional import lazy
from django.utils.translation import gettext as _

from goodstanding import conf
from goodstanding.billing import turns
from goodstanding.core import dunning
from goodstanding.core.dunning import Act, Step
from goodstanding.core.facts import InvoiceSeen
from goodstanding.core.fold import InvoiceState, Key
from goodstanding.core.ledger import Ledger
from goodstanding.gateways.protocol import Refusal


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure to be told. ``day``: of it, by the site's clock; each day is told once. ``next_try_at``: by our clock."""

    day: str
    code: str
    next_try_at: datetime | None
    then: str

    @property
    def needs_owner(self) -> bool:
        """Whether the card's owner is asked to approve the payment; nothing else is wrong with it."""
        return self.code == Refusal.NEEDS_CHALLENGE


def of_bill(ledger: Ledger, last: InvoiceSeen, *, now: datetime) -> Failure | None:
    """Return what a member is told of the latest failure of an open bill; ``None`` where the ladder keeps silent.

    Nothing is told of the failure that ends it, either: of that he hears as of an end.
    """
    latest = ledger.refusals_of(last.invoice)[-1]
    day = latest.at.astimezone(conf.time_zone()).date().isoformat()
    if not last.ours:
        words = _lazy(lambda: _("The bank tries again by itself. You can also pay now, or give it another card."))
        return Failure(day, latest.failure, None, words)
    bill, overdue = turns.bill_of(ledger, last.invoice), turns.overdue(ledger)
    told = last.subscription in ledger.subscriptions
    step = turns.step_of(ledger, last.subscription) if told else None
    if step is not None and step.act is Act.GIVE_UP and step.at <= now:
        return None
    if not dunning.is_written_of(bill, overdue):
        return None
    again = step.at if step and step.act is Act.COLLECT and step.at > now else None
    return Failure(day, latest.failure, again, _lazy(lambda: _then(bill, again, step)))


def was_paid_before(ledger: Ledger, last: InvoiceSeen) -> bool:
    """Return whether an invoice is a renewal's: what it bills was paid for before."""
    if not last.subscription:
        levels = {line.hints.level for line in last.lines}
        return any(
            state.settled_at is not None
            and ref != last.invoice
            and levels & {line.hints.level for line in state.last.lines}
            for ref, state in ledger.invoices.items()
            if state.last is not None
        )
    return any(
        state.settled_at is not None and ref != last.invoice
        for ref, state in ledger.invoices.items()
        if state.last is not None and state.last.subscription == last.subscription
    )


def failed_renewals(ledger: Ledger, changed: Iterable[Key]) -> list[InvoiceSeen]:
    """Return those of the invoices at ``changed`` that are open, failed, and are a renewal's."""
    found = []
    for kind, ref in sorted(changed):
        state = ledger.invoices.get(ref) if kind == "invoice" else None
        if state is None or state.last is None or state.settled_at is not None or state.closed_at is not None:
            continue
        if ref not in ledger.changes and ledger.refusals_of(ref) and was_paid_before(ledger, state.last):
            found.append(state.last)
    return found


def _then(bill: InvoiceState, again: datetime | None, step: Step | None) -> str:
    over = dunning.over_at(bill)
    if over is None or (step is not None and step.act is Act.END):
        if again is not None:
            return _("If no try succeeds, the bill stays open, and nothing renews until it is paid.")
        return _(
            "We do not try again by ourselves. The bill stays open, and nothing renews until it is paid; then all goes on."
        )
    day = {"day": date_format(over.astimezone(conf.time_zone()).date(), "DATE_FORMAT", use_l10n=True)}
    if again is not None:
        return _("If nothing is paid by %(day)s, the bill is given up, and your membership is not renewed.") % day
    said = _(
        "We do not try this card again: please pay, or give us another card, by %(day)s. After that the bill is given up, "
        "and your membership is not renewed."
    )
    return said % day


def _lazy(make: Callable[[], str]) -> str:
    """Say it in the language of the mail, not in that of whoever was asked for a page."""
    said: str = _LAZY(make)
    return said


_LAZY: Any = lazy(lambda make: make(), str)
