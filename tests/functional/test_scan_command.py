"""``scan`` as people and pipelines run it: a real credential and a simulated Azure."""

import json
import os
import re
from pathlib import Path

import pytest

from local.simulator import Fault, Simulator, arm_error
from local.terminal import left_on_screen, without_codes
from tests.functional import terminal_kit
from tests.functional.estate_kit import CMK, MICROSOFT, accounts_of, add_account, estate_of, sub_id

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
        f"{prefix}Not signed in to Azure: run `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID "
        "and AZURE_CLIENT_SECRET for a service principal."
    )


def test_a_person_at_a_terminal_sees_how_far_it_is() -> None:
    """Subscriptions, accounts, gaps; and when it is over, the result alone."""
    estate = estate_of({"chat": CMK}, {"lab": CMK, "search": CMK}, {"held": CMK}, {})
    with Simulator(estate) as simulator:
        hold = terminal_kit.hold_at(simulator, 3)
        simulator.faults.add(Fault(path=accounts_of(4), then=arm_error(403, "No")))

        def meanwhile(written: str) -> None:
            if "3/4 subscriptions, 3 accounts, 1 gap" in written:
                hold.release()

        ended = terminal_kit.run_at_terminal(
            "scan", environment=simulator.environment(), meanwhile=meanwhile
        )

    after = without_codes(left_on_screen(ended.out))
    assert ended.code == 3
    assert "3/4 subscriptions, 3 accounts, 1 gap" in ended.out
    assert "4/4" not in after
    assert after.splitlines()[-2:] == [
        "posture: unknown",
        "cmk-check: fix them: cmk-check plan --all --out fixes",
    ]
    assert "\x1b[33munknown" in ended.out


@pytest.mark.parametrize("columns", [80, 100, 120, 180])
def test_an_account_is_one_line_at_any_terminal(columns: int) -> None:
    """A large estate must not scroll its totals out of sight."""
    names = [f"customer-support-assistant-westeurope-{each:04d}" for each in range(5_000)]
    accounts = dict.fromkeys(names, MICROSOFT)
    with Simulator(estate_of(accounts)) as simulator:
        ended = terminal_kit.run_at_terminal(
            "scan", environment=simulator.environment(), columns=columns
        )

    lines = without_codes(left_on_screen(ended.out)).splitlines()
    rows = [line for line in lines if line.startswith("non_compliant ")]
    assert len(rows) == 50
    assert all("-westeurope-00" in row for row in rows)
    assert max(map(len, lines)) <= columns
    assert any(line.startswith("4,950 more: --limit 0 shows all") for line in lines)
    assert "accounts: 5,000: 0 compliant, 5,000 non_compliant, 0 unknown" in " ".join(lines)


def test_a_pipeline_with_old_violations_fails_on_new_ones_alone(tmp_path: Path) -> None:
    """A fix is confirmed, old debt passes with its number, and a new account does not."""
    estate = estate_of({"chat": MICROSOFT, "lab": MICROSOFT})
    file = str(tmp_path / "baseline.json")
    with Simulator(estate) as simulator:
        environment = simulator.environment()

        def run(*words: str) -> terminal_kit.Ended:
            return terminal_kit.run("scan", "--quiet", *words, environment=environment)

        first = run("--format", "json", "--output", file)
        own = {each.name: each for each in estate.subscription(sub_id(1)).accounts.values()}
        own["chat"].set("properties.encryption", CMK)
        fixed = run("--since", file, "--fail-on", "new")
        add_account(estate.subscription(sub_id(1)), "late", MICROSOFT)
        options = ("--since", file, "--fail-on", "new")
        later = terminal_kit.run("scan", *options, environment=environment)
        report = run("--exit-zero")

    assert [each.code for each in (first, fixed, later, report)] == [1, 0, 1, 0]
    assert fixed.err.startswith("violations: 0 new, 1 old; 1 fixed since ")
    assert "new: late: microsoft_managed_key" in later.err
    assert "fixed: chat: microsoft_managed_key" in later.err
    assert report.err.splitlines()[-1].endswith("the exit code is 0 instead of 1.")
