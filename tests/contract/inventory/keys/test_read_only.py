"""What key health needs is read alone, from Azure Resource Manager alone, and each denial named."""

import logging

import pytest

from cmk_check.core.account import Account
from cmk_check.core.enums import GapReason
from cmk_check.core.keys.facts import Key, KeyFacts, Vault
from cmk_check.core.unread import Absent, Unread
from cmk_check.inventory import gaps
from local.simulator import Answer, Close, KeySpec, VersionSpec
from local.simulator.faults import Effect, arm_error
from tests.contract.inventory.azure_kit import KEY_VAULT, OTHER, Azure, unread

VERSION = "a" * 32
KEYS = (KeySpec(name="cmk", versions=(VersionSpec(version=VERSION),)),)
HSM = KEY_VAULT.replace("vaults/kv-a", "managedhsms/hsm-a")
LISTS = ("*/keys/cmk/versions", "*/roleAssignments")
# Of each action, the fact that is unread without it, and the path that needs it.
NEEDED = {
    gaps.READ_VAULTS: ("vault", "*/vaults/kv-a"),
    gaps.READ_KEYS: ("key", "*/keys/cmk"),
    gaps.READ_VERSIONS: ("versions", "*/keys/cmk/versions"),
    gaps.READ_HSMS: ("vault", "*/managedHSMs/hsm-a"),
    gaps.READ_HSM_KEYS: ("key", "*/keys/cmk"),
    gaps.READ_HSM_VERSIONS: ("versions", "*/keys/cmk/versions"),
    gaps.READ_ASSIGNMENTS: ("grants", "*/roleAssignments"),
    gaps.READ_ROLES: ("grants", "*/roleDefinitions/*"),
    gaps.QUERY_GRAPH: ("vault", "*/Microsoft.ResourceGraph/resources"),
}


def _set_up(azure: Azure, *, hsm: bool = False) -> Account:
    """Add a vault whose key is pinned and may be used by its role."""
    if hsm:
        azure.add_vault("hsm-a", hsm=True, keys=KEYS)
        return azure.add_account("https://hsm-a.managedhsm.azure.net/", keyVersion=VERSION)
    vault = azure.add_vault(keys=KEYS, enableRbacAuthorization=True)
    account = azure.add_account(keyVersion=VERSION)
    azure.grant(vault.id, account)
    return account


def _unread_parts(facts: KeyFacts) -> dict[str, str | None]:
    versions = facts.key.versions if isinstance(facts.key, Key) else None
    parts = {"vault": facts.vault, "key": facts.key, "versions": versions, "grants": facts.grants}
    return {
        name: fact.gap.missing_action for name, fact in parts.items() if isinstance(fact, Unread)
    }


@pytest.mark.parametrize("action", gaps.KEY_ACTIONS)
@pytest.mark.parametrize("is_named", [True, False], ids=["named", "without a word"])
async def test_each_action_that_lacks_costs_its_own_facts_until_it_is_granted_p7_p11(
    azure: Azure, action: str, *, is_named: bool
) -> None:
    """P7 and P11: the others are read, and the one that lacks is named, also if Azure names none.

    Granting it ends the trouble.
    """
    account = _set_up(azure, hsm="managedHSMs" in action)
    fact, path = NEEDED[action]
    refused = azure.answer(path, Answer(status=403), times=0 if is_named else None)
    denial = azure.simulator.estate.denials.add(action)
    known = None if action == gaps.QUERY_GRAPH else HSM if "managedHSMs" in action else KEY_VAULT

    denied = await azure.facts_of(account, known)
    azure.simulator.faults.remove(refused)
    azure.simulator.estate.denials.remove(denial)
    azure.new_slice()
    granted = await azure.facts_of(account, known)

    assert _unread_parts(denied) == {fact: action}
    assert _unread_parts(granted) == {}


