"""How a member stands, and what happens next with each membership: read from the records, in as many statements always."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from goodstanding.billing.models import Errand, Invoice, Subscription, Turn
from goodstanding.catalogue.code_words import held_words
from goodstanding.catalogue.models import Level
from goodstanding.catalogue.words import money_words
from goodstanding.checkout.models import Checkout
from goodstanding.core.dunning import Act, Step
from goodstanding.core.expecting import Expected
from goodstanding.core.fold import ENDED, SubscriptionStatus
from goodstanding.core.money import Money
from goodstanding.core.records import FOR_LIFE, Status
from goodstanding.core.standing import Answer, judge_member
from goodstanding.gateways import registry
from goodstanding.gateways import services as gateways
from goodstanding.gateways.protocol import Ability, GatewayError
from goodstanding.memberships import cards, changes_ahead, changing, owing
from goodstanding.memberships.cards import KeptCard
from goodstanding.memberships.changes_ahead import Ahead
from goodstanding.memberships.coming import expected_bills, ledgers_of
from goodstanding.memberships.models import Membership, MembershipItem, Seat
from goodstanding.memberships.reading import records_of, standing_now
from goodstanding.people.models import Member
from goodstanding.portal import on_their_way, pausing, seats, words

SHOWN = 50  # memberships on the page, those held first
NOT_RENEWING = {str(status) for status in (*ENDED, SubscriptionStatus.INCOMPLETE)}
ON_ITS_WAY = (Errand.State.OPEN, Errand.State.PARKED)

Key = tuple[str, str]  # (gateway account, a reference there)


@dataclass(frozen=True, slots=True)
class Renewal:
    """A subscription that renews a membership, or would: what happens next with it, and what may be done about it."""

    subscription: Subscription
    says: tuple[str, ...]
    bill: Invoice | None
    can_stop: bool
    can_stay: bool
    can_change: bool
    is_changed: bool  # another price is set for the next period
    can_pause: bool
    has_pause: bool  # one that runs, or is to come
    is_paused: bool
    waits: Money | None = None  # what changes before come to that are billed with the next bill, and not paid


@dataclass(frozen=True, slots=True)
class Place:
    """A membership as its member sees it; his own, or one that he has through somebody else."""

    level: Level
    since: datetime
    status: str
    reason: str
    remedy: str
    until: datetime | None
    says: tuple[str, ...]
    renewals: tuple[Renewal, ...]
    may_buy: bool
    seats: str = ""  # how many others may be members through it
    membership: str = ""
    seat: Seat | None = None  # it is held through somebody else

    @property
    def is_over(self) -> bool:
        """Whether it is of the past."""
        return self.status == Status.LAPSED


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything on the page of one's membership. ``bills``: what is open; ``begun``: what was begun to be bought."""

    status: str
    reason: str
    until: datetime | None
    places: tuple[Place, ...]
    bills: tuple[Invoice, ...]
    begun: tuple[Checkout, ...]
    paid_later: frozenset[str] = frozenset()  # accounts of begun checkouts whose bill is paid by hand

    @property
    def held(self) -> list[Place]:
        """The memberships that are not of the past."""
        return [place for place in self.places if not place.is_over]

    @property
    def over(self) -> list[Place]:
        """Those of the past whose level is not held otherwise."""
        return [place for place in self.places if place.is_over]

    def renewal(self, subscription: str) -> tuple[Place, Renewal] | None:
        """Return what is known of one subscription that renews."""
        for place in self.places:
            for renewal in place.renewals:
                if renewal.subscription.pk == subscription:
                    return place, renewal
        return None


@dataclass(frozen=True, slots=True)
class _Told:
    """What bears on what happens next."""

    bills: dict[Key, Invoice]
    errands: dict[Key, str]
    cards: Sequence[KeptCard]
    ahead: dict[str, Ahead]
    coming: dict[str, Expected]
    now: datetime


