"""Seats by the services: given, taken, ended, too many; and what becomes of them with the payer's membership."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from goodstanding.audit.models import AuditEntry
from goodstanding.billing import recording
from goodstanding.billing.models import Payment, Subscription
from goodstanding.catalogue.services import import_catalogue
from goodstanding.communications.models import Mail
from goodstanding.core import ours
from goodstanding.core.ledger import Ledger
from goodstanding.core.money import Money
from goodstanding.core.records import HoldKind
from goodstanding.memberships import ending, giving_back, intake, rebuilding, seats_giving, services
from goodstanding.memberships.models import Invitation, Membership, MemberStanding, Seat, StandingChange
from goodstanding.memberships.reading import answers, standing_now
from goodstanding.memberships.seats_giving import CannotSeat
from goodstanding.people.services import make_member, make_user
from tests.apps.seats.house import HOUSES, invite, last_link, levels, of, seat, waiting

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)


def refused(code, does, *args, **named):
    with pytest.raises(CannotSeat) as refusal:
        does(*args, **named)
    assert refusal.value.code == code
    assert refusal.value.words


def agree():
    """Nothing to mend: the rows are what the records come to (I4)."""
    assert rebuilding.rebuild_customers()[2] == []
    assert rebuilding.rebuild_standing()[2] == []


def lapse_told(member):
    """The one mail that says that somebody's membership has lapsed."""
    return " ".join(Mail.objects.get(kind="lapsed", to_address=member.email).text.split())


def test_who_is_invited_takes_the_seat_and_stands_as_the_payer_does(household, alice, bob, clock):
    """The same dates, at the level that seats are of."""
    clock.advance(3 * DAY)
    link = invite(household, bob, clock)
    assert levels(bob, clock) == ""
    made = seats_giving.accept(*link, bob, now=clock.now)
    assert levels(bob, clock) == "family=good"
    mine, theirs = (standing_now(each.pk, now=clock.now).document for each in (bob, alice))
    assert mine["covered_until"] == theirs["covered_until"]
    assert mine["because"].startswith("through the membership of Alice: paid until ")
    assert mine["levels"][0]["since"] == f"{clock.now:%Y-%m-%dT%H:%M:%SZ}"
    assert [(row.before, row.after, row.cause) for row in StandingChange.objects.filter(member=bob)] == [
        ("none", "good", made.pk)
    ]
    assert Mail.objects.filter(kind="seat_accepted", to_address=alice.email).count() == 1
    agree()


def test_the_payer_s_lapse_grace_and_return_are_the_holder_s_in_the_same_moment(
    alice, bob, houses, price, clock, until
):
    membership = of(alice, "household", price, clock, card="sandbox_fails_later")
    seat(membership, bob, clock)
    for day in range(28, 50):
        until(clock.now.replace(day=2, month=3) + day * DAY)
        mine, theirs = (standing_now(each.pk, now=clock.now) for each in (bob, alice))
        assert mine.status == theirs.status, clock.now
        assert mine.document["changes_at"] == theirs.document["changes_at"]
    assert levels(bob, clock) == "family=lapsed"
    told = list(StandingChange.objects.filter(member=bob).order_by("at").values_list("after", flat=True))
    assert told == ["good", "grace", "lapsed"]
    assert "you had it through Alice, and that membership has ended" in lapse_told(bob)
    assert "it was not renewed" in lapse_told(alice)
    agree()


def test_a_holder_is_told_of_what_ends_at_once_by_one_mail_and_not_beside_that_of_his_seat(
    household, bob, carol, dana, clock, work
):
    seat(household, bob, clock)
    taken = seat(household, carol, clock)
    seats_giving.end(taken, Seat.Ended.REMOVED, by=household.member.user, now=clock.now)
    assert Mail.objects.filter(kind="seat_ended", to_address=carol.email).count() == 1
    clock.advance(timedelta(hours=1))
    giving_back.refund(Payment.objects.get(), amount=Money(9000, "EUR"), reason="moved", by=dana, now=clock.now)
    work()
    assert levels(bob, clock) == "family=lapsed"
    assert "you had it through Alice" in lapse_told(bob)
    assert not Mail.objects.filter(kind="lapsed", to_address=carol.email).exists()


