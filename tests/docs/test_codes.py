"""Every refusal and every reason to ignore an event has its line, with its status, on the page of webhooks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from goodstanding.gateways.models import GatewayAccount
from goodstanding.inbox import services
from goodstanding.memberships.following import FOREIGN
from tests.docs.pages import DOCS, SOURCE, first_column, sections, shown

PAGE = (DOCS / "reference" / "webhooks.md").read_text()
REFUSALS, IGNORED = sections(PAGE)["Refusals"], sections(PAGE)["Ignored"]

ROOMS = ("gateways", "inbox")
# Where the code stands among the arguments, and the HTTP status where it does not stand before it.
RAISED = {"BadEvent": (0, 400), "BadSignature": (0, 400)}
ANSWERED = {"BadRequest": (1, 0), "_refused": (2, 0)}
NOT_BY_HTTP = {"too_large", "unreadable_file", "body_purged", "worker_died"}
CODE = re.compile(r"([a-z0-9_]+)(?:: .*)?", re.DOTALL)


def calls(*names: str, rooms: Sequence[str] = ROOMS) -> Iterator[tuple[str, ast.Call]]:
    """Every call of one of ``names`` in what reads and receives events, with where it stands."""
    for path in sorted(path for room in rooms for path in (SOURCE / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if name in names:
                    yield f"{shown(path)}:{node.lineno} {name}", node


def constant(node: ast.expr) -> object:
    return node.value if isinstance(node, ast.Constant) else None


def refusals() -> set[tuple[str, int]]:
    """Each code that the receiver can answer with, and its status."""
    found = set()
    for where, call in (*calls(*RAISED), *calls(*ANSWERED, rooms=("inbox",))):
        place, status = (RAISED | ANSWERED)[where.split()[-1]]
        code = constant(call.args[place])
        if code is None:
            assert where.endswith("_refused"), f"{where}: write the code out, so that it can be found"
            continue  # passes on the code of something caught
        told = status or constant(call.args[place - 1])
        found.add((str(code), 404 if code == "no_secret" else int(str(told))))
    return {(code, status) for code, status in found if code not in NOT_BY_HTTP or status == 413}


def documented(section: str) -> set[tuple[str, int]]:
    return {(code, int(status)) for code, status in re.findall(r"^\| `(\w+)` \| (\d{3}) \|", section, re.MULTILINE)}


def reasons() -> set[str]:
    """Each code of why an event is ignored."""
    told = [FOREIGN]
    for path in (SOURCE / "gateways").glob("*/facts.py"):
        texts = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)]
        told += [str(node.value) for node in texts if re.fullmatch(r"[a-z0-9_]+: [^\n]+", str(node.value))]
    modes = [
        services._other_mode(GatewayAccount(mode=mode), livemode=livemode)
        for mode, livemode in (("live", False), ("test", True))
    ]
    return {text.partition(":")[0] for text in told} | set(modes)


def test_there_are_codes_to_document():
    assert {("unverified", 400), ("too_large", 413), ("no_secret", 404)} <= refusals()
    assert {"foreign", "told_elsewhere", "unknown_type", "test_mode"} <= reasons()


def test_every_refusal_is_documented_with_its_status_and_no_other():
    assert documented(REFUSALS) == refusals()


def test_every_reason_to_ignore_is_documented_and_no_other():
    assert set(first_column(IGNORED)) == reasons()


def test_codes_of_lines_and_of_dead_events_are_documented():
    given_up = {str(constant(call.args[0])) for _, call in calls("GiveUp", rooms=("inbox", "jobs")) if call.args}
    in_lines = {str(constant(call.args[0])) for where, call in calls("BadEvent") if "loading.py" in where}
    codes = {match[1] for text in given_up | in_lines if (match := CODE.fullmatch(text))}
    assert {"worker_died", "body_purged", "unreadable_file"} <= codes
    assert not {code for code in codes if f"`{code}`" not in REFUSALS}


def test_a_code_without_its_line_is_found():
    assert refusals() - documented(REFUSALS.replace("| `stale` |", "| stale |")) == {("stale", 400)}
