"""The documentation's pages, as tests read them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
SOURCE = ROOT / "src" / "goodstanding"
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CITED = re.compile(r"`((?:[a-z_]+/)*[a-z_]+\.py)(?::([A-Za-z_][\w.]*))?`")


def shown(path: Path) -> str:
    """Return the path as a person reads it."""
    return str(path.relative_to(ROOT))


def blocks(text: str, language: str) -> list[str]:
    """Return the fenced blocks in ``language``."""
    return [body for told, body in _FENCE.findall(text) if told == language]


def prose(text: str) -> str:
    """Return the text without its fenced blocks."""
    return _FENCE.sub("", text)


def sections(text: str) -> dict[str, str]:
    """Return what stands under each heading, by the heading without backticks."""
    parts = _HEADING.split(prose(text))
    return {name.replace("`", ""): body for name, body in zip(parts[1::2], parts[2::2], strict=True)}


def first_column(text: str) -> list[str]:
    """Return what stands in backticks at the beginning of tables' rows."""
    return re.findall(r"^\| `([^`]+)` \|", text, flags=re.MULTILINE)


def anchor(heading: str) -> str:
    """Return the name under which a heading can be linked to."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def anchors(page: Path) -> set[str]:
    """Return the names of a page's headings."""
    return {anchor(heading) for heading in _HEADING.findall(prose(page.read_text()))}


def broken_links(page: Path, text: str) -> list[str]:
    """Return the links of a page that lead nowhere: no such file, or no such heading in it."""
    broken = []
    for target in _LINK.findall(prose(text)):
        if re.match(r"[a-z]+:", target):
            continue  # another site's
        path, _, fragment = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        there = file.exists() and file.is_relative_to(ROOT)
        if not there or (fragment and fragment not in anchors(file)):
            broken.append(target)
    return broken


def cited(text: str) -> list[tuple[str, str]]:
    """Return the source files that a page names in backticks, each with the name in it (or ``""``)."""
    return _CITED.findall(prose(text))


def missing(path: str, name: str) -> str:
    """Return what is not there of a cited file and name, or ``""``. Files are below the package, or below the project."""
    file = next((each for each in (SOURCE / path, ROOT / path) if each.is_file()), None)
    if file is None:
        # A bare name stands for any file that is called so.
        somewhere = "/" not in path and not name and any(any(top.rglob(path)) for top in (SOURCE, ROOT / "tests"))
        return "" if somewhere else path
    body = ast.parse(file.read_text()).body
    for part in name.split(".") if name else ():
        found = next((node for node in body if part in _names(node)), None)
        if found is None:
            return f"{path}:{name}"
        body = getattr(found, "body", [])
    return ""


def _names(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Assign):
        return {target.id for target in node.targets if isinstance(target, ast.Name)}
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return {node.target.id}
    return set()
