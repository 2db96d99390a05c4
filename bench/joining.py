"""Joining: free, and paid at the sandbox; by the services in this process, and on the pages over HTTP."""

from __future__ import annotations

import html
import http.client
import re
import secrets
from collections.abc import Iterator
from functools import partial
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.urls import reverse

from bench import measure, ours, web
from bench.report import Measurement
from bench.seeding import Organisation
from bench.web import Server
from goodstanding import clock, conf
from goodstanding.checkout import joining, quotes, services
from goodstanding.checkout.models import Checkout
from goodstanding.gateways.models import GatewayAccount
from goodstanding.memberships.reading import standing_now
from goodstanding.people.models import Member
from goodstanding.people.services import make_user
from goodstanding.site import server

LIMITS = {ours.FREE: 60, ours.PAID: 90}  # ms of processor, without the password's hash
NAMES = {ours.FREE: "free", ours.PAID: "paid by the sandbox"}
_PASSWORD = "a-long-word-for-measuring"
_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')


def measurements(organisation: Organisation, *, joins: int) -> Iterator[Measurement]:
    """Measure so many people joining, each new, in each way."""
    hashed = _hashed()
    yield Measurement("a password's hash, CPU", hashed, "ms")
    for level in NAMES:
        yield from _by_services(organisation, level, joins, hashed)
    with web.running(server.APPLICATION, conf.PORT.value()) as at:
        for level, called in NAMES.items():
            before = _hashed()
            spent = _over_http(at, level, joins)
            hashed = (before + _hashed()) / 2  # a busy machine is slower now and then, for both
            name = f"checkout, {called}, over HTTP"
            for part, each in zip(("page", "form, with the hash", "result"), spent, strict=True):
                yield Measurement(f"{name}: {part}, CPU", each, "ms")
            yield Measurement(f"{name}: all three, CPU without the hash", sum(spent) - hashed, "ms", LIMITS[level])


def _hashed() -> float:
    """Return what a password's hash costs: most of a form, and nothing that we would want to be less."""
    return measure.cpu_milliseconds(lambda: [make_password(_PASSWORD) for _ in range(5)]) / 5


def _by_services(organisation: Organisation, level: str, joins: int, hashed: float) -> Iterator[Measurement]:
    name = f"checkout, {NAMES[level]}, by services"
    join(organisation.ours, level)  # what is only loaded at the first need is loaded
    spent = [measure.cpu_milliseconds(partial(join, organisation.ours, level)) for _ in range(joins)]
    with measure.statements() as sent:
        join(organisation.ours, level)
    without = measure.median(spent)
    yield Measurement(f"{name}, CPU", without + hashed, "ms")
    yield Measurement(f"{name}, CPU without the hash", without, "ms", LIMITS[level])
    yield Measurement(f"{name}: SQL, with BEGIN and COMMIT", len(sent), "SQL")
    theirs = sum("gs_sandbox_" in each["sql"] for each in sent)
    yield Measurement(f"{name}: SQL in the sandbox's own books", theirs, "SQL")


def join(account: GatewayAccount, level: str) -> Member:
    """Have somebody new join, as the page does it, without a password."""
    price, now = ours.price(level), clock.now()
    user = make_user(email=_email(), name="Ada Ash", now=now)
    member = joining.ensure_member(user, now=now)
    quote = quotes.for_member(price, member, now=now)
    shown = quotes.shown(quotes.signed(quote, now=now), now=now)
    checkout = services.accept(member, price, account if quote.due_now else None, shown=shown, now=now)
    found = services.pay(checkout, return_url="/back", now=now, card="sandbox_ok" if quote.due_now else "")
    assert found.stage is services.Stage.DONE, found.stage
    return member


def _over_http(at: Server, level: str, joins: int) -> list[float]:
    """Return what the server's processor spends on one who joins, in ms: on the page, its form, and what became of it."""
    _Browser(at, level).join()
    people = [_Browser(at, level) for _ in range(joins)]
    spent = []
    for part in (_Browser.look, _Browser.send, _Browser.come_back):
        before = measure.cpu_seconds_of(at.pid)
        for each in people:
            part(each)
        spent.append((measure.cpu_seconds_of(at.pid) - before) * 1000 / joins)
    for each in people:
        _require_joined(each.email, level)
    return spent


def _require_joined(email: str, level: str) -> None:
    user: Any = get_user_model()._default_manager.get(email=email)
    assert user.has_usable_password(), email
    member = Member.objects.get(user=user.pk)
    assert Checkout.objects.get(member=member).state == Checkout.State.DONE
    stands = standing_now(member.pk, now=clock.now())
    assert [each["level"] for each in stands.document["levels"]] == [level], stands.document


class _Browser:
    """Somebody new at a browser that keeps cookies and nothing else."""

    def __init__(self, at: Server, level: str) -> None:
        self.email = _email()
        self._price = ours.price(level)
        self._path = reverse("gs_checkout:join", args=[level, self._price.pk])
        self._connection = http.client.HTTPConnection("127.0.0.1", at.port, timeout=30)
        self._cookies: SimpleCookie = SimpleCookie()
        self._hidden: dict[str, str] = {}
        self._result = ""

    def join(self) -> None:
        """Go the whole way."""
        self.look()
        self.send()
        self.come_back()

    def look(self) -> None:
        """Look at the page."""
        status, page, _ = self._ask("GET", self._path)
        assert status == 200, status
        self._hidden = {name: html.unescape(value) for name, value in _HIDDEN.findall(page)}
        assert {"csrfmiddlewaretoken", "shown"} <= self._hidden.keys(), self._hidden.keys()

    def send(self) -> None:
        """Send its form."""
        who = {"name": "Ada Ash", "email": self.email, "password": _PASSWORD}
        how = {"account": "sandbox", "card": "sandbox_ok"} if self._price.amount_minor else {}
        status, page, self._result = self._ask("POST", self._path, {**self._hidden, **who, **how})
        assert status == 302, (status, re.findall(r"errorlist.*?</ul>", page, re.DOTALL))

    def come_back(self) -> None:
        """Look at what became of it."""
        status, _, _ = self._ask("GET", self._result)
        assert status == 200, status
        self._connection.close()

    def _ask(self, method: str, path: str, form: dict[str, str] | None = None) -> tuple[int, str, str]:
        headers = {"Host": "localhost", "Cookie": self._cookies.output(attrs=[], header="", sep=";").strip()}
        if form is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": "http://localhost"}
        self._connection.request(method, path, urlencode(form) if form is not None else None, headers)
        answer = self._connection.getresponse()
        for each in answer.headers.get_all("Set-Cookie") or ():
            self._cookies.load(each)
        return answer.status, answer.read().decode(), answer.headers.get("Location", "")


def _email() -> str:
    return f"{secrets.token_hex(8)}@bench.example.org"
