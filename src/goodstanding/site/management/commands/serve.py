"""``goodstanding serve``: the web server."""

from __future__ import annotations

import os

from django.core.management import BaseCommand

from goodstanding.site import demo, server


class Command(BaseCommand):
    """Replaces this process by the web server."""

    help = "Run the web server on PORT (production settings, no reloading)."

    def handle(self, *_args: object, **_options: object) -> None:
        """Refuse clearly where nobody can listen; else become the server."""
        server.require_port()
        for line in demo.shut_out():
            self.stderr.write(line)
        command = server.command()
        os.execv(command[0], command)  # noqa: S606 - our own command line
