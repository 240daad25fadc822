"""Render a remediation plan as a bash script of ``az`` commands, which can be run repeatedly.

plan.sh contains the bash code, which needs only bash 3.2, the version on macOS. Names are untrusted
text. Each name is quoted once, in an assignment, and used as "$NAME" after an equals sign, where az
accepts even a value with a leading dash. See docs/remediation.md for the commands' results.
"""

import re
import shlex
from typing import Final

from cmk_check.core.remediation.plan import CONSTANTS, Plan
from cmk_check.core.remediation.steps import BASH, Action
from cmk_check.core.resource_id import AccountId
from cmk_check.limits import KEY_EXPIRY_NOTICE, SWITCH_ON_ATTEMPTS, SWITCH_ON_PAUSE_SECONDS

# EX_TEMPFAIL of sysexits.h: a later run may succeed.
NOT_YET: Final = 75

# The shellcheck rules for a name with a quote, a backslash or a dollar sign.
LITERAL_NAMES: Final = (
    "# shellcheck disable=SC1003,SC2016,SC2089,SC2090 # names are literal, whatever they contain"
)


def render_az(plan: Plan) -> str:
    """Return a plan as a bash script.

    The script prints its actions and does not prompt. The script exits with code 0 after Azure
    reports that the account uses the key or that the key can be used. If the script has to stop, it
    prints the reason and exits with another code. The exit code is ``NOT_YET`` if Azure did not
    accept or show the key within the number of tries that the ``PLAN_TRIES`` environment variable
    sets. The script contains only the functions and names that it uses. At the end, the script
    prints the reasons that the plan does not fix.
    """
    steps = "".join(
        f"\nsay {quote_for_bash(f'{number}. {step.title}')}\n{step.commands}"
        for number, step in enumerate(plan.steps, 1)
    )
    parts = [_functions(steps), "\n", BASH["no_files"], "\n", steps]
    head, remark = "key_head", "Values from the scan. TENANT may be empty."
    if plan.steps[0].action is Action.SIGN_IN:
        head = "head"
        remark = "To use another vault or key, change it here. VAULT_GROUP and TENANT may be empty."
    left = (f"This plan does not fix {each.code}: {each.message}" for each in plan.left)
    return "".join(
        [
            f"#!/usr/bin/env bash\n{BASH[head]}\n",
            plan.cautions("#"),
            f"{LITERAL_NAMES}\nset -euo pipefail\n\n# {remark}\n",
            _variables(plan, "".join(parts)),
            "\n",
            *parts,
            *(f"say {quote_for_bash(text)}\n" for text in left),
        ]
    )


def _functions(steps: str) -> str:
    """Return the bash functions that ``steps`` call, directly or through other functions."""
    used: list[str] = []
    for text in reversed(BASH["functions"].split("\n\n")):
        name = text.partition("()")[0].rpartition("\n")[2]
        call = re.compile(rf"(^ *|\$\(|(if|until|!|\|\||\)|then|{{) ){name}(?=[ );])", re.MULTILINE)
        if call.search("\n".join([*used, steps])):
            used.insert(0, text)
    return "\n\n".join(used) + "\n"


def account_options(account: AccountId) -> str:
    """Return the az options that name an account, as az commands for accounts lack ``--ids``."""
    names = (account.subscription_id, account.resource_group, account.name)
    return "--subscription={} --resource-group={} --name={}".format(*map(quote_for_bash, names))


def quote_for_bash(text: str) -> str:
    """Quote a string as one literal word of bash.

    Unprintable characters, such as those that reverse the writing direction, are written as bytes,
    so that a reader sees what the script does.
    """
    if not text.isprintable():
        # Octal, because \x takes all hexadecimal digits that follow in some versions of bash.
        escaped = (
            char
            if char.isprintable() and char not in "\\'"
            else "".join(f"\\{byte:03o}" for byte in char.encode(errors="replace"))
            for char in text
        )
        return f"$'{''.join(escaped)}'"
    word = shlex.quote(text)
    return f"'{text}'" if word == text else word


def _variables(plan: Plan, script: str) -> str:
    vault = plan.vault
    values = {
        "SUBSCRIPTION": plan.account.subscription_id,
        "GROUP": plan.account.resource_group,
        "ACCOUNT": plan.account.name,
        "LOCATION": plan.location or "",
        "TENANT": plan.tenant_id or "",
        "VAULT_SUBSCRIPTION": vault.subscription_id,
        "VAULT_GROUP": vault.resource_group or "",
        "VAULT": vault.name,
        "TYPE": "managedHSMs" if vault.is_hsm else "vaults",
        "HOLDER": "hsm-name" if vault.is_hsm else "vault-name",
        "KEY": plan.key,
        "REPLACED": plan.replaces or "",
        "CLIENT_ID": plan.client_id or "",
        "KEY_SIZE": CONSTANTS["key_size"],
        "RETENTION_DAYS": CONSTANTS["retention_days"],
        "ROLE": CONSTANTS["role_id"],
        "KEY_VAULT_API": CONSTANTS["key_vault_api"],
        "NOTICE_DAYS": str(KEY_EXPIRY_NOTICE.days),
        "PAUSE": str(SWITCH_ON_PAUSE_SECONDS),
        "NOT_YET": str(NOT_YET),
    }
    used = set(re.findall(r"[A-Z_]+", script))
    lines = "".join(
        f"{name}={quote_for_bash(value)}\n" for name, value in values.items() if name in used
    )
    return f"{lines}TRIES=${{PLAN_TRIES:-{SWITCH_ON_ATTEMPTS}}}\n" if "TRIES" in used else lines
