"""The first scan after a deployment: the hook as azd runs it, against the running app."""

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from local.azurite import Azurite
from local.simulator import Fault, Hold, arm_error
from tests.functional.estate_kit import (
    MICROSOFT,
    Scene,
    accounts_of,
    add_account,
    estate_of,
    sub_id,
    wait_until,
)
from tests.functional.storage_kit import Storage
from tests.functional.webhook_receiver import Receiver

HOOKS: Final = Path(__file__).parents[2] / "infra/hooks"
SH: Final = ("/bin/sh", str(HOOKS / "first_scan.sh"))
# All that the hook may need of the machine, apart from az.
COMMANDS: Final = ("curl", "grep", "head", "sed", "sleep", "tr")
KEY_COMMAND: Final = (
    "az functionapp function keys list --resource-group rg-cmk --name func-cmk "
    "--function-name api --query default --output tsv"
)
_SECONDS: Final = 120.0


@dataclass(frozen=True)
class Run:
    """What a run printed and returned, and the command line of every process that it started."""

    code: int
    printed: str
    complained: str
    commands: str


class Laptop:
    """A machine with nothing but the commands, and an ``az`` that finds no key when asked first."""

    def __init__(self, folder: Path, keys: Mapping[str, str], missing: str | None = None) -> None:
        self._folder = folder
        self._path = folder / "bin"
        self._path.mkdir(parents=True)
        for function, key in keys.items():
            (folder / function).write_text(f"{key}\n")
        for name in {"az", *COMMANDS} - {missing}:
            goes_on = f'exec {shutil.which(name)} "$@"' if name in COMMANDS else self._az()
            script = f"#!/bin/sh\nprintf '%s\\n' \"{name} $*\" >>{folder}/commands\n{goes_on}\n"
            (self._path / name).write_text(script)
            (self._path / name).chmod(0o755)

    def _az(self) -> str:
        return (
            f"if [ ! -e {self._folder}/asked ]; then\n"
            f"  : >{self._folder}/asked; echo no key yet >&2; exit 1\nfi\n"
            'while [ "$1" != --function-name ]; do shift; done\n'
            f'while read -r key; do printf "%s\\n" "$key"; done <{self._folder}/"$2"'
        )

    def start(
        self, url: str, command: Sequence[str] = SH, **environment: str
    ) -> subprocess.Popen[str]:
        """Start the hook for the app at this address."""
        given = {
            "PATH": str(self._path),
            "AZURE_RESOURCE_GROUP": "rg-cmk",
            "AZURE_FUNCTION_NAME": "func-cmk",
            "CMK_API_URL": f"{url}/api/v1",
            "CMK_PAGE_URL": f"{url}/api/dashboard",
            "CMK_ALERT_RECEIVERS": "nobody: set alertEmails",
            "PAUSE": "0.1",
            **environment,
        }
        return subprocess.Popen(
            command, env=given, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def finish(self, process: subprocess.Popen[str]) -> Run:
        """Wait for its end."""
        printed, complained = process.communicate(timeout=_SECONDS)
        return Run(process.returncode, printed, complained, self.commands())

    def commands(self) -> str:
        """Return the command lines so far."""
        log = self._folder / "commands"
        return log.read_text() if log.exists() else ""

    def scans(self) -> set[str]:
        """Return the ids of the scans whose end the hook has asked for."""
        return set(re.findall(r"/scans/(\S+)", self.commands()))

    def run(self, url: str, command: Sequence[str] = SH, **environment: str) -> Run:
        """Run the hook to its end."""
        return self.finish(self.start(url, command, **environment))


@pytest.mark.long  # an app of its own: it comes first, or that of the others takes its messages
def test_a_scan_that_fails_fails_the_deployment(
    azurite: Azurite, storage: Storage, tmp_path: Path
) -> None:
    """A pipeline takes the scan for the proof that the app works."""
    with Scene(estate_of({"chat": MICROSOFT}), storage, azurite) as scene:
        scene.simulator.faults.add(Fault(path="/subscriptions", then=arm_error(403, "Forbidden")))

        run = Laptop(tmp_path, scene.host.keys.functions).run(scene.host.url)

    assert (run.code, run.printed.splitlines()[1:]) == (1, [])
    assert run.complained.startswith(
        "The first scan has no result: the state of the scan is failed: "
    )
    assert "Microsoft.Resources/subscriptions/read" in run.complained


@pytest.mark.long  # an app of its own, as above
def test_a_role_that_the_deployment_granted_may_come_late(
    azurite: Azurite, storage: Storage, tmp_path: Path
) -> None:
    """One command must end with a scan, and a new role takes minutes to become effective."""
    with Scene(estate_of(), storage, azurite) as scene:
        laptop = Laptop(tmp_path, scene.host.keys.functions)
        hold = Hold()
        scene.simulator.faults.add(Fault(path=accounts_of(1), hold=hold))
        with laptop.start(scene.host.url, CMK_READ_OWN_SUBSCRIPTION="custom") as hook:
            try:
                wait_until(lambda: "/v1/status" in laptop.commands(), "the first scan has failed")
                add_account(scene.simulator.estate.add_subscription(sub_id(1), "Own"), "chat")
                # The app starts no second scan in the same minute: the schedule does.
                scene.fire()
                wait_until(lambda: len(laptop.scans()) > 1, "it waits for the second scan")
                hold.release()
                run = laptop.finish(hook)
            finally:
                hook.kill()

    first, early, second, *rest = run.printed.splitlines()
    assert (run.code, run.complained) == (0, "")
    assert (early, first != second, rest[0]) == (
        "The role of the app is not effective yet.",
        True,
        "The scan is complete.",
    )


@pytest.fixture(scope="module")
def scene(azurite: Azurite, _storage: Storage) -> Iterator[Scene]:
    """An app that was just deployed, and has not scanned yet."""
    _storage.clear()
    with Scene(estate_of({"chat": MICROSOFT, "search": MICROSOFT}), _storage, azurite) as scene:
        yield scene


@pytest.fixture(scope="module")
def runs(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Run, Run]]:
    """A run that starts a scan, and one that comes while it is running."""
    keys = scene.host.keys.functions
    hold = Hold()
    fault = Fault(path=accounts_of(1), hold=hold)
    scene.simulator.faults.add(fault)
    first, second = (Laptop(tmp_path_factory.mktemp("laptop"), keys) for _ in range(2))

    with first.start(scene.host.url) as starting, second.start(scene.host.url) as joining:
        try:
            for laptop in (first, second):
                wait_until(lambda at=laptop: "/scans/" in at.commands(), "both look for its end")  # type: ignore[misc]
            scene.simulator.faults.remove(fault)
            yield first.finish(starting), second.finish(joining)
        finally:
            starting.kill()
            joining.kill()


