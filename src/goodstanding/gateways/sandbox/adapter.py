"""The sandbox's adapter: translates between our requests and the vendor's side, and reads what that sends."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import ClassVar

from goodstanding.core.money import Money
from goodstanding.gateways.protocol import Ability, Account, Event, Reading, Send
from goodstanding.gateways.requests import (
    BeginRequest,
    Begun,
    Change,
    ChargeRequest,
    Enrolment,
    StoredMethod,
    Taken,
    TryCard,
    When,
)
from goodstanding.gateways.sandbox import facts, verify
from goodstanding.gateways.sandbox.vendor import changing, clock, faults, looking, paying, people, sending
from goodstanding.gateways.sandbox.vendor.cards import CARDS
from goodstanding.gateways.sandbox.vendor.keys import Answer, at_once, once


class SandboxGateway:
    """A gateway that moves no money. See :class:`goodstanding.gateways.protocol.AbleGateway` for what each method does."""

    code: ClassVar[str] = "sandbox"
    label: ClassVar[str] = "Sandbox"
    # All but that of what is paid by hand: a card pays here.
    abilities: ClassVar[frozenset[Ability]] = frozenset(Ability) - {Ability.BILL}

    def verify(self, headers: Mapping[str, str], body: bytes, *, secrets: Sequence[str], now: datetime) -> Event:
        """Return the event if it was signed with one of ``secrets``."""
        verify.check(body, headers, secrets=secrets, now=now)
        return self.parse(body)

    def parse(self, body: bytes) -> Event:
        """Return the event in ``body``."""
        return facts.parse(body)

    def facts(self, event: Event) -> Reading:
        """Return the facts that it carries."""
        return facts.read(event)

    def enrol(self, enrolment: Enrolment, *, account: Account, now: datetime) -> str:
        """Make a customer."""
        act = partial(people.enrol, enrolment, account=account, now=now)
        return once(account, enrolment.key, ("enrol", enrolment), act).taken().ref

    def begin(self, request: BeginRequest, *, account: Account, now: datetime) -> Begun:
        """Begin a payment while the payer is there."""
        act = partial(paying.begin, request, account=account, now=now)
        return once(account, request.key, ("begin", request), act).begun()

    def charge(self, request: ChargeRequest, *, account: Account, now: datetime) -> Taken:
        """Charge a stored card."""
        act = partial(paying.charge, request, account=account, now=now)
        return once(account, request.key, ("charge", request), act).taken()

    def capture(self, payment: str, *, amount: Money, key: str, account: Account, now: datetime) -> Taken:
        """Take what was set aside."""
        act = partial(paying.capture, payment, amount=amount, account=account, now=now)
        return once(account, key, ("capture", payment, amount), act).taken()

    def void(self, payment: str, *, key: str, account: Account, now: datetime) -> Taken:
        """Let go what was set aside."""
        return once(account, key, ("void", payment), partial(paying.void, payment, account=account, now=now)).taken()

    def refund(self, payment: str, *, amount: Money, key: str, account: Account, now: datetime) -> Taken:
        """Give money back."""
        act = partial(paying.refund, payment, amount=amount, key=key, account=account, now=now)
        return once(account, key, ("refund", payment, amount), act).taken()

    def change(self, ref: str, change: Change, *, account: Account, now: datetime) -> Taken:
        """Change a subscription."""
        act = partial(changing.change, ref, change, account=account, now=now)
        return once(account, change.key, ("change", ref, change), act).taken()

    def end(self, ref: str, when: When, *, account: Account, now: datetime) -> Taken:
        """End a subscription."""
        return self._at_once(account, partial(changing.end, ref, when, account=account, now=now))

    def resume(self, ref: str, *, account: Account, now: datetime) -> Taken:
        """Take back a set end."""
        return self._at_once(account, partial(changing.resume, ref, account=account, now=now))

    def look(self, ref: str, *, account: Account, now: datetime) -> Event:
        """Return how an object stands."""
        faults.meet_request(account.code)
        return self._event(looking.look(ref, account=account))

    def fetch_since(self, moment: datetime, *, account: Account, now: datetime) -> Iterable[Event]:
        """Give all messages from ``moment`` on."""
        faults.meet_request(account.code)
        return map(self._event, looking.since(moment, account=account))

    def list_live(self, *, account: Account, now: datetime) -> Iterable[Event]:
        """Give how each live subscription stands."""
        faults.meet_request(account.code)
        return map(self._event, looking.list_live(account))

    def methods(self, customer: str, *, account: Account, now: datetime) -> Sequence[StoredMethod]:
        """Return the stored cards of a customer."""
        faults.meet_request(account.code)
        return people.methods(customer, account=account)

    def drop(self, method: str, *, account: Account, now: datetime) -> None:
        """Forget a stored card."""
        self._at_once(account, partial(people.drop, method, account=account, now=now))

    def forget(self, customer: str, *, account: Account, now: datetime) -> Taken:
        """Forget who a customer is."""
        return self._at_once(account, partial(people.forget, customer, account=account, now=now))

    def cards(self) -> Sequence[TryCard]:
        """Return the cards that steer the sandbox."""
        return tuple(TryCard(card.token, card.does, card.printed) for card in CARDS.values())

    def advance(self, *, account: Account, until: datetime) -> int:
        """Have the vendor's clock run until ``until``."""
        return clock.advance(account, until=until)

    def deliver(self, send: Send, *, account: Account, now: datetime) -> int:
        """Hand over the messages that are due."""
        return sending.deliver(send, account=account, now=now)

    def _at_once(self, account: Account, act: Callable[[], Answer]) -> Taken:
        return at_once(account, act).taken()

    def _event(self, body: Mapping[str, object]) -> Event:
        return self.parse(json.dumps(body).encode())
