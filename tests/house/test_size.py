"""Files to 400 lines, functions to 50 (habit 26): what grows beyond is split by decision."""

from __future__ import annotations

import ast

from tests.house.sources import files, shown, tree

FILE_LINES, FUNCTION_LINES = 400, 50
FOLDERS = ("src", "scripts", "tests", "bench")


def test_no_file_is_longer_than_400_lines():
    long = {
        shown(path): count for path in files(*FOLDERS) if (count := len(path.read_text().splitlines())) > FILE_LINES
    }
    assert not long, long


def test_no_function_is_longer_than_50_lines():
    long = {}
    for path in files(*FOLDERS):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES:
                    long[f"{shown(path)}:{node.lineno} {node.name}"] = lines
    assert not long, long
