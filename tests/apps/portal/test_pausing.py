"""A member pauses on his own page: shown first, within what the level allows, dropped or gone on from; and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from goodstanding.billing.models import Invoice, Payment, Subscription
from goodstanding.catalogue.models import Level
from goodstanding.communications.models import Mail
from goodstanding.memberships import byhand, ending, owing, pausing
from goodstanding.memberships.reading import standing_now
from goodstanding.office import standings
from goodstanding.people.models import Member

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)


def text(answer: Any) -> str:
    """The page's words, as one line; those of a refusal, too."""
    return " ".join(answer.content.decode().split())


@pytest.fixture
def pausable(alice_in: Any) -> Subscription:
    """Alice's membership, of a level that its members may pause for thirty days, twice a year."""
    Level.objects.update(pause_days_max=30, pauses_max=2)
    return Subscription.objects.get()


def page_of(row: Subscription) -> str:
    return reverse("gs_portal:pause", args=[row.pk])


def ask(client: Any, row: Subscription, start: str, end: str = "") -> Any:
    return client.post(page_of(row), {"start": start, "end": end}, follow=True)


def confirm(client: Any, answer: Any) -> Any:
    """Press the button under what was shown."""
    address = f"{answer.request['PATH_INFO']}?{answer.request['QUERY_STRING']}"
    return client.post(address, {"shown": answer.context["shown"]}, follow=True)


def mails() -> list[str]:
    return list(
        Mail.objects.exclude(kind__in=("receipt", "welcome")).order_by("created_at").values_list("kind", flat=True)
    )


def test_x07_a_pause_is_shown_first_then_set_then_over_by_itself(browsing, alice_in, pausable, clock, until):
    client = browsing(alice_in)
    assert page_of(pausable) in text(client.get("/me/"))
    asked = text(client.get(page_of(pausable)))
    assert "A pause lasts up to 30 days." in asked
    assert "Within a year it may be paused 2 times; 2 left." in asked
    answer = ask(client, pausable, "2026-03-12", "2026-03-22")
    shown = text(answer)
    for said in (
        "from March 12, 2026 on",
        "on March 22, 2026, by itself; earlier whenever you like",
        "closed to you meanwhile",
        "counts until April 12, 2026, instead of April 2, 2026",
        "100.00 EUR on April 12, 2026",
    ):
        assert said in shown, said
    assert not Subscription.objects.get().has_pause_after(clock.now), "to look is not to pause"
    done = text(confirm(client, answer))
    assert "The pause is set: from March 12, 2026 until March 22, 2026." in done
    assert "You are covered until the pause begins, on March 12, 2026." in done
    assert "Drop the pause" in done
    until(datetime(2026, 3, 15, tzinfo=UTC), step=2 * DAY)
    page = text(client.get("/me/"))
    assert "Paused" in page
    assert "It is paused. It goes on by itself on March 22, 2026" in page
    assert "What you paid for counts until April 12, 2026 then." in page
    assert "It renews on April 12, 2026 for 100.00 EUR, by Visa … 4242." in page
    assert "What you held before" not in page
    assert standing_now(alice_in.pk, now=clock.now).status == "lapsed", "doors are shut"
    assert mails() == ["paused"], "nobody lapsed"
    assert "Your membership has ended, or is paused." in text(client.get("/me/access/"))
    assert not Member.objects.filter(standings.lapsed_since(clock.now - 7 * DAY, now=clock.now)).exists()
    until(datetime(2026, 3, 23, tzinfo=UTC), step=2 * DAY)
    assert standing_now(alice_in.pk, now=clock.now).status == "good"
    assert mails() == ["paused", "goes_on_soon"]
    until(datetime(2026, 4, 11, tzinfo=UTC), step=9 * DAY)
    assert Payment.objects.count() == 1
    until(datetime(2026, 4, 13, tzinfo=UTC), step=DAY)
    assert Payment.objects.count() == 2, "what was shown is what is charged (I13)"
    assert mails() == ["paused", "goes_on_soon"]


