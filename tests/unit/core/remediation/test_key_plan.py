"""The plan that fixes a key: its steps by reason, and when there is no plan."""

import re
from dataclasses import replace
from typing import Final

import pytest

from cmk_check.core.enums import KeyReason
from cmk_check.core.keys.key_health import KeyHealth
from cmk_check.core.reasons.catalogue import KEY_REASONS
from cmk_check.core.remediation.az_script import render_az
from cmk_check.core.remediation.bicep import render_bicep
from cmk_check.core.remediation.key_plan import key_plan_for
from cmk_check.core.remediation.steps import Action, PlanStep
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
REPLACED: Final = ["check_vault", "create_key", "grant", "wait", "switch_on"]
STEPS: Final = {
    "vault gone": ["recover_vault", "grant_again"],
    "key gone": ["recover_key"],
    "key disabled": ["enable_key"],
    "pinned version disabled": ["enable_key"],
    "key expired": ["renew_key"],
    "pinned version expired": ["renew_key", "follow_key"],
    "key not yet valid": ["start_key"],
    "operations missing": ["permit_wrapping"],
    "no identity": ["restore_identity", "grant_again"],
    "no policy": ["grant_again"],
    "no role": ["grant_again"],
    "soft delete off": ["soft_delete"],
    "purge protection off": ["protect_from_purge"],
    "firewall": ["open_firewall"],
    "expiring": ["renew_key"],
    "rotation overdue": ["rotate_key"],
    "rotation overdue of a pinned key": ["rotate_key", "follow_key"],
    "older version": ["follow_key"],
    "account failed": ["repeat_update"],
    "small": REPLACED,
    "of another type": REPLACED,
}
NO_COMMAND: Final = {
    KeyReason.SCOPE_NOT_CUSTOMER_MANAGED,
    KeyReason.CANNOT_READ,
    KeyReason.MANAGED_HSM_NOT_VERIFIABLE,
    KeyReason.KEY_SIZE_DISPUTED,
}


@pytest.mark.parametrize("what", STEPS)
def test_each_reason_has_the_steps_that_end_it(what: str) -> None:
    """Between the step that finds the key and the step that checks whether it can be used."""
    plan = key_plan_of(KEYS_IN_TROUBLE[what])

    first, *between, last = [step.action.value for step in plan.steps]
    replaces = STEPS[what] is REPLACED
    assert between == STEPS[what]
    assert (first, last) == (("replace_key", "verify") if replaces else ("find_key", "verify_key"))
    assert (plan.key == "cmk", plan.replaces) == ((False, "cmk") if replaces else (True, None))
    assert f"{len(plan.steps)} steps" in plan.summary
    assert "VAULT='safe'\n" in render_az(plan)


def test_every_reason_that_a_command_ends_has_akey_plan_of() -> None:
    """For a new reason, somebody must decide which it is."""
    planned = {each.code for health in KEYS_IN_TROUBLE.values() for each in health.concerns}

    assert planned == set(KEY_REASONS) - NO_COMMAND


def test_several_reasons_have_one_plan_in_an_order_that_works() -> None:
    """A key is enabled before it is renewed, and the vault protected before the account changes.

    Azure refuses purge protection to a vault without soft delete.
    """
    case = with_changes(
        ROLES,
        {
            f"{PINNED}.attributes.enabled": False,
            f"{PINNED}.attributes.exp": SECONDS - DAY,
            f"{_OF_VAULT}.enablePurgeProtection": False,
            f"{_OF_VAULT}.enableSoftDelete": False,
            "assignments": [],
            "scopes": [{"name": "secret", "properties": {"keySource": "Microsoft.Other"}}],
        },
    )

    plan = key_plan_of(judged(case))

    assert [step.action for step in plan.steps[1:-1]] == [
        Action.ENABLE_KEY,
        Action.GRANT_AGAIN,
        Action.SOFT_DELETE,
        Action.PROTECT_FROM_PURGE,
        Action.RENEW_KEY,
        Action.FOLLOW_KEY,
    ]
    assert KeyReason.SCOPE_NOT_CUSTOMER_MANAGED in plan.summary
    assert [each.code for each in plan.left] == [KeyReason.SCOPE_NOT_CUSTOMER_MANAGED]


def test_what_a_person_has_to_decide_is_said_before_anything_is_run() -> None:
    """Disabling a key is how its owner cuts an account off; undoing that is not ours to do."""
    free = {"renew_key", "rotate_key", "follow_key", "repeat_update"}
    for what, planned in STEPS.items():
        plan = key_plan_of(KEYS_IN_TROUBLE[what])
        asking = {step.action.value: _word(step) for step in plan.steps if _word(step)}
        head, _, rest = render_az(plan).partition("set -euo pipefail")

        assert list(asking) == [step for step in planned if step not in {*free, *REPLACED}]
        for variable in asking.values():
            assert f"{variable}=yes" in head
            assert f"decided {variable} " in rest


