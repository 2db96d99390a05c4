"""Scenarios of payments against memberships, lived through on our own clock and on the gateway's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from goodstanding.billing.models import Invoice, InvoiceLine, Payment, Refund, Subscription
from goodstanding.catalogue.models import LevelTerms, Price, TaxRate
from goodstanding.catalogue.services import changed
from goodstanding.checkout.models import Checkout
from goodstanding.clock import StoppedClock
from goodstanding.communications.models import Mail
from goodstanding.core.money import Money
from goodstanding.gateways.models import GatewayAccount
from goodstanding.memberships import byhand, change_pages, changing, ending, giving_back, owing
from goodstanding.memberships.models import Membership
from goodstanding.memberships.owing import Stage
from goodstanding.memberships.reading import standing_now
from tests.apps.checkout.border import deliver, tick
from tests.apps.checkout.wishes import buy, sold, wish
from tests.apps.doors.test_lives import at_the_door

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shop")]

Until = Callable[..., None]
Work = Callable[[], int]
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


def at(month: int, day: int, hour: int = 10, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


def covered_until(member: Any, clock: StoppedClock) -> str:
    return str(standing_now(member.pk, now=clock.now).document["covered_until"])


def status(member: Any, clock: StoppedClock) -> str:
    return str(standing_now(member.pk, now=clock.now).status)


def promised(price: Price, clock: StoppedClock, **terms: Any) -> None:
    """Have a level promise this to whoever buys it from now on."""
    LevelTerms.objects.create(level=price.level, since=clock.now - 900 * DAY, **terms)
    changed(now=clock.now)


@pytest.mark.parametrize("where", ["sandbox", "sandbox-auto"])
def test_the_first_payment_completes_and_the_second_renews(
    alice: Any, clock: StoppedClock, work: Work, where: str
) -> None:
    """C2, C17, C19: a second notice of 200.00 is a second payment; the subscription alone makes the next one (R15)."""
    buy(alice, wish(sold("bench", amount_minor=20000)), clock, at=where)
    assert (status(alice, clock), covered_until(alice, clock)) == ("good", "2026-04-02T10:00:00Z")
    clock.set(at(4, 2, 12))
    tick("sandbox-auto", clock)
    work()
    assert [each.amount_minor for each in Payment.objects.filter(status="succeeded")] == [20000, 20000]
    assert set(Invoice.objects.values_list("subscription", flat=True)) == {Subscription.objects.get().external_id}
    assert (status(alice, clock), covered_until(alice, clock)) == ("good", "2026-05-02T10:00:00Z")
    assert Membership.objects.count() == 1


def test_c21_a_second_notice_adds_a_term_from_the_anchor(alice: Any, clock: StoppedClock) -> None:
    """C21: 28 February to 31 March: the anchor is the 31st, whatever was clamped in between."""
    clock.set(at(1, 31, year=2018))
    buy(alice, wish(sold("bench")), clock, at="sandbox-auto")
    assert covered_until(alice, clock) == "2018-02-28T10:00:00Z"
    clock.set(at(2, 28, 12, year=2018))
    tick("sandbox-auto", clock)
    assert covered_until(alice, clock) == "2018-03-31T10:00:00Z"


def test_c6_c7_a_renewal_is_of_the_mode_of_what_it_renews(alice: Any, clock: StoppedClock, work: Work) -> None:
    """C6, C7: the account with the gateway is of one mode, and bill, payment and subscription hang on that account."""
    assert GatewayAccount.objects.get(pk="sandbox").mode == "test"
    buy(alice, wish(sold("bench")), clock)
    clock.set(at(4, 2, 11))
    work()
    for rows in (Invoice.objects.all(), Payment.objects.all(), Subscription.objects.all()):
        assert set(rows.values_list("gateway_account__mode", flat=True)) == {"test"}
    assert Payment.objects.count() == 2


def test_c9_a_renewal_keeps_the_currency_of_its_agreement(alice: Any, clock: StoppedClock, work: Work) -> None:
    """C9: also where the level is sold in another currency by then."""
    price = sold("bench", currency="USD")
    buy(alice, wish(price), clock)
    Price.objects.filter(pk=price.pk).update(currency="EUR")
    clock.set(at(4, 2, 11))
    work()
    assert set(Invoice.objects.values_list("currency", "total_minor")) == {("USD", 2500)}
    assert Payment.objects.filter(status="succeeded", currency="USD").count() == 2


@pytest.mark.parametrize(("times", "ends"), [(1, "2027-06-15T00:00:00Z"), (2, "2028-06-15T00:00:00Z")])
def test_c12_c13_one_term_and_two_from_the_old_end(
    alice: Any, dana: Any, clock: StoppedClock, times: int, ends: str
) -> None:
    """C12, C13 (C040, C041 of the dates): in grace, a day after the end, a year or two are added from the old end."""
    year = sold("bench", interval="year", renews=False, terms_max=2, level={"end_rule": "eve"})
    promised(year, clock, prepaid_grace_days=30)
    clock.set(at(6, 15, year=2025))
    buy(alice, wish(year), clock)
    clock.set(at(6, 15, year=2026))
    assert status(alice, clock) == "grace"
    buy(alice, wish(year, times=times), clock)
    assert covered_until(alice, clock) == ends


def test_c20_of_two_who_renew_in_one_run_each_reads_of_his_own(
    alice: Any, bob: Any, clock: StoppedClock, work: Work
) -> None:
    """C20: no leakage."""
    for member, amount in ((alice, 2500), (bob, 7700)):
        buy(member, wish(sold(f"of{member.name.lower()}", amount_minor=amount)), clock)
    clock.set(at(4, 2, 11))
    work()
    for member, own, others in ((alice, "25.00", "77.00"), (bob, "77.00", "25.00")):
        mails = Mail.objects.filter(kind="receipt", to_address=member.email)
        assert len(mails) == 2
        for mail in mails:
            assert own in mail.text
            assert others not in mail.text
            assert mail.text.startswith(f"Hello {member.name}")


def test_c23_an_amount_of_a_thousand_and_more(alice: Any, dana: Any, clock: StoppedClock) -> None:
    """C23: 1234.56 is one bill, one line and one payment of 1234.56."""
    one = sold("bench", amount_minor=123456)
    byhand.sell(alice, one, how="cash", reference="", paid_at=clock.now, by=dana, now=clock.now)
    for rows in (Invoice.objects.values_list("total_minor"), InvoiceLine.objects.values_list("amount_minor")):
        assert list(rows) == [(123456,)]
    assert list(Payment.objects.values_list("amount_minor")) == [(123456,)]


def test_c36_a_renewal_is_taxed_once(alice: Any, clock: StoppedClock, work: Work) -> None:
    """C36: 50 and 10 % are 55; billed again, and with the rate written again, they are 55 again."""
    TaxRate.objects.create(place="", from_on="2020-01-01", percent="10", name="VAT")
    price = sold("bench", amount_minor=5000, taxed=True)
    buy(alice, wish(price), clock)
    price.save()
    TaxRate.objects.get().save()
    clock.set(at(4, 2, 11))
    work()
    bills = Invoice.objects.values_list("total_minor", "tax_minor", "lines__amount_minor")
    assert list(bills) == [(5500, 500, 5000)] * 2


def test_e13_of_two_paid_at_once_each_keeps_its_own_end(alice: Any, clock: StoppedClock) -> None:
    """E13."""
    month, year = sold("bench"), sold("laser", interval="year")
    assert buy(alice, wish(month, year), clock).stage is Stage.DONE
    levels = {each["level"]: each["covered_until"] for each in standing_now(alice.pk, now=clock.now).document["levels"]}
    assert levels == {"bench": "2026-04-02T10:00:00Z", "laser": "2027-03-02T10:00:00Z"}


def test_e15_a_renewal_does_not_take_over_the_fee_of_joining(alice: Any, clock: StoppedClock, work: Work) -> None:
    """E15: 10 more for the first month; the renewal's line is a new one, at the price alone."""
    buy(alice, wish(sold("bench", intro_minor=3500, intro_payments=1)), clock)
    clock.set(at(4, 2, 11))
    work()
    lines = list(InvoiceLine.objects.order_by("start_at").values_list("amount_minor", flat=True))
    assert lines == [3500, 2500]
    assert InvoiceLine.objects.values("invoice").distinct().count() == 2


