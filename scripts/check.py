"""Every check and test, one after the other: ``make test``; some of them: ``make test ONLY='lint sqlite'``.

What this machine lacks is skipped with one loud line; with CI=true such a skip fails, but for the audit, which asks a
service outside. All steps run, also after a failure. Python's standard library only.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
UV = ROOT / ".tools" / "bin" / "uv"
NO_SERVER, NEEDS_GROUP = 77, 78
IN_USE = {"GOODSTANDING_HTTPS": "1", "GOODSTANDING_SMTP_URL": "smtp://localhost"}
CI = os.environ.get("CI") == "true"
PROXY = "nginx"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass(frozen=True)
class Outcome:
    """How a step ended. ``allowed``: the skip is nobody's fault on this machine."""

    ok: bool
    skipped: str = ""
    allowed: bool = False

    @property
    def passes(self) -> bool:
        """Whether the whole run may still pass."""
        return self.ok or bool(self.skipped and (self.allowed or not CI))


def environment(**more: str) -> dict[str, str]:
    """Return the environment without the developer's own settings, with a home that nobody minds."""
    ours = ("DATABASE_URL", "PORT", "DJANGO_SETTINGS_MODULE")
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ours and (not name.startswith("GOODSTANDING_") or name.startswith("GOODSTANDING_TEST_"))
    }
    return {**kept, "GOODSTANDING_ENV_FILE": "", **more}


def run(*command: object, **more: str) -> bool:
    """Run a command in the project's folder; tell whether it ended well."""
    return (
        subprocess.run([str(part) for part in command], cwd=ROOT, env=environment(**more), check=False).returncode == 0
    )


def templates() -> list[str]:
    """Return the paths of all templates."""
    return sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("src/**/templates/**/*") if path.is_file())


def style() -> Outcome:
    """Style, by ruff, and templates, by djade and djlint."""
    checks = [
        run(BIN / "ruff", "check", "."),
        run(BIN / "ruff", "format", "--check", "."),
        run(BIN / "djade", "--target-version", "5.2", "--check", *templates()),
        run(BIN / "djlint", "--quiet", "--lint", *templates()),
    ]
    return Outcome(all(checks))


def types() -> Outcome:
    """Types, by mypy."""
    return Outcome(run(BIN / "mypy"))


def architecture() -> Outcome:
    """Who may import whom, by import-linter."""
    return Outcome(run(BIN / "lint-imports", "--no-cache"))


def site() -> Outcome:
    """Migrations are complete; Django's checks find nothing, as set up for trying and for use."""
    with tempfile.TemporaryDirectory() as home:
        own = BIN / "goodstanding"
        checks = [
            run(own, "makemigrations", "--check", "--dry-run", GOODSTANDING_HOME=home),
            run(own, "check", "--deploy", "--fail-level", "WARNING", GOODSTANDING_HOME=home),
            run(own, "check", "--deploy", "--fail-level", "WARNING", GOODSTANDING_HOME=home, **IN_USE),
        ]
    return Outcome(all(checks))


def audit() -> Outcome:
    """Known holes in what we depend on, by pip-audit, which asks a service outside."""
    with tempfile.TemporaryDirectory() as folder:
        wanted, found = Path(folder) / "wanted.txt", Path(folder) / "found.json"
        export = ("export", "--quiet", "--frozen", "--no-dev", "--extra", "site", "--no-emit-project", "-o", wanted)
        if not run(UV, *export):
            return Outcome(ok=False)
        command = [BIN / "pip-audit", "--disable-pip", "--require-hashes", "-r", wanted, "-s", "osv", "--timeout", "10"]
        asked = subprocess.run(
            [*map(str, command), "--progress-spinner", "off", "-f", "json", "-o", str(found)],
            cwd=ROOT,
            env=environment(),
            check=False,
            capture_output=True,
            text=True,
        )
        if not found.exists() or not found.read_text():
            last = (asked.stderr.strip().splitlines() or ["no answer"])[-1].partition("(")[0]
            return Outcome(ok=False, skipped=f"the advisory service did not answer ({last})", allowed=True)
        holes = [entry for entry in json.loads(found.read_text())["dependencies"] if entry.get("vulns")]
    for hole in holes:
        print(f"{hole['name']} {hole['version']}: {', '.join(each['id'] for each in hole['vulns'])}")
    return Outcome(not holes)


