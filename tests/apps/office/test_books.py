from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from goodstanding.audit.models import AuditEntry
from goodstanding.billing.models import Transfer
from tests.apps.office.conftest import words
from tests.apps.staff import with_permissions

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def download(office: Any, **given: str) -> Any:
    return office.get(reverse("gs_office:journal"), {"format": "csv", "by": "transfer", **given})


def test_the_months_are_shown_with_what_was_earned_and_is_owed(office: Any, alice: Any, paid: Any, clock: Any) -> None:
    paid(alice)  # 100.00 for 2 March to 2 April
    page = words(office.get(reverse("gs_office:books")))
    assert "Journal and bills agree to the last unit." in page
    assert "Mar 2026" in page
    assert "95.43" in page  # earned in March, if nothing more happens: 29 days and 14 hours of 31 days
    assert "4.57" in page  # still owed
    assert "not over" in page
    clock.advance(31 * DAY)
    assert "Apr 2026" in words(office.get(reverse("gs_office:books")))


def test_books_that_do_not_agree_say_so(office: Any, alice: Any, paid: Any) -> None:
    paid(alice)
    Transfer.objects.filter(credit="deferred_revenue").update(amount_minor=10001)
    page = words(office.get(reverse("gs_office:books")))
    assert "The journal and the bills do not agree" in page
    assert "100.01 EUR" in page


def test_the_journal_is_taken_as_a_file_and_the_audit_keeps_by_whom(
    office: Any, dana: Any, alice: Any, paid: Any
) -> None:
    paid(alice)
    answer = download(office)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="goodstanding-2026-03-02.csv"'
    text = b"".join(answer.streaming_content).decode()
    assert text.startswith("date,transfer,what,debit,credit,amount,currency,about,payer\n")
    assert "assets:receivable,liabilities:deferred-revenue,100.00,EUR" in text
    assert alice.email not in text
    entry = AuditEntry.objects.get(action="export journal")
    assert (entry.by, entry.why) == (dana, "… to before 2026-03-03, csv by transfer")
    for form, begins in (("hledger", "; The journal"), ("beancount", "; The journal")):
        assert b"".join(download(office, format=form).streaming_content).decode().startswith(begins)


@pytest.mark.parametrize(
    "given",
    [{"format": "xlsx"}, {"by": "week"}, {"since": "yesterday"}, {"since": "2026-03-02", "until": "2026-03-02"}],
)
def test_what_cannot_be_given_is_refused_on_the_page(office: Any, given: dict[str, str]) -> None:
    answer = download(office, **given)
    assert answer.status_code == 422
    assert not AuditEntry.objects.filter(action="export journal").exists()


def test_only_who_may_see_transfers_sees_the_books(client: Any, dana: Any, alice: Any) -> None:
    with_permissions(client, dana, "view_payment")
    assert client.get(reverse("gs_office:books")).status_code == 403
    assert download(client).status_code == 403
    assert "Books" not in words(client.get(reverse("gs_office:payments")))
    with_permissions(client, dana, "view_transfer")
    assert client.get(reverse("gs_office:books")).status_code == 200
    client.force_login(alice.user)
    assert download(client).status_code == 403
