"""Discount codes from the form to the last renewal: what they take off, whom they refuse, and that none is oversold."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from goodstanding.billing.models import BalanceEntry, Invoice, InvoiceLine, Payment, Subscription
from goodstanding.catalogue.models import CodePrice, DiscountCode, Level, TaxRate
from goodstanding.checkout import quotes, services
from goodstanding.checkout.models import Checkout, CodeUse
from goodstanding.checkout.refusals import Refused
from goodstanding.clock import StoppedClock
from goodstanding.core.money import Money
from goodstanding.gateways.models import GatewayAccount
from goodstanding.memberships.owing import Stage
from goodstanding.portal import overview
from tests.apps.checkout import books
from tests.apps.checkout.test_breaking_killed import person
from tests.apps.checkout.wishes import buy, give_credit, quoted, sold, wish
from tests.apps.inbox.test_two_workers import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shop")]

Until = Callable[..., None]
DAY = timedelta(days=1)


def code(clock: StoppedClock, text: str = "SPRING", *, levels: Any = (), opens: Any = (), **how: Any) -> DiscountCode:
    """A code of 25 % off the first payment, unless told otherwise."""
    given = {"kind": "percentage", "basis_points": 2500, **how}
    row = DiscountCode.objects.create(text=text, made_at=clock.now, **given)
    row.levels.set(levels)
    row.opens.set(opens)
    return row


def charged() -> list[int]:
    rows = Payment.objects.filter(status="succeeded").order_by("made_at", "id")
    return list(rows.values_list("amount_minor", flat=True))


def uses() -> list[str]:
    return list(CodeUse.objects.order_by("reserved_at", "id").values_list("state", flat=True))


def refusal(wanted: Any, clock: StoppedClock, member: Any = None) -> str:
    with pytest.raises(Refused) as refused:
        quoted(wanted, clock, member)
    assert str(refused.value.words).endswith("."), refused.value.words
    return refused.value.code


HOLDS = [
    ("R17: first payment by default", {}, [1875, 2500, 2500]),
    ("two payments", {"payments": 2}, [1875, 1875, 2500]),
    ("for ever", {"payments": None}, [1875, 1875, 1875]),
    ("fixed, once", {"kind": "fixed", "amount_minor": 1000, "currency": "EUR"}, [1500, 2500, 2500]),
    ("another price for two payments", {"kind": "alternative", "amount_minor": 900, "payments": 2}, [900, 900, 2500]),
]


@pytest.mark.parametrize(("how", "paid"), [row[1:] for row in HOLDS], ids=[row[0] for row in HOLDS])
def test_a_code_holds_for_as_many_payments_as_it_says(
    alice: Any, clock: StoppedClock, until: Until, how: dict[str, Any], paid: list[int]
) -> None:
    """The preview's next charge is what is charged next (I13)."""
    code(clock, **how)
    wanted = wish(sold("member"), code=" spring ")
    shown = quoted(wanted, clock, alice)
    assert (shown.due_now, shown.first.next_total) == (Money(paid[0], "EUR"), Money(paid[1], "EUR"))
    assert buy(alice, wanted, clock).stage is Stage.DONE
    until(clock.now + 63 * DAY)
    assert charged() == paid
    assert uses() == ["spent"]
    assert books.wrong_in() == []


def test_b43_a_code_behind_a_trial_is_used_on_the_first_paid_period(
    alice: Any, clock: StoppedClock, until: Until
) -> None:
    code(clock)
    assert buy(alice, wish(sold("member", trial_count=14), code="SPRING"), clock).stage is Stage.DONE
    until(clock.now + 50 * DAY)
    assert charged() == [1875, 2500]


