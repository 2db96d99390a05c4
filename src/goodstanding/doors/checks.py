"""Checks of the doors' settings, at start."""

from __future__ import annotations

from django.core import checks

from goodstanding import conf


@checks.register("goodstanding")
def check_card_key(**_kwargs: object) -> list[checks.CheckMessage]:
    """Find a key for cards that hides nothing."""
    if len(conf.CARD_KEY.value()) >= conf.KEY_LENGTH:
        return []
    hint = f"Set it to {conf.KEY_LENGTH} random characters or more, and keep a copy: with another key no card is known."
    return [checks.Error(f"{conf.CARD_KEY.name} is no key.", hint=hint, id="gs.E031")]
