"""An account whose last update failed: nobody knows whether it uses the key that it names."""

from dataclasses import replace
from typing import Final

from cmk_check.core.enums import KeyState
from tests.fakes.keys import HEALTHY
from tests.fakes.world import bad, good
from tests.unit.core.examples import (
    HOUR,
    ID,
    NOON,
    compared,
    health_of,
    known_of,
    only_finding,
    recorded,
    told,
)

FAILED: Final = replace(good(ID), provisioning_state="Failed")


def test_a_resolved_account_whose_update_failed_is_not_told_as_healthy() -> None:
    """P1, P2: the failure and its end are announced once each."""
    resolved = compared(known_of(bad(ID), keys=HEALTHY), FAILED, at=NOON + HOUR, keys=HEALTHY)
    change, key = resolved.steps[0].changes
    again = compared(recorded(resolved), FAILED, at=NOON + 2 * HOUR, keys=HEALTHY)
    mended = compared(recorded(resolved), good(ID), at=NOON + 3 * HOUR, keys=HEALTHY)

    assert told(resolved) == ["account.resolved", "key.degraded"]
    assert change.data["after"] == key.data["after"]
    assert change.data["after"] == {
        "verdict": "compliant",
        "reason": "customer_managed_key",
        "keyHealth": "unknown",
        "keyReasons": ["account_failed"],
        "owner": None,
        "azurePolicy": "compliant",
    }
    assert health_of(recorded(resolved)).state is KeyState.UNKNOWN
    assert again.is_empty
    assert told(mended) == ["key.recovered"]
    assert only_finding(recorded(mended)).judgement.evidence.provisioning_state is None