def of(member: Member, *, now: datetime, with_cards: bool = True) -> Overview:
    """Return how ``member`` stands. ``with_cards``: ask the gateways which card pays; one that does not answer is left out."""
    document = standing_now(member.pk, now=now).document
    answers = dict(judge_member(records_of([member.pk]).get(member.pk, []), now).memberships)
    rows = [row for row in _places(member) if row.pk in answers]
    held = {row.pk: row for row in seats.held(member) if row.pk in answers}
    begun = tuple(
        Checkout.objects.filter(member=member, state=Checkout.State.OPEN).select_related(
            "price__level", "gateway_account"
        )
    )
    open_bills = owing.open_invoices(member)
    renewing = [each for row in rows for each in _renewing(row)]
    asked = with_cards and bool(renewing)
    ledgers = ledgers_of(renewing)
    told = _Told(
        {(bill.gateway_account_id, bill.subscription): bill for bill in reversed(open_bills)},
        _errands(member),
        stored_cards(member, now=now) if asked else (),
        changes_ahead.with_balance(member, changes_ahead.ahead(renewing, ledgers, now=now)),
        expected_bills(renewing, ledgers),
        now,
    )
    having = seats.with_seats(row for row in rows if answers[row.pk].status != Status.LAPSED)
    found = {row.pk: replace(_place(row, answers[row.pk], told), seats=having.get(row.pk, "")) for row in rows}
    levels = Level.objects.in_bulk({answers[pk].level for pk in held}) if held else {}
    found |= {pk: _seat(row, levels[answers[pk].level], answers[pk], now=now) for pk, row in held.items()}
    best_first = [found[pk] for pk in answers if pk in found]
    places = tuple(sorted(best_first, key=lambda place: place.is_over))  # what is paused before what is of the past
    paid_there = {each.pays_for for each in begun}
    until = document.get("covered_until")
    return Overview(
        status=pausing.PAUSED if places and places[0].status == pausing.PAUSED else document["status"],
        reason=_headline(places),
        until=datetime.fromisoformat(until) if until else None,
        places=places,
        bills=tuple(bill for bill in open_bills if bill.external_id not in paid_there),
        begun=begun,
        paid_later=frozenset(each.gateway_account_id for each in begun if gateways.is_paid_later(each.gateway_account)),
    )


def _headline(places: Sequence[Place]) -> str:
    """Why the member stands as he does: the words of the best membership, named where there are several."""
    if not places:
        return ""
    best = places[0]
    return f"{best.level.name}: {best.reason}" if len(places) > 1 else best.reason


def stored_cards(member: Member, *, now: datetime) -> list[KeptCard]:
    """Return a member's stored cards; none where a gateway does not answer."""
    try:
        return cards.kept(member, now=now)
    except GatewayError:
        return []


def _places(member: Member) -> list[Membership]:
    paid_by = MembershipItem.objects.select_related("item__subscription__turn", "item__subscription__gateway_account")
    rows = Membership.objects.filter(member=member).select_related("level").order_by("-is_open", "-begun_at", "id")
    return list(rows.prefetch_related(Prefetch("items", paid_by), "items__item__subscription__items")[:SHOWN])


def _errands(member: Member) -> dict[Key, str]:
    rows = Errand.objects.filter(customer__member=member, state__in=ON_ITS_WAY).exclude(kind=Errand.Kind.REFUND)
    told = rows.order_by("asked_at", "id").values_list("customer__gateway_account", "target", "kind")
    return {(account, target): kind for account, target, kind in told}


def _subscriptions(row: Membership) -> Iterable[Subscription]:
    found = {each.item.subscription_id: each.item.subscription for each in row.items.all() if each.item.is_current}
    return sorted(found.values(), key=lambda each: (each.begun_at, each.pk))


def _renewing(row: Membership) -> list[Subscription]:
    return [each for each in _subscriptions(row) if each.status not in NOT_RENEWING]


def _place(row: Membership, answer: Answer, told: _Told) -> Place:
    renewals = tuple(_renewal(each, row.level, answer, told) for each in _renewing(row))
    begun_unpaid = any(each.status == SubscriptionStatus.INCOMPLETE for each in _subscriptions(row))
    lasting = answer.covered_until is None or answer.covered_until >= FOR_LIFE
    says: list[str] = []
    if not renewals and answer.status in (Status.GOOD, Status.GRACE, Status.HELD) and not lasting:
        says.append(_("It does not renew by itself."))
    return Place(
        level=row.level,
        since=row.begun_at,
        status=pausing.status_of(answer),
        reason=pausing.reason([each.subscription for each in renewals if each.has_pause], answer, now=told.now),
        remedy=words.remedy(answer),
        until=answer.covered_until,
        says=tuple(says),
        renewals=renewals,
        may_buy=row.level.is_open and not renewals and not begun_unpaid and not _for_life(answer),
        membership=row.pk,
    )


