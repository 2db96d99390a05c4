"""What can be wrong with the site's own settings, said at start with an id and a hint."""

from __future__ import annotations

import difflib
import os
import stat
from pathlib import Path

from django.core import checks

from goodstanding import conf
from goodstanding.site import environment


@checks.register("goodstanding")
def check_unknown_variables(**_kwargs: object) -> list[checks.CheckMessage]:
    """Find variables that look like settings and are none: slips of the pen."""
    known = [setting.name for setting in (*environment.SETTINGS, *conf.SETTINGS)]
    found: list[checks.CheckMessage] = []
    for name in environment.Environment.load(os.environ).unknown():
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean {close[0]}?" if close else "The settings stand in docs/reference/settings.md."
        found.append(checks.Warning(f"{name} is not a setting.", hint=hint, id="gs.W002"))
    return found


@checks.register("goodstanding")
def check_secret_key_files(**_kwargs: object) -> list[checks.CheckMessage]:
    """Find secret keys that others on the machine can read."""
    found: list[checks.CheckMessage] = []
    for path in (Path(conf.HOME.value()) / name for name in ("secret-key", "card-key")):
        try:
            mode = path.stat().st_mode
        except OSError:
            continue
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            found.append(checks.Warning(f"{path} can be read by others.", hint=f"chmod 600 {path}", id="gs.W003"))
    return found
