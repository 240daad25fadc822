"""Key health as a whole: what is unread, gone or another's, and what a health names."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from cmk_check.core.enums import GapReason, KeyReason, KeyRotation, KeySeverity, KeyState
from cmk_check.core.gap import Gap
from cmk_check.core.keys.facts import Key, Vault
from cmk_check.core.keys.judge_key_health import judge_key_health
from cmk_check.core.keys.key_health import KeyConcern, KeyHealth
from cmk_check.core.keys.parsing import parse_key
from cmk_check.core.reasons.catalogue import KEY_REASONS
from cmk_check.core.unread import Absent, Unread
from tests.unit.core.key_examples import (
    ATTRIBUTES,
    KEY_EVIDENCE,
    KEY_ID,
    NEW,
    NOW,
    OLD,
    POLICIES,
    ROLES,
    SETTINGS,
    SYSTEM,
    UNREAD,
    USER,
    VAULT_EVIDENCE,
    VAULT_ID,
    Case,
    Changes,
    Expected,
    account_and_facts,
    changed,
    found,
    judged,
    with_changes,
)

R = KeyReason


@pytest.mark.parametrize(
    ("case", "fact", "part", "title"),
    [
        (POLICIES, "vault", "vault", "Vault: "),
        (POLICIES, "key", "key", "Key: "),
        (ROLES, "grants", "permissions", "Role assignments: "),
    ],
)
def test_what_could_not_be_read_is_unknown_and_says_what_is_missing_p11(
    case: Case, fact: str, part: str, title: str
) -> None:
    """P11: the action that ends it is named."""
    health = judged(case, **{fact: UNREAD})

    assert health.state is KeyState.UNKNOWN
    assert health.concerns == (
        KeyConcern(
            R.CANNOT_READ,
            KeySeverity.UNKNOWN,
            f"{KEY_REASONS[R.CANNOT_READ].text()} {title}Grant the role.",
            {"notSeen": part},
            "Some.Provider/things/read",
        ),
    )


@pytest.mark.parametrize(("case", "fact"), [(POLICIES, "key"), (ROLES, "grants")])
def test_what_nobody_tried_to_read_is_unknown(case: Case, fact: str) -> None:
    """P1: a part left out by mistake must not look like one that is fine."""
    health = judged(case, **{fact: None})

    assert health.state is KeyState.UNKNOWN
    assert health.concerns[0].message.endswith(
        ": not read. The next scan tries again. If this persists, look for a newer version of "
        "cmk_check."
    )


def test_several_unread_parts_are_one_concern_and_hide_no_fault() -> None:
    """P11: one grant must not uncover the next one only at the next scan."""
    vault = Unread(Gap(GapReason.FORBIDDEN, "Other/read", "Grant another."), VAULT_ID.lower())
    faults = {
        f"{ATTRIBUTES}.enabled": False,
        f"{SETTINGS}.keyVersion": NEW,
        "account.identity.principalId": None,
    }
    case = with_changes(POLICIES, faults)
    versions = Unread(Gap(GapReason.FORBIDDEN, "First/read"))
    key = replace(parse_key(case["key"]), versions=versions)

    health = judged(case, vault=vault, key=key)

    disabled, unread = health.concerns
    assert (health.state, disabled.code) == (KeyState.BROKEN, R.KEY_DISABLED)
    assert unread.evidence == {
        "notSeen": "keyVersions, vault, identity",
        "missingActions": "First/read, Other/read",
    }
    assert unread.missing_action == "First/read"
    assert "Grant another." in unread.message
    assert health.vault_id == VAULT_ID.lower()


def test_worst_concerns_come_first_and_make_the_state() -> None:
    """A reader of one sentence must see the most important one."""
    faults: Changes = {
        "vault.properties.enablePurgeProtection": None,
        "vault.properties.enableSoftDelete": False,
        "vault.properties.networkAcls.defaultAction": "perhaps",
        "key.properties.keySize": 4096,
        f"{ATTRIBUTES}.enabled": False,
    }

    health = judged(with_changes(POLICIES, faults))

    assert list(found(health)) == [
        R.KEY_DISABLED,
        R.CANNOT_READ,
        R.VAULT_SOFT_DELETE_OFF,
        R.VAULT_PURGE_PROTECTION_OFF,
        R.KEY_SIZE_DISPUTED,
    ]
    assert health.state is KeyState.BROKEN


def test_health_names_the_key_its_version_and_who_uses_it() -> None:
    """Changes of these are announced, and people search for them."""
    pinned = KeyHealth(
        KeyState.HEALTHY,
        rotation=KeyRotation.PINNED,
        expires=NOW + timedelta(days=365),
        vault_id=VAULT_ID.lower(),
        key_id=KEY_ID.lower(),
        key_version=NEW,
        principal_id=USER.lower(),
    )

    assert judged(ROLES) == pinned
    assert judged(POLICIES) == replace(
        pinned, rotation=KeyRotation.AUTOMATIC, principal_id=SYSTEM.lower()
    )


def test_a_version_is_named_as_the_key_has_it() -> None:
    """P4: another spelling of the same version is no change."""
    spelled = " 0B0B0B0B-0b0b-0b0b-0b0b-0b0b0b0b0b0b "

    assert judged(changed(ROLES, f"{SETTINGS}.keyVersion", spelled)) == judged(ROLES)


_BASE: Final = KEY_REASONS[R.CANNOT_READ].text()
_UNSEEN: Final[dict[str, tuple[Case, Changes]]] = {
    "account": (POLICIES, {f"{SETTINGS}.keyVersion": 7}),
    "vault": (POLICIES, {"vault.properties.enableSoftDelete": 7}),
    "another vault": (POLICIES, {f"{SETTINGS}.keyVaultUri": "https://other.vault.azure.net/"}),
    "firewall": (POLICIES, {"vault.properties.publicNetworkAccess": "Sometimes"}),
    "key": (POLICIES, {f"{ATTRIBUTES}.exp": "never"}),
    "type": (POLICIES, {"key.properties.kty": None}),
    "size": (POLICIES, {"key.properties.keySize": None}),
    "operations": (POLICIES, {"key.properties.keyOps": None}),
    "versions": (ROLES, {"versions.0.properties.attributes.created": None}),
    "identity": (POLICIES, {"account.identity.principalId": None}),
    "condition": (ROLES, {"assignments.0.properties.condition": "x"}),
    "policies": (POLICIES, {"vault.properties.accessPolicies.0.objectId": "perhaps a group"}),
}


@pytest.mark.parametrize(("case", "changes"), _UNSEEN.values(), ids=list(_UNSEEN))
def test_every_unseen_part_says_what_it_is_and_what_to_do_p11(case: Case, changes: Changes) -> None:
    """P11: an unknown that nobody can end is worse than none."""
    health = judged(with_changes(case, changes))

    (concern,) = health.concerns
    base, part = concern.message[: len(_BASE)], concern.message[len(_BASE) :]
    assert (health.state, base) == (KeyState.UNKNOWN, _BASE)
    assert re.fullmatch(r" [A-Z][a-z ]+: \S.{60,260}[a-z_]\.", part)


@pytest.mark.parametrize(
    ("vault", "key", "expected"),
    [
        (
            Absent(VAULT_ID.lower()),
            Absent(KEY_ID.lower()),
            {R.VAULT_NOT_FOUND: {**VAULT_EVIDENCE, "keyVaultUri": "https://safe.vault.azure.net"}},
        ),
        (None, Absent(KEY_ID.lower()), {R.KEY_NOT_FOUND: {"keyId": KEY_ID.lower()}}),
    ],
    ids=["vault", "key"],
)
def test_what_is_gone_is_broken_once_and_stays_known(
    vault: Absent | None, key: Absent, expected: Expected
) -> None:
    """The next scan requests it by its known id and again finds it gone, not unreadable."""
    health = judged(POLICIES, **({"vault": vault} if vault else {}), key=key)

    assert found(health) == expected
    assert (health.state, health.expires) == (KeyState.BROKEN, None)
    assert (health.vault_id, health.key_id) == (VAULT_ID.lower(), KEY_ID.lower())


@pytest.mark.parametrize(
    ("fault", "value", "vault_id"),
    [
        ("enableSoftDelete", "no", VAULT_ID.lower()),
        ("vaultUri", "https://other.vault.azure.net/", None),
    ],
    ids=["odd", "another"],
)
def test_of_an_odd_vault_and_of_another_one_nothing_is_judged(
    fault: str, value: str, vault_id: str | None
) -> None:
    """P1: other parts may also be wrong, or of another account's; an odd one is read again."""
    faults = {f"vault.properties.{fault}": value, "vault.properties.accessPolicies": []}
    health = judged(with_changes(POLICIES, faults))

    assert [each.code for each in health.concerns] == [R.CANNOT_READ]
    assert health.vault_id == vault_id
    assert (health.key_id is None) == (vault_id is None)


