"""The script of a plan for a key, run by bash with a fake az command that keeps its state."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from cmk_check.core.enums import KeyReason
from cmk_check.core.keys.key_health import KeyHealth
from cmk_check.core.remediation.az_script import render_az
from tests.fakes.broken_keys import KEYS_IN_TROUBLE, in_hsm, key_plan_of
from tests.fakes.remediation import BARE, CLIENT, OLD_VAULT, Ended, Watched
from tests.unit.core.key_examples import (
    ATTRIBUTES,
    DAY,
    OLD,
    POLICIES,
    SECONDS,
    VAULT_ID,
    judged,
    with_changes,
)

URI: Final = "https://safe.vault.azure.net/"
STATE: Final = BARE | {
    "source": "Microsoft.KeyVault",
    "name": "cmk",
    "uri": URI,
    "identity": "SystemAssigned",
    "vault": "",
    "vault_id": VAULT_ID,
    "roles": "false",
    "protected": "true",
    "kept": "true",
    "key": "true",
    "grant": "x",
    "versions": f"{URI}keys/cmk/{OLD}",
}
GONE: Final = None


@dataclass(frozen=True, slots=True)
class Case:
    """What ends a reason: the plan's steps, and the word that the script requires.

    ``before`` and ``after`` are facts of the state, or None for what is not there.
    """

    steps: str
    before: Mapping[str, str | None]
    after: Mapping[str, str | None]
    confirm: str = ""

    @property
    def confirmed(self) -> dict[str, str]:
        """The variable that confirms it."""
        return {f"CONFIRM_{self.confirm}": "yes"} if self.confirm else {}


OF_USER: Final = {"identity": "UserAssigned", "clients": CLIENT}
CASES: Final = {
    "vault gone": Case(
        "recover_vault grant_again",
        {"vault": GONE, "vault_deleted": "", "roles": "true"},
        {"vault": "", "vault_deleted": GONE, "grant": "principal-system"},
        "RECOVER_VAULT",
    ),
    "key gone": Case(
        "recover_key",
        {"key": GONE, "key_deleted": "true"},
        {"key": "true", "key_deleted": GONE},
        "RECOVER_KEY",
    ),
    "key disabled": Case("enable_key", {"enabled": "false"}, {"enabled": GONE}, "ENABLE_KEY"),
    "pinned version disabled": Case(
        "enable_key",
        {"old_enabled": "false", "version": OLD},
        {"old_enabled": GONE, "version": OLD},
        "ENABLE_KEY",
    ),
    "key expired": Case("renew_key", {"ends": "true"}, {"ends": GONE}),
    "pinned version expired": Case(
        "renew_key follow_key",
        {"ends": "true", "old_ends": "true", "version": OLD},
        {"ends": GONE, "version": ""},
    ),
    "key not yet valid": Case("start_key", {"later": "true"}, {"later": GONE}, "START_KEY"),
    "operations missing": Case(
        "permit_wrapping",
        {"operations": "sign"},
        {"operations": "sign wrapKey unwrapKey"},
        "OPERATIONS",
    ),
    "no identity": Case(
        "restore_identity grant_again",
        {"identity": "None", "grant": GONE, "roles": "true"},
        {"identity": "SystemAssigned", "grant": "principal-system"},
        "IDENTITY",
    ),
    "no policy": Case("grant_again", {"grant": GONE}, {}, "GRANT"),
    "no role": Case(
        "grant_again",
        {"grant": GONE, "roles": "true", **OF_USER},
        {"grant": "principal-user"},
        "GRANT",
    ),
    "soft delete off": Case("soft_delete", {"kept": "false"}, {"kept": "true"}, "SOFT_DELETE"),
    "purge protection off": Case(
        "protect_from_purge", {"protected": GONE}, {"protected": "true"}, "PURGE_PROTECTION"
    ),
    "firewall": Case("open_firewall", {"bypass": "None"}, {"bypass": "AzureServices"}, "FIREWALL"),
    "rotation overdue": Case("rotate_key", {"late": "true"}, {"late": GONE}),
    "rotation overdue of a pinned key": Case(
        "rotate_key follow_key",
        {"late": "true", "version": OLD, **OF_USER},
        {"late": GONE, "version": ""},
    ),
    "older version": Case("follow_key", {"version": OLD}, {"version": ""}),
    "account failed": Case(
        "repeat_update",
        {"state": "failed", "version": OLD},
        {"state": "Succeeded", "version": OLD, "name": "cmk"},
    ),
}


def script_of(health: KeyHealth, *name: str) -> str:
    """Return the script of the plan for an account with a key of this health."""
    return render_az(key_plan_of(health, *name))


def scripted(folder: Path, case: Case, script: str) -> Ended:
    """Run the script of a case, with its confirmation."""
    return _watched(folder, case.before).run(script, **case.confirmed)


def _script(what: str) -> str:
    return script_of(KEYS_IN_TROUBLE[what])


def _watched(folder: Path, changes: Mapping[str, str | None]) -> Watched:
    state = {**STATE, **changes}
    return Watched(folder, {name: value for name, value in state.items() if value is not None})


def _run(watched: Watched, what: str, **variables: str) -> Ended:
    return watched.run(_script(what), **CASES[what].confirmed | variables)


def _writes(ended: Ended) -> list[int]:
    reading = {"show", "list", "list-deleted", "list-versions", "--method=get"}
    return [number for number, call in enumerate(ended.calls, 1) if not reading & set(call)]


def _holds(watched: Watched, facts: Mapping[str, str | None]) -> bool:
    return {name: watched.get(name) for name in facts} == facts


@pytest.mark.parametrize("what", CASES)
def test_a_script_ends_its_reason(tmp_path: Path, what: str) -> None:
    """Its steps are between the one that finds the key and the one that checks it."""
    case, plan = CASES[what], key_plan_of(KEYS_IN_TROUBLE[what])
    watched = _watched(tmp_path, case.before)

    ended = _run(watched, what)

    assert [step.action for step in plan.steps] == ["find_key", *case.steps.split(), "verify_key"]
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[-1].startswith("Done: the key cmk in safe can be used.")
    assert _holds(watched, case.after)
    assert watched.get("grant") is not None


@pytest.mark.parametrize("what", [what for what, case in CASES.items() if case.confirm])
def test_what_a_person_has_to_decide_is_not_done_without_the_word(
    tmp_path: Path, what: str
) -> None:
    """It may be an intended revocation, or permanent; the script names variable and reason."""
    case, word = CASES[what], f"CONFIRM_{CASES[what].confirm}"
    watched = _watched(tmp_path, case.before)

    ended = watched.run(_script(what), **{word: "no"})

    assert (ended.code, _writes(ended)) == (1, [])
    assert f"do it anyway: {word}=yes bash " in ended.err
    assert "ask the owner of the " in ended.err
    assert f"{word}=yes" in _script(what).partition("set -euo pipefail")[0]
    assert _holds(watched, case.before)


STOPS: Final = {
    "purged vault": (
        "vault gone",
        {"vault_deleted": GONE},
        "If it was purged, the vault and the data",
    ),
    "purged key": ("key gone", {"key_deleted": GONE}, "Only a backup can restore it"),
    "version": ("key gone", {"version": "c" * 32}, "A single version cannot be recovered"),
    "late": ("key gone", {"versions": ""}, "the vault does not list the key yet"),
    "another key": ("key disabled", {"name": "other"}, "now uses another key: other"),
    "vault": ("key disabled", {"uri": "https://kv.vault/"}, "is now in another vault"),
    "address": ("key disabled", {"uri": 'https://safe.x/"'}, "an invalid address"),
    "operations": ("key disabled", {"operations": "sign"}, "the key cmk cannot be used"),
    "newest": ("older version", {"enabled": "false"}, "the newest version of the key cannot be"),
    "others recovered it": (
        "vault gone",
        {"vault": "", "vault_deleted": GONE, "grant": GONE},
        "CONFIRM_GRANT=yes bash",
    ),
    "identity": ("no policy", {"identity": ""}, "is not assigned to the account"),
    "user": ("no identity", {"identity": "UserAssigned"}, "create the plan again"),
    "fails": ("account failed", {"fails": ""}, "the account is still failed"),
}


@pytest.mark.parametrize(("what", "before", "said"), STOPS.values(), ids=STOPS)
def test_where_it_cannot_go_on_it_says_why(
    tmp_path: Path, what: str, before: Mapping[str, str | None], said: str
) -> None:
    """The script says openly what cannot be recovered."""
    watched = _watched(tmp_path, {**CASES[what].before, **before})

    ended = _run(watched, what)

    assert ended.code == (75 if "does not list" in said else 1)  # 75: the same may work later
    assert said in " ".join(ended.err.split())
    assert ended.err.startswith("Stopped: ")
    assert "Done" not in ended.out


def test_what_the_plan_does_not_end_is_said_last(tmp_path: Path) -> None:
    """A usable key does not help an account without an identity."""
    health = judged(
        with_changes(
            POLICIES,
            {"account.identity": {"type": "UserAssigned"}, f"{ATTRIBUTES}.exp": SECONDS + DAY},
        )
    )
    (left,) = (each for each in health.concerns if each.code is KeyReason.IDENTITY_MISSING)

    ended = scripted(tmp_path, CASES["key expired"], script_of(health))

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[-1] == f"This plan does not fix identity_missing: {left.message}"


def test_a_key_in_an_hsm_is_asked_for_there(tmp_path: Path) -> None:
    """Its vault's name is an option of its own."""
    case = CASES["key disabled"]

    ended = scripted(tmp_path, case, script_of(in_hsm(KEYS_IN_TROUBLE["key disabled"])))

    assert ended.code == 0
    assert {
        word for call in ended.calls for word in call if "safe" in word and "--" in word[:2]
    } >= {"--hsm-name=safe"}
    assert any("/managedHSMs/safe/keys/cmk?" in word for call in ended.calls for word in call)


