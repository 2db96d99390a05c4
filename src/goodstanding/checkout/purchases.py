"""Writing down what a checkout buys: before anybody is asked for money, and a card before anything begins that needs one.

A purchase is an open invoice of ours with the subscriptions that it begins, or a try that stands for the checkout where the
gateway draws up its own invoice. Where nothing is due now and something is charged later, a card is asked for first: that
try takes nothing, and only when its card is kept the purchase is written down.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from goodstanding.billing import attempts
from goodstanding.billing.models import GatewayCustomer, Invoice, PaymentAttempt
from goodstanding.catalogue.models import Price
from goodstanding.checkout import baskets, figures
from goodstanding.checkout.baskets import Wanted
from goodstanding.checkout.models import Checkout
from goodstanding.core.ids import derived
from goodstanding.core.money import Money
from goodstanding.core.pricing import Quote, quote_from_json
from goodstanding.gateways import registry
from goodstanding.gateways.models import GatewayAccount
from goodstanding.gateways.protocol import Ability
from goodstanding.gateways.requests import BeginRequest, Recurring
from goodstanding.gateways.services import ensure_manual_account
from goodstanding.memberships import buying, crediting, paying
from goodstanding.people.models import Member

Tried = PaymentAttempt.State
BEGIN = PaymentAttempt.Kind.BEGIN


class BalanceGone(Exception):
    """The balance that was to pay for it was used for something else meanwhile. Nothing was written."""


def asks_for_card(quote: Quote) -> bool:
    """Return whether a card is to be kept before anything begins: nothing is due now, something is charged later."""
    return quote.needs_card and not quote.due_now


def account_for(quote: Quote, chosen: GatewayAccount | None, member: Member) -> GatewayAccount | None:
    """Return where a purchase is kept: where it is paid, if a card is asked for; else where its renewals find money.

    That is an account with a card of the member's, then the one that holds the balance, then the ``chosen`` one. What is
    never charged is kept by hand. ``None`` where a card is needed and nothing was chosen.
    """
    if quote.needs_card:
        return chosen
    if quote.charges_later:
        with_card = member.customers.exclude(method="").filter(gateway_account__is_active=True)
        rows = with_card.select_related("gateway_account").order_by("gateway_account__position", "pk")
        for customer in rows:
            if registry.can(customer.gateway_account.gateway, Ability.CHARGE):
                return customer.gateway_account
    held = crediting.kept_at(member, quote.currency) if quote.credit_used else None
    if held is not None and held.gateway_account.is_active:
        return held.gateway_account
    return chosen if quote.charges_later and chosen is not None else ensure_manual_account()


def prices_in(quote: Quote, first: Price) -> list[Price]:
    """Return the prices of a quote, each with its level and group; ``first`` is the one that is known already."""
    others = [part.terms.price for part in quote.parts[1:]]
    rows = Price.objects.select_related("level__group").in_bulk(others) if others else {}
    return [first, *(rows[pk] for pk in others)]


def beginnings(quote: Quote, first: Price) -> list[tuple[Price, datetime]]:
    """Return the prices of a quote (:func:`prices_in`), each with when what is bought at it begins."""
    return list(zip(prices_in(quote, first), (part.start for part in quote.parts), strict=True))


def wanted_of(checkout: Checkout) -> Wanted:
    """Return what a checkout was begun for; those of older versions are of one price each."""
    return baskets.from_json(checkout.basket) if checkout.basket else baskets.only(checkout.price)


def is_quoted(checkout: Checkout, wanted: Wanted, quote: Quote, account: GatewayAccount | None) -> bool:
    """Return whether a checkout is of what is quoted now, and to be paid where it is wished now."""
    same_place = not quote.needs_card or account is None or checkout.gateway_account_id == account.pk
    said = figures.of_quote(quote_from_json(checkout.quote))
    return same_place and wanted_of(checkout) == wanted and said == figures.of_quote(quote)


def billed_there(account: GatewayAccount, quote: Quote) -> bool:
    """Return whether the gateway renews it by its own clock: one level at one plain price, and nothing beside it.

    What costs another amount one time than the next is billed by us, with the card that the gateway keeps
    (``docs/decisions/0031-what-a-gateways-clock-bills.md``). Terms bought once, and what is free, are ours anywhere.
    """
    if account.billed_by != GatewayAccount.BilledBy.GATEWAY or len(quote.parts) > 1 or quote.extras:
        return False
    part, contract = quote.first, quote.first.contract
    same_each_time = part.then is not None and part.then.total == quote.due_now == part.terms.amount
    plain = not (part.extras or contract.codes or contract.payments or contract.intro_payments or contract.taxed)
    at_any_day = part.terms.trial is None and not part.terms.fixed_start and not quote.credit_used
    begins_now = part.start == quote.at
    return part.terms.renews and bool(quote.due_now) and same_each_time and plain and at_any_day and begins_now


def tries_of(checkout: Checkout) -> list[PaymentAttempt]:
    """Return the tries to pay for a checkout, in their order."""
    if not checkout.pays_for:
        return []
    owner = {"customer__member": checkout.member_id, "pays_for": checkout.pays_for}
    rows = PaymentAttempt.objects.select_related("customer__gateway_account").filter(**owner)
    return list(rows.order_by("number"))


def is_kept(checkout: Checkout, last: PaymentAttempt | None) -> bool:
    """Return whether the card of a checkout is kept, and what it buys is not written down yet."""
    return (
        last is not None
        and last.state == Tried.SUCCEEDED
        and not last.amount_minor
        and checkout.pays_for == checkout.pk
    )


def ask_for_card(
    checkout: Checkout, customer: GatewayCustomer, currency: str, *, before: str, anew: bool, now: datetime
) -> PaymentAttempt | None:
    """Write down that a card is asked for; ``None`` where one is being asked for, or was kept.

    ``before``: the card that was kept last. ``anew``: give up a try that waits for its payer; nothing is taken by it. In the
    caller's transaction.
    """
    set_pays_for(checkout, checkout.pk)
    for tried in tries_of(checkout) if anew else ():
        if tried.state == Tried.WAITING:
            attempts.close(tried, Tried.FAILED, failure="abandoned", now=now)
            tried.save(update_fields=attempts.CHANGED)
    nothing = Money.zero(currency)
    try:
        return attempts.write_down(
            customer, pays_for=checkout.pk, kind=BEGIN, amount=nothing, now=now, held=True, method=before
        )
    except attempts.AlreadyUnderWay:
        return None


def record(
    checkout: Checkout, quote: Quote, customer: GatewayCustomer, *, now: datetime, due_at: datetime | None = None
) -> None:
    """Record what is bought, with the balance that pays for it moved to where it is bought; once, however often it is asked.

    ``due_at``: until when its bill may be paid by hand; without it, it is paid now or not at all. Where nothing is due it is done with that. Raises :class:`BalanceGone`. In the caller's transaction.
    """
    if checkout.pays_for in ("", checkout.pk):
        if quote.credit_used:
            crediting.lock_all(checkout.member)
            if not crediting.move_here(customer, quote.credit_used, ref=checkout.pk, now=now):
                raise BalanceGone(checkout.pk)
        set_pays_for(checkout, buying.buy(customer, quote, ref=checkout.pk, now=now, due_at=due_at).invoice)
    if not quote.due_now:
        _done_for_nothing(checkout, customer, quote.currency, now=now)


def set_pays_for(checkout: Checkout, ref: str) -> None:
    """Note what the tries of a checkout pay for."""
    if checkout.pays_for != ref:
        Checkout.objects.filter(pk=checkout.pk).update(pays_for=ref)
        checkout.pays_for = ref


def bill_of(checkout: Checkout) -> Invoice | None:
    """Return the bill that the tries of a checkout pay for, if it is one of ours."""
    rows = Invoice.objects.filter(gateway_account=checkout.gateway_account_id, external_id=checkout.pays_for)
    return rows.first()


def has_part(checkout: Checkout) -> bool:
    """Return whether a part of a checkout's bill came."""
    bill = bill_of(checkout)
    return bill is not None and bill.paid_minor > 0


