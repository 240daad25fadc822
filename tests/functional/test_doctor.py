"""``doctor`` as a process: a real credential, a simulated Azure over TLS, Azurite, a receiver."""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Final

import pytest

from cmk_check.doctor.examined_app import DoctorSubject
from local.azurite import Azurite
from local.simulator import Answer, Estate, Fault, Simulator, arm_error
from tests.functional import terminal_kit
from tests.functional.doctor_kit import Line, doctor, lines_about, of_mark, trust_here
from tests.functional.estate_kit import CMK, accounts_of, estate_of, sub_id
from tests.functional.storage_kit import TABLES, Storage
from tests.functional.webhook_receiver import Receiver


async def doctor_here(
    azure: Simulator, environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> list[Line]:
    """Run the checks in this process, which takes a tenth of the time."""
    trust_here(azure, monkeypatch)
    subject = DoctorSubject.of(environment)
    try:
        return await lines_about(subject)
    finally:
        await subject.close()


LIST: Final = "/subscriptions"
TOKEN: Final = "/msi/token"
CLIENT_ID: Final = "00000000-0000-4000-8000-00000000c0de"
QUEUES: Final = ("cmk-slices", "cmk-slices-poison", "cmk-tell", "cmk-tell-poison")


@pytest.fixture(scope="module")
def azure() -> Iterator[Simulator]:
    """One simulated Azure for all of them: two subscriptions."""
    with Simulator(estate_of({"chat": CMK}, {"lab": CMK})) as simulator:
        yield simulator


@pytest.fixture
def app(azure: Simulator, azurite: Azurite, storage: Storage) -> Iterator[dict[str, str]]:
    """The settings of a deployed app, over an empty storage; no faults, vaults or exemptions."""
    del storage
    yield azure.environment() | {
        "CMK_EXCEPTIONS": "off",
        "CMK_KEY_HEALTH": "off",
        "CMK_STORAGE": azurite.connection_string,
        "CMK_SCAN_SCHEDULE": "0 0 * * * *",
    }
    azure.faults.clear()


def test_p5_all_is_well_and_nothing_is_changed(
    azure: Simulator, app: dict[str, str], storage: Storage
) -> None:
    """The answer that lets a person go on: Azure was only read, no row, message or post made."""
    azure.requests.clear()
    with Receiver() as receiver:
        code, lines = doctor(app | {"CMK_WEBHOOK_URL": receiver.url})

    assert code == 0
    assert list(lines) == [
        *("settings", "schedule", "cloud", "clock", "credential", "subscriptions"),
        *("permissions", "tables", "feed", "queues", "scans", "webhook", "actions"),
    ]
    assert {check: said[0][0] for check, said in lines.items() if said[0][0] != "ok"} == {
        "scans": "warning"
    }
    assert lines["permissions"] == [
        (
            "ok",
            (
                "Microsoft.CognitiveServices/accounts/read works in 2 of 2 subscriptions "
                "(api-version 2025-09-01)."
            ),
        )
    ]
    assert {request.method for request in azure.requests} == {"GET"}
    assert [row for table in TABLES for row in storage.rows(table)] == []
    assert [message for queue in QUEUES for message in storage.messages(queue)] == []
    assert receiver.posts == []


@pytest.mark.long
def test_a_feed_or_queue_that_somebody_deleted_is_noticed(
    app: dict[str, str], storage: Storage
) -> None:
    """Doctor makes what is missing, and what was in it is lost all the same."""
    scan = terminal_kit.run("scan", "--store", app["CMK_STORAGE"], environment=app)
    with contextlib.closing(storage.queue("cmk-slices")) as queue:
        queue.create_queue()
    before = doctor(app)[1]
    for name in ("cmk-slices", "cmk-tell"):
        storage.queues.delete_queue(name)
    storage.service.delete_table("cmkchanges")

    lost = doctor(app)[1]
    again = doctor(app)[1]

    assert scan.code == 0
    assert not {"feed", "queues"} & set(of_mark("warning", before))
    assert lost["feed"][0][1].startswith("cmkchanges is empty although a scan has finished")
    assert lost["queues"][1][0] == "warning"
    assert lost["queues"][1][1].startswith("cmk-slices and cmk-tell did not exist although a scan")
    assert again["feed"] == lost["feed"]
    assert len(again["queues"]) == 1


type Trouble = tuple[Fault | dict[str, str], str, str]


def _an_hour_ago() -> Answer:
    date = format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)
    return Answer(status=401, headers={"Date": date})


