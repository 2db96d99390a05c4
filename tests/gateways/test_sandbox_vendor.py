"""The sandbox's vendor: its cards, its clock, what it tells and in which order, and what goes wrong on demand."""

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
from goodstanding.gateways.requests import Change, ChargeRequest, Plan, Redirect, Taken, When
from goodstanding.gateways.sandbox.models import Customer, Fault, Invoice, Kept, Message, Method, Payment, Subscription
from goodstanding.gateways.sandbox.vendor import clock, faults, sending
from goodstanding.gateways.sandbox.vendor.cards import CARDS, token_of
from goodstanding.inbox.models import WebhookEvent
from tests.gateways.living import FULL, START, WEEKDAY, Life, at

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
TRIAL_CARDS = registry.able("sandbox").cards()


@pytest.fixture
def ours(alice) -> Life:
    """Alice at the account that our clock bills: it only charges."""
    return Life(alice, code=services.SANDBOX)


@pytest.fixture
def auto(alice) -> Life:
    """Alice at the account that bills by its own clock."""
    return Life(alice)


def charge(life: Life, method: str, *, key: str = "") -> Taken:
    request = ChargeRequest(key or life.key(), life.customer, method, Money(10_000, "EUR"), invoice="inv_2")
    return life.gateway.charge(request, **life.on)


def kept(life: Life, card: str) -> str:
    """Have ``card`` stored by a first payment, and return its reference."""
    answer = life.begin(10_000, card=card, keep=True, invoice="inv_1")
    assert isinstance(answer, Taken), answer
    return answer.method


# Accounts


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
            kept(ours, card)
        assert (caught.value.code, caught.value.retry) == (first, first != "expired_card")
        (failed,) = caught.value.facts
        assert isinstance(failed, PaymentSeen)
        assert (failed.status, failed.failure, failed.invoice) == ("failed", first, "inv_1")
        return
    method = kept(ours, card)
    if later:
        with pytest.raises(GatewayRefused) as caught:
            charge(ours, method)
        assert caught.value.code == later
    else:
        (paid,) = charge(ours, method).facts
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
    kept(ours, "sandbox_disputed")
    ours.until(START + DAY - timedelta(seconds=1))
    assert "dispute.opened" not in ours.told()
    ours.until(START + DAY)
    assert ours.told()[-1] == "dispute.opened"
    event = ours.gateway.look(ours.last_payment().pk, **ours.on)
    (dispute,) = [fact for fact in ours.gateway.facts(event).facts if isinstance(fact, DisputeSeen)]
    assert (dispute.status, dispute.opened_at, dispute.amount_minor) == ("open", START + DAY, 10_000)


def test_what_was_given_back_is_not_contested_and_what_is_contested_is_not_given_back(ours):
    kept(ours, "sandbox_disputed")
    ours.gateway.refund(ours.last_payment().pk, amount=Money(10_000, "EUR"), key=ours.key(), **ours.on)
    ours.until(START + 2 * DAY)
    assert "dispute.opened" not in ours.told()
    kept(ours, "sandbox_disputed")
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
        charge(ours, method.ref)
    assert (caught.value.code, caught.value.retry) == (Refusal.NEEDS_CHALLENGE, False)


@pytest.mark.parametrize("card", TRIAL_CARDS, ids=lambda card: card.token)
def test_a_typed_number_stands_for_a_token(card):
    spaced = " ".join(card.number[start : start + 4] for start in range(0, 16, 4))
    assert token_of(card.number) == token_of(f" {spaced} ") == token_of(card.token) == card.token


@pytest.mark.parametrize("typed", ["", "4242", "4111111111111111", "sandbox", "42424242424242424242"])
def test_any_other_number_stands_for_nothing(typed):
    assert token_of(typed) == ""


def test_no_number_is_ever_kept(ours):
    numbers = {card.number for card in CARDS.values()}
    for card in ("sandbox_ok", "sandbox_disputed"):
        kept(ours, card)
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
        ({"recurring": Plan("p", "full", "", Money(1, "USD"), Interval(Unit.MONTH))}, Refusal.AMOUNT_MISMATCH),
        ({"recurring": Plan("p", "full", "", Money(1, "EUR"), Interval(Unit.LIFE))}, Refusal.BAD_REQUEST),
        ({"recurring": Plan("p", "full", "", Money(1, "EUR"), Interval(Unit.MONTH), 0)}, Refusal.BAD_REQUEST),
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
    assert charge(ours, answer.method).facts


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
    kept(ours, "sandbox_ok")
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


# The clock


