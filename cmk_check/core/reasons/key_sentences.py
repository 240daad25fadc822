"""The severities of key reasons, and sentences about parts of a key that could not be read.

Sentences about unread parts follow the ``cannot_read`` reason's message, and are in reasons.toml.
"""

from collections.abc import Mapping
from typing import Final

from cmk_check.core.enums import KeyReason, KeySeverity, ReasonSeverity
from cmk_check.core.reasons.catalogue import KEY_REASONS, TABLES

AGAIN: Final = "The next scan tries again. If this persists, look for a newer version of cmk_check."
_PARTS: Final[Mapping[str, Mapping[str, str]]] = TABLES["key_part"]
KEY_TYPE: Final = _PARTS["key_type"]["message"]
KEY_SIZE: Final = _PARTS["key_size"]["message"]
KEY_OPERATIONS: Final = _PARTS["key_operations"]["message"]
KEY_VERSIONS: Final = _PARTS["key_versions"]["message"]
IDENTITY: Final = _PARTS["identity"]["message"]
CONDITIONAL_ROLE: Final = _PARTS["conditional_role"]["message"]
POLICY_OF_A_GROUP: Final = _PARTS["policy_of_a_group"]["message"]
FIREWALL: Final = _PARTS["firewall"]["message"]
ANOTHER_VAULT: Final = _PARTS["another_vault"]["message"]

KEY_SEVERITIES: Final[Mapping[ReasonSeverity, KeySeverity]] = {
    ReasonSeverity.INFO: KeySeverity.NOTICE,
    ReasonSeverity.WARNING: KeySeverity.AT_RISK,
    ReasonSeverity.UNKNOWN: KeySeverity.UNKNOWN,
    ReasonSeverity.ERROR: KeySeverity.BROKEN,
}
"""The severities of key health by the severities of the catalogue."""


def key_severity(code: KeyReason) -> KeySeverity:
    """Return the effect that a reason has on key health."""
    return KEY_SEVERITIES[KEY_REASONS[code].severity]


def not_read(title: str) -> str:
    """Return the sentence about a part of a key that no scan tried to read."""
    return f"{title}: not read. {AGAIN}"


def without_detail(reason: str) -> str:
    """Return the sentence about a part that could not be read, for a gap without detail."""
    return f"could not be read ({reason}). {AGAIN}"


def describe_malformed(fault: str, command: str) -> str:
    """Return the sentence about a response in an unknown format; ``command`` shows the resource."""
    return f"{fault} Check it with `{command}`. If Azure's format has changed, update cmk_check."