def test_a_refund_and_a_hold_of_the_payer_s_count_and_a_hold_of_the_holder_s_is_his_alone(
    household, alice, bob, carol, dana, clock, work
):
    for each in (bob, carol):
        seat(household, each, clock)
    held = services.hold(alice, kind=HoldKind.SUSPENDED, reason="alice’s own secret", by=dana, now=clock.now)
    assert levels(bob, clock) == levels(carol, clock) == "family=held"
    assert "secret" not in json.dumps(standing_now(bob.pk, now=clock.now).document)
    services.release(held, reason="over", by=dana, now=clock.now)
    services.hold(bob, kind=HoldKind.SUSPENDED, reason="broke the saw", by=dana, now=clock.now)
    assert (levels(bob, clock), levels(carol, clock), levels(alice, clock)) == (
        "family=held",
        "family=good",
        "household=good",
    )
    clock.advance(timedelta(hours=1))
    agree()
    paid = Payment.objects.get()
    giving_back.refund(paid, amount=Money(9000, "EUR"), reason="moved away", by=dana, now=clock.now)
    work()
    assert levels(carol, clock) == "family=lapsed"
    agree()


def test_a_seat_too_many_is_refused_and_there_once_there_are_more(household, bob, carol, clock, dana, price):
    """C44: of two seats the third person gets none; there are three, and he gets it; it ends; it is given again."""
    third = make_member(
        user=make_user(email="dora@example.org", name="Dora", now=clock.now), name="Dora", now=clock.now
    )
    for each in (bob, carol):
        seat(household, each, clock)
    refused("full", seats_giving.invite, household, "dora@example.org", by=None, now=clock.now)
    refused("full", seats_giving.give, household, third, by=dana, reason="x", now=clock.now)
    assert (Seat.objects.count(), levels(third, clock), waiting()) == (2, "", 0)
    assert not AuditEntry.objects.exists()

    import_catalogue(json.dumps([{**HOUSES[0], "seats": 3}, HOUSES[2]]), now=clock.now)
    given = seat(household, third, clock)
    assert levels(third, clock) == "family=good"
    seats_giving.end(given, Seat.Ended.REMOVED, by=None, now=clock.now)
    assert levels(third, clock) == "family=lapsed"
    refused("ended", seats_giving.end, given, Seat.Ended.REMOVED, by=None, now=clock.now)
    clock.advance(DAY)
    seat(household, third, clock)
    assert levels(third, clock) == "family=good"
    agree()


def test_fewer_in_the_price_count_for_those_who_buy_from_then_on(household, bob, carol, clock, until):
    """C45: nobody loses a seat by a change of the catalogue."""
    for each in (bob, carol):
        seat(household, each, clock)
    clock.advance(DAY)
    import_catalogue(json.dumps([{**HOUSES[0], "seats": 1, "seat_level": None}]), now=clock.now)
    until(clock.now + timedelta(days=40))
    assert levels(bob, clock) == levels(carol, clock) == "family=good"
    agree()


def test_another_level_with_fewer_seats_ends_the_last_ones_and_tells_everybody(household, alice, bob, carol, clock):
    """C45: a change of the parent's type."""
    first = seat(household, bob, clock)
    clock.advance(DAY)
    second = seat(household, carol, clock)
    clock.advance(DAY)
    import_catalogue(
        json.dumps([{**HOUSES[0], "slug": "pair", "name": "Pair", "seats": 1, "prices": []}, HOUSES[2]]), now=clock.now
    )
    row = Subscription.objects.select_related("customer", "gateway_account").get()

    last = Ledger(recording.objects_of([row.customer_id])[row.customer_id]).subscriptions[row.external_id][-1]
    item = last.items[0]
    hints = replace(item.hints, level="pair", price="prc_pair", labels=("Pair",))
    fact = ours.retold(last, at=clock.now, rank=1, items=(replace(item, hints=hints),))
    with transaction.atomic():
        intake.take_in([fact], account=row.gateway_account, event="evt_pair", recorded_at=clock.now, now=clock.now)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.until, second.until, second.ended) == (None, clock.now, "fewer")
    assert (levels(bob, clock), levels(carol, clock)) == ("family=good", "family=lapsed")
    assert AuditEntry.objects.filter(object_id=second.pk, action="end seat").count() == 1
    assert Mail.objects.filter(kind="seats_fewer", to_address=alice.email).count() == 1
    assert Mail.objects.filter(kind="seat_ended", to_address=carol.email).count() == 1
    agree()


def test_cancelling_cancels_all_at_the_end_of_what_is_paid(household, alice, bob, carol, clock, until):
    """C35; and what is renewed renews all."""
    for each in (bob, carol):
        seat(household, each, clock)
    until(clock.now + timedelta(days=33))
    assert levels(bob, clock) == levels(carol, clock) == "family=good"
    ending.cancel(Subscription.objects.get(), now=clock.now)
    until(clock.now + timedelta(days=33))
    assert levels(bob, clock) == levels(carol, clock) == "family=lapsed"
    assert levels(alice, clock) == "household=lapsed"
    agree()


