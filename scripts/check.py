"""Every check and test: ``make test``; some of them: ``make test ONLY='lint sqlite'``.

Steps that keep one core busy run beside those that keep them all (``LANES``); what each said is told whole, in order.
What this machine lacks is skipped with one loud line; with CI=true such a skip fails, but for the audit, which asks a
service outside. All steps run, also after a failure; Ctrl-C stops all. Python's standard library only.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
UV = ROOT / ".tools" / "bin" / "uv"
NO_SERVER, NEEDS_GROUP = 77, 78
IN_USE = {"GOODSTANDING_HTTPS": "1", "GOODSTANDING_SMTP_URL": "smtp://localhost"}
CI = os.environ.get("CI") == "true"
PROXY = "nginx"
PATIENCE_SECONDS = 20.0
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
    if kept.pop("PYTHONDONTWRITEBYTECODE", ""):
        # Dozens of processes begin in one run: compile once, beside the packages and not among the sources.
        kept.setdefault("PYTHONPYCACHEPREFIX", str(ROOT / ".venv" / "bytecode"))
    return {**kept, "GOODSTANDING_ENV_FILE": "", **more}


class Desk:
    """Where a step does its work: runs commands, with all that they say kept in a file of the step's own."""

    def __init__(self, folder: Path, name: str) -> None:
        self.log = folder / name
        self.log.touch()
        self.done = threading.Event()
        self.outcome = Outcome(ok=False)
        self.seconds = 0.0

    def say(self, words: str) -> None:
        """Add a line to what the step says."""
        with self.log.open("a", encoding="utf-8") as out:
            print(words, file=out)

    def code(self, *command: object, **more: str) -> int:
        """Run a command in the project's folder; return its exit code."""
        # In a session of its own: Ctrl-C reaches us alone, and we tell it on, once.
        with (
            self.log.open("ab") as out,
            subprocess.Popen(
                [str(part) for part in command],
                cwd=ROOT,
                env=environment(**more),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            ) as process,
            RUNNING.beside(process),
        ):
            return process.wait()

    def run(self, *command: object, **more: str) -> bool:
        """Run a command in the project's folder; tell whether it ended well."""
        return self.code(*command, **more) == 0


class Running:
    """The commands that run, to be stopped together."""

    def __init__(self) -> None:
        self._processes: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self.stopping = False

    @contextlib.contextmanager
    def beside(self, process: subprocess.Popen[bytes]) -> Iterator[None]:
        """Count ``process`` among what runs."""
        with self._lock:
            self._processes.add(process)
            if self.stopping:
                os.killpg(process.pid, signal.SIGINT)
        try:
            yield
        finally:
            with self._lock:
                self._processes.discard(process)

    def stop(self) -> None:
        """Interrupt all; kill what is still there after a while."""
        with self._lock:
            self.stopping = True
            self._tell(signal.SIGINT)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self._processes and time.monotonic() < deadline:
            time.sleep(0.1)
        with self._lock:
            self._tell(signal.SIGKILL)

    def _tell(self, number: int) -> None:
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)


RUNNING = Running()


def templates() -> list[str]:
    """Return the paths of all templates."""
    return sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("src/**/templates/**/*") if path.is_file())


def style(desk: Desk) -> Outcome:
    """Style, by ruff, and templates, by djade and djlint."""
    checks = [
        desk.run(BIN / "ruff", "check", "."),
        desk.run(BIN / "ruff", "format", "--check", "."),
        desk.run(BIN / "djade", "--target-version", "5.2", "--check", *templates()),
        desk.run(BIN / "djlint", "--quiet", "--lint", *templates()),
    ]
    return Outcome(all(checks))


def types(desk: Desk) -> Outcome:
    """Types, by mypy."""
    return Outcome(desk.run(BIN / "mypy"))


def architecture(desk: Desk) -> Outcome:
    """Who may import whom, by import-linter."""
    return Outcome(desk.run(BIN / "lint-imports", "--no-cache"))


def site(desk: Desk) -> Outcome:
    """Migrations are complete; Django's checks find nothing, as set up for trying and for use."""
    with tempfile.TemporaryDirectory() as home:
        own = BIN / "goodstanding"
        checks = [
            desk.run(own, "makemigrations", "--check", "--dry-run", GOODSTANDING_HOME=home),
            desk.run(own, "check", "--deploy", "--fail-level", "WARNING", GOODSTANDING_HOME=home),
            desk.run(own, "check", "--deploy", "--fail-level", "WARNING", GOODSTANDING_HOME=home, **IN_USE),
        ]
    return Outcome(all(checks))


def audit(desk: Desk) -> Outcome:
    """Known holes in what we depend on, by pip-audit, which asks a service outside."""
    with tempfile.TemporaryDirectory() as folder:
        wanted, found = Path(folder) / "wanted.txt", Path(folder) / "found.json"
        export = ("export", "--quiet", "--frozen", "--no-dev", "--extra", "site", "--no-emit-project", "-o", wanted)
        if not desk.run(UV, *export):
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
        desk.say(f"{hole['name']} {hole['version']}: {', '.join(each['id'] for each in hole['vulns'])}")
    return Outcome(not holes)