def test_x02_going_on_early_moves_the_rest_and_says_so_first(browsing, alice_in, pausable, clock):
    client = browsing(alice_in)
    clock.advance(3 * DAY)
    confirm(client, ask(client, pausable, "2026-03-05", "2026-03-22"))
    clock.advance(5 * DAY)
    assert "Go on early" in text(client.get("/me/"))
    assert "Full member: Paused." in text(client.get("/me/history/"))
    page = text(client.get(page_of(pausable)))
    assert "It is paused since March 5, 2026, and goes on by itself on March 22, 2026." in page
    assert "counts until April 7, 2026" in page
    assert "100.00 EUR on April 7, 2026" in page
    assert standing_now(alice_in.pk, now=clock.now).status == "lapsed", "to look is not to go on"
    page = text(client.post(reverse("gs_portal:go_on", args=[pausable.pk]), follow=True))
    assert "The pause is over: it goes on." in page
    assert "In good standing" in page
    assert mails() == ["paused", "goes_on"]
    again = text(client.post(reverse("gs_portal:go_on", args=[pausable.pk]), follow=True))
    assert "There is no such pause." in again
    assert "Within a year it may be paused 2 times; 1 left." in text(client.get(page_of(pausable)))


def test_b53_a_pause_that_is_set_is_dropped_and_all_is_as_before(browsing, alice_in, pausable, clock, until):
    client = browsing(alice_in)
    confirm(client, ask(client, pausable, "2026-03-12", "2026-03-22"))
    clock.advance(DAY)
    page = text(client.get(page_of(pausable)))
    assert "A pause is set from March 12, 2026 until March 22, 2026." in page
    page = text(client.post(reverse("gs_portal:drop_pause", args=[pausable.pk]), follow=True))
    assert "The pause is dropped: everything is as it was before." in page
    assert "It renews on April 2, 2026 for 100.00 EUR" in page
    assert "Paid until April 2, 2026." in page
    assert mails() == ["paused", "pause_dropped"]
    until(datetime(2026, 4, 3, tzinfo=UTC), step=3 * DAY)
    assert Payment.objects.count() == 2
    assert mails() == ["paused", "pause_dropped"], "what was dropped is reminded of no more"


REFUSED = [
    ("past", "2026-03-01", "2026-03-05", "A pause begins today or later."),
    ("B53: an end before its start", "2026-03-12", "2026-03-11", "must come after the day on which the pause begins"),
    ("B53: an end at its start", "2026-03-12", "2026-03-12", "must come after the day on which the pause begins"),
    ("too long", "2026-03-12", "2026-04-12", "does not last that long"),
    ("in a far future", "2026-03-12", "9999-12-31", "does not last that long"),
    ("without an end", "2026-03-12", "", "this level cannot be paused without an end"),
    ("after what is paid", "2026-04-03", "2026-04-12", "must begin before what is paid ends"),
    ("in a far future", "9999-12-30", "9999-12-31", "must begin before what is paid ends"),
    ("before there were calendars", "0001-01-01", "0001-01-02", "A pause begins today or later."),
    ("no day", "soon", "2026-04-12", "Enter a valid date."),
    ("no day", "", "2026-04-12", "This field is required."),
]


@pytest.mark.db_matters
def test_what_cannot_be_is_refused_in_words_and_what_was_typed_stays(browsing, alice_in, pausable, clock):
    client = browsing(alice_in)
    for name, start, end, words in REFUSED:
        answer = ask(client, pausable, start, end)
        assert answer.status_code == 422, name
        page = text(answer)
        assert words in page, name
        assert f'value="{start}"' in page or not start, name
        assert f'value="{end}"' in page or not end, name
    assert not Subscription.objects.get().has_pause_after(clock.now)
    assert mails() == []


