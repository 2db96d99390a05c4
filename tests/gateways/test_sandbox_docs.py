"""The pages on the sandbox say what it does."""

from __future__ import annotations

import re

import pytest

from goodstanding.gateways import registry
from goodstanding.gateways.sandbox.models import Message
from goodstanding.inbox.models import WebhookEvent
from tests.docs.pages import DOCS, blocks, sections

HOW_TO = (DOCS / "how-to" / "try-payments.md").read_text()


def test_the_cards_on_the_page_are_the_sandboxs():
    rows = re.findall(r"^\| ([0-9 ]+) \| `(\w+)` \| (.+) \|$", sections(HOW_TO)["Cards"], re.MULTILINE)
    cards = registry.able("sandbox").cards()
    assert rows == [(card.number, card.token, card.label) for card in cards]


@pytest.mark.django_db
def test_the_example_runs():
    (code,) = blocks(HOW_TO, "python")
    names: dict[str, object] = {}
    exec(code, names)
    assert names["taken"]
    assert WebhookEvent.objects.count() == Message.objects.filter(state="sent").count() == 2
