"""What the HTTP API says of single subscriptions and accounts, compared with what they were."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cmk_check.core.enums import PostureReason, Verdict
from cmk_check.core.requirements import HEALTHY_KEYS
from cmk_check.web import aspect_models, models
from cmk_check.web.parameters import FindingsQuery, SubscriptionsQuery
from cmk_check.web.views.findings import FindingsView
from cmk_check.web.views.status import StatusView
from cmk_check.web.views.subscriptions import SubscriptionsView
from tests.fakes.world import World
from tests.soak.past import Past
from tests.soak.tally import FalseGreenError
from tests.soak.truth import EXEMPTED, KEYS

_GREEN: Final = {"compliant", "compliant_with_exceptions"}
_STATES: Final = {
    Verdict.COMPLIANT: frozenset(KEYS),
    Verdict.NON_COMPLIANT: frozenset({"non_compliant", *EXEMPTED}),
    Verdict.UNKNOWN: frozenset({"unknown"}),
}


@dataclass(frozen=True)
class Answers:
    """Asks as users do, under the settings of the app."""

    world: World
    past: Past

    async def check(self) -> None:
        """P1: no row is newer than the scan that recorded it; a way out has a name."""
        context, clock = self.world.context, self.world.clock
        table, scans, expect = context.findings_table, context.scans, context.options.expectations
        listed = SubscriptionsView(table, scans, clock, key_health=True)
        for row in (await listed.page(SubscriptionsQuery())).value:
            self._check_subscription(row)
        found = FindingsView(table, scans, clock, ("OpenAI",), "https://portal.azure.com")
        for finding in (await found.page(FindingsQuery())).value:
            self._check_finding(finding)
        status = StatusView(table, scans, clock, expect, key_health=True)
        for where in self.world.inventory.readings:
            if await table.coverage(where) is not None:
                self._check_status(where, json.loads((await status.read_subscription(where))[0]))
        self._check_gaps(json.loads((await status.read_estate())[0]))

    def _check_subscription(self, row: models.Subscription) -> None:
        counts, where = row.accounts, row.subscription_id
        if row.coverage != "read" or row.last_read is None:
            return
        if not (counts.non_compliant - counts.excepted or counts.unknown):
            is_so = self.past.was(where, row.last_read, lambda was: was.is_good)
            _hold(is_so, f"{where} is listed with {counts} as of {row.last_read}")

    def _check_finding(self, finding: models.Finding) -> None:
        where, name, at = finding.subscription_id, finding.name, finding.as_of
        if at is not None:
            states = _STATES[finding.verdict]
            is_so = self.past.was(where, at, lambda was: was.has(name, states))
            _hold(is_so, f"{finding.id} is shown as {finding.verdict} as of {at}")
        if finding.key_health is not None:
            self._check_key(where, finding, finding.key_health)

    def _check_key(
        self, where: str, finding: models.Finding, health: aspect_models.KeyHealth
    ) -> None:
        name, at = finding.name, finding.as_of
        if at is not None and health.state == "healthy":
            is_so = self.past.was(where, at, lambda was: was.has(name, {"compliant"}))
            _hold(is_so, f"the key of {finding.id} is shown as healthy as of {at}")

    def _check_status(self, where: str, status: dict[str, Any]) -> None:
        if status["posture"] not in _GREEN:
            return
        expect, at = self.world.options.expectations, datetime.fromisoformat(status["asOf"])
        is_so = self.past.was_good(where, at, keys=HEALTHY_KEYS in expect.requires)
        _hold(is_so, f"{where} is {status['posture']} as of {at}")

    def _check_gaps(self, status: dict[str, Any]) -> None:
        """See the subscriptions named that are not read: the advice is to do what each gap says."""
        codes = {reason["code"] for reason in status["reasons"]}
        is_named = status["gaps"] or PostureReason.SUBSCRIPTIONS_UNREAD not in codes
        assert is_named, "subscriptions are said to be unread, and none is named"


def _hold(is_so: bool, message: str) -> None:  # noqa: FBT001
    if not is_so:
        raise FalseGreenError(f"{message}, and was not so from then on")
