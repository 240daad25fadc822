"""A remediation plan as a bash script of ``az`` commands that can be run again at any point.

Names are hostile text: each stands once, quoted, in an assignment, and is used as "$NAME" after
an equals sign, where az takes even a leading dash for a value. Runs in bash 3.2, which macOS has.
What the commands answer, and when they fail, is in docs/remediation.md.
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
from cmk_check.core.remediation.steps import Action
from cmk_check.limits import KEY_EXPIRY_NOTICE, SWITCH_ON_ATTEMPTS, SWITCH_ON_PAUSE_SECONDS

# EX_TEMPFAIL of sysexits.h: the same may work later.
NOT_YET: Final = 75

# What shellcheck says of a name that holds a quote, a backslash or a dollar sign.
LITERAL_NAMES: Final = (
    "# shellcheck disable=SC1003,SC2016,SC2089,SC2090 # names are literal, whatever they hold\n"
)

_HEAD: Final = """\
#!/usr/bin/env bash
# Puts an account under a customer-managed key. Needs the az command, signed in; asks nothing.
# Every step looks first, so after a failure just run it again. In a sovereign cloud, choose the
# cloud before: az cloud set --name AzureUSGovernment (or AzureChinaCloud), then az login.
# Before you run it:
"""
_KEY_HEAD: Final = """\
#!/usr/bin/env bash
# Ends what is wrong with the key of an account. Needs the az command, signed in; asks nothing.
# Every step looks first, so after a failure just run it again. Where a person has to decide, it
# stops, and names the variable that says yes. In a sovereign cloud, choose the cloud before:
# az cloud set --name AzureUSGovernment (or AzureChinaCloud), then az login.
# Before you run it:
"""

# A script has those that it uses; one may use those before it.
_FUNCTIONS: Final = """\
say() { printf '%s\\n' "$*"; }

stop() {
  printf 'Stopped: %s\\n' "$*" >&2
  exit 1
}

not_yet() {
  printf 'Stopped: %s\\n' "$*" >&2
  exit "$NOT_YET"
}

plain() { printf '%s' "$1" | tr '[:upper:]' '[:lower:]' | tr -d ' '; }

listed() { printf '%s\\n' "$1" | grep -ixF -e "$2" >/dev/null; }

# What a person has to decide is done only if a variable says so.
decided() {
  local variable=$1
  shift
  if [ "${!variable:-}" != yes ]; then
    stop "$* If it is to be done all the same: $variable=yes bash $0"
  fi
}

unusable() {
  stop "$1: it has to be RSA of 2048 bits or more, enabled, within its dates, and allowed to" \\
    'wrap and unwrap'
}

account() {
  az cognitiveservices account show --subscription="$SUBSCRIPTION" --resource-group="$GROUP" \\
    --name="$ACCOUNT" --query="$1" --output=tsv
}

is_failed() { case $(plain "$1") in failed | canceled) ;; *) return 1 ;; esac; }

encryption() {
  account "join('|', [properties.encryption.keySource || '',
    properties.encryption.keyVaultProperties.keyName || '',
    properties.encryption.keyVaultProperties.keyVersion || '',
    properties.encryption.keyVaultProperties.keyVaultUri || ''])"
}

fact() {
  az rest --method=get --url="$1?api-version=$KEY_VAULT_API" --query="$2" --output=tsv
}

vault() { fact "$VAULT_ID" "$1"; }

# Of the version that the account uses.
key() { fact "$KEY_ID${VERSION:+/versions/$VERSION}" "$1"; }
"""
_NO_FILES: Final = """\
for value in "$SUBSCRIPTION" "$GROUP" "$ACCOUNT" "$VAULT_GROUP"; do
  case $value in
    @*) stop "az would read a file where a name begins with @: $value" ;;
  esac
done
"""


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
    parts = [_functions(steps), "\n", _NO_FILES, steps]
    head, remark = _KEY_HEAD, "As they were found. TENANT may be empty."
    if plan.steps[0].action is Action.SIGN_IN:
        head, remark = (
            _HEAD,
            ("Change vault and key here if you want others. VAULT_GROUP and TENANT may be empty."),
        )
    left = (f"This plan does not end {each.code}: {each.message}" for each in plan.left)
    return "".join(
        [
            head,
            *(step.caution("#") for step in plan.steps),
            f"{LITERAL_NAMES}set -euo pipefail\n\n# {remark}\n",
            _variables(plan, "".join(parts)),
            "\n",
            *parts,
            *(f"say {quoted(text)}\n" for text in left),
        ]
    )


def _functions(steps: str) -> str:
    """Return the functions that are called, also by one of these."""
    used: list[str] = []
    for text in reversed(_FUNCTIONS.split("\n\n")):
        name = text.partition("()")[0].rpartition("\n")[2]
        call = re.compile(rf"(^ *|\$\(|(if|until|!|\|\||\)|then|{{) ){name}(?=[ );])", re.MULTILINE)
        if call.search("\n".join([*used, steps])):
            used.insert(0, text.rstrip("\n"))
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
