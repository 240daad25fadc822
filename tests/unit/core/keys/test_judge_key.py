"""Key health as a whole: unread parts, the order of reasons, and the named evidence."""

import re
from datetime import timedelta
from typing import Final

import pytest

from cmk_check.core.enums import GapReason, KeyReason, KeyRotation, KeySeverity, KeyState
from cmk_check.core.gap import Gap
from cmk_check.core.keys.key_health import KeyConcern, KeyHealth
from cmk_check.core.reasons.catalogue import KEY_REASONS
from cmk_check.core.unread import Unread
from tests.unit.core.key_examples import (
    ATTRIBUTES,
    KEY_ID,
    NEW,
    NOW,
    PINNED,
    POLICIES,
    ROLES,
    SECONDS,
    SETTINGS,
    SYSTEM,
    UNREAD,
    USER,
    VAULT_ID,
    Case,
    Changes,
    changed,
    judged,
    with_changes,
)


@pytest.mark.parametrize(
    ("case", "fact", "part", "title"),
    [
        (POLICIES, "vault", "vault", "Vault: "),
        (POLICIES, "key", "key", "Key: "),
        (ROLES, "grants", "permissions", "Role assignments: "),
        (POLICIES, "scopes", "scopes", "Encryption scopes: "),
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
            KeyReason.CANNOT_READ,
            KeySeverity.UNKNOWN,
            f"{KEY_REASONS[KeyReason.CANNOT_READ].text()} {title}Grant the role.",
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
        ": not read; the next scan tries again. If this stays, look for a newer version of "
        "cmk_check."
    )


def test_several_unread_parts_are_one_concern_that_names_them_all() -> None:
    """P11: one grant must not uncover the next one only at the next scan."""
    other = Unread(Gap(GapReason.TIMEOUT))
    third = Unread(Gap(GapReason.FORBIDDEN, "Other/read", "Grant another."), VAULT_ID.lower())
    health = judged(changed(POLICIES, "account.identity.principalId"), vault=third, scopes=other)

    (concern,) = health.concerns
    assert concern.evidence == {"notSeen": "vault, identity, scopes"}
    assert concern.missing_action == "Other/read"
    assert "Grant another." in concern.message
    assert health.vault_id == VAULT_ID.lower()


def test_several_missing_actions_are_all_in_the_evidence() -> None:
    """P11: a person who grants only one would learn of the next one only in the next scan."""
    other = Unread(Gap(GapReason.FORBIDDEN, "Other/read", "Grant another."))
    (concern,) = judged(POLICIES, key=UNREAD, scopes=other).concerns

    assert concern.missing_action == "Some.Provider/things/read"
    assert concern.evidence == {
        "notSeen": "key, scopes",
        "missingActions": "Some.Provider/things/read, Other/read",
    }


def test_a_key_is_judged_though_its_vault_could_not_be_read() -> None:
    """A disabled key is broken, even if other facts are not known."""
    health = judged(changed(POLICIES, f"{ATTRIBUTES}.enabled", value=False), vault=UNREAD)

    assert [each.code for each in health.concerns] == [
        KeyReason.KEY_DISABLED,
        KeyReason.CANNOT_READ,
    ]
    assert health.state is KeyState.BROKEN


def test_worst_concerns_come_first_and_make_the_state() -> None:
    """A reader of one sentence must see the most important one."""
    case = with_changes(
        POLICIES,
        {
            "key.properties.keySize": 4096,
            "key.properties.kty": "RSA",
            f"{ATTRIBUTES}.enabled": False,
            f"{ATTRIBUTES}.nbf": SECONDS + 1,
            "vault.properties.enablePurgeProtection": None,
            "vault.properties.enableSoftDelete": False,
        },
    )

    health = judged(case, scopes=UNREAD)

    assert [each.code for each in health.concerns] == [
        KeyReason.KEY_DISABLED,
        KeyReason.KEY_NOT_YET_VALID,
        KeyReason.CANNOT_READ,
        KeyReason.VAULT_SOFT_DELETE_OFF,
        KeyReason.VAULT_PURGE_PROTECTION_OFF,
        KeyReason.KEY_SIZE_DISPUTED,
    ]
    assert health.state is KeyState.BROKEN


def test_a_long_word_of_azures_is_cut() -> None:
    """P8: a finding's row holds 8 KB."""
    health = judged(POLICIES, scopes=Unread(Gap(GapReason.TIMEOUT, detail="x" * 9_000)))

    assert health.concerns[0].message.endswith(": " + "x" * 381)


def test_a_notice_alone_leaves_a_key_healthy() -> None:
    """A disagreement of Microsoft's pages must not alert anybody."""
    health = judged(with_changes(ROLES, {"account.kind": "OpenAI", f"{PINNED}.keySize": 4096}))

    assert [each.severity for each in health.concerns] == [KeySeverity.NOTICE]
    assert health.state is KeyState.HEALTHY


def test_health_names_the_key_its_version_and_who_uses_it() -> None:
    """Changes of these are announced, and people search for them."""
    assert judged(ROLES) == KeyHealth(
        KeyState.HEALTHY,
        rotation=KeyRotation.PINNED,
        expires=NOW + timedelta(days=365),
        vault_id=VAULT_ID.lower(),
        key_id=KEY_ID.lower(),
        key_version=NEW,
        principal_id=USER.lower(),
    )
    assert judged(POLICIES) == KeyHealth(
        KeyState.HEALTHY,
        rotation=KeyRotation.AUTOMATIC,
        expires=NOW + timedelta(days=365),
        vault_id=VAULT_ID.lower(),
        key_id=KEY_ID.lower(),
        key_version=NEW,
        principal_id=SYSTEM.lower(),
    )


def test_a_version_is_named_as_the_key_has_it() -> None:
    """P4: another spelling of the same version is no change."""
    spelled = "0B0B0B0B-0b0b-0b0b-0b0b-0b0b0b0b0b0b"

    assert judged(changed(ROLES, f"{SETTINGS}.keyVersion", spelled)).key_version == NEW


_BASE: Final = KEY_REASONS[KeyReason.CANNOT_READ].text()
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
