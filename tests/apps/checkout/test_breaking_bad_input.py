"""What nobody should send: stale, made-up and foreign pages, other people's checkouts, prices that are gone, other money."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import signing
from django.db import IntegrityError, transaction

from goodstanding.billing.models import Account, Errand, Invoice, Payment, PaymentAttempt, Subscription
from goodstanding.catalogue import selling
from goodstanding.catalogue.models import Level, Price
from goodstanding.catalogue.services import import_catalogue
from goodstanding.checkout import quotes, services
from goodstanding.checkout.models import Checkout
from goodstanding.checkout.refusals import Refused
from goodstanding.clock import StoppedClock
from goodstanding.core.money import Money
from goodstanding.gateways.models import GatewayAccount
from goodstanding.gateways.sandbox.models import Payment as TheirPayment
from goodstanding.memberships import byhand, ending, giving_back, owing
from goodstanding.memberships.owing import Stage
from goodstanding.memberships.reading import standing_now
from goodstanding.people.services import EmailTaken, make_user
from tests.apps.checkout.conftest import CATALOGUE
from tests.apps.checkout.test_joining import buy

pytestmark = pytest.mark.django_db(transaction=True)

PriceOf = Callable[..., Price]
Until = Callable[..., None]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def token(member: Any, price: Price, clock: StoppedClock) -> str:
    return quotes.signed(quotes.for_member(price, member, now=clock.now), now=clock.now)


def accepted(member: Any, price: Price, clock: StoppedClock, *, shown: str = "", at: str = "sandbox") -> Checkout:
    seen = quotes.shown(shown or token(member, price, clock), now=clock.now)
    return services.accept(member, price, GatewayAccount.objects.get(pk=at), shown=seen, now=clock.now)


def pay(checkout: Checkout, clock: StoppedClock, card: str = "sandbox_ok") -> services.Outcome:
    return services.pay(checkout, return_url="/back", now=clock.now, card=card)


def charged() -> int:
    return TheirPayment.objects.filter(status="succeeded").count()


@pytest.mark.parametrize(
    ("wait", "code"), [(HOUR, ""), (HOUR + timedelta(seconds=1), "stale"), (-HOUR - timedelta(seconds=1), "stale")]
)
def test_a_page_is_good_for_an_hour(
    alice: Any, price: PriceOf, clock: StoppedClock, wait: timedelta, code: str
) -> None:
    shown = token(alice, price("full", "month"), clock)
    if code:
        with pytest.raises(Refused) as refused:
            quotes.shown(shown, now=clock.now + wait)
        assert refused.value.code == code
    else:
        assert quotes.shown(shown, now=clock.now + wait).due_now == Money(10000, "EUR")


def made_up(shown: str) -> list[str]:
    body = signing.loads(shown, salt=quotes.SALT)
    other = signing.dumps([*body[:2], 1, *body[3:]], salt="another")
    shapes: tuple[Any, ...] = ("words", [1, 2], [*body[:4], "no date"], {})
    bare = [signing.dumps(each, salt=quotes.SALT) for each in shapes]
    return ["", "nonsense", shown[:-1], shown[1:], f"{shown}x", other, *bare]


def test_a_page_that_is_made_up_is_refused(alice: Any, price: PriceOf, clock: StoppedClock) -> None:
    for text in made_up(token(alice, price("full", "month"), clock)):
        with pytest.raises(Refused) as refused:
            quotes.shown(text, now=clock.now)
        assert refused.value.code == "tampered", text


def test_a_page_that_showed_another_price_buys_nothing(alice: Any, price: PriceOf, clock: StoppedClock) -> None:
    shown = token(alice, price("weekday"), clock)
    with pytest.raises(Refused) as refused:
        accepted(alice, price("full", "month"), clock, shown=shown)
    assert refused.value.code == "changed"
    assert not Checkout.objects.exists()


def test_a_page_that_somebody_else_used_is_refused_in_words(
    alice: Any, bob: Any, price: PriceOf, clock: StoppedClock
) -> None:
    """Two people at one computer: the second one goes back to the form that the first one sent."""
    shown = token(alice, price("full", "month"), clock)
    accepted(alice, price("full", "month"), clock, shown=shown)
    with pytest.raises(Refused) as refused:
        accepted(bob, price("full", "month"), clock, shown=shown)
    assert refused.value.code == "stale"
    assert not Checkout.objects.filter(member=bob).exists()


def test_the_same_page_sent_again_is_the_same_checkout(alice: Any, price: PriceOf, clock: StoppedClock) -> None:
    shown = token(alice, price("full", "month"), clock)
    first = accepted(alice, price("full", "month"), clock, shown=shown)
    pay(first, clock)
    assert accepted(alice, price("full", "month"), clock, shown=shown) == first
    assert pay(first, clock).stage is Stage.DONE
    assert charged() == Invoice.objects.count() == 1


def test_two_tabs_of_one_price_are_one_checkout(alice: Any, price: PriceOf, clock: StoppedClock) -> None:
    one, other = (accepted(alice, price("full", "month"), clock) for _ in range(2))
    assert one == other
    pay(one, clock)
    pay(other, clock)
    with pytest.raises(Refused):
        accepted(alice, price("full", "month"), clock)
    assert charged() == 1


def test_two_tabs_of_two_prices_of_one_level_are_paid_once(alice: Any, price: PriceOf, clock: StoppedClock) -> None:
    month, year = accepted(alice, price("full", "month"), clock), accepted(alice, price("full", "year"), clock)
    assert pay(month, clock).stage is Stage.DONE
    assert pay(year, clock).stage is Stage.CLOSED
    assert charged() == 1
    assert not Invoice.objects.filter(status="open").exists()


def test_two_tabs_of_two_levels_of_which_one_may_be_held_both_count_and_the_first_stops(
    alice: Any, price: PriceOf, clock: StoppedClock
) -> None:
    full, weekday = accepted(alice, price("full", "month"), clock), accepted(alice, price("weekday"), clock)
    assert pay(full, clock).stage is pay(weekday, clock).stage is Stage.DONE
    ended = Subscription.objects.values_list("items__seat__membership__level", "ended_at")
    assert dict(ended) == {"full": clock.now, "weekday": None}
    assert standing_now(alice.pk, now=clock.now).status == "good"


def test_an_old_checkout_is_not_paid_for_a_period_that_ran_already(
    alice: Any, price: PriceOf, clock: StoppedClock
) -> None:
    """A day pass, declined; its page is found again in the evening. What is paid now must begin now."""
    checkout = accepted(alice, price("day"), clock)
    assert pay(checkout, clock, "sandbox_declined").stage is Stage.DECLINED
    clock.advance(20 * HOUR)
    assert pay(checkout, clock).stage is Stage.CLOSED
    assert charged() == 0
    assert set(Invoice.objects.values_list("status", flat=True)) == {"void"}
    assert buy(alice, price("day"), clock).stage is Stage.DONE
    assert standing_now(alice.pk, now=clock.now + 23 * HOUR).status == "good"


def test_a_purchase_that_expired_is_not_paid_any_more(
    alice: Any, price: PriceOf, clock: StoppedClock, until: Until
) -> None:
    checkout = accepted(alice, price("full", "month"), clock)
    pay(checkout, clock, "sandbox_declined")
    until(clock.now + timedelta(hours=24, minutes=10))
    assert Invoice.objects.get().status == "void"
    assert pay(Checkout.objects.get(), clock).stage is Stage.CLOSED
    assert charged() == 0


def test_a_checkout_that_is_being_paid_is_not_given_up(alice: Any, price: PriceOf, clock: StoppedClock) -> None:
    checkout = accepted(alice, price("full", "month"), clock)
    assert pay(checkout, clock, "sandbox_challenge").stage is Stage.WAITING
    services.close(checkout, now=clock.now)
    assert Checkout.objects.get().state == "open"
    assert Invoice.objects.get().status == "open"


def test_a_bill_that_is_being_paid_elsewhere_is_not_given_up_with_its_checkout(
    alice: Any, price: PriceOf, clock: StoppedClock
) -> None:
    """Declined at the checkout, then paid from the list of bills, on a page of the gateway's."""
    checkout = accepted(alice, price("full", "month"), clock)
    pay(checkout, clock, "sandbox_declined")
    (bill,) = owing.open_invoices(alice)
    assert owing.pay(bill, return_url="/x", now=clock.now, card="sandbox_challenge").stage is owing.Stage.WAITING
    clock.advance(2 * HOUR)
    assert accepted(alice, price("full", "month"), clock) == checkout
    assert Invoice.objects.get().status == "open"


