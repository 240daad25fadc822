"""``estimate``: what scans of an estate would ask of Azure, and cost."""

import re
from dataclasses import fields, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cmk_check.cli.exit_codes import USAGE, complain, ended
from cmk_check.cli.stdout import write
from cmk_check.limits import MAX_ESTIMATED

if TYPE_CHECKING:
    from cmk_check.config.settings import Settings
    from cmk_check.core.estimate import Estate, Estimate
    from cmk_check.core.prices import Prices

_number: Final = partial(typer.Option, max=MAX_ESTIMATED, metavar="NUMBER")
_LINE: Final = "{:<46}{:>9}  {}"


def estimate(  # noqa: PLR0913 - an argument for each option
    subscriptions: Annotated[int, _number(min=1, help="Subscriptions of the estate.")],
    accounts: Annotated[
        int,
        _number(min=0, help="Accounts in all of them together."),
    ],
    *,
    violations: Annotated[
        int,
        typer.Option(
            min=0,
            max=MAX_ESTIMATED,
            metavar="NUMBER",
            help="Of these, without a key of the customer.",
        ),
    ] = 0,
    vaults: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=MAX_ESTIMATED,
            metavar="NUMBER",
            help="Vaults of the others.  [default: one for 5]",
        ),
    ] = None,
    projects: Annotated[
        int | None,
        _number(min=0, help="Projects of all accounts.  [default: one for each account]"),
    ] = None,
    stores: Annotated[
        int | None,
        _number(min=0, help="Data stores that these name.  [default: 3 for each project]"),
    ] = None,
    every: Annotated[
        int,
        _number(min=1, metavar="MINUTES", help="The time between two full scans."),
    ] = 60,
    price: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=USD",
            help="Another price, such as log_gb=2.50; can be repeated.",
        ),
    ] = None,
) -> None:
    """Estimate what scans of an estate ask of Azure, and what they cost.

    Takes the settings from the environment, as the app does, and asks nobody. Counts full scans in
    which nothing changes. Projects and data stores count only with CMK_DATA_STORES=on. The prices
    are list prices of the day that it names, not looked up.

    Exit codes: 0, or 2 if an option or a setting is invalid or the output cannot be written.
    """
    from cmk_check.core.estimate import Estate

    keys = accounts - violations
    found = -(-keys // 5) if vaults is None else vaults
    if keys < 0:
        complain(f"--violations must be at most {accounts}, the number of accounts.")
        raise typer.Exit(USAGE)
    if not min(keys, 1) <= found <= keys:
        why = "because each account with a key names one vault"
        complain(f"--vaults must be from {min(keys, 1)} to {keys}, {why}.")
        raise typer.Exit(USAGE)
    named = accounts if projects is None else projects
    if named and not accounts:
        complain("--projects must be 0, because there is no account that could have one.")
        raise typer.Exit(USAGE)
    held = 3 * named if stores is None else stores
    estate = Estate(subscriptions, accounts, violations, found, named, held)
    work = partial(_estimate, estate, timedelta(minutes=every), price or [])
    raise typer.Exit(ended(work, "nothing was estimated"))


def _estimate(estate: "Estate", every: timedelta, given: list[str]) -> int:
    from cmk_check.config.settings import Settings
    from cmk_check.core.prices import Prices

    prices, names = Prices(), [field.name for field in fields(Prices)]
    for text in given:
        name, _, value = text.partition("=")
        # More digits than a price has may be no finite number.
        if name not in names or not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value):
            complain(
                "--price must be NAME=USD, such as log_gb=2.50, with one of these names: "
                f"{', '.join(names)}."
            )
            return USAGE
        prices = replace(prices, **{name: float(value)})
    write(shown(estimate_of(estate, every, Settings.load_for_scan()), prices))
    return 0


def estimate_of(estate: "Estate", every: timedelta, settings: "Settings") -> "Estimate":
    """Estimate with the settings in force."""
    from cmk_check.core.enums import ExceptionMode
    from cmk_check.core.estimate import Estimate, Plan

    plan = Plan(
        every=every,
        slice_size=settings.slice_size,
        in_flight=settings.max_in_flight,
        key_health=settings.key_health,
        scopes_always=settings.require_healthy_keys,
        cross_check=settings.cross_check,
        exceptions=settings.exceptions is not ExceptionMode.OFF,
        data_stores=settings.data_stores,
        projects_always=settings.require_covered_data,
        looks=_looks(settings.watch_schedule),
        kept=settings.retention,
    )
    return Estimate(estate, plan)


