"""The plan that fixes a key: its steps by reason, and when there is no plan."""

from dataclasses import replace
from typing import Any, Final

import pytest

from cmk_check.core.enums import KeyReason
from cmk_check.core.keys.key_health import KeyHealth
from cmk_check.core.reasons.catalogue import KEY_REASONS
from cmk_check.core.remediation.az_script import render_az
from cmk_check.core.remediation.bicep import render_bicep
from cmk_check.core.remediation.key_plan import plan_key_fix
from cmk_check.core.unread import Absent
from tests.fakes.broken_keys import BROKEN_KEYS, KEYS_IN_TROUBLE, broken, in_hsm, key_plan_of
from tests.fakes.remediation import finding_of
from tests.unit.core.key_examples import (
    ATTRIBUTES,
    DAY,
    PINNED,
    POLICIES,
    ROLES,
    SECONDS,
    VAULT_ID,
    changed,
    judged,
    with_changes,
)

_OF_VAULT: Final = "vault.properties"
_SIZE: Final = "key.properties.keySize"
_IN_PERIMETER: Final = {f"{_OF_VAULT}.publicNetworkAccess": "SecuredByPerimeter"}
_OF_USER: Final = {"type": "UserAssigned"}
REPLACED: Final = ["check_vault", "create_key", "grant", "wait", "switch_on", "verify"]
NO_COMMAND: Final = {
    KeyReason.CANNOT_READ,
    KeyReason.MANAGED_HSM_NOT_VERIFIABLE,
    KeyReason.KEY_SIZE_DISPUTED,
}


@pytest.mark.parametrize("what", ["small", "of another type"])
def test_a_key_that_cannot_be_mended_is_replaced_in_its_vault(what: str) -> None:
    """The steps of all other reasons are in test_key_script.py, where they are run."""
    plan = key_plan_of(KEYS_IN_TROUBLE[what])

    assert [step.action for step in plan.steps] == ["replace_key", *REPLACED]
    assert not plan.steps[0].warning
    assert (plan.key != "cmk", plan.replaces) == (True, "cmk")
    assert f"{len(plan.steps)} steps" in plan.summary
    assert "VAULT='safe'\n" in render_az(plan)


def test_every_reason_that_a_command_ends_has_a_plan() -> None:
    """For a new reason, somebody must decide which it is."""
    planned = {each.code for health in KEYS_IN_TROUBLE.values() for each in health.concerns}

    assert planned == set(KEY_REASONS) - NO_COMMAND


def test_several_reasons_have_one_plan_in_an_order_that_works() -> None:
    """Azure refuses, for example, purge protection to a vault without soft delete."""
    case = with_changes(
        ROLES,
        {
            f"{PINNED}.attributes.enabled": False,
            f"{PINNED}.attributes.exp": SECONDS - DAY,
            f"{PINNED}.keySize": 4096,  # a notice is no reason for a plan, nor left by one
            f"{_OF_VAULT}.enablePurgeProtection": False,
            f"{_OF_VAULT}.enableSoftDelete": False,
            **_IN_PERIMETER,
            "assignments": [],
        },
    )

    plan = key_plan_of(judged(case))

    in_order = "enable_key grant_again soft_delete protect_from_purge renew_key follow_key"
    assert [step.action for step in plan.steps[1:-1]] == in_order.split()
    assert KeyReason.VAULT_FIREWALL_BLOCKS_SERVICES in plan.summary
    assert [each.code for each in plan.left] == [KeyReason.VAULT_FIREWALL_BLOCKS_SERVICES]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({f"{ATTRIBUTES}.enabled": False}, KeyReason.KEY_DISABLED),
        ({f"{ATTRIBUTES}.nbf": SECONDS + DAY}, KeyReason.KEY_NOT_YET_VALID),
        ({"key.properties.keyOps": ["sign"]}, KeyReason.KEY_OPERATIONS_MISSING),
        ({f"{_OF_VAULT}.accessPolicies": []}, KeyReason.IDENTITY_LACKS_PERMISSION),
    ],
)
def test_another_key_undoes_no_revocation_unasked(
    changes: dict[str, object], reason: KeyReason
) -> None:
    """The new key works, whatever the owner of the old one did to it on purpose."""
    health = judged(with_changes(POLICIES, changes | {_SIZE: 1024}))

    first, *others = key_plan_of(health).steps

    assert {each.code for each in health.concerns} == {KeyReason.KEY_TOO_SMALL, reason}
    assert first.action == "replace_blocked_key"
    assert "CONFIRM_REPLACE_KEY=yes" in (first.warning or "")
    assert [step.action for step in others] == REPLACED