def pytest(*arguments: str) -> list[str]:
    """Return the command line of a test run."""
    return [str(BIN / "python"), "-m", "pytest", *arguments]


def sqlite(desk: Desk) -> Outcome:
    """All tests but the browser's and the proxy's, on SQLite."""
    return Outcome(desk.run(*pytest("-q", "-n", "auto", "--dist", "worksteal", "-m", "not browser and not nginx")))


def postgres(desk: Desk) -> Outcome:
    """The tests to which the database matters, on PostgreSQL."""
    command = [
        str(BIN / "python"),
        "-m",
        "tests.postgres",
        *pytest("-q", "-n", "auto", "--dist", "worksteal", "-m", "db_matters and not browser"),
    ]

    code = desk.code(*command)
    if code == NEEDS_GROUP:
        setup = ROOT / "scripts" / "setup.py"
        code = desk.code(*command) if desk.run(sys.executable, setup, "--dev", "--group", "postgres") else NO_SERVER
    if code == NO_SERVER:
        return Outcome(ok=False, skipped="no PostgreSQL server to test with (GOODSTANDING_TEST_POSTGRES names one)")
    return Outcome(code == 0)


def proxy(desk: Desk) -> Outcome:
    """The tests that run a real nginx with the examples of the documentation."""
    if not shutil.which(PROXY, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"):
        return Outcome(ok=False, skipped="no nginx on this machine (Debian: apt-get install nginx-light)")
    return Outcome(desk.run(*pytest("-q", "-m", "nginx and not browser")))


def browser(desk: Desk) -> Outcome:
    """The tests that drive a browser."""
    if not any(map(shutil.which, BROWSERS)):
        return Outcome(ok=False, skipped="no Chromium on the PATH (Debian: apt-get install chromium)")
    return Outcome(desk.run(*pytest("-q", "-m", "browser")))


STEPS: dict[str, Callable[[Desk], Outcome]] = {
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
# Each lane's steps run one after the other. The first lane's take every core there is, the second's take one.
LANES = (("sqlite", "postgres"), ("types", "style", "architecture", "site", "audit", "browser", "proxy"))


def chosen(words: list[str]) -> list[str]:
    """Return the steps that ``words`` name; ``lint`` stands for three of them, nothing for all."""
    if unknown := sorted(set(words) - STEPS.keys() - {"lint"}):
        sys.exit(f"there is no step {', '.join(unknown)}; there are: lint {' '.join(STEPS)}")
    wanted = {step for word in words for step in (LINT if word == "lint" else (word,))}
    return [step for step in STEPS if step in wanted or not words]


def go_along(lane: Sequence[str], desks: Mapping[str, Desk]) -> None:
    """Run the steps of a lane that were chosen, one after the other."""
    for name in lane:
        if (desk := desks.get(name)) is None:
            continue
        begun = time.monotonic()
        try:
            if not RUNNING.stopping:
                desk.outcome = STEPS[name](desk)
        except Exception:  # noqa: BLE001 - a broken step must not take its lane along
            desk.say(traceback.format_exc())
        finally:
            desk.seconds = time.monotonic() - begun
            desk.done.set()


def tell(name: str, desk: Desk) -> None:
    """Print what a step says, as it says it, to its end."""
    print(f"\n=== {name}: {STEPS[name].__doc__}", flush=True)
    with desk.log.open(encoding="utf-8", errors="replace") as said:
        ended = False
        while True:
            print(said.read(), end="", flush=True)
            if ended:
                break
            ended = desk.done.wait(0.2)
    if desk.outcome.skipped:
        print(f"SKIPPED {name}: {desk.outcome.skipped}", flush=True)


def summary(desks: Mapping[str, Desk]) -> int:
    """Say how each step went; return the exit code."""
    print("\n=== summary")
    for name, desk in desks.items():
        outcome = desk.outcome
        said = "passed" if outcome.ok else f"SKIPPED: {outcome.skipped}" if outcome.skipped else "FAILED"
        allowed = "" if outcome.passes or not outcome.skipped else " (counts as a failure: CI=true)"
        print(f"{name:<13}{desk.seconds:>5.0f} s  {said}{allowed}")
    return 0 if all(desk.outcome.passes for desk in desks.values()) else 1


def main(words: list[str]) -> int:
    """Run the steps, tell what they say, and at the end how each went."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="goodstanding-check-") as folder:
        desks = {name: Desk(Path(folder), name) for name in chosen(words)}
        lanes = [threading.Thread(target=go_along, args=(lane, desks)) for lane in LANES]
        try:
            for lane in lanes:
                lane.start()
            for name, desk in desks.items():
                tell(name, desk)
        except KeyboardInterrupt:
            RUNNING.stop()
            print("\nstopped", flush=True)
            return 130
        finally:
            for lane in lanes:
                lane.join()
        return summary(desks)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