def test_p6_a_deployment_ends_with_an_answer_and_shows_no_key(
    scene: Scene, runs: tuple[Run, Run]
) -> None:
    """Ten minutes after the decision to try it, somebody wants to see what it found.

    A scan that the schedule started is as good. A pipeline keeps what is printed, and every user of
    a machine sees its command lines.
    """
    first, second = runs
    keys = scene.host.keys.functions.values()

    page = f"{scene.host.url}/api/dashboard"
    assert (first.code, first.complained) == (0, "")
    assert first.printed.splitlines() == [
        f"Scan: {scene.last_scan()}",
        "The scan is complete.",
        "posture: non_compliant",
        (
            "  accounts_non_compliant: At least one account is not encrypted with a customer-"
            "managed key (2 of 2). Follow the instructions in each finding."
        ),
        "1 subscription is read; others are not.",
        "Alerts go to nobody: set alertEmails",
        f"Page: {page}",
        f"Read key for the page: {KEY_COMMAND}",
    ]
    assert second == Run(0, first.printed, "", second.commands)
    written = first.printed + first.commands + second.commands
    assert {line.split()[0] for line in first.commands.splitlines()} == {"az", *COMMANDS}
    assert [key for key in keys if key in written] == []


def test_a_refused_key_is_told_and_an_app_that_does_not_come_is_given_up(
    scene: Scene, tmp_path: Path
) -> None:
    """A deployment must end, and the app's or curl's last word is what there is to go by."""
    keys = {"scan_now": "wrong", "api": "wrong"}

    refused = Laptop(tmp_path / "one", keys).run(scene.host.url, TRIES="3", PAUSE="0")
    absent = Laptop(tmp_path / "two", keys).run("http://127.0.0.1:1", TRIES="2", PAUSE="0")

    assert (refused.code, refused.printed, absent.code, absent.printed) == (1, "", 1, "")
    assert refused.complained == (
        "The first scan has no result: the app did not start a scan. "
        "Its last answer: 401 Unauthorized\n"
        "The next scan starts on schedule.\n"
    )
    assert "Its last answer: curl: (7) " in absent.complained
    assert absent.commands.count("\naz ") == 1


