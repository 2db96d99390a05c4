"""The invariants of DESIGN section 9, over every story we know: the recorded lives' and our own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import lives
from tests.scenarios.dump import differences, dump, undone
from tests.scenarios.stories import shelf

pytestmark = [pytest.mark.django_db, pytest.mark.db_matters]


@pytest.fixture(autouse=True)
def ready(db: None, clock: object, tmp_path: Path) -> None:
    shelf.set_up(tmp_path)


def bodies(names: list[str] | None = None) -> list[str]:
    return [body for name in names or shelf.names() for body in shelf.told(name).bodies()]


@pytest.mark.parametrize("seed", range(2))
def test_rows_do_not_depend_on_order_or_repetition(tmp_path: Path, seed: int) -> None:
    with undone():
        lives.load(bodies(), tmp_path)
        in_order = dump(without=("gs_memberships_standingchange",))

    lives.load(lives.shuffled(bodies(), seed), tmp_path)

    found = differences(in_order, dump(without=("gs_memberships_standingchange",)))
    Path(f"/tmp/diff{seed}.txt").write_text("\n".join(found))
    assert found == []
