"""Shellcheck finds nothing in any script that the program writes."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from cmk_check.cli.plan_folder import render_run
from cmk_check.core.model import Finding
from cmk_check.core.remediation.az_script import render_az
from cmk_check.core.remediation.cmk_plan import vault_to_share
from tests.fakes.broken_keys import KEYS_IN_TROUBLE, in_hsm, key_plan_of
from tests.fakes.remediation import TENANT, finding_of, planned
from tests.unit.core.key_examples import ATTRIBUTES, POLICIES, judged, with_changes

PACKAGE: Final = Path(__file__).parents[4] / "cmk_check"
SHELLCHECK: Final = Path(sys.executable).with_name("shellcheck")
NAMES: Final = {
    "plain": ("chat", "rg-ai"),
    "hostile": ('it\'s "$(touch ran)" `x` ${y} \\', "~'; *! #\u202e-rf \"\\"),
}
# Of keys whose plans have the same steps, one is enough.
CHECKED: Final = set(KEYS_IN_TROUBLE) - {"pinned version disabled", "expiring", "of another type"}

BLOCKED: Final = judged(
    with_changes(
        POLICIES,
        {
            "key.properties.keySize": 1024,
            f"{ATTRIBUTES}.enabled": False,
            "account.identity": None,
        },
    )
)


def _shared(finding: Finding) -> str:
    return render_az(planned(finding, vault=vault_to_share(finding), tenant_id=TENANT))


def _scripts(name: str, group: str) -> dict[str, str]:
    user = finding_of(name, group, identity_type="UserAssigned")
    # A name stands in the assignments alone, which are alike in all scripts for keys.
    keys = CHECKED if name in NAMES["plain"] else {"key disabled", "no identity"}
    return {
        "new": render_az(planned(finding_of(name, group))),
        "old": render_az(planned(user, vault="kv-old")),
        "shared": _shared(finding_of(name, group)),
        "run": render_run([("plans/1-chat.sh", f"{name} in {group}")], ["plans/1-chat.sh"]),
        "hsm": render_az(key_plan_of(in_hsm(KEYS_IN_TROUBLE["key disabled"]), name, group)),
        "blocked": render_az(key_plan_of(BLOCKED, name, group)),
        **{what: render_az(key_plan_of(KEYS_IN_TROUBLE[what], name, group)) for what in keys},
    }


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(NAMES["plain"], id="plain", marks=pytest.mark.long),
        pytest.param(NAMES["hostile"], id="hostile"),
    ],
)
def test_shellcheck_finds_nothing_in_any_script(tmp_path: Path, names: tuple[str, str]) -> None:
    """A person who keeps a script must not have to judge shellcheck's findings first."""
    for file, script in _scripts(*names).items():
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