def test_a_price_that_changed_meanwhile_is_charged_as_it_was_shown_last(
    alice: Any, price: PriceOf, clock: StoppedClock
) -> None:
    """I13: the first page showed 100, its card was declined; the second one shows 80."""
    month = price("full", "month")
    pay(accepted(alice, month, clock), clock, "sandbox_declined")
    Price.objects.filter(pk=month.pk).update(amount_minor=8000)
    month = price("full", "month")
    assert pay(accepted(alice, month, clock), clock).stage is Stage.DONE
    assert TheirPayment.objects.get(status="succeeded").amount_minor == 8000


def test_another_gateway_chosen_after_a_refusal_is_where_it_is_paid(
    alice: Any, price: PriceOf, clock: StoppedClock
) -> None:
    month = price("full", "month")
    pay(accepted(alice, month, clock), clock, "sandbox_declined")
    again = accepted(alice, month, clock, at="sandbox-auto")
    assert again.gateway_account_id == "sandbox-auto"
    assert pay(again, clock).stage is Stage.DONE
    assert charged() == 1


def test_an_account_keeps_its_currency(alice: Any, bob: Any, price: PriceOf, clock: StoppedClock) -> None:
    dollars: dict[str, Any] = {"slug": "dollar", "name": "Dollar", "group": "dollars"}
    dollars["prices"] = [{"amount_minor": 900, "currency": "USD", "interval": "month"}]
    import_catalogue(json.dumps([*CATALOGUE, dollars]), now=clock.now)
    buy(alice, price("day"), clock)
    with pytest.raises(Refused) as refused:
        accepted(alice, price("dollar"), clock)
    assert refused.value.code == "currency"
    assert set(Invoice.objects.values_list("currency", flat=True)) == {"EUR"}
    assert buy(bob, price("dollar"), clock).stage is Stage.DONE
    assert set(Account.objects.values_list("currency", flat=True)) == {"EUR", "USD"}


