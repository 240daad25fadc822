"""What the app loads at the start, for which the first request of a new instance waits."""

import subprocess
import sys

import pytest


def _loaded_by(module: str) -> set[str]:
    run = subprocess.run(
        [sys.executable, "-c", f"import sys, {module}; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(run.stdout.split())


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        # A view never calls Azure; metrics are scraped only where there is a Prometheus.
        ("cmk_check.web.routes", {"azure", "aiohttp", "prometheus_client"}),
        # Probes come to instances that serve nothing else.
        ("cmk_check.web.views.health", {"azure", "aiohttp", "fastapi", "starlette"}),
    ],
)
def test_nothing_is_loaded_that_is_not_needed(module: str, absent: set[str]) -> None:
    """Every user waits for a cold start."""
    loaded = _loaded_by(module)

    assert module in loaded
    assert not {name for name in loaded if name.split(".")[0] in absent}