def test_another_key_needs_an_identity_to_use_it() -> None:
    """Without an identity, the script would stop and request a new plan, which would be equal."""
    faults = {_SIZE: 1024, "account.identity": None, **_IN_PERIMETER}

    plan = key_plan_of(judged(with_changes(POLICIES, faults)))

    identity, *others, grant = plan.steps[1:5]
    assert (identity.action, grant.action) == ("restore_identity", "grant_again")
    assert [step.action for step in others] == REPLACED[:2]
    assert [each.code for each in plan.left] == [KeyReason.VAULT_FIREWALL_BLOCKS_SERVICES]
    assert "az cognitiveservices account identity assign" in (render_bicep(plan) or "")


@pytest.mark.parametrize("what", KEYS_IN_TROUBLE)
def test_a_template_is_made_where_it_can_do_all_of_it(what: str) -> None:
    """Other steps would declare a whole vault or account, or are impossible in a template."""
    template = render_bicep(key_plan_of(KEYS_IN_TROUBLE[what]))

    assert (template is not None) == (what in {"no policy", "no role", "small", "of another type"})


def test_the_template_of_a_grant_changes_nothing_else() -> None:
    """The key stays as it is."""
    template = render_bicep(key_plan_of(KEYS_IN_TROUBLE["no role"])) or ""

    assert "resource key 'Microsoft.KeyVault/vaults/keys@2026-02-01' existing = {" in template
    assert "output" not in template


@pytest.mark.parametrize(
    "health",
    [
        None,
        judged(POLICIES),
        judged(changed(POLICIES, _SIZE, 4096)),  # a notice changes nothing
        replace(BROKEN_KEYS["key gone"], key_id=None, vault_id=None),
        replace(BROKEN_KEYS["vault gone"], vault_id="/subscriptions/x/vaults/kv"),
        replace(BROKEN_KEYS["key gone"], vault_id=VAULT_ID.lower().replace("rg-keys", "a?b=c")),
        replace(BROKEN_KEYS["key gone"], vault_id=VAULT_ID.lower().replace("safe", "a$(id)")),
        judged(changed(POLICIES, "account.identity", _OF_USER)),
        judged(changed(POLICIES, f"{_OF_VAULT}.publicNetworkAccess", "SecuredByPerimeter")),
        in_hsm(judged(POLICIES, vault=Absent(VAULT_ID.lower()), key=None)),
        in_hsm(judged(changed(POLICIES, _SIZE, 1024))),
        judged(with_changes(POLICIES, {_SIZE: 1024, "account.identity": _OF_USER})),
    ],
)
def test_where_no_command_ends_it_there_is_no_plan(health: KeyHealth | None) -> None:
    """Half a plan would do something else; the message of each reason says who must act."""
    finding = replace(broken(judged(POLICIES)), key_health=health)

    assert plan_key_fix(finding) is None


@pytest.mark.parametrize(
    "names",
    [*({"key_name": name} for name in (None, "a b", "$(id)")), {"identity_client_id": "--me"}],
)
def test_what_cannot_be_named_has_no_plan(names: dict[str, str | None]) -> None:
    """Any person who may change the account gives names; another identity would get the grant."""
    named: dict[str, Any] = {"key_source": "Microsoft.KeyVault", "key_name": "cmk", **names}

    assert plan_key_fix(replace(finding_of(**named), key_health=BROKEN_KEYS["no role"])) is None
