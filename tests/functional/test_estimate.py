"""The estimate is what the simulator and the tables count of a scan in which nothing changes."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest

from cmk_check.cli.estimate import Estate as Size
from cmk_check.cli.estimate import Estimate, estimate_of
from cmk_check.config.settings import Settings
from local.azurite import Azurite
from local.simulator import (
    AccountSpec,
    Estate,
    KeySpec,
    ProjectSpec,
    Simulator,
    StoreSpec,
    VaultSpec,
)
from local.simulator.estate import Subscription
from local.simulator.stores import COSMOS, SEARCH, STORAGE
from tests.functional.estate_kit import MICROSOFT, sub_id
from tests.functional.storage_kit import Storage

pytestmark = pytest.mark.long

KINDS = {
    "subscriptions": "subscription",
    "accounts": "account",
    "exemptions": "exemption",
    "vaults": "vault",
    "keys": "key",
    "grants": "grant",
    "roles": "role",
    "graph": "graph",
    "stores": "store",
}


def _add_with_key(estate: Estate, number: int, name: str, vault: str) -> None:
    key = {"keyName": "cmk", "keyVaultUri": f"https://{vault}.vault.azure.net/"}
    encryption = {"keySource": "Microsoft.KeyVault", "keyVaultProperties": key}
    spec = AccountSpec(name=name, group="rg", encryption=encryption, identity="system")
    account = estate.subscription(sub_id(number)).add_account(spec)
    scope = f"/subscriptions/{sub_id(number)}/resourceGroups/rg/providers/Microsoft.KeyVault"
    role = "Key Vault Crypto Service Encryption User"
    estate.grants.add(f"{scope}/vaults/{vault}", role, account.principal_id or "")


def _estate() -> Estate:
    """Five subscriptions in three slices: two with a vault, two with violations, one with none.

    The violations are accounts with a project, whose agents have three stores.
    """
    estate = Estate()
    for number in range(1, 6):
        estate.add_subscription(sub_id(number), f"Subscription {number}")
    for number in (1, 3):
        spec = VaultSpec(
            name=f"kv-{number}",
            group="rg",
            keys=(KeySpec(name="cmk"),),
            properties={"enableRbacAuthorization": True},
        )
        estate.subscription(sub_id(number)).vaults.add(spec)
        for each in range(number):
            _add_with_key(estate, number, f"chat-{each}", f"kv-{number}")
    for number in (3, 4):
        _add_with_project(estate.subscription(sub_id(number)))
    return estate


def _add_with_project(subscription: Subscription) -> None:
    types = {"files": STORAGE, "threads": COSMOS, "vectors": SEARCH}
    connections = {
        name: subscription.stores.add(StoreSpec(type=kind, name=name, group="rg")).id
        for name, kind in types.items()
    }
    project = ProjectSpec(name="p", hosts={"h": "standard"}, connections=connections)
    subscription.add_account(
        AccountSpec(
            name="open", group="rg", kind="AIServices", encryption=MICROSOFT, projects=[project]
        )
    )


def _two_scans(environment: Mapping[str, str]) -> dict[str, Any]:
    """Scan twice, in a process that trusts the simulator; return what the last one counted."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.worker", "estate"],
        env={"PATH": os.environ["PATH"], **environment},
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    counts: dict[str, Any] = json.loads(done.stdout)["scans"][-1]["counts"]
    return counts


def _counted_and_estimated(
    azurite: Azurite, storage: Storage, **settings: str
) -> tuple[Counter[str], dict[str, Any], Estimate]:
    """Return the requests of two scans that change nothing, what the last counted, the estimate."""
    settings["CMK_SLICE_SIZE"] = "2"
    storage.clear()
    with Simulator(_estate()) as simulator:
        environment = {**simulator.environment(), **settings}
        environment["CMK_STORAGE"] = azurite.connection_string
        _two_scans(environment)
        simulator.requests.clear()
        counts = _two_scans(environment)
        counted = simulator.requests.kinds()
    loaded = Settings.load({"CMK_STORAGE": "UseDevelopmentStorage=true", **settings})
    size = Size(5, 6, 2, 2, projects=2, stores=6)
    return counted, counts, estimate_of(size, timedelta(minutes=60), loaded)


def test_the_estimate_is_what_is_counted(azurite: Azurite, storage: Storage) -> None:
    """Capacity and cost are planned with it, long before there is anything to count."""
    counted, counts, found = _counted_and_estimated(azurite, storage)

    said = asdict(found.scan)
    assert {name: said[name] for name in KINDS} == {
        name: counted[kind] / 2 for name, kind in KINDS.items()
    }
    assert said["scopes"] * 24 == pytest.approx(4)  # all in the first scan
    assert (said["table_reads"], said["table_writes"], said["queue"], found.slices) == (
        counts["table_reads"],
        sum(counts["table_writes"].values()),
        counts["queue"],
        counts["slices"],
    )


def test_data_stores_are_estimated_as_they_are_counted(azurite: Azurite, storage: Storage) -> None:
    """Whoever switches them on must know what they ask of Azure."""
    settings = {"CMK_DATA_STORES": "on", "CMK_REQUIRE_COVERED_DATA": "on"}
    counted, _, found = _counted_and_estimated(azurite, storage, **settings)

    places = sum(counted[kind] for kind in ("project", "host", "connection"))
    assert (found.scan.projects, found.scan.stores) == (places / 2, counted["store"] / 2)
