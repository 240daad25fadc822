"""``plan``: writes a script that encrypts an account with a key, or repairs its key."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cmk_check.cli.exit_codes import command
from cmk_check.cli.options import choice, option, refuse
from cmk_check.cli.output_options import Debug, Language
from cmk_check.cli.scan_settings import load_settings, warn_of_settings
from cmk_check.cli.subscription_names import find_ids, parse_subscriptions
from cmk_check.cli.whole_output import check_folder
from cmk_check.core.remediation.encryption_plan import parse_key_name, parse_vault
from cmk_check.core.resource_id import AccountId
from cmk_check.core.text import is_guid
from cmk_check.limits import MAX_ACCOUNT_NAME_CHARS


@command("no plan was written")
async def plan(  # noqa: PLR0913 - an argument for each option
    account: Annotated[str | None, option("plan.account")] = None,
    *,
    owner: Annotated[str | None, option("plan.owner")] = None,
    unowned: Annotated[bool, option("plan.unowned")] = False,
    subscription: Annotated[list[str] | None, option("plan.subscription")] = None,
    out: Annotated[Path | None, option("plan.out")] = None,
    vault: Annotated[str | None, option("plan.vault")] = None,
    key: Annotated[str | None, option("plan.key")] = None,
    language: Annotated[Language, choice("plan.format", Language)] = Language.AZ,
    every: Annotated[bool, option("plan.all")] = False,
    share_vault: Annotated[bool, option("plan.share_vault")] = False,
    _debug: Debug = False,
) -> int:
    """Write a script that encrypts an account with a customer-managed key; change nothing.

    If the account already has a key with a problem, the script repairs the key.

    Signs in as `scan` does, and reads and judges the account and its key. Only the script goes to
    standard output; read its head before you run it. Messages go to standard error.

    With --owner, --unowned, --subscription or --all, scans those accounts and writes a folder of
    scripts. --subscription can be combined with --owner or --unowned.

    Exit codes: 1 if the plan was written, 0 if the account is compliant and its key healthy, 3 if
    something is unknown or could not be read, or if no plan can end the violation or repair the
    key, 2 if several accounts have the name, an option or a setting is invalid, or the plan cannot
    be written, 130 after Ctrl-C. For a folder: 1 if it has a plan, otherwise 3 if an account needs
    a plan but has none, otherwise 0.
    """
    only = parse_subscriptions(subscription)
    is_one, is_some = account is not None, owner is not None or unowned or bool(only)
    of_many = "must be used with --owner, --unowned, --subscription or --all"
    which = "--owner, --unowned, --subscription and --all"
    what = f"name an account, as in `cmk-check plan my-account`, or use one of {which}"
    alone = "must be used without --owner, --unowned and --subscription"
    missing = "must be given: a new folder for the plans, such as --out fixes"
    is_folder = out is not None
    refuse(
        ("ACCOUNT", what, not (is_one or every or is_some)),
        ("ACCOUNT", f"must be used without {which}", is_one and (every or is_some)),
        ("--all", alone, every and is_some),
        ("--unowned", "must be used without --owner", unowned and owner is not None),
        ("--out", of_many, is_one and is_folder),
        ("--share-vault", of_many, is_one and share_vault),
        ("--out", missing, not is_one and not is_folder),
        ("--share-vault", "must be used without --vault", share_vault and vault is not None),
        ("--format", "must be az for a folder of plans", is_folder and language is not Language.AZ),
    )
    if out is not None:
        check_folder(out)
    target = None if account is None else _parse_account(account)
    # The validity of a vault name does not depend on the subscription.
    checks = ("--vault", vault, lambda it: parse_vault(it, "")), ("--key", key, parse_key_name)
    for name, value, check in checks:
        try:
            if value is not None:
                check(value)
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint=name) from error
    from cmk_check.cli.account_plan import report
    from cmk_check.cli.plan_folder import report_folder
    from cmk_check.cli.plans_of_scan import PlanChoice, run_with_azure

    warn_of_settings()
    ids = await find_ids(only)
    settings = load_settings(None, ids)
    choice = PlanChoice(owner, ids, share_vault, vault, key, unowned, language)
    if out is not None:
        return await run_with_azure(settings, partial(report_folder, choice=choice, out=out))
    return await run_with_azure(settings, partial(report, account=target or "", choice=choice))


def _parse_account(account: str) -> AccountId | str:
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
