"""The script of a folder of plans, run with a fake az command for many accounts."""

import os
import pty
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from cmk_check.cli.plan_folder import render_run
from cmk_check.core.owner import Owner
from cmk_check.core.remediation.az_script import render_az
from cmk_check.core.remediation.encryption_plan import choose_shared_vault
from tests.fakes.remediation import TENANT, Ended, Watched, finding_of, planned

OWNERS: Final = ("Ann", "Ann", "Bob")


class Folder:
    """A folder of plans for accounts of these owners, who share vaults, and their Azure."""

    def __init__(self, place: Path) -> None:
        self.azure = Watched(place / "azure", {"tenant": TENANT})
        self.script = place / "plans of today" / "run.sh"
        plans = self.script.parent / "plans"
        plans.mkdir(parents=True)
        self.files: list[str] = []
        for number, owner in enumerate(OWNERS, 1):
            finding = replace(finding_of(f"a{number}"), owner=Owner(owner, "account"))
            plan = planned(finding, tenant_id=TENANT, vault=choose_shared_vault(finding))
            self.files.append(f"plans/{number}.sh")
            (plans / f"{number}.sh").write_text(render_az(plan))
            self.azure.add_account(f"a{number}")
        self.script.write_text(render_run((file, "it's $(touch ran)") for file in self.files))

    def run(self, *options: str, **environment: str) -> Ended:
        """Run its script."""
        return self.azure.run(self.script, *options, **environment)

    def warn(self) -> None:
        """Write the script of a folder with a plan that changes an account."""
        warning = planned(finding_of()).warning
        assert warning is not None
        self.script.write_text(render_run([(file, file) for file in self.files], (), 0, warning))

    @property
    def state(self) -> list[tuple[str, str]]:
        """What its state file says, line by line: the state and the plan."""
        lines = (self.script.parent / "state.txt").read_text().splitlines()
        return [(words[0], words[1]) for words in (line.split("\t") for line in lines)]

    @property
    def locks(self) -> list[str]:
        """The files of runs that are going on, or were killed."""
        return [path.name for path in self.script.parent.glob("run.*.lock")]

    @property
    def changes(self) -> int:
        """How often Azure was changed."""
        return len((self.azure.get("changes") or "").split())

    @property
    def done(self) -> bool:
        """Whether every account is under the key of its vault."""
        numbers = range(1, len(self.files) + 1)
        return {self.azure.get(f"accounts/a{number}/source") for number in numbers} == {
            "Microsoft.KeyVault"
        }


def _last(ended: Ended) -> str:
    return ended.out.splitlines()[-1]


def test_each_vault_is_made_once_and_a_second_run_changes_nothing(tmp_path: Path) -> None:
    """A person who is not sure whether all of it ran just runs it again."""
    folder = Folder(tmp_path)

    first = folder.run()
    changes = folder.changes
    second = folder.run()
    mode = (folder.script.parent / "state.txt").stat().st_mode
    (folder.script.parent / "state.txt").unlink()
    third = folder.run()

    assert (first.code, first.err, second.code, third.code) == (0, "", 0, 0)
    assert folder.done
    words = Counter(first.words())
    assert (words["keyvault create"], words["role assignment create"]) == (2, 3)
    assert second.words() == ["account show"]
    assert second.out.count("Done before.") == 3
    assert mode & 0o077 == 0
    assert len(third.calls) > 40
    assert folder.changes == changes
    for ended in (first, second, third):
        assert _last(ended) == "3 of 3 done, 0 refused, 0 left; 0 still to do"
    assert "[2/3] plans/2.sh: it's $(touch ran)\n1. Sign in" in first.out


