"""Healthy is earned: it never comes out unless everything that it rests on was really seen.

What "sound" means is written down here a second time, over the JSON itself and in another way than
the program has it, and both must agree on everything that is tried.
"""

import json
from dataclasses import asdict
from fnmatch import fnmatchcase
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmk_check.core.enums import KeyState, Verdict
from cmk_check.core.keys.judge_key_health import judge_key_health
from cmk_check.core.rule import judge
from tests.unit.core.key_examples import (
    DAY,
    NOW,
    SECONDS,
    Case,
    account_of,
    changed,
    facts_of,
    paths_of,
    settings,
    with_policies,
    with_roles,
)

CASES: Final = {"policies": with_policies, "roles": with_roles}
# The first second of year 1, the last of year 9999.
_CALENDAR: Final = range(-62_135_596_800, 253_402_300_800)
_WRONG: Final[tuple[object, ...]] = (
    None, True, False, 0, -1, 7, 2047, 2049, 4096, 1.5, SECONDS, SECONDS + 20 * DAY, 10**20, "",
    " ", "x", "all", "Failed", "none", "Disabled", "allow", [], [7], ["x"], {}, {"x": 1}, [[]],
    [{}], "\ud800\x00",
)  # fmt: skip


_NAMES: Final = st.sampled_from(["keys", "properties", "keySource", "exp", "objectId"])
_VALUES: Final = st.sampled_from((*_WRONG, 10**400)) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_NAMES, inner, max_size=2),
    max_leaves=4,
)


class UnsoundError(Exception):
    """A required condition is not met, or is not known."""


def is_sound(case: Case) -> bool:
    """Return whether the documents of a case meet all of Microsoft's requirements."""
    try:
        _check_account(case["account"])
        _check_vault(case)
        _check_key(case)
        _check_use(case)
    except (UnsoundError, AttributeError, IndexError, KeyError, TypeError, ValueError):
        return False
    return True


def _must(*conditions: object) -> None:
    if not all(conditions):
        raise UnsoundError


def _is(kind: type, *values: object) -> None:
    _must(*(type(value) is kind for value in values if value is not None))


def _check_account(account: dict[str, Any]) -> None:
    state = account["properties"].get("provisioningState")
    _must(type(state) is not str or state.lower() not in {"failed", "canceled"})
    key = account["properties"]["encryption"]["keyVaultProperties"]
    _is(str, key.get("keyVersion"), key.get("keyVaultUri"), key.get("identityClientId"))
    identity = account.get("identity")
    _is(dict, identity)
    if identity:
        _is(str, identity.get("type"), identity.get("principalId"))
        _is(dict, identity.get("userAssignedIdentities"))


def _user(case: Case) -> str:
    wanted = (settings(case).get("identityClientId") or "").strip().lower()
    identity = case["account"]["identity"]
    if not wanted:
        kinds = identity.get("type")
        _must(kinds is None or "systemassigned" in kinds.lower())
        return _non_blank(identity["principalId"])
    several = [each for each in identity["userAssignedIdentities"].values() if type(each) is dict]
    (principal,) = {
        each["principalId"] for each in several if str(each.get("clientId")).lower() == wanted
    }
    return _non_blank(principal)


def _non_blank(text: str) -> str:
    _must(text.strip())
    return text.strip().lower()


def _check_vault(case: Case) -> None:
    vault = case["vault"]["properties"]
    _must(type(case["vault"]["id"]) is str)
    host, named = (
        urlsplit(uri.strip().lower()).hostname.split(".")[:2]
        for uri in (vault["vaultUri"], settings(case)["keyVaultUri"])
    )
    # Purge protection cannot be without soft delete, which Azure may leave out.
    _must(host == named, vault["enablePurgeProtection"] is True)
    _must(vault.get("enableSoftDelete") is not False)
    _is(bool, vault.get("enableSoftDelete"), vault.get("enableRbacAuthorization"))
    _is(dict, rules := vault.get("networkAcls"))
    rules = rules or {}
    _is(str, rules.get("defaultAction"), rules.get("bypass"), vault.get("publicNetworkAccess"))
    action = (rules.get("defaultAction") or "allow").strip().lower() or "allow"
    access = (vault.get("publicNetworkAccess") or "enabled").strip().lower() or "enabled"
    passes = rules.get("bypass") is None or rules["bypass"].strip().lower() == "azureservices"
    _must((action, access) == ("allow", "enabled") or passes)
    _must(action in {"allow", "deny"}, access in {"enabled", "disabled"})


def _check_key(case: Case) -> None:
    pinned = (settings(case).get("keyVersion") or "").strip().lower().replace("-", "")
    if not pinned:
        _check_version(case["key"]["properties"])
        return
    key = case["key"]["properties"]
    latest = urlsplit(key["keyUriWithVersion"]).path.split("/")[3].lower()
    _must(latest, *(type(each["name"]) is str and each["name"] for each in case["versions"]))
    named = {latest: key} | {each["name"].lower(): each["properties"] for each in case["versions"]}
    version = named[pinned]
    _check_version(version)
    # Only the newest one is without a risk, unless the others are switched off for good.
    for name, other in named.items():
        if name != pinned:
            _check_shape(other)
            older = other["attributes"]["created"] <= version["attributes"]["created"]
            switched_off = other["attributes"].get("enabled") is False
            _must(switched_off or (older and name != latest))


