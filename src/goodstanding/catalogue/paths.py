"""From which level one may change to which, and how: what the organisation offers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from goodstanding.catalogue.entries import LevelEntry
from goodstanding.catalogue.models import Level, LevelPath
from goodstanding.core.changes import Manner, Reckoning, When


@dataclass(frozen=True, slots=True)
class Paths:
    """The changes that are offered from ``level``; ``listed``: those that are named, by the level they lead to."""

    level: Level
    listed: Mapping[str, LevelPath]

    def to(self, level: str) -> Manner | None:
        """Return how one changes to the level of this slug, of the same group; ``None`` where that is not offered.

        To another price of the level that is held one may always change.
        """
        group, path = self.level.group, self.listed.get(level)
        if path is None and group.only_listed_changes and level != self.level.pk:
            return None
        when, reckoning = (path.when, path.reckoning) if path is not None else ("", "")
        return Manner(When(when or group.change_when), Reckoning(reckoning or group.change_reckoning))


def paths_from(level: Level) -> Paths:
    """Return what is offered to who holds ``level``. One statement where its group is known."""
    return Paths(level, {path.to_level_id: path for path in LevelPath.objects.filter(from_level=level)})


def take(entry: LevelEntry) -> None:
    """Take in what a file says of the changes from a level: all that are offered, in place of those before."""
    if entry.paths is None:
        return
    rows = LevelPath.objects.filter(from_level_id=entry.slug)
    rows.exclude(to_level_id__in=[each["to_level_id"] for each in entry.paths]).delete()
    for each in entry.paths:
        said = {"when": "", "reckoning": "", **each}
        LevelPath.objects.update_or_create(from_level_id=entry.slug, to_level_id=said.pop("to_level_id"), defaults=said)


def wrong(entries: Sequence[LevelEntry]) -> list[str]:
    """Return what a file says of changes and cannot be, beside what is there already."""
    groups = dict(Level.objects.values_list("slug", "group_id")) | {entry.slug: entry.group for entry in entries}
    faults = []
    for entry in entries:
        for each in entry.paths or ():
            level = each["to_level_id"]
            if level not in groups:
                faults.append(f"{entry.slug}: there is no level {level} to change to")
            elif groups[level] != entry.group:
                faults.append(f"{entry.slug}: {level} is of another group, one cannot change to it")
    return faults