def test_asked_for_any_moment_and_as_it_was_known_then(household, bob, clock):
    began = clock.now
    clock.advance(2 * DAY)
    given = seat(household, bob, clock)
    taken = clock.now
    clock.advance(2 * DAY)
    seats_giving.end(given, Seat.Ended.LEFT, by=bob.user, now=clock.now)
    left = clock.now

    def asked(at, **known):
        ((_, (answer,)),) = answers([bob], [at], **known)
        return str(answer.status)

    assert [asked(at) for at in (began, taken, left - timedelta(seconds=1), left)] == ["none", "good", "good", "lapsed"]
    assert asked(left, known_by=left - timedelta(seconds=1)) == "good"
    assert asked(taken, known_by=began) == "none"
    agree()


def test_a_membership_of_one_s_own_stays_beside_a_seat(household, bob, price, clock, until):
    of(bob, "full", price, clock)
    given = seat(household, bob, clock)
    assert levels(bob, clock) == "family=good;full=good"
    assert Membership.objects.filter(member=bob).count() == 1
    until(clock.now + timedelta(days=33))
    assert levels(bob, clock) == "family=good;full=good"
    seats_giving.end(given, Seat.Ended.LEFT, by=bob.user, now=clock.now)
    assert levels(bob, clock) == "full=good;family=lapsed"
    agree()


@pytest.mark.parametrize("wrong", ["token", "invitation", "address", "expired", "withdrawn", "again", "twice"])
def test_a_link_that_does_not_fit_gives_nothing_and_says_why(household, bob, carol, clock, wrong):
    link = invite(household, bob, clock)
    holder, code = bob, {"token": "unknown", "invitation": "unknown", "address": "other_address"}.get(wrong, wrong)
    invitation = Invitation.objects.get()
    match wrong:
        case "token":
            link = (link[0], "x" * 43)
        case "invitation":
            link = ("sin_x", link[1])
        case "address":
            holder = carol
        case "expired":
            clock.advance(timedelta(days=14))
        case "withdrawn":
            seats_giving.withdraw(invitation, now=clock.now)
        case "again":
            clock.advance(DAY)
            seats_giving.send_again(invitation, now=clock.now)
            code = "unknown"
        case "twice":
            seats_giving.accept(*link, bob, now=clock.now)
            code = "used"
    refused(code, seats_giving.accept, *link, holder, now=clock.now)
    assert Seat.objects.count() == (1 if wrong == "twice" else 0)


def test_the_token_is_nowhere_but_in_the_mail_and_a_new_one_is_sent_to_the_same_address(household, bob, clock):
    invitation, token = invite(household, bob, clock)
    assert token not in json.dumps(list(Invitation.objects.values()), default=str)
    clock.advance(timedelta(days=15))
    row = Invitation.objects.get()
    seats_giving.send_again(row, now=clock.now)
    again = last_link(bob.email)
    assert again[0] == invitation
    assert again[1] != token
    seats_giving.accept(*again, bob, now=clock.now)
    refused("closed", seats_giving.send_again, row, now=clock.now)
    refused("closed", seats_giving.withdraw, row, now=clock.now)


def test_an_invitation_promises_a_seat_until_it_runs_out(household, bob, carol, clock):
    invite(household, bob, clock)
    invite(household, carol, clock)
    refused("full", seats_giving.invite, household, "dora@example.org", by=None, now=clock.now)
    refused("invited", seats_giving.invite, household, bob.email.upper(), by=None, now=clock.now)
    clock.advance(timedelta(days=14))
    seats_giving.invite(household, "dora@example.org", by=None, now=clock.now)
    seats_giving.invite(household, bob.email, by=None, now=clock.now)
    refused("full", seats_giving.send_again, Invitation.objects.get(email=carol.email), now=clock.now)


@pytest.mark.parametrize("who", ["payer", "holder", "lapsed", "none"])
def test_who_cannot_be_given_a_seat(household, alice, bob, carol, clock, price, who, dana):
    if who == "payer":
        refused("yourself", seats_giving.invite, household, alice.email, by=None, now=clock.now)
        refused("yourself", seats_giving.give, household, alice, by=dana, reason="x", now=clock.now)
    elif who == "holder":
        seat(household, bob, clock)
        refused("held", seats_giving.invite, household, bob.email, by=None, now=clock.now)
        refused("held", seats_giving.give, household, bob, by=dana, reason="x", now=clock.now)
    elif who == "lapsed":
        link = invite(household, bob, clock)
        ending.cancel(Subscription.objects.get(), now=clock.now)
        services.hold(alice, kind=HoldKind.SUSPENDED, reason="x", by=dana, now=clock.now)
        refused("not_good", seats_giving.accept, *link, bob, now=clock.now)
        refused("not_good", seats_giving.invite, household, carol.email, by=None, now=clock.now)
    else:
        membership = of(bob, "full", price, clock)
        refused("no_seats", seats_giving.invite, membership, carol.email, by=None, now=clock.now)


