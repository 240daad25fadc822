"""The API over a store in memory, and the rows to put into it."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fastapi import FastAPI

from cmk_check.config.settings import Settings
from cmk_check.core.account import Evidence, Judgement, Subscription
from cmk_check.core.account_groups import group_by_key, group_by_owner, write_groups
from cmk_check.core.counts import AccountCounter, summarise
from cmk_check.core.enums import (
    CoverageState,
    GapReason,
    KeyState,
    Reason,
    ScanState,
    Trigger,
    Verdict,
)
from cmk_check.core.gap import Gap
from cmk_check.core.keys.key_health import KeyHealth
from cmk_check.core.model import AccountCounts, Coverage, DueDate, Finding
from cmk_check.core.owner import UNOWNED, Owner
from cmk_check.core.posture import Expectations
from cmk_check.core.recorded_scope import RecordedScope
from cmk_check.core.resource_id import AccountId
from cmk_check.core.status import LastScan, Status
from cmk_check.core.watch_state import Watch
from cmk_check.ports import Insert, Replace, Table
from cmk_check.store import codec, table_keys
from cmk_check.store.scans import ScanTable
from cmk_check.web.http.table_walk_limit import Places
from cmk_check.web.routes import create_app
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import MovableClock
from tests.unit.config.settings_kit import AZURITE

GOLDEN = Path(__file__).parent / "golden"
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
EARLIER = NOON - timedelta(days=3)
MAX_AGE = timedelta(hours=3)
PRODUCTION = "8d3c0000-0000-0000-0000-000000000001"
LAB = "5b1e0000-0000-0000-0000-000000000002"
TENANT = "72f90000-0000-0000-0000-00000000000f"
PORTAL = "https://portal.azure.com"
KINDS = ("OpenAI", "AIServices")
AS_SERVED = Settings.load(AZURITE)


def as_served(**changed: object) -> Settings:
    """Return the settings with some of another value."""
    return AS_SERVED.model_copy(update=changed)


async def no_resend(_first: int, _last: int) -> bool:
    """Stand for what sends changes again."""
    raise AssertionError


@dataclass
class Served:
    """A store with its rows, and the API over it; ``watched`` is whether it has a watch."""

    store: RecordingStore = field(default_factory=RecordingStore)
    clock: MovableClock = field(default_factory=lambda: MovableClock(NOON))
    watched: bool = False

    @property
    def scans(self) -> ScanTable:
        """The table of scans."""
        return ScanTable(self.store)

    def app(
        self,
        settings: Settings = AS_SERVED,
        expect: Expectations | None = None,
        places: Places | None = None,
    ) -> FastAPI:
        """Build the API over this, as a process of the app does at its start."""
        if self.watched:
            settings = settings.model_copy(update={"watch_schedule": "0 1/2 * * * *"})
        expect = expect or Expectations(MAX_AGE)
        return create_app(self.store, self.clock, expect, settings, places)

    async def put(self, coverage: Coverage, findings: Iterable[Finding] = ()) -> None:
        """Write the rows of a subscription as a scan does, with their sums by owner and key."""
        findings = tuple(findings)
        owners, keys = group_by_owner(findings), group_by_key(findings)
        coverage = replace(coverage, owners=write_groups(owners), keys=write_groups(keys))
        partition = table_keys.get_partition(coverage.subscription.id)
        await self.store.commit(
            Table.FINDINGS,
            partition,
            [
                Insert(table_keys.COVERAGE, codec.encode_coverage(coverage)),
                *(
                    Insert(
                        table_keys.finding_row(finding.id.resource_group, finding.id.name),
                        codec.encode_finding(finding),
                    )
                    for finding in findings
                ),
            ],
        )

    async def change(
        self, table: Table, partition: str, row: str, **values: str | int | None
    ) -> None:
        """Change properties of a row directly; None removes one."""
        found = await self.store.get(table, partition, row)
        assert found is not None
        changed = {**found.values, **values}
        kept = {name: value for name, value in changed.items() if value is not None}
        await self.store.commit(table, partition, [Replace(row, kept, found.etag)])

    async def put_watch(self, watch: Watch) -> None:
        """Write the row of the watch, and serve it from now on."""
        self.watched = True
        await self.scans.write_watch(watch, await self.scans.watch())

    async def put_status(self, status: Status) -> None:
        """Write the status, replacing the old one."""
        await self.scans.commit(status=(status, (await self.scans.status()).etag))


def finding(
    name: str = "chat",
    verdict: Verdict = Verdict.NON_COMPLIANT,
    *,
    kind: str | None = "OpenAI",
    group: str = "rg-ai",
    subscription_id: str = PRODUCTION,
) -> Finding:
    """Make a finding."""
    text = (
        f"/subscriptions/{subscription_id}/resourceGroups/{group}"
        f"/providers/Microsoft.CognitiveServices/accounts/{name}"
    )
    reason, message, source = {
        Verdict.COMPLIANT: (Reason.CUSTOMER_MANAGED_KEY, "A key is named.", "Microsoft.KeyVault"),
        Verdict.NON_COMPLIANT: (Reason.MICROSOFT_MANAGED_KEY, "Microsoft's keys are set.", None),
        Verdict.UNKNOWN: (Reason.MALFORMED, "The account has no kind.", None),
    }[verdict]
    account_id = AccountId.parse(text)
    assert account_id
    return Finding(
        id=account_id,
        kind=kind,
        location="westeurope",
        tags={"owner": "ai-platform"},
        owner=Owner("ai-platform", "account"),
        judgement=Judgement(
            verdict, reason, message, Evidence(key_source=source, created_at="2022-10-26T04:50:20Z")
        ),
        rule_version="1",
        first_seen=EARLIER,
        changed_at=NOON,
        violated_since=NOON if verdict is Verdict.NON_COMPLIANT else None,
        previous_verdict=Verdict.COMPLIANT,
    )


def under_key(name: str, owner: str, health: KeyHealth | None = None) -> Finding:
    """Make the finding of a compliant account whose key is known."""
    bare = finding(name, Verdict.COMPLIANT)
    evidence = Evidence("Microsoft.KeyVault", "cmk", key_vault_uri="https://kv-ai.vault.azure.net")
    judgement = replace(bare.judgement, evidence=evidence)
    vault = "/v" if health else None
    known = Owner(owner, "account")
    return replace(bare, judgement=judgement, owner=known, key_health=health, vault_id=vault)


def _due(health: KeyState, days: int) -> KeyHealth:
    at = NOON + timedelta(days=days)
    return KeyHealth(health, expires=at, next_rotation_at=at)


# Accounts with each verdict; some have an owner, a due date, or a key whose health is known.
MIXED = [
    replace(finding("a"), due=DueDate(EARLIER, NOON, NOON)),
    under_key("b", "\U0001f511 Zoë", _due(KeyState.AT_RISK, 9)),
    under_key("c", "ai", _due(KeyState.HEALTHY, 90)),
    replace(finding("d", Verdict.UNKNOWN), owner=UNOWNED),
    under_key("e", "chat"),
]


def coverage(
    state: CoverageState = CoverageState.READ,
    subscription_id: str = PRODUCTION,
    name: str = "Production",
    accounts: AccountCounts | None = None,
) -> Coverage:
    """Make a coverage row."""
    gap = Gap(GapReason.FORBIDDEN, "Microsoft.CognitiveServices/accounts/read", "Grant it.")
    return Coverage(
        subscription=Subscription(subscription_id, name, TENANT, "Enabled"),
        state=state,
        since=EARLIER,
        gap=gap if state is CoverageState.GAP else None,
        last_read=EARLIER,
        accounts=accounts or AccountCounts(),
    )


def counted(findings: Iterable[Finding], unread: int = 0) -> AccountCounts:
    """Count findings, with three accounts of a kind out of scope."""
    tally = AccountCounter()
    for entry in findings:
        tally.add(entry)
    return tally.counts({"SpeechServices": 3}, unread)


def status_of(*recorded: Coverage, as_of: datetime | None = NOON) -> Status:
    """Make the status after a scan of these subscriptions."""
    scan = LastScan(
        "20261125T120000Z-3fa9",
        ScanState.INCOMPLETE,
        Trigger.TIMER,
        NOON,
        NOON + timedelta(seconds=9),
    )
    return Status(as_of, summarise(recorded, 0), len(recorded), scan)


async def recorded(*findings: Finding, accounts: AccountCounts | None = None) -> Served:
    """Serve the rows after a scan of one subscription with these accounts."""
    served = Served()
    row = coverage(accounts=accounts or counted(findings))
    await served.put(row, findings)
    await served.put_status(status_of(row))
    return served


async def sample() -> Served:
    """Serve an estate of two subscriptions, one of which could not be read this time."""
    served = Served()
    mine = [
        finding("Chat"),
        finding("safe", Verdict.COMPLIANT, kind="AIServices"),
        finding("odd", Verdict.UNKNOWN, kind=None),
    ]
    theirs = [finding("old", Verdict.COMPLIANT, subscription_id=LAB)]
    production = coverage(accounts=counted(mine))
    lab = replace(
        coverage(CoverageState.GAP, LAB, "Lab"),
        accounts=replace(counted(theirs, unread=1), ignored_by_kind={}),
    )
    await served.put(production, mine)
    await served.put(lab, theirs)
    scope = RecordedScope.of([], [], [], "MG-Company")
    await served.put_status(replace(status_of(production, lab), scope=scope))
    return served
