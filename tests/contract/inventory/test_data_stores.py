"""Where accounts keep data, read from the simulated Azure: each thing once, and nothing by itself.

The accounts of the estate are named for the state of their data and, in most, for its reason.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import pytest

from cmk_check.core.account import Account
from cmk_check.core.account import Subscription as Listed
from cmk_check.core.comparison.carried_scopes import are_projects_due
from cmk_check.core.data_stores.account_data import AccountData
from cmk_check.core.data_stores.judge_data import judge_data, places_in
from cmk_check.core.enums import DataReason, DataState
from cmk_check.inventory.azure_inventory import AzureInventory
from local.simulator import Simulator, load_estate
from local.simulator.faults import Answer, Fault, arm_error
from local.simulator.projects import ProjectSpec
from tests.contract.inventory.azure_kit import Azure
from tests.unit.core.examples import known_of, only_finding

NOW: Final = datetime.now(UTC)
STANDARD: Final = "own-keys-standard-setup"
THIRTY: Final = "own-keys-shared-by-thirty-projects"
SETTINGS: Final = "own-keys-capability-settings"
SHARED: Final = "own-keys-connections-of-account"
EXPOSED: Final = "microsoft-keys-store-under-microsoft-key-files"
EMPTY: Final = "none-without-projects"
STANDARD_HOST: Final = {
    "storageConnections": ["files"],
    "threadStorageConnections": ["threads"],
    "vectorStoreConnections": ["vectors"],
}
_DENIED_HOSTS: Final = Fault(path="*/capabilityhosts", then=arm_error(403, "AuthorizationFailed"))


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """The estate of Foundry accounts."""
    with Simulator(load_estate("foundry")) as running:
        yield running


async def _accounts(inventory: AzureInventory, *names: str) -> list[Account]:
    """Return the accounts with these names; all accounts if none is given."""
    return [
        account
        for subscription in await inventory.subscriptions()
        for account in (await inventory.read(Listed(subscription.id), seconds=20)).accounts
        if not names or account.id.name in names
    ]


async def _read(
    inventory: AzureInventory,
    accounts: list[Account],
    before: dict[str, AccountData] | None = None,
    *,
    all_due: bool = False,
) -> dict[str, AccountData]:
    """Read and judge accounts, by name; ``before`` is what was read earlier, and is not due."""
    had = before or {}
    known = {each.id.text: places_in(had.get(each.id.name)) for each in accounts}
    due = {each.id.text for each in accounts if all_due or each.id.name not in had}
    stores = inventory.data_stores()
    facts = await stores.read(accounts, known, due, NOW, seconds=20)
    return {
        each.id.name: judge_data(each.places, facts[each.id.text], had.get(each.id.name))
        for each in accounts
    }


async def test_every_account_is_judged_as_it_is_named(inventory: AzureInventory) -> None:
    """From Azure's answers to state and reason: nothing in between may lose or invent one."""
    data = await _read(inventory, await _accounts(inventory))

    assert {one.state for one in data.values()} == {*DataState}
    for name, one in data.items():
        written = name.replace("-", "_")
        reason = max((each for each in DataReason if each in written), key=len, default=None)
        assert one.state == max((s for s in DataState if written.startswith(s)), key=len), name
        assert reason in {None, *(concern.code for concern in one.concerns)}, name


async def test_each_store_is_read_once_and_projects_only_when_they_are_due(azure: Azure) -> None:
    """P8, P5: thirty projects share three stores; and nothing but GET is sent."""
    accounts = await _accounts(azure.inventory, STANDARD, THIRTY)
    azure.simulator.requests.clear()

    first = await _read(azure.inventory, accounts)
    asked = [each for each in azure.simulator.requests if each.kind != "token"]
    azure.simulator.requests.clear()
    again = await _read(azure.inventory, accounts, first)
    later = [each for each in azure.simulator.requests if each.kind != "token"]

    kinds = Counter(each.kind for each in asked)
    assert kinds == {
        "project": 2 + 1 + 30,
        "host": 2 + 1 + 30,
        "connection": kinds["connection"],
        "store": 3,
    }
    assert kinds["connection"] <= 2 + 1 + 30
    assert [each.kind for each in later] == ["store"] * 3
    assert {each.method for each in asked} == {"GET"}
    assert again == first


