"""Two who ask the sandbox for the same at the same moment: it is done once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections

from goodstanding.core.money import Money
from goodstanding.gateways import services
from goodstanding.gateways.protocol import GatewayRefused
from goodstanding.gateways.requests import BeginRequest, Taken
from goodstanding.gateways.sandbox.models import Invoice, Kept, Message, Payment
from goodstanding.gateways.sandbox.vendor import clock
from tests.gateways.living import Life, at

PATIENCE_SECONDS = 60
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.db_matters]


def at_once(work: Callable[[int], Any], *, times: int = 4) -> list[Any]:
    """Do ``work`` in threads that start together; return what each returned or raised."""
    start = threading.Barrier(times, timeout=PATIENCE_SECONDS)
    results: list[Any] = [None] * times

    def run(number: int) -> None:
        try:
            start.wait()
            results[number] = work(number)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            results[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    assert not any(thread.is_alive() for thread in threads)
    return results


def test_the_same_key_at_once_is_one_charge_and_one_answer(alice):
    life = Life(alice, code=services.SANDBOX)
    request = BeginRequest("attempt-1", life.customer, Money(10_000, "EUR"), "/back/", card="sandbox_ok", keep=True)
    answers = at_once(lambda _: life.gateway.begin(request, **life.on))
    assert all(isinstance(answer, Taken) for answer in answers), answers
    assert all(answer == answers[0] for answer in answers)
    assert (Payment.objects.count(), Kept.objects.count()) == (1, 2)


def test_refunds_at_once_never_give_back_more_than_was_paid(alice):
    life = Life(alice, code=services.SANDBOX)
    life.kept()
    paid = life.last_payment()
    answers = at_once(
        lambda number: life.gateway.refund(paid.pk, amount=Money(4_000, "EUR"), key=f"refund-{number}", **life.on)
    )
    assert sum(isinstance(answer, Taken) for answer in answers) == 2
    assert sum(isinstance(answer, GatewayRefused) for answer in answers) == 2
    paid.refresh_from_db()
    assert paid.refunded_minor == 8_000


def test_two_clocks_at_once_renew_once(alice):
    life = Life(alice)
    life.join()
    answers = at_once(lambda _: clock.advance(life.account, until=at(5, 3)), times=3)
    assert all(isinstance(answer, int) for answer in answers), answers
    assert list(Invoice.objects.values_list("status", flat=True)) == ["paid"] * 3
    assert Payment.objects.count() == 3
    assert Message.objects.count() == 7 + 2 * 5
