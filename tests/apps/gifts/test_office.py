"""What staff do about balances and gift cards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.test import Client

from goodstanding.audit.models import AuditEntry
from goodstanding.billing.models import BalanceEntry, Dispute, GiftCard, Invoice
from goodstanding.catalogue.models import Price
from goodstanding.checkout import gift_redeeming
from goodstanding.clock import StoppedClock
from goodstanding.communications.models import Mail
from goodstanding.core.money import Money
from goodstanding.memberships import adjusting, crediting, gift_cards
from goodstanding.memberships.rebuilding import rebuild_customers
from tests.apps.checkout.books import wrong_in
from tests.apps.checkout.test_joining import buy
from tests.apps.gifts.conftest import Bought, Given

pytestmark = pytest.mark.django_db(transaction=True)

PriceOf = Callable[..., Price]


@pytest.fixture(autouse=True)
def no_tries_remembered() -> None:
    cache.clear()


def held(member: Any) -> int:
    return crediting.balance(member, "EUR").amount_minor


def euros(amount: int) -> Money:
    return Money(amount, "EUR")


def test_i6_the_balance_is_never_below_zero(
    bob: Any, dana: Any, price: PriceOf, clock: StoppedClock, until: Callable[..., None]
) -> None:
    """I6, B27: added, spent in part, taken back to nothing and no further; each leaves a note."""
    buy(bob, price("weekday", "month"), clock)
    adjusting.adjust(bob, euros(8000), reason="Sorry", by=dana, now=clock.now)
    until(clock.now + timedelta(days=32))
    assert held(bob) == 2000
    with pytest.raises(adjusting.Refused, match=r"Only 20\.00 EUR"):
        adjusting.adjust(bob, euros(-2001), reason="x", by=dana, now=clock.now)
    adjusting.adjust(bob, euros(-2000), reason="x", by=dana, now=clock.now)
    assert held(bob) == 0
    for wrong in (euros(0), euros(-1), Money(100, "USD")):
        with pytest.raises(adjusting.Refused):
            adjusting.adjust(bob, wrong, reason="x", by=dana, now=clock.now)
    assert BalanceEntry.objects.count() == AuditEntry.objects.filter(action="adjust balance").count() == 2
    assert wrong_in() == []
    assert rebuild_customers()[2] == []


def test_b68_the_page_says_what_each_entry_paid(
    bob: Any, dana: Any, price: PriceOf, clock: StoppedClock, until: Callable[..., None]
) -> None:
    """B68: 30 and 50, of which 60 are used: 30 from the first, 30 from the second, 20 left."""
    buy(bob, price("weekday", "month"), clock)
    for amount in (3000, 5000):
        adjusting.adjust(bob, euros(amount), reason=f"for {amount}", by=dana, now=clock.now)
        clock.advance(timedelta(hours=1))
    until(clock.now + timedelta(days=32))
    from goodstanding.portal.balance import balances

    (balance,) = balances(bob)
    assert balance.words == "20.00 EUR"
    assert [(line.amount, line.left, [part for _, part in line.paid]) for line in balance.lines] == [
        ("50.00 EUR", "20.00 EUR", ["30.00 EUR"]),
        ("30.00 EUR", "0.00 EUR", ["30.00 EUR"]),
    ]


@pytest.fixture
def office(dana: Any) -> Client:
    """Dana's browser: staff, with what it needs."""
    dana.is_staff = True
    dana.save()
    names = ("view_giftcard", "change_giftcard", "add_balanceentry", "view_member")
    dana.user_permissions.add(*Permission.objects.filter(codename__in=names))
    client = Client()
    client.force_login(dana)
    return client


