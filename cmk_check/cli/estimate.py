"""``estimate``: how many requests the scans of an estate make, and what they cost.

Requests are counted for a full scan in which nothing changes; tests compare the numbers with real
scans. Seconds, bytes and log lines are assumptions from measurements on a laptop.
"""

import re
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from functools import partial
from math import ceil
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cmk_check.cli.exit_codes import ended
from cmk_check.cli.stdout import write
from cmk_check.core.enums import ExceptionMode
from cmk_check.core.prices import HOURS_A_MONTH, NOTED, Prices, Use, month
from cmk_check.errors import NotUsable
from cmk_check.limits import DAILY_READING, MAX_ESTIMATED, SCAN_DEADLINE, TABLE_PAGE_ROWS

if TYPE_CHECKING:
    from cmk_check.config.settings import Settings

_number: Final = partial(typer.Option, max=MAX_ESTIMATED, metavar="NUMBER")
# Azure's limits: a bucket of reads for each subscription, and its refill per second
# (https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling).
_ARM_BUCKET: Final = 250
_ARM_REFILL: Final = 25
# Queries in five seconds, and rows per response
# (https://learn.microsoft.com/azure/governance/resource-graph/concepts/guidance-for-throttled-requests).
_GRAPH_QUERIES: Final = 15
_GRAPH_SECONDS: Final = 5
_GRAPH_ROWS: Final = 1000
# Requests per second to the tables of a storage account
# (https://learn.microsoft.com/azure/storage/tables/scalability-targets).
_TABLE_REQUESTS_A_SECOND: Final = 20_000

_SUBSCRIPTIONS_A_PAGE: Final = 1000
_ANSWER_SECONDS: Final = 0.1
_PROCESSOR_SECONDS: Final = 0.0015
_QUERIES_A_LOOK: Final = 2
_SUBSCRIPTION_BYTES: Final = 1000
_FINDING_BYTES: Final = 2500
_SCAN_BYTES: Final = 2000
_LINE_BYTES: Final = 1000
_LINES_A_SLICE: Final = 10

_LINE: Final = "{:<46}{:>9}  {}"


@dataclass(frozen=True, slots=True)
class Estate:
    """The size of an estate: each of the ``vaults`` has one key, ``violations`` have no key.

    ``projects`` are spread over as many accounts as possible and name all ``stores`` together.
    """

    subscriptions: int
    accounts: int
    violations: int
    vaults: int
    projects: int = 0
    stores: int = 0


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests of one full scan by kind; ``scopes`` and ``projects`` are daily means.

    ``projects`` are all requests that find the stores.
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
        """All requests to Azure Resource Manager except Resource Graph queries."""
        lists = self.subscriptions + self.accounts + self.exemptions + self.scopes
        data = self.projects + self.stores
        return lists + data + self.vaults + self.keys + self.grants + self.roles

    @property
    def to_one_subscription(self) -> int:
        """Requests to a subscription with all vaults and an equal share of the accounts."""
        once = min(self.accounts, 1) + min(self.exemptions, 1) + min(self.roles, 1)
        of_accounts = self.scopes + self.projects + self.stores
        return once + 3 * self.vaults + ceil(of_accounts / self.accounts)


@dataclass(frozen=True, slots=True)
class Estimate:
    """The requests and time of a full scan, and the consumption of a month.

    ``seconds`` assume one instance and 100 ms per response. ``instances`` are needed to end a scan
    before the next one begins. ``looks`` counts the runs of the watch for changes in an hour.
    """

    scan: Requests
    slices: int
    looks: float
    graph_an_hour: float
    seconds: float
    instances: int
    tables_a_second: float
    use: Use


