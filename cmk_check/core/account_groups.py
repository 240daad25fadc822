"""Sums of a subscription's accounts by owner and by key, as stored in its coverage row.

The transaction that writes a finding also writes the subscription's coverage row, so the sums are
never older than the findings. To list owners or keys, the API reads one row for each subscription.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cmk_check.core.enums import KeyRotation, KeyState, Verdict
from cmk_check.core.key_use import get_key_id
from cmk_check.core.model import Finding
from cmk_check.limits import MAX_ACCOUNT_GROUPS_CHARS


@dataclass(slots=True)
class OwnerGroup:
    """The number of one owner's accounts by verdict, and of compliant accounts by key health."""

    verdicts: Counter[Verdict] = field(default_factory=Counter)
    keys: Counter[KeyState] = field(default_factory=Counter)
    overdue: int = 0
    oldest_violation: datetime | None = None
    unread: int = 0

    def add(self, finding: Finding) -> None:
        """Add an account."""
        self.verdicts[finding.judgement.verdict] += 1
        if finding.judgement.verdict is Verdict.COMPLIANT:
            self.keys[_get_key_state(finding)] += 1
        self.overdue += finding.due is not None and finding.due.is_overdue
        self.oldest_violation = _first(self.oldest_violation, finding.violated_since)

    def merge(self, other: "OwnerGroup", *, unread: bool) -> None:
        """Add the accounts of another subscription, which are ``unread`` after a failed reading."""
        self.verdicts.update(other.verdicts)
        self.keys.update(other.keys)
        self.overdue += other.overdue
        self.oldest_violation = _first(self.oldest_violation, other.oldest_violation)
        self.unread += other.verdicts.total() * unread


@dataclass(slots=True)
class KeyGroup:
    """The number of accounts that use one key, by key health, and facts about this key."""

    states: Counter[KeyState] = field(default_factory=Counter)
    unowned: int = 0
    pinned: int = 0
    unread: int = 0
    vault_id: str | None = None
    expires: datetime | None = None
    next_rotation_at: datetime | None = None
    owners: set[str] = field(default_factory=set)
    versions: set[str] = field(default_factory=set)
    identities: set[str] = field(default_factory=set)

    def add(self, finding: Finding) -> None:
        """Add an account."""
        owner, health = finding.owner.value, finding.key_health
        self.states[_get_key_state(finding)] += 1
        self.unowned += not owner
        self.owners |= {owner} if owner else set()
        self.vault_id = self.vault_id or finding.vault_id
        if health is not None:
            self.pinned += health.rotation is KeyRotation.PINNED
            self.versions |= {health.key_version} if health.key_version else set()
            self.identities |= {health.principal_id} if health.principal_id else set()
            self.expires = _first(self.expires, health.expires)
            self.next_rotation_at = health.next_rotation_at or self.next_rotation_at

    def merge(self, other: "KeyGroup", *, unread: bool) -> None:
        """Add the accounts of another subscription, which are ``unread`` after a failed reading."""
        self.states.update(other.states)
        self.unowned += other.unowned
        self.pinned += other.pinned
        self.unread += other.states.total() * unread
        self.vault_id = self.vault_id or other.vault_id
        self.owners |= other.owners
        self.versions |= other.versions
        self.identities |= other.identities
        self.expires = _first(self.expires, other.expires)
        # Take the latest reading: if a key was not read, its reading has nothing newer.
        if other.next_rotation_at and not (unread and self.next_rotation_at):
            self.next_rotation_at = other.next_rotation_at


@dataclass(slots=True)
class KeyGroups:
    """Groups of accounts, keyed by key id; ``keyless`` counts the accounts whose key is unknown."""

    keys: dict[str, KeyGroup] = field(default_factory=dict)
    keyless: int = 0


type OwnerGroups = dict[str, OwnerGroup]
"""The accounts by owner; "" is the key for accounts without an owner."""


def group_by_owner(findings: Iterable[Finding]) -> OwnerGroups:
    """Group accounts by owner, whatever the order of their ``findings``."""
    owners: OwnerGroups = {}
    for finding in findings:
        owners.setdefault(finding.owner.value or "", OwnerGroup()).add(finding)
    return owners


def group_by_key(findings: Iterable[Finding]) -> KeyGroups:
    """Group accounts by key, whatever the order of their ``findings``."""
    groups = KeyGroups()
    for finding in sorted(findings, key=lambda finding: str(finding.id)):
        if (key := get_key_id(finding)) is not None:
            groups.keys.setdefault(key, KeyGroup()).add(finding)
        else:
            groups.keyless += finding.judgement.verdict is not Verdict.NON_COMPLIANT
    return groups


def encode_groups(findings: Collection[Finding]) -> Mapping[str, str | None]:
    """Return all account groups, encoded by ``write_groups``, for columns of the coverage row."""
    owners, keys = group_by_owner(findings), group_by_key(findings)
    return {"owners": write_groups(owners), "keys": write_groups(keys)}


def write_groups(groups: OwnerGroups | KeyGroups) -> str | None:
    """Encode account groups as JSON; return None if the JSON is too long for a row."""
    text = json.dumps(groups, default=_plain, sort_keys=True, separators=(",", ":"))
    return text if len(text) <= MAX_ACCOUNT_GROUPS_CHARS else None


def _plain(value: object) -> object:
    if isinstance(value, set):
        return sorted(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, OwnerGroup | KeyGroup | KeyGroups):
        return {name: part for name in value.__slots__ if (part := getattr(value, name))}
    raise TypeError(value)


def _get_key_state(finding: Finding) -> KeyState:
    return finding.key_health.state if finding.key_health else KeyState.UNKNOWN


def _first(*times: datetime | None) -> datetime | None:
    return min(filter(None, times), default=None)
