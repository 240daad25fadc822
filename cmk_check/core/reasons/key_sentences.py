"""The severities of key reasons, and sentences for parts of a key that could not be read.

The sentences follow the message of ``cannot_read``. Each starts with the part that could not be
read, in the portal's words, and says what to do.
"""

from collections.abc import Mapping
from typing import Final

from cmk_check.core.enums import KeyReason, KeySeverity, ReasonSeverity
from cmk_check.core.reasons.catalogue import KEY_REASONS

AGAIN: Final = "the next scan tries again. If this stays, look for a newer version of cmk_check."
_LOOK: Final = "check it with `az keyvault key show`"

KEY_TYPE: Final = f"Key: Azure did not return its type; {_LOOK}; {AGAIN}"
KEY_SIZE: Final = f"Key: Azure did not return its size; {_LOOK}; {AGAIN}"
KEY_OPERATIONS: Final = (
    "Key: Azure did not return its permitted operations; permit wrapKey and unwrapKey with "
    f"`az keyvault key set-attributes`; {AGAIN}"
)
KEY_VERSIONS: Final = (
    "Versions of the key: Azure did not return enough to find the newer one; check them with "
    "`az keyvault key list-versions`, or remove the version from the account's encryption settings."
)
IDENTITY: Final = (
    "Identity: Azure did not return the object id of the account's identity; the next scan tries "
    "again. If this stays, attach the identity to the account again."
)
CONDITIONAL_ROLE: Final = (
    "Role assignments: the identity may use the key only under a condition, and cmk_check does not "
    "evaluate conditions; assign the identity a role without a condition."
)
POLICY_OF_A_GROUP: Final = (
    "Access policies: the identity's own policies do not allow get, wrapKey and unwrapKey, and "
    "cmk_check cannot read whether it is in a group whose policies do; give the identity its own "
    "policy with these permissions."
)
FIREWALL: Final = (
    "Firewall: cmk_check does not know the vault's firewall setting; set it again on the vault's "
    "Networking page. If this stays, look for a newer version of cmk_check."
)
# "Vault: " precedes this.
ANOTHER_VAULT: Final = (
    "Azure returned another vault than the one that the account names; set the key again on the "
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
    """Return the effect of a reason on key health."""
    return KEY_SEVERITIES[KEY_REASONS[code].severity]


def not_read(title: str) -> str:
    """Return the sentence for a part that no scan tried to read."""
    return f"{title}: not read; {AGAIN}"


def without_detail(reason: str) -> str:
    """Return the sentence for a part that could not be read, if its gap has no detail."""
    return f"could not be read ({reason}); {AGAIN}"


def malformed(fault: str, command: str) -> str:
    """Return the sentence for an answer with an unknown shape; ``command`` shows the resource."""
    return f"{fault} Check it with `{command}`; if Azure changed the shape, update cmk_check."