def test_r18_the_rest_of_a_fixed_code_is_forfeited_or_kept_as_the_code_says(
    alice: Any, bob: Any, clock: StoppedClock, until: Until
) -> None:
    how = {"kind": "fixed", "amount_minor": 4000, "currency": "EUR"}
    code(clock, "LOSE", **how)
    code(clock, "KEEP", keeps_rest=True, **how)
    price = sold("member")
    assert buy(alice, wish(price, code="LOSE"), clock).stage is Stage.DONE
    assert not BalanceEntry.objects.exists()
    assert buy(bob, wish(price, code="KEEP"), clock).stage is Stage.DONE
    assert BalanceEntry.objects.get().amount_minor == 1500
    until(clock.now + 32 * DAY)
    paid = Payment.objects.filter(status="succeeded").values_list("account__member", "amount_minor")
    assert sorted(paid) == sorted([(alice.pk, 2500), (bob.pk, 1000)])  # bob's balance pays 15.00 of his second month
    assert books.wrong_in() == []


def test_a_complete_other_price_has_an_interval_of_its_own(alice: Any, clock: StoppedClock) -> None:
    price = sold("member")
    row = code(clock, "YEARLY", kind="alternative", amount_minor=0)
    CodePrice.objects.create(code=row, level=price.level, amount_minor=20000, currency="EUR", interval="year")
    assert buy(alice, wish(price, code="YEARLY"), clock).stage is Stage.DONE
    item = Subscription.objects.get().items.get()
    assert (charged(), item.interval) == ([20000], "year")


def test_b49_all_off_asks_for_a_card_and_charges_the_second_period(
    alice: Any, clock: StoppedClock, until: Until
) -> None:
    code(clock, basis_points=10_000)
    wanted = wish(sold("member"), code="SPRING")
    assert quoted(wanted, clock, alice).needs_card
    assert buy(alice, wanted, clock).stage is Stage.DONE
    until(clock.now + 32 * DAY)
    assert charged() == [2500]


def test_b30_a_fixed_code_over_several_levels_is_taken_off_once(alice: Any, clock: StoppedClock) -> None:
    code(clock, kind="fixed", amount_minor=100, currency="EUR")
    one, two = (
        sold(name, group="extras", several=True, amount_minor=minor) for name, minor in (("a", 100), ("b", 200))
    )
    found = quoted(wish(one, two, code="SPRING"), clock, alice)
    assert [part.now.off.amount_minor for part in found.parts] == [33, 67]
    assert found.due_now == Money(200, "EUR")


def test_p22_a_code_opens_a_closed_level_and_nothing_else(alice: Any, clock: StoppedClock) -> None:
    price, other = sold("secret"), sold("shut")
    Level.objects.filter(pk__in=["secret", "shut"]).update(is_open=False, is_hidden=True)
    code(clock, opens=["secret"])
    assert refusal(wish(price), clock, alice) == "level_closed"
    assert refusal(wish(other, code="SPRING"), clock, alice) == "level_closed"
    assert buy(alice, wish(price, code="SPRING"), clock).stage is Stage.DONE


BAD = [
    ("no such code", {}, "SUMMER", "unknown_code"),
    ("switched off", {"is_open": False}, "SPRING", "unknown_code"),
    ("too long", {}, "X" * 200, "unknown_code"),
    ("a NUL byte", {}, "SPR\0ING", "unknown_code"),
    ("not yet", {"starts_at": DAY}, "SPRING", "code_not_yet"),
    ("over", {"ends_at": timedelta(0)}, "SPRING", "code_over"),
    ("another level's", {"levels": ["full"]}, "SPRING", "code_other_level"),
    ("another currency", {"kind": "fixed", "amount_minor": 5, "currency": "USD"}, "SPRING", "code_other_currency"),
    ("used up", {"limit": 0}, "SPRING", "code_used_up"),
    ("used by you", {"limit_each": 0}, "SPRING", "code_used_by_you"),
]


