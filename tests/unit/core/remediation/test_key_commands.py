"""The command that ends a reason for a broken key, with the real names, or none."""

import shlex
from dataclasses import replace
from typing import Final

import pytest

from cmk_check.core.enums import KeyReason, ReasonSeverity
from cmk_check.core.model import KeyHealth
from cmk_check.core.reasons.key_sentences import KEY_REASONS
from cmk_check.core.remediation.key_commands import KeyCommand, key_commands_for
from tests.fakes.broken_keys import BROKEN_KEYS, broken, in_hsm
from tests.fakes.remediation import SUBSCRIPTION, finding_of
from tests.unit.core.key_examples import KEY_ID, NEW, NOW, POLICIES, SYSTEM, USER, changed, judged

VAULT: Final = "--subscription=7c1e0000-0000-4000-8000-000000000001 --vault-name=safe --name=cmk"
SET: Final = f"az keyvault key set-attributes {VAULT} --version={NEW}"
PLACE: Final = VAULT.split(maxsplit=1)[0]

EXPECTED: Final = {
    "vault gone": f"az keyvault recover {PLACE} --name=safe",
    "key gone": f"az keyvault key recover {VAULT}",
    "key disabled": f"{SET} --enabled=true",
    "pinned version disabled": f"{SET} --enabled=true",
    "key expired": f"az keyvault key rotate {VAULT}",
    "pinned version expired": f"{SET} --expires=2027-11-25T00:00:00Z",
    "key not yet valid": f"{SET} --not-before=2026-11-25T00:00:00Z",
    "operations missing": f"{SET} --ops encrypt decrypt sign verify wrapKey unwrapKey",
    "no identity": f"az cognitiveservices account identity assign --subscription={SUBSCRIPTION} "
    "--resource-group=rg-ai --name=Chat",
    "no policy": f"az keyvault set-policy {PLACE} --name=safe --object-id={SYSTEM.lower()} "
    "--key-permissions get wrapKey unwrapKey",
    "no role": f"az role assignment create {PLACE} --scope={KEY_ID.lower()} "
    f"--assignee-object-id={USER.lower()} --assignee-principal-type=ServicePrincipal "
    "--role='Key Vault Crypto User'",
}


def _commands(health: KeyHealth, name: str = "Chat") -> list[KeyCommand]:
    return list(key_commands_for(broken(health, name), NOW))


def _on_one_line(command: KeyCommand) -> str:
    return command.az.replace(" \\\n ", "")


@pytest.mark.parametrize("what", EXPECTED)
def test_each_reason_has_the_command_that_ends_it(what: str) -> None:
    """Whoever has to mend a key at night should not have to look up names and options."""
    health = BROKEN_KEYS[what]

    first, *_ = _commands(health)

    assert first.code is health.concerns[0].code
    assert _on_one_line(first) == EXPECTED[what]


def test_only_reasons_for_a_broken_key_have_commands() -> None:
    """A key that works is left alone."""
    ended = {command.code for each in BROKEN_KEYS.values() for command in _commands(each)}

    assert {KEY_REASONS[code].severity for code in ended} == {ReasonSeverity.ERROR}
    errors = {code for code, entry in KEY_REASONS.items() if entry.severity is ReasonSeverity.ERROR}
    assert errors - ended == {KeyReason.KEY_TYPE_UNSUPPORTED, KeyReason.KEY_TOO_SMALL}
    assert _commands(judged(POLICIES)) == []
    assert key_commands_for(finding_of(), NOW) == ()


@pytest.mark.parametrize("what", ["vault gone", "key gone", "key disabled", "no policy", "no role"])
def test_what_may_be_a_revocation_on_purpose_is_said(what: str) -> None:
    """Disabling a key is how its owner cuts an account off; undoing that is not ours to advise."""
    (warning,) = [each.warning for each in _commands(BROKEN_KEYS[what])[:1]]

    assert warning is not None
    assert "on purpose, to revoke access: ask the owner of the key." in warning


def test_a_key_in_an_hsm_has_commands_for_an_hsm() -> None:
    """With the name of a vault az would look in the wrong place."""
    for what in ("vault gone", "key gone", "key disabled"):
        (command, *_) = _commands(in_hsm(BROKEN_KEYS[what]))

        assert "--hsm-name=safe" in command.az
        assert "vault-name" not in command.az


@pytest.mark.parametrize(
    "health",
    [
        replace(BROKEN_KEYS["key disabled"], key_version="latest; id"),
        replace(BROKEN_KEYS["key gone"], key_id=f"{KEY_ID}$(id)".lower()),
        replace(BROKEN_KEYS["key gone"], key_id=None, vault_id=None),
        replace(BROKEN_KEYS["vault gone"], vault_id="/subscriptions/x/vaults/kv"),
        replace(BROKEN_KEYS["no policy"], principal_id="--help"),
        replace(BROKEN_KEYS["no role"], principal_id=None),
        judged(changed(POLICIES, "account.identity", {"type": "UserAssigned"})),
    ],
)
def test_without_a_usable_name_there_is_no_command(health: KeyHealth) -> None:
    """A command with half of a name does something else."""
    assert _commands(health) == []


@pytest.mark.parametrize("name", ["-rf '$(touch ran)` \"${x}\u202e", "a b", "--query"])
def test_p10_a_hostile_name_is_one_word(name: str) -> None:
    """The command is pasted into a shell."""
    (command,) = _commands(BROKEN_KEYS["no identity"], name)

    assert command.az.isascii()
    if "\u202e" not in name:
        assert shlex.split(command.az)[-1] == f"--name={name}"
    assert _commands(BROKEN_KEYS["no identity"], "@file") == []