def test_staff_find_send_and_take_back_cards(
    alice: Any, bought: Bought, office: Client, clock: StoppedClock, work: Callable[[], int]
) -> None:
    good, unpaid = bought(alice, 5000), bought(alice, 2500, card="sandbox_declined")
    work()
    page = office.get("/office/gift-cards/").content.decode()
    assert good.ending in page
    assert good.code not in page
    assert unpaid.ending not in office.get(f"/office/gift-cards/?q={good.ending}").content.decode()
    assert unpaid.ending in office.get("/office/gift-cards/?q=25").content.decode()
    assert good.ending not in office.get("/office/gift-cards/?status=unpaid").content.decode()
    table = b"".join(office.get("/office/gift-cards/?as=csv")).decode().splitlines()
    assert sorted((line.split(",")[:5] for line in table[1:]), key=lambda row: row[4]) == [
        [good.ending, "", "5000", "EUR", "good"],
        [unpaid.ending, "", "2500", "EUR", "unpaid"],
    ]
    sent = {"reason": "lost", "form_name": "a" * 22}
    assert office.post(f"/office/members/{alice.pk}/send_gift/{good.pk}/", sent).status_code == 302
    assert Mail.objects.filter(kind="gift_card").count() == 2
    sent = {"reason": "a mistake", "form_name": "b" * 22}
    refused = office.post(f"/office/members/{alice.pk}/void_gift/{good.pk}/", sent)
    assert refused.status_code == 422
    assert office.post(f"/office/members/{alice.pk}/void_gift/{unpaid.pk}/", sent).status_code == 302
    assert Invoice.objects.filter(status="void").count() == 1
    assert GiftCard.objects.get(pk=unpaid.pk).voided_at is not None


def test_staff_see_what_is_given_and_whether_its_money_went_back(
    alice: Any, bob: Any, given: Given, office: Client, clock: StoppedClock
) -> None:
    """B70: redeemed, it stays somebody's; staff are told where the money for it went back all the same, at the bank say."""
    gift, other = given(alice), given(alice, level="day")
    gift_redeeming.redeem(bob, gift.code, now=clock.now)
    page = office.get("/office/gift-cards/").content.decode()
    assert "Weekday, 6 months" in page
    assert "The money for it went back" not in page
    bill = gift_cards.bill_of(gift)
    Dispute.objects.create(
        id="dsp_x", gateway_account=bill.gateway_account, external_id="x", account=bill.account, invoice=gift.invoice,
        amount_minor=4450, currency="EUR", status="open", opened_at=clock.now,
    )  # fmt: skip
    page = office.get("/office/gift-cards/?status=back").content.decode()
    assert "The money for it went back" in page
    assert other.ending not in page


def test_staff_adjust_by_a_form_once(bob: Any, office: Client, clock: StoppedClock) -> None:
    sent = {"way": "add", "amount": "12,50", "currency": "eur", "reason": "Sorry", "form_name": "c" * 22}
    for _each in range(2):
        assert office.post(f"/office/members/{bob.pk}/adjust/", sent).status_code == 302
    assert held(bob) == 1250
    for wrong in ({"amount": "-1"}, {"currency": "XXQ"}, {"way": "take", "amount": "13"}, {"amount": "many"}):
        assert (
            office.post(f"/office/members/{bob.pk}/adjust/", sent | {"form_name": "d" * 22} | wrong).status_code == 422
        )
    assert held(bob) == 1250


def test_who_may_not_sees_no_cards(alice: Any, dana: Any, clock: StoppedClock) -> None:
    client = Client()
    client.force_login(alice.user)
    assert client.get("/office/gift-cards/").status_code == 403


def test_the_page_says_what_the_balance_will_pay_and_it_does(
    bob: Any, dana: Any, price: PriceOf, clock: StoppedClock, until: Callable[..., None]
) -> None:
    """R19, I13: all of the next renewal and a part of the one after; then that is what happens."""
    buy(bob, price("weekday", "month"), clock)
    adjusting.adjust(bob, euros(7200), reason="Sorry", by=dana, now=clock.now)
    client = Client()
    client.force_login(bob.user)
    page = client.get("/me/balance/").content.decode()
    assert page.count("Weekday, ") == 2
    assert ": all of 60.00 EUR" in page
    assert ": 12.00 EUR of 60.00 EUR" in page
    until(clock.now + timedelta(days=63))
    bills = Invoice.objects.filter(account__member=bob).order_by("issued_at")
    assert [bill.credit_minor for bill in bills] == [0, 6000, 1200]


def test_a_balance_that_nothing_renews_from_says_so(bob: Any, dana: Any, shop: None, clock: StoppedClock) -> None:
    adjusting.adjust(bob, euros(1000), reason="Sorry", by=dana, now=clock.now)
    client = Client()
    client.force_login(bob.user)
    assert "it pays what you join next" in client.get("/me/balance/").content.decode()