def _word(step: PlanStep) -> str | None:
    """Return the variable that confirms a step."""
    match = re.search("(CONFIRM_[A-Z_]+)=yes[.]", step.warning or "")
    return match and match[1]


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
    health = judged(with_changes(POLICIES, changes | {"key.properties.keySize": 1024}))

    first, *others = key_plan_of(health).steps

    assert {each.code for each in health.concerns} == {KeyReason.KEY_TOO_SMALL, reason}
    assert (first.action, _word(first)) == (Action.REPLACE_BLOCKED_KEY, "CONFIRM_REPLACE_KEY")
    assert [step.action.value for step in others[:-1]] == REPLACED


def test_another_key_needs_an_identity_to_use_it() -> None:
    """Without an identity, the script would stop and request a new plan, which would be equal."""
    case = changed(POLICIES, "key.properties.keySize", 1024)

    plan = key_plan_of(judged(changed(case, "account.identity", value=None)))
    template = render_bicep(plan)

    assert [step.action.value for step in plan.steps[1:5]] == [
        "restore_identity",
        *REPLACED[:2],
        "grant_again",
    ]
    assert plan.left == ()
    assert "az cognitiveservices account identity assign" in (template or "")


@pytest.mark.parametrize("what", KEYS_IN_TROUBLE)
def test_a_template_is_made_where_it_can_do_all_of_it(what: str) -> None:
    """Other steps would declare a whole vault or account, or are impossible in a template."""
    template = render_bicep(key_plan_of(KEYS_IN_TROUBLE[what]))

    assert (template is not None) == (what in {"no policy", "no role", "small", "of another type"})
    if what == "no role":
        assert template is not None
        assert "resource key 'Microsoft.KeyVault/vaults/keys@2026-02-01' existing = {" in template
        assert "output" not in template


@pytest.mark.parametrize("what", ["key gone", "key disabled", "operations missing", "key expired"])
def test_a_key_in_an_hsm_is_mended_there(what: str) -> None:
    """With the name of a vault, az would search in the wrong place."""
    script = render_az(key_plan_of(in_hsm(KEYS_IN_TROUBLE[what])))

    assert "HOLDER='hsm-name'\n" in script
    assert "TYPE='managedHSMs'\n" in script


@pytest.mark.parametrize(
    "health",
    [
        None,
        judged(POLICIES),
        judged(changed(POLICIES, "key.properties.keySize", 4096)),  # a notice changes nothing
        replace(BROKEN_KEYS["key gone"], key_id=None, vault_id=None),
        replace(BROKEN_KEYS["vault gone"], vault_id="/subscriptions/x/vaults/kv"),
        replace(BROKEN_KEYS["key gone"], vault_id=VAULT_ID.lower().replace("rg-keys", "a?b=c")),
        replace(BROKEN_KEYS["key gone"], vault_id=VAULT_ID.lower().replace("safe", "a$(id)")),
        judged(changed(POLICIES, "account.identity", {"type": "UserAssigned"})),
        judged(changed(POLICIES, f"{_OF_VAULT}.publicNetworkAccess", "SecuredByPerimeter")),
        in_hsm(judged(POLICIES, vault=Absent(VAULT_ID.lower()), key=None)),
        in_hsm(judged(changed(POLICIES, "key.properties.keySize", 1024))),
        judged(
            with_changes(
                POLICIES,
                {"key.properties.keySize": 1024, "account.identity": {"type": "UserAssigned"}},
            )
        ),
    ],
)
def test_where_no_command_ends_it_there_is_nokey_plan_of(health: KeyHealth | None) -> None:
    """Half a plan would do something else; the message of each reason says who must act."""
    finding = replace(broken(judged(POLICIES)), key_health=health)

    assert key_plan_for(finding) is None


@pytest.mark.parametrize("key_name", [None, "", "a b", "$(id)", "k" * 128])
def test_what_cannot_be_a_key_has_nokey_plan_of(key_name: str | None) -> None:
    """Names come from any person who may change the account."""
    finding = finding_of(key_source="Microsoft.KeyVault", key_name=key_name)

    assert key_plan_for(replace(finding, key_health=BROKEN_KEYS["key disabled"])) is None


def test_an_identity_that_cannot_be_named_has_nokey_plan_of() -> None:
    """The grant would go to the system-assigned identity, which the account does not use."""
    finding = broken(BROKEN_KEYS["no role"])
    evidence = replace(finding.judgement.evidence, identity_client_id="--me")
    finding = replace(finding, judgement=replace(finding.judgement, evidence=evidence))

    assert key_plan_for(finding) is None
