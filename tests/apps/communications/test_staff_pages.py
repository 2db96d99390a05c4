"""What staff see of mails, and what they can do about one that was given up on."""

from __future__ import annotations

import pytest
from django.urls import reverse

from goodstanding.audit.models import AuditEntry
from goodstanding.communications.models import Mail
from tests.apps.staff import page_of, statements, with_permissions

LIST = "/admin/gs_communications/mail/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def parked(post):
    post("refunded-1", kind="refunded", about="mbr_alice")
    Mail.objects.update(state=Mail.State.PARKED, last_error="address_refused: The mail server answered 550.")
    return Mail.objects.get()


def ask_to_send(client, *mails):
    return client.post(LIST, {"action": "send_again", "_selected_action": [mail.pk for mail in mails]}, follow=True)


def test_the_list_tells_what_was_sent_to_whom(client, dana, parked):
    with_permissions(client, dana, "view_mail")
    page = client.get(LIST).content.decode()
    for words in (parked.subject, "alice@example.org", "given up on", "answered 550"):
        assert words in page
    assert reverse("admin:gs_communications_mail_changelist") == LIST


@pytest.mark.parametrize("words", ["alice@example.org", "mbr_alice", "refunded-1"])
def test_a_mail_is_found_by_whole_words_alone(client, dana, parked, words):
    with_permissions(client, dana, "view_mail")
    assert parked.subject in client.get(LIST, {"q": words}).content.decode()
    assert parked.subject not in client.get(LIST, {"q": words[:-1]}).content.decode()


def test_a_mail_can_be_read_and_what_was_told_is_text(client, dana, parked):
    with_permissions(client, dana, "view_mail", "change_mail", "delete_mail")
    response = client.get(page_of(parked))
    page = response.content.decode()
    assert "You keep &lt;all&gt; of it." in page
    assert "<form" not in page.partition('id="content-main"')[2].partition("</form>")[0].replace("<form ", "", 1)
    assert client.post(page_of(parked), {"text": "other"}).status_code == 403
    assert client.post(page_of(parked, "delete"), {"post": "yes"}).status_code == 403


def test_who_may_not_see_mails_sees_none(client, dana, parked):
    with_permissions(client, dana, "view_auditentry")
    assert client.get(LIST).status_code == 403
    assert client.get(page_of(parked)).status_code == 403


def test_what_was_given_up_on_is_sent_again_and_it_is_noted_who_wanted_it(client, dana, parked, post):
    post("other-1")
    with_permissions(client, dana, "view_mail", "change_mail")
    page = ask_to_send(client, *Mail.objects.all()).content.decode()
    assert "1 mail will be sent again." in page
    parked.refresh_from_db()
    assert (parked.state, parked.last_error) == ("open", "")
    entry = AuditEntry.objects.get()
    assert (entry.by, entry.action, entry.object_id) == (dana, "send mail again", parked.pk)


def test_who_may_only_look_cannot_send_again(client, dana, parked):
    with_permissions(client, dana, "view_mail")
    ask_to_send(client, parked)
    parked.refresh_from_db()
    assert parked.state == "parked"
    assert not AuditEntry.objects.exists()


def test_the_list_takes_as_many_statements_for_many_as_for_one(client, dana, parked, post):
    with_permissions(client, dana, "view_mail")
    few = statements(client, LIST)
    for number in range(20):
        post(f"more-{number}")
    assert statements(client, LIST) == few
