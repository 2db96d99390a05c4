"""A life with all that money can do: codes, gift cards, balance, changes of level, pauses, seats; checked after every step."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import connection, transaction

from goodstanding.billing import recording
from goodstanding.billing.models import GatewayCustomer, GiftCard, GiftOffer, Invoice, Payment, Subscription
from goodstanding.catalogue import knowledge
from goodstanding.catalogue.models import DiscountCode, Price
from goodstanding.catalogue.services import import_catalogue
from goodstanding.checkout import gifts, quotes, services
from goodstanding.checkout.refusals import Refused
from goodstanding.clock import StoppedClock
from goodstanding.core.changes import Manner, Reckoning, When
from goodstanding.core.giving import To
from goodstanding.core.ledger import Ledger
from goodstanding.core.money import Money
from goodstanding.core.quote_refusals import QuoteRefused
from goodstanding.gateways.models import GatewayAccount
from goodstanding.gateways.protocol import GatewayUnreachable
from goodstanding.gateways.registry import Unable
from goodstanding.memberships import (
    adjusting,
    byhand,
    cards,
    change_pages,
    changing,
    changing_by_staff,
    closing,
    ending,
    gift_cards,
    giving_back,
    owing,
    pausing,
    seats_buying,
    seats_giving,
)
from goodstanding.memberships.changing_words import CannotChange
from goodstanding.memberships.models import Membership, Seat
from goodstanding.memberships.reading import standing_now
from goodstanding.people.services import make_member, make_user
from tests.apps.checkout import wishes
from tests.apps.checkout.books import wrong_in
from tests.apps.seats.house import HOUSES, seat
from tests.core.billed_lives import books_wrong, given_back_wrong
from tests.scenarios import test_our_lives as ours

DAY = timedelta(days=1)
KEPT = ("gs_people_", "gs_catalogue_", "gs_gateways_", "gs_audit_", "gs_billing_giftoffer", "gs_billing_dunning")
REFUSALS = (
    Refused, QuoteRefused, CannotChange, GatewayUnreachable, Unable, ending.CannotEnd, cards.CardRefused, byhand.Refused,
    giving_back.Refused, adjusting.Refused, gift_cards.Refused, gift_cards.NotRedeemed, pausing.CannotPause,
    seats_giving.CannotSeat,
)  # fmt: skip
CODES: dict[str, dict[str, Any]] = {
    "ONCE": {"basis_points": 2500},
    "THRICE": {"basis_points": 3333, "payments": 3},
    "EVER": {"kind": "fixed", "amount_minor": 1000, "currency": "EUR", "payments": None},
    "ALL": {"basis_points": 10000},
    "KEPT": {"kind": "fixed", "amount_minor": 30000, "currency": "EUR", "keeps_rest": True},
}


@dataclass
class MoneyLife(ours.Life):
    """What can be done is done, what is refused is refused; ``wrong``: what did not come out as it was said (I13)."""

    friend: Any = None
    wrong: list[str] = field(default_factory=list)

    def live(self, what: str, how: Any) -> None:
        self.clock.advance(timedelta(minutes=1))  # what is done in the moment of a look counts in that moment
        try:
            getattr(self, "_" + what.replace(" ", "_"))(how)
            self.done.append(f"{what} {how}")
        except REFUSALS as refused:
            self.done.append(f"{what} {how}: refused, {refused}")
        self.clock.advance(timedelta(minutes=1))
        self.work()
        self.seen[self.clock.now] = str(standing_now(self.member.pk, now=self.clock.now).status)

    def said(self, what: str, bill: Invoice | None, total: Money, due: Money | None = None) -> None:
        """I13: a bill is what was said of it."""
        if bill is not None and (bill.total_minor, bill.due_minor if due else 0) != (
            total.amount_minor, due.amount_minor if due else 0
        ):  # fmt: skip
            self.wrong.append(f"{what}: {bill.total_minor} ({bill.due_minor}) instead of {total} ({due})")

    def _buy(self, how: tuple[str, str, int, str]) -> None:
        name, code, seats, card = how
        price = _price(name)
        wanted = wishes.wish(price, code=code, **({"seats": seats} if price.seat_amount_minor is not None else {}))
        quote = quotes.quoted(wanted, now=self.clock.now, member=self.member)
        found = wishes.buy(self.member, wanted, self.clock, card=card)
        self.said("buying", services.bill_of(found.checkout), quote.total)

    def _change(self, how: tuple[str, str]) -> None:
        name, card = how
        subscription, price = self._subscription(), _price(name)
        found = changing.preview(subscription, price, now=self.clock.now)
        seen = change_pages.shown(change_pages.signed(found), now=self.clock.now)
        given = {"card": card} if found.plan.due_now else {}
        changing.accept(subscription, price, seen, return_url="/x", now=self.clock.now, **given)
        bill = Invoice.objects.filter(pk=changing.bill_of(subscription, seen)).first()
        self.said("changing", bill, found.plan.total, found.plan.due_now)

    def _staff_change(self, how: tuple[str, When, Reckoning, bool]) -> None:
        name, when, reckoning, charges = how
        subscription, now = self._subscription(), self.clock.now
        wanted = changing_by_staff.Wish(_price(name), Manner(when, reckoning))
        found = changing_by_staff.preview(subscription, wanted, now=now)
        seen = change_pages.shown(change_pages.signed(found), now=now)
        said = changing_by_staff.Said(self.staff, "x", charges=charges)
        changing_by_staff.accept(subscription, wanted, seen, said, return_url="/x", now=now)
        bill = Invoice.objects.filter(pk=changing.bill_of(subscription, seen)).first()
        self.said("changing", bill, found.plan.total, found.plan.due_now)

    def _take_back(self, _: None) -> None:
        changing.take_back(self._subscription(), now=self.clock.now)

    def _seats(self, number: int) -> None:
        membership, now = self._membership(), self.clock.now
        found = seats_buying.preview(membership, number, now=now)
        seen = seats_buying.shown(seats_buying.signed(found), now=now)
        card = "sandbox_ok" if found.plan.due_now else ""
        seats_buying.accept(membership, seen, return_url="/x", now=now, card=card)

    def _seat(self, _: None) -> None:
        seat(self._membership(), self.friend, self.clock)

    def _leave(self, _: None) -> None:
        for each in Seat.objects.filter(until=None, holder=self.friend):
            seats_giving.end(each, Seat.Ended.LEFT, by=self.friend.user, now=self.clock.now)

    def _pause(self, days: int) -> None:
        now = self.clock.now
        end = now + days * DAY if days else None
        pausing.pause(self._subscription(), start=now, end=end, now=now, by=self.staff, reason="x")

    def _resume(self, _: None) -> None:
        pausing.resume(self._subscription(), now=self.clock.now, by=self.staff, reason="x")

    def _close(self, _: None) -> None:
        closing.close(self._membership(), by=self.staff, reason="x", now=self.clock.now)

    def _adjust(self, minor: int) -> None:
        adjusting.adjust(self.member, Money(minor, "EUR"), reason="x", by=self.staff, now=self.clock.now)

    def _gift(self, how: tuple[int, str]) -> None:
        amount, card = how
        today = self.clock.now.date()
        gift = gifts.Gift(Money(amount, "EUR"), to_email=self.friend.email, send_on=today)
        page, account = f"page-{GiftCard.objects.count()}", GatewayAccount.objects.get(pk="sandbox")
        made = gifts.begin(self.member, account, gift, page=page, now=self.clock.now)
        gifts.pay(made, return_url="/x", now=self.clock.now, token=card)

    def _redeem(self, _: None) -> None:
        for card in GiftCard.objects.filter(redeemed_at=None).order_by("id")[:1]:
            gift_cards.redeem(self.member, card.code, now=self.clock.now)

    def _to_balance(self, part: int) -> None:
        for payment in Payment.objects.filter(account__member=self.member).order_by("-made_at", "id")[:1]:
            left, how = giving_back.left_of(payment), giving_back.How(to=To.BALANCE)
            amount = Money(left.amount_minor // part, left.currency)
            giving_back.refund(payment, amount=amount, reason="x", by=self.staff, now=self.clock.now, how=how)

    def _approve(self, _: None, approved: bool = True) -> None:
        super()._approve(None, approved)
        for bill in Invoice.objects.filter(
            account__member=self.member, status="open"
        ):  # as the page does on the way back
            owing.ask(bill, now=self.clock.now)

    def _membership(self) -> Membership:
        rows = Membership.objects.filter(member=self.member).select_related("member", "level")
        found = rows.order_by("-begun_at", "id").first()
        if found is None:
            raise ending.CannotEnd
        return found

    def _subscription(self) -> Subscription:
        rows = Subscription.objects.select_related("gateway_account", "customer__member").order_by("-begun_at", "id")
        found = rows.filter(customer__member=self.member).first()
        if found is None:
            raise ending.CannotEnd
        return found


def wrong_now(life: MoneyLife) -> list[str]:
    """What must hold after every step: I5, I6, I8, I9, I12, I13."""
    found = [*life.wrong, *(said for said in wrong_in() if "overlap" not in said)]  # changes end periods within others
    for customer in GatewayCustomer.objects.exclude(gateway_account="sandbox-auto"):
        ledger = Ledger(recording.objects_of([customer.pk]).get(customer.pk, {}))
        found += [*books_wrong(ledger), *given_back_wrong(ledger)]
    return found


def begin(clock: StoppedClock) -> MoneyLife:
    """Begin a life of somebody who was never here before, and a friend of his."""
    _forget()
    old = ours.begin(clock)
    import_catalogue(json.dumps(HOUSES), now=clock.now)
    GiftOffer.objects.get_or_create(
        currency="EUR", defaults={"choices": "25, 50", "least_minor": 1000, "most_minor": 20000}
    )
    if not DiscountCode.objects.exists():
        wishes.sold("tried", trial_count=14, trial_unit="day")
        wishes.sold("parts", payments=3, keeps="term", keeps_count=1, keeps_unit="year")
        for text, how in CODES.items():
            DiscountCode.objects.create(text=text, made_at=clock.now, **{"kind": "percentage", **how})
    knowledge.touch()
    user = make_user(email=f"bob-{old.member.email}", name="Bob", now=clock.now)
    friend = make_member(user=user, email=user.email, name="Bob", now=clock.now)
    return MoneyLife(clock, old.member, old.staff, friend=friend)


def _price(name: str) -> Price:
    level, _, interval = name.partition(" ")
    rows = Price.objects.select_related("level__group").filter(level=level, interval=interval or "month")
    return rows.order_by("amount_minor")[0]


def _forget() -> None:
    """An empty database, but for who there is and what is for sale."""
    with transaction.atomic(), connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            if table.startswith("gs_") and not table.startswith(KEPT):
                cursor.execute(f'DELETE FROM "{table}"')
