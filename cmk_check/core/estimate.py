"""What scans of an estate ask of Azure and of the storage, counted without one.

The numbers of requests are those of a full scan in which nothing changes; tests compare them with
counted scans. Seconds, bytes and log lines are assumptions, from measurements on a laptop.
"""

from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Final

from cmk_check.core.prices import HOURS_A_MONTH, Use
from cmk_check.limits import DAILY_READING, SCAN_DEADLINE, TABLE_PAGE_ROWS

# Azure's own: a bucket of reads for each subscription, and what flows into it in a second
# (https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling).
ARM_BUCKET: Final = 250
ARM_REFILL: Final = 25
# Queries in five seconds, and rows of one answer
# (https://learn.microsoft.com/azure/governance/resource-graph/concepts/guidance-for-throttled-requests).
GRAPH_QUERIES: Final = 15
GRAPH_SECONDS: Final = 5
_GRAPH_ROWS: Final = 1000
# Requests a second to the tables of an account
# (https://learn.microsoft.com/azure/storage/tables/scalability-targets).
TABLE_REQUESTS_A_SECOND: Final = 20_000

_MONTH: Final = timedelta(hours=HOURS_A_MONTH)
_SUBSCRIPTIONS_A_PAGE: Final = 1000
_ANSWER_SECONDS: Final = 0.1
_PROCESSOR_SECONDS: Final = 0.0015
_QUERIES_A_LOOK: Final = 2
_SUBSCRIPTION_BYTES: Final = 1000
_FINDING_BYTES: Final = 2500
_SCAN_BYTES: Final = 2000
_LINE_BYTES: Final = 1000
_LINES_A_SLICE: Final = 10


@dataclass(frozen=True, slots=True)
class Estate:
    """How much there is; ``vaults`` have one key each, ``violations`` are accounts without one.

    ``projects`` are spread over as many accounts as they can be; ``stores`` is what all name.
    """

    subscriptions: int
    accounts: int
    violations: int
    vaults: int
    projects: int = 0
    stores: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """The settings that matter. ``kept`` is how long scans are kept.

    ``looks`` are those of the watch for changes, in an hour.
    """

    every: timedelta
    slice_size: int
    in_flight: int
    key_health: bool
    scopes_always: bool
    cross_check: bool
    exceptions: bool
    data_stores: bool
    projects_always: bool
    looks: float
    kept: timedelta


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests of one full scan by kind; ``scopes`` and ``projects`` are the mean of a day.

    ``projects`` are all that find out which stores there are.
    """

    subscriptions: int
    accounts: int
    exemptions: int
    vaults: int
    keys: int
    grants: int
    roles: int
    scopes: float
    projects: float
    stores: int
    graph: int
    table_reads: int
    table_writes: float
    queue: int

    @property
    def arm(self) -> float:
        """All to Azure Resource Manager, but queries of Resource Graph."""
        lists = self.subscriptions + self.accounts + self.exemptions + self.scopes
        data = self.projects + self.stores
        return lists + data + self.vaults + self.keys + self.grants + self.roles

    @property
    def to_one_subscription(self) -> int:
        """The most to one subscription, if it has all vaults and its share of the accounts."""
        once = min(self.accounts, 1) + min(self.exemptions, 1) + min(self.roles, 1)
        of_accounts = self.scopes + self.projects + self.stores
        return once + 3 * self.vaults + ceil(of_accounts / self.accounts)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an estate needs with these settings."""

    estate: Estate
    plan: Plan

    @property
    def slices(self) -> int:
        """The slices of a scan."""
        return max(1, ceil(self.estate.subscriptions / self.plan.slice_size))

    @property
    def scan(self) -> Requests:
        """The requests of one scan."""
        estate, plan, slices = self.estate, self.plan, self.slices
        compliant = estate.accounts - estate.violations if plan.key_health else 0
        vaults = min(estate.vaults, compliant)
        rows = ceil((estate.subscriptions + estate.accounts) / slices / TABLE_PAGE_ROWS)
        known = ceil(estate.accounts / slices / _GRAPH_ROWS)
        daily = min(1, plan.every / DAILY_READING)
        due = min(estate.accounts, estate.projects) if plan.data_stores else 0
        share = 1 if plan.projects_always else daily
        return Requests(
            subscriptions=ceil(estate.subscriptions / _SUBSCRIPTIONS_A_PAGE),
            accounts=estate.subscriptions,
            exemptions=min(estate.violations, estate.subscriptions) if plan.exceptions else 0,
            vaults=vaults,
            keys=vaults,
            grants=vaults,
            roles=min(vaults, slices),
            scopes=compliant * (1 if plan.scopes_always else daily),
            # The lists of an account, and of each project its hosts, its connections and itself.
            projects=share * (2 * due + 3 * estate.projects) if due else 0,
            stores=estate.stores if plan.data_stores else 0,
            graph=slices * max(1, known) if plan.cross_check else 0,
            table_reads=11 + slices * (9 + rows),
            # When projects were read is written: a mark and a transaction for each subscription.
            table_writes=5 + slices * 2 + 2 * min(share * due, estate.subscriptions),
            queue=3 * (slices + 1),
        )

    @property
    def scans_an_hour(self) -> float:
        """Scans an hour."""
        return timedelta(hours=1) / self.plan.every

    @property
    def graph_an_hour(self) -> float:
        """Queries of Resource Graph an hour."""
        return self.scan.graph * self.scans_an_hour + self.graph_of_watch

    @property
    def graph_of_watch(self) -> float:
        """Those of the watch for changes among them."""
        return _QUERIES_A_LOOK * self.plan.looks

    @property
    def seconds(self) -> float:
        """How long a scan takes on one instance, with 100 ms an answer."""
        each = _ANSWER_SECONDS / self.plan.in_flight + _PROCESSOR_SECONDS
        works = 2 + (self.scan.arm + self.scan.graph) * each
        # At least one subscription gets as much as the mean.
        return max(works, (self.scan.arm / self.estate.subscriptions - ARM_BUCKET) / ARM_REFILL)

    @property
    def instances(self) -> int:
        """The instances that end a scan before the next one begins, and before it is given up."""
        return ceil(self.seconds / min(self.plan.every, SCAN_DEADLINE).total_seconds())

    @property
    def tables_a_second(self) -> float:
        """Requests to the tables in a second of a scan."""
        return (self.scan.table_reads + self.scan.table_writes) / self.seconds * self.instances

    @property
    def use(self) -> Use:
        """What a month uses."""
        scan, scans = self.scan, _MONTH / self.plan.every
        looks = self.plan.looks * HOURS_A_MONTH
        estate = self.estate
        stored = estate.subscriptions * _SUBSCRIPTION_BYTES + estate.accounts * _FINDING_BYTES
        return Use(
            table_requests=scans * (scan.table_reads + scan.table_writes) + looks,
            queue_requests=scans * scan.queue,
            seconds=scans * self.seconds + looks,
            executions=scans * (2 + self.slices) + looks,
            stored=stored + self.plan.kept / self.plan.every * _SCAN_BYTES,
            logged=(scans * (self.slices + 2) + looks) * _LINES_A_SLICE * _LINE_BYTES,
        )
