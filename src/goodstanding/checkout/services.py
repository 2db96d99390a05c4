"""Joining: a quote is shown, accepted, and paid. The same page sent twice is one checkout, and one checkout is one charge.

Whoever dies in the middle leaves rows that the worker takes up: nothing is charged without a recorded invoice, and no
answer of a gateway's is lost (:mod:`goodstanding.memberships.paying`).
"""

from __future__ import annotations

import secrets
from collections.abc import Container
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from goodstanding.billing import attempts
from goodstanding.billing.models import GatewayCustomer, Invoice, PaymentAttempt
from goodstanding.catalogue.models import Price
from goodstanding.checkout import baskets, capacity, codes, holding, purchases, quotes
from goodstanding.checkout.baskets import Wanted
from goodstanding.checkout.models import Checkout
from goodstanding.checkout.refusals import NOWHERE_TO_PAY, Refused
from goodstanding.core.ids import derived
from goodstanding.core.pricing import Quote, quote_from_json, quote_to_json
from goodstanding.gateways import services as gateways
from goodstanding.gateways.models import GatewayAccount
from goodstanding.gateways.protocol import GatewayError
from goodstanding.jobs import services as jobs
from goodstanding.memberships import buying, closing, handbills, paying
from goodstanding.memberships.owing import Stage, stage_of
from goodstanding.people.models import Member

FINISH = "checkout.finish"  # the job that looks what became of a checkout whose page nobody came back to
FINISHED_AFTER = timedelta(minutes=2)
OLD_AFTER = timedelta(hours=1)  # an unpaid checkout older than this is begun anew: its period would have run already


