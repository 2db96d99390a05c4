"""The mails of a demonstration: staff read all, others those to themselves, newest first."""

from __future__ import annotations

from datetime import timedelta

import pytest

from goodstanding.communications.services import post
from goodstanding.site.demo_pages import MAILS

pytestmark = pytest.mark.django_db
URL = "/demo/mails/"


@pytest.fixture
def write(clock):
    """Write to somebody: ``write("alice", "Full member")``."""
    count = iter(range(1000))

    def one(who, level):
        context = {"level": level, "link": "http://127.0.0.1:8000/me/"}
        post("welcome", key=f"k{next(count)}", to=f"{who}@example.org", context=context, now=clock.now, name=who)

    return one


def seen(client, user, address=URL):
    client.force_login(user)
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_everyone_reads_those_to_themselves_and_staff_read_all(client, write, alice, bob, dana):
    write("alice", "Level of alice")
    write("bob", "Level of bob")
    for user, reads in ((alice.user, [True, False]), (bob.user, [False, True]), (dana, [True, True])):
        page = seen(client, user)
        assert ["Level of alice" in page, "Level of bob" in page] == reads, user


def test_who_was_written_nothing_is_told_so(client, write, alice, charlie):
    write("alice", "Full member")
    assert "No mail yet" in seen(client, charlie)


def test_the_newest_comes_first_and_older_ones_follow(client, write, clock, dana):
    for number in range(MAILS + 5):
        write("alice", f"Level {number:03}.")
        clock.advance(timedelta(minutes=1))
    first = seen(client, dana)
    assert first.index(f"Level {MAILS + 4:03}.") < first.index(f"Level {MAILS + 3:03}.")
    assert "Level 000." not in first
    older = first.split('href="?after=')[1].split('"')[0]
    second = seen(client, dana, f"{URL}?after={older}")
    assert [f"Level {number:03}." in second for number in (4, 0, 5)] == [True, True, False]
    assert 'href="?after=' not in second


def test_nobody_pages_into_the_mails_of_others(client, write, alice, bob, dana):
    write("bob", "Level of bob")
    staff = seen(client, dana)
    bobs = staff.split('aria-labelledby="mail_')[1].split('"')[0]
    assert "Level of bob" not in seen(client, alice.user, f"{URL}?after=mail_{bobs}")


def test_what_stands_in_a_mail_is_shown_as_text(client, write, alice):
    write("alice", "<script>alert(1)</script>")
    page = seen(client, alice.user)
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_who_is_not_logged_in_is_asked_to_and_only_reading_is_possible(client, alice):
    assert client.get(URL).url.startswith("/accounts/login/")
    client.force_login(alice.user)
    assert client.post(URL).status_code == 405
