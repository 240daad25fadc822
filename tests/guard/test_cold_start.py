"""What the platform waits for before it can call any function at all."""

import subprocess
import sys

import pytest

from tests.guard.documents import ROOT

HEAVY = (
    "azure.mgmt",
    "azure.identity",
    "azure.data",
    "azure.storage",
    "aiohttp",
    "fastapi",
    "prometheus_client",
    "pydantic",
    "xlsxwriter",
)


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        # Each instance indexes its functions at its start; what one needs it loads by itself.
        ("function_app", HEAVY),
        # A view never calls Azure; metrics are scraped only where there is a Prometheus.
        ("cmk_check.web.routes", ("azure", "aiohttp", "prometheus_client")),
        # Probes come to instances that serve nothing else.
        ("cmk_check.web.views.health", ("azure", "aiohttp", "fastapi", "starlette")),
    ],
)
def test_nothing_is_loaded_that_is_not_needed(module: str, heavy: tuple[str, ...]) -> None:
    """Every user waits for a cold start."""
    command = [sys.executable, "-c", f"import sys, {module}; print(*sys.modules)"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = run.stdout.split()

    assert module in loaded
    assert [name for name in loaded if f"{name}.".startswith(tuple(f"{h}." for h in heavy))] == []
