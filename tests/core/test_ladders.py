"""Ladders, lived through: every small world of failures and successes, against what the ladder says in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations, product

import pytest

from goodstanding.core import dunning
from goodstanding.core.facts import InvoicePaymentFailed, InvoiceSeen, Ladder, PaymentSeen
from goodstanding.core.fold import InvoiceState
from goodstanding.core.ledger import Ledger, grouped
from tests.core.test_dunning import DAY, DUE, FIRST, HOUR, sub, unpaid

LADDERS = [
    Ladder(),
    Ladder(again_after=(2, 7, 14, 21), silent=(2, 3)),
    Ladder(again_after=()),
    Ladder(again_after=(1,), at_end="keep"),
    Ladder(again_after=(3, 5), at_end="keep", end_after=30),
    Ladder(again_after=(8, 16), end_after=50),
    Ladder(again_after=(3, 5), least_minor=1001),
]
ANSWERS = ("paid", "later", "owner", "never")


def lived(ladder: Ladder, answers: tuple[str, ...], *, late: timedelta) -> tuple[list[int], str, InvoiceState]:
    """Let our clock run: on which days after the first try it charged, how it came out, and the bill then."""
    bill, answer = unpaid(ladder=ladder), iter(answers)
    tried: list[int] = []
    for _ in range(20):
        step = dunning.next_step([sub()], [FIRST, bill])
        if step is None:
            return tried, "kept", bill
        if step.act is not dunning.Act.COLLECT:
            return tried, f"{step.act} {(step.at - DUE) // DAY}", bill
        tried.append((step.at - DUE) // DAY)
        said = next(answer, "later")
        at = step.at + late
        if said == "paid":
            return tried, "paid", replace(bill, settled_at=at)
        bill = replace(bill, failed_at=(*bill.failed_at, at), retry=said)
    raise AssertionError("it never ends")


def wanted(ladder: Ladder, answers: tuple[str, ...]) -> tuple[list[int], str]:
    """The same, as one would say it: from the list of days alone."""
    days, said = [0, *ladder.again_after], [*answers, *["later"] * 9]
    stop = next((index for index, each in enumerate(said) if each in ("paid", "never")), len(days))
    if said[0] != "paid" and ladder.least_minor > 1000:
        return [0], "kept"
    tried = days[: stop + 1]
    if stop < len(days) and said[stop] == "paid":
        return tried, "paid"
    if ladder.at_end == "keep" or ladder.least_minor > 1000:
        return tried, "kept"
    return tried, f"give_up {max(days) if ladder.end_after is None else ladder.end_after}"


def worlds() -> Iterator[tuple[Ladder, tuple[str, ...]]]:
    for ladder in LADDERS:
        yield from ((ladder, answers) for answers in product(ANSWERS, repeat=4))


@pytest.mark.parametrize("late", [timedelta(0), HOUR], ids=["on time", "an hour late"])
def test_every_small_world_of_failures_goes_by_its_ladder(late: timedelta) -> None:
    """B54, B55, B57, B59: tried on its days and no others, not after a final no, and over once."""
    for ladder, answers in worlds():
        tried, end, _ = lived(ladder, answers, late=late)
        assert (tried, end) == wanted(ladder, answers), (ladder, answers)


def test_each_try_is_a_step_of_its_own_and_silent_ones_are_not_written_of() -> None:
    bill = unpaid(ladder=Ladder(again_after=(2, 7, 14), silent=(2,)))
    told = []
    for days in (0, 2, 7, 14):
        bill = replace(bill, failed_at=(*bill.failed_at, DUE + days * DAY + HOUR))
        told.append((dunning.step_number(bill), dunning.is_written_of(bill)))
    assert told == [(1, True), (2, False), (3, True), (4, True)]
    own = replace(bill, failed_at=(DUE, DUE + DAY))
    assert dunning.step_number(own) == 1, "who tries by himself in between stays on the step"


def test_b59_nobody_is_written_to_for_what_is_not_worth_it() -> None:
    bill = unpaid(DUE, ladder=Ladder(least_minor=15000))
    assert not dunning.is_written_of(bill, {"EUR": 14900})
    assert dunning.is_written_of(bill, {"EUR": 15500})


def failed(days: int, retry: str, name: str) -> PaymentSeen:
    at = DUE + days * DAY
    return PaymentSeen(name, at, "failed", 1000, "EUR", at, "cus_1", invoice="ginv_0228", failure="x", retry=retry)


def said_of(*facts: PaymentSeen | InvoicePaymentFailed | InvoiceSeen) -> tuple[list[datetime], str]:
    bill = unpaid().last
    assert bill is not None
    ledger = Ledger(grouped([bill, *facts]))
    return list(ledger.failures_of("ginv_0228")), ledger.retry_of("ginv_0228")


def test_what_was_said_last_of_the_card_counts_in_whatever_order_it_is_told() -> None:
    """I1, I2. A slip of the payer's own pen says nothing of the card that is stored."""
    facts: list[PaymentSeen | InvoicePaymentFailed] = [
        failed(0, "later", "a"),
        failed(3, "never", "b"),
        failed(4, "", "c"),
        InvoicePaymentFailed("ginv_0228", "cus_1", DUE + 3 * DAY, "card_declined", "later"),
    ]
    for order in permutations(facts):
        moments, retry = said_of(*order, *order)
        assert [(at - DUE) // DAY for at in moments] == [0, 3, 4], order
        assert retry == "never", order
    assert said_of(*facts, failed(5, "later", "d"))[1] == "later", "another card was charged since"


def test_a16_a_failure_that_is_told_twice_is_one() -> None:
    told = failed(0, "later", "a")
    assert said_of(told, told, InvoicePaymentFailed("ginv_0228", "cus_1", told.at))[0] == [DUE]


def test_c16_what_was_paid_is_not_pending_again() -> None:
    bill = unpaid().last
    assert bill is not None
    paid = replace(failed(0, "", "a"), status="succeeded", failure="")
    late = replace(paid, status="pending", at=DUE + DAY)
    for order in ((paid, late), (late, paid)):
        state = Ledger(grouped([bill, *order])).invoices["ginv_0228"]
        assert (state.last and state.last.status, state.settled_at) == ("paid", DUE), order
