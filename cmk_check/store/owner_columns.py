"""The owner of an account as columns of its finding.

Rows of earlier versions have none of them, and broken ones cost only themselves: the next scan
fills the owner in, and tells nobody.
"""

from collections.abc import Mapping
from typing import Final, get_args

from cmk_check.core.owner import UNOWNED, Owner, OwnerSource
from cmk_check.ports import Scalar

_NOBODY: Final = "none"
_SOURCES: Final[tuple[OwnerSource, ...]] = get_args(OwnerSource.__value__)


def owner_values(owner: Owner | None) -> dict[str, Scalar | None]:
    """Return an owner as columns: the value for filters, and where it comes from."""
    if owner is None:
        return {}
    return {"owner": owner.value, "ownerSource": owner.source or _NOBODY}


def owner_in(values: Mapping[str, Scalar]) -> Owner | None:
    """Read the owner of a row; None if it does not say whether there is one."""
    value, source = values.get("owner"), values.get("ownerSource")
    if source == _NOBODY:
        return UNOWNED
    for known in _SOURCES:
        if isinstance(value, str) and source == known:
            return Owner(value, known)
    return None
