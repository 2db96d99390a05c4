"""What staff decide: each decision, its refusals beside it, and the standing before and after."""

from __future__ import annotations

from datetime import timedelta

import pytest

from goodstanding.audit.models import AuditEntry
from goodstanding.catalogue.models import Level
from goodstanding.core.records import HoldKind
from goodstanding.memberships import services
from goodstanding.memberships.models import Approval, Grant, Hold, Membership, StandingChange
from goodstanding.memberships.reading import standing_now
from goodstanding.memberships.services import DecisionRefused
from tests import lives

MONTH, DAY, HOUR = timedelta(days=30), timedelta(days=1), timedelta(hours=1)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def levels(db, clock):
    lives.set_up()


@pytest.fixture
def standing(clock):
    """What a member's standing is now, with the reason."""

    def now_of(member):
        found = standing_now(member.pk, now=clock.now)
        return str(found.status)

    return now_of


@pytest.fixture
def covered(alice, dana, clock):
    """Alice, covered at the bench level for a month, since an hour ago."""
    grant(alice, dana, clock)
    clock.advance(HOUR)
    return alice


def grant(member, by, clock, level="bench", *, start=None, end=MONTH, reason="a gift of the board"):
    start = clock.now if start is None else start
    end_at = end if end is None else start + end
    level = Level.objects.get(pk=level)
    return services.grant(member, level=level, start_at=start, end_at=end_at, reason=reason, by=by, now=clock.now)


def hold(member, by, clock, **given):
    given = {"kind": HoldKind.SUSPENDED, "reason": "left the saw running", **given}
    return services.hold(member, by=by, now=clock.now, **given)


def notes(row):
    return list(AuditEntry.objects.filter(object_id=row.pk).order_by("id").values_list("action", "by__email", "why"))


def changes(member):
    rows = StandingChange.objects.filter(member=member).order_by("recorded_at", "id")
    return [(row.before, row.after, row.cause) for row in rows]


def test_a_grant_covers_until_its_end_and_no_longer(alice, dana, clock, standing):
    assert standing(alice) == "none"
    given = grant(alice, dana, clock)
    assert standing(alice) == "good"
    assert notes(given) == [("grant", dana.email, "a gift of the board")]
    assert changes(alice) == [("none", "good", given.pk)]
    clock.advance(MONTH - timedelta(microseconds=1))
    assert standing(alice) == "good"
    clock.advance(timedelta(microseconds=1))
    assert standing(alice) == "lapsed"


def test_a_grant_of_next_week_lets_nobody_in_today(alice, dana, clock, standing):
    grant(alice, dana, clock, start=clock.now + 7 * DAY)
    assert standing(alice) != "good"
    clock.advance(7 * DAY)
    assert standing(alice) == "good"


def test_a_grant_without_end_covers_for_good(alice, dana, clock, standing):
    grant(alice, dana, clock, end=None)
    clock.advance(timedelta(days=36500))
    assert standing(alice) == "good"


def test_a_second_grant_at_the_same_level_joins_the_place_and_one_in_the_group_opens_another(alice, dana, clock):
    grant(alice, dana, clock)
    grant(alice, dana, clock, start=clock.now + MONTH)
    assert Membership.objects.filter(member=alice).count() == 1
    grant(alice, dana, clock, "studio")  # of the same group, which allows one
    assert list(Membership.objects.filter(member=alice, is_open=True).values_list("level", flat=True)) == ["studio"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"reason": "  "}, "Say why"),
        ({"end": timedelta(0)}, "must come after its start"),
        ({"end": -DAY}, "must come after its start"),
    ],
)
def test_a_grant_is_refused_whole(alice, dana, clock, standing, wrong, words):
    with pytest.raises(DecisionRefused, match=words):
        grant(alice, dana, clock, **wrong)
    assert (standing(alice), Grant.objects.count(), Membership.objects.count()) == ("none", 0, 0)
    assert not AuditEntry.objects.exists()


