"""The health of keys through the whole app: read from Azure, recorded, told, and in the posture."""

from typing import Any, Final

import pytest

from cmk_check.core.enums import KeyReason
from cmk_check.core.reasons.key_sentences import key_severity
from local.simulator import Estate, Vault
from tests.functional.conftest import OpenScene
from tests.functional.estate_kit import (
    Scene,
    add_account_with_key,
    codes,
    estate_of,
    next_second,
    wait_until,
)

pytestmark = pytest.mark.long

ON: Final = {"CMK_KEY_HEALTH": "on", "CMK_REQUIRE_HEALTHY_KEYS": "on"}
GRAPH: Final = "/providers/microsoft.resourcegraph/resources"


def one_key() -> tuple[Estate, Vault]:
    """Return an estate with an account in one subscription, and its vault in another."""
    estate = estate_of({}, {})
    return estate, add_account_with_key(estate, "chat", vault_in=2)


def key_of(scene: Scene) -> tuple[str, list[str]]:
    """Return the state of the one key, and its reasons."""
    (finding,) = scene.findings().values()
    health = finding["keyHealth"]
    return health["state"], [reason["code"] for reason in health["reasons"]]


def rescan(scene: Scene) -> tuple[Any, list[tuple[str, str]]]:
    """Scan once more; return the status, and what was told."""
    next_second()
    scene.scan()
    return scene.status(), scene.news()


def test_every_key_is_as_it_is_named_and_a_second_scan_is_quiet(open_scene: OpenScene) -> None:
    """P4: what is known of two dozen vaults costs no write, no word and no query again."""
    scene = open_scene("keys", **ON)
    scene.scan()
    scene.news()
    found, rows = scene.findings(), scene.storage.rows("cmkfindings")
    asked = len(scene.simulator.requests)

    _, told = rescan(scene)

    judged = {n: f["keyHealth"] for n, f in found.items() if f["verdict"] == "compliant"}
    assert len(judged) > len(KeyReason)
    for name, health in judged.items():
        named = [code for code in KeyReason if name.replace("-", "_").startswith(code)]
        state = key_severity(max(named, key=len)) if named else "healthy"
        assert health["state"] == {"notice": "healthy"}.get(state, state), name
    assert told == []
    assert scene.storage.rows("cmkfindings") == rows
    again = [each for each in list(scene.simulator.requests)[asked:] if each.method == "POST"]
    assert {each.path.lower() for each in again} <= {GRAPH}
    status = scene.status()
    assert {"keys_broken", "keys_unknown"} <= set(codes(status))
    assert sum(status["keys"].values()) == status["accounts"]["compliant"]


def test_a_key_breaks_and_is_mended(open_scene: OpenScene) -> None:
    """P1, P3, P11: each step is in the finding, told once, and in the posture; and goes again."""
    estate, vault = one_key()
    scene = open_scene(estate, **ON)
    scene.scan()
    assert key_of(scene) == ("healthy", [])
    assert scene.status()["posture"] == "compliant"
    assert scene.news() == [("account.discovered", "chat"), ("scan.baseline", scene_id(scene))]
    asked = len(scene.simulator.requests)
    assert rescan(scene)[1] == []
    steady = list(scene.simulator.requests)[asked:]
    assert {each.path.lower() for each in steady if each.method != "GET"} <= {GRAPH}

    key = vault.key("cmk")
    assert key is not None
    key.latest.set("properties.attributes.enabled", False)  # noqa: FBT003 - JSON's
    status, told = rescan(scene)
    assert told == [("key.degraded", "chat")]
    assert key_of(scene) == ("broken", ["key_disabled"])
    assert (status["posture"], codes(status)) == ("non_compliant", ["keys_broken"])

    denial = estate.denials.add("Microsoft.KeyVault/vaults/keys/read", vault.id)
    status, told = rescan(scene)
    assert told == [("key.degraded", "chat")]
    assert key_of(scene) == ("unknown", ["cannot_read"])
    assert (status["posture"], codes(status)) == ("unknown", ["keys_unknown"])

    estate.denials.remove(denial)
    key.latest.set("properties.attributes.enabled", True)  # noqa: FBT003
    status, told = rescan(scene)
    assert told == [("key.recovered", "chat")]
    assert status["posture"] == "compliant"


def test_switching_key_health_on_tells_what_is_bad_and_off_forgets_it(
    open_scene: OpenScene,
) -> None:
    """An app that is updated begins with it; nobody must lose an alert, nor get a thousand."""
    estate, vault = one_key()
    vault.remove("properties.enablePurgeProtection")
    scene = open_scene(estate)
    scene.scan()
    scene.news()
    assert scene.status()["keys"] is None

    scene.restart(CMK_KEY_HEALTH="on")
    status, told = rescan(scene)
    scene.restart(CMK_KEY_HEALTH="off")
    after, forgotten = rescan(scene)

    assert told == [("key.degraded", "chat")]
    assert status["keys"] == {"healthy": 0, "atRisk": 1, "broken": 0, "unknown": 0}
    assert (forgotten, after["keys"]) == ([("account.updated", "chat")], None)
    assert scene.findings()["chat"]["keyHealth"] is None


def scene_id(scene: Scene) -> str:
    """Return the id of the last scan."""
    return str(wait_until(scene.status, "a status")["lastScan"]["id"])
