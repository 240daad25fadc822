"""The health of keys through the whole app: read from Azure, recorded, told, and in the posture."""

from typing import Any, Final

import pytest

from cmk_check.core.enums import KeyReason
from cmk_check.core.reasons.key_sentences import key_severity
from tests.functional.conftest import OpenScene
from tests.functional.estate_kit import Scene, add_account_with_key, codes, estate_of, next_second

pytestmark = pytest.mark.long

ON: Final = {"CMK_KEY_HEALTH": "on", "CMK_REQUIRE_HEALTHY_KEYS": "on"}
GRAPH: Final = "/providers/microsoft.resourcegraph/resources"


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
    estate = estate_of({}, {})
    vault = add_account_with_key(estate, "chat", vault_in=2)
    key = vault.keys[0].latest
    scene = open_scene(estate, **ON)
    scene.scan()
    assert key_of(scene) == ("healthy", [])
    assert scene.status()["posture"] == "compliant"
    assert {kind for kind, _ in scene.news()} == {"account.discovered", "scan.baseline"}

    key.set("properties.attributes.enabled", False)  # noqa: FBT003 - JSON's
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
    key.set("properties.attributes.enabled", True)  # noqa: FBT003
    status, told = rescan(scene)
    assert told == [("key.recovered", "chat")]
    assert status["posture"] == "compliant"