@pytest.mark.parametrize("address", [None, "", "kv", "https://example.com/"])
def test_two_addresses_that_name_no_vault_are_not_the_same_vault(address: str | None) -> None:
    """P1: a document without a usable address may belong to any vault."""
    account, facts = account_and_facts(POLICIES)
    vault = facts.vault
    assert isinstance(vault, Vault)

    health = judge_key_health(
        replace(account, key_vault_uri=address), replace(facts, vault=replace(vault, uri=None)), NOW
    )

    assert found(health) == {R.CANNOT_READ: {"notSeen": "vault"}}


def test_a_managed_hsm_is_at_risk_and_never_healthy() -> None:
    """P11: its users cannot be read, and nobody can change that."""
    uri = "https://safe.managedhsm.azure.net"
    account, facts = account_and_facts(changed(POLICIES, f"{SETTINGS}.keyVaultUri", f"{uri}/"))
    assert isinstance(facts.vault, Vault)
    hsm = replace(facts.vault, uri=uri, is_managed_hsm=True, soft_delete=False, policies={})

    health = judge_key_health(account, replace(facts, vault=hsm), NOW)

    assert found(health) == {R.MANAGED_HSM_NOT_VERIFIABLE: {"identity": SYSTEM.lower()}}
    assert health.state is KeyState.AT_RISK


