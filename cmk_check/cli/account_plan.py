"""Find one account in a scan, and write the plan for it."""

from dataclasses import replace
from typing import Final

from cmk_check.cli.exit_codes import UNKNOWN, USAGE, VIOLATED, WRITTEN, complain
from cmk_check.cli.output_options import Language
from cmk_check.cli.plans_of_scan import PlanChoice, Scanned, scan_for_plans
from cmk_check.cli.stdout import write_bytes
from cmk_check.cli.subscription_names import find_similar_names
from cmk_check.config.clouds import Cloud
from cmk_check.config.settings import Settings
from cmk_check.core.account import Account
from cmk_check.core.enums import KeySeverity, KeyState, Verdict
from cmk_check.core.keys.facts import Vault
from cmk_check.core.model import Finding
from cmk_check.core.remediation import az_script, bicep, portal, terraform
from cmk_check.core.remediation.encryption_plan import parse_vault, plan_for
from cmk_check.core.remediation.key_plan import plan_key_fix
from cmk_check.core.remediation.plan import Plan
from cmk_check.core.resource_id import AccountId
from cmk_check.core.scope import Scope
from cmk_check.core.text import escape_invisible
from cmk_check.limits import MAX_NAMES_LISTED, SUBSCRIPTION_SECONDS
from cmk_check.scan.scan_context import ScanContext
from cmk_check.web import models

_RENDERERS: Final = {
    Language.AZ: az_script.render_az,
    Language.BICEP: bicep.render_bicep,
    Language.TERRAFORM: terraform.render_terraform,
}
_LIST_ACCOUNTS: Final = "`cmk-check scan --format csv` lists all accounts"


async def report(
    context: ScanContext, settings: Settings, account: AccountId | str, choice: PlanChoice
) -> int:
    """Scan in this context, write the account's plan, and describe both on standard error.

    ``account`` is an id or the unique name of an account. With an id, only its subscription is
    scanned.

    Raises:
        NotUsable: the plan cannot be written.
    """
    if isinstance(account, AccountId):
        only = Scope(frozenset({account.subscription_id}))
        context = replace(context, options=replace(context.options, scope=only))
    scanned = await scan_for_plans(context, settings, "plan")
    if isinstance(scanned, int):
        return scanned
    finding = _find(scanned, settings, account)
    if isinstance(finding, int):
        return finding
    complain(escape_invisible(f"{finding.name} is {finding.verdict}: {finding.message}"))
    recorded = scanned.findings[finding.id]
    if finding.verdict is Verdict.UNKNOWN:
        complain("there is no plan while the account's state is unknown.")
        return UNKNOWN
    if finding.verdict is Verdict.COMPLIANT:
        is_certain = isinstance(account, AccountId) or not scanned.collected.gaps
        plan = _key_plan(recorded, finding, choice, is_certain=is_certain)
        return plan if isinstance(plan, int) else _write(plan, choice.language, settings.addresses)
    if created := finding.evidence.created_at:
        complain(f"The violation may be as old as the account, created on {created:%Y-%m-%d}.")
    if choice.vault is not None:
        await _check_vault(context, recorded, choice.vault, settings.addresses.vault_domain)
    made = plan_for(recorded, tenant_id=finding.tenant_id, vault=choice.vault, key=choice.key)
    if made is None:
        complain("no plan can fix this violation.")
        return UNKNOWN
    return _write(made, choice.language, settings.addresses)


