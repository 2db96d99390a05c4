"""Gift cards by the services: bought, mailed, redeemed, given back; and what they pay."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Sum

from goodstanding.billing.models import GiftCard, GiftOffer, Invoice, Payment, Transfer
from goodstanding.catalogue.models import DiscountCode, Level, LevelGroup, Price
from goodstanding.checkout import gift_redeeming, gifts, services
from goodstanding.checkout.joining import ensure_member
from goodstanding.checkout.models import CodeUse
from goodstanding.checkout.refusals import Refused
from goodstanding.clock import StoppedClock
from goodstanding.communications.models import Mail
from goodstanding.core.facts import CreditSeen
from goodstanding.core.journal import Chart
from goodstanding.core.money import Money
from goodstanding.gateways.models import GatewayAccount
from goodstanding.memberships import buying, crediting, gift_cards, giving_back
from goodstanding.memberships.gift_cards import NotRedeemed, State
from goodstanding.memberships.intake import take_in
from goodstanding.memberships.owing import Stage
from goodstanding.memberships.reading import standing_now
from goodstanding.memberships.rebuilding import rebuild_customers
from tests.apps.checkout.books import wrong_in
from tests.apps.checkout.test_joining import buy
from tests.apps.checkout.wishes import buy as buy_wanted
from tests.apps.checkout.wishes import wish
from tests.apps.gifts.conftest import Bought, Given

pytestmark = pytest.mark.django_db(transaction=True)

PriceOf = Callable[..., Price]
Work = Callable[[], int]
DAY = timedelta(days=1)


def state(card: GiftCard, clock: StoppedClock) -> State:
    return gift_cards.state_of(GiftCard.objects.told().get(pk=card.pk), now=clock.now)


def held(member: Any) -> int:
    return crediting.balance(member, "EUR").amount_minor


def owed_for_cards() -> int:
    """What the books say is owed to those who hold cards."""
    into = Transfer.objects.filter(credit=Chart.GIFT_CARDS).aggregate(all=Sum("amount_minor"))["all"] or 0
    out = Transfer.objects.filter(debit=Chart.GIFT_CARDS).aggregate(all=Sum("amount_minor"))["all"] or 0
    return int(into - out)


def in_order() -> None:
    assert wrong_in() == []
    assert rebuild_customers()[2] == []


def refused(member: Any, code: str, clock: StoppedClock) -> str:
    with pytest.raises(NotRedeemed) as why:
        gift_cards.redeem(member, code, now=clock.now)
    assert why.value.words
    return why.value.code


def test_a_card_is_bought_mailed_and_redeemed_once(
    alice: Any, bob: Any, bought: Bought, clock: StoppedClock, work: Work
) -> None:
    """R18: a gift card is money on the member's balance; its buyer is no member by it."""
    card = bought(alice, message="For you.\nAlice")
    work()
    assert state(card, clock) is State.GOOD
    assert owed_for_cards() == 5000
    assert standing_now(alice.pk, now=clock.now).status == "none"
    (mail,) = Mail.objects.filter(kind="gift_card")
    assert mail.to_address == "bob@example.org"
    assert card.shown_code in mail.text
    assert "For you." in mail.text
    assert Mail.objects.filter(kind="receipt").count() == 1
    gift_cards.redeem(bob, card.shown_code.lower(), now=clock.now)
    assert held(bob) == 5000
    assert owed_for_cards() == 0
    assert refused(alice, card.code, clock) == "used"
    assert held(alice) == 0
    in_order()


def test_b70_a_gift_is_told_once_however_often_it_is_heard(
    alice: Any, bought: Bought, clock: StoppedClock, work: Work
) -> None:
    """B70: bought once, told twice: one gift, one pair of mails. The same page twice is one card."""
    card = bought(alice, page="one")
    again = bought(alice, page="one")
    assert again.pk == card.pk
    for _each in range(3):
        gift_cards.send_of({"account": "sandbox", "invoice": card.invoice}, now=clock.now)
        work()
    assert GiftCard.objects.count() == Invoice.objects.count() == Payment.objects.count() == 1
    assert sorted(Mail.objects.values_list("kind", flat=True)) == ["gift_card", "receipt"]


def test_a_card_is_sent_on_its_day(alice: Any, bought: Bought, clock: StoppedClock, work: Work) -> None:
    bought(alice, send_on=clock.now.date() + 3 * DAY)
    clock.advance(2 * DAY)
    work()
    assert Mail.objects.filter(kind="gift_card").count() == 0
    clock.advance(DAY)
    work()
    assert Mail.objects.filter(kind="gift_card").count() == 1


