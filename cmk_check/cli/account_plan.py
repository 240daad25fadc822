"""Finds, reads and judges one account, and writes the plan for it."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from cmk_check.cli.console import remarks
from cmk_check.cli.exit_codes import UNKNOWN, USAGE, VIOLATED, WRITTEN, complain
from cmk_check.cli.output_options import Language
from cmk_check.cli.plans_of_scan import PlanChoice, similar_names
from cmk_check.cli.progress import ScanProgress, WatchedInventory, bar
from cmk_check.cli.sign_in import say_who
from cmk_check.cli.stdout import write_bytes
from cmk_check.config.clouds import Cloud
from cmk_check.config.settings import Settings
from cmk_check.core.account import Reading, Subscription
from cmk_check.core.aspects.aspect import Judged
from cmk_check.core.comparison.judge_accounts import judge_all, with_key
from cmk_check.core.enums import Disposition, KeySeverity, KeyState, Verdict
from cmk_check.core.model import Finding
from cmk_check.core.reasons.command_line import address_person
from cmk_check.core.remediation.az_script import render_az
from cmk_check.core.remediation.bicep import render_bicep
from cmk_check.core.remediation.encryption_plan import plan_for
from cmk_check.core.remediation.key_plan import key_plan_for
from cmk_check.core.remediation.plan import Plan
from cmk_check.core.remediation.portal import render_portal
from cmk_check.core.remediation.terraform import render_terraform
from cmk_check.core.resource_id import AccountId
from cmk_check.core.rule import RULE_VERSION
from cmk_check.core.scope import Scope
from cmk_check.core.text import shown
from cmk_check.inventory.azure_inventory import open_inventory
from cmk_check.limits import MAX_NAMES_LISTED, SUBSCRIPTION_SECONDS
from cmk_check.ports import Inventory, InventoryError, KeyInventory


async def read_and_report(settings: Settings, account: AccountId | str, choice: PlanChoice) -> int:
    """Connect to Azure with these settings; see ``report``."""
    inventory = await open_inventory(settings)
    try:
        await say_who(inventory)
        keys = inventory.keys() if settings.key_health else None
        return await report(inventory, settings, account, choice, keys, now=datetime.now(UTC))
    finally:
        await inventory.close()


async def report(  # noqa: PLR0911, PLR0913 - each way to have no plan; what it reads with
    inventory: Inventory,
    settings: Settings,
    account: AccountId | str,
    choice: PlanChoice,
    keys: KeyInventory | None = None,
    *,
    now: datetime,
) -> int:
    """Read the account and write its plan as of ``now``; describe both on standard error.

    ``account`` is an id, or a name that only one account has. Without ``keys``, a compliant account
    needs no plan.

    Raises:
        InventoryError: the subscriptions could not be listed, so the name could not be looked up.
        NotUsable: the plan cannot be written.

    """
    found = await _find(inventory, settings, account)
    if isinstance(found, int):
        return found
    account, reading, certain = found
    kinds = {kind.lower(): kind for kind in settings.kinds}
    judged = judge_all(reading.accounts, kinds).get(account.text)
    if judged is None:
        complain(shown(_absence(account, reading, settings)))
        return UNKNOWN
    judgement = judged.judgement
    complain(shown(f"{account.name} is {judgement.verdict}: {judgement.message}"))
    if judgement.verdict is Verdict.UNKNOWN:
        complain("there is no plan while the account's state is unknown.")
        return UNKNOWN
    tenant_id = await _tenant(inventory, account.subscription_id)
    if judgement.verdict is Verdict.COMPLIANT:
        if keys is not None:
            # A scan does the same.
            facts = await keys.read([judged.account], {}, seconds=SUBSCRIPTION_SECONDS)
            judged = with_key(judged, None, facts.get(account.text), now)
        key_plan = _key_plan(judged, tenant_id, choice, now, certain=certain)
        if isinstance(key_plan, int):
            return key_plan
        return _write(key_plan, choice.language, settings.addresses)
    if created := judgement.evidence.created_at:
        day = created.partition("T")[0]
        complain(shown(f"Azure created it on {day}; the violation may be as old."))
    made = plan_for(_finding(judged, now), tenant_id=tenant_id, vault=choice.vault, key=choice.key)
    if made is None:
        complain("no plan can end this violation.")
        return UNKNOWN
    return _write(made, choice.language, settings.addresses)


async def _find(
    inventory: Inventory, settings: Settings, account: AccountId | str
) -> tuple[AccountId, Reading, bool] | int:
    """Read the account as a scan does, so that the permissions and the verdict are the same.

    A name is case-insensitive and must match one account in scope. If it matches none or several,
    print that on standard error and return the exit code. The last value is False if a subscription
    that could not be read may contain another match.
    """
    if isinstance(account, AccountId):
        subscription = Subscription(account.subscription_id)
        reading = await inventory.read(subscription, seconds=SUBSCRIPTION_SECONDS)
        return account, reading, True
    readings = await _read_all(inventory, settings)
    unread = sum(reading.gap is not None for reading in readings)
    coverage = f"{unread:,} of {len(readings):,} subscriptions could not be read completely"
    accounts = {each.id: reading for reading in readings for each in reading.accounts}
    named = sorted(each for each in accounts if each.name.lower() == account.lower())
    if len(named) > 1:
        many = f"{len(named):,} accounts have the name {account}; use the ARM id of one of them:"
        for text in (many, *map(str, named[:MAX_NAMES_LISTED])):
            complain(shown(text))
        if len(named) > MAX_NAMES_LISTED:
            complain(f"and {len(named) - MAX_NAMES_LISTED:,} more.")
        return USAGE
    of_other_kind = (
        (account_id, reading)
        for reading in readings
        for text in reading.ignored_ids
        if (account_id := AccountId.parse(text)) and account_id.name == account.lower()
    )
    found = (named[0], accounts[named[0]]) if named else next(of_other_kind, None)
    if found is None:
        close = similar_names(account, (each.name for each in accounts))
        hint = f"; similar names: {', '.join(close)}" if close else ""
        complain(shown(f"no account has the name {account}{hint}."))
        if unread:
            complain(f"{coverage}; `cmk-check scan` shows why.")
        return UNKNOWN
    complain(shown(f"{account} is {found[0]}"))
    if unread:
        complain(f"{coverage}, and may have another account of this name.")
    return *found, not unread


async def _read_all(inventory: Inventory, settings: Settings) -> Sequence[Reading]:
    tally, scope = ScanProgress(), Scope(settings.include, settings.exclude)
    watched = WatchedInventory(inventory, scope, tally)
    limit = asyncio.Semaphore(settings.max_in_flight)

    async def read(subscription: Subscription) -> Reading:
        async with limit:
            return await watched.read(subscription, seconds=SUBSCRIPTION_SECONDS)

    with bar(remarks(color=True), tally):
        listed = await watched.subscriptions()
        to_read = [each for each in listed if scope.of_listed(each) is Disposition.READ]
        return await asyncio.gather(*map(read, to_read))


def _key_plan(
    judged: Judged, tenant_id: str | None, choice: PlanChoice, now: datetime, *, certain: bool
) -> Plan | int:
    """Return the plan for the key of a compliant account, or an exit code if there is none."""
    health = judged.key_health
    if health is None or health.state is KeyState.HEALTHY:
        complain("there is nothing to do.")
        return 0 if certain else UNKNOWN
    for each in health.concerns:
        if each.severity is not KeySeverity.NOTICE:
            complain(
                shown(f"its key is {each.severity}, {each.code}: {address_person(each.message)}")
            )
    made = key_plan_for(_finding(judged, now), tenant_id=tenant_id)
    if made is None:
        complain("no az command fixes this: follow the advice of each reason.")
        return UNKNOWN
    if choice.vault is not None or choice.key is not None:
        complain("--vault and --key are for accounts without a key: leave them out.")
        return USAGE
    return made


def _write(made: Plan, language: Language, cloud: Cloud) -> int:
    match language:
        case Language.AZ:
            script: str | None = render_az(made)
        case Language.BICEP:
            script = render_bicep(made)
        case Language.TERRAFORM:
            script = render_terraform(made)
        case Language.PORTAL:
            script = render_portal(made, cloud.portal_url, cloud.vault_domain)
    if script is None:
        complain("Bicep cannot do what this plan does: leave out --format.")
        return USAGE
    complain(shown(f"{made.summary} Read it first: it says what cannot be undone."))
    write_bytes(script.encode())  # as UTF-8 with its own line ends, whatever the terminal has
    WRITTEN.code = VIOLATED
    complain(f"afterwards check: cmk-check scan --subscription {made.account.subscription_id}")
    return VIOLATED


def _finding(judged: Judged, now: datetime) -> Finding:
    account = judged.account
    return Finding(
        id=account.id,
        kind=account.kind,
        location=account.location,
        tags=account.tags,
        judgement=judged.judgement,
        rule_version=RULE_VERSION,
        first_seen=now,
        changed_at=now,
        key_health=judged.key_health,
    )


async def _tenant(inventory: Inventory, subscription_id: str) -> str | None:
    """Return the tenant of a subscription, None if unknown; the script does not require it."""
    try:
        listed = await inventory.subscriptions()
    except InventoryError:
        return None
    return next((each.tenant_id for each in listed if each.id == subscription_id), None)


def _absence(account: AccountId, reading: Reading, settings: Settings) -> str:
    """Return why the subscription's accounts do not include this one."""
    if account.text in reading.ignored_ids:
        kinds = ", ".join(settings.kinds)
        return f"{account.name} needs no plan: only accounts of the kinds {kinds} are judged."
    if (gap := reading.gap) is not None:
        return f"{account.name} could not be read. {gap.reason}: {address_person(gap.detail or '')}"
    return (
        f"{account.name} in resource group {account.resource_group} is not among the accounts of "
        f"subscription {account.subscription_id}; check the id, and whether the account was "
        "deleted or moved."
    )
