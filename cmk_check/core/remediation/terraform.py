"""Render a remediation plan as a Terraform root module for the azurerm provider.

If an account's key is not part of its Terraform configuration, the next run of Terraform removes
the key. The Terraform file therefore offers two ways: a block for an account that Terraform
manages, and a separate resource, which changes only the encryption, for any other account. Only a
person can choose between these ways, so the Terraform file has a variable for the choice.

plan.tf contains the parts of the file. Names are untrusted text: each name is one escaped literal.
"""

import re
from collections.abc import Mapping
from typing import Final

from cmk_check.core.remediation.az_script import account_options
from cmk_check.core.remediation.plan import CONSTANTS, Plan
from cmk_check.core.remediation.steps import Action, render_comment
from cmk_check.core.text_files import fill_part, read_parts

PARTS: Final = read_parts(__package__, "plan.tf")


def render_terraform(plan: Plan) -> str:
    """Return a plan as a Terraform file for Terraform 1.5 or newer.

    The file has comments for steps that Terraform cannot do, and variables for unknown values.
    """
    values = _values(plan)
    steps = "".join(
        f"\n# {number}. {step.title}\n{fill_part(PARTS, step.action, values).strip()}\n"
        for number, step in enumerate(plan.steps, 1)
    )
    head = fill_part(PARTS, "head", values)
    used = set(re.findall(r"\bvar\.(\w+)", head + steps))
    variables = [name for name in PARTS if name.removeprefix("variable_") in used]
    return "".join(
        [
            f"{head}\n",
            render_comment("#", "Terraform", plan.warning) if plan.warning else "",
            *(render_comment("#", each.title, each.risk) for each in plan.steps if each.risk),
            f"\n{fill_part(PARTS, 'provider', values)}\n",
            *(f"\n{fill_part(PARTS, name, values)}\n" for name in variables),
            steps,
        ]
    )


def literal(text: str) -> str:
    """Write any text as one HCL string literal on one line.

    A brace that would begin a template is written as a Unicode escape, because HCL's own escape
    (``$${``) has another meaning after a further sign.
    https://developer.hashicorp.com/terraform/language/expressions/strings
    """
    escaped = re.sub(r'[\\"]', r"\\\g<0>", text.encode(errors="replace").decode())
    escaped = re.sub(r"(?<=[$%])\{", r"\\u007b", escaped)
    visible = (char if char.isprintable() else f"\\U{ord(char):08x}" for char in escaped)
    return f'"{"".join(visible)}"'


def _values(plan: Plan) -> Mapping[str, str]:
    """Return the Terraform expressions for a plan's names, "" for a name that it does not need."""
    is_old = not plan.vault.is_new
    vault_id, key_id, key_scope = _key(plan)
    role = "azurerm_role_assignment.cmk"
    granted = f"{role}, azurerm_key_vault_access_policy.cmk" if is_old else role
    grants = not {Action.GRANT, Action.GRANT_AGAIN}.isdisjoint(plan.actions)
    waits = "time_sleep.grant" if Action.WAIT in plan.actions else granted if grants else ""
    omitted = {"existing_key": not is_old, "access_policy": not is_old, "import": not plan.is_set}
    return {
        **CONSTANTS,
        "account_id": literal(plan.account_path),
        "account_options": account_options(plan.account),
        "client_id": _write_value(plan.client_id, "client_id") if plan.user else "null",
        "grants": granted,
        "key": literal(plan.key),
        "key_count": "\n  count        = var.key_exists ? 0 : 1" if is_old else "",
        "key_exists": "true" if plan.is_named else "false",
        "key_id": key_id,
        "key_scope": key_scope,
        "location": _write_value(plan.location, "location"),
        "principal_id": _write_value(plan.principal_id, "principal_id"),
        "role_count": f"\n  count{' ' * 28}= var.uses_policies ? 0 : 1" if is_old else "",
        "tenant_id": _write_value(plan.tenant_id, "tenant_id"),
        "vault": literal(plan.vault.name),
        "vault_group": literal(plan.vault.resource_group or ""),
        "vault_id": vault_id,
        "vault_subscription": literal(plan.vault.subscription_id),
        "waits": waits,
        **{name: "" for name, is_so in omitted.items() if is_so},
    }


def _key(plan: Plan) -> tuple[str, str, str]:
    """Return the Terraform expressions for the vault's id, the key's address and the key's id."""
    vault_id = _write_value(plan.vault_path, "vault_id")
    if plan.vault.is_new:
        key = "azurerm_key_vault_key.cmk"
        return "azurerm_key_vault.cmk.id", f"{key}.versionless_id", f"{key}.resource_versionless_id"
    if Action.CREATE_KEY in plan.actions:
        return vault_id, "local.key_id", "local.key_scope"
    version = f"/{plan.version}" if plan.is_pinned else ""
    uri = plan.vault_uri and f"{plan.vault_uri.rstrip('/')}/keys/{plan.key}{version}"
    return vault_id, _write_value(uri, "key_id"), literal(f"{plan.vault_path}/keys/{plan.key}")


def _write_value(value: str | None, variable: str) -> str:
    return f"var.{variable}" if value is None else literal(value)
