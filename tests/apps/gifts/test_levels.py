"""A level as a gift, by the services: bought, mailed, redeemed once, refused in words, and in the books."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from goodstanding.billing.models import GatewayCustomer, GiftCard, Invoice, Payment, Refund, Subscription, Transfer
from goodstanding.catalogue.models import LevelGift, Price, TaxRate
from goodstanding.catalogue.services import changed
from goodstanding.checkout import gift_redeeming, gifts
from goodstanding.checkout.joining import ensure_member
from goodstanding.checkout.refusals import Refused
from goodstanding.clock import StoppedClock
from goodstanding.communications.models import Mail
from goodstanding.core.journal import Chart
from goodstanding.core.money import Money
from goodstanding.gateways.models import GatewayAccount
from goodstanding.memberships import ending, gift_cards, giving_back, running_out
from goodstanding.memberships.gift_cards import NotRedeemed
from goodstanding.memberships.reading import standing_now
from goodstanding.memberships.timeline import timeline
from goodstanding.people.models import Member
from tests.apps.checkout.test_joining import buy
from tests.apps.gifts.conftest import Bought, Given
from tests.apps.gifts.test_gift_cards import in_order, owed_for_cards
from tests.apps.reports.test_export import balances, by_hledger, exported, table

pytestmark = pytest.mark.django_db(transaction=True)

PriceOf = Callable[..., Price]
Work = Callable[[], int]
DAY = timedelta(days=1)


def redeem(member: Any, gift: GiftCard, clock: StoppedClock) -> gift_redeeming.Promised:
    who = member if isinstance(member, Member) else ensure_member(member, now=clock.now)
    return gift_redeeming.redeem(who, gift.shown_code.lower(), now=clock.now)


def refused(member: Any, gift: GiftCard, clock: StoppedClock) -> tuple[str, str]:
    before = list(Invoice.objects.order_by("pk").values())
    with pytest.raises(NotRedeemed) as why:
        redeem(member, gift, clock)
    assert list(Invoice.objects.order_by("pk").values()) == before
    return why.value.code, why.value.words


def in_books(account: Chart) -> int:
    """What is owed by an account: what was put to it, less what was taken."""
    rows = Transfer.objects.all()
    return sum(row.amount_minor * ((row.credit == account) - (row.debit == account)) for row in rows)


def test_p51_a_level_is_given_and_redeemed_once(
    alice: Any, bob: Any, charlie: Any, given: Given, clock: StoppedClock, work: Work
) -> None:
    """P51: its buyer is no member by it; who gets it is, for its term, at no cost and without a card; the code works once."""
    gift = given(alice, message="For you.\nAlice")
    work()
    assert standing_now(alice.pk, now=clock.now).status == "none"
    assert (owed_for_cards(), in_books(Chart.DEFERRED)) == (4450, 0)
    (mail,) = Mail.objects.filter(kind="gift_level")
    assert mail.to_address == "bob@example.org"
    assert "Weekday" in mail.subject
    for said in ("6 months", gift.shown_code, "For you."):
        assert said in mail.text
    redeem(bob, gift, clock)
    now = standing_now(bob.pk, now=clock.now)
    assert (now.status, [each["level"] for each in now.document["levels"]]) == ("good", ["weekday"])
    bill = Invoice.objects.get(account__member=bob)
    assert (bill.total_minor, bill.due_minor, bill.settled_at) == (0, 0, clock.now)
    assert (owed_for_cards(), in_books(Chart.DEFERRED), in_books(Chart.RECEIVABLE)) == (0, 4450, 0)
    assert not Payment.objects.filter(account__member=bob).exists()
    assert any("gift" in each.what for each in timeline(bob))
    assert refused(charlie, gift, clock)[0] == "used"
    assert refused(bob, gift, clock) == ("used", "You have redeemed this gift already.")
    in_order()


def test_p51_the_export_balances_with_a_gift_in_it(alice: Any, bob: Any, given: Given, clock: StoppedClock) -> None:
    """P51: sold and redeemed, and sold alone: what the real tool says is what the table does."""
    redeem(bob, given(alice), clock)
    given(alice)
    assert by_hledger(exported("--format", "hledger")) == balances(table())
    assert balances(table())["liabilities:gift-cards", "EUR"] == -Decimal("44.50")


def test_p51_its_term_ends_by_itself(
    alice: Any, bob: Any, given: Given, clock: StoppedClock, until: Callable[..., None]
) -> None:
    """P51: nothing renews, and nothing is asked for; the buyer's own membership goes on as it is."""
    gift = given(alice)
    quote = redeem(bob, gift, clock).quote
    assert quote is not None
    until(quote.end - DAY / 2, step=timedelta(days=20))
    assert standing_now(bob.pk, now=clock.now).status == "good"
    until(quote.end + DAY)
    assert standing_now(bob.pk, now=clock.now).status == "lapsed"
    assert Invoice.objects.filter(account__member=bob).count() == 1