@pytest.mark.parametrize(
    "case",
    [
        ({"AZURE_CLIENT_ID": CLIENT_ID}, "credential", "set AZURE_CLIENT_ID to its client id"),
        (
            Fault(path=TOKEN, then=Answer(status=403)),
            "credential",
            "The identity endpoint returned 403: assign an identity",
        ),
        (
            Fault(path=LIST, query={"api-version": "*"}, then=Answer(body={"value": []})),
            "subscriptions",
            "Assign the identity the Reader role",
        ),
        (
            Fault(path=LIST, times=1, then=_an_hour_ago()),
            "clock",
            " ahead of Azure's, and 120 s are allowed: synchronise it",
        ),
        # A page to sign in at a hotel is a success, too.
        (
            Fault(path=LIST, times=1, then=Answer(body="<html>Welcome</html>")),
            "cloud",
            "returned 200 to a request without a token",
        ),
    ],
    ids=["client id", "refused", "sees nothing (P1)", "clock", "a proxy's page"],
)
async def test_each_trouble_is_named_first_and_what_builds_on_it_is_not_tried(
    azure: Simulator, app: dict[str, str], monkeypatch: pytest.MonkeyPatch, case: Trouble
) -> None:
    """A person mends what is named first; a list of what follows from it would hide that."""
    trouble, check, said = case
    settings = {} if isinstance(trouble, Fault) else trouble
    if isinstance(trouble, Fault):
        azure.faults.add(trouble)

    lines = await doctor_here(azure, app | settings, monkeypatch)

    problems, warnings = (
        [(name, text) for mark, name, text in lines if mark == each]
        for each in ("problem", "warning")
    )
    first, text = (problems or warnings)[0]
    assert (first, said in text) == (check, True)
    skipped = [text for mark, name, text in lines if (mark, name) == ("skipped", "permissions")]
    assert skipped in ([], [f"Skipped, because it needs {check} above."])


@pytest.mark.long
def test_the_rights_of_a_person_are_not_taken_for_the_apps(
    azure: Simulator, app: dict[str, str], tmp_path: Path
) -> None:
    """An owner of everything would find nothing wrong with an app that may read nothing."""
    token = azure.tokens.issue(azure.url)
    answer = json.dumps({"accessToken": token.value, "expires_on": token.expires_on})
    az = tmp_path / "az"
    az.write_text(f"#!/bin/sh\necho '{answer}'\n")
    az.chmod(0o755)
    own = {name: value for name, value in app.items() if not name.startswith("IDENTITY_")}

    code, lines = doctor(
        own
        | {
            "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
            "AZURE_TOKEN_CREDENTIALS": "AzureCliCredential",
        }
    )

    assert code == 0
    assert [mark for mark, _ in lines["credential"]] == ["ok", "warning"]
    assert "not those of the deployed app" in lines["credential"][1][1]
    assert token.value not in str(lines)


@pytest.mark.long
def test_p10_a_subscription_cannot_steer_a_terminal() -> None:
    """Names of subscriptions are anybody's."""
    estate = Estate()
    estate.add_subscription(sub_id(1), "x\x1b]0;owned\x07\x1b[2J\u202e\nok       tables [red]y")
    with Simulator(estate) as simulator:
        simulator.faults.add(Fault(path=accounts_of(1), then=arm_error(403, "No")))
        ended = terminal_kit.run_at_terminal(
            "doctor", "--no-color", environment=simulator.environment()
        )

    assert ended.code == 3
    assert not set(ended.out) & set("\x1b\x07\u202e")
    assert [line for line in ended.out.splitlines() if line.startswith("ok       tables")] == []
    assert "[red]y" in ended.out
