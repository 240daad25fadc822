"""Each reason of key health that concerns the vault or encryption scopes."""

from dataclasses import replace

import pytest

from cmk_check.core.aspects.key_health import KEY_HEALTH
from cmk_check.core.enums import KeyReason, KeyState
from cmk_check.core.keys.facts import Vault
from cmk_check.core.keys.judge_key import judge_key
from cmk_check.core.unread import Absent, Unread
from tests.fakes.world import good
from tests.unit.core.examples import ID, known_of, only_finding
from tests.unit.core.key_examples import (
    ATTRIBUTES,
    KEY_ID,
    NOW,
    POLICIES,
    SETTINGS,
    SYSTEM,
    VAULT_EVIDENCE,
    VAULT_ID,
    account_and_facts,
    changed,
    found,
    judged,
    with_changes,
)


def test_a_vault_that_is_gone_is_broken_and_stays_known() -> None:
    """The next scan requests it by its known id and again finds it gone, not unreadable."""
    health = judged(POLICIES, vault=Absent(VAULT_ID.lower()), key=None)

    assert found(health) == {
        KeyReason.VAULT_NOT_FOUND: {**VAULT_EVIDENCE, "keyVaultUri": "https://safe.vault.azure.net"}
    }
    assert (health.state, health.vault_id) == (KeyState.BROKEN, VAULT_ID.lower())


def test_of_a_vault_that_is_gone_nothing_more_is_said_of_the_key() -> None:
    """One cause, one concern."""
    health = judged(POLICIES, vault=Absent(VAULT_ID.lower()), key=Absent(KEY_ID.lower()))

    assert [each.code for each in health.concerns] == [KeyReason.VAULT_NOT_FOUND]


def test_a_vault_whose_document_is_odd_stays_known_and_is_not_judged() -> None:
    """P1: its other parts may also be wrong; the next scan reads the same vault again."""
    health = judged(
        with_changes(
            POLICIES,
            {"vault.properties.enableSoftDelete": "no", "vault.properties.accessPolicies": []},
        )
    )

    (concern,) = health.concerns
    assert concern.code is KeyReason.CANNOT_READ
    assert health.vault_id == VAULT_ID.lower()


def test_of_another_vault_nothing_is_judged_nor_kept() -> None:
    """P1: neither good nor bad facts of another vault apply to the account's own vault."""
    health = judged(
        with_changes(
            POLICIES,
            {
                "vault.properties.vaultUri": "https://other.vault.azure.net/",
                "vault.properties.accessPolicies": [],
                f"{ATTRIBUTES}.enabled": False,
            },
        )
    )

    (concern,) = health.concerns
    assert concern.code is KeyReason.CANNOT_READ
    assert (health.vault_id, health.key_id) == (None, None)


@pytest.mark.parametrize("address", [None, "", "kv", "https://example.com/"])
def test_two_addresses_that_name_no_vault_are_not_the_same_vault(address: str | None) -> None:
    """P1: a document without a usable address may belong to any vault."""
    account, facts = account_and_facts(POLICIES)
    vault = facts.vault
    assert isinstance(vault, Vault)

    health = judge_key(
        replace(account, key_vault_uri=address), replace(facts, vault=replace(vault, uri=None)), NOW
    )

    assert found(health) == {KeyReason.CANNOT_READ: {"notSeen": "vault"}}


def test_a_managed_hsm_is_at_risk_and_never_healthy() -> None:
    """P11: its users cannot be read, and nobody can change that."""
    case = changed(POLICIES, f"{SETTINGS}.keyVaultUri", "https://safe.managedhsm.azure.net/")
    account, facts = account_and_facts(case)
    vault = facts.vault
    assert not isinstance(vault, Absent | Unread)
    hsm = replace(
        vault,
        uri="https://safe.managedhsm.azure.net",
        is_managed_hsm=True,
        soft_delete=False,
        policies={},
    )

    health = judge_key(account, replace(facts, vault=hsm), NOW)

    assert found(health) == {KeyReason.MANAGED_HSM_NOT_VERIFIABLE: {"identity": SYSTEM.lower()}}
    assert health.state is KeyState.AT_RISK


def test_long_key_sources_of_scopes_are_cut() -> None:
    """A finding's row holds 8 KB of evidence."""
    scopes = [{"name": "x" * 99, "properties": {"keySource": "y" * 99}}] * 20
    evidence = found(judged(changed(POLICIES, "scopes", scopes)))

    texts = evidence[KeyReason.SCOPE_NOT_CUSTOMER_MANAGED]
    assert texts["scopes"].startswith(f"{'x' * 40} ({'y' * 40}), xxx")
    assert len(texts["scopes"]) == 1024


@pytest.mark.parametrize("others", [["a"], [f"a{number:02}" for number in range(20)]])
def test_the_case_of_scopes_is_no_difference(others: list[str]) -> None:
    """P4: another spelling would change the order, and with many scopes the named ones."""
    cases = (
        changed(POLICIES, "scopes", [{"name": name, "properties": {}} for name in (last, *others)])
        for last in ("B", "b")
    )
    finding = only_finding(known_of(good(ID)))

    upper, lower = (replace(finding, key_health=judged(case)) for case in cases)

    assert KEY_HEALTH.is_same(upper, lower)
