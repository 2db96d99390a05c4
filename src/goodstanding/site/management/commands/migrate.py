"""``goodstanding migrate``: Django's, and the gateway accounts that every site has: Stripe's, and what is paid by hand."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import migrate

from goodstanding.gateways.services import ensure_manual_account, ensure_stripe_account


class Command(migrate.Command):
    """Django's migrate; as a whole and on the command line it also makes the live gateway accounts."""

    help = "Bring the database up to date, and make the gateway accounts 'stripe' and 'manual' (live, without keys)."
    from_command_line = False

    def run_from_argv(self, argv: list[str]) -> None:
        """Note that a person asked; a test's database, made by calling the command, stays empty."""
        self.from_command_line = True
        super().run_from_argv(argv)

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, then see to the accounts unless only a part or a plan was asked for."""
        super().handle(*args, **options)
        partly = (
            options["app_label"] or options["plan"] or options["check_unapplied"] or options["database"] != "default"
        )
        if self.from_command_line and not partly:
            ensure_stripe_account()
            ensure_manual_account()
