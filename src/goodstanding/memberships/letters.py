"""What members are told by mail of what happens to their membership: rows, in the transaction of what they tell of.

Each is written once, under a key made of what it is about. Only where we write to members at all (a gateway may do so
itself, and a project that does not install ``goodstanding.communications`` writes no mail), and only of what has just
happened: history that is loaded from files makes no mail.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.apps import apps
from django.db.models import Exists, OuterRef, QuerySet
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from goodstanding import conf
from goodstanding.billing import turns
from goodstanding.billing.models import GatewayCustomer
from goodstanding.catalogue.models import Level
from goodstanding.catalogue.words import money_words
from goodstanding.core.facts import InvoiceSeen, LineSeen, SubscriptionSeen
from goodstanding.core.fold import ENDED, InvoiceState, Key
from goodstanding.core.ids import derived
from goodstanding.core.ledger import Ledger
from goodstanding.core.money import Money
from goodstanding.core.money_back import revocations
from goodstanding.core.records import FOR_LIFE, MembershipRecord, Revocation, Status
from goodstanding.core.renewals import is_completed
from goodstanding.core.standing import judge_member
from goodstanding.gateways import registry
from goodstanding.gateways.protocol import Ability
from goodstanding.jobs import services as jobs
from goodstanding.jobs.writing import Writes
from goodstanding.memberships import bill_lines, change_letters, failing, gifts_following, pause_letters, reminders
from goodstanding.memberships.failures import WHY
from goodstanding.memberships.models import MemberStanding, Seat, StandingChange
from goodstanding.people.models import Member

COMMUNICATIONS = "goodstanding.communications"
JUST_NOW = timedelta(days=2)
GRACE_SOON = "memberships.grace_ends_soon"
TO_BE_PAID_WITHIN = timedelta(days=7)
BEFORE_GRACE_ENDS = timedelta(days=2)
HOME, PAY, INVOICE, JOIN = "gs_portal:membership", "gs_portal:pay_next", "gs_portal:invoice", "gs_checkout:levels"
PAY_THIS, CARDS, MEMBER = "gs_portal:pay", "gs_portal:cards", "gs_office:member"
COVERING = ("regular", "prepaid")
TOLD = frozenset({Status.LAPSED, Status.GRACE})  # the changes of standing that members hear of
WAS_IN = frozenset({Status.GOOD, Status.GRACE, Status.HELD})


def of_ledger(
    customer: GatewayCustomer, ledger: Ledger, changed: Collection[Key], standing: MemberStanding, writes: Writes
) -> None:
    """Have written what a member is to be told of the objects at ``changed``, at the moment that ``standing`` is as of.

    No query where nothing is to be told.
    """
    _to_staff(customer, ledger, changed, writes, now=standing.as_of)
    change_letters.made(customer, ledger, changed, now=standing.as_of, post=partial(post, writes=writes), page=_page)
    gifts_following.of_ledger(customer, ledger, changed, writes, now=standing.as_of)
    if not customer.gateway_account.writes_to_members or customer.member is None:
        return
    writer = _Writer(customer, ledger, customer.member, standing, writes)
    for kind, ref in sorted(changed):
        if kind == "invoice" and ref in ledger.invoices:
            writer.invoice(ref, ledger.invoices[ref])
        elif kind == "subscription":
            writer.subscription(ledger.subscriptions[ref])
        elif kind == "refund":
            writer.refund(ref)


def writes_to(member: str) -> bool:
    """Return whether we write to a member at all. One query."""
    return _written_to(member).exists()


def _written_to(member: str) -> QuerySet[Member]:
    """The member, if we write to him: as a payer, or as the holder of a seat of a payer whom we write to."""
    ours = {"gateway_account__writes_to_members": True}
    own = GatewayCustomer.objects.filter(member=OuterRef("pk"), **ours)
    held = Seat.objects.filter(holder=OuterRef("pk"), until=None)
    payers = held.filter(Exists(GatewayCustomer.objects.filter(member=OuterRef("payer"), **ours)))
    return Member.objects.filter(Exists(own) | Exists(payers), pk=member)


def of_changes(
    member: str, changes: Sequence[StandingChange], writes: Writes, *, records: Callable[[], Sequence[MembershipRecord]]
) -> None:
    """Write to a member whose standing has just lapsed, but not of what is paused. No query where nobody's has.

    ``records``: his memberships, read where they are needed.
    """
    for change in changes:
        if change.after == Status.LAPSED and change.before in WAS_IN and _is_new(change.at, change.recorded_at):
            written = _written_to(member).first()
            if written is not None:
                _lapsed(written, change, records(), writes)


def of_grace(member: str, row: MemberStanding, writes: Writes, *, now: datetime) -> None:
    """Have a member in grace written to again shortly before it ends, if nothing was paid by then."""
    if row.status == Status.GRACE and row.changes_at is not None and row.changes_at > now:
        due_at = max(now, row.changes_at - BEFORE_GRACE_ENDS)
        key = f"{member}|{row.changes_at.isoformat()}"
        writes.new([jobs.once(GRACE_SOON, key=key, due_at=due_at, now=now, payload={"member": member})])


def grace_ends_soon(member: str, *, now: datetime) -> None:
    """Write to a member whose grace ends soon. Any number of times: it is written once for each grace."""
    row = MemberStanding.objects.filter(pk=member).first()
    person = Member.objects.filter(pk=member, customers__gateway_account__writes_to_members=True).first()
    if row is None or person is None or row.status != Status.GRACE or row.changes_at is None or row.changes_at <= now:
        return
    owed = _owed(person)
    if owed is None:
        return
    context = {"grace_until": row.changes_at, "amount": money_words(owed), "link": _page(PAY)}
    writes = Writes()
    post("grace_ends_soon", f"{member}|{row.changes_at.isoformat()}", person, context, now=now, writes=writes)
    writes.flush()


def of_card(member: Member, about: str, context: dict[str, Any], *, now: datetime) -> bool:
    """Write to a member whose card expires soon; return whether that is new. ``about`` names the card."""
    writes = Writes()
    post("card_expires", about, member, context | {"link": _page(CARDS)}, now=now, writes=writes)
    return writes.flush() > 0


def goes_on_soon(subscription: str, end: datetime, *, now: datetime) -> None:
    """Remind the member of a subscription (by its public id) that its pause ends at ``end``, if it still does."""
    pause_letters.goes_on_soon(subscription, end, post=write, name_of=_name_of, page=_page(HOME), now=now)


def remind(invoice: str, due_at: datetime, *, now: datetime) -> None:
    """Remind the payer of a bill (by its public id) that is to be paid by hand until ``due_at``, if it still is."""
    reminders.remind(invoice, due_at, post=write, page=_page(INVOICE, invoice), now=now)


class _Writer:
    def __init__(
        self, customer: GatewayCustomer, ledger: Ledger, member: Member, standing: MemberStanding, writes: Writes
    ) -> None:
        self.customer, self.ledger, self.member, self.standing = customer, ledger, member, standing
        self.now, self.writes = standing.as_of, writes

    def invoice(self, ref: str, state: InvoiceState) -> None:
        """Welcome who has paid for the first time; a receipt for what was paid; and what to do where it failed."""
        last = state.last
        assert last is not None, ref
        if state.settled_at is not None:
            if _is_new(state.settled_at, self.now):
                self._settled(last)
        elif last.due_at is not None:
            told = [last.at, *(each.at for each in self.ledger.payments.values() if each.invoice == ref)]
            if _is_new(max(told), self.now):
                page = _page(INVOICE, derived("inv", self.customer.gateway_account_id, ref))
                pages = (page, _page(JOIN))
                reminders.of_bill(self.customer, self.ledger, state, self._post, pages=pages, now=self.now)
        elif state.closed_at is None and ref not in self.ledger.changes and failing.was_paid_before(self.ledger, last):
            refusals = self.ledger.refusals_of(ref)  # not those of a bill that it replaced
            if refusals and _is_new(refusals[-1].at, self.now):
                self._failed(last)

    def subscription(self, tellings: Sequence[SubscriptionSeen]) -> None:
        """Confirm that the renewal was stopped, or paused; or say that all instalments are paid."""
        last = tellings[-1]
        if _is_new(last.at, self.now) and pause_letters.is_of_pauses(tellings) and self._paid(last.subscription):
            level = pause_letters.level_of(last, _name_of)
            told = pause_letters.Told(self.customer, self.ledger, tellings, level, _page(HOME))
            pause_letters.of_telling(told, self._post, self.writes, now=self.now)
        before = tellings[-2] if len(tellings) > 1 else None
        ends = last.ends_at or (last.ended_at if last.status in ENDED else None)
        if ends is None or not _is_new(last.at, self.now) or not self._paid(last.subscription):
            return
        if last.status in ENDED and (self._gave_up(last) or (before and before.ends_at)):
            return  # they hear that it has lapsed, or have heard that it will end
        paid = [line.end for line in self._paid_lines(last.subscription)]
        until = max((end for end in paid if end > self.now), default=None)
        context: dict[str, Any] = {
            "level": pause_letters.level_of(last, _name_of),
            "link": _page(HOME),
            "covered_until": until,
        }
        about = f"{last.subscription}|{ends.isoformat()}"
        if not is_completed(last, turns.invoices_of(self.ledger, last.subscription)):
            self._post("cancelled", about, context)
        elif until == FOR_LIFE:
            self._post("paid_up", about, context | {"covered_until": None, "what_it_means": _("It is yours for life.")})
        else:
            over = _("What you paid for has ended with that.") if until is None else None
            self._post("paid_up", about, context | {"what_it_means": over})

    def refund(self, ref: str) -> None:
        """Say that money was given back, and what that means."""
        found = self.ledger.refunds.get(ref)
        if found is None or found.failed_at is not None or not _is_new(found.last.made_at, self.now):
            return
        if found.last.status != "succeeded":
            return  # promised, and not given yet
        invoice = self.ledger.invoice_of(found.last.payment, found.last.intent)
        whole = any(entry.until is None for entry in self._taken_back(invoice))
        means = _("What it had paid for has ended with that.") if whole else _("Nothing else changes.")
        amount = Money(found.last.amount_minor, found.last.currency)
        context = {"amount": money_words(amount), "what_it_means": means, "link": _page(HOME)}
        self._post("refunded", ref, context)

    def _settled(self, last: InvoiceSeen) -> None:
        covering = [line for line in last.lines if line.kind in COVERING]
        until = max((line.end for line in covering), default=None)
        until = None if until == FOR_LIFE else until
        if covering and not failing.was_paid_before(self.ledger, last):
            self._welcome(last, covering[0], until)
        if last.total_minor:
            context = {
                "number": last.number or last.invoice,
                **bill_lines.receipt(last),
                "link": _page(INVOICE, derived("inv", self.customer.gateway_account_id, last.invoice)),
                "covered_until": until,
            }
            self._post("receipt", last.invoice, context)

    def _welcome(self, last: InvoiceSeen, line: LineSeen, until: datetime | None) -> None:
        context: dict[str, Any] = {"level": _level_name(line), "link": _page(HOME), "covered_until": until}
        if last.subscription and until is not None and last.total_minor:
            context["next_charge_on"] = until.astimezone(conf.time_zone()).date()
            if registry.can(self.customer.gateway_account.gateway, Ability.CHARGE):  # else nobody charges anything
                context["amount"] = _words(last.total_minor, last)
        self._post("welcome", last.invoice, context)

    def _failed(self, last: InvoiceSeen) -> None:
        if not registry.can(self.customer.gateway_account.gateway, Ability.CHARGE):
            self._bill(last)
            return
        told = failing.of_bill(self.ledger, last, now=self.now)
        if told is None:
            return
        enters = self.standing.status in (Status.GOOD, Status.GRACE)
        context = {
            "amount": _words(last.due_minor - last.paid_minor, last),
            "next_try_at": told.next_try_at,
            "grace_until": self.standing.changes_at if enters else None,
            "then": told.then,
            "link": _page(PAY_THIS, derived("inv", self.customer.gateway_account_id, last.invoice)),
        }
        about = f"{last.invoice}|{told.day}"
        if told.needs_owner:
            self._post("card_challenge", about, context)
        else:
            self._post("payment_failed", about, context | {"reason": WHY.get(told.code, "")})

    def _bill(self, last: InvoiceSeen) -> None:
        """Ask for what is paid by hand: nobody tries a card."""
        context = {
            "number": last.number or last.invoice,
            "total": _words(last.due_minor - last.paid_minor, last),
            "due_on": (last.created_at + TO_BE_PAID_WITHIN).astimezone(conf.time_zone()).date(),
            "instructions": _("Pay it the way you paid before: in cash at the desk, or by transfer with its number."),
            "link": _page(INVOICE, derived("inv", self.customer.gateway_account_id, last.invoice)),
        }
        self._post("invoice", last.invoice, context)

    def _paid_lines(self, subscription: str) -> list[LineSeen]:
        """What was paid for by a subscription, and not given back."""
        return [
            line
            for state in turns.invoices_of(self.ledger, subscription)
            if state.settled_at is not None and state.last is not None and not self._taken_back(state.last.invoice)
            for line in state.last.lines
            if line.kind in COVERING
        ]

    def _taken_back(self, invoice: str) -> Sequence[Revocation]:
        state = self.ledger.invoices.get(invoice)
        if state is None or state.last is None:
            return ()
        return revocations(
            worth_minor=state.last.total_minor,
            given=self.ledger.given_back_of(invoice),
            taken=self.ledger.taken_of(invoice),
            disputes=self.ledger.disputes_of(invoice),
        )

    def _post(self, kind: str, about: str, context: dict[str, Any]) -> None:
        about = f"{self.customer.gateway_account_id}|{about}"
        post(kind, about, self.member, context, now=self.now, writes=self.writes)

    def _paid(self, subscription: str) -> bool:
        return any(state.settled_at for state in turns.invoices_of(self.ledger, subscription))

    def _gave_up(self, last: SubscriptionSeen) -> bool:
        return any(state.given_up_at for state in turns.invoices_of(self.ledger, last.subscription))


def _to_staff(
    customer: GatewayCustomer, ledger: Ledger, changed: Collection[Key], writes: Writes, *, now: datetime
) -> None:
    """Write to staff of renewals that failed, once a day for each, where they want that."""
    to = conf.STAFF_MAIL.value()
    for last in failing.failed_renewals(ledger, changed) if to else ():
        latest = ledger.refusals_of(last.invoice)[-1]
        if customer.member is None or not _is_new(latest.at, now):
            continue
        told = failing.of_bill(ledger, last, now=now)
        context = {
            "member": customer.member.name or customer.member.email,
            "number": last.number or last.invoice,
            "amount": _words(last.due_minor - last.paid_minor, last),
            "reason": WHY.get(latest.failure, ""),
            "next_try_at": told.next_try_at if told else None,
            "link": _page(MEMBER, customer.member_id or ""),
        }
        day = latest.at.astimezone(conf.time_zone()).date().isoformat()
        about = f"{customer.gateway_account_id}|{last.invoice}|{day}"
        post("staff_payment_failed", about, customer.member, context, now=now, writes=writes, to=to)


def _lapsed(member: Member, change: StandingChange, records: Sequence[MembershipRecord], writes: Writes) -> None:
    held = dict(part.split("=", 1) for part in change.levels_before.split(";") if "=" in part)
    were = {level for level, status in held.items() if status in WAS_IN}
    answer = judge_member(records, change.at)
    gone = were - pause_letters.paused_levels(answer)
    if were and not gone:
        return
    levels = Level.objects.filter(slug__in=gone).values_list("name", flat=True)
    names = ", ".join(levels) or str(_("membership"))
    by_ref = {record.ref: record for record in records}
    payers = {by_ref[ref].through for ref, each in answer.memberships if each.level in gone}
    # Of what somebody else paid the holder is told whose it was: he did nothing, and cannot renew it.
    payer = "" if "" in payers else ", ".join(sorted(payers))
    context = {"level": names, "since": change.at, "link": _page(JOIN), "payer": payer}
    post("lapsed", change.pk, member, context, now=change.recorded_at, writes=writes)


def post(
    kind: str, about: str, member: Member, context: dict[str, Any], *, now: datetime, writes: Writes, to: str = ""
) -> None:
    """Have a mail to a member written with ``writes``, once about one thing; as :func:`write` does it by itself."""
    if (member.deceased_on is not None and not to) or not apps.is_installed(COMMUNICATIONS):
        return  # nobody writes to the dead
    from goodstanding.communications.services import written  # noqa: PLC0415 - its tables are not there without it

    key, name = derived(kind[:20], about), "" if to else member.name
    mail = written(kind, key=key, to=to or member.email, name=name, context=context, now=now, about=member.pk)
    writes.new([mail] if mail is not None else [])


def write(kind: str, about: str, member: Member, context: dict[str, Any], *, now: datetime, to: str = "") -> None:
    """Write to a member, or about him ``to`` another address; once about one thing."""
    writes = Writes()
    post(kind, about, member, context, now=now, writes=writes, to=to)
    writes.flush()


def _owed(member: Member) -> Money | None:
    from goodstanding.memberships import owing  # noqa: PLC0415 - owing pays, and paying takes in, which writes letters

    for invoice in owing.open_invoices(member):
        return owing.owed(invoice)
    return None


def address(name: str, *args: str) -> str:
    """Return the whole address of a page of the rooms above, for a mail; nothing where they are not in use here."""
    return _page(name, *args)


def _page(name: str, *args: str) -> str:
    """The whole address of a page of the rooms above; nothing where they are not in use here."""
    if not apps.is_installed(COMMUNICATIONS):
        return ""
    from goodstanding.communications.services import link  # noqa: PLC0415 - its tables are not there without it

    try:
        return link(reverse(name, args=args))
    except NoReverseMatch:
        return ""


def _level_name(line: LineSeen) -> str:
    return line.description or _name_of(line.hints.level)


def _name_of(slug: str) -> str:
    return Level.objects.filter(pk=slug).values_list("name", flat=True).first() or slug


def _words(amount_minor: int, invoice: InvoiceSeen) -> str:
    return money_words(Money(amount_minor, invoice.currency))


def _is_new(at: datetime, now: datetime) -> bool:
    return now - JUST_NOW <= at
