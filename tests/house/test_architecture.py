"""What import-linter cannot say: core needs Python alone, and time and settings have one reader each."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib

import pytest

from tests.house.sources import ROOT, SOURCE, files, imported, shown, tree

CORE = files("src/goodstanding/core")

# Run in a Python that finds nothing but its own library and us.
WITHOUT_DJANGO = """
import importlib, sys
sys.path = [entry for entry in sys.path if "site-packages" not in entry]
sys.path.insert(0, sys.argv[1])
try:
    import django
except ModuleNotFoundError:
    pass
else:
    raise SystemExit("this was to be a Python without Django")
for name in sys.argv[2:]:
    importlib.import_module(name)
"""


def test_core_imports_the_standard_library_and_itself_only():
    ours = ("goodstanding.core", "__future__")
    strange = [
        f"{shown(path)}:{line} {name}"
        for path in CORE
        for line, name in imported(path)
        if not name.startswith(ours) and name.partition(".")[0] not in sys.stdlib_module_names
    ]
    assert not strange, strange


@pytest.mark.parametrize("name", ["os", "pathlib", "random", "socket", "subprocess", "time", "uuid", "secrets"])
def test_core_has_no_way_out(name):
    culprits = [shown(path) for path in CORE for _, used in imported(path) if used.partition(".")[0] == name]
    assert not culprits, culprits


def test_core_can_be_imported_without_django():
    names = [".".join(path.relative_to(ROOT / "src").with_suffix("").parts) for path in CORE if path.stem != "__init__"]
    command = [sys.executable, "-I", "-c", WITHOUT_DJANGO, str(ROOT / "src"), "goodstanding.core", *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_command_says_what_to_install_where_there_is_no_django():
    code = WITHOUT_DJANGO + "import goodstanding.cli\nsys.exit(goodstanding.cli.main(['standing']))"
    command = [sys.executable, "-I", "-c", code, str(ROOT / "src"), "goodstanding.cli"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "goodstanding[site]" in done.stderr


def test_settings_are_read_in_conf_alone():
    # The user model's name is the one that Django itself wants read elsewhere, when models are made.
    culprits = [
        f"{shown(path)}:{node.lineno} settings.{node.attr}"
        for path in files("src")
        if path != SOURCE / "conf.py"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "settings"
        if node.attr.isupper() and node.attr != "AUTH_USER_MODEL"
    ]
    assert not culprits, culprits


def test_every_adapter_is_named_in_the_contract_that_protects_it():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    protected = {module for contract in contracts for module in contract.get("protected_modules", ())}
    adapters = {f"goodstanding.gateways.{path.parent.name}" for path in SOURCE.glob("gateways/*/adapter.py")}
    assert adapters, "no adapters found"
    assert adapters <= protected, adapters - protected


def test_every_room_with_models_keeps_its_order():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    ordered = {container for contract in contracts for container in contract.get("containers", ())}
    rooms = {f"goodstanding.{path.parent.name}" for path in SOURCE.glob("*/apps.py")}
    assert rooms <= ordered, rooms - ordered
