"""The sandbox keeps the contract, all of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from goodstanding.core import codec
from goodstanding.core.facts import CustomerSeen, Fact, InvoicePaymentFailed, PaymentSeen, PriceHints, PriceSeen
from goodstanding.gateways import registry, services
from goodstanding.gateways.models import GatewayAccount
from goodstanding.gateways.protocol import Ability, BadEvent, BadSignature
from goodstanding.gateways.sandbox.models import Fault
from goodstanding.gateways.sandbox.vendor import faults, sending, telling
from tests.gateways.calls import COVERED, CallsContract
from tests.gateways.contract import NEW, NOW, OLD, GatewayContract

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CUSTOMER = CustomerSeen("sbcus_alice", AT, email="alice@example.org", name="Alice Ä")
FAILED = InvoicePaymentFailed("sbin_1", "sbcus_alice", AT)
PAID = PaymentSeen("sbpay_1", AT, "succeeded", 10_000, "EUR", AT, customer="sbcus_alice", invoice="inv_1")


def body(kind: str, *facts: Fact, **changed: object) -> bytes:
    _, told = telling.envelope(kind, facts, account="sandbox", created_at=AT)
    return json.dumps({**told, **changed}).encode()


class TestSandboxReading(GatewayContract):
    code = "sandbox"
    bodies = [
        body("customer.created", CUSTOMER),
        body("invoice.payment_failed", FAILED),
        body("payment.succeeded", PAID),
        body("something.new"),
    ]
    other_kinds = {
        "stripe's": b'{"object": "event", "id": "evt_1", "type": "invoice.paid", "livemode": true}',
        "list": b"[]",
        "number": b"1",
    }

    def signed(self, body: bytes, *, secret: str, at: datetime) -> Mapping[str, str]:
        return {sending.SIGNATURE_HEADER: sending.signature(body, secret=secret, at=at)}


class TestSandboxCalls(CallsContract):
    code = "sandbox"
    good_card = "sandbox_ok"
    bad_card = "sandbox_declined"

    def account(self) -> GatewayAccount:
        return services.ensure_sandbox_accounts()[1]

    def next_finds_nobody(self, account: GatewayAccount) -> None:
        faults.order(account.code, Fault.Kind.UNREACHABLE)

    def next_answer_is_lost(self, account: GatewayAccount) -> None:
        faults.order(account.code, Fault.Kind.ANSWER_LOST)


SANDBOX = registry.able("sandbox")


def test_every_ability_is_covered_by_a_contract():
    read = {Ability.VERIFY, Ability.PARSE, Ability.FACTS}
    for_trying = {Ability.CARDS, Ability.ADVANCE, Ability.DELIVER}  # tests/gateways/sandbox
    assert COVERED | read | for_trying == frozenset(Ability) - {Ability.BILL} == SANDBOX.abilities


def _header(secret: str = NEW, at: datetime = NOW) -> str:
    return sending.signature(TestSandboxReading.bodies[0], secret=secret, at=at)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "nonsense",
        "t=,v1=",
        "t=abc,v1=00",
        _header().replace("v1=", "v0="),
        _header().upper(),
        _header().partition(",")[2],
        f"{_header()},t=1",
        f"t=1,{_header()}",
        f"t=9{'9' * 400},v1=00",
    ],
)
def test_other_headers_are_unverified(header):
    with pytest.raises(BadSignature) as caught:
        SANDBOX.verify({"Sandbox-Signature": header}, TestSandboxReading.bodies[0], secrets=[NEW], now=NOW)
    assert caught.value.code == "unverified"


def test_of_several_signatures_one_good_one_is_enough():
    both = f"{_header(OLD)},{_header(NEW).partition(',')[2]}"
    message = TestSandboxReading.bodies[0]
    assert SANDBOX.verify({"Sandbox-Signature": both}, message, secrets=[NEW], now=NOW) == SANDBOX.parse(message)


def test_facts_come_out_as_they_went_in():
    for fact in (CUSTOMER, FAILED, PAID):
        assert SANDBOX.facts(SANDBOX.parse(body("some.kind", fact))).facts == (fact,)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"id": None}, "missing_field"),
        ({"id": "evt 1"}, "bad_field"),
        ({"id": "e" * 201}, "bad_field"),
        ({"type": "Invoice Paid"}, "bad_field"),
        ({"created": None}, "missing_field"),
        ({"created": 1741947625}, "bad_moment"),
        ({"created": "2026-03-01T12:00:00"}, "bad_moment"),
        ({"created": "1926-03-01T12:00:00+00:00"}, "bad_moment"),
        ({"livemode": None}, "missing_field"),
        ({"livemode": 0}, "missing_field"),
        ({"facts": None}, "missing_field"),
        ({"facts": {}}, "missing_field"),
        ({"type": "a\0b"}, "malformed_json"),
    ],
)
def test_an_envelope_not_of_its_form_is_refused_by_name(change, code):
    with pytest.raises(BadEvent) as caught:
        SANDBOX.parse(body("customer.created", CUSTOMER, **change))
    assert caught.value.code == code


PLAIN = codec.encode(PAID)


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ("payment", "bad_field"),
        ({**PLAIN, "is": "wish"}, "bad_field"),
        ({**PLAIN, "is": ["payment"]}, "bad_field"),
        ({**PLAIN, "colour": "red"}, "bad_field"),
        ({name: value for name, value in PLAIN.items() if name != "made_at"}, "missing_field"),
        ({**PLAIN, "amount_minor": "10000"}, "bad_amount"),
        ({**PLAIN, "amount_minor": True}, "bad_amount"),
        ({**PLAIN, "amount_minor": 2**60}, "bad_amount"),
        ({**PLAIN, "amount_minor": 1.5}, "bad_amount"),
        ({**PLAIN, "at": "yesterday"}, "bad_moment"),
        ({**PLAIN, "currency": "eur"}, "bad_currency"),
        ({**PLAIN, "status": "maybe"}, "unknown_status"),
        ({**PLAIN, "customer": None}, "bad_field"),
        ({**PLAIN, "customer": "c" * 3000}, "bad_field"),
    ],
)
def test_a_fact_not_of_its_form_is_refused_by_name(told, code):
    event = SANDBOX.parse(body("payment.succeeded", facts=[told]))
    with pytest.raises(BadEvent) as caught:
        SANDBOX.facts(event)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "facts",
    [
        [CUSTOMER, CustomerSeen("sbcus_bob", AT)],
        [CUSTOMER, PriceSeen(AT, PriceHints("price_1"))],
    ],
)
def test_an_event_is_of_one_customer_or_of_the_price_list(facts):
    with pytest.raises(BadEvent):
        SANDBOX.facts(SANDBOX.parse(body("some.kind", *facts)))