def request_of(
    checkout: Checkout, quote: Quote, attempt: PaymentAttempt, *, return_url: str, card: str, method: str
) -> BeginRequest:
    """Return what the gateway is asked for: the money that is due now, or a card to be kept."""
    terms, there = quote.terms, billed_there(checkout.gateway_account, quote)
    recurring = Recurring(terms.price, terms.level, terms.name, terms.amount, terms.interval) if there else None
    ours = "" if there or not attempt.amount_minor else checkout.pays_for
    return BeginRequest(
        key=attempt.key,
        customer=attempt.customer.external_id,
        amount=Money(attempt.amount_minor, attempt.currency),
        return_url=return_url,
        card=card,
        method=method,
        keep=asks_for_card(quote) or any(part.terms.renews for part in quote.parts),
        recurring=recurring,
        invoice=ours,
        description=", ".join(part.terms.name for part in quote.parts),
    )


def card_before(customer: GatewayCustomer, quote: Quote, *, now: datetime) -> str:
    """Return which card was kept last, where one is to be asked for. May raise ``GatewayUnreachable``."""
    return paying.newest_card(customer, now=now) if asks_for_card(quote) else ""


def _done_for_nothing(checkout: Checkout, customer: GatewayCustomer, currency: str, *, now: datetime) -> None:
    """What costs nothing is paid for by nobody: an attempt that succeeded says so, as for everything else."""
    key = derived("key", customer.pk, checkout.pays_for, "free")
    with transaction.atomic():
        PaymentAttempt.objects.get_or_create(
            key=key,
            defaults={
                "id": derived("att", key),
                "customer": customer,
                "pays_for": checkout.pays_for,
                "kind": BEGIN,
                "state": Tried.SUCCEEDED,
                "amount_minor": 0,
                "currency": currency,
                "begun_at": now,
                "ended_at": now,
                "due_at": now,
            },
        )
