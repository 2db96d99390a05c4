"""What is told of an old subscription after its membership was closed opens nothing, under whatever item it comes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from goodstanding.core.records import (
    Closing,
    InvoiceRecord,
    LevelSpan,
    Line,
    MembershipRecord,
    Status,
    SubscriptionRecord,
    SubscriptionState,
)
from goodstanding.core.standing import judge

BEGUN, MONTH = datetime(2026, 3, 1, tzinfo=UTC), timedelta(days=30)
CLOSED = BEGUN + MONTH / 2


def bill(ref: str, line: Line) -> InvoiceRecord:
    return InvoiceRecord(ref, line.start, (line,), settled_at=line.start)


@pytest.fixture
def held() -> MembershipRecord:
    first = bill("in_1", Line("si_1", BEGUN, BEGUN + MONTH, subscription="sub_old"))
    old = SubscriptionRecord("sub_old", BEGUN, (SubscriptionState(BEGUN),))
    levels, closings = (LevelSpan(BEGUN, "basic"),), (Closing(CLOSED, changed=True),)
    return MembershipRecord("mem_1", BEGUN, levels, (old,), (first,), closings=closings)


@pytest.mark.parametrize(
    ("item", "subscription", "expected"),
    [
        ("si_1", "sub_old", Status.LAPSED),
        ("si_2", "sub_old", Status.LAPSED),  # it was given another item while its end was on its way
        ("si_3", "sub_new", Status.GOOD),
    ],
)
def test_g11_a_late_bill_counts_only_of_what_was_bought_after_it(
    held: MembershipRecord, item: str, subscription: str, expected: Status
) -> None:
    start = BEGUN + MONTH
    late = bill("in_2", Line(item, start, start + MONTH, subscription=subscription))
    told = replace(held, invoices=(*held.invoices, late))
    assert judge(told, CLOSED + timedelta(days=1)).status is Status.LAPSED
    assert judge(told, start + timedelta(days=1)).status is expected
