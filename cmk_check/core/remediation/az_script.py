"""A remediation plan as a bash script of ``az`` commands that can be run again at any point.

plan.sh has the bash, which runs in 3.2, the version of macOS. Names are hostile text: each stands
once, quoted, in an assignment, and is used as "$NAME" after an equals sign, where az takes even a
leading dash for a value. What the commands answer, and when they fail, is in docs/remediation.md.
"""

import re
import shlex
from typing import Final

from cmk_check.core.remediation.cmk_plan import (
    KEY_SIZE,
    KEY_VAULT_API,
    RETENTION_DAYS,
    ROLE_ID,
    Plan,
)
from cmk_check.core.remediation.steps import BASH, Action
from cmk_check.limits import KEY_EXPIRY_NOTICE, SWITCH_ON_ATTEMPTS, SWITCH_ON_PAUSE_SECONDS

# EX_TEMPFAIL of sysexits.h: the same may work later.
NOT_YET: Final = 75

# What shellcheck says of a name that holds a quote, a backslash or a dollar sign.
LITERAL_NAMES: Final = (
    "# shellcheck disable=SC1003,SC2016,SC2089,SC2090 # names are literal, whatever they hold"
)


def render_az(plan: Plan) -> str:
    """Write a plan down as a bash script.

    It prints what it does and asks nothing. It exits with 0 once Azure says that the account is
    under the key, and that the key can be used, and with another code, saying why, where it had to
    stop: ``NOT_YET`` if Azure did not take or show the key in ``PLAN_TRIES`` tries, an environment
    variable. It holds the functions and the names that it uses, and no others. At its end it says
    what the plan leaves.
    """
    steps = "".join(
        f"\nsay {quoted(f'{number}. {step.title}')}\n{step.commands}"
        for number, step in enumerate(plan.steps, 1)
    )
    parts = [_functions(steps), "\n", BASH["no_files"], "\n", steps]
    head, remark = "key_head", "As they were found. TENANT may be empty."
    if plan.steps[0].action is Action.SIGN_IN:
        head = "head"
        remark = (
            "Change vault and key here if you want others. VAULT_GROUP and TENANT may be empty."
        )
    left = (f"This plan does not end {each.code}: {each.message}" for each in plan.left)
    return "".join(
        [
            f"#!/usr/bin/env bash\n{BASH[head]}\n",
            *(step.caution("#") for step in plan.steps),
            f"{LITERAL_NAMES}\nset -euo pipefail\n\n# {remark}\n",
            _variables(plan, "".join(parts)),
            "\n",
            *parts,
            *(f"say {quoted(text)}\n" for text in left),
        ]
    )


def _functions(steps: str) -> str:
    """Return the functions that are called, also by one of these."""
    used: list[str] = []
    for text in reversed(BASH["functions"].split("\n\n")):
        name = text.partition("()")[0].rpartition("\n")[2]
        call = re.compile(rf"(^ *|\$\(|(if|until|!|\|\||\)|then|{{) ){name}(?=[ );])", re.MULTILINE)
        if call.search("\n".join([*used, steps])):
            used.insert(0, text)
    return "\n\n".join(used) + "\n"


def quoted(text: str) -> str:
    """Quote a text for bash as one literal word.

    What a terminal would not show as it is, such as a sign that turns the direction of writing, is
    written as bytes, so that whoever reads the script sees what it does.
    """
    if not text.isprintable():
        # Octal: the digits of \x have no end in bash where another hexadecimal one follows.
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
        "KEY_SIZE": str(KEY_SIZE),
        "RETENTION_DAYS": str(RETENTION_DAYS),
        "ROLE": ROLE_ID,
        "KEY_VAULT_API": KEY_VAULT_API,
        "NOTICE_DAYS": str(KEY_EXPIRY_NOTICE.days),
        "PAUSE": str(SWITCH_ON_PAUSE_SECONDS),
        "NOT_YET": str(NOT_YET),
    }
    used = set(re.findall(r"[A-Z_]+", script))
    lines = "".join(f"{name}={quoted(value)}\n" for name, value in values.items() if name in used)
    return f"{lines}TRIES=${{PLAN_TRIES:-{SWITCH_ON_ATTEMPTS}}}\n" if "TRIES" in used else lines