JOINED = [
    "customer.created",
    "subscription.created",
    "invoice.created",
    "invoice.finalised",
    "payment.succeeded",
    "invoice.paid",
    "subscription.updated",
]


def test_joining_is_told_in_the_order_in_which_stripe_tells_it(auto):
    auto.join()
    assert auto.told() == JOINED


def test_a_renewal_is_drawn_up_at_the_periods_end_and_collected_an_hour_later(auto):
    auto.join()
    auto.until(at(4, 2, 10, 59))
    assert auto.told()[len(JOINED) :] == ["invoice.created", "subscription.updated"]
    auto.until(at(4, 2, 11))
    assert auto.told()[len(JOINED) + 2 :] == ["invoice.finalised", "payment.succeeded", "invoice.paid"]
    assert clock.next_step(auto.account) == at(5, 2)


def test_what_fails_is_tried_again_after_3_5_and_7_days_and_then_given_up(auto):
    auto.join(card="sandbox_fails_later")
    auto.until(at(6, 1))
    failed = Payment.objects.filter(status="failed").order_by("created_at").values_list("created_at", flat=True)
    assert list(failed) == [at(4, 2, 11), at(4, 5, 11), at(4, 7, 11), at(4, 9, 11)]
    assert auto.told()[-4:] == [
        "payment.failed",
        "invoice.payment_failed",
        "subscription.deleted",
        "invoice.uncollectible",
    ]
    assert auto.told().count("subscription.updated") == 3  # active, renewed, past due
    assert clock.next_step(auto.account) is None


@pytest.mark.parametrize("card", ["sandbox_ok", "sandbox_fails_later", "sandbox_disputed"])
def test_many_small_steps_and_one_big_one_come_to_the_same(alice, bob, card):
    def lived(life: Life, steps: int) -> list[tuple[str, str]]:
        life.join(card=card)
        for step in range(steps):
            life.until(START + timedelta(days=120) * (step + 1) / steps)
        rows = Message.objects.filter(customer=life.customer).order_by("id")
        return [(row.type, row.created_at.isoformat()) for row in rows]

    once, often = lived(Life(alice), 1), lived(Life(bob, code=services.SANDBOX), 120)
    assert once == often
    assert len(once) > 20 or card == "sandbox_fails_later"


def test_nothing_happens_at_the_account_that_our_clock_bills(ours):
    kept(ours, "sandbox_ok")
    assert clock.next_step(ours.account) is None
    assert ours.gateway.advance(account=ours.account, until=at(12, 1)) == 0


def test_an_hourly_plan_renews_each_hour(auto):
    hourly = Plan("prc_hour", "full", "An hour", Money(500, "EUR"), Interval(Unit.HOUR))
    auto.join(hourly)
    auto.until(START + timedelta(hours=5))
    assert Invoice.objects.filter(status="paid").count() == 5
    assert auto.subscription().period_end == START + timedelta(hours=6)


def test_a_change_that_cannot_be_paid_changes_nothing(auto):
    ref = auto.join(WEEKDAY, card="sandbox_fails_later")
    before = Subscription.objects.values().get()
    with pytest.raises(GatewayRefused) as caught:
        auto.gateway.change(ref, Change(auto.key(), FULL), **auto.on)
    assert caught.value.code == Refusal.CARD_DECLINED
    assert Subscription.objects.values().get() == before
    other = kept(auto, "sandbox_ok")
    assert auto.gateway.change(ref, Change(auto.key(), FULL, method=other), **auto.on).facts
    assert auto.subscription().method_id == other


def test_there_and_back_at_one_instant_nets_to_zero(auto):
    """I7, for a share that does not come out even."""
    ref = auto.join(FULL)
    auto.until(at(3, 9, 17, 13))
    for plan in (WEEKDAY, FULL):
        auto.gateway.change(ref, Change(auto.key(), plan), **auto.on)
    assert sum(Invoice.objects.values_list("total_minor", flat=True)) == 10_000
    assert sum(Invoice.objects.values_list("paid_minor", flat=True)) == 10_000
    assert Customer.objects.get().credit_minor == 0


def test_a_change_set_for_the_end_can_be_taken_back(auto):
    ref = auto.join(FULL)
    auto.gateway.change(ref, Change(auto.key(), WEEKDAY, when=When.PERIOD_END), **auto.on)
    auto.gateway.resume(ref, **auto.on)
    auto.until(at(4, 3))
    assert list(Invoice.objects.values_list("total_minor", flat=True)) == [10_000, 10_000]


