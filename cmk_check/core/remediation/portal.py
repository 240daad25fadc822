"""Render a remediation plan as Markdown: numbered steps for a person in the Azure portal.

steps.toml contains the texts. Names are untrusted text, written as code in Markdown and encoded in
links. Only accounts and vaults have links, because only their addresses in the portal are known.
Steps for other resources name the menu path in the portal.
"""

from typing import Final
from urllib.parse import quote

from cmk_check.core.markdown import code, escape_markdown
from cmk_check.core.remediation.az_script import account_options
from cmk_check.core.remediation.plan import CONSTANTS, Plan
from cmk_check.core.remediation.steps import PlanStep
from cmk_check.core.text_files import fill_part, read_text

_FRAME: Final = {"plan": read_text(__package__, "portal.md").rstrip("\n")}


def render_portal(plan: Plan, portal_url: str, vault_domain: str) -> str:
    """Return a plan as Markdown, one numbered step for each step of the plan.

    ``portal_url`` is the origin of the cloud's portal. ``vault_domain`` is its vault domain.
    """
    account, vault = plan.account, plan.vault
    account_link = f"{portal_url}/#resource{quote(plan.account_path)}"
    vault_link = plan.vault_path and f"<{portal_url}/#resource{quote(plan.vault_path)}>"
    uri = plan.vault_uri or f"https://{vault.name}.{vault_domain}/"
    user = "the account's user-assigned identity"
    if plan.client_id:
        user = f"the user-assigned identity {code(plan.client_id)}"
    values = {
        **CONSTANTS,
        "account": code(account.name),
        "account_link": account_link,
        "account_options": account_options(account),
        "group": code(account.resource_group),
        "identity": user if plan.user else "the system-assigned identity",
        "key": code(plan.key),
        "location": code(plan.location) or "of the account",
        "replaced": code(plan.replaces),
        "subscription": code(account.subscription_id),
        "vault": code(vault.name),
        "version": code(plan.version) or "the newest one",
        "vault_group": code(vault.resource_group),
        "vault_subscription": code(vault.subscription_id),
        "vault_uri": code(uri),
        "vault_where": vault_link or "search the portal for **Key vaults**",
    }
    steps = "\n".join(_step(n, step, values) for n, step in enumerate(plan.steps, 1))
    left = "".join(
        f"\nThis plan does not fix {code(action.code)}: {escape_markdown(action.message)}\n"
        for action in plan.left
    )
    warning = f"> {plan.warning}\n\n" if plan.warning else ""
    values |= {"warning": warning, "steps": steps, "left": left}
    return f"{fill_part(_FRAME, 'plan', values)}\n"


def _step(number: int, step: PlanStep, values: dict[str, str]) -> str:
    caution = f"\n   - Caution: {step.risk}" if step.risk else ""
    lines = fill_part({"portal": step.portal}, "portal", values).splitlines()
    actions = "".join(f"\n   - {line}" for line in lines)
    return f"{number}. **{step.title}**{caution}{actions}"
