"""What becomes of a membership whose money is given back or contested: the level's policies, and what staff decide."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from goodstanding.audit.models import AuditEntry
from goodstanding.billing.models import BalanceEntry, Dispute, GatewayCustomer, Payment, Refund, Transfer
from goodstanding.catalogue.entries import CatalogueRefused
from goodstanding.catalogue.models import Level, LevelTerms, Price
from goodstanding.catalogue.services import import_catalogue, set_terms
from goodstanding.core.facts import PaymentSeen
from goodstanding.core.giving import To
from goodstanding.core.journal import Chart
from goodstanding.core.money import Money
from goodstanding.core.standing import judge_member
from goodstanding.memberships import byhand, giving_back
from goodstanding.memberships.giving_back import How, Refused
from goodstanding.memberships.models import LevelSpan
from goodstanding.memberships.reading import records_of, standing_now
from goodstanding.memberships.rebuilding import rebuild_customers, rebuild_standing
from goodstanding.reports.books import books
from tests.apps.office.conftest import act, words
from tests.apps.reports.telling import Story, at

pytestmark = pytest.mark.django_db
PriceOf = Callable[..., Price]
DAY = timedelta(days=1)
DEFAULTS = {"on_refund": "end", "on_dispute": "hold", "on_dispute_lost": "revoke"}


def says(**policies: str) -> None:
    """Have the level say something else to those who buy from now on (and to all, where nobody bought yet)."""
    Level.objects.filter(slug="full").update(**policies)
    LevelTerms.objects.filter(level="full").delete()
    set_terms(Level.objects.get(slug="full"), grace_days=7, prepaid_grace_days=0, now=at(1, 1))


@pytest.fixture
def bought(shop: None, alice: Any, dana: Any, clock: Any, price: PriceOf) -> Callable[[], Payment]:
    """Have Alice pay 100.00 at the desk for a month."""

    def buy() -> Payment:
        one = price("full", "month")
        byhand.sell(alice, one, how="cash", reference="7", paid_at=clock.now, by=dana, now=clock.now)
        return Payment.objects.get()

    return buy


def give(payment: Payment, text: str, by: Any, now: datetime, **how: Any) -> None:
    giving_back.refund(payment, amount=Money.parse(text), reason="asked for it", by=by, now=now, how=How(**how))


def status(member: Any, now: datetime) -> str:
    assert rebuild_customers()[2] == []
    assert rebuild_standing()[2] == []
    return str(standing_now(member.pk, now=now).status)


@pytest.mark.parametrize(
    ("policy", "decided", "after", "logged"),
    [
        ("end", None, "lapsed", "access ends, by its level"),
        ("end", False, "good", "access stays to its date, decided"),
        ("keep", None, "good", "access stays to its date, by its level"),
        ("keep", True, "lapsed", "access ends, decided"),
        ("ask", True, "lapsed", "access ends, decided"),
        ("ask", False, "good", "access stays to its date, decided"),
    ],
)
def test_p45_a_full_refund_ends_or_keeps_as_the_policy_or_staff_say(
    bought: Any, alice: Any, dana: Any, clock: Any, policy: str, decided: bool | None, after: str, logged: str
) -> None:
    """P45, C14: applied, logged, the same for a rebuild, and the money is given back all the same."""
    says(on_refund=policy)
    payment = bought()
    clock.advance(DAY)
    give(payment, "100.00 EUR", dana, clock.now, ends=decided)
    assert status(alice, clock.now) == after
    assert status(alice, clock.now + 33 * DAY) != "good"
    assert logged in AuditEntry.objects.get(action="refund").why
    assert Refund.objects.get().amount_minor == 100_00


def test_p45_where_the_level_asks_no_answer_is_refused_and_a_part_needs_none(
    bought: Any, alice: Any, dana: Any, clock: Any
) -> None:
    says(on_refund="ask")
    payment = bought()
    give(payment, "5.00 EUR", dana, clock.now)
    with pytest.raises(Refused, match="ends now or stays"):
        give(payment, "95.00 EUR", dana, clock.now)
    assert Refund.objects.count() == 1
    assert status(alice, clock.now) == "good"


def test_p45_a_part_of_it_is_in_the_books_and_changes_nothing_about_access(
    bought: Any, alice: Any, dana: Any, clock: Any
) -> None:
    """C15: 5 of 25 there, 20 of 100 here."""
    give(bought(), "20.00 EUR", dana, clock.now)
    assert status(alice, clock.now) == "good"
    moves = Transfer.objects.filter(debit=Chart.REFUNDED).values_list("credit", "amount_minor")
    assert list(moves) == [(Chart.ELSEWHERE, 20_00)]


def test_the_policy_is_frozen_when_it_was_bought(bought: Any, alice: Any, dana: Any, clock: Any) -> None:
    says(on_refund="keep", on_dispute="keep", on_dispute_lost="keep")
    payment = bought()
    clock.advance(DAY)
    Level.objects.filter(slug="full").update(on_refund="end")
    set_terms(Level.objects.get(slug="full"), grace_days=7, prepaid_grace_days=0, now=clock.now)
    give(payment, "100.00 EUR", dana, clock.now)
    assert status(alice, clock.now) == "good"
    span = LevelSpan.objects.get(membership__member=alice)
    assert (span.on_refund, span.on_dispute, span.on_dispute_lost) == ("keep", "keep", "keep")


@pytest.mark.parametrize(
    ("policies", "while_open", "lost", "won"),
    [
        ({}, "held", "lapsed", "good"),
        ({"on_dispute": "keep"}, "good", "lapsed", "good"),
        ({"on_dispute_lost": "keep"}, "held", "good", "good"),
        ({"on_dispute": "keep", "on_dispute_lost": "keep"}, "good", "good", "good"),
    ],
)
def test_p46_a_dispute_holds_and_revokes_as_the_policy_says(
    shop: None, policies: dict[str, str], while_open: str, lost: str, won: str
) -> None:
    """P46, C16."""
    says(**policies)
    for name, outcome, after in (("bob", "lost", lost), ("carol", "won", won)):
        story = Story(name)
        bill = story.bill("1", story.line("prepaid", 30_00, at(4, 1), at(6, 1)), on=at(4, 1), status="paid")
        story.dispute(story.paid(bill, on=at(4, 1)), 30_00, on=at(4, 11), status=outcome)
        member = GatewayCustomer.objects.get(external_id=story.name).member
        assert status_at(member, at(4, 10, 18)) == while_open
        assert status_at(member, at(4, 12)) == after


def status_at(member: Any, moment: datetime) -> str:
    assert rebuild_customers()[2] == []
    return str(judge_member(records_of([member.pk])[member.pk], moment).status)


def test_b64_a_late_alert_does_not_open_a_dispute_again(shop: None) -> None:
    """B64: it was closed, and an older telling of it comes after."""
    story = Story("bob")
    bill = story.bill("1", story.line("prepaid", 30_00, at(4, 1), at(6, 1)), on=at(4, 1), status="paid")
    story.dispute(story.paid(bill, on=at(4, 1)), 30_00, on=at(4, 11), status="lost")
    last: Any = story.told[-1]
    for when in (at(4, 10, 13), at(4, 20)):
        story.tell(replace(last, at=when, status="open"))
    assert Dispute.objects.get().status == "lost"
    member = GatewayCustomer.objects.get(external_id=story.name).member
    assert status_at(member, at(4, 21)) == "lapsed"


def test_all_of_it_may_go_to_the_balance(bought: Any, alice: Any, dana: Any, clock: Any) -> None:
    payment = bought()
    clock.advance(DAY)
    give(payment, "40.00 EUR", dana, clock.now, to=To.BALANCE)
    assert status(alice, clock.now) == "good"
    give(payment, "60.00 EUR", dana, clock.now, to=To.BALANCE)
    assert status(alice, clock.now) == "lapsed"
    assert list(BalanceEntry.objects.order_by("id").values_list("kind", flat=True)) == ["refund", "refund"]
    assert sum(BalanceEntry.objects.values_list("amount_minor", flat=True)) == 100_00
    assert not Refund.objects.exists()
    with pytest.raises(Refused, match=r"Only 0\.00 EUR"):
        give(payment, "0.01 EUR", dana, clock.now)


@pytest.mark.parametrize("to", list(To))
def test_nothing_more_than_is_left_is_given_back_whichever_way(bought: Any, dana: Any, clock: Any, to: To) -> None:
    payment = bought()
    give(payment, "30.00 EUR", dana, clock.now, to=To.BALANCE)
    with pytest.raises(Refused, match=r"Only 70\.00 EUR"):
        give(payment, "70.01 EUR", dana, clock.now, to=to)
    give(payment, "70.00 EUR", dana, clock.now, to=to)
    with pytest.raises(Refused, match="was made in EUR"):
        give(payment, "70 JPY", dana, clock.now, to=to)


@pytest.mark.parametrize(
    ("currency", "over", "left"), [("JPY", "3001 JPY", "3,000 JPY"), ("KWD", "3.001 KWD", "3.000 KWD")]
)
def test_a_refund_above_what_is_left_is_refused_in_any_currency(
    shop: None, dana: Any, currency: str, over: str, left: str
) -> None:
    story = Story("bob", currency=currency)
    bill = story.bill("1", story.line("prepaid", 3_000, at(4, 1), at(6, 1)), on=at(4, 1), status="paid")
    story.paid(bill, on=at(4, 1))
    with pytest.raises(Refused, match=f"Only {left}"):
        give(Payment.objects.get(), over, dana, at(4, 2))


def test_a_gateway_s_own_bill_is_not_given_back_to_a_balance_that_it_does_not_know(shop: None, dana: Any) -> None:
    story = Story("bob")
    bill = story.bill("1", story.line("prepaid", 30_00, at(4, 1), at(6, 1)), on=at(4, 1), status="paid")
    story.paid(bill, on=at(4, 1))
    with pytest.raises(Refused, match="could not be used"):
        give(Payment.objects.get(), "10.00 EUR", dana, at(4, 2), to=To.BALANCE)


def half_by_balance(*, paid: int, credit: int) -> tuple[Any, Payment]:
    """Bob's bill of ours for 74.40, of which so much was paid in cash and from the balance."""
    story = Story("bob")
    if credit:
        story.credit("adjustment", credit, on=at(3, 30))
    line = story.line("prepaid", 62_00, at(4, 1), at(6, 1), tax=12_40)
    bill = replace(story.drawn_up("1", line, on=at(4, 1), credit=credit), ours=True)
    story.tell(bill)
    due = PaymentSeen("cash", at(4, 1), "succeeded", paid, "EUR", at(4, 1), story.name, invoice=bill.invoice)
    story.tell(replace(due, elsewhere="cash"))
    return GatewayCustomer.objects.get(external_id=story.name).member, Payment.objects.get()