def test_it_goes_on_after_a_plan_that_stops_and_says_at_the_end_what_is_left(
    tmp_path: Path,
) -> None:
    """One account that needs a decision must not delay others; all plans done is not all done."""
    folder = Folder(tmp_path)
    plans = [(file, "an account") for file in folder.files]
    folder.script.write_text(render_run(plans, [folder.files[1]], without=5))
    folder.azure.set("accounts/a1/identity", "UserAssigned")

    first = folder.run()
    state = folder.state
    folder.azure.set("accounts/a1/identity", "")
    second = folder.run()

    why = "Stopped: the account now has another identity (UserAssigned): create the plan again"
    rest = "(5 without a plan: see index.md)"
    left = "These plans do not fix all problems of their accounts; index.md lists the rest:"
    assert (first.code, first.err, second.code) == (1, f"{why}\n", 0)
    assert first.out.splitlines()[-4:] == [
        left,
        "  plans/2.sh",
        f"refused: plans/1.sh: {why}",
        f"2 of 3 done, 1 refused, 0 left; 6 still to do {rest}",
    ]
    assert state == [("refused", "plans/1.sh"), ("done", "plans/2.sh"), ("done", "plans/3.sh")]
    assert second.out.splitlines()[-3:] == [
        left,
        "  plans/2.sh",
        f"3 of 3 done, 0 refused, 0 left; 5 still to do {rest}",
    ]


def test_a_plan_whose_file_is_empty_or_gone_is_never_done(tmp_path: Path) -> None:
    """A copy of the folder that failed leaves files that bash would run as done."""
    folder = Folder(tmp_path)
    (folder.script.parent / folder.files[0]).write_text("")
    (folder.script.parent / folder.files[1]).unlink()

    ended = folder.run()

    assert (ended.code, _last(ended)) == (1, "1 of 3 done, 2 refused, 0 left; 2 still to do")
    assert folder.state == list(zip(["refused", "refused", "done"], folder.files, strict=True))


def test_plans_that_are_no_longer_in_the_folder_do_not_count(tmp_path: Path) -> None:
    """Written again, it has others: a plan that was done before must not stand for one of them."""
    folder = Folder(tmp_path)
    (folder.script.parent / folder.files[0]).unlink()
    others = "".join(f"{state}\told/{state}.sh\tt\t\n" for state in ("done", "refused", "left"))
    (folder.script.parent / "state.txt").write_text(others)

    ended = folder.run()

    assert (ended.code, _last(ended)) == (1, "2 of 3 done, 1 refused, 0 left; 1 still to do")
    assert "once more" not in ended.out


def test_a_second_run_does_not_start_while_another_is_going_on(tmp_path: Path) -> None:
    """Two would create the same vault, and one of them fail."""
    folder = Folder(tmp_path)
    first = folder.script.parent / folder.files[0]
    second = 'export SECOND=yes; bash run.sh; echo "the second one ended with $?"'
    first.write_text(f'if [ -z "${{SECOND:-}}" ]; then {second}; fi')

    ended = folder.run()
    again = folder.run()

    assert "the second one ended with 2\n" in ended.out
    assert re.search(
        r"Not started: process \d+ runs these plans. Wait for it; .* remove run.\d+.lock\n",
        ended.err,
    )
    assert (ended.out.count("[1/3]"), again.code, folder.locks) == (1, 0, [])


def test_a_run_that_is_dead_keeps_no_other_out(tmp_path: Path) -> None:
    """Its number may now belong to another program, or be none."""
    folder = Folder(tmp_path)
    killed = folder.run(END_AT="30", END_WITH="KILL")
    left = folder.locks
    for number in (os.getpid(), -1, 0, ""):
        (folder.script.parent / f"run.{number}.lock").touch()

    ended = folder.run()

    assert (killed.code, len(left)) == (-9, 1)
    assert (ended.code, folder.done, folder.locks) == (0, True, [])


def test_no_plan_waits_for_its_grant_before_all_have_theirs(tmp_path: Path) -> None:
    """Minutes for each account would make a day of a hundred."""
    folder = Folder(tmp_path)
    folder.azure.set("accounts/a1/slowness", "x\nx")

    ended = folder.run()

    updates = [
        word
        for call in ended.calls
        if call[:3] == ("cognitiveservices", "account", "update")
        for word in call
        if word.startswith("--name=")
    ]
    assert updates == [f"--name=a{number}" for number in (1, 2, 3, 1, 1)]
    assert ended.out.count("the next step is tried once.\n") == 3
    assert ended.out.count("the next step is tried 20 times, 30 seconds apart.\n") == 1
    assert (ended.code, _last(ended)) == (0, "3 of 3 done, 0 refused, 0 left; 0 still to do")
    assert (folder.azure.get("slept") or "").split() == ["30"]


