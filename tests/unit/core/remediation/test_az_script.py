"""The script of a plan, run by bash with a fake az command that keeps its state."""

import json
from pathlib import Path
from typing import Any

import pytest

from cmk_check.core.remediation.az_script import render_az
from cmk_check.core.remediation.encryption_plan import choose_shared_vault
from tests.fakes.remediation import (
    BARE,
    CLIENT,
    NO_KEY,
    OLD_VAULT,
    SUBSCRIPTION,
    TENANT,
    Ended,
    Watched,
    finding_of,
    planned,
)

NEW = render_az(planned(finding_of(), tenant_id=TENANT))
OLD = render_az(planned(finding_of(identity_type="SystemAssigned"), vault="kv-old", key="our-key"))
USER = render_az(planned(finding_of(identity_type="UserAssigned"), vault="kv-old"))
SHARED = render_az(planned(finding_of(), vault=choose_shared_vault(finding_of())))
OF_OLD = BARE | OLD_VAULT | {"identity": "SystemAssigned"}
OF_USER = BARE | OLD_VAULT | {"identity": "UserAssigned", "clients": CLIENT}
WRITES = ("identity assign", "keyvault create", "keyvault update", "assignment create")


def _encryption(watched: Watched) -> Any:  # noqa: ANN401 - JSON
    return json.loads(watched.get("encryption") or "null")


def _writes(ended: Ended) -> list[str]:
    return [words for words in ended.words() if words.endswith((*WRITES, "account update"))]


def _is_under_the_key(watched: Watched) -> bool:
    shown = [watched.get(name) for name in ("source", "version", "uri", "protected")]
    return shown == ["Microsoft.KeyVault", "", "https://kv-old.vault.azure.net/", "true"]


def test_a_bare_account_comes_under_a_key_of_its_own(tmp_path: Path) -> None:
    """The whole way: identity, vault, key, grant to this identity, encryption without version."""
    watched = Watched(tmp_path, BARE)

    ended = watched.run(NEW)
    again = watched.run(NEW)

    plan = planned(finding_of())
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[-1].startswith(f"Done: the account uses the key {plan.key}")
    assert _encryption(watched) == {
        "keySource": "Microsoft.KeyVault",
        "keyVaultProperties": {
            "identityClientId": None,
            "keyName": plan.key,
            "keyVersion": "",
            "keyVaultUri": "https://kv-old.vault.azure.net/",
        },
    }
    assert watched.get("grant") == "principal-system"
    assert watched.get("roles") == "true"
    assert _writes(ended) == [
        "cognitiveservices account identity assign",
        "keyvault create",
        "role assignment create",
        "cognitiveservices account update",
    ]
    _assert_changed_nothing(again)


def _assert_changed_nothing(again: Ended) -> None:
    """A person who is not sure whether it ran just runs it again."""
    (change,) = (call for call in again.calls if not _is_reading(call))
    assert (again.code, _writes(again), change[1]) == (0, [], "--method=put")
    assert any("/keys/" in word for word in change)  # it answers with the key that is there


def test_run_again_it_repeats_an_update_that_failed(tmp_path: Path) -> None:
    """The account names the key, but the update failed; the script must fix that."""
    watched = Watched(tmp_path, OF_OLD)
    watched.run(OLD)
    watched.set("state", "failed")
    watched.set("fails", "")

    failing = watched.run(OLD, PLAN_TRIES="1")
    (tmp_path / "state" / "fails").unlink()
    mended = watched.run(OLD)

    assert failing.code == 1
    assert "the account is failed" in failing.err
    assert (mended.code, mended.err, watched.get("state")) == (0, "", "Succeeded")


def test_a_shared_vault_is_made_once_wherever_it_is(tmp_path: Path) -> None:
    """A second vault of this name is impossible, and a second key would be one too many."""
    watched = Watched(tmp_path, BARE | OLD_VAULT | {"vault_group": "rg-first"})

    ended = watched.run(SHARED)

    (shown,) = [call for call in ended.calls if call[:2] == ("keyvault", "show")]
    assert (ended.code, ended.err) == (0, "")
    assert "keyvault create" not in ended.words()
    assert "--resource-group=rg-first" in shown
    assert watched.run(SHARED).code == 0