def test_nothing_is_redeemed_that_is_not_good(
    alice: Any, bob: Any, bought: Bought, clock: StoppedClock, offer: GiftOffer, work: Work
) -> None:
    """B70: each refusal in words, and nothing on the balance."""
    assert refused(bob, "AAAA-BBBB-CCCC-DDDD", clock) == "unknown"
    unpaid = bought(alice, card="sandbox_declined")
    assert (state(unpaid, clock), refused(bob, unpaid.code, clock)) == (State.UNPAID, "unpaid")
    offer.good_for_days = 10
    offer.save()
    expiring = bought(alice)
    clock.advance(10 * DAY)
    work()
    assert (state(expiring, clock), refused(bob, expiring.code, clock)) == (State.EXPIRED, "expired")
    assert (state(unpaid, clock), refused(bob, unpaid.code, clock)) == (State.VOID, "void")
    assert Invoice.objects.filter(status="void").count() == 1
    assert held(bob) == 0
    in_order()


def test_a_card_given_back_is_worth_nothing(
    alice: Any, bob: Any, dana: Any, bought: Bought, clock: StoppedClock, work: Work
) -> None:
    card = bought(alice)
    payment, euros = Payment.objects.get(), Money(5000, "EUR")
    with pytest.raises(giving_back.Refused, match="all of it"):
        giving_back.refund(payment, amount=Money(100, "EUR"), reason="x", by=dana, now=clock.now)
    giving_back.refund(payment, amount=euros, reason="x", by=dana, now=clock.now)
    assert refused(bob, card.code, clock) == "void"  # from the moment that it is asked for
    work()
    assert (state(card, clock), refused(bob, card.code, clock)) == (State.REFUNDED, "refunded")
    assert owed_for_cards() == 0
    in_order()


def test_a_redeemed_card_is_not_given_back(
    alice: Any, bob: Any, dana: Any, bought: Bought, clock: StoppedClock
) -> None:
    card = bought(alice)
    gift_cards.redeem(bob, card.code, now=clock.now)
    with pytest.raises(giving_back.Refused, match="redeemed"):
        giving_back.refund(Payment.objects.get(), amount=Money(5000, "EUR"), reason="x", by=dana, now=clock.now)
    assert held(bob) == 5000


def test_g1_one_card_pays_several_renewals(
    alice: Any, bob: Any, price: PriceOf, bought: Bought, clock: StoppedClock, until: Callable[..., None]
) -> None:
    """G1, B78, R19: 100 on 60 a month: 0, 20, 60 to be paid; three renewals, one each."""
    buy(bob, price("weekday", "month"), clock)
    card = bought(alice, 10000)
    gift_cards.redeem(bob, card.code, now=clock.now)
    until(clock.now + 95 * DAY)
    bills = Invoice.objects.filter(account__member=bob).order_by("issued_at")
    assert [(bill.total_minor, bill.credit_minor, bill.due_minor) for bill in bills] == [
        (6000, 0, 6000),
        (6000, 6000, 0),
        (6000, 4000, 2000),
        (6000, 0, 6000),
    ]
    assert all(bill.settled_at is not None for bill in bills)
    assert standing_now(bob.pk, now=clock.now).status == "good"
    assert held(bob) == 0
    in_order()


def test_balance_from_before_the_first_purchase_pays_renewals_wherever_they_are_billed(
    alice: Any, charlie: Any, price: PriceOf, bought: Bought, clock: StoppedClock, until: Callable[..., None]
) -> None:
    """R18, R19, I6: redeemed by who had bought nothing, it is kept by hand; what a purchase left of it pays renewals by card."""
    charlie = ensure_member(charlie, now=clock.now)
    gift_cards.redeem(charlie, bought(alice, 10000).code, now=clock.now)
    assert [row.gateway_account_id for row in charlie.customers.all()] == ["manual"]
    buy(charlie, price("day"), clock)
    assert held(charlie) == 8500
    Level.objects.filter(pk="weekday").update(needs_card=True)
    buy(charlie, price("weekday", "month"), clock)
    assert held(charlie) == 2500
    until(clock.now + 32 * DAY, step=DAY)
    bills = Invoice.objects.filter(account__member=charlie, total_minor=6000).order_by("issued_at")
    assert [(bill.credit_minor, bill.due_minor) for bill in bills] == [(6000, 0), (2500, 3500)]
    assert {bill.gateway_account_id for bill in bills} == {"sandbox"}
    assert all(bill.settled_at is not None for bill in bills)
    assert held(charlie) == 0
    in_order()


def test_two_renewals_at_once_spend_a_balance_kept_elsewhere_once(
    bob: Any, price: PriceOf, clock: StoppedClock, until: Callable[..., None]
) -> None:
    """I6: two subscriptions at two accounts in one run of our clock, 70.00 kept by hand: one takes of it after the other."""
    second = GatewayAccount.objects.get(pk="sandbox")
    second.pk = "sandbox-two"
    second.save(force_insert=True)
    Level.objects.filter(pk="friend").update(group=LevelGroup.objects.create(slug="more", name="More"))
    Price.objects.filter(level="friend").update(amount_minor=3000)
    buy(bob, price("weekday", "month"), clock)
    buy(bob, price("friend", "month"), clock, at="sandbox-two")
    desk = buying.customer_for(bob, GatewayAccount.objects.get(pk="manual"), now=clock.now)
    entry = CreditSeen("c", desk.external_id, clock.now, 7000, "EUR", "adjustment")
    with transaction.atomic():
        take_in([entry], account=desk.gateway_account, event="evt_x", recorded_at=clock.now, now=clock.now)
    until(clock.now + 32 * DAY, step=DAY)
    used = Invoice.objects.filter(account__member=bob, credit_minor__gt=0).values_list("credit_minor", flat=True)
    assert sorted(used) in ([1000, 6000], [3000, 4000])
    assert held(bob) == 0
    in_order()


