"""What members do on their own pages: stop and stay, pay, keep cards, report one lost; and what is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from goodstanding.access import remedies
from goodstanding.audit.models import AuditEntry
from goodstanding.billing.models import Errand, Invoice, Payment, Subscription
from goodstanding.core.access import Code
from goodstanding.core.records import HoldKind
from goodstanding.doors import services as doors
from goodstanding.doors.models import Card
from goodstanding.gateways.sandbox.models import Subscription as SandboxSubscription
from goodstanding.memberships import cards as kept
from goodstanding.memberships.reading import standing_now
from goodstanding.memberships.services import hold
from tests.apps.portal.test_pages import text

pytestmark = pytest.mark.django_db(transaction=True)


def test_stopping_says_first_what_it_means_then_stops_and_can_be_taken_back(browsing, alice_in, until, clock):
    client, renewal = browsing(alice_in), Subscription.objects.get()
    address = reverse("gs_portal:stop", args=[renewal.pk])
    page = text(client.get(address))
    assert "Nothing more is charged." in page
    assert "What you paid is not given back." in page
    assert "Your access stays until April 2, 2026; then the membership ends." in page
    renewal.refresh_from_db()
    assert renewal.ends_at is None, "to look is not to stop"

    page = text(client.post(address, follow=True))
    assert "The renewal is stopped." in page
    assert "It ends on April 2, 2026 and is not renewed." in page
    assert "It renews" not in page
    assert "Stay after all" in page
    assert standing_now(alice_in.pk, now=clock.now).status == "good"

    page = text(client.post(reverse("gs_portal:stay", args=[renewal.pk]), follow=True))
    assert "You stay: it renews as before." in page
    assert "It renews on April 2, 2026 for 100.00 EUR, by Visa … 4242." in page
    until(clock.now + timedelta(days=33))
    assert standing_now(alice_in.pk, now=clock.now).status == "good"


def test_who_stopped_ends_with_what_was_paid_and_cannot_go_back_then(browsing, alice_in, until, clock):
    client, renewal = browsing(alice_in), Subscription.objects.get()
    client.post(reverse("gs_portal:stop", args=[renewal.pk]))
    assert text(client.get(reverse("gs_portal:stop", args=[renewal.pk]), follow=True)).count("does not renew any more")
    until(clock.now + timedelta(days=33))
    assert standing_now(alice_in.pk, now=clock.now).status == "lapsed"
    page = text(client.post(reverse("gs_portal:stay", args=[renewal.pk]), follow=True))
    assert "This has ended already, and cannot go on." in page
    assert "Join again: Full member" in page
    assert "This has ended already." in text(client.post(reverse("gs_portal:stop", args=[renewal.pk]), follow=True))


def test_stopping_what_a_gateway_renews_is_on_its_way_until_it_is_confirmed(browsing, alice, buys, work):
    buys(alice, "full", "month", at="sandbox-auto")
    client, renewal = browsing(alice), Subscription.objects.get()
    assert "The bank has to confirm this." in text(client.get(reverse("gs_portal:stop", args=[renewal.pk])))
    page = text(client.post(reverse("gs_portal:stop", args=[renewal.pk]), follow=True))
    assert "You stopped the renewal. The bank has not confirmed it yet" in page
    assert Errand.objects.get().state == Errand.State.OPEN
    work()
    page = text(client.get("/me/"))
    assert "has not confirmed it yet" not in page
    assert "It ends on April 2, 2026 and is not renewed." in page


def test_stopping_what_is_not_paid_ends_it_at_once(browsing, alice_owes, clock):
    client, renewal = browsing(alice_owes), Subscription.objects.get()
    page = text(client.get(reverse("gs_portal:stop", args=[renewal.pk])))
    assert "What is open is not paid, so the membership ends, and your access with it." in page
    client.post(reverse("gs_portal:stop", args=[renewal.pk]))
    assert standing_now(alice_owes.pk, now=clock.now).status == "lapsed"
    assert "Pay now" not in text(client.get("/me/"))


def test_paying_what_is_open_gives_access_at_once(browsing, alice_owes, clock):
    client, bill = browsing(alice_owes), Invoice.objects.get(settled_at=None)
    assert client.get(reverse("gs_portal:pay_next"))["Location"] == reverse("gs_portal:pay", args=[bill.pk])
    address = reverse("gs_portal:pay", args=[bill.pk])
    page = text(client.get(address))
    assert "The card was declined." in page
    assert "Pay 100.00 EUR" in page
    assert "April 2, 2026 to May 2, 2026" in page
    answer = client.post(address, {"method": "", "number": "4000 0000 0000 0002"})
    assert answer["Location"] == address
    assert "The card was declined." in text(client.get(address))
    client.post(address, {"method": "", "number": "4242 4242 4242 4242"})
    assert "is paid" in text(client.get(address))
    assert standing_now(alice_owes.pk, now=clock.now).status == "good"
    assert "In good standing" in text(client.get("/me/"))
    assert Payment.objects.filter(status="succeeded").count() == 2
    client.post(address, {"method": "", "number": "4242 4242 4242 4242"})
    assert Payment.objects.filter(status="succeeded").count() == 2, "paid once"
    assert client.get(reverse("gs_portal:pay_next"))["Location"] == reverse("gs_portal:membership")


def test_what_is_typed_wrong_charges_nothing_and_is_not_shown_again(browsing, alice_owes):
    client, bill = browsing(alice_owes), Invoice.objects.get(settled_at=None)
    tried = Payment.objects.count()
    answer = client.post(reverse("gs_portal:pay", args=[bill.pk]), {"method": "", "number": "4111 1111 1111 1111"})
    assert answer.status_code == 422
    assert "4111" not in answer.content.decode()
    assert "Never type a real card" in answer.content.decode()
    assert Payment.objects.count() == tried


def test_a_payment_that_must_be_approved_waits_for_its_payer(browsing, alice_owes):
    client, bill = browsing(alice_owes), Invoice.objects.get(settled_at=None)
    address = reverse("gs_portal:pay", args=[bill.pk])
    answer = client.post(address, {"method": "", "number": "4000 0025 0000 3155"})
    assert "/sandbox/" in answer["Location"]
    page = text(client.get(address))
    assert "The bank still waits for you." in page
    assert answer["Location"] in page
    bill.refresh_from_db()
    assert bill.settled_at is None, "coming back proves nothing"


def test_an_invoice_says_for_what_and_how_it_was_paid(browsing, alice_in, settings):
    settings.GOODSTANDING_ORGANISATION = "Makers of Somewhere"
    invoice = Invoice.objects.get()
    page = text(browsing(alice_in).get(reverse("gs_portal:invoice", args=[invoice.pk])))
    for said in (
        invoice.number,
        "Makers of Somewhere",
        "Alice, alice@example.org",
        "Full member",
        "100.00 EUR",
        "Paid",
        "Payment",
    ):
        assert said in page, said
    assert "March 2, 2026 to April 2, 2026" in page
    assert "Pay now" not in page


@pytest.mark.db_matters
def test_many_invoices_come_in_pages(browsing, alice_in, until, clock):
    until(clock.now + timedelta(days=31 * 22), timedelta(days=1))
    client = browsing(alice_in)
    seen, address = [], "/me/invoices/"
    while address:
        answer = client.get(address)
        seen.append([row.invoice.pk for row in answer.context["rows"]])
        address = answer.context["older"]
    assert [len(page) for page in seen] == [20, 3]
    latest_first = Invoice.objects.order_by("-issued_at", "-id").values_list("pk", flat=True)
    assert [pk for page in seen for pk in page] == list(latest_first)


def test_history_tells_everything_once_the_latest_first(browsing, alice_owes):
    client = browsing(alice_owes)
    said = [each.what for each in client.get("/me/history/").context["happened"]]
    number = Invoice.objects.get(settled_at=None).number
    assert f"Invoice {number} over 100.00 EUR." in said
    assert "You paid 100.00 EUR." in said
    assert "A payment of 100.00 EUR was declined." in said
    assert "Full member: In grace." in said
    assert "Full member: Pending." not in said
    assert said.index("Full member: In grace.") < said.index("You paid 100.00 EUR.")


@pytest.mark.db_matters
def test_history_comes_in_pages_with_nothing_lost(browsing, alice_in, until, clock):
    until(clock.now + timedelta(days=31 * 14), timedelta(days=1))
    client = browsing(alice_in)
    seen, address = [], "/me/history/"
    while address:
        answer = client.get(address)
        seen += [each.place for each in answer.context["happened"]]
        address = answer.context["older"]
    assert len(seen) > 30
    assert seen == sorted(set(seen), reverse=True)
    assert sum(rank == 0 for _at, rank, _then, _pk in seen) == Invoice.objects.count()
    assert sum(rank == 1 for _at, rank, _then, _pk in seen) == Payment.objects.count()


def test_cards_are_added_chosen_and_removed(browsing, alice_in, clock):
    client = browsing(alice_in)
    assert "Visa … 4242" in text(client.get("/me/cards/"))
    answer = client.post("/me/cards/add/", {"account": "sandbox", "number": "4000 0000 0000 0259"})
    assert answer["Location"].endswith("/me/cards/")
    default = {each.last4: each.is_default for each in kept.kept(alice_in, now=clock.now)}
    assert default == {"4242": False, "0259": True}
    first = next(each for each in kept.kept(alice_in, now=clock.now) if each.last4 == "4242")
    named = {"account": first.account, "ref": first.ref}
    assert "This card pays from now on." in text(client.post("/me/cards/prefer/", named, follow=True))
    assert "by Visa … 4242" in text(client.get("/me/"))
    page = text(client.get("/me/cards/remove/", named))
    assert "What renews is charged to another of your cards." in page
    assert len(kept.kept(alice_in, now=clock.now)) == 2, "to look is not to remove"
    assert "The card is removed." in text(client.post("/me/cards/remove/", named, follow=True))
    assert [each.last4 for each in kept.kept(alice_in, now=clock.now)] == ["0259"]


@pytest.mark.parametrize("at", ["sandbox", "sandbox-auto"])
def test_a_card_approved_at_the_bank_pays_once_its_owner_is_back(browsing, alice, buys, clock, at):
    buys(alice, "full", "month", at=at)
    client = browsing(alice)
    sent = client.post("/me/cards/add/", {"account": at, "number": "4000 0025 0000 3155"})
    before = text(client.get("/me/cards/"))
    assert "3155" not in before, "to come back without approving changes nothing"
    client.post(sent["Location"], {"answer": "approve"})
    assert "pays from now on" in text(client.get("/me/cards/"))
    assert [card.last4 for card in kept.kept(alice, now=clock.now) if card.is_default] == ["3155"]
    theirs = SandboxSubscription.objects.select_related("method").first()
    assert theirs is None or (theirs.method and theirs.method.token == "sandbox_challenge")


def test_removing_the_only_card_says_what_that_means(browsing, alice_in, clock):
    only = kept.kept(alice_in, now=clock.now)[0]
    page = text(browsing(alice_in).get("/me/cards/remove/", {"account": only.account, "ref": only.ref}))
    assert "This is your only card, and it pays: Full member." in page


def test_nobody_touches_the_cards_of_others(browsing, alice_in, bob_out, clock):
    only = kept.kept(alice_in, now=clock.now)[0]
    named = {"account": only.account, "ref": only.ref}
    client = browsing(bob_out)
    for address in ("/me/cards/prefer/", "/me/cards/remove/"):
        assert "not known any more" in text(client.post(address, named, follow=True))
    assert "not known any more" in text(client.get("/me/cards/remove/", named, follow=True))
    assert kept.kept(alice_in, now=clock.now) == [only]


def test_a_card_that_is_declined_is_not_kept(browsing, alice_in, clock):
    answer = browsing(alice_in).post("/me/cards/add/", {"account": "sandbox", "number": "4000 0000 0000 0002"})
    assert answer.status_code == 422
    assert "The card was declined." in answer.content.decode()
    assert len(kept.kept(alice_in, now=clock.now)) == 1


@pytest.fixture
def workshop(alice_in, dana, clock):
    """A door for every member, and alice's card for it."""
    doors.make_door(name="Workshop", place="Yard", by=dana, now=clock.now)
    return doors.add_card(
        alice_in, uid="04:A2:3B:C1:5D:66:80", label="Blue tag", keep_last_four=True, by=dana, now=clock.now
    )