def test_e16_what_costs_nothing_renews(alice: Any, clock: StoppedClock, work: Work) -> None:
    """E16: a fee of 0, each month, without a payment."""
    buy(alice, wish(sold("bench", amount_minor=0)), clock)
    for month in (4, 5):
        clock.set(at(month, 2, 11))
        work()
    assert [bill.total_minor for bill in Invoice.objects.exclude(settled_at=None)] == [0, 0, 0]
    assert (status(alice, clock), covered_until(alice, clock)) == ("good", "2026-06-02T10:00:00Z")
    assert not Payment.objects.exists()


def test_e18_a_plan_with_an_unpaid_instalment_renews_once_it_is_paid(
    alice: Any, clock: StoppedClock, until: Until
) -> None:
    """E18; and until then nothing more is charged than that one."""
    buy(alice, wish(sold("bench", payments=3)), clock, card="sandbox_fails_later")
    until(at(4, 4), step=DAY)
    (bill,) = owing.open_invoices(alice)
    assert Subscription.objects.get().status == "past_due"
    owing.pay(bill, return_url="/x", now=clock.now, card="sandbox_ok")
    until(at(5, 3), step=DAY)
    assert [each.amount_minor for each in Payment.objects.filter(status="succeeded")] == [2500] * 3
    assert Subscription.objects.get().status == "completed"


