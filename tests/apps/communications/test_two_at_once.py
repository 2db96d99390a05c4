"""Two connections at once: one mail of each key, sent once."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import transaction

from goodstanding.communications.models import Mail
from goodstanding.jobs.worker import Worker
from tests.apps.inbox.test_two_workers import PATIENCE_SECONDS, at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.db_matters]


def test_a_mail_posted_twice_at_once_is_there_once(post):
    keys = [f"challenge-{number}" for number in range(20)]

    def post_all() -> int:
        return sum(post(key) for key in keys)

    assert sum(at_once(post_all, post_all)) == 20
    assert Mail.objects.count() == 20


def test_who_posts_while_another_has_not_decided_yet_posts_if_that_one_turns_back(post):
    posted = threading.Event()

    def post_and_turn_back() -> None:
        with transaction.atomic():
            assert post()
            posted.set()
            transaction.set_rollback(True)

    def post_meanwhile() -> Any:
        assert posted.wait(PATIENCE_SECONDS)
        return post()

    assert at_once(post_and_turn_back, post_meanwhile)[1] is True
    assert Mail.objects.count() == 1


def test_two_workers_send_each_mail_once(post, server, clock):
    for number in range(20):
        post(f"challenge-{number}")
    alice, bob = (Worker(name=name, now=lambda: clock.now) for name in ("alice", "bob"))
    at_once(alice.drain, bob.drain)
    assert set(Mail.objects.values_list("state", "attempts")) == {("sent", 0)}
    assert len({message["Message-ID"] for message in server.taken}) == len(server.taken) == 20