def test_b66_as_it_was_paid_goes_back_to_the_hand_and_to_the_balance(shop: None, dana: Any) -> None:
    """55.80 of 74.40 in money, 18.60 from the balance: half of it is 27.90 and 9.30, all of it ends the membership."""
    bob, payment = half_by_balance(paid=55_80, credit=18_60)
    give(payment, "37.20 EUR", dana, at(4, 2), to=To.AS_PAID)
    assert Refund.objects.get().amount_minor == 27_90
    assert BalanceEntry.objects.get(kind="refund").amount_minor == 9_30
    assert status_at(bob, at(4, 3)) == "good"
    with pytest.raises(Refused, match=r"Only 37\.20 EUR"):
        give(payment, "37.21 EUR", dana, at(4, 3), to=To.AS_PAID)
    give(payment, "37.20 EUR", dana, at(4, 4), to=To.AS_PAID)
    assert sum(Refund.objects.values_list("amount_minor", flat=True)) == 55_80
    assert status_at(bob, at(4, 5)) == "lapsed"
    assert books(zone=ZoneInfo("UTC"), until=at(7, 1).date()).wrong == []
    tax = Transfer.objects.filter(debit=Chart.TAX).values_list("amount_minor", flat=True)
    assert sum(tax) == 12_40  # none is owed any more


