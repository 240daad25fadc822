"""What the edge loads: the first request of a new instance waits for it."""

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


@pytest.mark.parametrize("module", ["cmk_check.web.routes", "cmk_check.web.views.health"])
def test_nothing_of_azure_is_loaded(module: str) -> None:
    """A view never calls Azure, so that it need not pay for its clients."""
    loaded = _loaded_by(module)

    assert module in loaded
    assert not {name for name in loaded if name.split(".")[0] in {"azure", "aiohttp"}}


def test_health_does_without_the_api() -> None:
    """Probes come to instances that serve nothing else."""
    assert not {"fastapi", "starlette", "cmk_check.web.routes"} & _loaded_by(
        "cmk_check.web.views.health"
    )


def test_the_api_does_without_what_one_consumer_needs() -> None:
    """Metrics are scraped where there is a Prometheus; everybody waits for a cold start."""
    assert "prometheus_client" not in _loaded_by("cmk_check.web.routes")
