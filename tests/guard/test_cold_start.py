"""What the platform waits for before it can call any function at all."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HEAVY = (
    "azure.mgmt",
    "azure.identity",
    "azure.data",
    "azure.storage",
    "aiohttp",
    "fastapi",
    "prometheus_client",
    "xlsxwriter",
)


def test_indexing_the_functions_loads_nothing_heavy() -> None:
    """Each instance does it at its start; what an invocation needs it loads by itself."""
    run = subprocess.run(
        [sys.executable, "-c", "import sys, function_app; print(*sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = run.stdout.split()

    assert "cmk_check.triggers" in loaded
    assert [name for name in loaded if f"{name}.".startswith(tuple(f"{h}." for h in HEAVY))] == []
    assert "pydantic" not in loaded