def test_a_withdrawn_grant_covers_no_more_but_did(covered, dana, clock, standing):
    given = Grant.objects.get()
    clock.advance(DAY)
    services.withdraw(given, reason="was meant for Alina", by=dana, now=clock.now)
    assert standing(covered) == "lapsed"
    assert notes(given)[-1] == ("withdraw", dana.email, "was meant for Alina")
    assert changes(covered)[-1] == ("good", "lapsed", given.pk)
    with pytest.raises(DecisionRefused, match="taken back already"):
        services.withdraw(given, reason="again", by=dana, now=clock.now)
    assert len(notes(given)) == 2


def test_a_hold_keeps_out_until_it_is_released(covered, dana, clock, standing):
    held = hold(covered, dana, clock)
    assert standing(covered) == "held"
    document = standing_now(covered.pk, now=clock.now).document
    assert "suspended by staff: left the saw running" in document["because"]
    clock.advance(HOUR)
    services.release(held, reason="took the course", by=dana, now=clock.now)
    assert standing(covered) == "good"
    assert notes(held) == [("hold", dana.email, "left the saw running"), ("release", dana.email, "took the course")]
    assert changes(covered)[1:] == [("good", "held", held.pk), ("held", "good", held.pk)]


def test_a_released_hold_cannot_be_released_again(covered, dana, clock, standing):
    held = hold(covered, dana, clock)
    services.release(held, reason="took the course", by=dana, now=clock.now + HOUR)
    with pytest.raises(DecisionRefused, match="lifted already"):
        services.release(held, reason="again", by=dana, now=clock.now + 2 * HOUR)
    assert Hold.objects.get().released_at == clock.now + HOUR


def test_a_hold_with_an_end_ends_by_itself_with_every_worker_dead(covered, dana, clock, standing):
    hold(covered, dana, clock, until=clock.now + DAY)
    assert standing(covered) == "held"
    clock.advance(DAY)
    assert standing(covered) == "good"


def test_a_hold_of_one_membership_leaves_the_other_alone(covered, dana, clock, standing):
    grant(covered, dana, clock, "locker")
    bench = Membership.objects.get(level="bench")
    hold(covered, dana, clock, membership=bench.pk)
    levels = standing_now(covered.pk, now=clock.now).document["levels"]
    assert {level["level"]: level["status"] for level in levels} == {"bench": "held", "locker": "good"}
    assert standing(covered) == "good"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [({"reason": " "}, "Say why"), ({"until": timedelta(0)}, "must lie ahead"), ({"until": -DAY}, "ahead")],
)
def test_a_hold_is_refused_whole(covered, dana, clock, standing, wrong, words):
    given = {name: clock.now + value if isinstance(value, timedelta) else value for name, value in wrong.items()}
    with pytest.raises(DecisionRefused, match=words):
        hold(covered, dana, clock, **given)
    assert (standing(covered), Hold.objects.count(), AuditEntry.objects.filter(action="hold").count()) == ("good", 0, 0)


def test_somebody_elses_membership_is_not_held(covered, bob, dana, clock, standing):
    with pytest.raises(DecisionRefused, match="not this member's"):
        hold(bob, dana, clock, membership=Membership.objects.get().pk)
    assert (standing(covered), standing(bob), Hold.objects.count()) == ("good", "none", 0)


@pytest.mark.parametrize(("approve", "after", "done"), [(True, "good", "approve"), (False, "held", "deny")])
def test_what_waits_for_approval_is_held_and_stays_so_when_denied(covered, dana, clock, standing, approve, after, done):
    asked = services.ask_approval(Membership.objects.get(), now=clock.now)
    assert standing(covered) == "held"
    clock.advance(HOUR)
    services.decide(asked, approve=approve, reason="met in person", by=dana, now=clock.now)
    assert standing(covered) == after
    assert notes(asked) == [(done, dana.email, "met in person")]
    with pytest.raises(DecisionRefused, match="already"):
        services.decide(asked, approve=not approve, reason="on second thoughts", by=dana, now=clock.now)
    assert (standing(covered), len(notes(asked))) == (after, 1)


def test_asking_for_approval_again_changes_nothing(covered, dana, clock, standing):
    asked = services.ask_approval(Membership.objects.get(), now=clock.now)
    services.decide(asked, approve=True, reason="met in person", by=dana, now=clock.now)
    assert services.ask_approval(Membership.objects.get(), now=clock.now).pk == asked.pk
    assert (standing(covered), Approval.objects.count()) == ("good", 1)