def _seat(row: Seat, level: Level, answer: Answer, *, now: datetime) -> Place:
    """A membership through somebody else: he renews it, and nobody is asked for anything here."""
    return Place(
        level=level,
        since=row.since,
        status=pausing.status_of(answer),
        reason=words.reason(answer, now=now),
        remedy=words.remedy(answer),
        until=answer.covered_until,
        says=(),
        renewals=(),
        may_buy=False,
        seat=row,
    )


def _for_life(answer: Answer) -> bool:
    until = answer.covered_until
    return answer.status in (Status.GOOD, Status.HELD) and (until is None or until >= FOR_LIFE)


def _renewal(subscription: Subscription, level: Level, answer: Answer, told: _Told) -> Renewal:
    key = (subscription.gateway_account_id, subscription.external_id)
    bill, errand = told.bills.get(key), told.errands.get(key, "")
    ahead = told.ahead.get(subscription.pk)
    waits = bill is not None and changing.is_change(bill)
    ending = errand in (Errand.Kind.END, Errand.Kind.END_NOW)
    ends = ending or (subscription.ends_at is not None and errand != Errand.Kind.RESUME)
    paused = subscription.has_pause_after(told.now)
    says = on_their_way.says(errand)
    if bill is not None:
        says += _change_words(bill) if waits else _bill_words(subscription, bill, ahead, told.now)
    if subscription.ends_at is not None and errand != Errand.Kind.RESUME:
        until = words.until(subscription.ends_at, now=told.now)
        says.append(_("It ends on %(until)s and is not renewed.") % {"until": until})
    elif subscription.paused:
        says.append(_("It is paused: nothing is charged until it goes on."))
    elif paused:
        says += pausing.standing_words(subscription, ahead.at if ahead is not None else None, now=told.now)
        says += _renewal_words(subscription, answer, told) if subscription.pause_until is not None else []
    elif (bill is None or waits) and not ends:
        says += _renewal_words(subscription, answer, told)
    may_go_back = subscription.ends_at is None or subscription.ends_at > told.now
    runs = not ends and not paused and bill is None and answer.status == Status.GOOD
    replaceable = ahead is not None and ahead.can_replace and not ends and answer.status in (Status.GOOD, Status.GRACE)
    return Renewal(
        subscription,
        tuple(says),
        bill,
        can_stop=not ends,
        can_stay=ends and may_go_back,
        can_change=(ahead is not None and runs) or replaceable,
        is_changed=ahead is not None and ahead.price is not None and not ends,
        can_pause=answer.status == Status.GOOD and not ends and pausing.may(subscription, level, bill, now=told.now),
        has_pause=paused and ahead is not None,
        is_paused=subscription.is_paused_at(told.now),
        waits=ahead.unpaid if ahead is not None else None,
    )


def _bill_words(subscription: Subscription, bill: Invoice, ahead: Ahead | None, now: datetime) -> list[str]:
    owed = {"amount": money_words(owing.owed(bill)), "day": words.day(bill.issued_at)}
    found = [_("%(amount)s has been open since %(day)s.") % owed]
    if bill.due_at is not None:
        due = words.day(bill.due_at - timedelta(microseconds=1))
        return [_("%(amount)s is to be paid by %(day)s, by hand.") % {"amount": owed["amount"], "day": due}]
    if subscription.billed_by == Subscription.BilledBy.GATEWAY:
        found.append(_("The bank tries again by itself; you can also pay it here."))
    elif registry.can(subscription.gateway_account.gateway, Ability.CHARGE):
        found += _try_words(subscription, ahead.step if ahead is not None else None, now)
    return found


