"""Joining: a quote is shown, accepted, and paid. The same page sent twice is one checkout, and one checkout is one charge.

Whoever dies in the middle leaves rows that the worker takes up: nothing is charged without a recorded invoice, and no
answer of a gateway's is lost (:mod:`goodstanding.memberships.paying`).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from goodstanding.billing import attempts
from goodstanding.billing.models import GatewayCustomer, Invoice, PaymentAttempt
from goodstanding.catalogue import selling
from goodstanding.catalogue.models import Price
from goodstanding.checkout import holding, quotes
from goodstanding.checkout.models import Checkout
from goodstanding.checkout.refusals import Refused
from goodstanding.core.ids import derived
from goodstanding.core.pricing import Quote, quote_from_json, quote_to_json
from goodstanding.gateways import services as gateways
from goodstanding.gateways.models import GatewayAccount
from goodstanding.gateways.protocol import GatewayError
from goodstanding.gateways.requests import BeginRequest, Recurring
from goodstanding.jobs import services as jobs
from goodstanding.memberships import buying, handbills, paying
from goodstanding.memberships.owing import Stage, stage_of
from goodstanding.people.models import Member

FINISH = "checkout.finish"  # the job that looks what became of a checkout whose page nobody came back to
FINISHED_AFTER = timedelta(minutes=2)
OLD_AFTER = timedelta(hours=1)  # an unpaid checkout older than this is begun anew: its period would have run already

NOWHERE_TO_PAY = _("Nothing can be paid here at the moment. Please ask the staff.")

State = Checkout.State
Tried = PaymentAttempt.State


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a checkout stands: ``page`` is where its payer is to go on, ``failure`` why the last try came to nothing."""

    checkout: Checkout
    stage: Stage
    page: str = ""
    failure: str = ""


def accept(
    member: Member, price: Price, account: GatewayAccount | None, *, shown: quotes.Shown, now: datetime
) -> Checkout:
    """Begin a checkout of what was shown, or return the one that the same page, or another of this price, began.

    ``account``: where it is to be paid; nothing to be paid needs none. Raises :class:`Refused` where the member has it
    already. Nothing is asked of anybody outside.
    """
    same = Checkout.objects.filter(page=shown.page, member=member).first()
    if same is not None:
        return same
    quote = quotes.for_member(price, member, now=now)
    quotes.require_same(shown, quote)
    rows = Checkout.objects.select_related("member", "price", "gateway_account")
    under_way = rows.filter(member=member, price=price, state=State.OPEN).first()
    if (
        under_way is not None and finish(under_way, now=now).stage is not Stage.DONE
    ):  # one paid by hand may just be done
        as_now = _is_quoted(under_way, quote, account) and _may_go_on(under_way, now=now)
        if as_now or not close(under_way, now=now):
            return under_way
    holding.require_free(member, price, now=now)
    _require_no_other(member, price, now=now)
    if not quote.due_now:
        account = gateways.ensure_manual_account()
    if account is None:
        raise Refused("no_gateway", NOWHERE_TO_PAY)
    holding.require_currency(member, account, price)
    try:
        with transaction.atomic():
            return Checkout.objects.create(
                id=derived("chk", secrets.token_hex(16)),
                page=shown.page,
                member=member,
                price=price,
                gateway_account=account,
                quote=quote_to_json(quote),
                begun_at=now,
            )
    except IntegrityError:  # another request of the same person's was faster
        there = Checkout.objects.filter(member=member, price=price, state=State.OPEN).first()
        there = there or Checkout.objects.filter(page=shown.page, member=member).first()
        if there is None:  # somebody else sent this very page, at this computer perhaps
            raise Refused("stale", quotes.USED) from None
        return there


def is_known(shown: quotes.Shown, member: Member) -> bool:
    """Return whether this very page was sent by this member before."""
    return Checkout.objects.filter(page=shown.page, member=member).exists()


