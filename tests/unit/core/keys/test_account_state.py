"""An account whose last update failed: nobody knows whether it uses the key that it names."""

from dataclasses import replace
from typing import Final

import pytest

from cmk_check.core.enums import KeyReason, KeyState, Verdict
from cmk_check.core.rule import judge
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
from tests.unit.core.key_examples import ATTRIBUTES, POLICIES, Case, changed, found, judged

FAILED: Final = replace(good(ID), provisioning_state="Failed")


def _in(state: object) -> Case:
    return changed(POLICIES, "account.properties.provisioningState", state)


@pytest.mark.parametrize("state", ["Failed", "failed", " FAILED ", "Canceled"])
def test_the_key_of_an_account_whose_update_failed_is_unknown(state: str) -> None:
    """P1, P11: its reason says that the update has to be repeated; the verdict stays."""
    health = judged(_in(state))

    assert health.state is KeyState.UNKNOWN
    assert found(health) == {KeyReason.ACCOUNT_FAILED: {"provisioningState": state}}
    assert "Repeat the update" in health.concerns[0].message
    assert judge(FAILED).verdict is Verdict.COMPLIANT


@pytest.mark.parametrize(
    "state",
    ["Succeeded", "Accepted", "Creating", "Updating", "Moving", "Deleting", "ResolvingDNS", None],
)
def test_a_state_that_passes_says_nothing_of_the_key(state: str | None) -> None:
    """P4: each update would be announced as a lost and recovered key."""
    assert judged(_in(state)).state is KeyState.HEALTHY


def test_a_failed_update_hides_no_broken_key() -> None:
    """P1: the worst comes first."""
    health = judged(changed(_in("Failed"), f"{ATTRIBUTES}.enabled", value=False))

    assert [each.code for each in health.concerns] == [
        KeyReason.KEY_DISABLED,
        KeyReason.ACCOUNT_FAILED,
    ]
    assert health.state is KeyState.BROKEN


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
