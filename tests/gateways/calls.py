"""What every adapter that can be asked for something must pass: each ability well, refused, out of reach, and once a key.

Subclass :class:`CallsContract`; it takes the abilities from the adapter and leaves out those that it lacks.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest

from goodstanding.core.money import Money
from goodstanding.core.periods import Interval, Unit
from goodstanding.gateways import registry
from goodstanding.gateways.models import GatewayAccount
from goodstanding.gateways.protocol import Ability, AbleGateway, GatewayRefused, GatewayUnreachable, Refusal
from goodstanding.gateways.requests import BeginRequest, Change, ChargeRequest, Enrolment, Recurring, Taken, When

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
EUR = "EUR"
FULL = Recurring("prc_full", "full", "Full member", Money(10_000, EUR), Interval(Unit.MONTH))
WEEKDAY = Recurring("prc_weekday", "weekday", "Weekday member", Money(6_000, EUR), Interval(Unit.MONTH))
Do = Callable[[str], Any]  # asks once, under a key; returns what is answered


def euros(whole: int) -> Money:
    return Money(whole * 100, EUR)


class Asking:
    """Asks a gateway for the account ``account``; each customer, method, payment and subscription made when needed."""

    good_card: ClassVar[str]
    bad_card: ClassVar[str]

    def __init__(self, gateway: AbleGateway, account: GatewayAccount, *, good_card: str, bad_card: str) -> None:
        self.gateway, self.account = gateway, account
        self.good, self.bad = good_card, bad_card
        self.now = NOW
        self._count = 0

    @property
    def on(self) -> dict[str, Any]:
        return {"account": self.account, "now": self.now}

    def key(self) -> str:
        self._count += 1
        return f"key-{self._count}"

    def customer(self) -> str:
        return self.gateway.enrol(Enrolment(self.key(), "alice@example.org", "Alice"), **self.on)

    def request(self, key: str, customer: str, **more: Any) -> BeginRequest:
        wanted = {"amount": euros(100), "return_url": "/back/", "card": self.good, **more}
        return BeginRequest(key=key, customer=customer, **wanted)

    def begun(self, **more: Any) -> Taken:
        answer = self.gateway.begin(self.request(self.key(), self.customer(), **more), **self.on)
        assert isinstance(answer, Taken), answer
        return answer

    def kept(self) -> tuple[str, str]:
        """A customer and a method that he has stored."""
        customer = self.customer()
        answer = self.gateway.begin(self.request(self.key(), customer, keep=True), **self.on)
        assert isinstance(answer, Taken), answer
        assert answer.method
        return customer, answer.method

    def subscription(self, **more: Any) -> str:
        return self.begun(recurring=FULL, **more).ref

    def messages(self) -> list[str]:
        """The ids of all that was ever told: what counts how often something was done."""
        return [event.external_id for event in self.gateway.fetch_since(NOW - timedelta(days=1), **self.on)]


class Calls:
    """For each ability how it is asked for well (``well``), and so that it is refused with ``code`` (``refused``)."""

    def __init__(self, asking: Asking) -> None:
        self.asking = asking
        self.gateway = asking.gateway

    def enrol(self) -> tuple[Do, Do, str]:
        on = self.asking.on
        return (
            lambda key: self.gateway.enrol(Enrolment(key, "bob@example.org"), **on),
            lambda key: self.gateway.enrol(Enrolment("", "bob@example.org"), **on),
            Refusal.BAD_REQUEST,
        )

    def begin(self) -> tuple[Do, Do, str]:
        customer, on = self.asking.customer(), self.asking.on
        return (
            lambda key: self.gateway.begin(self.asking.request(key, customer), **on),
            lambda key: self.gateway.begin(self.asking.request(key, customer, card=self.asking.bad), **on),
            Refusal.CARD_DECLINED,
        )

    def charge(self) -> tuple[Do, Do, str]:
        customer, method = self.asking.kept()
        other, on = self.asking.customer(), self.asking.on
        return (
            lambda key: self.gateway.charge(ChargeRequest(key, customer, method, euros(100), "inv_1"), **on),
            lambda key: self.gateway.charge(ChargeRequest(key, other, method, euros(100)), **on),
            Refusal.UNKNOWN_CARD,
        )

    def capture(self) -> tuple[Do, Do, str]:
        held, on = self.asking.begun(capture=False).ref, self.asking.on
        return (
            lambda key: self.gateway.capture(held, amount=euros(60), key=key, **on),
            lambda key: self.gateway.capture(held, amount=euros(101), key=key, **on),
            Refusal.AMOUNT_MISMATCH,
        )

    def void(self) -> tuple[Do, Do, str]:
        held, taken, on = self.asking.begun(capture=False).ref, self.asking.begun().ref, self.asking.on
        return (
            lambda key: self.gateway.void(held, key=key, **on),
            lambda key: self.gateway.void(taken, key=key, **on),
            Refusal.NOT_OPEN,
        )

    def refund(self) -> tuple[Do, Do, str]:
        paid, on = self.asking.begun().ref, self.asking.on
        return (
            lambda key: self.gateway.refund(paid, amount=euros(40), key=key, **on),
            lambda key: self.gateway.refund(paid, amount=euros(101), key=key, **on),
            Refusal.AMOUNT_MISMATCH,
        )

    def change(self) -> tuple[Do, Do, str]:
        ref, on = self.asking.subscription(), self.asking.on
        dollars = Recurring("prc_usd", "full", "Full", Money(100, "USD"), Interval(Unit.MONTH))
        return (
            lambda key: self.gateway.change(ref, Change(key, WEEKDAY), **on),
            lambda key: self.gateway.change(ref, Change(key, dollars), **on),
            Refusal.AMOUNT_MISMATCH,
        )

    def end(self) -> tuple[Do, Do, str]:
        ref, on = self.asking.subscription(), self.asking.on
        return (
            lambda key: self.gateway.end(ref, When.PERIOD_END, **on),
            lambda key: self.gateway.end("nothing", When.NOW, **on),
            Refusal.UNKNOWN_REF,
        )

    def resume(self) -> tuple[Do, Do, str]:
        ref, over, on = self.asking.subscription(), self.asking.subscription(), self.asking.on
        self.gateway.end(ref, When.PERIOD_END, **on)
        self.gateway.end(over, When.NOW, **on)
        return (
            lambda key: self.gateway.resume(ref, **on),
            lambda key: self.gateway.resume(over, **on),
            Refusal.NOT_OPEN,
        )

    def look(self) -> tuple[Do, Do, str]:
        ref, on = self.asking.begun().ref, self.asking.on
        return (
            lambda key: self.gateway.look(ref, **on),
            lambda key: self.gateway.look("nothing", **on),
            Refusal.UNKNOWN_REF,
        )

    def fetch_since(self) -> tuple[Do, Do, str]:
        self.asking.begun()
        return self._reading(lambda on: list(self.gateway.fetch_since(NOW, **on)))

    def list_live(self) -> tuple[Do, Do, str]:
        self.asking.subscription()
        return self._reading(lambda on: list(self.gateway.list_live(**on)))

    def methods(self) -> tuple[Do, Do, str]:
        customer, _ = self.asking.kept()
        return self._reading(lambda on: list(self.gateway.methods(customer, **on)))

    def drop(self) -> tuple[Do, Do, str]:
        (_, method), on = self.asking.kept(), self.asking.on
        return (
            lambda key: self.gateway.drop(method, **on),
            lambda key: self.gateway.drop("nothing", **on),
            Refusal.UNKNOWN_CARD,
        )

    def forget(self) -> tuple[Do, Do, str]:
        (customer, _), on = self.asking.kept(), self.asking.on
        return (
            lambda key: self.gateway.forget(customer, **on),
            lambda key: self.gateway.forget("nothing", **on),
            Refusal.UNKNOWN_REF,
        )

    def _reading(self, ask: Callable[[dict[str, Any]], list[Any]]) -> tuple[Do, Do, str]:
        """Reads that nobody refuses but for an account that is out of use."""
        on = self.asking.on
        closed = GatewayAccount.objects.get(pk=self.asking.account.pk)
        closed.is_active = False
        return lambda key: ask(on), lambda key: ask({**on, "account": closed}), Refusal.BAD_REQUEST


KEYED = ["enrol", "begin", "charge", "capture", "void", "refund", "change"]
REPEATED = ["end", "resume", "drop", "forget"]  # without a key: done any number of times, they come to the same
READS = ["look", "fetch_since", "list_live", "methods"]
COVERED = frozenset(Ability(name) for name in KEYED + REPEATED + READS)


class CallsContract:
    """``code``: the adapter's. Say how an account is had, which cards do what, and how a fault is ordered."""

    code: ClassVar[str]
    good_card: ClassVar[str]
    bad_card: ClassVar[str]

    def account(self) -> GatewayAccount:
        raise NotImplementedError

    def next_finds_nobody(self, account: GatewayAccount) -> None:
        """Have the next request find nobody: nothing is done."""
        raise NotImplementedError

    def next_answer_is_lost(self, account: GatewayAccount) -> None:
        """Have the next request done, and its answer lost."""
        raise NotImplementedError

    @pytest.fixture
    def asking(self, db: None) -> Asking:
        gateway = registry.able(self.code)
        return Asking(gateway, self.account(), good_card=self.good_card, bad_card=self.bad_card)

    def calls(self, asking: Asking, name: str) -> tuple[Do, Do, str]:
        found: tuple[Do, Do, str] = getattr(Calls(asking), name)()
        return found

    @pytest.mark.parametrize("name", KEYED + REPEATED + READS)
    def test_asked_well_it_is_answered(self, asking, name):
        well, _, _ = self.calls(asking, name)
        answer = well("some-key")
        assert answer or name == "drop", answer
        if isinstance(answer, Taken):
            assert answer.facts

    @pytest.mark.parametrize("name", KEYED + REPEATED + READS)
    def test_asked_badly_it_is_refused_by_name_and_nothing_more_is_made(self, asking, name):
        _, badly, code = self.calls(asking, name)
        with pytest.raises(GatewayRefused) as caught:
            badly("some-key")
        assert caught.value.code == code
        before = asking.messages()
        with pytest.raises(GatewayRefused) as again:
            badly("some-key")
        assert (again.value.code, again.value.facts) == (caught.value.code, caught.value.facts)
        assert asking.messages() == before

    @pytest.mark.parametrize("name", KEYED + REPEATED + READS)
    def test_out_of_reach_nothing_is_done_and_the_same_is_asked_again(self, asking, name):
        well, _, _ = self.calls(asking, name)
        before = asking.messages()
        self.next_finds_nobody(asking.account)
        with pytest.raises(GatewayUnreachable):
            well("some-key")
        assert asking.messages() == before
        assert well("some-key") or name == "drop"

    @pytest.mark.parametrize("name", KEYED + REPEATED)
    def test_after_a_lost_answer_the_same_is_asked_again_and_done_once(self, asking, name):
        well, _, _ = self.calls(asking, name)
        self.next_answer_is_lost(asking.account)
        with pytest.raises(GatewayUnreachable):
            well("some-key")
        done = asking.messages()
        answer = well("some-key")
        assert answer or name == "drop"
        assert asking.messages() == done
        assert name == "drop" or done

    @pytest.mark.parametrize("name", KEYED + REPEATED)
    def test_the_same_twice_is_done_once_and_answered_alike(self, asking, name):
        well, _, _ = self.calls(asking, name)
        first = well("some-key")
        done = asking.messages()
        asking.now += timedelta(hours=1)
        assert well("some-key") == first
        assert asking.messages() == done

    @pytest.mark.parametrize("name", KEYED)
    def test_something_else_under_a_known_key_is_refused(self, asking, name):
        well, _, _ = self.calls(asking, name)
        well("some-key")
        done = asking.messages()
        with pytest.raises(GatewayRefused) as caught:
            asking.gateway.enrol(Enrolment("some-key", "somebody.else@example.org"), **asking.on)
        assert caught.value.code == Refusal.KEY_REUSED
        assert asking.messages() == done

    @pytest.mark.parametrize("name", [name for name in KEYED if name != "enrol"])
    def test_what_is_answered_is_told_by_message_as_the_same_facts(self, asking, name):
        well, _, _ = self.calls(asking, name)
        before = set(asking.messages())
        answer = well("some-key")
        events = asking.gateway.fetch_since(NOW - timedelta(days=1), **asking.on)
        told = [
            fact for event in events if event.external_id not in before for fact in asking.gateway.facts(event).facts
        ]
        assert list(answer.facts) == told

    def test_looking_twice_gives_the_same_event_and_a_change_gives_another(self, asking):
        paid = asking.begun().ref
        first = asking.gateway.look(paid, **asking.on)
        asking.now += timedelta(hours=1)
        assert asking.gateway.look(paid, **asking.on) == first
        asking.gateway.refund(paid, amount=euros(1), key=asking.key(), **asking.on)
        assert asking.gateway.look(paid, **asking.on).external_id != first.external_id

    def test_what_was_asked_for_is_found_by_its_key(self, asking):
        customer = asking.customer()
        asking.gateway.begin(asking.request("lost-key", customer), **asking.on)
        assert asking.gateway.facts(asking.gateway.look("lost-key", **asking.on)).facts