def require_for_sale(price: Price, account: GatewayAccount | None, shown: quotes.Shown, *, now: datetime) -> None:
    """Raise :class:`Refused` where nobody could buy what was shown: asked before a stranger becomes a user."""
    quote = quotes.for_anybody(price, now=now)
    quotes.require_same(shown, quote)
    if quote.due_now and account is None:
        raise Refused("no_gateway", NOWHERE_TO_PAY)


def _require_no_other(member: Member, price: Price, *, now: datetime) -> None:
    """Raise :class:`Refused` where another price of the same level is being paid right now: both would be charged.

    A bill of another price that waits to be paid by hand is given up, unless a part of it came.
    """
    rows = Checkout.objects.select_related("member", "price", "gateway_account")
    for other in rows.filter(member=member, price__level=price.level_id, state=State.OPEN).exclude(price=price):
        stage = outcome(other).stage
        if stage in (Stage.WORKING, Stage.WAITING) or (stage is Stage.BILLED and not close(other, now=now)):
            raise Refused(
                "being_paid",
                _("You are paying for this at another price right now. Finish or leave that payment first."),
            )


def pay(checkout: Checkout, *, return_url: str, now: datetime, card: str = "", method: str = "") -> Outcome:
    """Have a checkout paid by a new ``card`` or a stored ``method`` (neither: on a page of the gateway's). Where it is billed
    and paid later, the bill is drawn up, and ``method`` is the way to pay by hand.

    What is under way or done already is not begun again: then this tells how it stands. Not to be called in a transaction.
    """
    quote = quote_from_json(checkout.quote)
    if checkout.state != State.OPEN:
        return outcome(checkout)
    if not _may_be_paid(checkout, now=now) and close(checkout, now=now):
        return Outcome(checkout, Stage.CLOSED)
    try:
        customer = buying.customer_for(checkout.member, checkout.gateway_account, now=now)
    except GatewayError:
        return Outcome(checkout, Stage.UNPAID, failure="unreachable")
    if quote.due_now and gateways.is_paid_later(checkout.gateway_account):
        _bill(checkout, quote, customer, method, now=now)
        return finish(checkout, now=now)
    attempt = _written_down(checkout, quote, customer, now=now)
    if attempt is not None:
        request = _request(checkout, quote, customer, attempt, return_url=return_url, card=card, method=method)
        paying.begin(attempt, request, now=now)
    return finish(checkout, now=now)


def outcome(checkout: Checkout) -> Outcome:
    """Return how a checkout stands by the records. Asks nobody."""
    if checkout.state != State.OPEN:
        return Outcome(checkout, Stage.DONE if checkout.state == State.DONE else Stage.CLOSED)
    last = _attempts(checkout).last()
    stage = stage_of(last) if last else Stage.UNPAID
    if stage in (Stage.UNPAID, Stage.DECLINED) and checkout.pays_for:
        stage = _paid_elsewhere(checkout) or stage
    if last is None:
        return Outcome(checkout, stage)
    return Outcome(checkout, stage, page=last.page, failure=last.failure if stage is Stage.DECLINED else "")


def ask(checkout: Checkout, *, now: datetime) -> Outcome:
    """Ask the gateway how a checkout's payment stands, take that in, and return it. The payer's own word counts nothing."""
    last = _attempts(checkout).last()
    if last is not None and attempts.may_be_asked(last, now=now):
        try:
            paying.ask(last, now=now)
        except GatewayError:
            return Outcome(checkout, Stage.WORKING)
    return finish(checkout, now=now)


def finish(checkout: Checkout, *, now: datetime) -> Outcome:
    """Do what follows once a checkout is paid: what it replaces is renewed no more. Any number of times."""
    with transaction.atomic():
        locked = Checkout.objects.select_for_update().get(pk=checkout.pk)
        found = outcome(locked)
        if found.stage is Stage.DONE and locked.state == State.OPEN:
            locked.state, locked.ended_at = State.DONE, now
            locked.save(update_fields=["state", "ended_at"])
            holding.close_others(locked.member, locked.price, but=_references(locked), now=now)
    return found