def test_access_says_of_each_door_and_level_what_and_why(browsing, alice_in, workshop, bob_out):
    page = text(browsing(alice_in).get("/me/access/"))
    assert "Opens" in page
    assert "Blue tag … 6680" in page
    assert "This is for members of another level: Weekday." in page
    page = text(browsing(bob_out).get("/me/access/"))
    assert "Opens" not in page
    assert "Your membership has ended, or is paused." in page
    assert "Blue tag" not in page


def test_a_lost_card_opens_nothing_from_now_on(browsing, alice_in, workshop):
    client, address = browsing(alice_in), reverse("gs_portal:lost_card", args=[workshop.pk])
    assert "I lost this card" in text(client.get(address))
    workshop.refresh_from_db()
    assert workshop.status == Card.Status.ACTIVE, "to look is not to report"
    page = text(client.post(address, follow=True))
    assert "The card opens nothing from now on." in page
    assert "Stays shut" in page
    assert AuditEntry.objects.get(action="card lost").by == alice_in.user
    assert "This card opens nothing already." in text(client.post(address, follow=True))


def test_nobody_reports_the_card_of_another(browsing, workshop, bob):
    assert browsing(bob).post(reverse("gs_portal:lost_card", args=[workshop.pk])).status_code == 404
    workshop.refresh_from_db()
    assert workshop.status == Card.Status.ACTIVE


