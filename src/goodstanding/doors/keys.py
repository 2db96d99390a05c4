"""The site's key for cards."""

from __future__ import annotations

from goodstanding import conf
from goodstanding.core import doors


class NoCardKey(Exception):
    """The site has no key for cards: it can neither add nor know one."""

    def __init__(self) -> None:
        super().__init__(f"{conf.CARD_KEY.name} is empty.")


def digest_of(uid: str) -> str:
    """Return the digest by which a card is known. Raises ``BadCard`` and :class:`NoCardKey`."""
    key = conf.CARD_KEY.value()
    if not key:
        raise NoCardKey
    return doors.digest(uid, key=key)
