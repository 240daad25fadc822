"""The steps of a remediation plan, which is rendered in four formats.

steps.toml contains the texts, including those for the portal. plan.sh contains the bash code, and
plan.tf the Terraform code. The text files contain no names, because the renderers insert the names.
"""

import textwrap
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from cmk_check.core.text_files import fill_part, read_parts, read_text, read_toml

BASH: Final = read_parts(__package__, "plan.sh")
TERRAFORM_WARNING: Final = read_text(__package__, "terraform_warning.txt").strip()
"""What must be done before changing an account that Terraform manages.

Terraform removes a key that is not in its configuration, because the block is optional and not
computed (cognitive_account_resource.go of the azurerm provider 5.2).
"""
_WORDS: Final = read_toml(__package__, "steps.toml")


class Action(StrEnum):
    """The action of a step; the members are in the order in which a plan for a key runs them.

    In a plan for a key, the first steps make the key usable, the next steps meet Azure's
    requirements for changing an account's key, and the last step changes the key.
    """

    SIGN_IN = "sign_in"
    ASSIGN_IDENTITY = "assign_identity"
    CREATE_VAULT = "create_vault"
    CHECK_VAULT = "check_vault"
    CREATE_KEY = "create_key"
    GRANT = "grant"
    WAIT = "wait"
    SWITCH_ON = "switch_on"
    VERIFY = "verify"
    FIND_KEY = "find_key"
    REPLACE_KEY = "replace_key"
    REPLACE_BLOCKED_KEY = "replace_blocked_key"
    RECOVER_VAULT = "recover_vault"
    RECOVER_KEY = "recover_key"
    ENABLE_KEY = "enable_key"
    START_KEY = "start_key"
    PERMIT_WRAPPING = "permit_wrapping"
    RESTORE_IDENTITY = "restore_identity"
    GRANT_AGAIN = "grant_again"
    OPEN_FIREWALL = "open_firewall"
    SOFT_DELETE = "soft_delete"
    PROTECT_FROM_PURGE = "protect_from_purge"
    RENEW_KEY = "renew_key"
    ROTATE_KEY = "rotate_key"
    FOLLOW_KEY = "follow_key"
    REPEAT_UPDATE = "repeat_update"
    VERIFY_KEY = "verify_key"


ON_KEYS: Final = frozenset(
    {
        Action.RECOVER_KEY,
        Action.ENABLE_KEY,
        Action.START_KEY,
        Action.PERMIT_WRAPPING,
        Action.RENEW_KEY,
        Action.ROTATE_KEY,
    }
)
"""The steps that call the vault itself, because Azure Resource Manager cannot do them."""
ON_ACCOUNTS: Final = frozenset(
    {Action.ASSIGN_IDENTITY, Action.RESTORE_IDENTITY, Action.SWITCH_ON, Action.FOLLOW_KEY}
)
"""The steps that change an account's settings, which Terraform may manage."""


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One step as plain text for people, with its ``commands`` in bash.

    ``risk`` says what cannot be undone or must be decided, or is None. ``warning`` is the risk in
    the words for a script, which may also describe how the script behaves. ``portal`` contains a
    line for each action in the portal.
    """

    action: Action
    title: str
    why: str
    risk: str | None = None
    warning: str | None = None
    portal: str = field(kw_only=True)
    commands: str = field(kw_only=True)

    def caution(self, comment: str) -> str:
        """Return the step's title and warning as comment lines, or "" if there is no warning."""
        return "" if self.warning is None else render_comment(comment, self.title, self.warning)


def render_comment(comment: str, title: str, text: str) -> str:
    """Return a list entry for the comment at the top of a script, template or Terraform file."""
    lines = textwrap.wrap(text, 92, break_long_words=False)
    return "".join(
        f"{comment}{line}\n" for line in (f" - {title}:", *(f"   {line}" for line in lines))
    )


def step(action: Action, *, due: str = "", **variants: bool) -> PlanStep:
    """Return the step for an action, with the texts of those variants in steps.toml that are True.

    ``due`` is when the key should have been rotated, in seconds since 1970.
    """
    words = _WORDS[action]
    for variant in (name for name, is_so in variants.items() if is_so):
        words = words | words[variant]
    return PlanStep(
        action,
        words["title"],
        words["why"],
        risk := words.get("warning"),
        " ".join(filter(None, (risk, words.get("script")))) or None,
        portal=words["portal"].strip(),
        commands=fill_part(BASH, words.get("bash", action), {"due": due}) + "\n",
    )


def switch_on(kind: str | None, *, user: bool) -> PlanStep:
    """Return the step that sets the encryption of an account of the given ``kind``."""
    return step(Action.SWITCH_ON, user=user, foundry=(kind or "").lower() == "aiservices")