def test_what_is_not_on_offer_is_not_sold(alice: Any, bought: Bought, clock: StoppedClock) -> None:
    for amount, day in ((999, 0), (20001, 0), (5000, -1), (5000, 400)):
        with pytest.raises(Refused):
            bought(alice, amount, send_on=clock.now.date() + day * DAY)
    assert GiftCard.objects.count() == Invoice.objects.count() == 0


def test_no_gift_card_buys_a_gift_card(alice: Any, bob: Any, bought: Bought, clock: StoppedClock) -> None:
    gift_cards.redeem(bob, bought(alice, 10000).code, now=clock.now)
    bought(bob, 5000)
    assert Invoice.objects.get(account__member=bob).due_minor == 5000
    assert held(bob) == 10000


def test_a_declined_card_is_tried_again_and_is_one_gift(alice: Any, bought: Bought, clock: StoppedClock) -> None:
    card = bought(alice, card="sandbox_declined")
    assert gifts.stands(card).stage is Stage.DECLINED
    assert gifts.pay(card, return_url="/back", now=clock.now, token="sandbox_ok").stage is Stage.DONE
    assert Invoice.objects.count() == 1


def test_a_card_of_another_currency_is_refused(
    alice: Any, bob: Any, price: PriceOf, bought: Bought, clock: StoppedClock
) -> None:
    card = bought(alice)
    buy(bob, price("weekday", "month"), clock)
    bob.customers.get().account.__class__.objects.filter(member=bob).update(currency="USD")
    assert refused(bob, card.code, clock) == "currency"
    assert state(card, clock) is State.GOOD


def test_a_card_paid_by_hand_is_sent_once_the_money_is_there(
    alice: Any, offer: GiftOffer, clock: StoppedClock, work: Work, dana: Any
) -> None:
    from goodstanding.memberships import byhand

    gift = gifts.Gift(Money(2500, "EUR"), to_email="bob@example.org", send_on=clock.now.date())
    account = GatewayAccount.objects.get(pk="manual")
    card = gifts.begin(alice, account, gift, page="p", now=clock.now, method="transfer")
    assert gifts.pay(card, return_url="/", now=clock.now).stage is Stage.BILLED
    work()
    assert Mail.objects.filter(kind="gift_card").count() == 0
    bill = Invoice.objects.get()
    byhand.record_payment(bill, how="cash", reference="", paid_at=clock.now, by=dana, now=clock.now)
    work()
    assert Mail.objects.filter(kind="gift_card").count() == 1
    assert state(card, clock) is State.GOOD


def test_b71_a_code_survives_new_secrets(
    alice: Any, bob: Any, bought: Bought, given: Given, clock: StoppedClock, settings: Any
) -> None:
    """B71: cards and levels that were sold before the site got a new secret are redeemed after it, and found by their codes."""
    card, level = bought(alice, 5000), given(alice)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another secret, as long as it should be: 1234567890", []
    assert gift_cards.redeem(bob, card.shown_code, now=clock.now).pk == card.pk
    assert gift_redeeming.redeem(bob, level.shown_code, now=clock.now).gift.pk == level.pk
    assert held(bob) == 5000


def test_b69_what_a_failed_first_payment_took_comes_back(
    alice: Any, bob: Any, price: PriceOf, bought: Bought, clock: StoppedClock
) -> None:
    """B69: the code's use and the balance that were to pay a part of it are there again, once the card was declined."""
    gift_cards.redeem(bob, bought(alice, 2500).code, now=clock.now)
    code = DiscountCode.objects.create(
        text="TEN", kind="fixed", amount_minor=1000, currency="EUR", limit=1, made_at=clock.now
    )
    wanted = wish(price("weekday", "month"), code="TEN")
    found = buy_wanted(bob, wanted, clock, card="sandbox_declined")
    bill = Invoice.objects.get(account__member=bob)
    assert (found.stage, bill.total_minor, bill.due_minor, held(bob)) == (Stage.DECLINED, 5000, 2500, 0)
    assert services.close(found.checkout, now=clock.now)
    assert held(bob) == 2500
    assert not CodeUse.objects.filter(code=code).exclude(state=CodeUse.State.RELEASED).exists()
    assert buy_wanted(bob, wanted, clock).stage is Stage.DONE
    assert held(bob) == 0
    in_order()