def test_a_vault_with_access_policies_gets_one_more(tmp_path: Path) -> None:
    """The other policies and their permissions do not change."""
    watched = Watched(tmp_path, OF_OLD)

    ended = watched.run(OLD)
    again = watched.run(OLD)

    assert (ended.code, ended.err) == (0, "")
    _assert_changed_nothing(again)
    assert json.loads(watched.get("grant") or "")["properties"]["accessPolicies"] == [
        {
            "tenantId": TENANT,
            "objectId": "principal-system",
            "permissions": {"keys": ["get", "wrapKey", "unwrapKey"]},
        }
    ]
    assert _is_under_the_key(watched)
    assert watched.get("name") == "our-key"
    assert "role assignment create" not in ended.words()


@pytest.mark.parametrize(
    ("clients", "script"),
    [
        pytest.param(CLIENT, USER, id="the only one"),
        pytest.param(
            f"another\n{CLIENT}",
            USER.replace("CLIENT_ID=''", f"CLIENT_ID='{CLIENT.upper()}'"),
            id="the one that is written in",
        ),
    ],
)
def test_a_user_assigned_identity_is_granted_and_named(
    tmp_path: Path, clients: str, script: str
) -> None:
    """The account uses the identity that its encryption names, and no other."""
    watched = Watched(tmp_path, OF_USER | {"clients": clients})

    ended = watched.run(script)

    assert ended.code == 0
    assert "principal-user" in (watched.get("grant") or "")
    assert _encryption(watched)["keyVaultProperties"]["identityClientId"] == CLIENT


def test_a_script_that_does_not_know_the_region_asks(tmp_path: Path) -> None:
    """A vault elsewhere could not be used; and who is not signed in is told how."""
    watched = Watched(tmp_path, BARE)
    script = render_az(planned(finding_of(location=None), tenant_id=TENANT))

    unsigned = watched.run(script, FAIL_AT="1")
    ended = watched.run(script)

    assert (unsigned.code, len(unsigned.calls)) == (1, 1)
    assert f"sign in first: az login --tenant {TENANT}" in unsigned.err
    assert (ended.code, watched.get("vault_location")) == (0, "westeurope")


def test_a_grant_that_takes_its_time_is_waited_for(tmp_path: Path) -> None:
    """If tried too early, Azure reports the key as invalid although it is not."""
    watched = Watched(tmp_path, OF_OLD | {"slowness": "x\nx"})

    ended = watched.run(OLD)

    assert ended.code == 0
    assert (watched.get("slept") or "").split() == ["30", "30"]
    assert "Not accepted in try 2 of 20" in ended.out


@pytest.mark.parametrize(
    ("script", "state", "said"),
    [
        pytest.param(NEW, {"tenant": "another"}, "az uses tenant another", id="other tenant"),
        pytest.param(
            NEW,
            {"source": "microsoft.keyvault", "name": "theirs"},
            "now uses another customer-managed key: theirs",
            id="mended by others",
        ),
        pytest.param(NEW, {"identity": "UserAssigned"}, "create the plan again", id="other"),
        pytest.param(OLD, {"vault_location": "northeurope"}, "choose a vault in", id="region"),
        pytest.param(OLD, {"vault_tenant": "theirs"}, "belongs to tenant theirs", id="tenant"),
        pytest.param(
            OLD,
            {"source": "Microsoft.KeyVault", "name": "our-key", "uri": "https://theirs.vault/"},
            "now uses a key in another vault: our-key in https://theirs.vault/",
            id="mended by others elsewhere",
        ),
        pytest.param(OLD, {"protected": ""}, "run: az keyvault update", id="purge"),
        pytest.param(
            OLD, {"firewall": ""}, "let trusted Microsoft services through", id="firewall"
        ),
        pytest.param(OLD, {"key": "false"}, "the existing key our-key cannot be used", id="key"),
        pytest.param(OLD, {"identity": ""}, "is not assigned to the account", id="gone"),
        pytest.param(OLD, {"forbidden": ""}, "you may not change the account", id="forbidden"),
        pytest.param(
            USER, {"clients": f"{CLIENT}\nanother"}, "set CLIENT_ID in this script", id="two users"
        ),
    ],
)
def test_where_it_cannot_go_on_it_says_why_and_leaves_the_encryption(
    tmp_path: Path, script: str, state: dict[str, str], said: str
) -> None:
    """Half a fix that looks whole is worse than none."""
    watched = Watched(tmp_path, (OF_USER if script is USER else OF_OLD) | state)
    if script is NEW and "identity" not in state:
        watched.set("identity", "")

    ended = watched.run(script)

    assert ended.code == 1
    assert said in ended.err
    assert ended.err.startswith("Stopped: ")
    assert watched.get("encryption") is None
    assert "Done" not in ended.out


