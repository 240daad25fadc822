"""Render a remediation plan as Bicep for vault, key and grant, with commands for the account.

Bicep can set an account's identity and encryption only by declaring the whole account, and Azure
resets everything that a declaration omits (network rules, tags, ...), so the template only lists
the ``az`` commands that change the account. The file plan.bicep contains the parts of the template.
Names are untrusted text: each name occurs once in the template, as one escaped literal.
"""

import re
from typing import Final

from cmk_check.core.remediation.plan import CONSTANTS, Plan
from cmk_check.core.remediation.steps import Action
from cmk_check.core.text_files import fill_part, read_parts

_PARTS: Final = read_parts(__package__, "plan.bicep")


def render_bicep(plan: Plan) -> str | None:
    """Return a plan as a Bicep template for the vault's resource group.

    The template compiles without a warning. A comment at the top of the template lists the ``az``
    commands for everything that a template must not do. The last ``az`` command applies the
    template's output ``encryption`` to the account. For an existing key, the result is None unless
    only a grant is missing. A template for any other step would have to declare the whole vault or
    account, or is impossible in Azure Resource Manager.
    """
    is_new = plan.vault.is_new
    actions = [step.action for step in plan.steps]
    # The first and the last step only read.
    is_grant = {Action.GRANT, Action.GRANT_AGAIN}.issuperset(actions[1:-1])
    if not is_grant and Action.CREATE_KEY not in actions:
        return None
    head = ["grant_head"]
    if not is_grant:
        gives = not {Action.ASSIGN_IDENTITY, Action.RESTORE_IDENTITY}.isdisjoint(actions)
        head = ["head", *["assign"] * gives, *["protect"] * (not is_new), "around"]
    resources = [
        "account",
        "new_vault" if is_new else "old_vault",
        "old_key" if is_grant else "new_key",
        "role_assignment",
        *["access_policy"] * (not is_new),
        *["output"] * (not is_grant),
    ]
    principal = _PARTS["user_principal"] if plan.user else "account.identity.principalId"
    values = {
        **CONSTANTS,
        "client": "identityClientId" if plan.user else "null",
        "condition": "" if is_new else "if (!usesPolicies) ",
        "object": principal.replace("\n", f"\n{' ' * 8}"),
        "principal": principal.replace("\n", f"\n{' ' * 4}"),
    }
    return "".join(
        [
            *(f"{_PARTS[name]}\n" for name in head),
            plan.cautions("//"),
            f"{_PARTS['once']}\n" if is_new else "",
            _parameters(plan),
            *(f"\n{fill_part(_PARTS, name, values)}\n" for name in resources),
        ]
    )


def literal(text: str) -> str:
    """Write any text as one Bicep string literal that people can read.

    https://learn.microsoft.com/azure/azure-resource-manager/bicep/data-types#strings
    """
    escaped = re.sub(r"[\\'$]", r"\\\g<0>", text)
    visible = (char if char.isprintable() else f"\\u{{{ord(char):x}}}" for char in escaped)
    return f"'{''.join(visible)}'"


def _parameters(plan: Plan) -> str:
    account = plan.account
    parts = [
        _parameter("The account's subscription", "accountSubscription", account.subscription_id),
        _parameter("The account's resource group", "accountGroup", account.resource_group),
        _parameter("The account's name", "accountName", account.name),
        _parameter("The vault's name", "vaultName", plan.vault.name),
        _parameter("The key's name", "keyName", plan.key),
    ]
    if plan.vault.is_new:
        parts.append(_parameter("The account's region", "location", plan.location))
    else:
        what = "Whether the vault uses access policies instead of roles"
        parts.append(f"\n@description('Optional. {what}.')\nparam usesPolicies bool = false\n")
    if plan.user:
        what = "Client id of the account's identity that must use the key"
        parts.append(_parameter(what, "identityClientId", plan.client_id))
    return "".join(parts)


def _parameter(what: str, name: str, value: str | None) -> str:
    need, default = ("Required", "") if value is None else ("Optional", f" = {literal(value)}")
    return f"\n@description({literal(f'{need}. {what}.')})\nparam {name} string{default}\n"