def _check_shape(version: dict[str, Any]) -> None:
    times = [version["attributes"].get(name) for name in ("nbf", "exp", "created")]
    _is(int, *times, version.get("keySize"))
    _must(*(time in _CALENDAR for time in times if time is not None))
    _is(bool, version["attributes"].get("enabled"))
    _must(0 <= (version.get("keySize") or 0) <= 10**6)
    _is(str, version.get("kty"), version.get("keyUriWithVersion"), *(version.get("keyOps") or ()))
    _is(list, version.get("keyOps"))
    _must(None not in (version.get("keyOps") or ()))


def _check_version(version: dict[str, Any]) -> None:
    _check_shape(version)
    attributes = version["attributes"]
    _must(attributes.get("enabled") in {None, True})
    _must(attributes.get("exp") is None or attributes["exp"] > SECONDS + 30 * DAY)
    _must(attributes.get("nbf") is None or attributes["nbf"] <= SECONDS)
    _must(version["kty"].lower() in {"rsa", "rsa-hsm"}, version["keySize"] >= 2048)
    _must({"wrapkey", "unwrapkey"} <= {each.lower() for each in version["keyOps"]})


def _check_use(case: Case) -> None:
    user = _user(case)
    policies = case["vault"]["properties"].get("accessPolicies")
    _is(list, policies)
    allowed: set[str] = set()
    for policy in policies or ():
        _is(str, policy["objectId"], policy.get("applicationId"))
        _must(policy["objectId"] is not None)
        _is(dict, policy.get("permissions"))
        keys = (policy.get("permissions") or {}).get("keys")
        _is(list, keys)
        _must(*(type(key) is str for key in keys or ()))
        if policy["objectId"].lower() == user and policy.get("applicationId") is None:
            allowed |= {key.lower() for key in keys or ()}
    if case["vault"]["properties"].get("enableRbacAuthorization"):
        _check_roles(case, user)
    else:
        _must("all" in allowed or allowed >= {"get", "wrapkey", "unwrapkey"})


def _check_roles(case: Case, user: str) -> None:
    blocks: list[dict[str, Any]] = []
    roles = {each["id"].lower(): each for each in case["roles"]}
    for entry in case["assignments"]:
        one = entry["properties"]
        _non_blank(one["scope"])
        role = _non_blank(one["roleDefinitionId"])
        if _non_blank(one["principalId"]) == user:
            permissions = roles[role]["properties"]["permissions"]
            _is(list, permissions)
            for block in permissions:
                _must(*(type(each) is str and each for each in block.get("dataActions") or ()))
                _must(*(type(each) is str and each for each in block.get("notDataActions") or ()))
                _is(list, block.get("dataActions"), block.get("notDataActions"))
                blocks += [] if _conditional(one) or _conditional(block) else [block]
    for verb in ("read", "wrap/action", "unwrap/action"):
        action = f"microsoft.keyvault/vaults/keys/{verb}"
        _must(any(_lets(block, action) for block in blocks))


def _conditional(holder: dict[str, Any]) -> bool:
    condition = holder.get("condition")
    return condition is not None and (type(condition) is not str or bool(condition.strip()))


def _lets(block: dict[str, Any], action: str) -> bool:
    named, less = (
        [each.lower() for each in block.get(name) or ()]
        for name in ("dataActions", "notDataActions")
    )
    return any(fnmatchcase(action, each) for each in named) and not any(
        fnmatchcase(action, each) for each in less
    )


def _disagreement(case: Case) -> object:
    """Compare both on a case; None if they agree or key health is not judged.

    P7, P10: no document may raise, and all that is kept of it can be stored.
    """
    account = account_of(case)
    if account is None or judge(account).verdict is not Verdict.COMPLIANT:
        return None
    health = judge_key_health(account, facts_of(case), NOW)
    json.dumps(asdict(health), default=str, ensure_ascii=False).encode()
    sound = is_sound(case)
    return None if (health.state is KeyState.HEALTHY) == sound else (sound, health.concerns)


@pytest.mark.parametrize("name", CASES)
def test_sound_keys_are_healthy(name: str) -> None:
    """A monitor that never reports healthy is useless."""
    case = CASES[name]()
    account = account_of(case)
    assert account is not None

    assert judge_key_health(account, facts_of(case), NOW).concerns == ()
    assert is_sound(case)


@pytest.mark.parametrize("name", CASES)
def test_nothing_can_be_dropped_and_the_key_stay_healthy_unseen_p1(name: str) -> None:
    """P1: every part of every document, one at a time."""
    case = CASES[name]()
    paths = [path for path in paths_of(case) if "." in path]

    assert {
        path: found
        for path in paths
        if (found := _disagreement(changed(case, path, drop=True))) is not None
    } == {}


@pytest.mark.parametrize("name", CASES)
def test_nothing_can_be_wrong_and_the_key_stay_healthy_unseen_p1(name: str) -> None:
    """P1: every part of every document, wrong in many ways, one at a time."""
    case = CASES[name]()

    assert [
        (path, value, found)
        for path in paths_of(case)
        for value in _WRONG
        if (found := _disagreement(changed(case, path, value))) is not None
    ] == []


@given(st.data())
def test_several_faults_at_once_do_not_make_up_for_each_other_p1(data: st.DataObject) -> None:
    """P1: two wrongs must not look right."""
    case = data.draw(st.sampled_from(list(CASES.values())))()
    for _ in range(data.draw(st.integers(1, 4))):
        path = data.draw(st.sampled_from(sorted(paths_of(case))))
        case = changed(case, path, data.draw(_VALUES))

    assert _disagreement(case) is None