async def test_what_was_known_is_followed_while_projects_cannot_be_read(azure: Azure) -> None:
    """P1: their stores may have come under Microsoft's keys meanwhile."""
    accounts = await _accounts(azure.inventory, STANDARD)
    first = await _read(azure.inventory, accounts)
    azure.simulator.faults.add(_DENIED_HOSTS)

    data = (await _read(azure.inventory, accounts, first, all_due=True))[STANDARD]

    assert data.stores == first[STANDARD].stores
    assert data.concerns[0].code is DataReason.PLACES_UNREAD
    assert data.concerns[0].missing_action is not None


async def test_what_was_known_of_a_project_stays_whatever_the_case_of_its_name(
    azure: Azure,
) -> None:
    """P1: and whatever was left out of it stays left out."""
    accounts = await _accounts(azure.inventory, STANDARD)
    azure.simulator.estate.account(str(accounts[0].id)).projects.add(ProjectSpec(name="Build"))
    first = (await _read(azure.inventory, accounts))[STANDARD]
    azure.simulator.faults.add(_DENIED_HOSTS)

    before = {STANDARD: replace(first, is_cut=True)}
    data = (await _read(azure.inventory, accounts, before, all_due=True))[STANDARD]

    assert (first.basic, first.is_cut) == (("Build",), False)
    assert (data.basic, data.is_cut) == (("Build",), True)


async def test_projects_that_are_gone_are_forgotten_while_others_cannot_be_read(
    azure: Azure,
) -> None:
    """P1, P4: those of each build would add up for ever; a name in another case is the same."""
    accounts = await _accounts(azure.inventory, STANDARD)
    projects = azure.simulator.estate.account(str(accounts[0].id)).projects
    projects.add(ProjectSpec(name="build-1"))
    projects.add(ProjectSpec(name="build-2"))
    data = await _read(azure.inventory, accounts)
    azure.simulator.faults.add(replace(_DENIED_HOSTS, path="*/projects/agents/capabilityhosts"))

    projects.remove("build-1")
    data = await _read(azure.inventory, accounts, data, all_due=True)
    assert data[STANDARD].basic == ("build-2",)

    projects.add(ProjectSpec(name="BUILD-2"))
    data = await _read(azure.inventory, accounts, data, all_due=True)
    assert data[STANDARD].basic == ("BUILD-2",)
    assert {use.project for store in data[STANDARD].stores for use in store.uses} == {"agents"}


async def test_projects_without_their_capability_settings_are_not_understood(azure: Azure) -> None:
    """P1, P4: once the preview is retired, all that have such settings would seem to have none."""
    azure.simulator.faults.add(_served("2025-09-01,2026-09-01", "*-preview"))

    accounts = await _accounts(azure.inventory, SETTINGS, STANDARD, EXPOSED, EMPTY)
    data = await _read(azure.inventory, accounts)

    assert {name: each.state for name, each in data.items()} == {
        SETTINGS: DataState.UNKNOWN,
        STANDARD: DataState.UNKNOWN,
        EXPOSED: DataState.MICROSOFT_KEYS,
        EMPTY: DataState.NONE,
    }
    assert data[SETTINGS].basic == ()


async def test_another_preview_has_the_settings_too(azure: Azure) -> None:
    """P4: a preview lasts for a year or less; its successor says the same."""
    served = "2025-09-01,2026-07-15-preview,2026-09-01"
    azure.simulator.faults.add(_served(served, "2026-09-15-preview"))
    accounts = await _accounts(azure.inventory, SETTINGS)

    assert (await _read(azure.inventory, accounts))[SETTINGS].state is DataState.OWN_KEYS


