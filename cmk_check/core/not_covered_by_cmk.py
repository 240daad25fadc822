"""What a customer-managed key does not encrypt in an account that uses such a key.

An account's properties do not show most of the features that the account uses, so the list contains
every feature that accounts of its kind can use.
"""

from collections.abc import Mapping
from typing import Final

from cmk_check.core.enums import Verdict
from cmk_check.core.text_files import read_toml

_FILE: Final = read_toml(__package__, "not_covered_by_cmk.toml")
_POLICIES: Final[Mapping[str, str]] = _FILE["policies"]
_TEXTS: Final[Mapping[str, str]] = _FILE["texts"]
_BY_KIND: Final[Mapping[str, tuple[str, ...]]] = {
    "openai": ("revoked",),
    "aiservices": (
        *("agents", "hosted_agents", "agent_365", "speech", "assistants", "connected"),
        "revoked",
    ),
}


def list_limits(kind: str | None, verdict: Verdict) -> tuple[str, ...]:
    """Return the limits as sentences; there are none unless the account certainly uses a key.

    A sentence about another Azure service names the built-in policy that judges this service.
    """
    if kind is None or verdict is not Verdict.COMPLIANT:
        return ()
    names = _BY_KIND.get(kind.lower(), ())
    return tuple(_TEXTS[name].format_map(_POLICIES) for name in names)