def _looks(schedule: str | None) -> float:
    """Return how often the watch looks in an hour, never without a schedule.

    Raises:
        SettingsError: the Functions host would not take the schedule.

    """
    from cmk_check.config.watch_schedule import WATCH_EXAMPLE, WATCH_SCHEDULE
    from cmk_check.doctor.ncrontab import mean_an_hour
    from cmk_check.errors import SettingsError

    if schedule is None:
        return 0
    try:
        return mean_an_hour(schedule)
    except ValueError as error:
        fault = f"must be an NCRONTAB expression that occurs, such as {WATCH_EXAMPLE}"
        raise SettingsError([(WATCH_SCHEDULE, fault)]) from error


def shown(found: "Estimate", prices: "Prices") -> str:
    """Return the table."""
    from cmk_check.core import estimate as azure
    from cmk_check.core.prices import NOTED, month

    estate, scan, hourly = found.estate, found.scan, found.scans_an_hour
    cost = month(found.use, prices)
    wait = max(0.0, (scan.to_one_subscription - azure.ARM_BUCKET) / azure.ARM_REFILL)
    quota = 3600 // azure.GRAPH_SECONDS * azure.GRAPH_QUERIES
    bucket = f"bucket {azure.ARM_BUCKET}, and {azure.ARM_REFILL} a second: {wait:.0f} s to wait"
    watch = f"{found.plan.looks:,.4g} looks an hour" if found.plan.looks else "off"
    keys = scan.vaults + scan.keys + scan.grants + scan.roles
    places = f"{estate.projects:,} projects, {estate.stores:,} stores"
    total = cost.scans + cost.storage + cost.logs + cost.alert_rules
    rows: list[tuple[str, str, str]] = [
        ("subscriptions", f"{estate.subscriptions:,}", ""),
        ("accounts", f"{estate.accounts:,}", f"{estate.violations:,} without a key"),
        ("vaults, with one key each", f"{scan.vaults:,}", ""),
        ("slices", f"{found.slices:,}", f"of up to {found.plan.slice_size:,} subscriptions"),
        ("requests to Azure Resource Manager an hour", f"{scan.arm * hourly:,.0f}", ""),
        ("  lists of accounts", f"{scan.accounts * hourly:,.0f}", "1 for each subscription"),
        ("  exemptions", f"{scan.exemptions * hourly:,.0f}", ""),
        ("  vaults, keys, who may use them", f"{keys * hourly:,.0f}", ""),
        ("  encryption scopes", f"{scan.scopes * hourly:,.0f}", ""),
        (
            "  projects and data stores",
            f"{(scan.projects + scan.stores) * hourly:,.0f}",
            places if found.plan.data_stores else "off",
        ),
        ("most to one subscription, if it has all vaults", f"{scan.to_one_subscription:,}", bucket),
        ("queries of Resource Graph an hour", f"{found.graph_an_hour:,.0f}", f"of {quota:,}"),
        ("  the watch for changes", f"{found.graph_of_watch:,.0f}", watch),
        (
            "requests to tables a second, in a scan",
            f"{found.tables_a_second:,.0f}",
            f"of {azure.TABLE_REQUESTS_A_SECOND:,}",
        ),
        ("seconds of a scan", f"{found.seconds:,.0f}", "100 ms an answer, one instance"),
        ("instances that end it in time", f"{found.instances:,}", ""),
        ("USD a month: scans", f"{cost.scans:,.2f}", "tables, queues, executions"),
        ("  stored rows", f"{cost.storage:,.2f}", f"{found.use.stored / 1e6:,.0f} MB"),
        ("  log lines", f"{cost.logs:,.2f}", f"{found.use.logged / 1e6:,.0f} MB a month"),
        ("  alert rules", f"{cost.alert_rules:,.2f}", ""),
        ("  together", f"{total:,.2f}", f"list prices assumed on {NOTED}"),
    ]
    return "".join(f"{_LINE.format(*row).rstrip()}\n" for row in rows).rstrip("\n")