def test_what_is_not_on_sale_is_refused(price: PriceOf, clock: StoppedClock) -> None:
    full, weekday = price("full", "month"), price("weekday")
    for level, name, code in (
        ("weekday", full.pk, "other_level"),
        ("full", "prc_none", "unknown_price"),
        ("none", weekday.pk, "other_level"),
    ):
        with pytest.raises(selling.NotForSale) as refused:
            selling.offered(level, name, now=clock.now)
        assert refused.value.code == code
    Price.objects.filter(pk=full.pk).update(is_open=False)
    with pytest.raises(selling.NotForSale) as refused:
        selling.offered("full", full.pk, now=clock.now)
    assert refused.value.code == "price_closed"
    Level.objects.filter(pk="full").update(is_open=False)
    with pytest.raises(selling.NotForSale) as refused:
        selling.offered("full", full.pk, now=clock.now)
    assert refused.value.code == "level_closed"


@pytest.mark.parametrize("card", ["unknown", "4242424242424242", "sandbox_expired"])
def test_a_card_that_nobody_knows_takes_nothing(alice: Any, price: PriceOf, clock: StoppedClock, card: str) -> None:
    checkout = accepted(alice, price("full", "month"), clock)
    assert pay(checkout, clock, card).stage is Stage.DECLINED
    assert charged() == 0
    assert pay(checkout, clock).stage is Stage.DONE