def test_p51_the_buyer_is_refused_and_keeps_what_he_has(
    alice: Any, bob: Any, price: PriceOf, given: Given, clock: StoppedClock
) -> None:
    """P51."""
    buy(alice, price("full"), clock)
    before = standing_now(alice.pk, now=clock.now).document
    gift = given(alice)
    assert refused(alice, gift, clock)[0] == "self"
    assert standing_now(alice.pk, now=clock.now).document == before
    redeem(bob, gift, clock)


def test_b70_it_costs_so_many_times_the_price_or_its_own(price: PriceOf) -> None:
    """B70: six months are six times the monthly price, unless it has a price of its own: 44.50."""
    gift = LevelGift(price=price("weekday"), times=6)
    assert gift.amount == Money(36000, "EUR")
    gift.amount_minor = 4450
    assert gift.amount == Money(4450, "EUR")
    assert gift.term == "6 months"


def test_b70_told_twice_it_is_one_gift_and_one_pair_of_mails(
    alice: Any, given: Given, clock: StoppedClock, work: Work
) -> None:
    """B70."""
    gift = given(alice, page="one")
    assert given(alice, page="one").pk == gift.pk
    for _each in range(3):
        gift_cards.send_of({"account": "sandbox", "invoice": gift.invoice}, now=clock.now)
        work()
    assert GiftCard.objects.count() == Invoice.objects.count() == Payment.objects.count() == 1
    assert sorted(Mail.objects.values_list("kind", flat=True)) == ["gift_level", "receipt"]


def test_b70_expired_or_unpaid_it_is_refused(alice: Any, bob: Any, given: Given, clock: StoppedClock) -> None:
    """B70, P51: it works within a year."""
    gift, unpaid = given(alice), given(alice, card="sandbox_declined")
    assert refused(bob, unpaid, clock)[0] == "unpaid"
    clock.advance(365 * DAY)
    assert refused(bob, gift, clock)[0] == "expired"
    assert standing_now(bob.pk, now=clock.now).status == "none"


def test_b70_given_back_its_code_is_void(
    alice: Any, bob: Any, dana: Any, given: Given, clock: StoppedClock, work: Work
) -> None:
    """B70: refunded before it was redeemed, nobody redeems it; redeemed, staff are told that it is somebody's now."""
    gift, payment, euros = given(alice), Payment.objects.get(), Money(4450, "EUR")
    with pytest.raises(giving_back.Refused, match="all of it"):
        giving_back.refund(payment, amount=Money(100, "EUR"), reason="x", by=dana, now=clock.now)
    giving_back.refund(payment, amount=euros, reason="x", by=dana, now=clock.now)
    assert refused(bob, gift, clock)[0] == "void"
    work()
    assert refused(bob, gift, clock)[0] == "refunded"
    assert (owed_for_cards(), Refund.objects.count()) == (0, 1)
    other = given(alice)
    redeem(bob, other, clock)
    with pytest.raises(giving_back.Refused, match="redeemed"):
        giving_back.refund(Payment.objects.get(invoice=other.invoice), amount=euros, reason="x", by=dana, now=clock.now)
    in_order()


@pytest.mark.parametrize("held", ["weekday", "full"])
def test_b70_who_has_something_that_renews_keeps_the_gift(
    alice: Any, bob: Any, price: PriceOf, given: Given, clock: StoppedClock, held: str
) -> None:
    """B70: at that level, or another one of a group that allows one, an active subscription is in the way, and it is said why."""
    purchase = buy(bob, price(held, "month"), clock)
    gift = given(alice)
    code, words = refused(bob, gift, clock)
    assert code == "active"
    assert "stop its renewal" in words
    assert "good until" in words
    assert purchase is not None


def test_what_was_stopped_goes_on_with_the_gift(
    alice: Any, bob: Any, price: PriceOf, given: Given, clock: StoppedClock
) -> None:
    """B70: once its renewal is stopped the gift begins where it ends; nothing is paid for twice."""
    buy(bob, price("weekday", "month"), clock)
    subscription = Subscription.objects.get(customer__member=bob)
    ending.cancel(subscription, now=clock.now)
    subscription.refresh_from_db()
    quote = redeem(bob, given(alice), clock).quote
    assert quote is not None
    assert quote.start == subscription.ends_at
    assert standing_now(bob.pk, now=quote.end - DAY).status == "good"
    in_order()


def test_of_another_level_it_waits_until_that_has_ended(
    alice: Any, bob: Any, price: PriceOf, given: Given, clock: StoppedClock
) -> None:
    buy(bob, price("full", "month"), clock)
    ending.cancel(Subscription.objects.get(customer__member=bob), now=clock.now)
    code, words = refused(bob, given(alice), clock)
    assert code == "active"
    assert "after that" in words