def test_long_words_of_azures_are_cut() -> None:
    """P8: a finding's row holds 8 KB."""
    health = judged(POLICIES, vault=Unread(Gap(GapReason.TIMEOUT, detail="x" * 9_000)))
    bypass = changed(POLICIES, "vault.properties.networkAcls.bypass", "x" * 9_000)
    (concern,) = judged(bypass).concerns

    assert health.concerns[0].message.endswith("Vault: " + "x" * 393)
    assert concern.evidence["bypass"] == "x" * 128


@pytest.mark.parametrize(
    ("created", "newest"),
    [({"f": 5, "0": 6}, "0"), ({"0": 6, "f": 5}, "0"), ({"0": 6, "f": 6}, "f")],
)
def test_the_newest_version_is_the_one_made_last(created: dict[str, int], newest: str) -> None:
    """P4: it is in the evidence, so the choice between two of the same time must not vary."""
    case = changed(ROLES, "versions", [ROLES["versions"][1]] * (len(created) + 1))
    case = json.loads(json.dumps(case))  # versions of their own, of which each can be changed
    for place, (name, seconds) in enumerate(created.items(), 1):
        case["versions"][place]["name"] = name
        case["versions"][place]["properties"]["attributes"]["created"] += seconds

    concerns = found(judged(case))

    assert concerns[R.VERSION_PINNED]["newestVersion"] == newest
    assert concerns[R.VERSION_NOT_LATEST]["newestVersion"] == newest


def _with_versions_unread(case: Case, versions: Unread | None = UNREAD) -> KeyHealth:
    account, facts = account_and_facts(case)
    assert isinstance(facts.key, Key)
    return judge_key_health(account, replace(facts, key=replace(facts.key, versions=versions)), NOW)


@pytest.mark.parametrize("versions", [UNREAD, None])
def test_versions_that_could_not_be_read_are_unknown(versions: Unread | None) -> None:
    """It is not known whether there is a newer version."""
    health = _with_versions_unread(ROLES, versions)

    assert found(health) == {R.CANNOT_READ: {"notSeen": "keyVersions"}}
    assert (health.key_version, health.expires) == (NEW, NOW + timedelta(days=365))


def test_the_latest_version_is_judged_without_the_others() -> None:
    """A known fault is reported even if something else could not be read."""
    health = _with_versions_unread(changed(ROLES, f"{ATTRIBUTES}.enabled", value=False))

    assert found(health) == {
        R.KEY_DISABLED: KEY_EVIDENCE,
        R.CANNOT_READ: {"notSeen": "keyVersions"},
    }
    assert health.concerns[-1].message.endswith(" Versions of the key: Grant the role.")


@pytest.mark.parametrize(
    ("pinned", "latest"),
    [(OLD, {f"{ATTRIBUTES}.enabled": False}), ("--", {"key.properties.keyUriWithVersion": None})],
    ids=["an older one", "dashes alone"],
)
def test_another_version_is_not_judged_by_the_latest(pinned: str, latest: Changes) -> None:
    """P1: nothing is known about the pinned version then, not even whether it exists."""
    health = _with_versions_unread(
        with_changes(ROLES, {f"{SETTINGS}.keyVersion": pinned, **latest})
    )

    assert found(health) == {R.CANNOT_READ: {"notSeen": "keyVersions"}}
    assert (health.key_version, health.expires) == (pinned, None)