def test_a_decision_is_not_taken_for_all_plans_at_once(tmp_path: Path) -> None:
    """A person who confirms one key has not checked the others."""
    folder = Folder(tmp_path)
    for file in folder.files:
        (folder.script.parent / file).write_text('echo "heard: ${CONFIRM_ENABLE_KEY:-nothing}"')

    ended = folder.run(CONFIRM_ENABLE_KEY="yes", CONFIRM_GRANT="yes")

    assert ended.out.count("heard: nothing") == 3
    assert ended.err == (
        "Ignored: CONFIRM_ENABLE_KEY CONFIRM_GRANT. "
        "Give such a word to the one plan that asks for it.\n"
    )


def test_what_azure_does_not_take_is_left_for_another_run(tmp_path: Path) -> None:
    """It needs no decision and only takes longer."""
    folder = Folder(tmp_path)
    folder.azure.set("accounts/a3/slowness", "\n".join("xxxx"))

    first = folder.run(PLAN_TRIES="2")
    second = folder.run(PLAN_TRIES="2")

    assert first.code == 1
    assert first.out.splitlines()[-2:] == [
        "left: plans/3.sh: Stopped: Azure does not accept the key; its message is above",
        "2 of 3 done, 0 refused, 1 left; 1 still to do",
    ]
    assert (second.code, folder.done) == (0, True)


@pytest.mark.parametrize(("signal", "code"), [("INT", 130), ("TERM", 143)])
def test_interrupted_it_says_what_is_left(tmp_path: Path, signal: str, code: int) -> None:
    """Ctrl-C goes to the script and to whatever it runs."""
    folder = Folder(tmp_path)

    ended = folder.run(END_AT="30", END_WITH=signal)
    again = folder.run()

    assert (ended.code, _last(ended)) == (code, "1 of 3 done, 0 refused, 2 left; 2 still to do")
    assert "Interrupted: run this again, and it goes on." in ended.out
    assert (again.code, folder.done, folder.locks) == (0, True, [])


def test_unattended_it_stops_before_the_first_change_unless_terraform_is_ruled_out(
    tmp_path: Path,
) -> None:
    """The next run of Terraform would take the key away, or delete the account."""
    folder = Folder(tmp_path)
    folder.warn()

    stopped = folder.run()
    misspelt = folder.run("--no-teraform")
    locks = folder.locks
    ended = folder.run("--no-terraform")

    assert (stopped.code, stopped.words(), locks) == (2, ["account show"], [])
    assert stopped.err.startswith("If Terraform manages this account, ")
    assert "without a terminal, run it with --no-terraform if" in stopped.err
    assert (misspelt.code, misspelt.calls) == (2, ())
    assert (ended.code, ended.err, folder.done) == (0, "", True)


@pytest.mark.parametrize(
    ("typed", "code"), [("no\n", 0), ("yes\n", 2), ("\n", 2), ("\x04", 2)], ids=repr
)
def test_at_a_terminal_it_asks_and_only_no_goes_on(tmp_path: Path, typed: str, code: int) -> None:
    """A person who presses Enter has not thought about it."""
    folder = Folder(tmp_path)
    folder.warn()
    keyboard, folder.azure.terminal = pty.openpty()
    os.write(keyboard, typed.encode())

    ended = folder.run()

    os.close(keyboard)
    os.close(folder.azure.terminal)
    assert (ended.code, folder.done) == (code, code == 0)
    assert "If Terraform manages this account, " in ended.err
    assert "Does Terraform manage any of these accounts without this change? (yes/no) " in ended.err


def test_without_a_sign_in_nothing_is_begun(tmp_path: Path) -> None:
    """A hundred plans that say the same would hide what is wrong."""
    folder = Folder(tmp_path)

    ended = folder.run(FAIL_AT="1")

    assert (ended.code, len(ended.calls), ended.out) == (2, 1, "")
    assert ended.err.endswith("Not started: sign in first: az login\n")
