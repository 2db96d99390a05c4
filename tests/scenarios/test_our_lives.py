"""Lives on our own clock and on the sandbox's, as nobody would write them down: joining, failing, paying, leaving, staying.

After any of them the books are right, standing is what the slow oracle says, and the same facts in any order tell it again.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from goodstanding import clock as clock_module
from goodstanding.billing import recording
from goodstanding.billing.models import Fact, GatewayCustomer, Invoice, Payment, Subscription, Turn
from goodstanding.catalogue.models import Price
from goodstanding.catalogue.services import import_catalogue
from goodstanding.checkout import quotes, services
from goodstanding.checkout.models import Checkout
from goodstanding.checkout.refusals import Refused
from goodstanding.clock import StoppedClock
from goodstanding.core import codec, dunning
from goodstanding.core.records import BEST_FIRST, MembershipRecord, Status
from goodstanding.core.standing import judge_member
from goodstanding.gateways.models import GatewayAccount
from goodstanding.gateways.protocol import GatewayUnreachable
from goodstanding.gateways.sandbox import models as vendor
from goodstanding.gateways.sandbox.models import Payment as TheirPayment
from goodstanding.gateways.sandbox.vendor import pages
from goodstanding.gateways.services import ensure_manual_account, ensure_sandbox_accounts
from goodstanding.inbox.models import WebhookEvent
from goodstanding.jobs import registry
from goodstanding.jobs.models import Job
from goodstanding.jobs.worker import Worker
from goodstanding.memberships import byhand, cards, ending, giving_back, owing
from goodstanding.memberships.intake import take_in
from goodstanding.memberships.reading import records_of, standing_now
from goodstanding.memberships.rebuilding import rebuild_customers, rebuild_standing
from goodstanding.people.models import Member
from goodstanding.people.services import make_member, make_user
from goodstanding.reports.books import books
from tests.apps.checkout.books import wrong_in
from tests.apps.checkout.border import tick
from tests.apps.checkout.conftest import CATALOGUE
from tests.conftest import START
from tests.core import oracle
from tests.scenarios.dump import differences, dump

pytestmark = pytest.mark.django_db(transaction=True)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CARDS = (
    "sandbox_ok",
    "sandbox_declined",
    "sandbox_fails_later",
    "sandbox_insufficient_funds",
    "sandbox_challenge_always",
)
BUYS = (("full", "month"), ("full", "year"), ("weekday", "month"), ("day", "hour"), ("friend", "month"))
STEP = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from((1, 5, 20, 25, 24 * 3, 24 * 8, 24 * 31, 24 * 60))),
    st.tuples(st.just("join"), st.tuples(st.sampled_from(BUYS), st.sampled_from(("sandbox", "sandbox-auto")), st.sampled_from(CARDS))),
    st.tuples(st.just("card"), st.sampled_from(CARDS)),
    st.tuples(st.just("pay"), st.sampled_from(CARDS)),
    st.tuples(st.sampled_from(("cancel", "stay", "end", "refund", "part", "by hand", "approve", "refuse")), st.none()),
)  # fmt: skip


@dataclass
class Life:
    """A member's life: what can be done is done, what is refused is refused, and time passes with the worker at work."""

    clock: StoppedClock
    member: Any
    staff: Any
    seen: dict[datetime, str] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)

    def live(self, what: str, how: Any) -> None:
        self.clock.advance(timedelta(minutes=1))  # what is done in the moment of a look counts in that moment
        try:
            getattr(self, "_" + what.replace(" ", "_"))(how)
            self.done.append(what)
        except (Refused, ending.CannotEnd, cards.CardRefused, giving_back.Refused, byhand.Refused, GatewayUnreachable):
            pass
        self.clock.advance(timedelta(minutes=1))
        self.work()
        self.seen[self.clock.now] = str(standing_now(self.member.pk, now=self.clock.now).status)

    def work(self) -> None:
        sources = [each for each in registry.sources() if each.name != "sandbox"]
        tick("sandbox-auto", self.clock)
        Worker(sources=sources, name="life", now=lambda: self.clock.now).drain()

    def _wait(self, hours: int) -> None:
        end = self.clock.now + timedelta(hours=hours)
        while self.clock.now < end:
            self.clock.set(min(self.clock.now + max(timedelta(hours=hours) / 6, HOUR), end))
            self.work()

    def _join(self, how: tuple[tuple[str, str], str, str]) -> None:
        (level, interval), at, card = how
        rows = Price.objects.select_related("level__group")
        price, now = rows.get(level=level, interval=interval), self.clock.now
        shown = quotes.shown(quotes.signed(quotes.for_member(price, self.member, now=now), now=now), now=now)
        account = GatewayAccount.objects.get(pk=at)
        checkout = services.accept(self.member, price, account, shown=shown, now=now)
        services.pay(checkout, return_url="/back", now=now, card=card)

    def _card(self, card: str) -> None:
        cards.keep(
            self.member, GatewayAccount.objects.get(pk="sandbox"), return_url="/x", now=self.clock.now, card=card
        )

    def _pay(self, card: str) -> None:
        for bill in owing.open_invoices(self.member)[:1]:
            owing.pay(bill, return_url="/x", now=self.clock.now, card=card)

    def _subscription(self) -> Subscription:
        rows = Subscription.objects.select_related("gateway_account", "customer").order_by("-begun_at", "id")
        found = rows.filter(customer__member=self.member).first()
        if found is None:
            raise ending.CannotEnd
        return found

    def _cancel(self, _: None) -> None:
        ending.cancel(self._subscription(), now=self.clock.now)

    def _stay(self, _: None) -> None:
        ending.stay(self._subscription(), now=self.clock.now)

    def _end(self, _: None) -> None:
        ending.end_now(self._subscription(), now=self.clock.now)

    def _refund(self, _: None, part: int = 1) -> None:
        for payment in Payment.objects.filter(account__member=self.member).order_by("-made_at", "id")[:1]:
            left = giving_back.left_of(payment)
            amount = type(left)(left.amount_minor // part, left.currency)
            giving_back.refund(payment, amount=amount, reason="x", by=self.staff, now=self.clock.now)

    def _part(self, _: None) -> None:
        self._refund(None, part=3)

    def _by_hand(self, _: None) -> None:
        for bill in owing.open_invoices(self.member)[:1]:
            now = self.clock.now
            byhand.record_payment(bill, how="cash", reference="", paid_at=now, by=self.staff, now=now)

    def _approve(self, _: None, approved: bool = True) -> None:
        for payment in TheirPayment.objects.filter(status="waiting").exclude(page="")[:1]:
            pages.decide(payment.page, approved=approved, now=self.clock.now)
        for checkout in Checkout.objects.filter(state="open"):
            services.ask(checkout, now=self.clock.now)

    def _refuse(self, _: None) -> None:
        self._approve(None, approved=False)


@pytest.fixture
def life(db: None, clock: StoppedClock) -> Life:
    return begin(clock)


def begin(clock: StoppedClock) -> Life:
    """Begin a life of somebody who was never here before."""
    import_catalogue(json.dumps(CATALOGUE), now=clock.now)
    ensure_manual_account()
    ensure_sandbox_accounts()
    number = Member.objects.count()
    user = make_user(email=f"alice{number}@example.org", name="Alice", now=clock.now)
    staff = make_user(email=f"dana{number}@example.org", name="Dana", staff=True, now=clock.now)
    return Life(clock, make_member(user=user, email=user.email, name="Alice", now=clock.now), staff)


def wrong_with(life: Life) -> list[str]:
    """Everything that must hold of a life, whatever it was."""
    found, records = wrong_in(), records_of([life.member.pk]).get(life.member.pk, [])
    for at, status in life.seen.items():
        now = str(judge_member(records, at).status)
        if now != status:
            found.append(f"{status} at {at:%m-%d %H:%M}, and {now} when asked later")
        slow = by_the_oracle(records, at)
        if slow != now:
            found.append(f"{now} at {at:%m-%d %H:%M}, {slow} by the oracle")
    found += books(zone=ZoneInfo("UTC"), until=(life.clock.now + 400 * DAY).date()).wrong
    found += [f"{each.table} {each.row}" for each in (*rebuild_customers()[2], *rebuild_standing()[2])]
    return found + list(_without_cause(life)) + list(_off_the_anchor())


def by_the_oracle(records: Sequence[MembershipRecord], at: datetime) -> str:
    found = [oracle.View(record, at).status_at(at) for record in records]
    return str(min(found, key=BEST_FIRST.index) if found else Status.NONE)


def _without_cause(life: Life) -> Iterator[str]:
    """No access after the end of what was paid, and seven days (I11)."""
    rows = Invoice.objects.filter(account__member=life.member).exclude(settled_at=None).exclude(lines=None)
    paid = [
        (max(each for each in (start, settled) if each is not None), end)
        for start, end, settled in rows.values_list("lines__start_at", "lines__end_at", "settled_at")
    ]
    for at, status in life.seen.items():
        if status in ("good", "grace") and not any(since <= at < end + 7 * DAY for since, end in paid):
            yield f"{status} at {at:%m-%d %H:%M} without a cause"


def _off_the_anchor() -> Iterator[str]:
    """Each period of ours is the one that the anchor gives (I10)."""
    for row in Subscription.objects.filter(billed_by="us"):
        told = Fact.objects.filter(kind="subscription", ref=row.external_id).order_by("happened_at")
        seen: Any = codec.decode(told[0].body)
        for start, end in Invoice.objects.filter(subscription=row.external_id).values_list(
            "lines__start_at", "lines__end_at"
        ):
            if dunning.period(seen, dunning.number_of(start, seen)) != (start, end):
                yield f"{start} to {end} is no period of {row.external_id}"


@settings(
    max_examples=20, deadline=None, phases=(Phase.generate,), suppress_health_check=list(HealthCheck), derandomize=True
)
@given(
    st.lists(STEP, min_size=5, max_size=10),
    st.tuples(st.sampled_from(BUYS), st.sampled_from(("sandbox", "sandbox-auto"))),
)
def test_lives_that_nobody_would_write_down(db: None, steps: list[tuple[str, Any]], first: tuple[Any, str]) -> None:
    with clock_module.stopped(START) as clock:
        forget()
        life = begin(clock)
        life.live("join", (*first, "sandbox_ok"))
        for what, how in steps:
            life.live(what, how)
        assert wrong_with(life) == [], life.done


LIFE: list[tuple[str, Any]] = [
    ("join", (("full", "month"), "sandbox", "sandbox_fails_later")),
    ("join", (("day", "hour"), "sandbox", "sandbox_ok")),
    ("wait", 24 * 33),
    ("pay", "sandbox_declined"),
    ("pay", "sandbox_ok"),
    ("cancel", None),
    ("stay", None),
    ("wait", 24 * 31),
    ("part", None),
    ("cancel", None),
    ("wait", 24 * 5),
    ("refund", None),
    ("wait", 24 * 31),
    ("join", (("weekday", "month"), "sandbox", "sandbox_challenge_always")),
    ("refuse", None),
    ("by hand", None),
    ("wait", 24),
]
DERIVED = ("gs_billing", "gs_memberships_membership", "gs_memberships_levelspan", "gs_memberships_memberstanding", "gs_memberships_alarm")  # fmt: skip


def derived_rows(life: Life) -> dict[str, dict[str, dict[str, Any]]]:
    rows = dump()
    kept = {name: table for name, table in rows.items() if name.startswith(DERIVED)}
    for name in ("gs_billing_paymentattempt", "gs_billing_errand", "gs_billing_turn", "gs_billing_fact"):
        kept.pop(name, None)
    told = Turn.objects.values_list("subscription", "state", "due_at")
    kept["turns"] = {pk: {"state": state, "due_at": due_at if state == "open" else None} for pk, state, due_at in told}
    return kept


@pytest.mark.parametrize("seed", range(3))
def test_facts_of_ours_in_any_order_and_doubled_tell_the_same(life: Life, seed: int) -> None:
    """I1, I2, I4 for what we bill ourselves."""
    for what, how in LIFE:
        life.live(what, how)
    before, now = derived_rows(life), life.clock.now
    assert wrong_with(life) == []
    told = list(Fact.objects.order_by("id").values_list("gateway_account_id", "event", "body"))
    owners = list(GatewayCustomer.objects.values_list("gateway_account_id", "external_id", "member_id"))
    assert len(told) > 20
    forget()
    shuffled, dice = [*told, *told[::3]], random.Random(seed)
    dice.shuffle(shuffled)
    for account_id, external_id, member in owners:
        with transaction.atomic():
            account = GatewayAccount.objects.get(pk=account_id)
            customer = recording.locked_customer(account, external_id, wanted=False)
            customer.member_id = member
            customer.save(update_fields=["member"])
    for number, (account_id, event, body) in enumerate(shuffled):
        account = GatewayAccount.objects.get(pk=account_id)
        with transaction.atomic():
            take_in([codec.decode(body)], account=account, event=f"{event}{number}", recorded_at=now, now=now)
    after = derived_rows(life)
    for table in (before, after):
        for rows in table.values():
            for row in rows.values():
                for not_of_facts in ("as_of", "method", "card_label", "card_last4", "card_good_before"):
                    row.pop(not_of_facts, None)
        table.pop("gs_memberships_memberstanding", None)
    assert differences(before, after) == []
    records = records_of([life.member.pk])[life.member.pk]
    assert {at: str(judge_member(records, at).status) for at in life.seen} == life.seen


def forget() -> None:
    """An empty database, but for who there is and what is for sale."""
    from goodstanding.billing import models as billing
    from goodstanding.memberships import models as memberships

    for each in (vendor.Message, vendor.Kept, vendor.Refund, vendor.Dispute, vendor.Payment, vendor.Invoice):
        each._default_manager.all().delete()
    vendor.Subscription.objects.all().delete()
    WebhookEvent.objects.all().delete()
    Job.objects.all().delete()
    Checkout.objects.all().delete()
    Turn.objects.all().delete()
    billing.PaymentAttempt.objects.all().delete()
    billing.Errand.objects.all().delete()
    for model in (memberships.MembershipItem, memberships.LevelSpan, memberships.Alarm):
        model._default_manager.all().delete()
    memberships.StandingChange.objects.all().delete()
    memberships.MemberStanding.objects.all().delete()
    memberships.Membership.objects.all().delete()
    for row in (
        billing.Transfer,
        billing.Refund,
        billing.Dispute,
        billing.Payment,
        billing.InvoiceLine,
        billing.Invoice,
    ):
        row._default_manager.all().delete()
    billing.SubscriptionItem.objects.all().delete()
    Subscription.objects.all().delete()
    billing.ObjectState.objects.all().delete()
    Fact.objects.all().delete()
    GatewayCustomer.objects.all().delete()
    billing.Account.objects.all().delete()


Damage = Callable[[], object]
DAMAGES: dict[str, Damage] = {
    "an invoice": lambda: Invoice.objects.update(status="void", paid_minor=0),
    "a payment": lambda: Payment.objects.update(amount_minor=1),
    "a subscription": lambda: Subscription.objects.update(status="active", ended_at=None),
    "our clock's rows": lambda: Turn.objects.all().delete(),
    "our clock's dates": lambda: Turn.objects.update(state="open", due_at=START + 4000 * DAY),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_spoiled_is_found_and_mended(life: Life, damage: str) -> None:
    for what, how in LIFE:
        life.live(what, how)
    before = derived_rows(life)
    assert rebuild_customers()[2] == []
    DAMAGES[damage]()
    assert rebuild_customers()[2] != []
    assert rebuild_customers()[2] == []
    assert differences(before, derived_rows(life)) == []
