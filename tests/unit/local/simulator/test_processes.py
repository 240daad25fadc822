"""The simulator as other programs meet it: started by a command, asked by Azure's own libraries."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from local.simulator import Simulator

pytestmark = pytest.mark.long

SDK_LISTS_ACCOUNTS = textwrap.dedent("""
    import asyncio, json, os
    from azure.identity.aio import ManagedIdentityCredential
    from azure.mgmt.cognitiveservices.aio import CognitiveServicesManagementClient
    from azure.mgmt.subscription.aio import SubscriptionClient

    async def main():
        url = os.environ["CMK_ARM_URL"]
        arm = {"base_url": url, "credential_scopes": [url + "/.default"], "retry_total": 0}
        listed = {}
        async with ManagedIdentityCredential() as credential:
            async with SubscriptionClient(credential, **arm) as client:
                ids = [each.subscription_id async for each in client.subscriptions.list()]
            for id in ids:
                async with CognitiveServicesManagementClient(credential, id, **arm) as client:
                    found = [each async for each in client.accounts.list()]
                    encryptions = [each.properties.encryption for each in found]
                    listed[id] = [
                        [each.name, encryption and encryption.key_source]
                        for each, encryption in zip(found, encryptions, strict=True)
                    ]
        print(json.dumps(listed))

    asyncio.run(main())
""")


def test_azures_own_libraries_list_the_sample_over_tls(simulator: Simulator) -> None:
    """Credential, certificate, token, paging and models are those that run on Azure."""
    production, sandbox, acquisitions = simulator.estate.subscriptions
    sandbox.accounts["legacy-import"].set_encryption({"keySource": "Microsoft.KeyVault"})
    acquisitions.listed = False
    environment = {**os.environ, **simulator.environment()}
    ran = subprocess.run(
        [sys.executable, "-c", SDK_LISTS_ACCOUNTS],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    listed = json.loads(ran.stdout)
    assert listed[production.id][:2] == [
        ["tm-openai-project5-instance", None],
        ["tm-openai-workspace-server", "Microsoft.KeyVault"],
    ]
    assert [name for name, _ in listed[sandbox.id]] == list(sandbox.accounts)
    assert {record.method for record in simulator.requests} == {"GET"}
    assert all(record.status == 200 for record in simulator.requests)


@pytest.mark.parametrize("end", ["SIGTERM", "SIGINT", "stdin"])
def test_the_command_says_where_it_listens_and_ends_when_told(end: str) -> None:
    """A program that starts it must learn the port and be able to get rid of it."""
    started = subprocess.Popen(
        [sys.executable, "-m", "local.simulator", "--generate", "2x3", "--seed", "5"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with started:
        assert started.stdin is not None
        assert started.stdout is not None
        ready = json.loads(started.stdout.readline())
        existed = Path(ready["caFile"]).is_file()
        if end == "stdin":
            started.stdin.close()
        else:
            started.send_signal(getattr(signal, end))
        code = started.wait(10)

    assert ready.keys() == {"armUrl", "identityEndpoint", "identityHeader", "caFile"}
    assert ready["identityEndpoint"] == f"{ready['armUrl']}/msi/token"
    assert code == 0
    assert existed
    assert not Path(ready["caFile"]).exists()


def test_the_command_refuses_an_estate_it_does_not_have() -> None:
    """Usage errors exit with 2, and say what would be right."""
    ran = subprocess.run(
        [sys.executable, "-m", "local.simulator", "--estate", "none"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ran.returncode == 2
    assert "sample" in ran.stderr


def test_a_port_that_is_taken_is_an_error_and_leaves_nothing_behind(simulator: Simulator) -> None:
    """The caller chooses another port; a thread left running would keep the process alive."""
    second = Simulator("empty", port=simulator.port)
    with pytest.raises(OSError, match="address already in use"):
        second.start()

    with pytest.raises(RuntimeError, match="not running"):
        second.foreign()
