"""What is paid by hand keeps the contract of an adapter, and believes nobody."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

import pytest

from goodstanding.gateways import registry, services
from goodstanding.gateways.protocol import Ability, BadEvent, Event, Secret
from goodstanding.gateways.requests import BillRequest
from tests.gateways.contract import NEW, NOW, OLD, AdapterContract

BODY = b'{"object": "event", "id": "evt_1", "type": "invoice.paid", "created": 1741947625, "livemode": true}'


def signed(body: bytes, secret: str, at: datetime) -> dict[str, str]:
    stamp = int(at.timestamp())
    proof = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={stamp},v1={proof}", "Sandbox-Signature": f"t={stamp},v1={proof}"}


class TestManual(AdapterContract):
    code = "manual"
    other_kinds = {
        "an event of Stripe's": BODY,
        "an event of the sandbox's": b'{"object": "sandbox.event", "id": "sbev_1", "facts": []}',
        "one that says it is ours": b'{"object": "manual.event", "id": "man_1", "facts": [{"is": "payment"}]}',
        "list": b"[]",
        "number": b"1",
    }

    def test_it_takes_no_money_by_itself(self):
        assert self.gateway.abilities == {Ability.VERIFY, Ability.PARSE, Ability.FACTS, Ability.BILL}

    @pytest.mark.parametrize(
        ("words", "text"),
        [
            (
                "Pay {amount} by {due}, quoting {reference} ({number}).",
                "Pay 25.00 EUR by 16 March, quoting RF82 (INV-00042).",
            ),
            ("{Reference} {} {amount.currency} {0} {due", "{Reference} {} {amount.currency} {0} {due"),
            ("  \n{number}\n\n", "INV-00042"),
            ("", ""),
        ],
    )
    def test_a_bill_says_how_it_is_paid_in_the_words_of_the_organisation(self, words, text):
        request = BillRequest("INV-00042", "RF82", "25.00 EUR", "16 March", words)
        told = registry.able("manual", Ability.BILL).bill(request)
        assert (told.text, told.reference) == (text, "RF82")

    def test_an_amount_with_braces_is_not_filled_again(self):
        request = BillRequest("{due}", "RF82", "25.00 EUR", "16 March", "{number}")
        assert registry.able("manual", Ability.BILL).bill(request).text == "{due}"

    @pytest.mark.parametrize("secrets", [(NEW,), (OLD, NEW), (Secret(" "), NEW)])
    def test_whatever_is_signed_is_refused(self, secrets):
        for headers in (signed(BODY, NEW, NOW), {}):
            assert self.refusal(BODY, headers, *secrets) == "unverified"

    @pytest.mark.parametrize("secrets", [(), (Secret(""),), (Secret("  \t"),)])
    def test_without_a_secret_it_has_none(self, secrets):
        assert self.refusal(BODY, signed(BODY, "", NOW), *secrets) == "no_secret"

    def test_an_event_made_up_here_tells_nothing(self):
        event = Event(external_id="man_1", type="payment", created_at=NOW, livemode=True, body={"facts": []})
        with pytest.raises(BadEvent) as caught:
            registry.gateway("manual").facts(event)
        assert caught.value.code == "not_an_event"


@pytest.mark.parametrize(("secret", "status"), [("", 404), ("whsec_1", 400)])
def test_its_address_takes_in_nothing(client, db, secret, status):
    account = services.ensure_manual_account()
    account.webhook_secret = Secret(secret)
    account.save()
    for path in ("manual", "stripe", "sandbox"):
        headers = signed(BODY, secret, NOW)
        answer = client.post(f"/webhooks/{path}/manual/", BODY, content_type="application/json", headers=headers)
        assert answer.status_code == (status if path == "manual" else 404)
