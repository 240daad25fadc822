"""Completion in the shells that are here, with the script that the command prints for them."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from local.stack import APP
from tests.browsers import end_without

# Zsh completes at its line editor alone: what the script declares, and what the command answers.
_ASKED: Final = {
    "bash": 'eval "$(cmk-check --show-completion)"; COMP_WORDS=(cmk-check scan -o s); '
    'COMP_CWORD=3; complete -p cmk-check; _cmk_check_completion cmk-check; echo "${COMPREPLY[@]}"',
    "zsh": "compdef() { : }; _arguments() { echo $1 }; words=(cmk-check scan -o s); "
    'CURRENT=4; eval "$(cmk-check --show-completion)"; _cmk_check_completion',
    "fish": "cmk-check --show-completion | source; complete --do-complete 'cmk-check scan -o s'",
}


@pytest.mark.long
@pytest.mark.parametrize("shell", _ASKED)
def test_the_printed_script_completes_a_format(shell: str, tmp_path: Path) -> None:
    """It detects the shell that runs it, and is read by that shell."""
    if shutil.which(shell) is None:
        end_without(f"NO COMPLETION WAS TRIED in {shell}: it is not installed")
    path = f"{APP / 'local/bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [shell, "-c", _ASKED[shell]],
        env={"PATH": path, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert "sarif" in done.stdout.splitlines()[-1], done.stderr
    assert "table" not in done.stdout
