"""``explain EMAIL [--at T] [--as-known-at T]``: a member's standing with every fact and what it did."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import date, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from goodstanding import clock, conf
from goodstanding.billing.models import Subscription
from goodstanding.core.moments import NotAMoment, moment
from goodstanding.core.money import Money
from goodstanding.core.standing import judge_member
from goodstanding.memberships.bill_lines import explained
from goodstanding.memberships.coming import expected_bills, ledgers_of
from goodstanding.memberships.documents import Document, of_member
from goodstanding.memberships.reading import records_of
from goodstanding.memberships.statuses import Status, statuses_of
from goodstanding.memberships.timeline import timeline
from goodstanding.memberships.words import stamp
from goodstanding.people.models import Member


class Command(BaseCommand):
    """Why a member stands as he does."""

    help = "Explain a member's standing: every fact, in order, and what it did."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """See ``--help``."""
        parser.add_argument("email")
        parser.add_argument("--at", metavar="T", help="at this moment (default: now)")
        parser.add_argument("--as-known-at", metavar="T", help="using only what was recorded by then")
        parser.add_argument("--json", action="store_true", help="one JSON document on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask and print."""
        known_by = self._moment(options["as_known_at"])
        at = self._moment(options["at"]) or known_by or clock.now()
        members = list(Member.objects.filter(email=options["email"].strip().lower()).order_by("pk"))
        if not members:
            raise CommandError(f"there is no member with the e-mail {options['email']}", returncode=2)
        documents = [_document(member, at, known_by) for member in members]
        if options["json"]:
            self.stdout.write(json.dumps({"at": stamp(at), "members": documents}, indent=1))
            return
        for document in documents:
            self._print(document, at)

    def _moment(self, text: str | None) -> datetime | None:
        try:
            return moment(text, zone=conf.time_zone()) if text else None
        except NotAMoment as error:
            raise CommandError(str(error), returncode=2) from None

    def _print(self, document: Document, at: datetime) -> None:
        self.stdout.write(f"{document['email']} at {stamp(at)}: {document['status']}")
        self.stdout.write(f"  because {document['because']}")
        if document["changes_at"]:
            self.stdout.write(f"  changes at {document['changes_at']} if nothing new happens")
        for level in document["levels"]:
            self.stdout.write(f"  {level['level']}: {level['status']} since {level['since']}; {level['because']}")
        for called in document["statuses"]:
            said = f", said by staff{_until(called)}" if called["overridden"] else ""
            days = (
                f"joined {called['joined_on']}, began {called['started_on'] or '-'}, ends {called['ended_on'] or '-'}"
            )
            self.stdout.write(f"  on lists {called['level']} is called {called['status'] or 'nothing'}{said}: {days}")
        for bill in document["expected"]:
            due = f" by {bill['at']}" if bill["at"] else ""
            self.stdout.write(f"  a bill is expected{due}, amount unknown: its plan was changed at {bill['since']}")
        for bill in document["bills"]:
            self._print_bill(bill)
        for entry in document["timeline"]:
            self.stdout.write(f"{entry['at']}  {entry['what']}" + (f"  [{entry['event']}]" if entry["event"] else ""))
            if entry["effect"]:
                self.stdout.write(f"{'':22}{entry['effect']}")

    def _print_bill(self, bill: Document) -> None:
        def amount(minor: int) -> str:
            return str(Money(minor, bill["currency"]))

        left = f", {amount(bill['due_minor'])} is left to pay" if bill["due_minor"] and bill["status"] == "open" else ""
        name = bill["number"] or bill["invoice"]
        self.stdout.write(f"  invoice {name} of {bill['issued_at']}, {bill['status']}{left}:")
        for line in bill["lines"]:
            times = f"{line['quantity']} x " if line["quantity"] > 1 else ""
            self.stdout.write(
                f"    {amount(line['amount_minor']):>14}  {times}{line['what']}, {line['start']} to {line['end']}"
            )
            for said in line["notes"]:
                self.stdout.write(f"{'':20}{said}")
            if line["tax_minor"]:
                self.stdout.write(f"    {amount(line['tax_minor']):>14}  {line['tax'] or 'tax'}")
        self.stdout.write(f"    {amount(bill['total_minor']):>14}  in all")
        if bill["credit_minor"] > 0:
            self.stdout.write(f"    {amount(-bill['credit_minor']):>14}  from the balance")
        elif bill["credit_minor"] < 0:
            self.stdout.write(f"    {amount(-bill['credit_minor']):>14}  kept on the balance")


def _document(member: Member, at: datetime, known_by: datetime | None) -> Document:
    records = records_of([member.pk], known_by=known_by).get(member.pk, [])
    answer = judge_member(records, at)
    story = timeline(member, until=at, known_by=known_by)
    called = statuses_of([member], {member.pk: records}, at, known_by=known_by)
    levels = {ref: each.level for ref, each in answer.memberships}
    return {
        **of_member(answer, email=member.email),
        "member": member.pk,
        "deceased_on": _text(member.deceased_on),
        "statuses": [_called(ref, levels[ref], status) for ref, status in called.items() if ref in levels],
        "expected": _expected(member) if known_by is None else [],
        "bills": explained(member, until=at) if known_by is None else [],
        "timeline": [
            {
                "at": stamp(entry.at),
                "recorded_at": stamp(entry.recorded_at),
                "what": entry.what,
                "event": entry.event,
                "effect": entry.effect,
            }
            for entry in story
        ],
    }


def _expected(member: Member) -> list[Document]:
    """The bills that changes at a gateway make us expect, by what is known now."""
    rows = list(Subscription.objects.filter(customer__member=member).order_by("begun_at", "id"))
    bills = expected_bills(rows, ledgers_of(rows))
    return [{"since": stamp(bill.since), "at": stamp(bill.at) if bill.at else None} for bill in bills.values()]


def _called(ref: str, level: str, status: Status) -> Document:
    dates, override = status.said.dates, status.override
    days = {name: getattr(dates, name) for name in ("joined_on", "started_on", "ended_on")}
    return {
        "membership": ref,
        "level": level,
        "status": status.said.status,
        **{name: _text(day) for name, day in days.items()},
        "overridden": None if override is None else {"until_on": _text(override.until_on), "reason": override.reason},
    }


def _text(day: date | None) -> str | None:
    return str(day) if day else None


def _until(called: Document) -> str:
    until_on = called["overridden"]["until_on"]
    return f" until {until_on}" if until_on else ""
