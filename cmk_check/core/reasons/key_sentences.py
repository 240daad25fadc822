"""How bad a reason of key health is, and what could not be seen of a key, with what to do.

The sentences follow ``cannot_read``. Each begins with the part that was not seen, in the words of
the portal.
"""

from collections.abc import Mapping
from typing import Final

from cmk_check.core.enums import KeyReason, KeySeverity, ReasonSeverity
from cmk_check.core.reasons.catalogue import KEY_REASONS

AGAIN: Final = "the next scan tries again, and if it stays, look for a newer version of cmk_check."
_LOOK: Final = "look at it with `az keyvault key show`"

KEY_TYPE: Final = f"Key: Azure did not say its type; {_LOOK}, and {AGAIN}"
KEY_SIZE: Final = f"Key: Azure did not say its size; {_LOOK}, and {AGAIN}"
KEY_OPERATIONS: Final = (
    "Key: Azure did not say what it may be used for; permit wrapKey and unwrapKey with "
    f"`az keyvault key set-attributes`, and {AGAIN}"
)
KEY_VERSIONS: Final = (
    "Versions of the key: Azure did not say enough to tell which is newer; look at them with "
    "`az keyvault key list-versions`, or take the version out of the account's encryption "
    "settings."
)
IDENTITY: Final = (
    "Identity: Azure did not name the object id of the account's identity; the next scan tries "
    "again, and if it stays, attach the identity to the account again."
)
CONDITIONAL_ROLE: Final = (
    "Role assignments: the identity is allowed to use the key under a condition only, and "
    "conditions are not evaluated here; assign it a role without one."
)
POLICY_OF_A_GROUP: Final = (
    "Access policies: none of the identity's own allows get, wrapKey and unwrapKey, and whether "
    "it is in a group that another one is for cannot be seen; give the identity such a policy of "
    "its own."
)
FIREWALL: Final = (
    "Firewall: the vault's is set in a way that is not known here; set it again on the vault's "
    "Networking page, and if it stays, look for a newer version of cmk_check."
)
# Of a vault; the part stands in front.
ANOTHER_VAULT: Final = (
    "the one that was read is not the one that the account names; set the key again on the "
    "account's Encryption page."
)

KEY_SEVERITIES: Final[Mapping[ReasonSeverity, KeySeverity]] = {
    ReasonSeverity.INFO: KeySeverity.NOTICE,
    ReasonSeverity.WARNING: KeySeverity.AT_RISK,
    ReasonSeverity.UNKNOWN: KeySeverity.UNKNOWN,
    ReasonSeverity.ERROR: KeySeverity.BROKEN,
}
"""What findings call the severities of the catalogue."""


def key_severity(code: KeyReason) -> KeySeverity:
    """Return what a reason does to key health."""
    return KEY_SEVERITIES[KEY_REASONS[code].severity]


def not_read(title: str) -> str:
    """Say that nobody tried to read a part."""
    return f"{title}: not read; {AGAIN}"


def without_detail(reason: str) -> str:
    """Say that a part could not be read, where the gap does not say more."""
    return f"could not be read ({reason}); {AGAIN}"


def malformed(fault: str, command: str) -> str:
    """Say that Azure described something in another shape than ``command`` is known to show."""
    return f"{fault} Look at it with `{command}`; if Azure changed the shape, update cmk_check."
