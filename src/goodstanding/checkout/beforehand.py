"""What is asked before a stranger becomes a user, and before a page that was sent is looked at again."""

from __future__ import annotations

from datetime import datetime

from goodstanding.catalogue.models import Price
from goodstanding.checkout import purchases, quotes
from goodstanding.checkout.baskets import Wanted
from goodstanding.checkout.models import Checkout
from goodstanding.checkout.refusals import NOWHERE_TO_PAY, Refused
from goodstanding.gateways.models import GatewayAccount
from goodstanding.memberships import closing
from goodstanding.people.models import Member


def is_known(shown: quotes.Shown, member: Member) -> bool:
    """Return whether this very page was sent by this member before."""
    return Checkout.objects.filter(page=shown.page, member=member).exists()


def is_another_matter(member: Member, price: Price, shown: quotes.Shown, *, now: datetime) -> bool:
    """Return whether buying what was shown is something else for this member than for a stranger: it replaces something,
    begins later, or his balance pays.
    """
    quote = quotes.quoted(shown.wanted, now=now, member=member, known=[price])
    same = quotes.is_same(shown, quote)
    begun = purchases.beginnings(quote, price)
    return not same or any(closing.replaced(member, each, start=start, now=now) for each, start in begun)


def require_for_sale(
    price: Price,
    account: GatewayAccount | None,
    shown: quotes.Shown,
    *,
    now: datetime,
    wanted: Wanted | None = None,
) -> None:
    """Raise :class:`Refused` where nobody could buy what was shown: asked before a stranger becomes a user."""
    wanted = wanted or quotes.plain(price)
    quotes.require_chosen(shown, wanted)
    quote = quotes.quoted(wanted, now=now, known=[price])
    quotes.require_same(shown, quote)
    if quote.needs_card and account is None:
        raise Refused("no_gateway", NOWHERE_TO_PAY)
