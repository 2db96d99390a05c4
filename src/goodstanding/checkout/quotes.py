"""The quote as the page shows it: signed, good for an hour, and compared with what it would be now when it comes back."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core import signing
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from goodstanding.billing.models import PaymentAttempt
from goodstanding.catalogue.models import Price
from goodstanding.checkout.refusals import Refused
from goodstanding.core import purchasing
from goodstanding.core.ids import derived
from goodstanding.core.money import Money
from goodstanding.core.pricing import Quote
from goodstanding.core.purchasing import Purchase
from goodstanding.memberships import buying
from goodstanding.people.models import Member

Attempts = QuerySet[PaymentAttempt]

SALT = "goodstanding.checkout.quote"
GOOD_FOR = timedelta(hours=1)
USED = _("This page was sent already. Nothing was charged now; please look at it again.")
STALE = _("This page was open for more than an hour. Nothing was charged; please look at it again.")


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page showed: ``page`` names that one view of it."""

    page: str
    price: str
    due_now: Money


def for_anybody(price: Price, *, now: datetime) -> Quote:
    """Return what buying ``price`` now costs and gives somebody who holds nothing yet."""
    return buying.quote(price, now=now)


def for_member(price: Price, member: Member, *, now: datetime) -> Quote:
    """Return what buying ``price`` now costs and gives a member: it begins where what runs already ends."""
    return buying.quote(price, now=now, member=member)


def signed(quote: Quote, *, now: datetime) -> str:
    """Return a quote as a text that a form sends back; it says what was shown and cannot be made up."""
    due = quote.due_now
    body = [derived("page", secrets.token_hex(16)), quote.terms.price, due.amount_minor, due.currency, now.isoformat()]
    return signing.dumps(body, salt=SALT)


def shown(text: str, *, now: datetime) -> Shown:
    """Read what :func:`signed` wrote. Raises :class:`Refused` for what is made up or older than an hour."""
    try:
        page, price, amount_minor, currency, at = signing.loads(text, salt=SALT)
        made_at = datetime.fromisoformat(at)
    except (signing.BadSignature, ValueError, TypeError):
        raise Refused(
            "tampered", _("This page was changed on its way. Nothing was charged; please look at it again.")
        ) from None
    if not made_at <= now + GOOD_FOR or now > made_at + GOOD_FOR:
        raise Refused("stale", STALE)
    return Shown(page, price, Money(amount_minor, currency))


def require_same(seen: Shown, quote: Quote) -> None:
    """Raise :class:`Refused` where the page showed another price, or another amount, than is asked for now."""
    if (seen.price, seen.due_now) != (quote.terms.price, quote.due_now):
        raise Refused("changed", _("The price has changed meanwhile. Nothing was charged; please look at it again."))


def purchase_of(ref: str, quote: Quote) -> Purchase:
    """Return the references of a purchase."""
    return purchasing.purchase_of(ref, quote)