async def test_nothing_but_get_and_the_one_query_leaves_p5(azure: Azure) -> None:
    """P5: the query is the only POST, and goes to one address alone."""
    account = _set_up(azure)

    facts = await azure.facts_of(account)

    assert _unread_parts(facts) == {}
    asked = [r for r in azure.simulator.requests if not r.path.startswith("/msi/")]
    assert {(r.method, r.path) for r in asked if r.method != "GET"} == {
        ("POST", "/providers/Microsoft.ResourceGraph/resources")
    }
    assert {r.headers["user-agent"].partition("/")[0] for r in asked} == {"cmk_check"}
    assert {r.host for r in asked} == {azure.simulator.url.removeprefix("https://")}


async def test_provider_that_is_not_registered_is_not_registered_p5(azure: Azure) -> None:
    """P5: the SDK's own policy would register it, which is a write, and ask until it is."""
    account = _set_up(azure)
    fault = azure.answer("*/vaults/kv-a", arm_error(409, "MissingSubscriptionRegistration"))

    vault = (await azure.facts_of(account, KEY_VAULT)).vault

    assert isinstance(vault, Unread)
    assert azure.simulator.faults.hits(fault) == 1
    assert all(r.method == "GET" for r in azure.simulator.requests)


@pytest.mark.parametrize("path", [*LISTS, "*/vaults/kv-a", "*/keys/cmk", "*/resources"])
async def test_redirect_is_not_followed_p6(azure: Azure, path: str) -> None:
    """P6: nobody at Azure sends these calls elsewhere."""
    account = _set_up(azure)
    foreign = azure.simulator.foreign()
    azure.answer(path, Answer(status=307, headers={"Location": f"{foreign.url}/x"}))

    facts = await azure.facts_of(account)

    assert len(foreign.requests) == 0
    assert len(_unread_parts(facts)) == 1


TROUBLE: dict[str, tuple[Effect, GapReason]] = {
    "unauthenticated": (arm_error(401, "ExpiredAuthenticationToken"), GapReason.UNAUTHENTICATED),
    "no content": (Answer(status=204), GapReason.UNEXPECTED_RESPONSE),
    "page of a proxy": (Answer(body="<html/>"), GapReason.MALFORMED_PAGE),
    "deep": (Answer(body=b"[" * 100_000), GapReason.MALFORMED_PAGE),
    "closed": (Close(), GapReason.UNREACHABLE),
    "throttled": (arm_error(429, "X", headers={"Retry-After": "99"}), GapReason.THROTTLED),
}


@pytest.mark.parametrize(("then", "reason"), TROUBLE.values(), ids=TROUBLE)
async def test_trouble_is_told_and_shows_no_token_p2_p6(
    azure: Azure, caplog: pytest.LogCaptureFixture, then: Effect, reason: GapReason
) -> None:
    """P2 and P6: no kind of trouble passes for absence, or shows to readers of logs what it holds.

    With the managed HSM, whose operation in the SDK takes an answer without content for a success.
    """
    caplog.set_level(logging.DEBUG)
    account, hsm = _set_up(azure), _set_up(azure, hsm=True)
    paths = ("*/vaults/kv-a", "*/managedHSMs/hsm-a", "*/resources")
    for path in paths:
        azure.answer(path, then)

    found = [await azure.facts_of(account), await azure.facts_of(hsm, HSM)]

    for facts in found:
        assert not isinstance(facts.vault, Absent | Vault)
        assert unread(facts.vault).reason is reason
    for secret in ("eyJ", azure.simulator.identity_header):
        assert secret not in caplog.text
        assert secret not in repr(found)


async def test_vaults_themselves_are_never_asked_p6(azure: Azure) -> None:
    """P6: an account may name any address; a token for Azure would be sent there."""
    foreign = azure.simulator.foreign()
    host = foreign.url.removeprefix("https://")
    account = azure.add_account(f"https://kv-a.vault.{host}/")
    azure.add_vault(vaultUri=f"https://kv-a.vault.{host}/")

    await azure.facts_of(account, KEY_VAULT)

    assert len(foreign.requests) == 0
    assert azure.vaults.id == OTHER