def estimate(  # noqa: PLR0913 - an argument for each option
    subscriptions: Annotated[int, _number(min=1, help="Number of subscriptions.")],
    accounts: Annotated[int, _number(min=0, help="Number of accounts in all subscriptions.")],
    *,
    violations: Annotated[int, _number(min=0, help="Accounts without a customer-managed key.")] = 0,
    vaults: Annotated[
        int | None, _number(min=0, help="Vaults of the other accounts.  [default: one for 5]")
    ] = None,
    projects: Annotated[
        int | None,
        _number(min=0, help="Projects in all accounts.  [default: one for each account]"),
    ] = None,
    stores: Annotated[
        int | None,
        _number(min=0, help="Data stores that projects name.  [default: 3 for each project]"),
    ] = None,
    every: Annotated[
        int, _number(min=1, metavar="MINUTES", help="Time between two full scans.")
    ] = 60,
    price: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=USD", help="Another price, such as log_gb=2.50; can be repeated."
        ),
    ] = None,
) -> None:
    """Estimate the requests and costs of scanning an estate.

    Reads the settings from the environment, as the app does, and needs no network. Counts full
    scans in which nothing changes. Projects and data stores count only with CMK_DATA_STORES=on. The
    list prices are built in; the output shows their date.

    Exit codes: 0, or 2 if an option or a setting is invalid or the output cannot be written.
    """
    keys = accounts - violations
    named = accounts if projects is None else projects
    estate = Estate(
        subscriptions,
        accounts,
        violations,
        vaults=-(-keys // 5) if vaults is None else vaults,
        projects=named,
        stores=3 * named if stores is None else stores,
    )
    work = partial(_estimate, estate, timedelta(minutes=every), price or [])
    raise typer.Exit(ended(work, "nothing was estimated"))


def _estimate(estate: Estate, every: timedelta, given: list[str]) -> int:
    from cmk_check.config.settings import Settings

    keys = estate.accounts - estate.violations
    if keys < 0:
        raise NotUsable(f"--violations must be at most {estate.accounts}, the number of accounts.")
    if not min(keys, 1) <= estate.vaults <= keys:
        why = "because each account with a key names one vault"
        raise NotUsable(f"--vaults must be from {min(keys, 1)} to {keys}, {why}.")
    if estate.projects and not estate.accounts:
        raise NotUsable("--projects must be 0, because no account is left to have one.")
    prices, names = Prices(), [field.name for field in fields(Prices)]
    for text in given:
        name, _, value = text.partition("=")
        # A number with too many digits may not be finite.
        if name not in names or not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value):
            raise NotUsable(
                "--price must be NAME=USD, such as log_gb=2.50, with one of these names: "
                f"{', '.join(names)}."
            )
        prices = replace(prices, **{name: float(value)})
    settings = Settings.load_for_scan()
    write(_table(estate, every, settings, prices))
    return 0


def estimate_of(estate: Estate, every: timedelta, settings: "Settings") -> Estimate:
    """Estimate what an estate needs with these settings and this time between full scans.

    Raises:
        SettingsError: the Functions host would refuse the schedule of the watch.

    """
    slices = ceil(estate.subscriptions / settings.slice_size)
    scan, looks = _requests(estate, every, settings, slices), _looks(settings.watch_schedule)
    each = _ANSWER_SECONDS / settings.max_in_flight + _PROCESSOR_SECONDS
    works = 2 + (scan.arm + scan.graph) * each
    # At least one subscription gets the mean or more.
    seconds = max(works, (scan.arm / estate.subscriptions - _ARM_BUCKET) / _ARM_REFILL)
    # A scan must also end before it is given up.
    instances = ceil(seconds / min(every, SCAN_DEADLINE).total_seconds())
    scans, looks_a_month = timedelta(hours=HOURS_A_MONTH) / every, looks * HOURS_A_MONTH
    stored = estate.subscriptions * _SUBSCRIPTION_BYTES + estate.accounts * _FINDING_BYTES
    tables = scan.table_reads + scan.table_writes
    return Estimate(
        scan=scan,
        slices=slices,
        looks=looks,
        graph_an_hour=scan.graph * (timedelta(hours=1) / every) + _QUERIES_A_LOOK * looks,
        seconds=seconds,
        instances=instances,
        tables_a_second=tables / seconds * instances,
        use=Use(
            table_requests=scans * tables + looks_a_month,
            queue_requests=scans * scan.queue,
            seconds=scans * seconds + looks_a_month,
            executions=scans * (2 + slices) + looks_a_month,
            stored=stored + settings.retention / every * _SCAN_BYTES,
            logged=(scans * (slices + 2) + looks_a_month) * _LINES_A_SLICE * _LINE_BYTES,
        ),
    )


def _requests(estate: Estate, every: timedelta, settings: "Settings", slices: int) -> Requests:
    compliant = estate.accounts - estate.violations if settings.key_health else 0
    vaults = min(estate.vaults, compliant)
    rows = ceil((estate.subscriptions + estate.accounts) / slices / TABLE_PAGE_ROWS)
    known = ceil(estate.accounts / slices / _GRAPH_ROWS)
    has_none = settings.exceptions is ExceptionMode.OFF
    daily = min(1, every / DAILY_READING)
    due = min(estate.accounts, estate.projects) if settings.data_stores else 0
    share = 1 if settings.require_covered_data else daily
    return Requests(
        subscriptions=ceil(estate.subscriptions / _SUBSCRIPTIONS_A_PAGE),
        accounts=estate.subscriptions,
        exemptions=0 if has_none else min(estate.violations, estate.subscriptions),
        vaults=vaults,
        keys=vaults,
        grants=vaults,
        roles=min(vaults, slices),
        scopes=compliant * (1 if settings.require_healthy_keys else daily),
        # The lists of an account; for each project itself, its hosts and its connections.
        projects=share * (2 * due + 3 * estate.projects) if due else 0,
        stores=estate.stores if settings.data_stores else 0,
        graph=slices * max(1, known) if settings.cross_check else 0,
        table_reads=11 + slices * (9 + rows),
        # The time of reading projects is stored: a mark and a transaction for each subscription.
        table_writes=5 + slices * 2 + 2 * min(share * due, estate.subscriptions),
        queue=3 * (slices + 1),
    )


