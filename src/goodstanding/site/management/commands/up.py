"""``goodstanding up``: everything, in one go."""

from __future__ import annotations

import sys

from django.core.management import BaseCommand, call_command
from django.db import connections

from goodstanding import clock
from goodstanding.gateways.services import ensure_manual_account, ensure_sandbox_accounts, ensure_stripe_account
from goodstanding.site import demo, demo_seeding, server
from goodstanding.site.children import Together


class Command(BaseCommand):
    """Migrates, makes the demonstration where there is to be one, and runs web server and worker together until told to stop."""

    help = "Bring everything up: migrate, demonstration, web server and worker. Stop with Ctrl-C."

    def handle(self, *_args: object, **_options: object) -> None:
        """Prepare, run, and end with 0 when told to stop, or 1 when a part ended by itself."""
        server.require_port()
        self.stdout.write("Preparing the database …")
        self.stdout.flush()
        call_command("migrate", verbosity=0, interactive=False)
        ensure_stripe_account()
        ensure_manual_account()
        who = self._demo_people()
        connections.close_all()
        ourselves = [sys.executable, "-m", "goodstanding.cli"]
        parts = Together(
            {"the web server": [*ourselves, "serve"], "the worker": [*ourselves, "work"]},
            say=lambda words: self.stderr.write(f"goodstanding: {words}"),
        )
        code = parts.run(is_ready=server.answers, when_ready=lambda: self._welcome(who))
        if code:
            sys.exit(code)

    def _demo_people(self) -> list[str]:
        reason = demo.refused_because(this_machine_only=server.listens_to_this_machine_only())
        if reason:
            return [f"No demo people ({reason}). Make the first account with: goodstanding createsuperuser"]
        ensure_sandbox_accounts()
        now = clock.now()
        if not demo_seeding.is_seeded():
            self.stdout.write("Making the demonstration: eight months of a small makerspace …")
            self.stdout.flush()
        not_all = demo.ensure(now=now)
        site = server.address()
        where = [
            f"No demonstration was added: {not_all}. A new GOODSTANDING_HOME gets one." if not_all else "",
            f"Log in at {site}accounts/login/ with the password {demo.PASSWORD} as:",
            *(f"  {line}" for line in demo.lines(now=now)),
            "Or as nobody: join with a card that moves no money. Then look at:",
            f"  {site}join/        the levels, and joining",
            f"  {site}me/          a member’s own page",
            f"  {site}demo/doors/  two doors and a card to tap",
            f"  {site}demo/mails/  what was written to whom",
            f"  {site}office/      for staff; dana also moves the site’s clock, at the top of each page",
            f"  {site}admin/       for staff: every record",
        ]
        return [line for line in where if line]

    def _welcome(self, who: list[str]) -> None:
        lines = ["", f"Goodstanding is up at {server.address()}", *who, "Stop with Ctrl-C."]
        self.stdout.write("\n".join(lines))
        self.stdout.flush()