def close(checkout: Checkout, *, now: datetime) -> bool:
    """Give up an unpaid checkout: its invoice is void, its subscription never began. One that is paid, even in part, or being
    paid right now, stays. Return whether it is closed.
    """
    with transaction.atomic():
        locked = Checkout.objects.select_for_update().get(pk=checkout.pk)
        if locked.state == State.OPEN:
            customer = holding.locked(locked.member, locked.gateway_account)
            stage = outcome(locked).stage
            if stage is Stage.BILLED and _has_part(locked):
                return False
            if stage not in (Stage.UNPAID, Stage.DECLINED, Stage.CLOSED, Stage.BILLED):
                return False
            locked.state, locked.ended_at = State.CLOSED, now
            locked.save(update_fields=["state", "ended_at"])
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
    return _bill_of(checkout) if checkout.pays_for else None


def follow_up(checkout: Checkout, *, now: datetime) -> bool:
    """Look what became of a checkout that may have been left; return whether it must be looked at again."""
    found = ask(checkout, now=now)
    if found.stage in (Stage.DONE, Stage.CLOSED):
        return False
    if found.stage in (Stage.UNPAID, Stage.DECLINED) and now >= checkout.begun_at + attempts.ASKED_AGAIN_AFTER:
        return not close(checkout, now=now)
    return True


def _bill(checkout: Checkout, quote: Quote, customer: GatewayCustomer, method: str, *, now: datetime) -> None:
    """Draw up the bill of what is paid later by hand; no access comes with it. Drawn up before: nothing but the way to pay."""
    with transaction.atomic():
        locked = Checkout.objects.select_for_update().get(pk=checkout.pk)
        if locked.state != State.OPEN:
            return
        jobs.add(FINISH, key=checkout.pk, due_at=now + FINISHED_AFTER, now=now)
        GatewayCustomer.objects.filter(pk=customer.pk).update(method=method)
        until = handbills.due_at(checkout.gateway_account, method, now=now)
        checkout.pays_for = buying.buy(customer, quote, ref=checkout.pk, now=now, due_at=until).invoice
        Checkout.objects.filter(pk=checkout.pk).update(pays_for=checkout.pays_for)


def _written_down(
    checkout: Checkout, quote: Quote, customer: GatewayCustomer, *, now: datetime
) -> PaymentAttempt | None:
    """Write down what is bought and that it is to be paid; ``None`` where that is under way or nothing is to be paid."""
    begin = PaymentAttempt.Kind.BEGIN
    with transaction.atomic():
        locked = Checkout.objects.select_for_update().get(pk=checkout.pk)
        if locked.state != State.OPEN:
            return None
        jobs.add(FINISH, key=checkout.pk, due_at=now + FINISHED_AFTER, now=now)
        pays_for = checkout.pk
        if not _billed_there(checkout, quote):
            pays_for = buying.buy(customer, quote, ref=checkout.pk, now=now).invoice
        Checkout.objects.filter(pk=checkout.pk).update(pays_for=pays_for)
        checkout.pays_for = locked.pays_for = pays_for
        if outcome(locked).stage not in (Stage.UNPAID, Stage.DECLINED):
            return None
        if not quote.due_now:
            _done_for_nothing(checkout, customer, now=now)
            return None
        try:
            return attempts.write_down(
                customer, pays_for=pays_for, kind=begin, amount=quote.due_now, now=now, held=True
            )
        except attempts.AlreadyUnderWay:
            return None


def _done_for_nothing(checkout: Checkout, customer: GatewayCustomer, *, now: datetime) -> None:
    """What costs nothing is paid for by nobody: an attempt that succeeded says so, as for everything else."""
    key = derived("key", customer.pk, checkout.pays_for, "free")
    PaymentAttempt.objects.get_or_create(
        key=key,
        defaults={
            "id": derived("att", key),
            "customer": customer,
            "pays_for": checkout.pays_for,
            "kind": PaymentAttempt.Kind.BEGIN,
            "state": Tried.SUCCEEDED,
            "amount_minor": 0,
            "currency": checkout.price.currency,
            "begun_at": now,
            "ended_at": now,
            "due_at": now,
        },
    )


