"""The running host against its own OpenAPI document, by schemathesis with all of its checks."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.functional.conftest import OpenScene
from tests.functional.http_kit import operations

pytestmark = pytest.mark.long

# ASCII, because other letters make a token longer than a host takes in a URL; `test_fuzz` has them.
# The host itself answers TRACE, and for health and scan any other method, and not with 405.
# No schema says which tokens and cursors there are, so that a made-up one may be refused.
CONFIG: Final = """
headers = {{ "x-functions-key" = "{key}" }}
suppress-health-check = ["all"]

[generation]
codec = "ascii"
deterministic = true

[phases.coverage]
unexpected-methods = ["DELETE", "OPTIONS", "PATCH", "POST", "PUT"]

[[operations]]
include-path = ["/api/health", "/api/scan"]
phases.coverage.unexpected-methods = []

[[operations]]
include-path = [
  "/api/v1/changes", "/api/v1/findings", "/api/v1/keys", "/api/v1/owners",
  "/api/v1/scans", "/api/v1/subscriptions",
]
checks.positive_data_acceptance.expected-statuses = [200, 400, 404, 410]
"""


def test_every_answer_is_one_that_the_document_has(open_scene: OpenScene, tmp_path: Path) -> None:
    """In process the host is not there: its keys, its routes and its reading of a URL are now."""
    scene = open_scene("sample")
    scene.scan()
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONFIG.format(key=scene.host.keys.master))

    run = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", f"--config-file={config}", "run"),
            f"{scene.host.url}/api/v1/openapi.json",
            *("--checks=all", "--phases=coverage,fuzzing", "--max-examples=20", "--no-color"),
            *("--max-response-time=10", "--request-timeout=10", "--continue-on-failure"),
        ],
        env={"HOME": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    tested = re.search(r"Tested: (\d+)", run.stdout)
    sent = re.search(r"(\d+) generated", run.stdout)
    assert tested is not None, run.stdout
    assert sent is not None, run.stdout
    # It leaves out the one that it has the document from.
    assert int(tested[1]) == len(list(operations(scene.get("v1/openapi.json").body))) - 1
    assert int(sent[1]) > 200