def test_a_name_of_blanks_is_no_key_of_others(tmp_path: Path) -> None:
    """For the rule, the account names no key, so its plan must not stop because of a key."""
    watched = Watched(tmp_path, OF_OLD | {"source": "Microsoft.KeyVault", "name": " "})

    ended = watched.run(OLD)

    assert (ended.code, ended.err) == (0, "")


def test_without_the_vault_it_stops(tmp_path: Path) -> None:
    """The vault that an account names may be gone; another vault fixes that."""
    uri = "https://kv-gone.vault.azure.net/"
    finding = finding_of(group="rg (süd)'s", **NO_KEY, key_vault_uri=uri)
    watched = Watched(tmp_path, BARE)

    ended = watched.run(render_az(planned(finding)))
    for fact, value in OF_OLD.items():
        watched.set(fact, value)
    mended = watched.run(render_az(planned(finding, vault="kv-old")))

    assert (ended.code, mended.code, mended.err) == (1, 0, "")
    reason, _, advice = ended.err.partition(". To use another one: ")
    assert "\nStopped: there is no vault kv-gone in subscription " in reason
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{finding.id.resource_group}"
    command, *_ = advice.split(" >fix.sh; bash fix.sh\n")
    assert watched.run(f"printf '%s\\n' {command}").out.splitlines() == [
        *("cmk-check", "plan"),
        f"{group}/providers/Microsoft.CognitiveServices/accounts/chat",
        *("--vault", "OTHER"),
    ]


@pytest.mark.long
@pytest.mark.parametrize(
    ("script", "state"), [(NEW, BARE), (OLD, OF_OLD)], ids=["new vault", "old vault"]
)
def test_stopped_at_any_call_it_is_run_again_and_ends_right(
    tmp_path: Path, script: str, state: dict[str, str]
) -> None:
    """A laptop that is shut half-way must not leave a riddle."""
    calls = Watched(tmp_path / "whole", state).run(script).calls
    writes = [number for number, call in enumerate(calls, 1) if not _is_reading(call)]
    assert (len(calls), len(writes)) == ((23, 5) if script is NEW else (19, 3))

    troubles = [("FAIL_AT", number) for number in range(1, len(calls) + 1)]
    for trouble, number in (*troubles, *(("FAIL_AFTER", number) for number in writes)):
        watched = Watched(tmp_path / f"{trouble}-{number}", state)
        broken = watched.run(script, **{trouble: str(number)})
        assert len(broken.calls) >= number
        # An encryption that was not taken is tried again by the script itself.
        assert broken.code == 1 or broken.words()[number - 1].endswith("account update")
        again = watched.run(script) if broken.code else broken
        assert again.code == 0, (trouble, number, again.err)
        assert _is_under_the_key(watched), (trouble, number)
        assert watched.get("grant"), (trouble, number)


def _is_reading(call: tuple[str, ...]) -> bool:
    return bool({"show", "list", "--method=get"} & set(call))
