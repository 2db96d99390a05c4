"""What every adapter must pass: subclass :class:`GatewayContract` and say how the gateway's messages look and are signed."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest

from goodstanding.gateways import registry
from goodstanding.gateways.protocol import Ability, BadEvent, BadSignature, Gateway, Reading, Secret

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
NEW, OLD = Secret("whsec_new_0123456789"), Secret("whsec_old_9876543210")


class AdapterContract:
    """What also those keep who send nothing. ``code``: the adapter's. ``other_kinds``: messages that are no events of it."""

    code: ClassVar[str]
    other_kinds: ClassVar[Mapping[str, bytes]]

    @property
    def gateway(self) -> Gateway:
        return registry.gateway(self.code)

    def refusal(self, body: bytes, headers: Mapping[str, str], *secrets: Secret, now: datetime = NOW) -> str:
        with pytest.raises(BadSignature) as caught:
            self.gateway.verify(headers, body, secrets=secrets, now=now)
        return caught.value.code

    def test_it_says_who_it_is_and_what_it_can(self):
        assert self.gateway.code == self.code
        assert self.gateway.label
        for ability in self.gateway.abilities:
            assert callable(getattr(self.gateway, ability)), ability
        for ability in set(Ability) - self.gateway.abilities:
            assert not hasattr(self.gateway, ability), ability

    @pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"nothing", b'{"a": NaN}', b"[" * 100_000])
    def test_what_is_no_json_is_refused_by_name(self, body):
        with pytest.raises(BadEvent) as caught:
            self.gateway.parse(body)
        assert caught.value.code == "malformed_json"

    def test_other_kinds_of_message_are_refused_by_name(self):
        for name, body in self.other_kinds.items():
            with pytest.raises(BadEvent) as caught:
                self.gateway.parse(body)
            assert caught.value.code == "not_an_event", name

    def test_a_refusal_repeats_nothing_of_the_body(self):
        for body in self.other_kinds.values():
            with pytest.raises(BadEvent) as caught:
                self.gateway.parse(body)
            assert body.decode() not in str(caught.value)


class GatewayContract(AdapterContract):
    """What those keep who send. ``bodies``: messages as they come."""

    bodies: ClassVar[Sequence[bytes]]

    def signed(self, body: bytes, *, secret: str, at: datetime) -> Mapping[str, str]:
        """Return the headers with which the gateway would send ``body``."""
        raise NotImplementedError

    def tampered(self, body: bytes) -> bytes:
        """Return ``body`` with something in it changed."""
        return body.replace(b"true", b"false", 1) if b"true" in body else body + b" "

    @property
    def body(self) -> bytes:
        return self.bodies[0]

    def accept(self, headers: Mapping[str, str], *secrets: Secret) -> None:
        event = self.gateway.verify(headers, self.body, secrets=secrets, now=NOW)
        assert event == self.gateway.parse(self.body)

    def test_a_message_signed_with_the_secret_is_accepted(self):
        headers = self.signed(self.body, secret=NEW, at=NOW)
        self.accept(headers, NEW)

    def test_the_name_of_the_header_may_be_written_in_any_case(self):
        headers = {name.lower(): value for name, value in self.signed(self.body, secret=NEW, at=NOW).items()}
        self.accept(headers, NEW)

    @pytest.mark.parametrize("signer", [NEW, OLD])
    def test_while_a_secret_is_rolled_both_are_good(self, signer):
        headers = self.signed(self.body, secret=signer, at=NOW)
        self.accept(headers, NEW, OLD)

    def test_another_secret_is_refused(self):
        headers = self.signed(self.body, secret=OLD, at=NOW)
        assert self.refusal(self.body, headers, NEW) == "unverified"

    def test_a_tampered_body_is_refused(self):
        headers = self.signed(self.body, secret=NEW, at=NOW)
        assert self.refusal(self.tampered(self.body), headers, NEW) == "unverified"

    def test_the_body_counts_as_it_came_and_not_as_it_reads(self):
        headers = self.signed(self.body, secret=NEW, at=NOW)
        assert self.refusal(json.dumps(json.loads(self.body), indent=1).encode(), headers, NEW) == "unverified"

    def test_no_signature_is_refused(self):
        assert self.refusal(self.body, {}, NEW) == "unverified"

    @pytest.mark.parametrize(
        ("age_seconds", "code"),
        [(300, None), (301, "stale"), (-300, None), (-301, "far_future"), (-86400, "far_future")],
    )
    def test_the_stamp_is_bounded_on_both_sides(self, age_seconds, code):
        headers = self.signed(self.body, secret=NEW, at=NOW - timedelta(seconds=age_seconds))
        if code is None:
            self.accept(headers, NEW)
        else:
            assert self.refusal(self.body, headers, NEW) == code

    @pytest.mark.parametrize("secrets", [(), (Secret(""),), (Secret("  \t"), Secret(""))])
    def test_without_a_secret_everything_is_refused(self, secrets):
        for headers in (self.signed(self.body, secret="", at=NOW), {}):
            assert self.refusal(self.body, headers, *secrets) == "no_secret"

    def test_an_event_has_an_aware_moment_in_utc(self):
        for body in self.bodies:
            assert self.gateway.parse(body).created_at.tzinfo is UTC

    def test_the_same_event_reads_the_same_twice(self):
        for body in self.bodies:
            first, again = self.gateway.parse(body), self.gateway.parse(body)
            assert first == again
            assert self.gateway.facts(first) == self.gateway.facts(first) == self.gateway.facts(again)

    def test_reading_changes_nothing_in_the_event(self):
        for body in self.bodies:
            event = self.gateway.parse(body)
            before = copy.deepcopy(event)
            self.gateway.facts(event)
            assert event == before

    def test_an_event_tells_facts_or_why_it_is_ignored(self):
        for body in self.bodies:
            reading = self.gateway.facts(self.gateway.parse(body))
            assert isinstance(reading, Reading)
            assert bool(reading.facts) != bool(reading.ignored), body
            if reading.ignored:
                assert reading.ignored.partition(":")[0].isidentifier(), reading.ignored
