"""The sandbox's pages for payers and for staff, and its messages over real HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.urls import reverse

from goodstanding.gateways import services
from goodstanding.gateways.models import GatewayAccount
from goodstanding.gateways.requests import Redirect
from goodstanding.gateways.sandbox.models import Dispute, Fault, Message, Payment
from goodstanding.gateways.sandbox.vendor import sending
from goodstanding.gateways.sandbox.vendor.cards import CARDS
from goodstanding.inbox.models import WebhookEvent
from goodstanding.jobs.worker import Worker
from tests.gateways.living import Life

pytestmark = pytest.mark.django_db


@pytest.fixture
def life(alice, clock) -> Life:
    return Life(alice, now=clock.now)


def page_of(life: Life, **more: object) -> str:
    answer = life.begin(10_000, return_url="/back/?attempt=1", description="Full member <b>March</b>", **more)
    assert isinstance(answer, Redirect), answer
    return answer.url


# To approve


def test_the_page_says_what_is_to_be_approved_and_that_no_money_moves(client, life):
    shown = client.get(page_of(life, card="sandbox_challenge"))
    text = shown.content.decode()
    assert shown.status_code == 200
    assert "100.00 EUR" in text
    assert "No money moves" in text
    assert "&lt;b&gt;March" in text
    assert "no-cache" in shown["Cache-Control"]


@pytest.mark.parametrize(("answer", "status"), [("approve", "succeeded"), ("refuse", "failed")])
def test_approved_or_refused_the_payer_comes_back(client, life, answer, status):
    url = page_of(life, card="sandbox_challenge", keep=True)
    done = client.post(url, {"answer": answer})
    assert (done.status_code, done["Location"]) == (302, "/back/?attempt=1")
    assert life.last_payment().status == status
    told = life.told()
    for again in (client.get(url), client.post(url, {"answer": "approve"}), client.post(url, {"answer": "refuse"})):
        assert (again.status_code, again["Location"]) == (302, "/back/?attempt=1")
    assert (life.last_payment().status, life.told()) == (status, told)


def test_only_a_post_with_an_answer_decides(client, life):
    url = page_of(life, card="sandbox_challenge")
    assert client.get(url, {"answer": "approve"}).status_code == 200
    assert client.post(url, {"answer": "perhaps"}).status_code == 200
    assert client.put(url).status_code == 405
    assert life.last_payment().status == "waiting"


def test_another_site_cannot_approve(life):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    assert client.post(page_of(life, card="sandbox_challenge"), {"answer": "approve"}).status_code == 403
    assert life.last_payment().status == "waiting"


@pytest.mark.parametrize("name", ["gs_sandbox:pay", "gs_sandbox:challenge"])
def test_an_address_that_leads_nowhere_is_not_found(client, life, name):
    page_of(life, card="sandbox_challenge")
    assert client.get(reverse(name, args=["sbpage_nothing"])).status_code == 404
    GatewayAccount.objects.update(is_active=False)
    assert client.get(reverse(name, args=[life.last_payment().page])).status_code == 404


# To choose a card


def test_without_a_card_the_payer_chooses_one(client, life):
    url = page_of(life, card="", keep=True)
    text = client.get(url).content.decode()
    assert all((card.token in text) != card.answer_lost for card in CARDS.values())
    done = client.post(url, {"card": "sandbox_ok"})
    assert (done.status_code, done["Location"]) == (302, "/back/?attempt=1")
    assert life.last_payment().status == "succeeded"
    assert life.gateway.methods(life.customer, **life.on)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"card": "sandbox_declined"}, "declined"),
        ({"card": "sandbox_expired"}, "expired"),
        ({"card": "", "number": "4000 0000 0000 9995"}, "insufficient"),
        ({"card": "sandbox_ok", "number": "4111 1111 1111 1111"}, "Never type a real card"),
        ({}, "none of the sandbox"),
    ],
)
def test_a_card_that_is_refused_leaves_the_choice_and_shows_no_number(client, life, given, words):
    url = page_of(life, card="")
    shown = client.post(url, given)
    text = shown.content.decode()
    assert shown.status_code == 422
    assert words in text
    assert "4111" not in text
    assert life.last_payment().status == "waiting"
    assert client.post(url, {"number": "4242 4242 4242 4242"}).status_code == 302
    assert life.last_payment().status == "succeeded"


def test_a_card_that_needs_approval_leads_to_the_other_page(client, life):
    url = page_of(life, card="")
    done = client.post(url, {"card": "sandbox_challenge"})
    assert done["Location"] == reverse("gs_sandbox:challenge", args=[life.last_payment().page])
    assert client.get(url)["Location"] == done["Location"]
    assert client.post(done["Location"], {"answer": "approve"})["Location"] == "/back/?attempt=1"
    assert life.last_payment().status == "succeeded"


def test_who_leaves_has_paid_nothing(client, life):
    url = page_of(life, card="")
    assert client.post(url, {"leave": "1", "card": "sandbox_ok"}).status_code == 302
    assert (life.last_payment().status, life.last_payment().failure) == ("failed", "abandoned")


# Staff


@pytest.fixture
def boss(client, dana):
    dana.is_superuser = True
    dana.save()
    client.force_login(dana)
    return client


def test_staff_have_payments_disputed_and_decide(boss, life, clock):
    life.join()
    life.until(clock.advance(timedelta(hours=1)))
    payments = reverse("admin:gs_sandbox_payment_changelist")
    boss.post(payments, {"action": "contest", "_selected_action": [life.last_payment().pk]})
    assert Dispute.objects.get().status == "open"
    disputes = reverse("admin:gs_sandbox_dispute_changelist")
    for action in ("lose", "win"):
        boss.post(disputes, {"action": action, "_selected_action": [Dispute.objects.get().pk]})
    assert Dispute.objects.get().status == "lost"
    life.hear()
    assert life.standing(life.now) == "full=lapsed"


def test_staff_order_faults(boss, life):
    fields = {"account": "sandbox-auto", "kind": "lose", "left": "2", "seconds": "0"}
    assert boss.post(reverse("admin:gs_sandbox_fault_add"), fields).status_code == 302
    assert Fault.objects.get().kind == "lose"


@pytest.mark.parametrize("model", ["payment", "dispute", "subscription", "invoice", "message", "fault"])
def test_the_staffs_pages_open(boss, life, model):
    life.join(card="sandbox_disputed")
    assert boss.get(reverse(f"admin:gs_sandbox_{model}_changelist")).status_code == 200


def test_no_page_shows_what_a_message_says(boss, life):
    row = Message.objects.get(type="customer.created")
    shown = boss.get(reverse("admin:gs_sandbox_message_change", args=[row.pk]))
    assert shown.status_code == 200
    assert "alice@example.org" not in shown.content.decode()


# Over HTTP


@pytest.mark.loopback
@pytest.mark.django_db(transaction=True)
def test_the_worker_delivers_to_our_own_receiver(live_server, settings, life):
    settings.GOODSTANDING_SANDBOX_URL = live_server.url
    life.join()
    worker = Worker(now=lambda: life.now)
    worker.drain()
    assert set(Message.objects.values_list("state", flat=True)) == {"sent"}
    assert WebhookEvent.objects.filter(state="done").count() == Message.objects.count() == 7
    assert life.now_stands() == "good"


class Broken(BaseHTTPRequestHandler):
    """A server that is in trouble."""

    def do_POST(self) -> None:
        self.send_error(503)

    def log_message(self, *_args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def broken() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Broken)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.loopback
@pytest.mark.parametrize("up", [True, False])
def test_what_is_not_taken_is_tried_again_later(settings, life, broken, up):
    settings.GOODSTANDING_SANDBOX_URL = broken if up else "http://127.0.0.1:9"
    (message,) = sending.claim(now=life.now, worker="w", limit=5)
    sending.process(message, now=life.now)
    message.refresh_from_db()
    assert (message.state, message.attempts) == ("waiting", 1)
    assert message.due_at > life.now
    assert message.last_error.startswith("NotTaken")


def test_the_address_is_the_servers_own_unless_told_otherwise(settings, db):
    account = services.ensure_sandbox_accounts()[0].code
    settings.PORT = 8123
    assert sending.address(account) == "http://127.0.0.1:8123/webhooks/sandbox/sandbox/"
    settings.GOODSTANDING_HOST = "::"
    assert sending.address(account) == "http://[::1]:8123/webhooks/sandbox/sandbox/"
    settings.GOODSTANDING_SANDBOX_URL = "https://members.example.org/"
    assert sending.address(account) == "https://members.example.org/webhooks/sandbox/sandbox/"


def test_payments_are_nobodys_business_but_their_payers(life):
    """The secret in a page's address cannot be worked out from what members see."""
    page_of(life, card="sandbox_challenge")
    page = Payment.objects.get().page
    assert page.startswith("sbpage_")
    assert page.removeprefix("sbpage_") not in (life.last_payment().pk, life.customer)