def _try_words(subscription: Subscription, step: Step | None, now: datetime) -> list[str]:
    """What our clock does next about a bill that is open."""
    if subscription.status == SubscriptionStatus.UNPAID:
        return [_("It is not tried again by itself. Nothing renews until it is paid; then all goes on.")]
    if step is None or step.at <= now:
        return []
    said = {"day": words.day(step.at)}
    if step.act is Act.COLLECT:
        return [_("Your card is tried again on %(day)s.") % said]
    if step.act is Act.GIVE_UP:
        return [
            _("Your card is not tried again. Pay, or give us another card, by %(day)s: after that it is not renewed.")
            % said
        ]
    return []


def _change_words(bill: Invoice) -> list[str]:
    said = _("A change waits until %(amount)s is paid. Not paid within a day, it is dropped, and all stays as it is.")
    return [said % {"amount": money_words(owing.owed(bill))}]


def _renewal_words(subscription: Subscription, answer: Answer, told: _Told) -> list[str]:
    turn = getattr(subscription, "turn", None)
    ours = subscription.billed_by == Subscription.BilledBy.US and turn is not None and turn.state == Turn.State.OPEN
    ahead = told.ahead.get(subscription.pk)
    at = ahead.at if ours and ahead is not None else answer.covered_until
    if at is None or at >= FOR_LIFE:
        return []
    coming = told.coming.get(subscription.pk)
    if coming is not None:
        said = {"since": words.day(coming.since), "day": words.day(at)}
        return [_("It was changed on %(since)s. A bill is expected by %(day)s; its amount is not known yet.") % said]
    amount = _amount(subscription, ahead)
    found = [*_set_words(ahead, at), *_code_words(ahead), *_waits_words(ahead)]
    if ahead is not None and amount is not None and ahead.balance and amount:
        used = min(ahead.balance, amount)
        amount -= used
        found.append(_("%(credit)s of the next renewal comes from your credit.") % {"credit": money_words(used)})
        if not amount:
            return [*found, _("It renews on %(day)s, and your card is not charged.") % {"day": words.day(at)}]
    return [*found, _charge_words(subscription, at, amount, told)]


def _code_words(ahead: Ahead | None) -> list[str]:
    """The codes that the next bill still has, and for how many payments."""
    if ahead is None:
        return []
    said = [held_words(each, ahead.balance.currency, paid=ahead.paid) for each in ahead.codes]
    return [f"{words}." for words in said if words]


def _waits_words(ahead: Ahead | None) -> list[str]:
    if ahead is None or not ahead.waits:
        return []
    said = {"amount": money_words(abs(ahead.waits))}
    if ahead.waits.amount_minor < 0:
        return [_("%(amount)s of your change is given back with the next bill.") % said]
    return [_("%(amount)s of the next bill is for the change that you made: it is not billed yet.") % said]


def _set_words(ahead: Ahead | None, at: datetime) -> list[str]:
    if ahead is None or ahead.price is None:
        return []
    said = {"day": words.day(at), "level": ahead.price.level.name, "price": ahead.price.words}
    return [_("From %(day)s: %(level)s, %(price)s.") % said]


def _charge_words(subscription: Subscription, at: datetime, amount: Money | None, told: _Told) -> str:
    said = {"day": words.day(at), "amount": money_words(amount) if amount else ""}
    if amount is None:
        return _("It renews on %(day)s.") % said
    if not amount:
        return _("It renews on %(day)s, and costs nothing.") % said
    card = next(
        (each for each in told.cards if each.account == subscription.gateway_account_id and each.is_default), None
    )
    if card is None:
        return _("It renews on %(day)s for %(amount)s.") % said
    said["card"] = f"{card.label} … {card.last4}"
    return _("It renews on %(day)s for %(amount)s, by %(card)s.") % said


def _amount(subscription: Subscription, ahead: Ahead | None) -> Money | None:
    """What the next renewal costs, as far as it is known: the price that is set for it, or all that is held now."""
    if ahead is not None and ahead.price is not None:
        return Money(ahead.price.amount_minor, ahead.price.currency) + (ahead.waits or ahead.balance - ahead.balance)
    if ahead is not None and ahead.asked is not None:
        return max(ahead.asked, ahead.balance - ahead.balance)
    items = [item for item in subscription.items.all() if item.is_current]
    if not items or any(item.amount_minor is None for item in items):
        return None
    return Money(sum((item.amount_minor or 0) * item.quantity for item in items), subscription.currency)
