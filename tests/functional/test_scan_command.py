"""``scan`` as people and pipelines run it: a real credential and a simulated Azure."""

import json
import os
import re
from pathlib import Path

import pytest

from local.simulator import Simulator
from tests.functional import terminal_kit
from tests.functional.estate_kit import CMK, estate_of

pytestmark = pytest.mark.long


def test_az_login_is_enough(tmp_path: Path) -> None:
    """On a laptop azure-identity asks the az command for a token."""
    with Simulator(estate_of({"chat": CMK})) as simulator:
        token = simulator.tokens.issue(simulator.url, person="ann@contoso.test")
        answer = {"accessToken": token.value, "expires_on": token.expires_on}
        az = tmp_path / "az"
        az.write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps(answer)}\nEND\n")
        az.chmod(0o755)
        environment = simulator.environment() | {
            "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
            "AZURE_TOKEN_CREDENTIALS": "AzureCliCredential",
        }
        del environment["IDENTITY_ENDPOINT"], environment["IDENTITY_HEADER"]
        quiet = terminal_kit.run("scan", "--quiet", environment=environment)
        ended = terminal_kit.run("scan", environment=environment)
        misspelt, named = (
            terminal_kit.run("scan", "--subscription", name, environment=environment)
            for name in ("Subscripton 1", "subscription 1")
        )

    assert (quiet.code, quiet.err) == (0, "")
    who = f"signed in as ann@contoso.test in tenant {simulator.tokens.tenant_id}"
    assert (ended.code, ended.err.splitlines()[0]) == (0, f"cmk-check: {who}")
    assert token.value.split(".")[1] not in ended.err
    assert (misspelt.code, misspelt.out) == (2, "")
    assert misspelt.err.endswith("has the name Subscripton 1; similar names: Subscription 1\n")
    assert (named.code, "accounts: 1: 1 compliant" in named.out) == (0, True)


def test_debug_shows_each_request_and_no_secret() -> None:
    """Support asks for a correlation id; a token in a log would be one of many people."""
    estate = estate_of({"chat": CMK})
    with Simulator(estate) as simulator:
        ended = terminal_kit.run("scan", "-q", "--debug", environment=simulator.environment())
        tokens = [simulator.tokens.issue(simulator.url).value.split(".")[0], "Bearer", "?"]

    lines = ended.err.splitlines()
    assert any(" /subscriptions 200 correlation " in line for line in lines)
    form = re.compile(r"cmk-check: (GET|POST) /\S+ \d{3} correlation \S+ \d+\.\d{3} s")
    assert [line for line in lines if not form.fullmatch(line)] == []
    assert [each for each in tokens if each in ended.err] == []


@pytest.mark.parametrize(
    ("store", "prefix"), [((), ""), (("--store=https://a.table.core.windows.net",), "cmkscans: ")]
)
def test_a_sign_in_that_fails_is_one_line_that_names_the_cause(
    store: tuple[str, ...], prefix: str
) -> None:
    """The first thing that anybody meets; the SDK says it in thirteen lines."""
    environment = {"AZURE_TOKEN_CREDENTIALS": "AzureCliCredential", "PATH": "/nowhere"}

    ended = terminal_kit.run("scan", "-q", *store, environment=environment)

    (line,) = ended.err.splitlines()
    assert (ended.code, ended.out.count("lastScan")) == (3, 0)
    assert line.endswith(
        f"{prefix}cmk_check is not signed in to Azure. Run `az login`, or set AZURE_TENANT_ID, "
        "AZURE_CLIENT_ID and AZURE_CLIENT_SECRET for a service principal."
    )
