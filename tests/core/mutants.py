"""Mutants: the real source of a module of the core with one decision turned."""

from __future__ import annotations

import sys
import types
from pathlib import Path


def mutated(module: types.ModuleType, there: str, instead: str) -> types.ModuleType:
    """The real module, one decision turned. Raises AssertionError where the decision is not in the source any more."""
    source = Path(module.__file__ or "").read_text()
    assert source.count(there) == 1, f"{module.__name__} says {there!r} {source.count(there)} times"
    made = types.ModuleType(f"mutant_{module.__name__.rpartition('.')[2]}")
    sys.modules[made.__name__] = made  # dataclasses look their module up
    exec(compile(source.replace(there, instead), f"mutant {module.__name__}.py", "exec"), made.__dict__)
    return made
