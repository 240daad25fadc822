"""Plans for keys in the hands of Microsoft's az command: it parses them, and carries them out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from cmk_check.core.enums import KeyReason
from local.simulator import AccountSpec, Estate, KeySpec, VaultSpec, VersionSpec
from tests.functional import terminal_kit
from tests.functional.az_kit import VERSION_CHECK
from tests.functional.conftest import OpenAz, OpenScene
from tests.functional.estate_kit import estate_of, next_second, sub_id

OLD, NEW = "a" * 32, "b" * 32
USES: Final = ("get", "wrapKey", "unwrapKey")
ROLE: Final = "Key Vault Crypto User"
CLOSED: Final = {
    "networkAcls": {"bypass": "None", "defaultAction": "Deny", "ipRules": []},
    "enableSoftDelete": False,
}


SOUND: Final = KeySpec(name="cmk")
R = KeyReason
WITHOUT_A_PLAN: Final = {R.CANNOT_READ, R.MANAGED_HSM_NOT_VERIFIABLE, R.KEY_SIZE_DISPUTED}


@dataclass(frozen=True, slots=True)
class Case:
    """A key in trouble: its reasons, what makes them so, and what a person has to confirm."""

    reasons: frozenset[KeyReason]
    key: KeySpec = SOUND
    vault: dict[str, Any] = field(default_factory=dict)
    pinned: str = ""
    identity: str | None = "system"
    granted: bool = True
    state: str = "Succeeded"
    confirm: tuple[str, ...] = ()


def _versions(*versions: VersionSpec) -> KeySpec:
    return KeySpec(name="cmk", versions=versions)


CASES: Final = {
    "vault-gone": Case(
        frozenset({R.VAULT_NOT_FOUND}),
        vault={"deleted": True, "properties": {"enableRbacAuthorization": True}},
        confirm=("RECOVER_VAULT",),
    ),
    "key-gone": Case(
        frozenset({R.KEY_NOT_FOUND}), KeySpec(name="cmk", deleted=True), confirm=("RECOVER_KEY",)
    ),
    "worn": Case(
        frozenset({R.KEY_DISABLED, R.KEY_NOT_YET_VALID, R.KEY_OPERATIONS_MISSING}),
        KeySpec(name="cmk", operations=["sign"], versions=(VersionSpec(enabled=False, nbf="+9d"),)),
        confirm=("ENABLE_KEY", "START_KEY", "OPERATIONS"),
    ),
    "expired": Case(
        frozenset({R.KEY_EXPIRED, R.VERSION_PINNED}),
        _versions(VersionSpec(version=OLD, exp="-1d")),
        pinned=OLD,
    ),
    "expiring": Case(frozenset({R.KEY_EXPIRES_SOON}), _versions(VersionSpec(exp="+9d"))),
    "late": Case(
        frozenset({R.KEY_ROTATION_OVERDUE}),
        KeySpec(
            name="cmk",
            policy={
                "lifetimeActions": [
                    {"trigger": {"timeAfterCreate": "P60D"}, "action": {"type": "rotate"}}
                ],
                "attributes": {"expiryTime": "P90D"},
            },
            rotates=False,
        ),
    ),
    "older": Case(
        frozenset({R.VERSION_NOT_LATEST, R.VERSION_PINNED}),
        _versions(VersionSpec(version=OLD), VersionSpec(version=NEW, created="-9d")),
        pinned=OLD,
    ),
    "failed": Case(frozenset({R.ACCOUNT_FAILED}), state="Failed"),
    "nobody": Case(
        frozenset({R.IDENTITY_MISSING}), identity=None, granted=False, confirm=("IDENTITY",)
    ),
    "stranger": Case(
        frozenset({R.IDENTITY_LACKS_PERMISSION}),
        vault={"properties": {"enableRbacAuthorization": True}},
        granted=False,
        confirm=("GRANT",),
    ),
    "exposed": Case(
        frozenset(
            {
                R.VAULT_SOFT_DELETE_OFF,
                R.VAULT_PURGE_PROTECTION_OFF,
                R.VAULT_FIREWALL_BLOCKS_SERVICES,
            }
        ),
        vault={"properties": CLOSED, "without": ("properties.enablePurgeProtection",)},
        confirm=("SOFT_DELETE", "PURGE_PROTECTION", "FIREWALL"),
    ),
    "small": Case(
        frozenset({R.KEY_TOO_SMALL, R.KEY_TYPE_UNSUPPORTED, R.KEY_DISABLED, R.IDENTITY_MISSING}),
        KeySpec(name="cmk", kty="oct-HSM", size=256, versions=(VersionSpec(enabled=False),)),
        identity=None,
        granted=False,
        confirm=("REPLACE_KEY", "IDENTITY"),
    ),
}


# Two estates, because on a busy machine all of it takes longer than a test may.
HALVES: Final = (tuple(CASES)[::2], tuple(CASES)[1::2])


def _estate(names: Sequence[str]) -> Estate:
    estate = estate_of({})
    for name in names:
        _add(estate, name, CASES[name])
    return estate


def test_every_reason_that_a_command_ends_is_tried() -> None:
    """Of a new reason somebody has to say which it is."""
    assert {code for case in CASES.values() for code in case.reasons} == set(R) - WITHOUT_A_PLAN


def _add(estate: Estate, name: str, case: Case) -> None:
    subscription = estate.subscription(sub_id(1))
    vault = VaultSpec(name=f"kv-{name}", group="rg-keys", keys=(case.key,), **case.vault)
    key = {
        "keyName": "cmk",
        "keyVersion": case.pinned,
        "keyVaultUri": f"https://kv-{name}.vault.azure.net/",
    }
    encryption = {"keySource": "Microsoft.KeyVault", "keyVaultProperties": key}
    spec = AccountSpec(name=name, group="rg-test", encryption=encryption)
    if case.identity:
        spec = AccountSpec(name=name, group="rg-test", encryption=encryption, identity="system")
    account = subscription.add_account(spec)
    account.set("properties.provisioningState", case.state)
    added = subscription.vaults.add(vault)
    if case.granted and account.principal_id:
        if case.vault.get("properties", {}).get("enableRbacAuthorization"):
            estate.grants.add(added.id, ROLE, account.principal_id)
        else:
            added.set_policy(account.principal_id, USES)


@pytest.mark.tools("az")
@pytest.mark.parametrize("names", HALVES, ids="-".join)
def test_az_carries_every_plan_out_and_the_next_scan_finds_the_key_healthy(
    open_scene: OpenScene, open_az: OpenAz, names: tuple[str, ...]
) -> None:
    """From each reason to ``key.recovered``, with nothing of ours but the script in between."""
    estate = _estate(names)
    scene = open_scene(estate, CMK_KEY_HEALTH="on")
    scene.scan()
    scene.news()
    before = scene.findings()
    details = {name: scene.get(f"v1/findings{one['id']}").body for name, one in before.items()}
    first, *_ = [name for name in names if CASES[name].confirm]
    scripts = {name: each["remediation"]["az"] for name, each in details.items()}
    planned = terminal_kit.run(
        "plan", before[first]["id"], environment=scene.simulator.environment()
    )
    az = open_az(scene.simulator)
    az.sign_in(estate.administrator)

    def carry_out(name: str, *words: str) -> tuple[int, str, str]:
        (az.folder / name).write_text(scripts[name])
        ended = az.run(az.folder / name, **{f"CONFIRM_{word}": "yes" for word in words})
        return ended.returncode, ended.stdout, ended.stderr

    undecided = carry_out(first)
    ended = {name: carry_out(name, *CASES[name].confirm) for name in names}
    next_second()
    scene.scan()

    reasons = {
        name: {each["code"] for each in one["keyHealth"]["reasons"]} for name, one in before.items()
    }
    assert reasons == {name: CASES[name].reasons for name in names}
    assert (planned.code, planned.out) == (1, scripts[first])
    assert undecided[0] == 1
    assert f"CONFIRM_{CASES[first].confirm[0]}=yes" in undecided[2]
    wrong = {name: each for name, each in ended.items() if each[0] or each[2]}
    assert wrong == {}
    after = {name: one["keyHealth"]["reasons"] for name, one in scene.findings().items()}
    assert {name: reasons for name, reasons in after.items() if reasons} == {}
    assert sorted(scene.news()) == sorted(("key.recovered", name) for name in names)
    assert az.strayed <= {VERSION_CHECK}
