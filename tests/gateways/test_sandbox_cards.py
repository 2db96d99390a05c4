"""The sandbox's accounts, cards and payments."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from goodstanding.core.facts import DisputeSeen, PaymentSeen
from goodstanding.core.money import Money
from goodstanding.core.periods import Interval, Unit
from goodstanding.gateways import registry, services
from goodstanding.gateways.models import GatewayAccount
from goodstanding.gateways.protocol import GatewayRefused, GatewayUnreachable, Refusal
from goodstanding.gateways.requests import Recurring, Redirect, Taken
from goodstanding.gateways.sandbox.models import Customer, Kept, Message, Method, Payment
from goodstanding.gateways.sandbox.vendor.cards import CARDS, token_of
from goodstanding.inbox.findings import notices
from tests.gateways.living import FULL, START, at

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
TRIAL_CARDS = registry.able("sandbox").cards()


def test_the_accounts_are_made_once_of_test_mode_and_with_secrets_of_their_own(db):
    ours, auto = services.ensure_sandbox_accounts()
    assert services.ensure_sandbox_accounts() == (ours, auto)
    rows = GatewayAccount.objects.order_by("code").values_list("code", "gateway", "mode", "billed_by", "is_active")
    assert list(rows) == [
        ("sandbox", "sandbox", "test", "us", True),
        ("sandbox-auto", "sandbox", "test", "gateway", True),
    ]
    assert len(ours.webhook_secret) > 30
    assert ours.webhook_secret != auto.webhook_secret


@pytest.mark.parametrize(
    ("https", "active", "codes"), [(True, True, ["sandbox_in_use"] * 2), (True, False, []), (False, True, [])]
)
def test_check_says_where_people_could_join_for_nothing(db, settings, https, active, codes):
    settings.GOODSTANDING_HTTPS = https
    services.ensure_sandbox_accounts()
    GatewayAccount.objects.update(is_active=active)
    assert [notice.code for notice in notices()] == codes


@pytest.mark.parametrize("change", [{"mode": "live"}, {"is_active": False}])
def test_an_account_for_real_money_or_out_of_use_is_served_nothing(ours, change):
    GatewayAccount.objects.filter(pk="sandbox").update(**change)
    ours.account.refresh_from_db()
    with pytest.raises(GatewayRefused) as caught:
        ours.begin(10_000)
    assert caught.value.code == Refusal.BAD_REQUEST


def test_a_customer_of_one_account_is_unknown_to_the_other(ours):
    ours.account = services.ensure_sandbox_accounts()[1]
    with pytest.raises(GatewayRefused) as caught:
        ours.begin(10_000)
    assert caught.value.code == Refusal.UNKNOWN_REF


def test_nobody_calls_it_inside_a_transaction(ours):
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        ours.begin(10_000)


# Cards


@pytest.mark.parametrize(
    ("card", "first", "later"),
    [
        ("sandbox_ok", "", ""),
        ("sandbox_declined", "card_declined", None),
        ("sandbox_insufficient_funds", "insufficient_funds", None),
        ("sandbox_expired", "expired_card", None),
        ("sandbox_fails_later", "", "card_declined"),
        ("sandbox_disputed", "", ""),
    ],
)
def test_a_card_does_what_it_says(ours, card, first, later):
    if first:
        with pytest.raises(GatewayRefused) as caught:
            ours.kept(card)
        assert (caught.value.code, caught.value.retry) == (first, first != "expired_card")
        (failed,) = caught.value.facts
        assert isinstance(failed, PaymentSeen)
        assert (failed.status, failed.failure, failed.invoice) == ("failed", first, "inv_1")
        return
    method = ours.kept(card)
    if later:
        with pytest.raises(GatewayRefused) as caught:
            ours.charge(method)
        assert caught.value.code == later
    else:
        (paid,) = ours.charge(method).facts
        assert isinstance(paid, PaymentSeen)
        assert (paid.status, paid.amount_minor, paid.invoice) == ("succeeded", 10_000, "inv_2")


def test_the_card_that_loses_its_answer_is_charged_once(ours):
    with pytest.raises(GatewayUnreachable):
        ours.begin(10_000, card="sandbox_answer_lost", keep=True)
    assert Payment.objects.count() == 1
    ours._keys -= 1  # the same attempt again
    answer = ours.begin(10_000, card="sandbox_answer_lost", keep=True)
    assert isinstance(answer, Taken)
    assert answer.method
    assert Payment.objects.count() == 1


def test_the_disputed_card_is_contested_a_day_later_on_either_account(ours):
    ours.kept("sandbox_disputed")
    ours.until(START + DAY - timedelta(seconds=1))
    assert "dispute.opened" not in ours.told()
    ours.until(START + DAY)
    assert ours.told()[-1] == "dispute.opened"
    event = ours.gateway.look(ours.last_payment().pk, **ours.on)
    (dispute,) = [fact for fact in ours.gateway.facts(event).facts if isinstance(fact, DisputeSeen)]
    assert (dispute.status, dispute.opened_at, dispute.amount_minor) == ("open", START + DAY, 10_000)


def test_what_was_given_back_is_not_contested_and_what_is_contested_is_not_given_back(ours):
    ours.kept("sandbox_disputed")
    ours.gateway.refund(ours.last_payment().pk, amount=Money(10_000, "EUR"), key=ours.key(), **ours.on)
    ours.until(START + 2 * DAY)
    assert "dispute.opened" not in ours.told()
    ours.kept("sandbox_disputed")
    ours.until(START + 4 * DAY)
    with pytest.raises(GatewayRefused) as caught:
        ours.gateway.refund(ours.last_payment().pk, amount=Money(1, "EUR"), key=ours.key(), **ours.on)
    assert caught.value.code == Refusal.NOT_OPEN


def test_a_card_that_always_needs_its_owner_is_refused_while_he_is_away(ours):
    assert isinstance(ours.begin(10_000, card="sandbox_challenge_always", keep=True), Redirect)
    from goodstanding.gateways.sandbox.vendor import pages

    pages.decide(ours.last_payment().page, approved=True, now=ours.now)
    (method,) = ours.gateway.methods(ours.customer, **ours.on)
    with pytest.raises(GatewayRefused) as caught:
        ours.charge(method.ref)
    assert (caught.value.code, caught.value.retry) == (Refusal.NEEDS_CHALLENGE, False)


@pytest.mark.parametrize("card", TRIAL_CARDS, ids=lambda card: card.token)
def test_a_typed_number_stands_for_a_token(card):
    plain = card.number.replace(" ", "")
    for typed in (card.number, plain, f" {plain} ", card.number.replace(" ", "-"), card.token):
        assert token_of(typed) == card.token
        assert [each.token for each in TRIAL_CARDS if each.meant_by(typed)] == [card.token]


@pytest.mark.parametrize("typed", ["", "4242", "4111111111111111", "sandbox", "42424242424242424242"])
def test_any_other_number_stands_for_nothing(typed):
    assert token_of(typed) == ""
    assert not any(card.meant_by(typed) for card in TRIAL_CARDS)


def test_no_number_is_ever_kept(ours):
    numbers = {card.number for card in CARDS.values()}
    for card in ("sandbox_ok", "sandbox_disputed"):
        ours.kept(card)
    ours.until(START + 2 * DAY)
    for model in (Method, Payment, Message, Kept):
        for row in model.objects.values():
            assert not any(number in str(value) for value in row.values() for number in numbers), row


# Payments


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"amount_minor": -1}, Refusal.AMOUNT_MISMATCH),
        ({"amount_minor": 10**12}, Refusal.AMOUNT_MISMATCH),
        ({"amount_minor": 0}, Refusal.BAD_REQUEST),
        ({"card": "4242424242424242"}, Refusal.UNKNOWN_CARD),
        ({"card": "", "method": "sbcard_nobodys"}, Refusal.UNKNOWN_CARD),
        ({"method": "sbcard_nobodys"}, Refusal.BAD_REQUEST),
        ({"return_url": ""}, Refusal.BAD_REQUEST),
        ({"recurring": FULL, "capture": False}, Refusal.BAD_REQUEST),
        ({"recurring": Recurring("p", "full", "", Money(1, "USD"), Interval(Unit.MONTH))}, Refusal.AMOUNT_MISMATCH),
        ({"recurring": Recurring("p", "full", "", Money(1, "EUR"), Interval(Unit.LIFE))}, Refusal.BAD_REQUEST),
        ({"recurring": Recurring("p", "full", "", Money(1, "EUR"), Interval(Unit.MONTH), 0)}, Refusal.BAD_REQUEST),
    ],
)
def test_what_makes_no_sense_is_refused_and_leaves_nothing(auto, more, code):
    told = auto.told()
    with pytest.raises(GatewayRefused) as caught:
        auto.begin(**{"amount_minor": 10_000, **more})
    assert caught.value.code == code
    assert (auto.told(), Payment.objects.count(), Kept.objects.count()) == (told, 0, 1)  # of the enrolment


def test_an_amount_of_zero_keeps_the_card_and_tells_nothing(ours):
    answer = ours.begin(0, keep=True)
    assert isinstance(answer, Taken)
    assert answer.facts == ()
    assert ours.charge(answer.method).facts


def test_the_rest_of_what_was_set_aside_is_let_go(ours):
    held = ours.begin(10_000, capture=False)
    assert isinstance(held, Taken)
    (paid,) = ours.gateway.capture(held.ref, amount=Money(6_000, "EUR"), key=ours.key(), **ours.on).facts
    assert isinstance(paid, PaymentSeen)
    assert (paid.status, paid.amount_minor) == ("succeeded", 6_000)
    for act in (ours.gateway.capture, ours.gateway.refund):
        with pytest.raises(GatewayRefused):
            act(held.ref, amount=Money(6_001, "EUR"), key=ours.key(), **ours.on)


def test_several_refunds_never_exceed_what_was_paid(ours):
    ours.kept("sandbox_ok")
    paid = ours.last_payment()
    for amount, fine in ((4_000, True), (6_001, False), (6_000, True), (1, False)):
        if fine:
            ours.gateway.refund(paid.pk, amount=Money(amount, "EUR"), key=ours.key(), **ours.on)
        else:
            with pytest.raises(GatewayRefused) as caught:
                ours.gateway.refund(paid.pk, amount=Money(amount, "EUR"), key=ours.key(), **ours.on)
            assert caught.value.code == Refusal.AMOUNT_MISMATCH
    paid.refresh_from_db()
    assert paid.refunded_minor == 10_000


def test_a_dropped_card_pays_nothing_more(auto):
    auto.join()
    (method,) = auto.gateway.methods(auto.customer, **auto.on)
    assert (method.label, method.last4, method.expires) == ("Visa", "4242", "12/34")
    auto.gateway.drop(method.ref, **auto.on)
    assert auto.gateway.methods(auto.customer, **auto.on) == ()
    auto.until(at(4, 2, 11))
    assert auto.told()[-2:] == ["invoice.payment_failed", "subscription.updated"]


def test_who_is_forgotten_is_nobody_and_pays_no_more(auto):
    auto.join()
    auto.gateway.forget(auto.customer, **auto.on)
    row = Customer.objects.get()
    assert (row.email, row.name, row.deleted) == ("", "", True)
    for model in (Customer, Message, Kept):
        assert not any("alice@" in str(values) for values in model.objects.values()), model
    auto.until(at(5, 2))
    assert auto.told()[-2:] == ["subscription.deleted", "customer.deleted"]
    with pytest.raises(GatewayRefused) as caught:
        auto.begin(10_000)
    assert caught.value.code == Refusal.UNKNOWN_REF
