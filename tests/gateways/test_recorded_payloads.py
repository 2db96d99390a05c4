"""Every payload that somebody recorded, and every object of Stripe's own fixtures: taken in, or ignored for a stated reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests import lives

pytestmark = [pytest.mark.django_db, pytest.mark.db_matters]

PAYLOADS = Path(__file__).parents[1] / "payloads" / "stripe"
FILES = sorted((PAYLOADS / "pay-rails-pay").glob("*.json")) + sorted(
    (PAYLOADS / "supabase-stripe-sync-engine").glob("*.json")
)
FIXTURES: dict[str, dict[str, Any]] = json.loads((PAYLOADS / "stripe-openapi" / "fixtures3.json").read_text())[
    "resources"
]
CREATED = 1_741_947_625

# Types of events, where they are not the object's own name.
PREFIXES = {
    "subscription": "customer.subscription",
    "dispute": "charge.dispute",
    "discount": "customer.discount",
    "tax_id": "customer.tax_id",
    "source": "customer.source",
    "cash_balance": "customer_cash_balance",
}


def enveloped(name: str, kind: str, data: dict[str, Any], *, live: bool) -> str:
    """An event of that type about an object that was recorded without one."""
    return json.dumps(
        {"id": f"evt_{name}", "object": "event", "type": kind, "created": CREATED, "livemode": live, "data": data}
    )


def recorded(path: Path, *, live: bool) -> str:
    told = json.loads(path.read_text())
    name = f"{path.parent.name}_{path.stem}".replace(".", "_").replace("-", "_")
    if told.get("object") == "event":
        return json.dumps({**told, "id": f"evt_{name}", "livemode": live})
    kind = f"customer.{path.stem}" if path.stem.startswith("subscription") else path.stem
    kind = f"{kind}.updated" if "." not in kind else kind
    return enveloped(name, kind, told if isinstance(told.get("object"), dict) else {"object": told}, live=live)


def fixture(name: str, *, live: bool) -> str:
    told = FIXTURES[name]
    of = told.get("object", name)
    kind = f"{PREFIXES.get(of, of)}.{'deleted' if name.startswith('deleted_') else 'updated'}"
    return enveloped(f"fixture_{name}".replace(".", "_"), kind, {"object": told}, live=live)


def bodies(*, live: bool) -> list[str]:
    return [*(recorded(path, live=live) for path in FILES), *(fixture(name, live=live) for name in sorted(FIXTURES))]


@pytest.fixture(autouse=True)
def ready(db: None, clock: object) -> None:
    """A live account and one of test mode."""
    from goodstanding.gateways.models import GatewayAccount

    lives.set_up()
    GatewayAccount.objects.create(code="trying", gateway="stripe", label="Trying", mode=GatewayAccount.Mode.TEST)


def states() -> dict[str, tuple[str, str, str]]:
    from goodstanding.inbox.models import WebhookEvent

    rows = WebhookEvent.objects.values_list("external_id", "state", "reason", "note")
    return {name: (state, reason, note) for name, state, reason, note in rows}


@pytest.mark.parametrize(("account", "live"), [("stripe", True), ("trying", False)])
def test_on_an_account_of_its_mode_each_is_taken_in_or_ignored_for_a_stated_reason(tmp_path, account, live):
    told = bodies(live=live)
    summary = lives.load(told, tmp_path, account=account)
    assert summary["bad"] == []
    found = states()
    assert len(found) == len(told)
    for name, (state, reason, note) in found.items():
        assert state in ("done", "ignored"), name
        assert state == "done" or (reason and note), name
    done = {name for name, (state, _, _) in found.items() if state == "done"}
    # None of them is anybody's of ours; what is "done" waits for its customer or belongs to the price list.
    assert done
    assert not any("subscription_created" in name for name in done)


@pytest.mark.parametrize(("account", "live", "reason"), [("stripe", False, "test_mode"), ("trying", True, "live_mode")])
def test_on_an_account_of_the_other_mode_every_one_is_ignored_for_that(tmp_path, account, live, reason):
    summary = lives.load(bodies(live=live), tmp_path, account=account)
    assert summary["bad"] == []
    assert {(state, why) for state, why, _ in states().values()} == {("ignored", reason)}


def test_in_any_order_none_of_them_fails(tmp_path):
    summary = lives.load(lives.shuffled(bodies(live=True), 7), tmp_path)
    assert (summary["bad"], summary["processed"]["dead"], summary["processed"]["failed"]) == ([], 0, 0)


@pytest.mark.parametrize("account", ["stripe", "trying"])
def test_as_they_were_recorded_with_their_own_mode_none_is_an_error(tmp_path, account):
    told = [
        path.read_text().replace("\n", " ") for path in FILES if json.loads(path.read_text()).get("object") == "event"
    ]
    summary = lives.load(told, tmp_path, account=account)
    assert (summary["bad"], summary["processed"]["dead"], summary["processed"]["failed"]) == ([], 0, 0)
