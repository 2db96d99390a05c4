"""``events load|retry|show|purge``: the inbox by hand."""

from __future__ import annotations

import json
import secrets
from argparse import ArgumentParser
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from goodstanding import clock
from goodstanding.gateways import services as gateways
from goodstanding.gateways.models import GatewayAccount
from goodstanding.inbox import loading, services
from goodstanding.inbox.models import WebhookEvent
from goodstanding.inbox.querysets import WebhookEventQuerySet
from goodstanding.jobs.worker import Worker, stopped_by_signals

SHOWN = 200
# Another worker may hold events of ours; should it have died, its lease runs out within this time.
WAIT_SECONDS = 0.25
WAITS = 300


class Command(BaseCommand):
    """The inbox by hand. Exit codes: 0 fine, 1 something was bad and is named, 2 nothing was done."""

    help = "Load events from files, try again what failed, show what is filed, empty old bodies."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """See ``--help``."""
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        load = actions.add_parser("load", help="file events, one raw body a line, in the order given, and take them in")
        load.add_argument("files", nargs="+", type=Path, metavar="FILE")
        load.add_argument("--gateway", required=True, metavar="ACCOUNT", help="the gateway account they belong to")
        load.add_argument("--create-members", action="store_true", help="make a member of each customer with an e-mail")
        load.add_argument("--json", action="store_true", help="one JSON document on standard output")
        retry = actions.add_parser("retry", help="take events in anew")
        retry.add_argument("ids", nargs="*", metavar="ID", help="an event's id, ours or the gateway's")
        retry.add_argument("--dead", action="store_true", help="all that were given up on")
        show = actions.add_parser("show", help="show events, newest first, or how many there are in each state")
        show.add_argument("ids", nargs="*", metavar="ID", help="an event's id, ours or the gateway's")
        show.add_argument("--dead", action="store_true", help="those given up on")
        show.add_argument("--waiting", action="store_true", help="those not taken in yet")
        show.add_argument("--json", action="store_true", help="one JSON document on standard output")
        actions.add_parser("purge", help="empty the bodies of finished events older than 90 days, as the worker does")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what ``action`` says."""
        now = clock.now()
        match options["action"]:
            case "load":
                self._load(options, now)
            case "retry":
                self._retry(options["ids"], dead=options["dead"], now=now)
            case "show":
                self._show(options)
            case "purge":
                self._purge(now)

    def _load(self, options: dict[str, Any], now: datetime) -> None:
        account = _account(options["gateway"])
        _require_readable(options["files"])
        load = loading.Load(account, f"load_{secrets.token_hex(8)}", options["create_members"], now)
        worker = Worker()
        named = 0

        def each_chunk(filed: loading.Filed) -> bool:
            nonlocal named
            for bad in filed.bad[named:]:
                self.stderr.write(str(bad))
            named = len(filed.bad)
            self._progress(f"{filed.lines} lines read")
            return not worker.stopping

        with stopped_by_signals(worker):
            filed = loading.file_all(load, options["files"], each_chunk=each_chunk)
            self._drain(worker, load.batch)
        self._report(load, filed, files=len(options["files"]), as_json=options["json"])
        if worker.stopping:
            raise CommandError("interrupted; run it again to go on", returncode=130)
        self._complain(load, filed)

    def _drain(self, worker: Worker, batch: str) -> None:
        """Be an ordinary worker until nothing of ``batch`` is untried, nor any job that came of it."""
        total = waits = 0
        while not worker.stopping:
            worked = worker.turn()
            total += worked
            if worked:
                self._progress(f"{total} events and jobs worked on")
                waits = 0
                continue
            untried = WebhookEvent.objects.filter(batch=batch, state=WebhookEvent.State.WAITING)
            if waits == WAITS or not untried.exists():
                break
            worker.rest(WAIT_SECONDS)
            waits += 1
        self._progress("")

    def _progress(self, words: str) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r\033[K{words}", ending="")
            self.stderr.flush()

    def _report(self, load: loading.Load, filed: loading.Filed, *, files: int, as_json: bool) -> None:
        states = loading.outcome(load.batch)
        processed = {
            "done": sum(states["done"].values()),
            "ignored": states["ignored"],
            "dead": sum(states["dead"].values()),
            "failed": sum(states["failed"].values()),
            "waiting": sum(states["waiting"].values()),
        }
        if as_json:
            bad = [{"file": b.file, "line": b.line, "code": b.code, "detail": b.detail} for b in filed.bad]
            summary = {"files": files, "lines": filed.lines, "filed": filed.new, "duplicates": filed.duplicates}
            self.stdout.write(json.dumps({**summary, "bad": bad, "processed": processed}, indent=2))
            return
        self.stdout.write(f"{filed.lines} lines: {filed.new} new, {filed.duplicates} known, {len(filed.bad)} bad")
        ignored = sum(states["ignored"].values())
        self.stdout.write(f"{processed['done']} taken in, {ignored} ignored{_reasons(states['ignored'])}")

    def _complain(self, load: loading.Load, filed: loading.Filed) -> None:
        states = loading.outcome(load.batch)
        dead, failed, waiting = (sum(states[state].values()) for state in ("dead", "failed", "waiting"))
        told = {
            f"{len(filed.bad)} bad lines": filed.bad,
            f"{dead} events given up on": dead,
            f"{failed} failed, to be tried again": failed,
            f"{waiting} not done yet": waiting,
        }
        if found := [words for words, count in told.items() if count]:
            raise CommandError("; ".join(found), returncode=1)

    def _retry(self, ids: Sequence[str], *, dead: bool, now: datetime) -> None:
        if bool(ids) == dead:
            raise CommandError("say which: ids of events, or --dead", returncode=2)
        events = WebhookEvent.objects.dead() if dead else _events(ids)
        purged = events.filter(body=None).count()
        self.stdout.write(f"{services.retry(events, now=now)} events will be taken in anew")
        if purged:
            raise CommandError(f"body_purged: {purged} events cannot be read again", returncode=1)

    def _show(self, options: dict[str, Any]) -> None:
        if options["ids"]:
            events = _events(options["ids"])
        elif options["dead"]:
            events = WebhookEvent.objects.dead()
        elif options["waiting"]:
            events = WebhookEvent.objects.open()
        else:
            self._count(as_json=options["json"])
            return
        rows = [_shown(event) for event in events.defer("body").newest_first()[:SHOWN]]
        if options["json"]:
            self.stdout.write(json.dumps({"total": events.count(), "events": rows}, indent=2))
            return
        for row in rows:
            self.stdout.write("  ".join(f"{name}={value}" for name, value in row.items() if value not in ("", None)))
        if len(rows) == SHOWN:
            self.stdout.write(f"the newest {SHOWN} of {events.count()}")

    def _count(self, *, as_json: bool) -> None:
        counted = [
            {"account": account, "state": state, "reason": reason, "events": count}
            for account, state, reason, count in WebhookEvent.objects.counted()
        ]
        if as_json:
            self.stdout.write(json.dumps({"counts": counted}, indent=2))
            return
        for row in counted:
            self.stdout.write("  ".join(str(value) for value in row.values() if value != ""))

    def _purge(self, now: datetime) -> None:
        total = 0
        while purged := services.purge_bodies(before=now - services.KEEP_BODIES):
            total += purged
        self.stdout.write(f"{total} bodies emptied")


def _account(code: str) -> GatewayAccount:
    try:
        return gateways.account_named(code)
    except gateways.UnknownAccount:
        raise CommandError(f"unknown_account: there is no gateway account {code!r}", returncode=2) from None


def _require_readable(files: Sequence[Path]) -> None:
    for path in files:
        try:
            with path.open("rb"):
                pass
        except OSError as error:
            raise CommandError(f"unreadable_file: {path}: {error.strerror}", returncode=2) from error


def _events(ids: Sequence[str]) -> WebhookEventQuerySet:
    events = WebhookEvent.objects.named(ids)
    known = {name for pair in events.values_list("pk", "external_id") for name in pair}
    if unknown := [each for each in ids if each not in known]:
        raise CommandError(f"unknown_event: {', '.join(unknown)}", returncode=2)
    return events


def _reasons(ignored: dict[str, int]) -> str:
    return f" ({', '.join(f'{count} {reason}' for reason, count in sorted(ignored.items()))})" if ignored else ""


def _shown(event: WebhookEvent) -> dict[str, Any]:
    moments = ("created_at", "received_at", "recorded_at", "closed_at", "due_at")
    return {
        "id": event.pk,
        "external_id": event.external_id,
        "account": event.gateway_account_id,
        "type": event.type,
        "state": event.state,
        "reason": event.reason,
        "note": event.note,
        "attempts": event.attempts,
        "last_error": event.last_error,
        "loaded_by_hand": event.loaded_by_hand,
        **{name: moment.isoformat() if (moment := getattr(event, name)) else None for name in moments},
    }