def test_who_may_not_pause_is_told_why(browsing, alice_in, pausable, clock, until):
    """Not offered, used up, cancelled, paused already, something unpaid; nothing changes, whatever is sent."""

    def refusal() -> str:
        sent = client.post(page_of(pausable), {"start": "2026-03-12", "end": "2026-03-22"})
        assert sent.status_code == 422
        return str(sent.context["refusal"])

    client = browsing(alice_in)
    answer = ask(client, pausable, "2026-03-02", "2026-03-04")
    Level.objects.update(pause_days_max=None)
    assert "This level cannot be paused here." in refusal()
    assert page_of(pausable) not in text(client.get("/me/"))
    Level.objects.update(pause_days_max=30, pauses_max=1)
    pausing.pause(pausable, start=clock.now, end=clock.now + DAY, now=clock.now)
    assert "Go on now" in text(confirm(client, answer)), "sent twice, it is paused once"
    clock.set(clock.now + 2 * DAY)
    assert "as often as it may be within a year" in refusal()
    Level.objects.update(pauses_max=None)
    ending.cancel(pausable, now=clock.now)
    assert "there is nothing to pause" in refusal()
    ending.stay(pausable, now=clock.now)
    assert ask(client, pausable, "2026-03-12", "2026-03-22").status_code == 200
    assert len(mails()) == 2, mails()  # paused, cancelled


def test_an_unpaid_bill_and_what_a_stranger_has_cannot_be_paused(browsing, alice_owes, bob, clock):
    Level.objects.update(pause_days_max=30)
    row = Subscription.objects.get()
    page = text(browsing(alice_owes).get(page_of(row)))
    assert "Something is not paid yet. Pay it first, then pause." in page
    for name in ("pause", "go_on", "drop_pause"):
        assert browsing(bob).post(reverse(f"gs_portal:{name}", args=[row.pk])).status_code in (302, 404, 200)
        with pytest.raises(pausing.CannotPause):
            pausing.resume(row, now=clock.now)


def test_what_a_gateway_bills_is_refused_in_words(browsing, alice, buys, clock):
    buys(alice, "full", "month", at="sandbox-auto")
    Level.objects.update(pause_days_max=30)
    row = Subscription.objects.get()
    page = text(browsing(alice).get(page_of(row)))
    assert "renews this by its own clock" in page


def test_without_an_end_where_the_level_allows_it(browsing, alice_in, pausable, clock, until):
    Level.objects.update(pause_open_ended=True)
    client = browsing(alice_in)
    answer = ask(client, pausable, "2026-03-02")
    assert "when you say so, on this page" in text(answer)
    assert "what is left of it then is kept for after the pause" in text(answer)
    assert "none, until you go on" in text(answer)
    assert "It is paused, until you go on." in text(confirm(client, answer))
    page = text(client.get(reverse("gs_portal:stop", args=[pausable.pk])))
    assert "The pause is over. You have access until April 2, 2026; then the membership ends." in page
    until(datetime(2026, 6, 2, tzinfo=UTC), step=20 * DAY)
    assert (Payment.objects.count(), mails()) == (1, ["paused"])


def test_what_was_shown_and_holds_no_more_is_shown_anew(browsing, alice_in, pausable, clock):
    client = browsing(alice_in)
    answer = ask(client, pausable, "2026-03-02", "2026-03-22")
    address = f"{answer.request['PATH_INFO']}?{answer.request['QUERY_STRING']}"
    sent = client.post(address, {"shown": answer.context["shown"].replace("2026-03-22", "2026-03-23")})
    assert sent.status_code == 422
    assert "It would come to something else by now." in text(sent)
    assert not Subscription.objects.get().has_pause_after(clock.now)


def test_a_bill_by_hand_for_the_time_to_come_is_put_off_with_it(browsing, alice, dana, price, clock, until):
    byhand.sell(alice, price("full", "month"), how="cash", reference="", paid_at=clock.now, by=dana, now=clock.now)
    Level.objects.update(pause_days_max=30)
    until(clock.now + 25 * DAY, step=5 * DAY)
    row, bill = Subscription.objects.get(), Invoice.objects.get(status="open")
    client = browsing(alice)
    assert page_of(row) in text(client.get("/me/"))
    answer = ask(client, row, "2026-04-02", "2026-04-20")
    assert f"{bill.number} is void; the next one comes later" in text(answer)
    assert "100.00 EUR on April 20, 2026" in text(answer)
    confirm(client, answer)
    bill.refresh_from_db()
    assert (bill.status, owing.open_invoices(alice)) == ("void", [])
    until(datetime(2026, 4, 21, tzinfo=UTC), step=6 * DAY)
    assert str(Invoice.objects.get(status="open").lines.get().start_at.date()) == "2026-04-20", "what was shown"
    assert "payment_overdue" not in mails()