@pytest.mark.parametrize(("how", "typed", "why"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_a_code_that_does_nothing_is_refused_by_name(
    alice: Any, clock: StoppedClock, how: dict[str, Any], typed: str, why: str
) -> None:
    moments = {name: clock.now + value for name, value in how.items() if name.endswith("_at")}
    code(clock, **{**how, **moments})
    assert refusal(wish(sold("member"), code=typed), clock, alice) == why
    assert not Checkout.objects.exists()


def test_a_code_for_what_costs_nothing_is_refused(alice: Any, clock: StoppedClock) -> None:
    code(clock)
    assert refusal(wish(sold("friend2", amount_minor=0), code="SPRING"), clock, alice) == "code_free_already"


def test_wide_letters_and_spaces_mean_the_same_code(clock: StoppedClock) -> None:
    code(clock)
    assert quoted(wish(sold("member"), code="ｓｐｒ ｉｎｇ"), clock).due_now == Money(1875, "EUR")


def test_p49_the_sixth_use_is_refused_and_a_failed_checkout_spends_none(
    alice: Any, bob: Any, clock: StoppedClock
) -> None:
    """B69: what was set aside for a declined payer is given back when he gives up, and after an hour in any case."""
    code(clock, limit=1)
    price = sold("member")
    wanted = wish(price, code="SPRING")
    declined = buy(alice, wanted, clock, card="sandbox_declined")
    assert (declined.stage, uses()) == (Stage.DECLINED, ["reserved"])
    assert refusal(wanted, clock, bob) == "code_used_up"
    assert quoted(wanted, clock, alice).due_now == Money(1875, "EUR")  # it is his to use still
    clock.advance(timedelta(hours=1, seconds=1))
    assert buy(bob, wanted, clock).stage is Stage.DONE
    assert sorted(uses()) == ["reserved", "spent"]
    again = services.pay(declined.checkout, return_url="/", now=clock.now, card="sandbox_ok")
    assert (again.stage, sorted(uses())) == (Stage.CLOSED, ["released", "spent"])
    assert charged() == [1875]


def test_a_checkout_that_is_given_up_gives_the_use_back(alice: Any, bob: Any, clock: StoppedClock) -> None:
    code(clock, limit=1)
    wanted = wish(sold("member"), code="SPRING")
    declined = buy(alice, wanted, clock, card="sandbox_declined")
    assert services.close(declined.checkout, now=clock.now)
    assert uses() == ["released"]
    assert buy(bob, wanted, clock).stage is Stage.DONE


def test_once_for_each_person(alice: Any, bob: Any, clock: StoppedClock) -> None:
    code(clock, limit_each=1)
    one, two = sold("member"), sold("other")
    assert buy(alice, wish(one, code="SPRING"), clock).stage is Stage.DONE
    assert refusal(wish(two, code="SPRING"), clock, alice) == "code_used_by_you"
    assert buy(bob, wish(two, code="SPRING"), clock).stage is Stage.DONE


def test_what_was_shown_with_a_code_that_ends_meanwhile_is_not_charged(alice: Any, clock: StoppedClock) -> None:
    row = code(clock)
    price = sold("member")
    wanted = wish(price, code="SPRING")
    text = quotes.signed(quoted(wanted, clock, alice), now=clock.now, wanted=wanted)
    DiscountCode.objects.filter(pk=row.pk).update(basis_points=1000)
    with pytest.raises(Refused) as refused:
        services.accept(alice, price, None, shown=quotes.shown(text, now=clock.now), now=clock.now, wanted=wanted)
    assert refused.value.code == "changed"
    assert not Invoice.objects.exists()


@pytest.mark.db_matters
def test_b47_the_last_use_is_had_by_one_of_two_at_once_and_the_other_is_told_before_paying(clock: StoppedClock) -> None:
    code(clock, limit=1)
    price = sold("member")
    wanted = wish(price, code="SPRING")
    found: list[str] = []

    def buyer(number: int) -> Callable[[], None]:
        member, account = person(number, clock), GatewayAccount.objects.get(pk="sandbox")
        text = quotes.signed(quoted(wanted, clock, member), now=clock.now, wanted=wanted)
        shown, now = quotes.shown(text, now=clock.now), clock.now
        checkout = services.accept(member, price, account, shown=shown, now=now, wanted=wanted)

        def pay() -> None:
            try:
                found.append(str(services.pay(checkout, return_url="/", now=now, card="sandbox_ok").stage))
            except Refused as refused:
                found.append(refused.code)

        return pay

    at_once(*(buyer(number) for number in range(2)))
    assert sorted(found) in (["code_used_up", "done"], ["closed", "done"])
    assert charged() == [1875]
    assert CodeUse.objects.filter(state="spent").count() == 1
    assert books.wrong_in() == []


def test_b47_a_code_without_a_limit_locks_nothing(alice: Any, clock: StoppedClock) -> None:
    code(clock)
    with CaptureQueriesContext(connection) as statements:
        assert buy(alice, wish(sold("member"), code="SPRING"), clock).stage is Stage.DONE
    locking = [each["sql"] for each in statements if "FOR UPDATE" in each["sql"] and "discountcode" in each["sql"]]
    assert locking == []


def test_the_members_page_says_what_the_next_renewal_costs_and_how_long_the_code_holds(
    alice: Any, clock: StoppedClock, until: Until
) -> None:
    code(clock, payments=2)
    assert buy(alice, wish(sold("member"), code="SPRING"), clock).stage is Stage.DONE
    said = " ".join(overview.of(alice, now=clock.now, with_cards=False).places[0].renewals[0].says)
    assert "SPRING: 25 % off, 1 more payment." in said
    assert "18.75 EUR" in said
    until(clock.now + 32 * DAY)
    said = " ".join(overview.of(alice, now=clock.now, with_cards=False).places[0].renewals[0].says)
    assert "SPRING" not in said
    assert "25.00 EUR" in said


def three(clock: StoppedClock) -> None:
    for text, minor in (("TWENTY", 2000), ("TEN", 1000), ("FIVE", 500)):
        code(clock, text, kind="fixed", amount_minor=minor, currency="EUR", limit=1)


def test_b45_three_codes_at_one_checkout_come_off_once_each_before_tax(
    client: Any, alice: Any, clock: StoppedClock
) -> None:
    """B45: 20, 10 and 5 over 200.00 are 165.00, in parts that add up, and the tax is on what is left. From the page.

    Its two rates on one bill need two places of one payer, which nobody has here: they are tried in tests/core/test_tax.py.
    """
    TaxRate.objects.create(place="", from_on="2026-01-01", percent=20, name="VAT")
    one, two = (
        sold(name, group="extras", several=True, amount_minor=minor, taxed=True)
        for name, minor in (("first", 15000), ("second", 5000))
    )
    three(clock)
    client.force_login(alice.user)
    address = f"/join/first/{one.pk}/"
    chosen = {"code": "twenty, TEN;five", "also": [two.pk], "place": "DE"}
    page = client.post(address, {**chosen, "show": "1"})
    said = " ".join(page.content.decode().split())
    for words in ("Code TWENTY", "Code TEN", "Code FIVE", "10.00 EUR off, the first payment", "198.00 EUR"):
        assert words in said, words
    assert len(uses()) == 0
    shown = re.findall(r'name="shown" value="([^"]+)"', page.content.decode())
    paid = client.post(
        address, {**chosen, "shown": shown[0], "way": "sandbox", "card": "sandbox_ok", "number": "4242424242424242"}
    )
    assert paid.status_code == 302, paid.content.decode()
    assert (charged(), uses()) == ([19800], ["spent"] * 3)
    lines = InvoiceLine.objects.order_by("-amount_minor")
    assert [(line.amount_minor, line.off_minor, line.tax_minor, line.offs) for line in lines] == [
        (12375, 2625, 2475, "1500 750 375"),
        (4125, 875, 825, "500 250 125"),
    ]
    bill = " ".join(client.get(f"/me/invoices/{Invoice.objects.get().pk}/").content.decode().split())
    for words in ("TWENTY, 20.00 EUR off, the first payment: -15.00 EUR", "VAT 20 %", "33.00 EUR", "198.00 EUR"):
        assert words in bill, words
    assert books.wrong_in() == []


def test_several_codes_are_taken_off_in_their_order_and_another_price_comes_first(
    alice: Any, clock: StoppedClock
) -> None:
    code(clock, "HALF", basis_points=5000)
    code(clock, "TEN", kind="fixed", amount_minor=1000, currency="EUR")
    code(clock, "CHEAP", kind="alternative", amount_minor=2000)
    price = sold("member")
    for typed, minor in (("HALF,TEN", 250), ("TEN,HALF", 750), ("TEN,HALF,CHEAP", 500), ("half, HALF", 1250)):
        assert quoted(wish(price, code=typed), clock, alice).due_now == Money(minor, "EUR"), typed


def test_of_several_codes_the_wrong_one_is_named_and_none_is_used(alice: Any, clock: StoppedClock) -> None:
    code(clock)
    code(clock, "ONE", kind="alternative", amount_minor=1000)
    code(clock, "TWO", kind="alternative", amount_minor=500)
    code(clock, "GONE", limit=0)
    price = sold("member")
    for typed, why in (
        ("SPRING, SUMMER", "unknown_code"),
        ("SPRING, GONE", "code_used_up"),
        ("ONE, TWO", "code_not_together"),
        ("A,B,C,D,E,F", "code_too_many"),
    ):
        assert refusal(wish(price, code=typed), clock, alice) == why, typed
    with pytest.raises(Refused) as refused:
        quoted(wish(price, code="SPRING, SUMMER"), clock, alice)
    assert "SUMMER" in str(refused.value.words)
    assert not CodeUse.objects.exists()


def test_a_checkout_of_several_codes_gives_all_of_them_back(alice: Any, bob: Any, clock: StoppedClock) -> None:
    three(clock)
    price = sold("member", amount_minor=20000)
    declined = buy(alice, wish(price, code="TEN,FIVE"), clock, card="sandbox_declined")
    assert (declined.stage, uses()) == (Stage.DECLINED, ["reserved"] * 2)
    assert refusal(wish(price, code="TWENTY,FIVE"), clock, bob) == "code_used_up"
    assert services.close(declined.checkout, now=clock.now)
    assert uses() == ["released"] * 2
    assert buy(bob, wish(price, code="TWENTY,FIVE"), clock).stage is Stage.DONE
    assert charged() == [17500]


def test_explain_tells_every_amount_line_by_line(alice: Any, clock: StoppedClock) -> None:
    """The code with what it took off, the tax, and what the balance paid."""
    TaxRate.objects.create(place="", from_on="2026-01-01", percent=20, name="VAT")
    code(clock)
    give_credit(alice, 500, clock)
    assert buy(alice, wish(sold("member", taxed=True), code="SPRING", place="DE"), clock).stage is Stage.DONE
    out = io.StringIO()
    call_command("explain", "alice@example.org", stdout=out)
    said = " ".join(out.getvalue().split())
    parts = (
        "18.75 EUR Member",
        "SPRING, 25 % off, the first payment: -6.25 EUR",
        "3.75 EUR VAT 20 %",
        "22.50 EUR in all",
        "-5.00 EUR from the balance",
    )
    for words in parts:
        assert words in said, words
    out = io.StringIO()
    call_command("explain", "alice@example.org", "--json", stdout=out)
    bill = json.loads(out.getvalue())["members"][0]["bills"][0]
    assert (bill["total_minor"], bill["credit_minor"]) == (2250, 500)
    line = bill["lines"][0]
    assert (line["off_minor"], line["amount_minor"], line["tax_minor"]) == (625, 1875, 375)


def test_b30_an_amount_is_parted_by_what_the_codes_before_it_left(clock: StoppedClock) -> None:
    one, two = (sold(name, group="extras", several=True, amount_minor=10000) for name in ("first", "second"))
    code(clock, "FREE", basis_points=10_000, levels=["first"])
    code(clock, "TEN", kind="fixed", amount_minor=1000, currency="EUR")
    assert quoted(wish(one, two, code="FREE, TEN"), clock).due_now == Money(9000, "EUR")