@pytest.mark.parametrize(
    ("code", "names"),
    [
        (Code.LAPSED, ["pay_next", "levels", "membership"]),
        (Code.GRACE, ["pay_next", "membership"]),
        (Code.PENDING, ["pay_next", "membership"]),
        (Code.NO_MEMBER, ["levels"]),
        (Code.HELD, ["membership"]),
        (Code.OTHER_LEVEL, ["levels", "membership"]),
    ],
)
def test_who_is_refused_is_led_here(code, names):
    links = [address.partition("?")[0] for address, _label in remedies.links(code, back_to="/wiki/")]
    rooms = {"levels": "gs_checkout:levels"}
    assert links == [reverse(rooms.get(name, f"gs_portal:{name}")) for name in names]


def test_what_a_gateway_renews_is_paid_here_as_well(browsing, alice, buys, everything_until, clock):
    buys(alice, "full", "month", at="sandbox-auto", card="sandbox_fails_later")
    everything_until(clock.now + timedelta(days=33))
    client = browsing(alice)
    page = text(client.get("/me/"))
    assert "In grace" in page
    assert "The bank tries again by itself; you can also pay it here." in page
    bill = Invoice.objects.get(settled_at=None)
    address = reverse("gs_portal:pay", args=[bill.pk])
    client.post(address, {"method": "", "number": "4242 4242 4242 4242"})
    assert "is paid" in text(client.get(address))
    assert standing_now(alice.pk, now=clock.now).status == "good"


def test_a_held_member_is_told_why_and_what_to_do(browsing, alice_in, dana, clock):
    hold(alice_in, kind=HoldKind.SUSPENDED, reason="The key is missing", by=dana, now=clock.now)
    page = text(browsing(alice_in).get("/me/"))
    assert "On hold" in page
    assert "Your membership is suspended by the staff. They say: “The key is missing”. Ask the staff." in page
    assert "Your access stays" not in text(
        browsing(alice_in).get(reverse("gs_portal:stop", args=[Subscription.objects.get().pk]))
    )


def test_an_answer_that_is_lost_is_looked_for_again(browsing, alice_owes, clock):
    client, bill = browsing(alice_owes), Invoice.objects.get(settled_at=None)
    address = reverse("gs_portal:pay", args=[bill.pk])
    client.post(address, {"method": "", "number": "5555 5555 5555 4444"})
    assert Payment.objects.filter(status="succeeded").count() == 1, "nobody heard of it yet"
    clock.advance(timedelta(minutes=10))
    assert "is paid" in text(client.get(address))
    assert Payment.objects.filter(status="succeeded").count() == 2
    assert standing_now(alice_owes.pk, now=clock.now).status == "good"