@pytest.mark.parametrize(
    ("changes", "state", "word"),
    [
        ({f"{ATTRIBUTES}.enabled": False}, {"grant": GONE}, "REPLACE_KEY"),
        ({"account.identity": None}, {"grant": GONE, "identity": "None"}, "IDENTITY"),
    ],
)
def test_another_key_is_put_in_place_of_a_revoked_one_only_with_the_word(
    tmp_path: Path, changes: Mapping[str, object], state: Mapping[str, str | None], word: str
) -> None:
    """The confirmation is required before anything is created, and only once."""
    health = judged(with_changes(POLICIES, {**changes, "key.properties.keySize": 1024}))
    before = {**OLD_VAULT, "uri": "https://kv-old.vault.azure.net/", "key": GONE, **state}
    script = script_of(health)
    watched = _watched(tmp_path, before)

    asked = watched.run(script)
    ended = watched.run(script, **{f"CONFIRM_{word}": "yes"})
    again = watched.run(script)

    assert (asked.code, _writes(asked)) == (1, [])
    assert f"do it anyway: CONFIRM_{word}=yes bash " in asked.err
    assert ended.out.splitlines()[-1].startswith("Done: the account uses the key cmk-")
    assert (again.code, again.err) == (0, "")
    # The account names its vault, so that another one is refused.
    assert "there is no vault $VAULT in subscription" in script
    assert "--vault OTHER" not in script


@pytest.mark.long
@pytest.mark.parametrize("what", CASES)
def test_stopped_at_any_call_it_is_run_again_and_ends_right(tmp_path: Path, what: str) -> None:
    """Also where Azure has done it, and the answer is lost; run once more, it changes nothing."""
    case = CASES[what]
    watched = _watched(tmp_path / "whole", case.before)
    whole, again = _run(watched, what), watched.run(_script(what))
    troubles = [("FAIL_AT", number) for number in range(1, len(whole.calls) + 1)]
    troubles += [("FAIL_AFTER", number) for number in _writes(whole)]
    assert len(troubles) > len(whole.calls)
    assert (again.code, _writes(again)) == (0, [])

    for trouble, number in troubles:
        watched = _watched(tmp_path / f"{trouble}-{number}", case.before)
        _run(watched, what, **{trouble: str(number)})
        again = _run(watched, what, CONFIRM_GRANT="yes")
        assert again.code == 0, (trouble, number, again.err)
        assert _holds(watched, case.after), (trouble, number)
        assert watched.get("grant") is not None, (trouble, number)
