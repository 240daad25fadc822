"""Changes of every kind whose free texts try to be more than text where they are shown."""

from datetime import UTC, datetime
from typing import Final

from cmk_check.core.enums import ChangeType
from cmk_check.core.model import Change

NOON: Final = datetime(2026, 11, 25, 12, tzinfo=UTC)
SUBSCRIPTION: Final = "/subscriptions/8d3c0000-0000-4000-8000-000000000001"
ACCOUNT: Final = (
    f"{SUBSCRIPTION}/resourcegroups/rg-ai/providers/microsoft.cognitiveservices/accounts/chat"
)
# A script that runs sets `ran`, which a page can be asked for.
NAMES: Final = (
    "<script>window.ran=1</script>",
    "<img src=x onerror=window.ran=1>",
    "[click](javascript:window.ran=1)",
    "[click](https://evil.test)",
    "https://evil.test",
    "**bold** _it_ `code` # head",
    "<at>everyone</at> @channel <!here>",
    "{{DATE(2026-11-25T12:00:00Z)}} ${name}",
    '"}],"text":"x',
    "&lt;b&gt; &amp; &",
    "\u202eesrever\u2028\u200b\x1b[31m \U0001f600",
)


def changes_of_every_kind(name: str) -> list[Change]:
    """Return a change per type, with this name wherever a text can stand."""
    side = {
        "verdict": name,
        "coverage": name,
        "reason": name,
        "missingAction": name,
        "keyHealth": name,
        "keyReasons": [name],
    }
    reason = {"code": name, "severity": name, "message": name}
    key = {
        "vaultId": f"/vaults/{name}",
        "keyId": f"/keys/{name}",
        "keyVersion": name,
        "rotation": name,
        "expires": name,
        "reasons": [reason] * 10,
    }
    data: dict[str, object] = {
        "name": name,
        "kind": name,
        "subscriptionName": name,
        "tags": {"owner": name},
        "owner": {"value": name, "source": "account"},
        "before": side,
        "after": side,
        "findingUrl": f"https://app.test/api/v1/findings{ACCOUNT}",
        "statusUrl": f"https://app.test/{name}",
        "baseline": False,
    }
    of_key: dict[str, object] = {"key": key}
    more = {ChangeType.KEY_DEGRADED: of_key, ChangeType.KEY_RECOVERED: of_key}
    return [
        Change(f"change-{number}", kind, NOON, *_place(kind), data | more.get(kind, {}), number)
        for number, kind in enumerate(ChangeType, 1)
    ]


def _place(kind: ChangeType) -> tuple[str, str]:
    """Return source and subject, as the recorder of this type gives them."""
    if kind.startswith("cmkcheck.scan."):
        return "/scans/20261125T120000Z-3fa9", "/scans/20261125T120000Z-3fa9"
    return SUBSCRIPTION, SUBSCRIPTION if kind.startswith("cmkcheck.coverage.") else ACCOUNT