def _request(
    checkout: Checkout,
    quote: Quote,
    customer: GatewayCustomer,
    attempt: PaymentAttempt,
    *,
    return_url: str,
    card: str,
    method: str,
) -> BeginRequest:
    terms, there = quote.terms, _billed_there(checkout, quote)
    recurring = Recurring(terms.price, terms.level, terms.name, terms.amount, terms.interval) if there else None
    return BeginRequest(
        key=attempt.key,
        customer=customer.external_id,
        amount=quote.due_now,
        return_url=return_url,
        card=card,
        method=method,
        keep=terms.renews,
        recurring=recurring,
        invoice="" if there else checkout.pays_for,
        description=terms.name,
    )


def _billed_there(checkout: Checkout, quote: Quote) -> bool:
    """Whether the gateway renews it by its own clock; terms bought once, and what is free, are ours anywhere."""
    by_gateway = checkout.gateway_account.billed_by == GatewayAccount.BilledBy.GATEWAY
    return by_gateway and quote.terms.renews and bool(quote.due_now)


def _attempts(checkout: Checkout) -> quotes.Attempts:
    if not checkout.pays_for:
        return PaymentAttempt.objects.none()
    owner = {"customer__member": checkout.member_id, "pays_for": checkout.pays_for}
    return PaymentAttempt.objects.select_related("customer__gateway_account").filter(**owner).order_by("number")


def _may_go_on(checkout: Checkout, *, now: datetime) -> bool:
    stage = outcome(checkout).stage
    if stage in (Stage.UNPAID, Stage.DECLINED):
        return now < checkout.begun_at + OLD_AFTER
    return stage is not Stage.CLOSED


def _may_be_paid(checkout: Checkout, *, now: datetime) -> bool:
    """Whether it is not too old, and what it buys was not bought meanwhile by another one."""
    if outcome(checkout).stage not in (Stage.UNPAID, Stage.DECLINED):
        return _may_go_on(checkout, now=now)
    try:
        holding.require_free(checkout.member, checkout.price, now=now)
        selling.offered(checkout.price.level_id, checkout.price_id, now=now)
    except (Refused, selling.NotForSale):
        return False
    quoted, fresh = quote_from_json(checkout.quote), quotes.for_member(checkout.price, checkout.member, now=now)
    extends = quoted.start > checkout.begun_at  # where what ran then ends: unless more was bought meanwhile
    return now < checkout.begun_at + OLD_AFTER and (not extends or quoted.start == fresh.start)


def _is_quoted(checkout: Checkout, quote: Quote, account: GatewayAccount | None) -> bool:
    """Whether a checkout is of what is quoted now, and to be paid where it is wished now."""
    same_place = not quote.due_now or account is None or checkout.gateway_account_id == account.pk
    return same_place and quote_from_json(checkout.quote).terms == quote.terms


def _paid_elsewhere(checkout: Checkout) -> Stage | None:
    """How the bill of a checkout stands without a try of its own: paid by hand, closed, or to be paid by hand; ``None`` where
    it is asked of its payer now.
    """
    bill = _bill_of(checkout)
    if bill is None or (bill.settled_at is None and bill.closed_at is None):
        return Stage.BILLED if bill is not None and bill.due_at is not None else None
    return Stage.DONE if bill.settled_at is not None else Stage.CLOSED


def _has_part(checkout: Checkout) -> bool:
    """Whether a part of its bill came."""
    bill = _bill_of(checkout)
    return bill is not None and bill.paid_minor > 0


def _bill_of(checkout: Checkout) -> Invoice | None:
    rows = Invoice.objects.filter(gateway_account=checkout.gateway_account_id, external_id=checkout.pays_for)
    return rows.first()


def _references(checkout: Checkout) -> set[str]:
    """What this checkout made, by reference: its invoice and subscription, ours or the gateway's."""
    last = _attempts(checkout).last()
    purchase = quotes.purchase_of(checkout.pk, quote_from_json(checkout.quote))
    return (purchase.references | {last.ref if last else ""}) - {""}
