"""Two people, one card; a refund and a redemption at once: on PostgreSQL with a connection each (B85)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from goodstanding.billing.models import BalanceEntry, GiftCard, Invoice, Payment
from goodstanding.checkout import gift_redeeming
from goodstanding.checkout.joining import ensure_member
from goodstanding.clock import StoppedClock
from goodstanding.core.money import Money
from goodstanding.memberships import adjusting, crediting, gift_cards, giving_back
from tests.apps.checkout.books import wrong_in
from tests.apps.gifts.conftest import Bought, Given
from tests.apps.inbox.test_two_workers import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.db_matters]


def redeeming(member: Any, card: GiftCard, clock: StoppedClock) -> Callable[[], str]:
    now = clock.now

    def redeem() -> str:
        try:
            gift_cards.redeem(member, card.code, now=now)
        except gift_cards.NotRedeemed as refused:
            return refused.code
        return "redeemed"

    return redeem


def held(*members: Any) -> int:
    return sum(crediting.balance(each, "EUR").amount_minor for each in members)


def test_b85_of_two_redemptions_at_once_one_wins(
    alice: Any, bob: Any, charlie: Any, bought: Bought, clock: StoppedClock
) -> None:
    """B85: one wins, the other sees a clear error."""
    charlie = ensure_member(charlie, now=clock.now)
    for _each in range(3):
        card = bought(alice, 5000)
        before = held(bob, charlie)
        at_once(redeeming(bob, card, clock), redeeming(charlie, card, clock))
        assert held(bob, charlie) == before + 5000
        assert GiftCard.objects.get(pk=card.pk).redeemed_by_id in (bob.pk, charlie.pk)
    assert BalanceEntry.objects.count() == 3
    assert wrong_in() == []


def test_b70_of_two_who_redeem_one_level_at_once_one_is_a_member(
    alice: Any, bob: Any, charlie: Any, given: Given, clock: StoppedClock
) -> None:
    """B70, P51, B85: the code works once; the other one is told so, and holds nothing."""
    charlie, now = ensure_member(charlie, now=clock.now), clock.now
    for _each in range(3):
        gift = given(alice)
        said: list[str] = []

        def redeem(member: Any, gift: GiftCard = gift, said: list[str] = said) -> Callable[[], None]:
            def one() -> None:
                try:
                    gift_redeeming.redeem(member, gift.code, now=now)
                except gift_cards.NotRedeemed as refused:
                    said.append(refused.code)

            return one

        at_once(redeem(bob), redeem(charlie))
        assert said == ["used"]
    bills = Invoice.objects.filter(account__member__in=[bob, charlie])
    assert bills.count() == BalanceEntry.objects.count() + 3
    assert wrong_in() == []


def test_a_card_is_given_back_or_redeemed_not_both(
    alice: Any, bob: Any, dana: Any, bought: Bought, clock: StoppedClock
) -> None:
    """I8."""
    card = bought(alice, 5000)
    payment, now = Payment.objects.get(), clock.now

    def refund() -> None:
        try:
            giving_back.refund(payment, amount=Money(5000, "EUR"), reason="x", by=dana, now=now)
        except giving_back.Refused:
            return

    at_once(redeeming(bob, card, clock), refund)
    card.refresh_from_db()
    assert (card.redeemed_at is None) != (card.voided_at is None)
    assert held(bob) == (5000 if card.redeemed_at else 0)


def test_i6_two_who_take_back_at_once_take_no_more_than_there_is(
    bob: Any, dana: Any, shop: None, clock: StoppedClock
) -> None:
    """I6."""
    adjusting.adjust(bob, Money(1000, "EUR"), reason="x", by=dana, now=clock.now)
    now = clock.now

    def take() -> None:
        try:
            adjusting.adjust(bob, Money(-700, "EUR"), reason="x", by=dana, now=now)
        except adjusting.Refused:
            return

    at_once(take, take)
    assert held(bob) == 300
