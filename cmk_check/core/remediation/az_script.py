"""A remediation plan as a bash script of ``az`` commands that can be run again at any point.

Names are hostile text: each stands once, quoted, in an assignment, and is used as "$NAME" after
an equals sign, where az takes even a leading dash for a value. Runs in bash 3.2, which macOS has.
What the commands answer, and when they fail, is in docs/remediation.md.
"""

import re
import shlex
from collections.abc import Iterator
from typing import Final

from cmk_check.core.remediation import az_commands as bash
from cmk_check.core.remediation import az_key_commands as key_bash
from cmk_check.core.remediation.key_and_role import KEY_SIZE, KEY_VAULT_API, RETENTION_DAYS, ROLE_ID
from cmk_check.core.remediation.plan import (
    Grantee,
    Plan,
)
from cmk_check.core.remediation.steps import Action
from cmk_check.limits import KEY_EXPIRY_NOTICE, SWITCH_ON_ATTEMPTS, SWITCH_ON_PAUSE_SECONDS

# EX_TEMPFAIL of sysexits.h: the same may work later.
NOT_YET: Final = 75

_BODIES: Final = {
    Action.SIGN_IN: bash.SIGN_IN,
    Action.ASSIGN_IDENTITY: bash.FIND_IDENTITY + bash.ASSIGN_IDENTITY,
    Action.CREATE_VAULT: bash.CREATE_VAULT + bash.CHECK_VAULT,
    Action.CHECK_VAULT: bash.CHECK_VAULT,
    Action.CREATE_KEY: bash.CREATE_KEY,
    Action.GRANT: bash.FIND_GRANT + bash.GRANT,
    Action.WAIT: bash.WAIT,
    Action.SWITCH_ON: bash.SWITCH_ON,
    Action.VERIFY: bash.VERIFY,
    Action.FIND_KEY: key_bash.FIND_KEY,
    Action.REPLACE_KEY: key_bash.REPLACE_KEY,
    Action.REPLACE_BLOCKED_KEY: key_bash.REPLACE_KEY + key_bash.DECIDE_REPLACEMENT,
    Action.RECOVER_VAULT: key_bash.RECOVER_VAULT,
    Action.RECOVER_KEY: key_bash.RECOVER_KEY,
    Action.ENABLE_KEY: key_bash.ENABLE_KEY,
    Action.START_KEY: key_bash.START_KEY,
    Action.PERMIT_WRAPPING: key_bash.PERMIT_WRAPPING,
    Action.RESTORE_IDENTITY: bash.FIND_IDENTITY + key_bash.DECIDE_IDENTITY + bash.ASSIGN_IDENTITY,
    Action.OPEN_FIREWALL: key_bash.OPEN_FIREWALL,
    Action.SOFT_DELETE: key_bash.SOFT_DELETE,
    Action.PROTECT_FROM_PURGE: key_bash.PROTECT_FROM_PURGE,
    Action.GRANT_AGAIN: bash.FIND_GRANT + bash.DECIDE_GRANT + bash.GRANT,
    Action.RENEW_KEY: key_bash.RENEW_KEY,
    Action.FOLLOW_KEY: key_bash.FOLLOW_KEY,
    Action.REPEAT_UPDATE: key_bash.REPEAT_UPDATE,
    Action.VERIFY_KEY: key_bash.VERIFY_KEY,
}


def render_az(plan: Plan) -> str:
    """Write a plan down as a bash script.

    It prints what it does and asks nothing. It exits with 0 once Azure says that the account is
    under the key, and that the key can be used, and with another code, saying why, where it had to
    stop: ``NOT_YET`` if Azure did not take or show the key in ``PLAN_TRIES`` tries, an environment
    variable. It holds the functions and the names that it uses, and no others. At its end it says
    what the plan leaves.
    """
    words = bash if plan.steps[0].action is Action.SIGN_IN else key_bash
    steps = "".join(_steps(plan))
    parts = [_functions(steps), "\n", bash.NO_FILES, steps]
    parts = [words.OPTIONS, _variables(plan, "".join(parts)), "\n", *parts]
    return "".join([words.HEAD, *(step.caution("#") for step in plan.steps), *parts, *_left(plan)])


def _steps(plan: Plan) -> Iterator[str]:
    of_user = plan.grantee is Grantee.USER
    for number, step in enumerate(plan.steps, 1):
        yield f"\nsay {quoted(f'{number}. {step.title}')}\n"
        if step.action is Action.CREATE_VAULT:
            yield bash.FIND_SHARED_VAULT if plan.vault.is_shared else bash.FIND_VAULT
        if step.action in {Action.GRANT, Action.GRANT_AGAIN}:
            yield bash.USER_PRINCIPAL if of_user else bash.SYSTEM_PRINCIPAL
        if step.action is Action.SWITCH_ON:
            yield bash.USER_PROPERTIES if of_user else bash.SYSTEM_PROPERTIES
        yield _BODIES[step.action]


def _left(plan: Plan) -> Iterator[str]:
    for each in plan.left:
        yield f"say {quoted(f'This plan does not end {each.code}: {each.message}')}\n"


def _functions(steps: str) -> str:
    """Return the functions that are called, also by one of these."""
    used: list[str] = []
    for name, text in reversed(tuple(bash.FUNCTIONS.items())):
        call = re.compile(rf"(^ *|\$\(|(if|until|!|\|\||\)|then|{{) ){name}(?=[ );])", re.MULTILINE)
        if call.search("".join([*used, steps])):
            used.insert(0, text)
    return "\n".join(used)


def quoted(text: str) -> str:
    """Quote a text for bash as one literal word.

    What a terminal would not show as it is, such as a sign that turns the direction of writing, is
    written as bytes, so that whoever reads the script sees what it does.
    """
    if not text.isprintable():
        return f"$'{''.join(_escaped(char) for char in text)}'"
    word = shlex.quote(text)
    return f"'{text}'" if word == text else word


def _escaped(char: str) -> str:
    if char.isprintable() and char not in "\\'":
        return char
    # Octal: the digits of \x have no end in bash where another hexadecimal one follows.
    return "".join(f"\\{byte:03o}" for byte in char.encode(errors="replace"))


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
        "CLIENT_ID": (plan.client_id or "") if plan.grantee is Grantee.USER else "",
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
