"""Read the accounts by owner and by key from a coverage row.

If a row has no groups or impossible groups, the findings of its subscription must be read instead,
and the next scan writes the groups again.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from pydantic import TypeAdapter

from cmk_check.core.account_groups import KeyGroups, OwnerGroups
from cmk_check.core.enums import Verdict
from cmk_check.core.model import Coverage
from cmk_check.store.row_times import is_utc

_OWNERS: Final = TypeAdapter[OwnerGroups](OwnerGroups)
_KEYS: Final = TypeAdapter(KeyGroups)


def decode_owners(coverage: Coverage) -> OwnerGroups | None:
    """Return the groups by owner, or None if missing or in conflict with the counts."""
    try:
        groups = _OWNERS.validate_json(coverage.owners or "")
    except ValueError:
        return None
    verdicts = Counter[Verdict]()
    for owner in groups.values():
        verdicts.update(owner.verdicts)
    is_sum = verdicts == Counter(coverage.accounts.by_verdict)
    times = (owner.oldest_violation for owner in groups.values())
    return groups if is_sum and _are_utc(times) else None


def decode_keys(coverage: Coverage) -> KeyGroups | None:
    """Return the groups by key, or None if missing or in conflict with the counts."""
    try:
        groups = _KEYS.validate_json(coverage.keys or "")
    except ValueError:
        return None
    number = sum((key.states.total() for key in groups.keys.values()), groups.keyless)
    counts = coverage.accounts
    times = (time for key in groups.keys.values() for time in (key.expires, key.next_rotation_at))
    is_sum = number == counts.total - counts.non_compliant
    return groups if is_sum and _are_utc(times) else None


def _are_utc(times: Iterable[datetime | None]) -> bool:
    return all(time is None or is_utc(time) for time in times)
