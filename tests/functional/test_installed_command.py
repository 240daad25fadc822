"""The command line as ``pipx`` installs it: from the wheel, far from the project's folder."""

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import Final

import pytest

from local.simulator import Simulator

ROOT: Final = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel in it; what the wheel needs comes from the project's own."""
    folder = tmp_path_factory.mktemp("installed")
    _run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "env", symlinks=True)
    python = folder / "env/bin/python"
    pip = (sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check")
    _run(*pip, "install", "--quiet", "--no-index", "--no-deps", wheel, cwd=folder)
    (site_packages,) = (folder / "env/lib").glob("*/site-packages")
    (site_packages / "needs.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "env/bin"


def _run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment or None,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in {0, 1}, done.stderr
    return done


@pytest.mark.long
def test_the_command_of_the_wheel_scans(installed: Path, tmp_path: Path) -> None:
    """What works in the project's folder alone works for nobody else."""
    with Simulator("sample") as simulator:
        done = _run(installed / "cmk-check", "scan", cwd=tmp_path, **simulator.environment())

    assert done.returncode == 1
    who, next_step = done.stderr.splitlines()
    assert who.startswith("cmk-check: signed in as application ")
    assert next_step == "cmk-check: fix them: cmk-check plan --all --out fixes"
    assert done.stdout.splitlines()[-1] == "posture: non_compliant"
