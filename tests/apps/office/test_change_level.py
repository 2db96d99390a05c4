"""P37: staff change what a member holds: chosen, shown with every line, made as it was shown, with a reason that is theirs."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from goodstanding.audit.models import AuditEntry
from goodstanding.billing.models import Errand, Invoice, Subscription
from goodstanding.catalogue.models import Level, LevelGroup, Price
from goodstanding.communications.models import Mail
from goodstanding.gateways.models import GatewayAccount
from goodstanding.gateways.sandbox.models import Method
from goodstanding.memberships import byhand, rebuilding, services
from goodstanding.memberships.closings import Closing
from goodstanding.memberships.level_decisions import LevelDecision
from goodstanding.memberships.models import Grant, Membership
from goodstanding.memberships.reading import standing_now
from goodstanding.portal import story
from tests.apps.checkout.house import DAY, charged, in_order, june, level_of
from tests.apps.checkout.test_joining import buy
from tests.apps.office.conftest import act, words

pytestmark = pytest.mark.django_db
charges_a_card = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk(office, alice, dana, house, clock):
    """Alice, who paid for a month of Basic at the desk ten days ago, and what renews it."""
    byhand.sell(alice, house("basic"), how="cash", reference="7", paid_at=clock.now, by=dana, now=clock.now)
    clock.set(june(11))
    return Subscription.objects.get()


def page(row: Subscription, price: Price | None = None, how: str = "prorated", renewal: str = "keep") -> str:
    there = reverse("gs_office:change_level", args=[row.customer.member_id, row.pk])
    return f"{there}?price={price.pk}&how={how}&renewal={renewal}" if price else there


def shown(response: Any) -> str:
    found = re.search(r'name="shown" value="([^"]+)"', response.content.decode())
    assert found, words(response)
    return found[1]


def make(office: Any, address: str, **given: Any) -> Any:
    """Look at the page, and have it made as it is shown there."""
    asked = {"shown": shown(office.get(address)), "reason": "she moved house", **given}
    return office.post(address, asked)


def refused(response: Any, why: str) -> None:
    assert response.status_code == 422
    assert why in words(response)
    assert not LevelDecision.objects.exists()
    assert not AuditEntry.objects.filter(action="change level").exists()


def test_p37_what_is_due_is_shown_line_by_line_and_billed_and_changed_once_it_is_paid(
    office, desk, alice, house, clock, until
):
    """Paid at the desk: the bill stays open until its day, with the words of how to pay it."""
    address = page(desk, house("plus"))
    found = words(office.get(address))
    for said in ("−66.67 EUR", "200.00 EUR", "133.33 EUR", "stays open, with the words of how to pay it"):
        assert said.replace("−", "-") in found.replace("−", "-"), said
    response = make(office, address, pays="bill", tells="on")
    assert response.status_code == 302
    assert level_of(alice, clock) == ("basic", "good")
    bill = Invoice.objects.get(settled_at=None)
    assert (bill.due_minor, bill.due_at > clock.now + 6 * DAY) == (13333, True)
    decided = LevelDecision.objects.get()
    assert (decided.before_id, decided.after_id, decided.effect_at) == ("basic", "plus", None)
    entry = AuditEntry.objects.get(action="change level")
    assert (entry.why, entry.object_id) == ("basic → plus: she moved house", decided.pk)
    assert "133.33 EUR" in Mail.objects.get(kind="level_changed").text
    assert "moved house" not in Mail.objects.get(kind="level_changed").text
    until(clock.now + 5 * DAY)
    byhand.record_payment(bill, how="cash", reference="8", paid_at=clock.now, by=None, now=clock.now)
    assert level_of(alice, clock) == ("plus", "good")
    assert "level changed by staff: basic → plus" in words(office.get(reverse("gs_office:member", args=[alice.pk])))
    in_order()
    assert rebuilding.rebuild_customers()[2] == []


def test_p37_nobody_pays_it_and_all_goes_on_as_before(office, desk, alice, house, clock, until):
    make(office, page(desk, house("plus")), pays="bill")
    until(june(20))
    assert Invoice.objects.filter(status="open").count() == 1, "as long as a bill that is paid by hand"
    until(june(30))
    assert Invoice.objects.get(due_minor=13333).status == "void"
    assert level_of(alice, clock) == ("basic", "good")


def test_p37_at_once_for_nothing_and_the_member_reads_that_staff_did_it_and_not_why(
    office, desk, alice, house, clock, until
):
    response = make(office, page(desk, house("plus"), "nothing"), tells="on")
    assert response.status_code == 302
    assert level_of(alice, clock) == ("plus", "good")
    assert Invoice.objects.count() == 1
    said = [each.what for each in story.page(alice)[0]]
    assert "The staff changed your level to Plus, from June 11, 2026." in said
    assert not any("moved house" in each for each in said)
    assert "you hold Plus now" in Mail.objects.get(kind="level_changed").text
    until(june(28))
    assert Invoice.objects.get(settled_at=None).due_minor == 30000, "the next bill is of the new price"


@pytest.mark.parametrize(("tells", "mails"), [({}, 0), ({"tells": "on"}, 1)])
def test_p37_at_the_period_s_end_and_whether_the_member_is_told(office, desk, alice, house, clock, tells, mails):
    """Staff are not bound to what members are offered, and are told so."""
    LevelGroup.objects.update(only_listed_changes=True)
    address = page(desk, house("small"), "at_end")
    found = words(office.get(address))
    assert "Members are not offered this change." in found
    assert "40.00 EUR, July 1, 2026" in found
    assert make(office, address, **tells).status_code == 302
    assert level_of(alice, clock) == ("basic", "good")
    (item,) = Subscription.objects.get().items.filter(is_current=True)
    assert (item.price, LevelDecision.objects.get().effect_at) == (house("basic").pk, june(1) + 30 * DAY)
    assert Mail.objects.filter(kind="level_changed").count() == mails


def test_p37_with_its_renewal_stopped_it_ends_with_what_is_paid(office, desk, alice, house, clock):
    address = page(desk, house("small"), "nothing", "stop")
    assert "none: the renewal is stopped, and it ends on" in words(office.get(address))
    assert make(office, address).status_code == 302
    assert level_of(alice, clock) == ("small", "good")
    assert Subscription.objects.get().ends_at == june(1) + 30 * DAY
    assert standing_now(alice.pk, now=june(1) + 31 * DAY).status == "lapsed"


@charges_a_card
@pytest.mark.parametrize(
    ("card", "level", "said"), [("sandbox_ok", "plus", "It is changed"), ("sandbox_declined", "basic", "was declined")]
)
def test_p37_the_stored_card_is_charged_at_once_or_the_bill_stays_open(office, alice, house, clock, card, level, said):
    buy(alice, house("basic"), clock)
    clock.set(june(11))
    row = Subscription.objects.select_related("customer").get()
    if card != "sandbox_ok":
        Method.objects.update(token=card)
    response = make(office, page(row, house("plus")), pays="card")
    assert said in words(office.get(response.headers["Location"]))
    assert level_of(alice, clock) == (level, "good")
    assert charged() == ([10000, 13333] if level == "plus" else [10000])


def test_p37_without_a_reason_nothing_is_changed_and_what_was_typed_stays(office, desk, house):
    address = page(desk, house("plus"), "nothing")
    refused(make(office, address, reason="  ", tells="on"), "This field is required")
    assert "checked" in office.post(address, {"shown": "x", "tells": "on"}).content.decode()


def test_p37_a_closed_price_another_currency_and_another_group_are_not_to_be_had(office, desk, house, price):
    Level.objects.filter(pk="plus").update(is_open=False)
    for wrong in (house("plus"), house("plus", currency="USD"), price("full", "month"), house("basic")):
        refused(office.get(page(desk, wrong)), "This price or its level is closed, or is not of this group.")
    Level.objects.filter(pk="plus").update(is_open=True, is_hidden=True)
    found = words(office.get(page(desk, house("plus"))))
    assert "This level is hidden" in found
    assert "Plus: " in found


def test_p37_what_was_tampered_with_or_is_stale_or_has_changed_is_refused(office, desk, house, clock):
    address, other = page(desk, house("plus")), page(desk, house("small"))
    seen = shown(office.get(address))
    given = {"reason": "why", "pays": "bill"}
    refused(office.post(address, {**given, "shown": seen + "x"}), "This page was changed on its way")
    refused(office.post(other, {**given, "shown": seen}), "This page was changed on its way")
    refused(office.post(page(desk, house("plus"), "nothing"), {**given, "shown": seen}), "has changed meanwhile")
    clock.advance(timedelta(minutes=16))
    refused(office.post(address, {**given, "shown": seen}), "a quarter of an hour")
    refused(
        office.get(page(desk, house("plus"), "prorated", "stop")), "Its renewal can be stopped with the change only"
    )
    assert Invoice.objects.count() == 1


def test_p37_the_same_page_twice_is_one_change(office, desk, alice, house, clock):
    address = page(desk, house("plus"), "nothing")
    given = {"shown": shown(office.get(address)), "reason": "once"}
    first, second = office.post(address, given), office.post(address, given)
    assert (first.status_code, second.status_code) == (302, 302)
    assert "It was done once." in words(office.get(second.headers["Location"]))
    assert LevelDecision.objects.count() == 1


@pytest.fixture
def there(office, alice, house, clock):
    """Alice, whose month of Basic a gateway bills by its own clock, ten days ago."""
    buy(alice, house("basic"), clock, at="sandbox-auto")
    clock.set(june(11))
    return Subscription.objects.select_related("customer").get()


@charges_a_card
@pytest.mark.parametrize(
    ("card", "level", "paid", "state"),
    [("sandbox_ok", "plus", 13331, "done"), ("sandbox_declined", "basic", 0, "refused")],
)
def test_p37_r25_a_gateway_that_bills_is_asked_and_its_figures_are_taken(
    office, there, alice, house, clock, until, card, level, paid, state
):
    """The sandbox's second account: an errand; a declined card leaves all as it is.

    The gateway was asked five minutes later, and counts to the second from then: its figures are taken, not ours.
    """
    Method.objects.update(token=card)
    address = page(there, house("plus"), "now")
    assert address.partition("?")[0] in words(office.get(reverse("gs_office:member", args=[alice.pk])))
    assert "reckons by its own rules" in words(office.get(address))
    assert office.post(address, {"shown": shown(office.get(address))}).status_code == 422
    assert make(office, address).status_code == 302
    assert level_of(alice, clock) == ("basic", "good"), "asked, and not done yet"
    refused_again = office.get(address)
    assert "was asked for something already" in words(refused_again)
    until(clock.now + timedelta(minutes=10), step=timedelta(minutes=5))
    errand = Errand.objects.get()
    assert (errand.kind, errand.state) == ("change", state)
    assert level_of(alice, clock) == (level, "good")
    assert charged()[1:] == ([paid] if paid else [])
    told = words(office.get(reverse("gs_office:member", args=[alice.pk])))
    assert ("the gateway did not change the level: card_declined" in told) == (not paid)
    assert rebuilding.rebuild_customers()[2] == []


@charges_a_card
def test_p37_a_gateway_that_bills_changes_it_with_its_period(office, there, alice, house, clock, until):
    address = page(there, house("small"), "at_end")
    assert "Nothing now." in words(office.get(address))
    given = {"shown": shown(office.get(address)), "reason": "less", "tells": "on"}
    assert [office.post(address, given).status_code for _ in range(2)] == [302, 302]
    assert LevelDecision.objects.get().effect_at == june(1) + 30 * DAY
    assert "from July 1, 2026 on" in Mail.objects.get(kind="level_changed").text
    until(clock.now + timedelta(minutes=10), step=timedelta(minutes=5))
    assert (level_of(alice, clock), charged()) == (("basic", "good"), [10000])


@charges_a_card
def test_p37_a_gateway_that_cannot_be_asked_is_not_and_the_page_says_why(office, there, house):
    """So it is with Stripe for now: it only tells."""
    GatewayAccount.objects.filter(pk="sandbox-auto").update(is_active=False)
    refused(office.get(page(there, house("plus"), "now")), "Change the price there")


def test_p37_who_may_not_change_subscriptions_has_no_such_page(client, desk, bob):
    bob.user.is_staff = True
    bob.user.save()
    client.force_login(bob.user)
    assert client.get(page(desk)).status_code == 403


def test_p37_a_prepaid_term_is_held_at_another_level_to_the_same_day(office, send, alice, dana, house, clock):
    byhand.sell(alice, house("once"), how="cash", reference="7", paid_at=clock.now, by=dana, now=clock.now)
    clock.set(june(11))
    until = standing_now(alice.pk, now=clock.now).document["covered_until"]
    place = Membership.objects.get()
    assert act(alice, "move", place.pk) in words(office.get(reverse("gs_office:member", args=[alice.pk])))
    assert send(alice, "move", place.pk, level="plus", reason="").status_code == 422
    assert send(alice, "move", place.pk, level="once", reason="same").status_code == 422
    assert send(alice, "move", place.pk, level="plus", reason="wrong one sold").status_code == 302
    document = standing_now(alice.pk, now=clock.now).document
    assert {each["level"]: each["status"] for each in document["levels"]} == {"plus": "good", "once": "lapsed"}
    assert document["covered_until"] == until
    assert (Closing.objects.get().changed, Grant.objects.get().reason) == (True, "wrong one sold")
    assert Invoice.objects.count() == 1
    assert rebuilding.rebuild_standing()[2] == []


def test_p37_a_grant_without_end_stays_without_end(office, send, alice, house, clock):
    level = Level.objects.get(pk="basic")
    services.grant(alice, level=level, start_at=clock.now, end_at=None, reason="honour", by=None, now=clock.now)
    clock.set(june(11))
    assert send(alice, "move", Membership.objects.get().pk, level="plus", reason="more honour").status_code == 302
    assert Grant.objects.latest("given_at").end_at is None
    assert level_of_all(alice, clock) == {"basic": "lapsed", "plus": "good"}


def test_p37_what_renews_is_not_moved_as_a_term(send, desk, alice):
    refused_form = send(alice, "move", Membership.objects.get().pk, level="plus", reason="no")
    assert refused_form.status_code == 422


def level_of_all(member: Any, clock: Any) -> dict[str, str]:
    document = standing_now(member.pk, now=clock.now).document
    return {each["level"]: each["status"] for each in document["levels"]}
