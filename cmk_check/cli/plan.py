"""``plan``: writes a script that puts an account under a key, or mends the key that it has."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cmk_check.cli.exit_codes import UNKNOWN, USAGE, VIOLATED, complain, ended, run
from cmk_check.cli.new_folder import new_folder
from cmk_check.cli.output_options import format_option
from cmk_check.cli.plans_of_scan import PlanChoice
from cmk_check.cli.scan import settings_of, subscription_ids, warn_of_settings
from cmk_check.cli.stdout import write_bytes
from cmk_check.core.remediation.plan import key_named, vault_named
from cmk_check.core.resource_id import AccountId
from cmk_check.core.text import is_guid
from cmk_check.limits import MAX_ACCOUNT_NAME_CHARS

if TYPE_CHECKING:
    from cmk_check.cli.account_search import FoundAccount
    from cmk_check.config.settings import Settings
    from cmk_check.core.aspects.aspect import Judged
    from cmk_check.core.gap import Gap
    from cmk_check.core.model import Finding
    from cmk_check.core.remediation.plan import Plan
    from cmk_check.ports import Inventory, KeyInventory


class Language(StrEnum):
    """The language of the plan."""

    AZ = "az"
    BICEP = "bicep"


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """The account to plan for, and how; ``vault`` and ``key`` as ``plan_for`` takes them.

    ``account`` is its id, or its name if only one account has this name.
    """

    account: AccountId | str
    vault: str | None = None
    key: str | None = None
    language: Language = Language.AZ


def plan(  # noqa: PLR0913 - an argument for each option
    account: Annotated[
        str | None,
        typer.Argument(
            metavar="ACCOUNT",
            help="The account's name, as shown by `scan`, or its ARM id. With a name, all "
            "subscriptions are read, and only one account may have it.",
        ),
    ] = None,
    *,
    owner: Annotated[
        str | None,
        typer.Option(metavar="OWNER", help="Plan for all accounts of this owner, into a folder."),
    ] = None,
    subscription: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID",
            help="Plan for all accounts of this subscription, into a folder; can be repeated.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="The folder for many plans, new or empty: a script for each account, "
            "an index, and run.sh, which runs them in order.",
        ),
    ] = None,
    vault: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|ID",
            help="An existing vault, for an account without a key: its name in the account's "
            "subscription, or its ARM id. Without it, the plan creates a vault.",
        ),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The key; the script creates it if it does not exist."),
    ] = None,
    language: Annotated[
        Language, format_option(Language, "A bash script of az commands, or Bicep.")
    ] = Language.AZ,
    every: Annotated[
        bool, typer.Option("--all", help="Plan for all accounts, into a folder.")
    ] = False,
    share_vault: Annotated[
        bool,
        typer.Option(
            "--share-vault",
            help="In a folder: one new vault and one key for all accounts of an owner in a "
            "subscription and region.",
        ),
    ] = False,
) -> None:
    """Write a script that puts an account under a customer-managed key; nothing is changed.

    If the account is under a key, and something is wrong with the key, the script ends that.

    Reads the account and its key from Azure, with the same sign-in as `scan`, and judges them. Only
    the script goes to standard output; read its head before you run it. Messages go to standard
    error.

    With --owner, --subscription or --all, scans them and writes a folder of scripts. Owner and
    subscription can be combined.

    Exit codes: 1 if the plan was written, 0 if the account is compliant and its key healthy, 3 if
    something is unknown or could not be read, or if no command ends what is wrong with the key, 2
    if several accounts have the name, an option or a setting is invalid or the plan cannot be
    written, 130 after Ctrl-C. For a folder: 1 if it has a plan, otherwise 3 if anything that needs
    one has none, otherwise 0.
    """
    only = tuple(subscription_ids(subscription or ()))
    is_one, is_some = account is not None, owner is not None or bool(only)
    of_many = "must be used with --owner, --subscription or --all"
    _refuse(
        "ACCOUNT",
        "must be an account, or one of --owner, --subscription and --all",
        when=is_one == (every or is_some),
    )
    _refuse("--all", "must be used without --owner and --subscription", when=every and is_some)
    _refuse("--out", of_many, when=is_one and out is not None)
    _refuse("--share-vault", of_many, when=is_one and share_vault)
    _refuse("--out", "must name a new folder", when=not is_one and out is None)
    if out is not None:
        new_folder(out)
        _refuse(
            "--share-vault", "must be used without --vault", when=share_vault and vault is not None
        )
        _refuse("--format", "must be az for a folder of plans", when=language is not Language.AZ)
    named = None if account is None else _named(account)
    option = "--vault"
    try:
        if vault is not None:
            # The name of a vault is valid in every subscription, or in none.
            vault_named(vault, named.subscription_id if isinstance(named, AccountId) else "")
        option = "--key"
        if key is not None:
            key_named(key)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from error
    if named is not None:
        request = PlanRequest(named, vault, key, language)
        raise typer.Exit(ended(lambda: _run(request), "no plan was made"))
    if out is not None:
        choice = PlanChoice(owner, only, share_vault, vault, key)
        raise typer.Exit(ended(lambda: _run_many(choice, out), "no folder was written"))


def _refuse(option: str, why: str, *, when: bool) -> None:
    if when:
        raise typer.BadParameter(why, param_hint=option)


def _named(account: str) -> AccountId | str:
    text = account.strip()
    if "/" not in text and 0 < len(text) <= MAX_ACCOUNT_NAME_CHARS:
        return text
    account_id = AccountId.parse(f"/{text.strip('/')}")
    if account_id is None or not is_guid(account_id.subscription_id):
        raise typer.BadParameter(
            "must be an account's name, or its id, like /subscriptions/<id>/resourceGroups/<group>"
            "/providers/Microsoft.CognitiveServices/accounts/<name>",
            param_hint="ACCOUNT",
        )
    return account_id


def _run(request: PlanRequest) -> int:
    """Read, judge and write; return the exit code."""
    from cmk_check.config.settings import Settings

    warn_of_settings()
    return run(_read_and_report(Settings.load_for_scan(), request))


def _run_many(choice: PlanChoice, out: Path) -> int:
    from cmk_check.cli.plan_folder import scan_and_plan

    warn_of_settings()
    return run(scan_and_plan(settings_of(None, choice.subscriptions), choice, out))


async def _read_and_report(settings: "Settings", request: PlanRequest) -> int:
    from cmk_check.inventory.azure_inventory import open_inventory

    inventory = await open_inventory(settings)
    try:
        keys = inventory.keys() if settings.key_health else None
        return await report(inventory, settings, request, keys)
    finally:
        await inventory.close()


async def report(
    inventory: "Inventory",
    settings: "Settings",
    request: PlanRequest,
    keys: "KeyInventory | None" = None,
) -> int:
    """Read the account and write its plan; describe both on standard error.

    Without ``keys``, a compliant account needs no plan.

    Raises:
        NotUsable: the plan cannot be written.

    """
    from cmk_check.cli.console import shown
    from cmk_check.core.comparison.judge import judge_all
    from cmk_check.core.enums import Verdict
    from cmk_check.core.remediation.plan import plan_for

    found = await _find(inventory, settings, request.account)
    if isinstance(found, int):
        return found
    account, reading = found.id, found.reading
    kinds = {kind.lower(): kind for kind in settings.kinds}
    judged = judge_all(reading.accounts, kinds).get(account.text)
    if judged is None:
        is_other_kind = account.text in reading.ignored_ids
        complain(shown(_absence(account, reading.gap, settings, is_other_kind=is_other_kind)))
        return UNKNOWN
    judgement = judged.judgement
    complain(shown(f"{account.name} is {judgement.verdict}: {judgement.message}"))
    if judgement.verdict is Verdict.UNKNOWN:
        complain("no plan can be made while the account's state is unknown.")
        return UNKNOWN
    tenant_id = await _tenant(inventory, account.subscription_id)
    if judgement.verdict is Verdict.COMPLIANT:
        if keys is not None:
            judged = await _with_key(keys, settings, judged)
        return _report_key(judged, tenant_id, request, certain=found.certain)
    if created := judgement.evidence.created_at:
        day = created.partition("T")[0]
        complain(shown(f"Azure created it on {day}; the violation may be as old."))
    made = plan_for(_finding(judged), tenant_id=tenant_id, vault=request.vault, key=request.key)
    if made is None:
        raise TypeError("a violated account has a plan")
    return _write(made, request)


async def _with_key(keys: "KeyInventory", settings: "Settings", judged: "Judged") -> "Judged":
    """Read the key of a compliant account as a scan does, and judge it."""
    from datetime import UTC, datetime

    from cmk_check.core.comparison.judge import with_key

    facts = await keys.read([judged.account], {}, seconds=settings.subscription_timeout)
    return with_key(judged, None, facts.get(judged.account.id.text), datetime.now(UTC))


def _report_key(
    judged: "Judged", tenant_id: str | None, request: PlanRequest, *, certain: bool
) -> int:
    """Write the plan for the key of a compliant account, or say why there is none."""
    from cmk_check.cli.console import shown
    from cmk_check.core.enums import KeySeverity, KeyState
    from cmk_check.core.remediation.key_plan import key_plan_for

    health = judged.key_health
    if health is None or health.state is KeyState.HEALTHY:
        complain("there is nothing to do.")
        return 0 if certain else UNKNOWN
    for each in health.concerns:
        if each.severity is not KeySeverity.NOTICE:
            complain(shown(f"its key is {each.severity}, {each.code}: {each.message}"))
    made = key_plan_for(_finding(judged), tenant_id=tenant_id)
    if made is None:
        complain("no az command ends this: do what each reason says.")
        return UNKNOWN
    if request.vault is not None or request.key is not None:
        complain("--vault and --key are for accounts without a key: leave them out.")
        return USAGE
    return _write(made, request)


async def _find(
    inventory: "Inventory", settings: "Settings", account: AccountId | str
) -> "FoundAccount | int":
    """Read the account as a scan does: it needs no other right, and the scan will judge the same.

    Return the exit code if the account was not found by its name.
    """
    from cmk_check.cli.account_search import FoundAccount, find_account
    from cmk_check.core.account import Subscription

    if not isinstance(account, AccountId):
        return await find_account(inventory, settings, account)
    subscription = Subscription(account.subscription_id)
    reading = await inventory.read(subscription, seconds=settings.subscription_timeout)
    return FoundAccount(account, reading)


def _write(made: "Plan", request: PlanRequest) -> int:
    from cmk_check.cli.console import shown
    from cmk_check.core.remediation.az_script import render_az
    from cmk_check.core.remediation.bicep import render_bicep

    script = render_az(made) if request.language is Language.AZ else render_bicep(made)
    if script is None:
        complain("Bicep cannot do what this plan does: leave out --format.")
        return USAGE
    complain(shown(f"{made.summary} The script's head lists what cannot be undone."))
    write_bytes(script.encode())  # as UTF-8 with its own line ends, whatever the terminal has
    return VIOLATED


def _finding(judged: "Judged") -> "Finding":
    from datetime import UTC, datetime

    from cmk_check.core.model import Finding
    from cmk_check.core.rule import RULE_VERSION

    now = datetime.now(UTC)
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


async def _tenant(inventory: "Inventory", subscription_id: str) -> str | None:
    """Return the tenant of a subscription, None if unknown; the script does not require it."""
    from cmk_check.errors import InventoryError

    try:
        listed = await inventory.subscriptions()
    except InventoryError:
        return None
    return next((each.tenant_id for each in listed if each.id == subscription_id), None)


def _absence(
    account: AccountId, gap: "Gap | None", settings: "Settings", *, is_other_kind: bool
) -> str:
    """Say why an account was not found among those of its subscription."""
    if is_other_kind:
        kinds = ", ".join(settings.kinds)
        return f"{account.name} needs no plan: only accounts of the kinds {kinds} are judged."
    if gap is not None:
        return f"{account.name} could not be read. {gap.reason}: {gap.detail or ''}"
    return (
        f"{account.name} in resource group {account.resource_group} is not among the accounts of "
        f"subscription {account.subscription_id}; check the id, and whether the account was "
        "deleted or moved."
    )
