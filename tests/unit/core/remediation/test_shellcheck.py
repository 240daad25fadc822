"""Every script that the program writes, read by shellcheck, which has nothing to say."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from cmk_check.core.model import Finding
from cmk_check.core.remediation.az_script import render_az
from cmk_check.core.remediation.key_plan import key_plan_for
from cmk_check.core.remediation.plan import vault_to_share
from cmk_check.core.remediation.run_script import render_run
from tests.fakes.broken_keys import KEYS_IN_TROUBLE, broken, in_hsm
from tests.fakes.remediation import TENANT, finding_of, planned

SHELLCHECK: Final = Path(sys.executable).with_name("shellcheck")
NAMES: Final = {
    "plain": ("chat", "rg-ai"),
    "hostile": ('it\'s "$(touch ran)" `x` ${y} \\', "~'; *! #\u202e-rf \"\\"),
}


def _shared(finding: Finding) -> str:
    return render_az(planned(finding, vault=vault_to_share(finding), tenant_id=TENANT))


def _of_key(finding: Finding) -> str:
    """Return the script for a key, or nothing: not all of them can be made for an HSM."""
    plan = key_plan_for(finding, tenant_id=TENANT)
    return render_az(plan) if plan else "#!/bin/sh\n"


def _scripts(name: str, group: str) -> dict[str, str]:
    user = finding_of(name, group, identity_type="UserAssigned")
    return {
        "new": render_az(planned(finding_of(name, group))),
        "old": render_az(planned(user, vault="kv-old")),
        "shared": _shared(finding_of(name, group)),
        "run": render_run([("plans/1-chat.sh", f"{name} in {group}")]),
    } | {
        f"{what}, {place}": _of_key(broken(place_of(health), name, group))
        for what, health in KEYS_IN_TROUBLE.items()
        for place, place_of in {"in a vault": lambda health: health, "in an HSM": in_hsm}.items()
    }


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_shellcheck_finds_nothing_in_any_script(tmp_path: Path, names: tuple[str, str]) -> None:
    """Whoever keeps a script beside their own must not have to judge its findings first."""
    for file, script in _scripts(*names).items():
        (tmp_path / file).write_text(script)

    ended = subprocess.run(
        [SHELLCHECK, *sorted(tmp_path.iterdir())],
        env={"LC_ALL": "C.UTF-8"},
        capture_output=True,
        check=False,
        encoding="utf-8",
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