@pytest.mark.parametrize("where", ["sandbox", "sandbox-auto"])
def test_p38_who_cancels_keeps_what_is_paid_and_may_take_it_back_until_then(
    alice: Any, clock: StoppedClock, work: Work, until: Until, where: str
) -> None:
    """P38, E17: paid to 20 May, cancelled on 3 May; also at the gateway. On that day it is over, and nothing more is charged."""
    clock.set(at(4, 20))
    buy(alice, wish(sold("bench")), clock, at=where)
    clock.set(at(5, 3))
    ending.cancel(Subscription.objects.get(), now=clock.now)
    work()
    deliver(where, clock)
    assert Subscription.objects.get().ends_at == at(5, 20)
    assert "May 20, 2026" in Mail.objects.get(kind="cancelled").text
    assert covered_until(alice, clock) == "2026-05-20T10:00:00Z"
    for moment, stands in ((at(5, 20) - SECOND, "good"), (at(5, 20), "lapsed")):
        assert standing_now(alice.pk, now=moment).status == stands
    clock.set(at(6, 25))
    tick("sandbox-auto", clock)
    work()
    assert Payment.objects.count() == Invoice.objects.count() == 1
    assert Subscription.objects.get().status == "cancelled"


@pytest.mark.parametrize("where", ["sandbox", "sandbox-auto"])
def test_p40_who_changes_his_mind_stays_by_one_click(alice: Any, clock: StoppedClock, work: Work, where: str) -> None:
    """P38, P40: no new checkout, and it renews as if nothing had been."""
    buy(alice, wish(sold("bench")), clock, at=where)
    ending.cancel(Subscription.objects.get(), now=clock.now)
    work()
    clock.set(at(3, 20))
    ending.stay(Subscription.objects.get(), now=clock.now)
    work()
    deliver(where, clock)
    clock.set(at(4, 2, 12))
    tick("sandbox-auto", clock)
    work()
    assert (status(alice, clock), covered_until(alice, clock)) == ("good", "2026-05-02T10:00:00Z")
    assert Subscription.objects.get().ends_at is None
    assert Checkout.objects.count() == 1


@pytest.mark.parametrize("grace_days", [7, 2])
def test_p42_grace_says_when_it_ends_and_the_door_knows_it(
    alice: Any, clock: StoppedClock, until: Until, grace_days: int
) -> None:
    """P42: as many days as the level says, named; the door opens in grace, and shuts with it."""
    price = sold("bench")
    promised(price, clock, grace_days=grace_days)
    buy(alice, wish(price), clock, card="sandbox_fails_later")
    until(at(4, 2, 11), step=DAY)
    end = at(4, 2) + timedelta(days=grace_days)
    found, reader = standing_now(alice.pk, now=clock.now), at_the_door(alice.email, clock)
    assert (found.status, found.document["changes_at"]) == ("grace", f"{end:%Y-%m-%dT%H:%M:%SZ}")
    for moment, opens in ((end - SECOND, True), (end, False)):
        clock.set(moment)
        assert reader.opens() is opens


def test_g5_two_parts_that_are_given_back_add_up(alice: Any, dana: Any, clock: StoppedClock, work: Work) -> None:
    """G5: 10 and 15 of 60 are 25 in all; access stays, and 35 are what may still be given back."""
    buy(alice, wish(sold("bench", amount_minor=6000)), clock)
    payment = Payment.objects.get()
    for minor in (1000, 1500):
        giving_back.refund(payment, amount=Money(minor, "EUR"), reason="x", by=dana, now=clock.now)
        work()
        deliver("sandbox", clock)
    assert sum(Refund.objects.filter(status="succeeded").values_list("amount_minor", flat=True)) == 2500
    assert giving_back.left_of(payment) == Money(3500, "EUR")
    assert status(alice, clock) == "good"


def test_b13_a_change_of_one_of_three_memberships_leaves_the_others_alone(
    alice: Any, clock: StoppedClock, until: Until
) -> None:
    """B13: each has a period of its own, and keeps it."""
    small, big = (sold(name, group="benches", amount_minor=amount) for name, amount in (("small", 1000), ("big", 3000)))
    for day, price in ((2, sold("laser")), (5, small), (9, sold("kiln"))):
        clock.set(at(3, day))
        buy(alice, wish(price), clock)
    clock.set(at(3, 20))
    row = Subscription.objects.select_related("gateway_account", "customer__member").get(
        items__seat__membership__level="small"
    )
    seen = change_pages.shown(change_pages.signed(changing.preview(row, big, now=clock.now)), now=clock.now)
    changing.accept(row, big, seen, return_url="/x", now=clock.now, card="sandbox_ok")

    def stands() -> dict[str, str]:
        levels = standing_now(alice.pk, now=clock.now).document["levels"]
        return {each["level"]: each["covered_until"][:10] for each in levels}

    assert stands() == {"laser": "2026-04-02", "big": "2026-04-05", "kiln": "2026-04-09"}
    until(at(4, 12), step=DAY)
    assert stands() == {"laser": "2026-05-02", "big": "2026-05-05", "kiln": "2026-05-09"}
