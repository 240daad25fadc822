"""The right to read the estate: exactly what the program asks of Azure, no more and no less."""

import json
import os
import re
import subprocess
import sys
from typing import Final

import pytest

from local.simulator import Simulator
from tests.guard.documents import ROOT, codes, table

GRANTED: Final = json.loads((ROOT / "infra/scope/actions.json").read_text())
PERMISSIONS: Final = (ROOT / "docs/permissions.md").read_text()
# What each request takes: https://learn.microsoft.com/azure/role-based-access-control/permissions
NEEDED: Final = {
    "GET /subscriptions": "Microsoft.Resources/subscriptions/read",
    "GET /subscriptions/{id}/providers/Microsoft.CognitiveServices/accounts": (
        "Microsoft.CognitiveServices/accounts/read"
    ),
}


@pytest.fixture(scope="module")
def asked() -> set[str]:
    """What a scan of the sample estate asked of Azure Resource Manager."""
    with Simulator("sample") as simulator:
        subprocess.run(
            [sys.executable, "-m", "cmk_check", "scan", "--quiet"],
            cwd=ROOT,
            env={"PATH": os.defpath, **simulator.environment()},
            capture_output=True,
            timeout=60,
            check=False,
        )
        # The endpoint of the identity asks who calls by other means: no role is needed for it.
        by_role = [record for record in simulator.requests if record.authorized]
        return {f"{record.method} {_pattern(record.path)}" for record in by_role}


def _pattern(path: str) -> str:
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "{id}", path)


def test_the_role_grants_what_a_scan_asks_for_and_nothing_else(asked: set[str]) -> None:
    """One action too few is a gap in every subscription; one too many is a right for a thief."""
    assert asked == NEEDED.keys()
    assert sorted(GRANTED) == sorted(NEEDED.values())


def test_the_role_only_reads() -> None:
    """A wildcard, or a verb like listKeys/action, would be more than anybody was told (P5)."""
    assert [action for action in GRANTED if not re.fullmatch(r"[\w./]+/read", action)] == []


def test_the_document_names_each_action_with_its_request() -> None:
    """Whoever grants the role by hand copies the actions from there."""
    rows = table(PERMISSIONS, "action")

    told = {
        request: action
        for action, row in zip(codes(rows), rows, strict=True)
        for request in re.findall(r"`(GET [^`]+)`", row[1])
    }

    assert told == NEEDED
