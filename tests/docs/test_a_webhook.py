"""The way of one ``invoice.paid``, as the page tells it, is the way that it goes."""

from __future__ import annotations

import json

from goodstanding.core import codec
from goodstanding.gateways import registry
from tests.docs.pages import DOCS, blocks, cited
from tests.lives import HERE

PAGE = (DOCS / "explanation" / "a-webhook.md").read_text()
LINE = (HERE / "declined-recovered.jsonl").read_bytes().splitlines()[36]


def test_the_stations_name_files_and_functions():
    """That each is there is asked by ``test_links``; here, that there is something to ask."""
    assert len({each for each in cited(PAGE) if each[1]}) > 20


def test_the_facts_on_the_page_are_those_of_the_event():
    gateway = registry.gateway("stripe")
    reading = gateway.facts(gateway.parse(LINE))
    assert [json.loads(block) for block in blocks(PAGE, "json")] == [codec.encode(fact) for fact in reading.facts]
