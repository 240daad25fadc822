"""Responses about keys that no estate produces in one scan, for a window on the world."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from playwright.sync_api import Route

from tests.functional.browser.conftest import World
from tests.functional.browser.page_visit import Visit
from tests.functional.browser.sample_estate import BACKWARDS, SCRIPT

BROKEN, UNKNOWN, AT_RISK, HEALTHY = "broken", "unknown", "at_risk", "healthy"
# Compliant accounts of the world, and how their keys are said to be.
ACCOUNTS: Final = {
    "tm-openai-workspace-server": BROKEN,
    "policy-search": UNKNOWN,
    "agents-foundry": AT_RISK,
}
VAULT: Final = (
    "/subscriptions/c4a9e1d7-52b0-4f3c-8e6d-93f1b7a05c28/resourcegroups/rg_(süd)/"
    "providers/microsoft.keyvault/vaults/kv-claims"
)
MISSING: Final = "Microsoft.KeyVault/vaults/keys/read"


def _reason(code: str, severity: str, **more: object) -> dict[str, object]:
    message = f"What follows from {code}, and what to do."
    blank: dict[str, object] = {"evidence": {}, "missingAction": None}
    return {"code": code, "severity": severity, "message": message, **blank, **more}


REASONS: Final = {
    BROKEN: [
        _reason("key_expired", BROKEN, evidence={"newestVersion": SCRIPT, "bypass": BACKWARDS}),
        _reason("version_pinned", AT_RISK),
        _reason("key_size_disputed", "notice"),
    ],
    UNKNOWN: [_reason("cannot_read", UNKNOWN, missingAction=MISSING)],
    AT_RISK: [_reason("a_reason_of_next_year", AT_RISK)],
    HEALTHY: [],
}


def health(state: str, *, days: float | None = None) -> dict[str, Any]:
    """Return a key's health as the API returns it; ``days`` until it expires."""
    expires = None if days is None else datetime.now(UTC) + timedelta(days=days)
    return {
        "state": state,
        "reasons": REASONS[state],
        "rotation": "pinned",
        "expires": None if expires is None else expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "daysToExpiry": None if days is None else int(days // 1),
        "vaultId": VAULT,
        "keyId": f"{VAULT}/keys/cmk",
        "keyVersion": "9f4b2c7d1e8a4f60b3c5d7e9a1f20486",
        "principalId": "0f1e2d3c-4b5a-4697-8877-665544332211",
        "nextRotationAt": None,
    }


def change(kind: str, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return a change of the key of an account as the API gives it."""
    path = "/subscriptions/x/resourcegroups/g/providers/microsoft.cognitiveservices/accounts/chat"
    same = {"verdict": "compliant", "reason": "customer_managed_key"}
    data = {"name": "chat", "owner": {"value": SCRIPT}, "baseline": False}
    return {
        "id": f"{kind}{before}",
        "type": f"cmkcheck.{kind}",
        "time": "2026-11-24T23:15:07Z",
        "source": "/subscriptions/x",
        "subject": path,
        "data": data | {"before": same | before, "after": same | after},
    }


def answer_with(
    visit: Visit,
    world: World,
    more: Callable[[dict[str, Any]], dict[str, object]],
    changes: list[dict[str, Any]] | None = None,
    **status: object,
) -> None:
    """Add data to the world's responses: to each finding, the status, and the changes."""
    shown = [one | more(one) for one in world.scene.findings().values()]
    body = world.scene.get("v1/status").body | status
    visit.page.route("**/api/v1/status", lambda route: _fulfill(route, body))
    visit.page.route("**/api/v1/findings?top=1000", lambda route: _fulfill(route, {"value": shown}))
    visit.page.route("**/api/v1/findings/**", lambda route: _detail(route, more))
    if changes is not None:
        visit.page.route("**/api/v1/changes?**", lambda route: _fulfill(route, {"value": changes}))


def _detail(route: Route, more: Callable[[dict[str, Any]], dict[str, object]]) -> None:
    body = route.fetch().json()
    _fulfill(route, body | more(body))


def _fulfill(route: Route, body: object) -> None:
    route.fulfill(body=json.dumps(body), content_type="application/json")