def test_a_seat_is_given_to_somebody_else_both_or_neither(household, bob, carol, clock):
    given = seat(household, bob, clock)
    refused("yourself", seats_giving.move, given, household.member.email, by=None, now=clock.now)
    assert levels(bob, clock) == "family=good"
    seats_giving.move(given, carol.email, by=None, now=clock.now)
    given.refresh_from_db()
    assert (given.ended, levels(bob, clock), waiting()) == ("moved", "family=lapsed", 1)
    seats_giving.accept(*last_link(carol.email), carol, now=clock.now)
    assert levels(carol, clock) == "family=good"
    agree()


def test_what_staff_do_is_noted(household, bob, dana, clock):
    given = seats_giving.give(household, bob, by=dana, reason="asked at the desk", now=clock.now)
    seats_giving.end(given, Seat.Ended.STAFF, by=dana, reason="moved away", now=clock.now)
    noted = AuditEntry.objects.filter(object_id=given.pk).order_by("id").values_list("action", "why", "by__email")
    assert list(noted) == [
        ("give seat", "asked at the desk", dana.email),
        ("end seat", "moved away", dana.email),
    ]


@pytest.mark.parametrize("many", [2, 12])
def test_a_change_of_the_payer_s_takes_as_many_statements_for_many_seats_as_for_a_few(
    household, alice, clock, dana, many
):
    import_catalogue(json.dumps([{**HOUSES[0], "seats": many}, HOUSES[2]]), now=clock.now)
    for number in range(many):
        member = make_member(email=f"m{number}@example.org", now=clock.now)
        seats_giving.give(household, member, by=dana, reason="x", now=clock.now)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        services.hold(alice, kind=HoldKind.SUSPENDED, reason="x", by=dana, now=clock.now)
    assert MemberStanding.objects.filter(status="held").count() == many + 1
    assert len(queries) == 34, [query["sql"][:100] for query in queries]


def test_explain_tells_through_whom_and_what_happened_to_the_payer(household, alice, bob, dana, clock, capsys):
    given = seat(household, bob, clock)
    clock.advance(DAY)
    services.hold(alice, kind=HoldKind.SUSPENDED, reason="alice’s own secret", by=dana, now=clock.now)
    clock.advance(DAY)
    seats_giving.end(given, Seat.Ended.LEFT, by=bob.user, now=clock.now)
    call_command("explain", bob.email)
    said = capsys.readouterr().out
    assert "seat given through Alice" in said
    assert "through Alice: held (suspended)" in said
    assert "good → held: through the membership of Alice: suspended by staff" in said
    assert "held → lapsed: through the membership of Alice: the seat was given up at" in said
    assert "secret" not in said
    call_command("explain", alice.email)
    assert "seat given to bob@example.org" in capsys.readouterr().out


def test_nobody_s_mailbox_is_filled_from_here(household, bob, clock):
    for number in range(20):
        made = seats_giving.invite(household, f"m{number}@example.org", by=None, now=clock.now)
        refused("too_soon", seats_giving.send_again, made, now=clock.now)
        seats_giving.withdraw(made, now=clock.now)
    refused("too_many", seats_giving.invite, household, bob.email, by=None, now=clock.now)
    assert Mail.objects.filter(kind="seat_invited").count() == 20
    clock.advance(DAY)
    seats_giving.invite(household, bob.email, by=None, now=clock.now)


def test_a_row_of_standing_that_is_lost_is_made_again_and_a_wrong_one_mended(household, bob, carol, clock):
    for each in (bob, carol):
        seat(household, each, clock)
    whole = {row.pk: (row.status, row.outlook) for row in MemberStanding.objects.all()}
    MemberStanding.objects.filter(pk=bob.pk).delete()
    MemberStanding.objects.filter(pk=carol.pk).update(status="lapsed", outlook=[])
    assert rebuilding.rebuild_customers()[2] == []
    assert {each.row for each in rebuilding.rebuild_standing()[2]} == {bob.pk, carol.pk}
    assert {row.pk: (row.status, row.outlook) for row in MemberStanding.objects.all()} == whole
    agree()