def _served(versions: str, refused: str) -> Fault:
    message = f"The supported api-versions are '{versions}'."
    refusal = arm_error(400, "NoRegisteredProviderFound", message)
    return Fault(path="re:.*/projects(/[^/]+)?", query={"api-version": refused}, then=refusal)


@pytest.mark.parametrize("document", [{}, {"properties": None}, {"properties": []}])
async def test_a_project_without_properties_is_no_project_without_settings(
    azure: Azure, document: object
) -> None:
    """P1: they may name a store under Microsoft's key."""
    path = "re:.*/projects/[^/]+"
    azure.simulator.faults.add(Fault(path=path, then=Answer(body=document)))
    accounts = await _accounts(azure.inventory, STANDARD)

    data = (await _read(azure.inventory, accounts))[STANDARD]

    assert (data.state, data.basic) == (DataState.UNKNOWN, ())


async def test_a_project_without_a_name_is_no_list_without_it(azure: Azure) -> None:
    """P1: it may keep data under Microsoft's key."""
    azure.answer("re:.*/projects", Answer(body={"value": [{"name": 7}]}))

    data = await _read(azure.inventory, await _accounts(azure.inventory, EMPTY))

    assert data[EMPTY].state is DataState.UNKNOWN


@pytest.mark.parametrize("listed", ["nothing", "another one"])
async def test_a_project_that_the_account_names_is_not_gone_because_a_list_lacks_it(
    azure: Azure, listed: str
) -> None:
    """P1: where it kept data is followed, and what is new of it would not be seen."""
    accounts = await _accounts(azure.inventory, STANDARD)
    first = await _read(azure.inventory, accounts)
    projects = azure.simulator.estate.account(str(accounts[0].id)).projects
    projects.remove("agents")
    if listed == "another one":
        projects.add(ProjectSpec(name="other"))

    data = (await _read(azure.inventory, accounts, first, all_due=True))[STANDARD]

    assert first[STANDARD].state is DataState.OWN_KEYS
    assert {store.name for store in data.stores} == {s.name for s in first[STANDARD].stores}
    assert DataReason.PLACES_UNREAD in {each.code for each in data.concerns}
    assert not data.is_covered


async def test_the_host_of_an_account_covers_no_project(azure: Azure) -> None:
    """P1: a project inherits nothing, whether it has no host or one that names nothing."""
    accounts = await _accounts(azure.inventory, SHARED)
    projects = azure.simulator.estate.account(str(accounts[0].id)).projects
    projects.hosts.set("account", "standard")
    projects.all[0].hosts.remove("agents")

    without = (await _read(azure.inventory, accounts))[SHARED]
    projects.all[0].hosts.set("agents", "basic")
    empty = (await _read(azure.inventory, accounts))[SHARED]

    for data in (without, empty):
        assert (data.state, data.basic) == (DataState.MAY_BE_MICROSOFT_KEYS, ("agents",))
        assert {use.project for store in data.stores for use in store.uses} == {None}


@pytest.mark.parametrize("state", ["Creating", "Failed", "Canceled", "Deleting", None])
async def test_a_host_is_no_setup_before_it_is_ready(azure: Azure, state: str | None) -> None:
    """P1: its agents may keep data elsewhere; and it is ready in the next scan, not tomorrow."""
    accounts = await _accounts(azure.inventory, STANDARD)
    hosts = azure.simulator.estate.account(str(accounts[0].id)).projects.all[0].hosts
    hosts.set("agents", {**STANDARD_HOST, "provisioningState": state})

    data = (await _read(azure.inventory, accounts))[STANDARD]

    assert data.state is DataState.UNKNOWN
    assert data.concerns[0].code is DataReason.HOST_NOT_READY
    assert data.concerns[0].evidence == {"capabilityHosts": "agents/agents"}
    assert data.as_of is None
    finding = replace(only_finding(known_of(accounts[0])), data=replace(data, as_of=NOW))
    assert are_projects_due(finding, accounts[0], NOW)