@pytest.mark.parametrize(("back", "money", "balance"), [("30.00", 11_40, 18_60), ("18.60", 0, 18_60)])
def test_b66_of_a_bill_that_is_not_wholly_paid_only_what_was_paid_goes_back_as_money(
    shop: None, dana: Any, back: str, money: int, balance: int
) -> None:
    """74.40, 55.80 of it paid. 44.40 were used, so 11.40 of the 30.00 were paid and go back."""
    _bob, payment = half_by_balance(paid=55_80, credit=0)
    give(payment, f"{back} EUR", dana, at(4, 2), to=To.AS_PAID)
    assert sum(Refund.objects.values_list("amount_minor", flat=True)) == money
    assert BalanceEntry.objects.get(kind="refund").amount_minor == balance


@pytest.mark.parametrize("key", ["on_refund", "on_dispute", "on_dispute_lost"])
def test_a_catalogue_file_says_the_policies_and_unknown_ones_are_refused(shop: None, clock: Any, key: str) -> None:
    entry = {"slug": "full", "name": "Full", "group": "membership", key: "keep"}
    import_catalogue(json.dumps([entry]), now=clock.now)
    assert Level.objects.get(slug="full").policies == {**DEFAULTS, key: "keep"}
    assert LevelTerms.objects.filter(level="full").latest("since").policies == {**DEFAULTS, key: "keep"}
    with pytest.raises(CatalogueRefused, match=f"{key} is none of"):
        import_catalogue(json.dumps([{**entry, key: "perhaps"}]), now=clock.now)


def test_p45_the_form_asks_where_the_level_does_and_does_what_was_chosen(
    office: Any, send: Any, bought: Any, alice: Any, dana: Any, clock: Any
) -> None:
    says(on_refund="ask")
    payment = bought()
    page = words(office.get(act(alice, "refund", payment.pk)))
    assert "ends at once" in page
    assert "stays to its date" in page
    assert "as its level says" not in page
    given = {"how_much": "all", "to": "balance", "reason": "moved away"}
    assert send(alice, "refund", payment.pk, **given).status_code == 422
    assert not BalanceEntry.objects.exists()
    assert send(alice, "refund", payment.pk, **given, access="keeps").status_code == 302
    assert BalanceEntry.objects.get().amount_minor == 100_00
    assert status(alice, clock.now) == "good"
    why = AuditEntry.objects.get(action="refund").why
    assert (
        why
        == "100.00 EUR (100.00 EUR to the balance; once all is given back access stays to its date, decided): moved away"
    )