def _looks(schedule: str | None) -> float:
    """Return how often the watch runs in an hour, 0 without a schedule."""
    from cmk_check.config.settings_error import SettingsError
    from cmk_check.config.watch_schedule import WATCH_EXAMPLE, WATCH_SCHEDULE
    from cmk_check.doctor.ncrontab import mean_an_hour

    if schedule is None:
        return 0
    try:
        return mean_an_hour(schedule)
    except ValueError as error:
        fault = f"must be an NCRONTAB expression that occurs, such as {WATCH_EXAMPLE}"
        raise SettingsError([(WATCH_SCHEDULE, fault)]) from error


def _table(estate: Estate, every: timedelta, settings: "Settings", prices: Prices) -> str:
    found, hourly = estimate_of(estate, every, settings), timedelta(hours=1) / every
    scan, cost = found.scan, month(found.use, prices)
    wait = max(0.0, (scan.to_one_subscription - _ARM_BUCKET) / _ARM_REFILL)
    quota = 3600 // _GRAPH_SECONDS * _GRAPH_QUERIES
    bucket = f"bucket {_ARM_BUCKET}, refill {_ARM_REFILL} per second: {wait:.0f} s wait"
    watch = f"{found.looks:,.4g} runs an hour" if found.looks else "off"
    keys = scan.vaults + scan.keys + scan.grants + scan.roles
    places = f"{estate.projects:,} projects, {estate.stores:,} stores"
    total = cost.scans + cost.storage + cost.logs + cost.alert_rules
    rows: list[tuple[str, str, str]] = [
        ("subscriptions", f"{estate.subscriptions:,}", ""),
        ("accounts", f"{estate.accounts:,}", f"{estate.violations:,} without a key"),
        ("vaults, with one key each", f"{scan.vaults:,}", ""),
        ("slices", f"{found.slices:,}", f"of up to {settings.slice_size:,} subscriptions"),
        ("requests to Azure Resource Manager an hour", f"{scan.arm * hourly:,.0f}", ""),
        ("  lists of accounts", f"{scan.accounts * hourly:,.0f}", "1 for each subscription"),
        ("  exemptions", f"{scan.exemptions * hourly:,.0f}", ""),
        ("  vaults, keys, role assignments", f"{keys * hourly:,.0f}", ""),
        ("  encryption scopes", f"{scan.scopes * hourly:,.0f}", ""),
        (
            "  projects and data stores",
            f"{(scan.projects + scan.stores) * hourly:,.0f}",
            places if settings.data_stores else "off",
        ),
        ("most to one subscription, if it has all vaults", f"{scan.to_one_subscription:,}", bucket),
        ("queries of Resource Graph an hour", f"{found.graph_an_hour:,.0f}", f"of {quota:,}"),
        ("  the watch for changes", f"{_QUERIES_A_LOOK * found.looks:,.0f}", watch),
        (
            "requests to tables a second, in a scan",
            f"{found.tables_a_second:,.0f}",
            f"of {_TABLE_REQUESTS_A_SECOND:,}",
        ),
        ("seconds of a scan", f"{found.seconds:,.0f}", "100 ms a response, one instance"),
        ("instances to end it in time", f"{found.instances:,}", ""),
        ("USD a month: scans", f"{cost.scans:,.2f}", "tables, queues, executions"),
        ("  stored rows", f"{cost.storage:,.2f}", f"{found.use.stored / 1e6:,.0f} MB"),
        ("  log lines", f"{cost.logs:,.2f}", f"{found.use.logged / 1e6:,.0f} MB a month"),
        ("  alert rules", f"{cost.alert_rules:,.2f}", ""),
        ("  together", f"{total:,.2f}", f"list prices assumed on {NOTED}"),
    ]
    return "".join(f"{_LINE.format(*row).rstrip()}\n" for row in rows).rstrip("\n")
