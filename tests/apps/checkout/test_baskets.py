"""Everything that can be wanted at once, bought by the services: what it comes to is what is billed, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from goodstanding.billing.models import GatewayCustomer, Invoice, Payment, PaymentAttempt, Subscription
from goodstanding.catalogue import knowledge
from goodstanding.catalogue.models import DiscountCode, TaxRate
from goodstanding.checkout import quotes, services
from goodstanding.checkout.models import Checkout
from goodstanding.checkout.refusals import Refused
from goodstanding.clock import StoppedClock
from goodstanding.core.money import Money
from goodstanding.core.pricing import quote_from_json
from goodstanding.gateways.sandbox.models import Payment as TheirPayment
from goodstanding.memberships import crediting
from goodstanding.memberships.owing import Stage
from goodstanding.memberships.reading import standing_now
from tests.apps.checkout import books
from tests.apps.checkout.wishes import buy, entries, give_credit, quoted, sold, wish

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shop")]

Until = Callable[..., None]
DAY = timedelta(days=1)
YEAR: dict[str, Any] = {"interval": "year", "renews": False}


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def levels(member: Any, clock: StoppedClock) -> list[tuple[str, str]]:
    found = standing_now(member.pk, now=clock.now).document["levels"]
    return sorted((level["level"], level["status"]) for level in found)


def test_all_that_is_wanted_at_once_is_one_bill(alice: Any, clock: StoppedClock) -> None:
    """R02: several levels in one checkout, several terms, and a donation on top: one invoice, one charge."""
    member = sold("member", amount_minor=6000, terms_max=5, level={"takes_donations": True}, **YEAR)
    shelf, laser = (sold(name, group="extras", several=True, amount_minor=1000) for name in ("shelf", "laser"))
    wanted = wish(member, shelf, laser, times=3, donation_minor=500)
    found = buy(alice, wanted, clock)
    assert found.stage is Stage.DONE
    assert Invoice.objects.get().total_minor == 3 * 6000 + 2 * 1000 + 500 == Payment.objects.get().amount_minor
    assert Subscription.objects.filter(status="active").count() == 2
    assert levels(alice, clock) == [("laser", "good"), ("member", "good"), ("shelf", "good")]
    kept = Checkout.objects.get()
    assert quote_from_json(kept.quote).due_now == eur(20500)
    assert [item["price"] for item in kept.basket["items"]] == wanted.prices
    assert books.wrong_in() == []


def test_one_who_does_not_pay_a_bill_of_several_levels_holds_none(
    alice: Any, clock: StoppedClock, until: Until
) -> None:
    """R02: a first bill that nobody pays begins none of its subscriptions, and is given up whole."""
    wanted = wish(sold("shelf", group="extras", several=True), sold("laser", group="extras", several=True))
    found = buy(alice, wanted, clock, card="sandbox_declined")
    assert (found.stage, Invoice.objects.get().total_minor) == (Stage.DECLINED, 5000)
    until(clock.now + 2 * DAY)
    assert {each.status for each in Subscription.objects.all()} == {"expired"}
    assert Invoice.objects.get().status == "void"
    assert Checkout.objects.get().state == Checkout.State.CLOSED
    assert levels(alice, clock) == [("laser", "lapsed"), ("shelf", "lapsed")]


def test_a_payer_says_what_to_pay_and_renews_with_that(alice: Any, clock: StoppedClock, until: Until) -> None:
    friend = sold("supporter", minimum_minor=500, level={"takes_donations": True})
    wanted = wish(friend, amount_minor=700, donation_minor=300, donation_recurs=True)
    assert quoted(wanted, clock).first.next_total == eur(1000)
    assert buy(alice, wanted, clock).stage is Stage.DONE
    until(clock.now + 40 * DAY)
    assert [each.amount_minor for each in Payment.objects.all()] == [1000, 1000]


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"amount_minor": 499}, "below_minimum"),
        ({"amount_minor": -1}, "bad_amount"),
        ({"amount_minor": 10**12}, "bad_amount"),
        ({"times": 2}, "too_many_terms"),
        ({"times": 0}, "too_many_terms"),
        ({"seats": 1}, "no_seats"),
        ({"seats": -1}, "too_many_seats"),
        ({"donation_minor": 5}, "no_donations"),
        ({"place": "Germany"}, "bad_place"),
        ({"code": "SPRING"}, "unknown_code"),
    ],
)
def test_what_cannot_be_had_is_refused_by_name(clock: StoppedClock, how: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as refused:
        quoted(wish(sold("supporter", minimum_minor=500), **how), clock)
    assert refused.value.code == code
    assert str(refused.value.words)


def test_what_cannot_be_had_together_is_refused_by_name(clock: StoppedClock) -> None:
    fixed, other = sold("one", group="house"), sold("two", group="house")
    dollars = sold("dollars", currency="USD")
    cases = {
        "price_is_fixed": wish(fixed, amount_minor=1),
        "one_of_group": wish(fixed, other),
        "twice": wish(fixed, fixed),
        "mixed_currencies": wish(fixed, dollars),
        "too_many_items": wish(*[fixed] * 11),
    }
    for code, wanted in cases.items():
        with pytest.raises(Refused) as refused:
            quoted(wanted, clock)
        assert refused.value.code == code


def test_what_is_asked_for_is_what_was_shown(alice: Any, clock: StoppedClock) -> None:
    """I13: another choice, another tax, another balance than the page showed is refused, and says which it is."""
    taxed = sold("taxed", taxed=True, level={"takes_donations": True})
    wanted = wish(taxed, place="DE")
    shown = quotes.shown(quotes.signed(quoted(wanted, clock, alice), now=clock.now, wanted=wanted), now=clock.now)

    def refusal(other: Any = wanted) -> tuple[str, str]:
        with pytest.raises(Refused) as refused:
            services.accept(alice, taxed, None, shown=shown, now=clock.now, wanted=other)
        return refused.value.code, str(refused.value.words)

    assert refusal(wish(taxed, place="DE", donation_minor=1)) == ("changed", str(quotes.CHOSEN_ANEW))
    give_credit(alice, 100, clock)
    assert refusal() == ("changed", str(quotes.CHANGED["credit"]))
    TaxRate.objects.create(place="DE", from_on="2020-01-01", percent="19", name="VAT")
    knowledge.touch()
    assert refusal() == ("changed", str(quotes.CHANGED["tax"]))
    taxed.amount_minor = 2600
    taxed.save()
    assert refusal() == ("changed", str(quotes.CHANGED["price"]))
    assert not Checkout.objects.exists()


def test_the_tax_of_the_payers_place_is_kept_for_the_next_bill(alice: Any, clock: StoppedClock, until: Until) -> None:
    TaxRate.objects.create(place="DE", from_on="2020-01-01", percent="19", name="VAT")
    taxed = sold("taxed", taxed=True)
    assert buy(alice, wish(taxed, place="DE"), clock, at="sandbox-auto").stage is Stage.DONE
    until(clock.now + 40 * DAY)
    assert [(each.total_minor, each.tax_minor) for each in Invoice.objects.all()] == [(2975, 475)] * 2
    assert quotes.plain(sold("other", taxed=True), alice).place == "DE", "where he was the last time"


@pytest.mark.parametrize(("balance", "due", "left"), [(10000, 0, 5000), (300, 4700, 0), (5000, 0, 0)])
def test_the_balance_pays_first(alice: Any, clock: StoppedClock, balance: int, due: int, left: int) -> None:
    """B27, B29, B67: 50.00 with a balance of 100.00 is due 0, and 50.00 are left; of 10.00 with 3.00 of credit 7.00 are."""
    give_credit(alice, balance, clock)
    term = sold("term", amount_minor=5000, **YEAR)
    wanted = wish(term)
    assert quoted(wanted, clock, alice).due_now == eur(due)
    assert buy(alice, wanted, clock).stage is Stage.DONE
    assert Invoice.objects.get().due_minor == due == sum(each.amount_minor for each in Payment.objects.all())
    assert crediting.balance(alice, "EUR") == eur(left)
    assert levels(alice, clock) == [("term", "good")]
    assert books.wrong_in() == []


def test_balance_that_is_kept_elsewhere_moves_to_where_it_pays(alice: Any, clock: StoppedClock) -> None:
    """B67: two gift cards at two accounts pay 24.96 of 49.96 and the rest is charged; nothing is used twice."""
    give_credit(alice, 1500, clock, at="manual", name="one")
    give_credit(alice, 1000, clock, at="sandbox-auto", name="other")
    term = sold("term", amount_minor=4996, **YEAR)
    found = buy(alice, wish(term), clock, card="sandbox_declined")
    assert (found.stage, Invoice.objects.get().due_minor) == (Stage.DECLINED, 2496)
    assert services.pay(found.checkout, return_url="/", now=clock.now, card="sandbox_ok").stage is Stage.DONE
    assert Payment.objects.get(status="succeeded").amount_minor == 2496
    moved = [(at, minor) for at, kind, minor in entries() if kind == "moved"]
    assert sorted(moved) == [("manual", -1500), ("sandbox", 1000), ("sandbox", 1500), ("sandbox-auto", -1000)]
    assert crediting.balance(alice, "EUR") == eur(0)
    assert books.wrong_in() == []


def test_a_checkout_that_nobody_pays_gives_the_balance_back(alice: Any, clock: StoppedClock) -> None:
    give_credit(alice, 1000, clock, at="manual")
    found = buy(alice, wish(sold("term", amount_minor=4000, **YEAR)), clock, card="sandbox_declined")
    assert crediting.balance(alice, "EUR") == eur(0)
    again = quoted(wish(found.checkout.price), clock, alice)
    assert again.due_now == eur(3000), "what it set aside itself is counted"
    assert services.close(found.checkout, now=clock.now)
    assert crediting.balance(alice, "EUR") == eur(1000)


def test_what_the_balance_covers_renews_too(alice: Any, clock: StoppedClock, until: Until) -> None:
    """R20, P36, B78: covered by credit, no card is asked; the subscription is there, and the rest pays what comes next."""
    give_credit(alice, 6000, clock, at="manual")
    wanted = wish(sold("monthly"))
    bought = quoted(wanted, clock, alice)
    assert (bought.due_now, bought.needs_card, bought.charges_later) == (eur(0), False, True)
    assert buy(alice, wanted, clock, card="").stage is Stage.DONE
    assert not TheirPayment.objects.exists()
    assert Subscription.objects.get().status == "active"
    until(clock.now + 40 * DAY)
    assert levels(alice, clock) == [("monthly", "good")]
    assert [each.credit_minor for each in Invoice.objects.order_by("issued_at")] == [2500, 2500]
    assert crediting.balance(alice, "EUR") == eur(1000)


def test_a_level_may_ask_for_a_card_all_the_same(alice: Any, clock: StoppedClock) -> None:
    """R20: where the level asks for it, a card is kept though the balance covers the first bill."""
    give_credit(alice, 6000, clock)
    wanted = wish(sold("monthly", level={"needs_card": True}))
    assert quoted(wanted, clock, alice).needs_card
    assert buy(alice, wanted, clock, card="sandbox_declined").stage is Stage.DECLINED
    assert not Subscription.objects.exists()
    assert buy(alice, wanted, clock).stage is Stage.DONE
    assert GatewayCustomer.objects.get(gateway_account="sandbox").method


def test_a_trial_keeps_a_card_first_and_then_begins(alice: Any, clock: StoppedClock, until: Until) -> None:
    """P05, B49: nothing is due now and something later: a card is asked; declined, nothing begins."""
    trial = wish(sold("tried", trial_count=14, trial_unit="day"))
    assert quoted(trial, clock).needs_card
    found = buy(alice, trial, clock, card="sandbox_declined")
    assert (found.stage, found.failure) == (Stage.DECLINED, "card_declined")
    assert not Subscription.objects.exists()
    assert not Invoice.objects.exists()
    assert standing_now(alice.pk, now=clock.now).status in ("none", "lapsed")
    found = services.pay(found.checkout, return_url="/", now=clock.now, card="sandbox_ok")
    assert found.stage is Stage.DONE
    assert levels(alice, clock) == [("tried", "good")]
    assert not Payment.objects.exists()
    until(clock.now + 20 * DAY)
    assert [each.amount_minor for each in Payment.objects.all()] == [2500], "the card that was kept is charged"
    assert levels(alice, clock) == [("tried", "good")]


@pytest.mark.parametrize(
    ("trial", "payments", "asked"),
    [(14, 1, True), (None, 2, True), (14, 3, True), (None, None, False), (14, None, False)],
)
def test_who_is_charged_at_last_is_asked_for_a_card(
    alice: Any, clock: StoppedClock, trial: int | None, payments: int | None, asked: bool
) -> None:
    """P05: also where a code takes all of the next charge off, too; not where it does so for ever."""
    DiscountCode.objects.create(text="ALL", kind="percentage", basis_points=10000, payments=payments, made_at=clock.now)
    how: dict[str, Any] = {"trial_count": trial, "trial_unit": "day"} if trial else {}
    bought = quoted(wish(sold("tried", **how), code="ALL"), clock, alice)
    assert (bought.due_now, bought.needs_card, bought.charges_later) == (eur(0), asked, asked)


def test_a_free_level_asks_for_no_card(alice: Any, clock: StoppedClock) -> None:
    """P05: initial 0, recurring 0, trial 0: free, and nothing is asked."""
    wanted = wish(sold("free", amount_minor=0))
    assert not quoted(wanted, clock).needs_card
    assert buy(alice, wanted, clock, card="").stage is Stage.DONE
    assert not TheirPayment.objects.exists()


def test_a_yearly_price_is_charged_once_today(alice: Any, clock: StoppedClock, until: Until) -> None:
    """P08: 100 now and 100 each year, no trial: one charge today, the next one after a year."""
    yearly = sold("yearly", amount_minor=10000, interval="year")
    buy(alice, wish(yearly), clock)
    until(clock.now + 300 * DAY, step=30 * DAY)
    assert Payment.objects.count() == 1


def test_a_price_with_another_first_amount_and_so_many_payments(alice: Any, clock: StoppedClock) -> None:
    """P06: the quote names the first amount, the next charges, and how many there are; at any gateway we bill it."""
    price = sold("course", amount_minor=2000, intro_minor=1000, intro_payments=1, payments=4)
    bought = quoted(wish(price), clock)
    assert (bought.due_now, bought.first.next_total) == (eur(1000), eur(2000))
    buy(alice, wish(price), clock, at="sandbox-auto")
    assert Subscription.objects.get().billed_by == Subscription.BilledBy.US


def test_a_card_that_wants_approval_is_kept_once_it_is_given(alice: Any, clock: StoppedClock, work: Any) -> None:
    """P05, P14: the payer is led to the bank; nothing has begun until the card is kept, whoever finds that out."""
    from django.test import Client

    trial = wish(sold("tried", trial_count=14, trial_unit="day"))
    found = buy(alice, trial, clock, card="sandbox_challenge")
    assert found.stage is Stage.WAITING
    assert services.ask(found.checkout, now=clock.now).stage is Stage.WAITING
    Client().post(found.page, {"answer": "approve"})
    clock.advance(timedelta(minutes=5))
    work()  # the payer never comes back
    assert services.outcome(Checkout.objects.get()).stage is Stage.DONE
    assert levels(alice, clock) == [("tried", "good")]


def test_another_card_takes_the_place_of_one_that_waits(alice: Any, clock: StoppedClock) -> None:
    found = buy(alice, wish(sold("tried", trial_count=14, trial_unit="day")), clock, card="sandbox_challenge")
    same = services.pay(found.checkout, return_url="/", now=clock.now, card="sandbox_ok")
    assert same.stage is Stage.WAITING
    other = services.pay(found.checkout, return_url="/", now=clock.now, card="sandbox_ok", anew=True)
    assert other.stage is Stage.DONE
    assert [each.state for each in PaymentAttempt.objects.filter(amount_minor=0).order_by("begun_at", "number")][
        :2
    ] == ["failed", "succeeded"]


def test_two_clicks_keep_one_card_and_begin_once(alice: Any, clock: StoppedClock) -> None:
    """P15: the same checkout paid twice."""
    found = buy(alice, wish(sold("tried", trial_count=14, trial_unit="day")), clock)
    again = services.pay(found.checkout, return_url="/", now=clock.now, card="sandbox_ok")
    assert again.stage is Stage.DONE
    assert TheirPayment.objects.count() == Subscription.objects.count() == 1


def test_who_keeps_a_card_for_what_he_holds_by_then_begins_nothing(alice: Any, clock: StoppedClock) -> None:
    month, year = sold("tried", trial_count=14, trial_unit="day"), sold("tried", trial_count=14, trial_unit="day")
    waits = buy(alice, wish(month), clock, card="sandbox_challenge")
    with pytest.raises(Refused) as refused:
        buy(alice, wish(year), clock)
    assert refused.value.code == "being_paid"
    assert waits.stage is Stage.WAITING