def _find(scanned: Scanned, settings: Settings, account: AccountId | str) -> models.Finding | int:
    """Return the account, or print a message and return an exit code if the name is not unique.

    A name is case-insensitive. A subscription that could not be read may contain another match.
    """
    collected, by_name = scanned.collected, isinstance(account, str)
    name = account if isinstance(account, str) else account.name
    text = "" if isinstance(account, str) else account.text
    accounts = [finding for finding, _ in collected.accounts]
    hits = [it for it in accounts if it.id == text or (by_name and it.name.lower() == name.lower())]
    sums = collected.status.subscriptions
    gaps = f"{sums.gap:,} of {sums.read + sums.gap:,} subscriptions could not be read completely"
    if len(hits) == 1:
        if by_name:
            complain(escape_invisible(f"{name} is {hits[0].id}"))
        if by_name and sums.gap:
            complain(f"{gaps}, and may contain another account with this name.")
        return hits[0]
    if hits:
        many = f"{len(hits):,} accounts have the name {name}; use the ARM id of one of them:"
        for line in (many, *sorted(it.id for it in hits)[:MAX_NAMES_LISTED]):
            complain(escape_invisible(line))
        if len(hits) > MAX_NAMES_LISTED:
            complain(f"and {len(hits) - MAX_NAMES_LISTED:,} more.")
        return USAGE
    names = {each: parsed.name for each in scanned.ignored if (parsed := AccountId.parse(each))}
    if text in names or (by_name and name.lower() in names.values()):
        kinds = ", ".join(settings.kinds)
        why = f"{name} is not judged, because its kind is not one of {kinds}."
    elif by_name:
        close = find_similar_names(name, (it.name for it in accounts))
        hint = f"similar names: {', '.join(close)}" if close else _LIST_ACCOUNTS
        unread = f" {gaps}; `cmk-check scan` shows why." if sums.gap else ""
        why = f"no account has the name {name}; {hint}.{unread}"
    elif gap := next((problem for _, problem in collected.gaps), None):
        why = f"{name} could not be read. {gap.code}: {gap.message}"
    else:
        gone = "and whether the account was deleted or moved"
        why = f"The subscription has no account {name}; check the id {account}, {gone}."
    complain(escape_invisible(why))
    return UNKNOWN


def _key_plan(
    recorded: Finding, finding: models.Finding, choice: PlanChoice, *, is_certain: bool
) -> Plan | int:
    """Return the plan for a compliant account's key, or an exit code without a plan."""
    health = finding.key_health
    if health is None or health.state is KeyState.HEALTHY:
        complain("there is nothing to do.")
        return 0 if is_certain else UNKNOWN
    for reason in health.reasons:
        if reason.severity is not KeySeverity.NOTICE:
            complain(
                escape_invisible(f"its key is {reason.severity}, {reason.code}: {reason.message}")
            )
    made = plan_key_fix(recorded, tenant_id=finding.tenant_id)
    if made is None:
        complain("no az command fixes this: follow the advice of each reason.")
        return UNKNOWN
    if choice.vault is not None or choice.key is not None:
        complain("--vault and --key are for accounts without a key: leave them out.")
        return USAGE
    return made


def _write(made: Plan, language: Language, cloud: Cloud) -> int:
    if language is Language.PORTAL:
        script: str | None = portal.render_portal(made, cloud.portal_url, cloud.vault_domain)
    else:
        script = _RENDERERS[language](made)
    if script is None:
        complain("Bicep cannot do what this plan does: leave out --format.")
        return USAGE
    complain(escape_invisible(f"{made.summary} Read it first: it says what cannot be undone."))
    write_bytes(script.encode())  # UTF-8 with unchanged line ends, whatever the terminal's encoding
    WRITTEN.code = VIOLATED
    complain(f"afterwards check: cmk-check scan --subscription {made.account.subscription_id}")
    return VIOLATED


async def _check_vault(context: ScanContext, recorded: Finding, vault: str, domain: str) -> None:
    """Print a warning if the vault is not in the place where the script will look for it."""
    if context.keys is None:
        return
    target = parse_vault(vault, recorded.id.subscription_id)
    uri = f"https://{target.name}.{domain}/"
    at = Account(recorded.id, recorded.kind, recorded.location, key_vault_uri=uri, key_name="cmk")
    read = await context.keys().read([at], {}, seconds=SUBSCRIPTION_SECONDS)
    facts = read.get(recorded.id.text)
    path = facts.vault.id if facts and isinstance(facts.vault, Vault) else ""
    if not path.startswith(f"/subscriptions/{target.subscription_id.lower()}/"):
        where = f"use its id: {path}" if path else "check its name, and whether you may read it"
        place = f"in subscription {target.subscription_id}"
        complain(escape_invisible(f"the vault {target.name} was not found {place}; {where}."))
