"""The quote as the page shows it: signed, good for an hour, and compared with what it would be now when it comes back."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.core import signing
from django.db.models import QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from goodstanding.billing.models import Invoice, PaymentAttempt
from goodstanding.catalogue.models import Price
from goodstanding.checkout import baskets, capacity, codes, figures, words
from goodstanding.checkout.baskets import Wanted
from goodstanding.checkout.figures import Figures
from goodstanding.checkout.models import Checkout
from goodstanding.checkout.refusals import Refused
from goodstanding.core import purchasing
from goodstanding.core.ids import derived
from goodstanding.core.money import Money
from goodstanding.core.periods import PeriodRefused
from goodstanding.core.pricing import Quote
from goodstanding.core.purchasing import Purchase
from goodstanding.core.quote_refusals import QuoteRefused
from goodstanding.memberships import buying, crediting
from goodstanding.people.models import Member

Attempts = QuerySet[PaymentAttempt]

SALT = "goodstanding.checkout.quote"
GOOD_FOR = timedelta(hours=1)
USED = _("This page was sent already. Nothing was charged now; please look at it again.")
STALE = _("This page was open for more than an hour. Nothing was charged; please look at it again.")
TAMPERED = _("This page was changed on its way. Nothing was charged; please look at it again.")
CHANGED = {
    "price": _("The price has changed meanwhile. Nothing was charged; please look at it again."),
    "code": _("What the code takes off has changed meanwhile. Nothing was charged; please look at it again."),
    "tax": _("The tax has changed meanwhile. Nothing was charged; please look at it again."),
    "credit": _("Your balance has changed meanwhile. Nothing was charged; please look at it again."),
    "due": _("What is due now has changed meanwhile. Nothing was charged; please look at it again."),
    "days": _("The days have changed meanwhile. Nothing was charged; please look at it again."),
    "next": _("What is charged next has changed meanwhile. Nothing was charged; please look at it again."),
}
CHOSEN_ANEW = _(
    "You changed what you want. This is what it comes to now: nothing was charged, look at it and then pay."
)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page showed: ``page`` names that one view of it, ``figures`` are all that it said of money and days, of what
    was ``wanted``.
    """

    page: str
    price: str
    due_now: Money
    figures: Figures
    wanted: Wanted


def quoted(wanted: Wanted, *, now: datetime, member: Member | None = None, known: Sequence[Price] = ()) -> Quote:
    """Return what is wanted comes to now: for a ``member`` by what he holds and what his balance has. Writes nothing.

    ``known``: prices that were looked up a moment ago. Raises :class:`Refused`.
    """
    rows = codes.found(wanted.code)
    prices = baskets.prices_of(wanted, now=now, known=known, opened=codes.opened(rows, now=now))
    capacity.require_place(prices, member=member, now=now)
    taken_off = codes.held(rows, prices, member=member, now=now)
    basket = baskets.basket_of(wanted, prices, codes=taken_off)
    credit = _credit(member, prices[0]) if member is not None else None
    try:
        return buying.quote_of(basket, now=now, member=member, credit=credit)
    except QuoteRefused as refusal:
        raise Refused(refusal.code, words.refusal(refusal)) from None
    except PeriodRefused:
        raise Refused(
            "no_such_term", _("This cannot be bought for these dates any more. Choose another price.")
        ) from None


def plain(price: Price, member: Member | None = None) -> Wanted:
    """Return the wish for one price and nothing beside it, by a payer who says nothing else."""
    return baskets.only(price, place=baskets.place_of(member) if price.taxed else "")


def placed(wanted: Wanted, *, said: bool, member: Member | None = None) -> Wanted:
    """Return a wish with the payer's place, if anything of it is taxed: as it was ``said``, else as far as it is known."""
    taxed = Price.objects.filter(pk__in=wanted.prices[: baskets.MOST_ITEMS], taxed=True).exists()
    place = wanted.place if said else baskets.place_of(member)
    return replace(wanted, place=place if taxed or said else "")


def for_anybody(price: Price, *, now: datetime) -> Quote:
    """Return what buying ``price`` alone now costs and gives somebody who holds nothing yet."""
    return quoted(plain(price), now=now, known=[price])


def for_member(price: Price, member: Member, *, now: datetime) -> Quote:
    """Return what buying ``price`` alone now costs and gives a member: it begins where what runs already ends."""
    return quoted(plain(price, member), now=now, member=member, known=[price])


def signed(quote: Quote, *, now: datetime, wanted: Wanted | None = None) -> str:
    """Return a quote as a text that a form sends back; it says all that was shown and cannot be made up.

    ``wanted``: what was asked for; without it, the first price alone.
    """
    due, terms = quote.due_now, quote.terms
    asked = wanted or Wanted((baskets.Item(terms.level, terms.price),), place=quote.place)
    said = {name: list(each) for name, each in figures.of_quote(quote).items()}
    page = derived("page", secrets.token_hex(16))
    body = [page, terms.price, due.amount_minor, due.currency, now.isoformat(), said, baskets.to_json(asked)]
    return signing.dumps(body, salt=SALT, compress=True)


def shown(text: str, *, now: datetime) -> Shown:
    """Read what :func:`signed` wrote. Raises :class:`Refused` for what is made up or older than an hour."""
    try:
        page, price, amount_minor, currency, at, said, asked = signing.loads(text, salt=SALT)
        made_at, wanted = datetime.fromisoformat(at), baskets.from_json(asked)
    except (signing.BadSignature, ValueError, TypeError, KeyError):
        raise Refused("tampered", TAMPERED) from None
    if not made_at <= now + GOOD_FOR or now > made_at + GOOD_FOR:
        raise Refused("stale", STALE)
    return Shown(page, price, Money(amount_minor, currency), said, wanted)


def require_same(seen: Shown, quote: Quote) -> None:
    """Raise :class:`Refused` where anything of what the page said of money and days is another thing by now (I13)."""
    about = _changed(seen, quote)
    if about:
        raise Refused("changed", CHANGED[about])


def is_same(seen: Shown, quote: Quote) -> bool:
    """Return whether all that the page said of money and days still holds."""
    return not _changed(seen, quote)


def _changed(seen: Shown, quote: Quote) -> str:
    """What of it is another thing by now, the first of :data:`CHANGED`; ``""`` for nothing."""
    now = figures.of_quote(quote)
    return next((about for about in CHANGED if list(seen.figures.get(about, ())) != now[about]), "")


def require_chosen(seen: Shown, wanted: Wanted) -> None:
    """Raise :class:`Refused` where the form asks for something else than the page that it came from showed."""
    if seen.wanted != wanted:
        known = seen.wanted.prices[:1] == wanted.prices[:1]
        raise Refused("changed", CHOSEN_ANEW if known else CHANGED["price"])


def purchase_of(ref: str, quote: Quote) -> Purchase:
    """Return the references of a purchase."""
    return purchasing.purchase_of(ref, quote)


def _credit(member: Member, price: Price) -> Money:
    """What the member's balance has for this: what an unpaid checkout of the same price set aside is given back with it."""
    held = crediting.balance(member, price.currency)
    begun = Checkout.objects.filter(member=member, price=price, state=Checkout.State.OPEN).exclude(pays_for="")
    bills = Invoice.objects.filter(external_id__in=begun.values("pays_for"), settled_at=None, closed_at=None)
    set_aside = bills.filter(account__member=member, currency=price.currency).aggregate(sum=Sum("credit_minor"))["sum"]
    return held + Money(set_aside or 0, price.currency)
