"""Stripe keeps the contract; and what is Stripe's alone: the forms of its envelope and of its signature header."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from stripe import WebhookSignature

from goodstanding.gateways import registry
from goodstanding.gateways.protocol import BadEvent, BadSignature
from tests.gateways.contract import NEW, NOW, OLD, GatewayContract

PAYLOADS = Path(__file__).parents[1] / "payloads" / "stripe"
LIVES = sorted((PAYLOADS / "lives").glob("**/*.jsonl"))


def _lines(*paths: Path) -> list[bytes]:
    return [line for path in paths for line in path.read_bytes().splitlines()]


class TestStripe(GatewayContract):
    code = "stripe"
    bodies = _lines(*LIVES)
    other_kinds = {
        "thin event": b'{"id": "evt_1", "object": "v2.core.event", "type": "v1.billing.meter.no_meter_found"}',
        "bare object": b'{"id": "in_1", "object": "invoice", "livemode": true}',
        "list": b"[]",
        "number": b"1",
        "cloud envelope": b'{"detail-type": "invoice.paid", "detail": {"object": "event", "id": "evt_1"}}',
    }

    def signed(self, body: bytes, *, secret: str, at: datetime) -> Mapping[str, str]:
        header = WebhookSignature.generate_signature_header(body.decode(), secret, timestamp=int(at.timestamp()))
        return {"Stripe-Signature": header}


STRIPE = registry.gateway("stripe")
BODY = TestStripe.bodies[0]
EVENT = {
    "id": "evt_1",
    "object": "event",
    "type": "customer.created",
    "created": 1_741_947_625,
    "livemode": True,
    "data": {"object": {"object": "customer", "id": "cus_1"}},
}


def _header(secret: str = NEW, at: datetime = NOW) -> str:
    return str(WebhookSignature.generate_signature_header(BODY.decode(), secret, timestamp=int(at.timestamp())))


def test_of_several_signatures_one_good_one_is_enough():
    """Stripe signs with both while it rolls a secret."""
    old, new = _header(OLD), _header(NEW)
    both = f"{old},{new.partition(',')[2]}"
    assert STRIPE.verify({"Stripe-Signature": both}, BODY, secrets=[NEW], now=NOW) == STRIPE.parse(BODY)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "nonsense",
        "t=,v1=",
        "t=abc,v1=00",
        _header().replace("v1=", "v0="),
        _header().upper().replace("T=", "t=").replace("V1=", "v1="),
        _header().partition(",")[2],
        f"t=9{'9' * 400},v1=00",
    ],
)
def test_other_headers_are_unverified(header):
    with pytest.raises(BadSignature) as caught:
        STRIPE.verify({"Stripe-Signature": header}, BODY, secrets=[NEW], now=NOW)
    assert caught.value.code == "unverified"


def test_a_second_stamp_beside_an_old_signature_does_not_make_it_young():
    old = _header(at=datetime(2026, 1, 1, tzinfo=UTC))
    with pytest.raises(BadSignature) as caught:
        STRIPE.verify({"Stripe-Signature": f"{old},t={int(NOW.timestamp())}"}, BODY, secrets=[NEW], now=NOW)
    assert caught.value.code == "stale"


def test_a_body_that_is_no_text_is_unverified():
    with pytest.raises(BadSignature) as caught:
        STRIPE.verify({"Stripe-Signature": _header()}, b"\xff\xfe", secrets=[NEW], now=NOW)
    assert caught.value.code == "unverified"


def test_the_envelope_is_read():
    event = STRIPE.parse(json.dumps(EVENT).encode())
    assert (event.external_id, event.type, event.livemode) == ("evt_1", "customer.created", True)
    assert event.created_at == datetime(2025, 3, 14, 10, 20, 25, tzinfo=UTC)
    assert event.body == EVENT


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"id": None}, "missing_field"),
        ({"id": ""}, "missing_field"),
        ({"id": 5}, "bad_field"),
        ({"id": "evt 1"}, "bad_field"),
        ({"id": "e" * 201}, "bad_field"),
        ({"type": None}, "missing_field"),
        ({"type": "Invoice Paid"}, "bad_field"),
        ({"type": ["invoice.paid"]}, "bad_field"),
        ({"created": None}, "missing_field"),
        ({"created": "1741947625"}, "bad_moment"),
        ({"created": 1741947625.5}, "bad_moment"),
        ({"created": True}, "bad_moment"),
        ({"created": 0}, "bad_moment"),
        ({"created": 10**12}, "bad_moment"),
        ({"livemode": None}, "missing_field"),
        ({"livemode": "true"}, "missing_field"),
        ({"data": None}, "missing_field"),
        ({"data": {}}, "missing_field"),
        ({"data": {"object": "cus_1"}}, "missing_field"),
        ({"data": {"object": {"object": 5}}}, "bad_field"),
        ({"data": {"object": {"object": "customer", "name": "a\0b"}}}, "malformed_json"),
        ({"data": {"object": {"object": "customer", "name": "half \ud83d"}}}, "malformed_json"),
    ],
)
def test_an_envelope_not_of_its_form_is_refused_by_name(change, code):
    with pytest.raises(BadEvent) as caught:
        STRIPE.parse(json.dumps(EVENT | change).encode())
    assert caught.value.code == code


def test_a_whole_surrogate_pair_and_a_spelt_out_escape_are_fine():
    name = "\U0001f600 \\u0000"
    body = json.dumps(EVENT | {"data": {"object": {"object": "customer", "id": "cus_1", "name": name}}}).encode()
    assert STRIPE.parse(body).body["data"]["object"]["name"] == name


@pytest.mark.parametrize(("thing", "expected"), [({"livemode": False}, False), ({"livemode": True}, None), ({}, None)])
def test_without_livemode_only_what_says_that_it_is_a_test_is_one(thing, expected):
    body = {**EVENT, "data": {"object": {"object": "customer", "id": "cus_1", **thing}}}
    del body["livemode"]
    if expected is None:
        with pytest.raises(BadEvent):
            STRIPE.parse(json.dumps(body).encode())
    else:
        assert STRIPE.parse(json.dumps(body).encode()).livemode is expected


def test_recorded_envelopes_are_read():
    paths = sorted((PAYLOADS / "supabase-stripe-sync-engine").glob("*.json"))
    assert paths
    for path in paths:
        event = STRIPE.parse(path.read_bytes())
        reading = STRIPE.facts(event)
        assert bool(reading.facts) != bool(reading.ignored), path.name