State = Checkout.State


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a checkout stands: ``page`` is where its payer is to go on, ``failure`` why the last try came to nothing."""

    checkout: Checkout
    stage: Stage
    page: str = ""
    failure: str = ""


def accept(
    member: Member,
    price: Price,
    account: GatewayAccount | None,
    *,
    shown: quotes.Shown,
    now: datetime,
    wanted: Wanted | None = None,
) -> Checkout:
    """Begin a checkout of what was shown, or return the one that the same page, or another of this price, began.

    ``wanted``: what the form asks for (without it: ``price`` alone), whose first price is ``price``. ``account``: where it is
    to be paid; nothing to be paid needs none. Raises :class:`Refused` where the member has it already, and where it would not
    come to what was shown. Nothing is asked of anybody outside.
    """
    same = Checkout.objects.filter(page=shown.page, member=member).first()
    if same is not None:
        return same
    wanted = wanted or quotes.plain(price, member)
    quotes.require_chosen(shown, wanted)
    quote = quotes.quoted(wanted, now=now, member=member, known=[price])
    quotes.require_same(shown, quote)
    rows = Checkout.objects.select_related("member", "price", "gateway_account")
    under_way = rows.filter(member=member, price=price, state=State.OPEN).first()
    if (
        under_way is not None and finish(under_way, now=now).stage is not Stage.DONE
    ):  # one paid by hand may just be done
        as_now = purchases.is_quoted(under_way, wanted, quote, account) and _may_go_on(under_way, now=now)
        if as_now or not close(under_way, now=now):
            return under_way
    for each in purchases.prices_in(quote, price):
        holding.require_free(member, each, now=now)
    _require_no_other(member, price, holding.not_beside(purchases.prices_in(quote, price)), now=now)
    account = purchases.account_for(quote, account, member)
    if account is None:
        raise Refused("no_gateway", NOWHERE_TO_PAY)
    holding.require_currency(member, account, price)
    return _begun(member, price, account, shown=shown, now=now, wanted=wanted, quote=quote)


def _begun(
    member: Member,
    price: Price,
    account: GatewayAccount,
    *,
    shown: quotes.Shown,
    now: datetime,
    wanted: Wanted,
    quote: Quote,
) -> Checkout:
    try:
        with transaction.atomic():
            return Checkout.objects.create(
                id=derived("chk", secrets.token_hex(16)),
                page=shown.page,
                member=member,
                price=price,
                gateway_account=account,
                basket=baskets.to_json(wanted),
                quote=quote_to_json(quote),
                begun_at=now,
            )
    except IntegrityError:  # another request of the same person's was faster
        there = Checkout.objects.filter(member=member, price=price, state=State.OPEN).first()
        there = there or Checkout.objects.filter(page=shown.page, member=member).first()
        if there is None:  # somebody else sent this very page, at this computer perhaps
            raise Refused("stale", quotes.USED) from None
        return there


def _require_no_other(member: Member, price: Price, levels: Container[str], *, now: datetime) -> None:
    """Raise :class:`Refused` where one of these levels is being paid right now by another checkout: both would be charged,
    and for the same days.

    A bill that waits to be paid by hand is given up, unless a part of it came.
    """
    rows = Checkout.objects.select_related("member", "price", "gateway_account")
    for other in rows.filter(member=member, state=State.OPEN).exclude(price=price):
        if not any(part.terms.level in levels for part in quote_from_json(other.quote).parts):
            continue
        stage = outcome(other).stage
        if stage in (Stage.WORKING, Stage.WAITING) or (stage is Stage.BILLED and not close(other, now=now)):
            raise Refused(
                "being_paid",
                _(
                    "You are paying for this at another price right now, or for a level that it takes the place of. Finish "
                    "or leave that payment first."
                ),
            )


def pay(
    checkout: Checkout, *, return_url: str, now: datetime, card: str = "", method: str = "", anew: bool = False
) -> Outcome:
    """Have a checkout paid by a new ``card`` or a stored ``method`` (neither: on a page of the gateway's). Where it is billed
    and paid later, the bill is drawn up, and ``method`` is the way to pay by hand.

    Where nothing is due now but something later, the card is kept, and then it begins. What is under way or done already is
    not begun again: then this tells how it stands. ``anew``: another card instead of one that waits to be approved, where
    nothing is taken. Raises :class:`Refused`, with the checkout given up, where its code was used up meanwhile. Not to be
    called in a transaction.
    """
    quote = quote_from_json(checkout.quote)
    if checkout.state != State.OPEN:
        return outcome(checkout)
    if not _may_be_paid(checkout, now=now) and close(checkout, now=now):
        return Outcome(checkout, Stage.CLOSED)
    try:
        customer = buying.customer_for(checkout.member, checkout.gateway_account, now=now)
        before = purchases.card_before(customer, quote, now=now)
    except GatewayError:
        return Outcome(checkout, Stage.UNPAID, failure="unreachable")
    try:
        if gateways.is_paid_later(checkout.gateway_account) and (quote.due_now or quote.needs_card):
            _bill(checkout, quote, customer, method, now=now)
            return finish(checkout, now=now)
        attempt = _written_down(checkout, quote, customer, before=before, anew=anew, now=now)
    except purchases.BalanceGone:
        close(checkout, now=now)
        return outcome(checkout)
    except Refused:  # the last place, or the last use of its code, is somebody else's
        close(checkout, now=now)
        raise
    if attempt is not None:
        request = purchases.request_of(checkout, quote, attempt, return_url=return_url, card=card, method=method)
        paying.begin(attempt, request, now=now)
    return finish(checkout, now=now)


def outcome(checkout: Checkout) -> Outcome:
    """Return how a checkout stands by the records. Asks nobody."""
    if checkout.state != State.OPEN:
        return Outcome(checkout, Stage.DONE if checkout.state == State.DONE else Stage.CLOSED)
    last = _last(checkout)
    stage = stage_of(last) if last else Stage.UNPAID
    if purchases.is_kept(checkout, last):
        stage = Stage.WORKING  # what it is kept for is still to be written down
    if stage in (Stage.UNPAID, Stage.DECLINED) and checkout.pays_for:
        stage = _paid_elsewhere(checkout) or stage
    if last is None:
        return Outcome(checkout, stage)
    return Outcome(checkout, stage, page=last.page, failure=last.failure if stage is Stage.DECLINED else "")


def ask(checkout: Checkout, *, now: datetime) -> Outcome:
    """Ask the gateway how a checkout's payment stands, take that in, and return it. The payer's own word counts nothing."""
    last = _last(checkout)
    if last is not None and attempts.may_be_asked(last, now=now):
        try:
            paying.ask(last, now=now)
        except GatewayError:
            return Outcome(checkout, Stage.WORKING)
    return finish(checkout, now=now)


def finish(checkout: Checkout, *, now: datetime) -> Outcome:
    """Do what follows once a checkout is paid: what it replaces ends. Once its card is kept, what it is kept for
    begins. Any number of times.
    """
    with transaction.atomic():
        locked = _locked(checkout)
        if locked.state == State.OPEN and purchases.is_kept(locked, _last(locked)):
            _begin_with_card(locked, now=now)
        found = outcome(locked)
        if found.stage is Stage.DONE and locked.state == State.OPEN:
            _end(locked, State.DONE, now=now)
            quote = quote_from_json(locked.quote)
            for price, start in purchases.beginnings(quote, locked.price):
                closing.close_others(locked.member, price, start=start, but=_references(locked), now=now)
            return replace(found, checkout=locked)
    return found


def _begin_with_card(locked: Checkout, *, now: datetime) -> None:
    """Write down what a card was kept for; where that cannot be had any more, nothing begins, and nothing was charged."""
    quote = quote_from_json(locked.quote)
    try:
        for price in purchases.prices_in(quote, locked.price):
            holding.require_free(locked.member, price, now=now)
        capacity.require_place(purchases.prices_in(quote, locked.price), member=locked.member, now=now)
        customer = holding.locked(locked.member, locked.gateway_account)
        assert customer is not None, locked.pk
        purchases.record(locked, quote, customer, now=now)
    except (Refused, purchases.BalanceGone):
        _end(locked, State.CLOSED, now=now)


def _locked(checkout: Checkout) -> Checkout:
    rows = Checkout.objects.select_related("member", "price__level__group", "gateway_account")
    return rows.select_for_update(of=("self",)).get(pk=checkout.pk)


def _end(locked: Checkout, state: Checkout.State, *, now: datetime) -> None:
    locked.state, locked.ended_at = state, now
    locked.save(update_fields=["state", "ended_at"])
    if state == State.DONE:
        codes.spend(locked, now=now)
    else:
        codes.release(locked, now=now)


def _set_aside(locked: Checkout, quote: Quote, *, now: datetime) -> None:
    """Have a checkout the last place of its level and the last use of its codes, once. Raises :class:`Refused` where none is
    left.
    """
    prices = purchases.prices_in(quote, locked.price)
    capacity.require_place(prices, member=locked.member, now=now)
    codes.reserve(locked, codes.found(purchases.wanted_of(locked).code), prices, now=now)


def close(checkout: Checkout, *, now: datetime) -> bool:
    """Give up an unpaid checkout: its invoice is void, its subscription never began. One that is paid, even in part, or being
    paid right now, stays. Return whether it is closed.
    """
    with transaction.atomic():
        locked = _locked(checkout)
        if locked.state == State.OPEN:
            customer = holding.locked(locked.member, locked.gateway_account)
            stage = outcome(locked).stage
            if stage is Stage.BILLED and purchases.has_part(locked):
                return False
            if stage not in (Stage.UNPAID, Stage.DECLINED, Stage.CLOSED, Stage.BILLED):
                return False
            _end(locked, State.CLOSED, now=now)
            if customer is not None:
                holding.give_up(customer, _references(locked), now=now)
    return locked.state == State.CLOSED


def of_bill(customer: GatewayCustomer, invoice: str, now: datetime) -> None:
    """Have what follows done soon of a checkout whose bill (by reference) was settled by hand."""
    rows = Checkout.objects.filter(member=customer.member_id, gateway_account=customer.gateway_account_id)
    for checkout in rows.filter(state=State.OPEN, pays_for=invoice):
        jobs.add(FINISH, key=checkout.pk, due_at=now, now=now)


def bill_of(checkout: Checkout) -> Invoice | None:
    """Return the bill of a checkout, if one was drawn up here."""
    return purchases.bill_of(checkout) if checkout.pays_for else None


def follow_up(checkout: Checkout, *, now: datetime) -> bool:
    """Look what became of a checkout that may have been left; return whether it must be looked at again."""
    found = ask(checkout, now=now)
    if found.stage is Stage.CLOSED:
        return not close(checkout, now=now)
    if found.stage is Stage.DONE:
        return False
    if found.stage in (Stage.UNPAID, Stage.DECLINED) and now >= checkout.begun_at + attempts.ASKED_AGAIN_AFTER:
        return not close(checkout, now=now)
    return True


def _bill(checkout: Checkout, quote: Quote, customer: GatewayCustomer, method: str, *, now: datetime) -> None:
    """Draw up the bill of what is paid later by hand; no access comes with it. Drawn up before: nothing but the way to pay."""
    with transaction.atomic():
        locked = _locked(checkout)
        if locked.state != State.OPEN:
            return
        jobs.add(FINISH, key=checkout.pk, due_at=now + FINISHED_AFTER, now=now)
        _set_aside(locked, quote, now=now)
        GatewayCustomer.objects.filter(pk=customer.pk).update(method=method)
        until = handbills.due_at(checkout.gateway_account, method, now=now) if quote.due_now else None
        purchases.record(locked, quote, customer, now=now, due_at=until)
        checkout.pays_for = locked.pays_for


def _written_down(
    checkout: Checkout, quote: Quote, customer: GatewayCustomer, *, before: str, anew: bool, now: datetime
) -> PaymentAttempt | None:
    """Write down what is bought and that it is to be paid, or that a card is asked for; ``None`` where that is under way or
    nothing is to be paid.
    """
    with transaction.atomic():
        locked = _locked(checkout)
        if locked.state != State.OPEN:
            return None
        jobs.add(FINISH, key=checkout.pk, due_at=now + FINISHED_AFTER, now=now)
        _set_aside(locked, quote, now=now)
        if purchases.asks_for_card(quote) and locked.pays_for in ("", locked.pk):
            attempt = purchases.ask_for_card(locked, customer, quote.currency, before=before, anew=anew, now=now)
            checkout.pays_for = locked.pays_for
            return attempt
        if purchases.billed_there(checkout.gateway_account, quote):
            purchases.set_pays_for(locked, checkout.pk)
        else:
            purchases.record(locked, quote, customer, now=now)
        checkout.pays_for = locked.pays_for
        if not quote.due_now or outcome(locked).stage not in (Stage.UNPAID, Stage.DECLINED):
            return None
        begin, due = PaymentAttempt.Kind.BEGIN, quote.due_now
        try:
            return attempts.write_down(customer, pays_for=locked.pays_for, kind=begin, amount=due, now=now, held=True)
        except attempts.AlreadyUnderWay:
            return None


def _last(checkout: Checkout) -> PaymentAttempt | None:
    return next(reversed(purchases.tries_of(checkout)), None)


def _may_go_on(checkout: Checkout, *, now: datetime) -> bool:
    stage = outcome(checkout).stage
    if stage in (Stage.UNPAID, Stage.DECLINED):
        return now < checkout.begun_at + OLD_AFTER
    return stage is not Stage.CLOSED


def _may_be_paid(checkout: Checkout, *, now: datetime) -> bool:
    """Whether it is not too old, and what it buys was not bought meanwhile by another one."""
    if outcome(checkout).stage not in (Stage.UNPAID, Stage.DECLINED):
        return _may_go_on(checkout, now=now)
    quoted = quote_from_json(checkout.quote)
    try:
        for price in purchases.prices_in(quoted, checkout.price):
            holding.require_free(checkout.member, price, now=now)
        fresh = quotes.quoted(purchases.wanted_of(checkout), now=now, member=checkout.member)
    except Refused:
        return False
    extends = quoted.start > checkout.begun_at  # where what ran then ends: unless more was bought meanwhile
    return now < checkout.begun_at + OLD_AFTER and fresh.start == (quoted.start if extends else min(fresh.start, now))


def _paid_elsewhere(checkout: Checkout) -> Stage | None:
    """How the bill of a checkout stands without a try of its own: paid by hand, closed, or to be paid by hand; ``None`` where
    it is asked of its payer now.
    """
    bill = purchases.bill_of(checkout)
    if bill is None or (bill.settled_at is None and bill.closed_at is None):
        return Stage.BILLED if bill is not None and bill.due_at is not None else None
    return Stage.DONE if bill.settled_at is not None else Stage.CLOSED


def _references(checkout: Checkout) -> set[str]:
    """What this checkout made, by reference: its invoice and subscription, ours or the gateway's."""
    last = _last(checkout)
    purchase = quotes.purchase_of(checkout.pk, quote_from_json(checkout.quote))
    return (purchase.references | {last.ref if last else ""}) - {""}
