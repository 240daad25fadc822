"""The compiler is started once, and each template and snapshot is asked for once."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.guard.infra.alert_rules import rules_of
from tests.guard.infra.bicep_kit import Bicep, Json
from tests.guard.infra.deny_rules import SETS, created_by
from tests.guard.infra.expressions import worked_out


@pytest.hookimpl(tryfirst=True)  # before those are left out that are long
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Count whatever asks the compiler among the long proofs: few machines have it."""
    for item in items:
        if "compiler" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.long)


@pytest.fixture(scope="session")
def compiler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bicep]:
    """Return the running compiler, over a copy of the templates."""
    with Bicep(tmp_path_factory.mktemp("infra")) as running:
        yield running


@pytest.fixture(scope="session")
def rules(compiler: Bicep) -> dict[str, Any]:
    """Return the properties of each alert rule over log lines; of both files they are the same."""
    return rules_of(worked_out(compiler.snapshot("minimal.bicepparam")))


@pytest.fixture(params=["minimal.bicepparam", "production.bicepparam"])
def resources(compiler: Bicep, request: pytest.FixtureRequest) -> list[Json]:
    """Return what a deployment would create, in the public cloud."""
    found: list[Json] = worked_out(compiler.snapshot(request.param))
    return found


@pytest.fixture(scope="session")
def created(compiler: Bicep) -> dict[str, list[Json]]:
    """Return what each parameter set of ``deny_rules.toml`` would create."""
    return {name: created_by(compiler, path) for name, path in SETS.items()}