def pytest(*arguments: str) -> list[str]:
    """Return the command line of a test run."""
    return [str(BIN / "python"), "-m", "pytest", *arguments]


def sqlite() -> Outcome:
    """All tests but the browser's and the proxy's, on SQLite."""
    return Outcome(run(*pytest("-q", "-n", "auto", "--dist", "worksteal", "-m", "not browser and not nginx")))


def postgres() -> Outcome:
    """The tests to which the database matters, on PostgreSQL."""
    command = [
        str(BIN / "python"),
        "-m",
        "tests.postgres",
        *pytest("-q", "-n", "auto", "--dist", "worksteal", "-m", "db_matters and not browser"),
    ]

    def once() -> int:
        return subprocess.run(command, cwd=ROOT, env=environment(), check=False).returncode

    code = once()
    if code == NEEDS_GROUP:
        setup = ROOT / "scripts" / "setup.py"
        code = once() if run(sys.executable, setup, "--dev", "--group", "postgres") else NO_SERVER
    if code == NO_SERVER:
        return Outcome(ok=False, skipped="no PostgreSQL server to test with (GOODSTANDING_TEST_POSTGRES names one)")
    return Outcome(code == 0)


def proxy() -> Outcome:
    """The tests that run a real nginx with the examples of the documentation."""
    if not shutil.which(PROXY, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"):
        return Outcome(ok=False, skipped="no nginx on this machine (Debian: apt-get install nginx-light)")
    return Outcome(run(*pytest("-q", "-m", "nginx and not browser")))


def browser() -> Outcome:
    """The tests that drive a browser."""
    if not any(map(shutil.which, BROWSERS)):
        return Outcome(ok=False, skipped="no Chromium on the PATH (Debian: apt-get install chromium)")
    return Outcome(run(*pytest("-q", "-m", "browser")))


STEPS: dict[str, Callable[[], Outcome]] = {
    "style": style,
    "types": types,
    "architecture": architecture,
    "site": site,
    "audit": audit,
    "sqlite": sqlite,
    "postgres": postgres,
    "proxy": proxy,
    "browser": browser,
}
LINT = ("style", "types", "architecture")


def chosen(words: list[str]) -> list[str]:
    """Return the steps that ``words`` name; ``lint`` stands for three of them, nothing for all."""
    if unknown := sorted(set(words) - STEPS.keys() - {"lint"}):
        sys.exit(f"there is no step {', '.join(unknown)}; there are: lint {' '.join(STEPS)}")
    wanted = {step for word in words for step in (LINT if word == "lint" else (word,))}
    return [step for step in STEPS if step in wanted or not words]


def main(words: list[str]) -> int:
    """Run the steps, and say at the end how each went."""
    outcomes: dict[str, Outcome] = {}
    for name in chosen(words):
        print(f"\n=== {name}: {STEPS[name].__doc__}", flush=True)
        outcomes[name] = outcome = STEPS[name]()
        if outcome.skipped:
            print(f"SKIPPED {name}: {outcome.skipped}", flush=True)
    print("\n=== summary")
    for name, outcome in outcomes.items():
        said = "passed" if outcome.ok else f"SKIPPED: {outcome.skipped}" if outcome.skipped else "FAILED"
        allowed = "" if outcome.passes or not outcome.skipped else " (counts as a failure: CI=true)"
        print(f"{name:<13}{said}{allowed}")
    return 0 if all(outcome.passes for outcome in outcomes.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