def test_a_card_that_nobody_knows_does_not_count_as_a_renewal_that_failed(
    alice: Any, price: PriceOf, clock: StoppedClock, until: Until
) -> None:
    """A slip of the member's on the page of a bill is no failure of the gateway's: window and ladder stay."""
    buy(alice, price("full", "month"), clock)
    until(clock.now + timedelta(minutes=1), step=timedelta(minutes=1))  # what follows a payment is done
    clock.advance(timedelta(days=31))
    from goodstanding.gateways.sandbox.models import Fault
    from goodstanding.gateways.sandbox.vendor import faults

    faults.order("sandbox", Fault.Kind.UNREACHABLE, times=1)
    until(clock.now + timedelta(seconds=1), step=timedelta(seconds=1))
    PaymentAttempt.objects.filter(kind="charge").update(state="failed")  # as staff would close it
    (bill,) = owing.open_invoices(alice)
    assert owing.pay(bill, return_url="/x", now=clock.now, card="unknown").stage is owing.Stage.DECLINED
    assert standing_now(alice.pk, now=clock.now).status == "good"


def test_somebody_elses_card_takes_nothing(alice: Any, bob: Any, price: PriceOf, clock: StoppedClock) -> None:
    from goodstanding.billing.models import GatewayCustomer

    buy(alice, price("full", "month"), clock)
    stolen = GatewayCustomer.objects.exclude(method="").get().method
    checkout = accepted(bob, price("full", "month"), clock)
    found = services.pay(checkout, return_url="/back", now=clock.now, method=stolen)
    assert found.stage is Stage.DECLINED
    assert charged() == 1


@pytest.mark.parametrize("amount", [Money(0, "EUR"), Money(-1, "EUR"), Money(10001, "EUR"), Money(100, "USD")], ids=str)
def test_no_refund_of_nothing_of_too_much_or_of_other_money(
    alice: Any, dana: Any, price: PriceOf, clock: StoppedClock, amount: Money
) -> None:
    buy(alice, price("full", "month"), clock)
    with pytest.raises(giving_back.Refused):
        giving_back.refund(Payment.objects.get(), amount=amount, reason="why", by=dana, now=clock.now)
    assert not Errand.objects.exists()


def test_refunds_on_their_way_count_against_what_is_left(
    alice: Any, dana: Any, price: PriceOf, clock: StoppedClock, work: Callable[[], int]
) -> None:
    buy(alice, price("full", "month"), clock)
    for _ in range(2):
        giving_back.refund(Payment.objects.get(), amount=Money(4000, "EUR"), reason="x", by=dana, now=clock.now)
    with pytest.raises(giving_back.Refused):
        giving_back.refund(Payment.objects.get(), amount=Money(4000, "EUR"), reason="x", by=dana, now=clock.now)
    work()
    assert giving_back.left_of(Payment.objects.get()) == Money(2000, "EUR")
    assert TheirPayment.objects.get().refunded_minor == 8000
    assert standing_now(alice.pk, now=clock.now).status == "good"
    giving_back.refund(Payment.objects.get(), amount=Money(2000, "EUR"), reason="x", by=dana, now=clock.now)
    clock.advance(timedelta(seconds=1))
    work()
    assert standing_now(alice.pk, now=clock.now).status == "lapsed"


