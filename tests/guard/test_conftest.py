"""The promises that tests/conftest.py makes to every other test, seen from outside."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

# Without the plugins that take long to import.
PYTEST = [sys.executable, "-m", "pytest", "-pno:cacheprovider", "-pno:schemathesis", "-pno:xdist"]
FOREIGN = {"CMK_STORAGE": "x", "AZURE_CLIENT_ID": "x", "https_proxy": "x", "IDENTITY_ENDPOINT": "x"}
SAMPLE = f"""
import contextlib, os, socket
import pytest

@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "management.azure.com"])
def test_stranger(host):
    with contextlib.suppress(Exception):
        socket.create_connection((host, 443), timeout=1)

def test_loopback():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(("localhost", server.getsockname()[1])).close()

def test_environment():
    assert not set(os.environ) & {set(FOREIGN)}
"""


def test_strangers_and_settings_of_the_machine_are_kept_out(tmp_path: Path) -> None:
    """Else the suite passes or fails by what lies on the network, or scans somebody's estate."""
    shutil.copy(ROOT / "tests/conftest.py", tmp_path)
    (tmp_path / "test_sample.py").write_text(SAMPLE)

    run = subprocess.run(
        [*PYTEST, "-q", "-rA", tmp_path],
        env=os.environ | FOREIGN,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "5 passed, 3 errors" in run.stdout, run.stdout + run.stderr
    assert re.findall(r"(?m)^ERROR .*::(test_\w+)", run.stdout) == ["test_stranger"] * 3


def test_another_run_names_the_heavy_tools_that_it_leaves_out(tmp_path: Path) -> None:
    """Else nobody knows that a release was never opened in a spreadsheet."""
    shutil.copy(ROOT / "tests/conftest.py", tmp_path)
    sample = 'import pytest\n\n@pytest.mark.tools("LibreOffice")\ndef test_it(): assert 0\n'
    (tmp_path / "test_sample.py").write_text(sample)

    command = [*PYTEST, "-q", "-rs", "-W", "ignore", "-m", "long", str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)

    assert "NOT RUN WITH LibreOffice: `make test-tools` does" in run.stdout, run.stdout
    assert "1 skipped" in run.stdout