def test_a_dearer_gift_takes_no_time_from_what_was_paid(
    alice: Any, bob: Any, given: Given, clock: StoppedClock
) -> None:
    """A term of another level runs to its end, whichever is dearer; then the gift begins."""
    LevelGift.objects.create(price=Price.objects.get(level="full", interval="month"), times=1, amount_minor=99999)
    first = redeem(bob, given(alice), clock).quote
    second = redeem(bob, given(alice, "full"), clock).quote
    assert first is not None
    assert second is not None
    assert (second.start, second.terms.level) == (first.end, "full")
    in_order()


def test_two_gifts_follow_each_other(alice: Any, bob: Any, given: Given, clock: StoppedClock) -> None:
    first, second = redeem(bob, given(alice), clock).quote, redeem(bob, given(alice), clock).quote
    assert first is not None
    assert second is not None
    assert second.start == first.end
    in_order()


def test_money_and_levels_are_not_mixed_up(
    alice: Any, bob: Any, bought: Bought, given: Given, clock: StoppedClock
) -> None:
    """A level is no money: the page of the balance says where to redeem it. No gift card buys a level for somebody else."""
    gift = given(alice)
    with pytest.raises(NotRedeemed) as why:
        gift_cards.redeem(bob, gift.code, now=clock.now)
    assert (why.value.code, "Weekday" in why.value.words) == ("level", True)
    redeem(bob, bought(alice, 5000), clock)
    given(bob, to_email="charlie@example.org")
    assert Invoice.objects.get(account__member=bob, due_minor__gt=0).due_minor == 4450


def test_what_is_not_on_sale_is_not_given(alice: Any, price: PriceOf, given: Given, clock: StoppedClock) -> None:
    found = LevelGift.objects.create(price=price("weekday"), times=6, amount_minor=4450)
    shown = LevelGift.objects.select_related("price__level").get(pk=found.pk)
    gift = gifts.Gift(shown.amount, "bob@example.org", clock.now.date(), level=shown)
    account = GatewayAccount.objects.get(pk="sandbox")
    for change in ({"amount_minor": 5000}, {"amount_minor": 4450, "is_open": False}):
        LevelGift.objects.filter(pk=found.pk).update(**change)
        with pytest.raises(Refused):
            gifts.begin(alice, account, gift, page="p", now=clock.now)
    assert not GiftCard.objects.exists()


def test_it_is_good_whatever_currency_the_bills_are_in(
    alice: Any, bob: Any, price: PriceOf, given: Given, clock: StoppedClock
) -> None:
    buy(bob, price("day"), clock)
    for customer in GatewayCustomer.objects.filter(member=bob):
        assert customer.account is not None
        customer.account.__class__.objects.filter(pk=customer.account.pk).update(currency="USD")
    redeem(bob, given(alice), clock)
    assert "weekday" in [each["level"] for each in standing_now(bob.pk, now=clock.now).document["levels"]]


def test_a_full_level_waits(alice: Any, bob: Any, price: PriceOf, given: Given, clock: StoppedClock) -> None:
    gift = given(alice)
    type(price("weekday").level).objects.filter(pk="weekday").update(capacity=0)
    code, words = refused(bob, gift, clock)
    assert code == "full"
    assert "not lost" in words


def test_tax_is_in_what_was_paid(alice: Any, bob: Any, price: PriceOf, given: Given, clock: StoppedClock) -> None:
    """What is owed to the state is owed once it is redeemed, and is within what was paid."""
    Price.objects.filter(level="weekday").update(taxed=True)
    TaxRate.objects.create(place="", from_on=datetime(2000, 1, 1, tzinfo=UTC).date(), percent=25, name="VAT")
    changed(now=clock.now)
    gift = given(alice)
    assert (Invoice.objects.get().total_minor, in_books(Chart.TAX)) == (4450, 0)
    redeem(bob, gift, clock)
    assert (in_books(Chart.TAX), in_books(Chart.DEFERRED), owed_for_cards()) == (890, 3560, 0)
    in_order()


def test_who_was_given_a_level_is_warned_before_it_ends(
    alice: Any, bob: Any, given: Given, clock: StoppedClock
) -> None:
    """P28: it is a term like one that was bought, and goes on where the level is on sale."""
    redeem(bob, given(alice), clock)
    clock.advance(175 * DAY)
    assert running_out.sweep(now=clock.now) == 0
    clock.advance(5 * DAY)
    assert (running_out.sweep(now=clock.now), running_out.sweep(now=clock.now)) == (1, 0)
    mail = Mail.objects.get(kind="ends_soon")
    assert mail.to_address == "bob@example.org"
    assert "/join/weekday/" in mail.text
