"""The words and the bash of steps: whole, put together, and free of what shellcheck finds."""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from cmk_check.cli.plan_folder import render_run
from cmk_check.core.remediation import steps
from cmk_check.core.remediation.az_script import render_az
from cmk_check.core.remediation.encryption_plan import choose_shared_vault
from cmk_check.core.remediation.steps import BASH, Action, step
from cmk_check.core.remediation.terraform import PARTS
from cmk_check.core.text_files import fill_part, read_toml
from tests.fakes.broken_keys import KEYS_IN_TROUBLE, in_hsm, key_plan_of
from tests.fakes.remediation import TENANT, finding_of, planned
from tests.unit.core.key_examples import ATTRIBUTES, POLICIES, judged, with_changes

WORDS: Final = read_toml(steps.__package__, "steps.toml")
AROUND: Final = {"head", "key_head", "functions", "no_files"}
PACKAGE: Final = Path(__file__).parents[4] / "cmk_check"
SHELLCHECK: Final = Path(sys.executable).with_name("shellcheck")
HOSTILE: Final = ('it\'s "$(touch ran)" `x` ${y} \\', "~'; *! #\u202e-rf \"\\")
# Of keys whose plans have the same steps, one is enough.
CHECKED: Final = set(KEYS_IN_TROUBLE) - {"pinned version disabled", "expiring", "of another type"}
BLOCKED: Final = {
    "key.properties.keySize": 1024,
    f"{ATTRIBUTES}.enabled": False,
    "account.identity": None,
}


def _tables() -> Iterator[tuple[Action, Mapping[str, bool], Mapping[str, str]]]:
    """Yield the table of each step, and that of each of its variants."""
    for name, words in WORDS.items():
        yield Action(name), {}, words
        for variant, changed in words.items():
            if isinstance(changed, dict):
                yield Action(name), {variant: True}, changed


def test_every_step_and_each_variant_has_words_and_bash() -> None:
    """A misspelt name is found here, and not by the first plan that needs it."""
    assert list(WORDS) == list(Action)
    for action, variants, _ in _tables():
        made = step(action, due="1", **variants)
        assert made.title
        assert made.why
        assert made.commands.strip()
        assert made.portal, "what to do in the portal"
        assert PARTS[action], "what to do in Terraform"


def test_every_part_of_the_bash_is_used() -> None:
    """A part that is in no script would still be read and kept up."""
    named = [words["bash"] for _, _, words in _tables() if "bash" in words]
    placed = re.findall(r"@(\w+)@", " ".join(BASH.values()))

    assert BASH.keys() - AROUND == {*Action, *named, *placed} - {"due"}


def test_a_placeholder_is_a_value_or_another_part_and_a_value_holds_none() -> None:
    """Values may contain names from Azure, which must not control a script."""
    parts = {"whole": 'a="@inner@" @due@ b@c', "inner": "(@due@)", "due": "never"}

    assert fill_part(parts, "whole", {}) == 'a="(never)" never b@c'
    assert fill_part(parts, "whole", {"due": "@inner@"}) == 'a="(@inner@)" @inner@ b@c'
    with pytest.raises(KeyError, match="nothing"):
        fill_part({"whole": "@nothing@"}, "whole", {})


def _scripts() -> dict[str, str]:
    name, group = HOSTILE
    user = finding_of(name, group, identity_type="UserAssigned")
    shared = finding_of(name, group)
    blocked = judged(with_changes(POLICIES, BLOCKED))
    return {
        "new": render_az(planned(shared)),
        "old": render_az(planned(user, vault="kv-old")),
        "shared": render_az(planned(shared, vault=choose_shared_vault(shared), tenant_id=TENANT)),
        "run": render_run([("plans/1-chat.sh", f"{name} in {group}")], ["plans/1-chat.sh"]),
        "hsm": render_az(key_plan_of(in_hsm(KEYS_IN_TROUBLE["key disabled"]), name, group)),
        "blocked": render_az(key_plan_of(blocked, name, group)),
        **{what: render_az(key_plan_of(KEYS_IN_TROUBLE[what], name, group)) for what in CHECKED},
    }


@pytest.mark.long
def test_shellcheck_finds_nothing_in_any_script(tmp_path: Path) -> None:
    """A person who keeps a script must not have to judge shellcheck's findings first."""
    for file, script in _scripts().items():
        (tmp_path / file).write_text(script)

    _assert_clean(*sorted(tmp_path.iterdir()))


def test_shellcheck_finds_nothing_in_the_sources_of_scripts() -> None:
    """An editor that runs it shows what is new, and no more."""
    _assert_clean(*sorted(PACKAGE.rglob("*.sh")))


def _assert_clean(*files: Path) -> None:
    ended = subprocess.run(
        [SHELLCHECK, *files],
        env={"LC_ALL": "C.UTF-8"},
        capture_output=True,
        check=False,
        encoding="utf-8",
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