@pytest.mark.parametrize(
    "values", [{"how": "magic"}, {"paid_at": timedelta(seconds=1)}, {"paid_at": -timedelta(days=367)}], ids=str
)
def test_no_payment_by_hand_of_a_kind_or_at_a_time_that_cannot_be(
    alice: Any, dana: Any, price: PriceOf, clock: StoppedClock, values: dict[str, Any]
) -> None:
    paid_at = clock.now + values.get("paid_at", timedelta())
    how = values.get("how", "cash")
    with pytest.raises(byhand.Refused):
        byhand.sell(alice, price("day"), how=how, reference="1", paid_at=paid_at, by=dana, now=clock.now, page="p")
    assert not Invoice.objects.exists()


def test_a_bill_that_is_paid_closed_or_being_paid_takes_no_payment_by_hand(
    alice: Any, dana: Any, price: PriceOf, clock: StoppedClock
) -> None:
    def by_hand() -> None:
        byhand.record_payment(
            Invoice.objects.get(), how="cash", reference="", paid_at=clock.now, by=dana, now=clock.now
        )

    checkout = accepted(alice, price("full", "month"), clock)
    pay(checkout, clock, "sandbox_challenge")
    with pytest.raises(byhand.Refused):
        by_hand()
    TheirPayment.objects.update(status="failed")
    PaymentAttempt.objects.update(state="failed")
    by_hand()
    with pytest.raises(byhand.Refused):
        by_hand()
    assert Payment.objects.filter(status="succeeded").count() == 1
    assert pay(checkout, clock).stage is not Stage.DECLINED
    assert charged() == 0


def test_a_renewal_of_what_was_sold_by_hand_is_paid_by_hand(
    alice: Any, dana: Any, price: PriceOf, clock: StoppedClock, until: Until
) -> None:
    """No gateway charges for it: the bill comes ahead and waits for its payer, and no try is parked for staff."""
    first = byhand.sell(
        alice, price("full", "month"), how="cash", reference="1", paid_at=clock.now, by=dana, now=clock.now, page="p"
    )
    until(clock.now + timedelta(days=32))
    assert not PaymentAttempt.objects.filter(state__in=PaymentAttempt.UNDER_WAY).exists()
    bill = Invoice.objects.exclude(pk=first.pk).get()
    byhand.record_payment(bill, how="cash", reference="2", paid_at=clock.now, by=dana, now=clock.now)
    assert standing_now(alice.pk, now=clock.now).status == "good"
    until(clock.now + timedelta(days=40))
    assert standing_now(alice.pk, now=clock.now).status == "lapsed", "grace is over"
    assert Subscription.objects.get().status == "active", "and it can still be paid"
    until(clock.now + timedelta(days=20))
    assert Subscription.objects.get().status == "cancelled"


def test_the_same_form_at_the_desk_sells_once(alice: Any, dana: Any, price: PriceOf, clock: StoppedClock) -> None:
    sold = [
        byhand.sell(
            alice, price("day"), how="cash", reference="1", paid_at=clock.now, by=dana, now=clock.now, page="same"
        )
        for _ in range(2)
    ]
    assert sold[0] == sold[1]
    assert Payment.objects.count() == 1


def test_an_e_mail_in_use_makes_no_second_user(alice: Any, clock: StoppedClock) -> None:
    with pytest.raises(EmailTaken):
        make_user(email="ALICE@example.org", name="Alice", now=clock.now)


def test_no_amount_below_zero_is_ever_kept(alice: Any, price: PriceOf, clock: StoppedClock) -> None:
    buy(alice, price("full", "month"), clock)
    for model in (Price, PaymentAttempt):
        with pytest.raises(IntegrityError), transaction.atomic():
            model._default_manager.update(amount_minor=-1)


def test_cancelling_and_staying_in_one_moment_is_as_it_was_said_last(
    alice: Any, price: PriceOf, clock: StoppedClock
) -> None:
    buy(alice, price("full", "month"), clock)
    clock.advance(DAY)
    for number in range(5):
        change = (ending.cancel, ending.stay)[number % 2]
        change(Subscription.objects.get(), now=clock.now)
        assert (Subscription.objects.get().ends_at is None) == bool(number % 2), number
