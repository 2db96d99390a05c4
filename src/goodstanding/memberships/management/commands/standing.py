"""``standing [EMAIL|--all] [--at T …] [--as-known-at T] [--json]``: who is in good standing, when, and why."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from goodstanding import clock, conf
from goodstanding.core.moments import NotAMoment, moment
from goodstanding.core.standing import judge_member
from goodstanding.memberships.documents import Document, of_member
from goodstanding.memberships.reading import BATCH, answers, documents_now
from goodstanding.memberships.words import stamp
from goodstanding.people.models import Member


class Command(BaseCommand):
    """Standing, asked for from outside."""

    help = "Say who is in good standing, at any moment, and why."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """See ``--help``."""
        parser.add_argument("email", nargs="?", help="whose standing; or --all")
        parser.add_argument("--all", action="store_true", help="of all members, lapsed ones too")
        parser.add_argument(
            "--at",
            nargs="+",
            action="append",
            default=[],
            metavar="T",
            help="at these moments (default: now), by own time",
        )
        parser.add_argument(
            "--as-known-at", metavar="T", help="using only what was recorded by then (what the door knew)"
        )
        parser.add_argument("--json", action="store_true", help="one JSON document on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask and print."""
        email, texts = options["email"], [text for group in options["at"] for text in group]
        if email is None:  # `--at T EMAIL`: the e-mail was taken for a moment
            email = next((text for text in texts if "@" in text), None)
            texts = [text for text in texts if text != email]
        if bool(email) == bool(options["all"]):
            raise CommandError("give an e-mail, or --all", returncode=2)
        known_by = self._moment(options["as_known_at"]) if options["as_known_at"] else None
        moments = [self._moment(text) for text in texts]
        documents = self._documents(email, moments, known_by)
        if options["json"]:
            self.stdout.write(json.dumps(documents if len(moments) > 1 else documents[0], indent=1))
        else:
            self._print(documents)

    def _moment(self, text: str) -> datetime:
        try:
            return moment(text, zone=conf.time_zone())
        except NotAMoment as error:
            raise CommandError(str(error), returncode=2) from None

    def _documents(self, email: str | None, moments: Sequence[datetime], known_by: datetime | None) -> list[Document]:
        now = clock.now()
        asked = list(moments) or [known_by or now]
        documents: list[Document] = [{"at": stamp(at), "members": []} for at in asked]
        if known_by is not None:
            for document in documents:
                document["as_known_at"] = stamp(known_by)
        for members in _batches(email):
            if not moments and known_by is None:
                documents[0]["members"] += documents_now(members, now=now)
                continue
            for member, found in answers(members, asked, known_by=known_by):
                for document, answer in zip(documents, found, strict=True):
                    document["members"].append(of_member(answer, email=member.email))
        if email and not documents[0]["members"]:
            for document, at in zip(documents, asked, strict=True):
                document["members"].append(
                    {**of_member(judge_member([], at), email=email), "because": "no such member"}
                )
        return documents

    def _print(self, documents: Sequence[Document]) -> None:
        for document in documents:
            if len(documents) > 1:
                self.stdout.write(f"at {document['at']}")
            for member in document["members"]:
                self.stdout.write(f"{member['email']:<40} {member['status']:<8} {member['because']}")


def _batches(email: str | None) -> Iterator[list[Member]]:
    if email:
        yield list(Member.objects.filter(email=email.strip().lower()).order_by("pk"))
        return
    last: tuple[str, str] = ("", "")
    while True:
        page = list(Member.objects.after(last)[:BATCH])
        if not page:
            return
        yield page
        last = (page[-1].email, page[-1].pk)
