"""What accounts share is asked for once, and nobody waits for others longer than he has time."""

import asyncio
import time

import pytest

from cmk_check.core.enums import GapReason
from cmk_check.core.keys.facts import Key, Vault
from cmk_check.core.keys.permissions import suffices
from cmk_check.core.unread import Unread
from local.simulator import Fault, Hold, KeySpec, arm_error
from tests.contract.conftest import GENEROUS_SECONDS, wait_for
from tests.contract.inventory.azure_kit import KEY_VAULT, Azure, unread, uri_of


def _hold(azure: Azure, path: str) -> Hold:
    hold = Hold()
    azure.simulator.faults.add(Fault(path=path, hold=hold))
    return hold


async def test_readings_of_several_subscriptions_cost_what_their_vaults_and_keys_do_p8(
    azure: Azure,
) -> None:
    """P8: a slice reads its subscriptions one beside the other, and one after the other."""
    keys = [KeySpec(name="cmk-0"), KeySpec(name="cmk-1")]
    vaults = [azure.add_rbac_vault(f"kv-{number}", keys=keys) for number in range(3)]
    accounts = [
        azure.add_account(
            uri_of(f"kv-{number % 3}"), name=f"a{number}", keyName=f"cmk-{number % 2}"
        )
        for number in range(18)
    ]
    for number, account in enumerate(accounts):
        azure.grant(vaults[number % 3].id, account)

    at_once = await asyncio.gather(
        azure.keys.read(accounts[:6], {}, seconds=20),
        azure.keys.read(accounts[6:12], {}, seconds=20),
    )
    later = await azure.keys.read(accounts[12:], {}, seconds=20)

    facts = [each for reading in (*at_once, later) for each in reading.values()]
    assert [isinstance(each.key, Key) for each in facts] == [True] * 18
    assert all(isinstance(each.grants, tuple) and suffices(each.grants) for each in facts)
    assert azure.costs() == {"graph": 1, "vaults": 3, "keys": 6, "grants": 6, "roles": 1}


@pytest.mark.parametrize(
    "path", ["*/vaults/kv-a", "*/keys/cmk", "*/roleAssignments", "*/roleDefinitions/*"]
)
async def test_trouble_is_shared_p8(azure: Azure, path: str) -> None:
    """P8: what is refused to one is refused to all; asking again would only cost."""
    vault = azure.add_rbac_vault()
    accounts = [azure.add_account(name=f"a{number}") for number in range(20)]
    for account in accounts:
        azure.grant(vault.id, account)
    fault = azure.answer(path, arm_error(403, "AuthorizationFailed"))

    facts = await azure.keys.read(accounts, {}, seconds=5)

    assert azure.simulator.faults.hits(fault) == 1
    assert len({repr((f.vault, f.key)) for f in facts.values()}) == 1


@pytest.mark.parametrize(
    ("path", "late"),
    [
        ("*/vaults/kv-a", "vault"),
        ("*/Microsoft.ResourceGraph/resources", "vault"),
        ("*/keys/cmk", "key"),
    ],
)
async def test_what_is_not_there_in_time_costs_only_itself_p7(
    azure: Azure, path: str, late: str
) -> None:
    """P7: nobody waits longer than he has time; the next scan asks where the vault was found."""
    azure.add_vault(group="rg-new")
    azure.vaults.add_group("rg-keys")
    known = KEY_VAULT if "Graph" in path else KEY_VAULT.replace("rg-keys", "rg-new")
    _hold(azure, path)
    started = time.monotonic()

    facts = await azure.facts_of(azure.add_account(), known, seconds=1)

    assert 0.2 < time.monotonic() - started < GENEROUS_SECONDS
    parts = {"vault": facts.vault, "key": facts.key}
    assert unread(parts.pop(late)).reason is GapReason.TIMEOUT
    assert not any(isinstance(each, Unread) for each in parts.values())
    assert facts.vault.id == known


async def test_who_has_more_time_gets_the_answer(azure: Azure) -> None:
    """A subscription whose time is up must not take the vault from the others."""
    azure.add_vault()
    hasty, patient = azure.add_account(name="hasty"), azure.add_account(name="patient")
    hold = _hold(azure, "*/vaults/kv-a")

    soon = asyncio.create_task(azure.facts_of(hasty, KEY_VAULT, seconds=0.2))
    late = asyncio.create_task(azure.facts_of(patient, KEY_VAULT, seconds=5))
    given_up = await soon
    hold.release()

    assert unread(given_up.vault).reason is GapReason.TIMEOUT
    assert isinstance((await late).vault, Vault)
    assert azure.costs()["vaults"] == 1


@pytest.mark.parametrize("path", ["*/vaults/kv-a", "*/keys/cmk", "*/roleAssignments"])
async def test_nothing_goes_on_after_the_last_has_given_up_p8(azure: Azure, path: str) -> None:
    """P8: a slice that ends leaves no request behind, and is not held up by one."""
    azure.add_rbac_vault()
    before = asyncio.all_tasks()
    hold = _hold(azure, path)
    reading = asyncio.create_task(azure.facts_of(azure.add_account(), KEY_VAULT, seconds=5))
    await hold.reached(1)

    reading.cancel()
    await asyncio.wait([reading])

    # Connections that are closed say goodbye in tasks of their own.
    await wait_for(
        lambda: not any("cmk_check" in repr(task) for task in asyncio.all_tasks() - before)
    )


async def test_pause_that_the_first_had_no_time_for_is_made_for_who_has(azure: Azure) -> None:
    """The one request that all wait for has as much time as the most patient of them."""
    azure.add_vault()
    hasty, patient = azure.add_account(name="hasty"), azure.add_account(name="patient")
    hold = Hold()
    then = arm_error(429, "TooManyRequests", headers={"Retry-After": "1"})
    azure.simulator.faults.add(Fault(path="*/vaults/kv-a", hold=hold, then=then, times=1))

    soon = asyncio.create_task(azure.facts_of(hasty, KEY_VAULT, seconds=0.5))
    await hold.reached(1)
    late = asyncio.create_task(azure.facts_of(patient, KEY_VAULT, seconds=5))
    await asyncio.sleep(0.05)
    hold.release()

    assert unread((await soon).vault).reason is GapReason.TIMEOUT
    assert isinstance((await late).vault, Vault)
