"""The estimate is what the simulator and the tables count of a scan in which nothing changes."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest

from cmk_check.cli.estimate import estimate_of
from cmk_check.config.settings import Settings
from cmk_check.core.estimate import Estate as Size
from local.azurite import Azurite
from local.simulator import AccountSpec, Estate, KeySpec, Simulator, VaultSpec
from tests.functional.estate_kit import MICROSOFT, add_account, sub_id
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
    """Five subscriptions in three slices: two with a vault, two with violations, one with none."""
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
        add_account(estate.subscription(sub_id(number)), "open", MICROSOFT)
    return estate


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


def test_the_estimate_is_what_is_counted(azurite: Azurite, storage: Storage) -> None:
    """Capacity and cost are planned with it, long before there is anything to count."""
    storage.clear()
    settings = {"CMK_STORAGE": azurite.connection_string, "CMK_SLICE_SIZE": "2"}
    with Simulator(_estate()) as simulator:
        environment = {**simulator.environment(), **settings}
        _two_scans(environment)
        scopes = simulator.requests.kinds()["scope"]
        simulator.requests.clear()
        counts = _two_scans(environment)
        counted = simulator.requests.kinds()

    found = estimate_of(Size(5, 6, 2, 2), timedelta(minutes=60), Settings.load(settings))

    said = asdict(found.scan)
    assert {name: said[name] for name in KINDS} == {
        name: counted[kind] / 2 for name, kind in KINDS.items()
    }
    # All in the first scan; an hour later one or another of them is due.
    assert said["scopes"] * 24 == pytest.approx(4)
    assert 4 <= scopes <= 8
    assert (said["table_reads"], said["table_writes"], said["queue"], found.slices) == (
        counts["table_reads"],
        sum(counts["table_writes"].values()),
        counts["queue"],
        counts["slices"],
    )
