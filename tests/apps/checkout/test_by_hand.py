"""Invoice first, pay later: what staff record, in parts and by mistake, and what follows from it and from its absence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from goodstanding.audit.models import AuditEntry
from goodstanding.billing.models import GatewayCustomer, Invoice, Payment, PaymentAttempt, Reminder, Subscription
from goodstanding.catalogue.models import Price
from goodstanding.checkout import quotes, services
from goodstanding.checkout.models import Checkout
from goodstanding.checkout.services import Outcome
from goodstanding.clock import StoppedClock
from goodstanding.communications.models import Mail
from goodstanding.core.money import Money
from goodstanding.gateways.models import GatewayAccount, HandMethod, HandTerms
from goodstanding.memberships import byhand, ending, handbills, owing
from goodstanding.memberships.owing import Stage
from goodstanding.memberships.reading import standing_now
from goodstanding.memberships.rebuilding import rebuild_customers
from tests.apps.checkout.books import wrong_in
from tests.apps.checkout.test_joining import buy as buy_by_card

pytestmark = pytest.mark.django_db
asks_a_gateway = pytest.mark.django_db(transaction=True)

PriceOf = Callable[..., Price]
Until = Callable[..., None]
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def transfers(shop: None) -> None:
    """The account of what is paid by hand is offered, with words of how to pay."""
    GatewayAccount.objects.filter(pk="manual").update(is_offered=True)
    words = "Pay {amount} to DE02 by {due}, quoting {reference}."
    HandMethod.objects.filter(code="transfer").update(is_offered=True, instructions=words)


def join(member: Any, price: Price, clock: StoppedClock, *, method: str = "transfer") -> Outcome:
    """Go the whole way, as the page does."""
    quote = quotes.for_member(price, member, now=clock.now)
    shown = quotes.shown(quotes.signed(quote, now=clock.now), now=clock.now)
    account = GatewayAccount.objects.get(pk="manual")
    checkout = services.accept(member, price, account, shown=shown, now=clock.now)
    return services.pay(checkout, return_url="/back", now=clock.now, method=method)


def pay(clock: StoppedClock, amount: int | None = None, *, bill: Invoice | None = None, **more: Any) -> None:
    given = {"how": "transfer", "reference": "statement 7", "paid_at": clock.now, "by": None, "now": clock.now}
    money = None if amount is None else Money(amount, "EUR")
    row = bill or Invoice.objects.filter(status="open").latest("issued_at")
    byhand.record_payment(row, **(given | more), amount=money)  # type: ignore[arg-type]


def status(member: Any, clock: StoppedClock) -> str:
    return str(standing_now(member.pk, now=clock.now).status)


def until_of(member: Any, clock: StoppedClock) -> datetime:
    return datetime.fromisoformat(standing_now(member.pk, now=clock.now).document["covered_until"])


def mails() -> list[str]:
    return list(Mail.objects.order_by("created_at", "kind").values_list("kind", flat=True))


def in_order() -> None:
    assert wrong_in() == []
    assert rebuild_customers()[2] == []


def test_p17_a_bill_gives_no_access_until_it_is_paid(alice: Any, price: PriceOf, clock: StoppedClock) -> None:
    """P17, C32, recurring B2: pending on a promise; exactly one activation once the money is recorded."""
    found = join(alice, price("full", "month"), clock)
    assert (found.stage, status(alice, clock)) == (Stage.BILLED, "pending")
    bill = Invoice.objects.get()
    assert (bill.status, bill.due_at) == ("open", datetime(2026, 3, 17, tzinfo=UTC))
    (way,) = handbills.ways_of(bill)
    assert way.text == f"Pay 100.00 EUR to DE02 by March 16, 2026, quoting {way.reference}."
    assert way.reference.replace(" ", "").endswith(bill.number.replace("-", ""))
    assert mails() == ["invoice"]
    assert way.reference in Mail.objects.get().text
    pay(clock)
    assert status(alice, clock) == "good"
    assert Payment.objects.get().reference == "statement 7"
    assert Subscription.objects.get().status == "active"
    assert mails() == ["invoice", "receipt", "welcome"]
    in_order()


def test_c25_c26_a_part_leaves_it_pending_and_the_rest_makes_it_good(
    alice: Any, price: PriceOf, clock: StoppedClock
) -> None:
    """C25, C26: 25 of 50 is partially paid and pending, the rest completes it. Here 40 and 60 of 100."""
    join(alice, price("full", "month"), clock)
    pay(clock, 4000)
    assert status(alice, clock) == "pending"
    assert owing.owed(Invoice.objects.get()) == Money(6000, "EUR")
    assert mails() == ["invoice", "part_paid"]
    for amount in (0, -5):
        with pytest.raises(byhand.Refused, match="more than zero"):
            pay(clock, amount)
    with pytest.raises(byhand.Refused, match="is in EUR"):
        byhand.record_payment(
            Invoice.objects.get(),
            how="cash",
            reference="",
            paid_at=clock.now,
            by=None,
            now=clock.now,
            amount=Money(1, "USD"),
        )
    clock.advance(DAY)
    in_order()
    pay(clock, 6000)
    assert status(alice, clock) == "good"
    assert sorted(Payment.objects.values_list("amount_minor", flat=True)) == [4000, 6000]
    in_order()


def test_c27_paid_at_once_is_good_at_once(alice: Any, price: PriceOf, clock: StoppedClock) -> None:
    """C27: completed at once, the membership is new (fees are a gateway's: by hand there are none)."""
    join(alice, price("full", "month"), clock)
    pay(clock)
    assert (status(alice, clock), until_of(alice, clock)) == ("good", datetime(2026, 4, 2, 10, tzinfo=UTC))


def test_c18_what_is_paid_late_begins_when_it_was_paid(alice: Any, price: PriceOf, clock: StoppedClock) -> None:
    """C18, recurring B1: the period begins with the day of the money, not with the bill nor with the moment of recording."""
    join(alice, price("full", "month"), clock)
    begun = clock.now
    clock.advance(6 * DAY)
    pay(clock, paid_at=begun + 4 * DAY)
    assert status(alice, clock) == "good"
    assert until_of(alice, clock) == datetime(2026, 4, 6, 10, tzinfo=UTC)
    assert Subscription.objects.get().anchor_at == begun + 4 * DAY
    assert Payment.objects.get().made_at == begun + 4 * DAY
    in_order()


def test_a_term_that_is_bought_once_begins_when_it_was_paid(alice: Any, price: PriceOf, clock: StoppedClock) -> None:
    join(alice, price("day"), clock)
    clock.advance(3 * DAY)
    pay(clock)
    assert until_of(alice, clock) == clock.now + DAY
    in_order()


def test_each_payment_is_one_of_its_own_and_the_same_one_is_told_once(
    alice: Any, price: PriceOf, clock: StoppedClock
) -> None:
    join(alice, price("full", "month"), clock)
    bill = Invoice.objects.get()
    customer = GatewayCustomer.objects.select_related("gateway_account").get()
    for key in ("one", "one", "two"):
        came = byhand.Came("cash", "", clock.now, key, Money(1000, "EUR"))
        byhand.take(customer, bill.external_id, came, now=clock.now)
    assert owing.owed(Invoice.objects.get()) == Money(8000, "EUR")


def test_c29_c30_a_renewal_is_billed_ahead_and_moves_nothing_until_it_is_paid(
    alice: Any, price: PriceOf, clock: StoppedClock, until: Until
) -> None:
    """C4, C29, C30, recurring B3 and recurring B4: current stays current and grace stays grace, dates untouched; recurring B7: paid, it is a month more."""
    join(alice, price("full", "month"), clock)
    pay(clock)
    end = datetime(2026, 4, 2, 10, tzinfo=UTC)
    until(datetime(2026, 3, 20, tzinfo=UTC))
    bill = Invoice.objects.get(status="open")
    assert bill.issued_at < end - 13 * DAY
    assert bill.due_at == datetime(2026, 4, 3, tzinfo=UTC)
    assert (status(alice, clock), until_of(alice, clock)) == ("good", end)
    until(end + 3 * DAY)
    assert (status(alice, clock), until_of(alice, clock)) == ("grace", end)
    pay(clock)
    assert (status(alice, clock), until_of(alice, clock)) == ("good", datetime(2026, 5, 2, 10, tzinfo=UTC))
    assert Payment.objects.count() == 2
    in_order()


def test_reminders_come_before_and_after_the_day_once_each_and_stop(
    alice: Any, price: PriceOf, clock: StoppedClock, until: Until
) -> None:
    """Like recurring B22: one mail a step, none twice; at last it is given up and told so."""
    join(alice, price("full", "month"), clock)
    until(datetime(2026, 4, 20, tzinfo=UTC))
    assert mails() == ["invoice", "payment_reminder", "payment_overdue", "payment_overdue", "invoice_withdrawn"]
    days = list(Reminder.objects.values_list("at__date", "days", "is_last"))
    assert [(str(day), days, last) for day, days, last in days] == [
        ("2026-03-13", -3, False),
        ("2026-03-23", 7, False),
        ("2026-03-30", 14, True),
    ]
    assert Invoice.objects.get().status == "void"
    assert Subscription.objects.get().status == "expired"
    assert status(alice, clock) == "lapsed"
    in_order()


def test_nobody_is_reminded_of_what_is_paid_or_void(
    alice: Any, bob: Any, price: PriceOf, clock: StoppedClock, until: Until
) -> None:
    join(alice, price("full", "month"), clock)
    paid = Invoice.objects.get()
    found = join(bob, price("full", "month"), clock)
    clock.advance(DAY)
    pay(clock, bill=paid)
    assert services.close(found.checkout, now=clock.now)
    until(clock.now + 8 * DAY)
    assert not Reminder.objects.exists()
    assert "invoice_withdrawn" not in mails(), "who takes another way is not told that he did not pay"


def test_reminders_begin_anew_where_the_day_moves(
    alice: Any, dana: Any, price: PriceOf, clock: StoppedClock, until: Until
) -> None:
    join(alice, price("full", "month"), clock)
    until(datetime(2026, 3, 24, tzinfo=UTC))
    bill = Invoice.objects.get()
    byhand.move_day(bill, due_at=datetime(2026, 4, 11, tzinfo=UTC), reason="abroad", by=dana, now=clock.now)
    assert AuditEntry.objects.latest("pk").why == "2026-04-10: abroad"
    with pytest.raises(byhand.Refused, match="lie ahead"):
        byhand.move_day(bill, due_at=clock.now, reason="x", by=dana, now=clock.now)
    until(datetime(2026, 4, 20, tzinfo=UTC))
    assert list(Reminder.objects.values_list("days", flat=True)) == [-3, 7, -3, 7]
    assert Invoice.objects.get().status == "open"
    in_order()


def test_b59_little_that_is_overdue_is_not_asked_for(
    alice: Any, price: PriceOf, clock: StoppedClock, until: Until
) -> None:
    """B59: below the threshold nobody is asked; from it on after 7 days, again after 10, then never, and once it says so."""
    terms = HandTerms.objects.create(
        account_id="manual", remind_before=[], remind_after=[7, 10], at_least={"EUR": 10001, "USD": 1}
    )
    join(alice, price("full", "month"), clock)
    until(datetime(2026, 3, 25, tzinfo=UTC))
    assert not Reminder.objects.exists(), "100.00 with a threshold of 100.01"
    terms.at_least = {"EUR": 10000}
    terms.save()
    until(datetime(2026, 4, 6, tzinfo=UTC))
    assert list(Reminder.objects.values_list("days", "is_last")) == [(10, True)]


def test_stopping_takes_the_bill_ahead_back_and_staying_draws_it_up_again(
    alice: Any, price: PriceOf, clock: StoppedClock, until: Until
) -> None:
    join(alice, price("full", "month"), clock)
    pay(clock)
    until(datetime(2026, 3, 25, tzinfo=UTC))
    assert Invoice.objects.filter(status="open").count() == 1
    ending.cancel(Subscription.objects.get(), now=clock.now)
    assert not Invoice.objects.filter(status="open").exists()
    assert owing.open_invoices(alice) == []
    clock.advance(DAY)
    ending.stay(Subscription.objects.get(), now=clock.now)
    until(datetime(2026, 3, 30, tzinfo=UTC))
    (bill,) = owing.open_invoices(alice)
    pay(clock, bill=bill)
    assert until_of(alice, clock) == datetime(2026, 5, 2, 10, tzinfo=UTC)
    # The bill that was taken back stays in the books, void, with the same period.
    assert [said for said in wrong_in() if "overlap" not in said] == []
    assert rebuild_customers()[2] == []


@asks_a_gateway
def test_whoever_changes_his_mind_pays_once(alice: Any, price: PriceOf, clock: StoppedClock) -> None:
    """Another way or another price gives the bill up, as long as nothing came for it."""
    first = join(alice, price("full", "month"), clock)
    assert buy_by_card(alice, price("full", "month"), clock).stage is Stage.DONE
    assert Invoice.objects.get(external_id=first.checkout.pays_for).status == "void"
    with pytest.raises(byhand.Refused, match="was closed"):
        pay(clock, bill=Invoice.objects.get(status="void"))
    assert Checkout.objects.get(pk=first.checkout.pk).state == "closed"


@asks_a_gateway
def test_a_bill_of_which_a_part_came_is_not_given_up(
    alice: Any, price: PriceOf, clock: StoppedClock, until: Until
) -> None:
    found = join(alice, price("full", "month"), clock)
    pay(clock, 4000)
    again = buy_by_card(alice, price("full", "month"), clock)
    assert (again.checkout, again.stage) == (found.checkout, Stage.BILLED)
    until(clock.now + 60 * DAY)
    assert Invoice.objects.get().status == "open"


@asks_a_gateway
def test_p19_what_it_takes_the_place_of_ends_once_it_is_paid(
    alice: Any, price: PriceOf, clock: StoppedClock, until: Until
) -> None:
    buy_by_card(alice, price("weekday", "month"), clock, at="sandbox-auto")
    join(alice, price("full", "month"), clock)
    old = Subscription.objects.get(gateway_account="sandbox-auto")
    until(clock.now + DAY)
    assert (old.status, old.ends_at) == ("active", None), "a promise ends nothing"
    pay(clock)
    until(clock.now + timedelta(hours=1), step=timedelta(minutes=10))
    old.refresh_from_db()
    assert old.status == "cancelled"
    levels = {each["level"]: each["status"] for each in standing_now(alice.pk, now=clock.now).document["levels"]}
    assert levels == {"full": "good", "weekday": "lapsed"}
    assert Checkout.objects.latest("begun_at").state == "done"


def test_c31_two_terms_one_after_the_other(alice: Any, price: PriceOf, clock: StoppedClock) -> None:
    """C31: two terms paid by hand extend each other, whichever way they are bought."""
    join(alice, price("day"), clock)
    pay(clock)
    begun = clock.now
    clock.advance(timedelta(hours=1))
    join(alice, price("day"), clock)
    assert until_of(alice, clock) == begun + DAY, "the second one is a promise"
    pay(clock)
    assert until_of(alice, clock) == begun + 2 * DAY
    in_order()


@asks_a_gateway
def test_c22_a_failed_card_and_then_cash_is_one_payment_of_its_own_day(
    alice: Any, price: PriceOf, clock: StoppedClock
) -> None:
    """C22: a first notice failed, then success for the same: paid once, dated when it was paid."""
    buy_by_card(alice, price("full", "month"), clock, card="sandbox_declined")
    clock.advance(timedelta(hours=2))
    pay(clock, how="cash", paid_at=clock.now - timedelta(hours=1))
    paid = Payment.objects.get(status="succeeded")
    assert (paid.made_at, paid.elsewhere) == (clock.now - timedelta(hours=1), "cash")
    assert status(alice, clock) == "good"


def test_explain_tells_each_payment_and_reminder(alice: Any, price: PriceOf, clock: StoppedClock, until: Until) -> None:
    join(alice, price("full", "month"), clock)
    pay(clock, 4000)
    until(datetime(2026, 3, 14, tzinfo=UTC))
    pay(clock)
    out = StringIO()
    call_command("explain", "alice@example.org", stdout=out)
    for said in (
        "100.00 EUR, to be paid by 2026-03-17T00:00:00Z; given up 21 days after that",
        "40.00 EUR by transfer (statement 7)",
        "60.00 EUR by transfer (statement 7)",
        "reminded of invoice INV-00001",
    ):
        assert said in out.getvalue(), said


def test_a_bill_that_is_paid_by_hand_takes_no_card_and_says_so(alice: Any, price: PriceOf, clock: StoppedClock) -> None:
    """Refused by name and in words, with nothing written: no try is left that would keep the staff's payment out."""
    join(alice, price("full", "month"), clock)
    bill = Invoice.objects.get()
    for how in ({"card": "sandbox_ok"}, {"method": "card_1"}, {}):
        with pytest.raises(owing.NotPaidHere, match="Nothing was charged"):
            owing.pay(bill, return_url="/x", now=clock.now, **how)
    assert not PaymentAttempt.objects.exists()
    pay(clock)
    assert status(alice, clock) == "good"
    assert owing.stands(Invoice.objects.get()).stage is Stage.DONE
