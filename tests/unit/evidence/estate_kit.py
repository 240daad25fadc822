"""Random histories of scans, what was recorded at each time, and what the API lists."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from cmk_check.core.account import Account
from cmk_check.core.enums import CoverageState
from cmk_check.core.model import Coverage
from cmk_check.core.posture import Expectations
from cmk_check.evidence.as_of import AccountThen, History
from cmk_check.store.findings import FindingsTable
from cmk_check.web import models
from cmk_check.web.routes import create_app
from tests.fakes.world import World, sub
from tests.unit.web.api_kit import AS_SERVED, MAX_AGE
from tests.unit.web.asgi_client import send

WHERE: Final = sub(1)
type Recorded = Mapping[str, tuple[CoverageState, tuple[AccountThen, ...]]]


async def recorded(world: World) -> Recorded:
    """Return what the tables hold: the coverage and the accounts of each subscription."""
    accounts: dict[str, list[AccountThen]] = {}
    for finding in (await world.findings()).values():
        key = finding.key_health.state if finding.key_health else None
        verdict, reason = finding.judgement.verdict, finding.judgement.reason
        then = AccountThen(str(finding.id), finding.kind, verdict, reason, key)
        accounts.setdefault(finding.id.subscription_id, []).append(then)
    return {
        where: (row.state, tuple(sorted(accounts.get(where, []))))
        async for (where, _), row in FindingsTable(world.store).coverages(None, None)
        if isinstance(row, Coverage)
    }


@dataclass
class Listed:
    """What the HTTP API lists; tests may take a change away or alter it."""

    findings: list[dict[str, Any]] = field(default_factory=list)
    subscriptions: list[dict[str, Any]] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    scans: list[dict[str, Any]] = field(default_factory=list)

    def without(self, change: dict[str, Any]) -> "Listed":
        """Return the same without a change."""
        return replace(self, changes=[each for each in self.changes if each is not change])

    @property
    def history(self) -> History:
        """What the command rebuilds from."""
        return History(
            map(models.Finding.model_validate, self.findings),
            map(models.Subscription.model_validate, self.subscriptions),
            map(models.ChangeEvent.model_validate, self.changes),
            map(models.Scan.model_validate, self.scans),
        )


async def listed(world: World) -> Listed:
    """Read the four lists over the API."""
    app = create_app(world.store, world.clock, Expectations(MAX_AGE), AS_SERVED)
    found = {}
    for name in ("findings", "subscriptions", "changes", "scans"):
        answer = await send(app, f"/api/v1/{name}?top=1000")
        assert "nextLink" not in answer.json
        found[name] = answer.json["value"]
    return Listed(**found)


async def scanned(*readings: Account | None) -> tuple[Listed, list[datetime]]:
    """Scan once for each reading of a subscription; return what is listed, and the times."""
    world, times = World(), []
    world.listed(WHERE)
    for reading in readings:
        world.read(WHERE, *([reading] if reading else []))
        await world.scan()
        times.append(world.clock.now())
    return await listed(world), times