@pytest.mark.parametrize(
    ("missing", "environment", "why"),
    [
        (None, {"CMK_API_URL": ""}, "set CMK_API_URL."),
        ("curl", {}, "install curl."),
        ("az", {}, "install az."),
        (None, {"CMK_ENTRA_CLIENT_ID": "x"}, "with Entra sign-in no key can start a scan. "),
    ],
)
def test_what_cannot_work_is_not_tried(
    tmp_path: Path, missing: str | None, environment: dict[str, str], why: str
) -> None:
    """Ten minutes of silence for a variable that is not set would be a poor welcome."""
    run = Laptop(tmp_path, {}, missing).run("http://127.0.0.1:1", **environment)

    assert (run.code, run.printed, run.commands) == (1, "", "")
    assert run.complained.startswith(f"The first scan has no result: {why}")


def test_the_request_has_a_length(tmp_path: Path) -> None:
    """Azure refuses a POST without one before the app sees it; the local host does not."""
    laptop = Laptop(tmp_path, {"scan_now": "a"})
    with Receiver() as strict:  # it breaks without a length
        strict.status = 503
        run = laptop.run(strict.url, TRIES="2", PAUSE="0")

    assert "Its last answer: 503 " in run.complained


@pytest.mark.parametrize(
    ("answers", "asked"), [(["0"], 1), (["3", "1", "0"], 3), (["3"] * 9, 4), (["exit"], 1)]
)
def test_the_code_is_uploaded_when_the_roles_of_the_app_are_old_enough(
    tmp_path: Path, answers: list[str], asked: int
) -> None:
    """Until the role on the storage is effective an upload fails, and nobody looks why."""
    for number, answer in enumerate(answers, 1):
        (tmp_path / str(number)).write_text(answer)
    az = 'printf "%s\\n" "$*" >>calls; answer=$(cat "$(grep -c . calls)")'
    az += '; [ "$answer" != exit ] && echo "$answer"'
    (tmp_path / "az").write_text(f"#!/bin/sh\n{az}\n")
    (tmp_path / "az").chmod(0o755)

    hook = subprocess.run(
        ["/bin/sh", HOOKS / "wait_for_roles.sh"],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "PAUSE": "0", "TRIES": "4"},
        capture_output=True,
        check=True,
    )

    calls = (tmp_path / "calls").read_text().splitlines()
    assert (len(calls), hook.stderr) == (asked, b"")
    assert re.search(r"createdOn > '\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d'", calls[0])


@pytest.mark.long  # the app refuses a second scan in the minute of the first
@pytest.mark.skipif(
    shutil.which("pwsh") is None, reason="THE HOOK FOR WINDOWS WAS NOT RUN: there is no pwsh"
)
def test_the_hook_for_windows_says_the_same(
    scene: Scene, runs: tuple[Run, Run], tmp_path: Path
) -> None:
    """Two scripts that do one thing drift apart."""
    laptop = Laptop(tmp_path, scene.host.keys.functions)
    command = (str(shutil.which("pwsh")), "-NoProfile", "-File", str(HOOKS / "first_scan.ps1"))

    run = laptop.run(scene.host.url, command, HOME=str(tmp_path), PAUSE="2", TRIES="40")

    assert (run.code, run.complained) == (0, "")
    assert run.printed.splitlines()[1:] == runs[0].printed.splitlines()[1:]