def test_who_leaves_while_something_is_unpaid_leaves_at_once_and_is_not_asked_for_it(auto):
    ref = auto.join(card="sandbox_fails_later")
    auto.until(at(4, 3))
    auto.gateway.end(ref, When.PERIOD_END, **auto.on)
    assert auto.told()[-2:] == ["subscription.deleted", "invoice.void"]
    assert clock.next_step(auto.account) is None


def test_an_invoice_is_paid_once_though_two_ways_lead_to_it(auto):
    from goodstanding.gateways.sandbox.vendor import pages

    ref = auto.join(card="sandbox_fails_later")
    auto.until(at(4, 4, 18))
    waiting = auto.pay_open_invoice(card="sandbox_challenge", keep=True)
    assert isinstance(waiting, Redirect)
    auto.pay_open_invoice(keep=True)
    pages.decide(waiting.url.split("/")[-2], approved=True, now=auto.now)
    invoice = Invoice.objects.order_by("created_at").last()
    assert invoice is not None
    assert list(invoice.payments.filter(status="succeeded").values_list("amount_minor", flat=True)) == [10_000]
    assert invoice.payments.filter(failure="not_open").count() == 1
    assert Subscription.objects.get(pk=ref).status == "active"


@pytest.mark.parametrize(("amount", "code"), [(9_999, Refusal.AMOUNT_MISMATCH), (10_001, Refusal.AMOUNT_MISMATCH)])
def test_an_invoice_is_paid_whole(auto, amount, code):
    auto.join(card="sandbox_fails_later")
    auto.until(at(4, 3))
    invoice = Invoice.objects.get(status="open")
    with pytest.raises(GatewayRefused) as caught:
        auto.begin(amount, invoice=invoice.pk)
    assert caught.value.code == code


# Messages


def test_delivered_in_the_process_they_are_taken_once(auto):
    auto.join()
    assert auto.hear() == len(JOINED)
    assert auto.hear() == 0
    assert WebhookEvent.objects.count() == len(JOINED)
    assert auto.now_stands() == "good"


def test_one_that_is_not_taken_stays_due(auto):
    auto.join()

    def refuse(headers, body) -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        auto.gateway.deliver(refuse, **auto.on)
    assert auto.hear() == len(JOINED)


def ordered(life: Life, kind: Fault.Kind, **more: int) -> None:
    faults.order(life.account.code, kind, **more)


def test_a_message_comes_twice_and_counts_once(auto):
    heard: list[bytes] = []
    ordered(auto, Fault.Kind.DUPLICATE, times=2)
    auto.join()
    auto.gateway.deliver(lambda _, body: heard.append(body), **auto.on)
    assert (len(heard), len(set(heard))) == (len(JOINED) + 2, len(JOINED))


def test_messages_come_late(auto):
    auto.hear()
    ordered(auto, Fault.Kind.DELAY, times=6, seconds=3600)
    auto.join()
    assert auto.hear() == 0
    auto.until(START + timedelta(hours=1))
    assert auto.hear() == 6
    assert auto.standing(START) == "full=good until 2026-04-02T10:00:00Z"


def test_messages_come_in_reverse_order(auto):
    auto.hear()
    ordered(auto, Fault.Kind.REORDER, times=6)
    auto.join()
    auto.until(START + timedelta(minutes=1))
    auto.hear()
    rows = WebhookEvent.objects.exclude(type="customer.created").order_by("closed_at", "received_at")
    sent = Message.objects.exclude(type="customer.created").order_by("due_at").values_list("type", flat=True)
    assert list(sent) == JOINED[:0:-1]
    assert rows.count() == 6
    assert auto.now_stands() == "good"


def test_messages_are_lost_and_found_by_who_asks_what_he_missed(auto):
    auto.hear()
    ordered(auto, Fault.Kind.LOSE, times=6)
    auto.join()
    assert auto.hear() == 0
    assert [event.type for event in auto.gateway.fetch_since(START, **auto.on)] == JOINED


def test_a_fault_is_used_up(auto):
    ordered(auto, Fault.Kind.LOSE, times=8)
    auto.join()
    assert Fault.objects.get().left == 2
    for _ in range(3):
        auto.begin(10_000)
    assert not Fault.objects.exists()
    assert Message.objects.filter(state="waiting").count() == 2  # the enrolment before, and the third payment


def test_old_messages_are_cleared_away_and_those_under_way_are_not(auto):
    auto.join()
    auto.hear()
    auto.begin(10_000)
    later = START + timedelta(days=31)
    assert sending.purge(before=later - sending.KEPT_FOR) == len(JOINED)
    assert Message.objects.count() == 1
