"""The types of findings, coverage, counts and changes, as stored in tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from cmk_check.core.account import Judgement, Subscription
from cmk_check.core.enums import ChangeType, CoverageState, KeyState, Reason, Verdict
from cmk_check.core.exceptions.account_exception import (
    AccountException,
    AnnouncedException,
    Expiries,
)
from cmk_check.core.gap import Gap
from cmk_check.core.keys.key_health import KeyHealth
from cmk_check.core.owner import UNOWNED, Owner
from cmk_check.core.resource_id import AccountId


@dataclass(frozen=True, slots=True)
class Transition:
    """One entry of a finding's history; ``key_health`` is None if no key was checked."""

    at: datetime
    verdict: Verdict
    reason: Reason
    scan_id: str
    key_health: KeyState | None = None


@dataclass(frozen=True, slots=True)
class DueDate:
    """The due date of an account that has had a problem since ``since``; all times are in UTC.

    ``at`` is None if the settings no longer require a due date. ``told`` is the last due date that
    was announced as passed.
    """

    since: datetime
    at: datetime | None = None
    told: datetime | None = None

    @property
    def note(self) -> str:
        """The due date as a sentence to append to a message, or "" without a due date."""
        return f" Due by {self.at:%Y-%m-%d %H:%M} UTC." if self.at else ""

    @property
    def is_overdue(self) -> bool:
        """Whether a scan has found that the due date has passed."""
        return self.at is not None and self.at == self.told


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """The facts that a finding contains besides its verdict, with a field for each stored aspect.

    A field is None if its aspect does not apply to the verdict or was not checked. A reading has no
    values for the fields in ``REMEMBERED``. A finding keeps the values of its ``REMEMBERED`` fields
    until news of the aspect changes them.
    """

    REMEMBERED: ClassVar[tuple[str, ...]] = ("due", "announced")

    key_health: KeyHealth | None = None
    exception: AccountException | None = None
    owner: Owner = UNOWNED
    due: DueDate | None = None
    announced: AnnouncedException | None = None
    """The exception whose start was announced."""


@dataclass(frozen=True, slots=True)
class Finding(Sides):
    """An account as stored, with its verdict, evidence and dates. All times are in UTC.

    >>> finding.judgement.verdict.value, finding.judgement.reason.value
    ('non_compliant', 'microsoft_managed_key')
    >>> finding.violated_since == finding.first_seen
    True
    """

    id: AccountId
    kind: str | None
    location: str | None
    tags: Mapping[str, str]
    judgement: Judgement
    rule_version: str
    first_seen: datetime
    changed_at: datetime
    violated_since: datetime | None = None
    """When the account became non_compliant; None with any other verdict."""
    previous_verdict: Verdict | None = None
    changes: int = 1
    """The number of transitions so far."""
    history: tuple[Transition, ...] = ()
    """The last 20 transitions, oldest first."""
    vault_id: str | None = None
    """The last known vault of the key, lower-cased."""


@dataclass(frozen=True, slots=True)
class VerdictCounts:
    """The numbers of accounts of one kind, by verdict."""

    compliant: int = 0
    non_compliant: int = 0
    unknown: int = 0

    @property
    def total(self) -> int:
        """The number of accounts of this kind with any verdict."""
        return self.compliant + self.non_compliant + self.unknown


@dataclass(frozen=True, slots=True)
class AccountCounts:
    """The numbers of accounts in an estate or a subscription."""

    by_kind: Mapping[str, VerdictCounts] = field(default_factory=dict)
    """An account without a kind is counted under the kind ``unknown``."""
    by_reason: Mapping[str, int] = field(default_factory=dict)
    ignored_by_kind: Mapping[str, int] = field(default_factory=dict)
    unread: int = 0
    """The number of accounts missing in the last reading; their verdict is the last known one."""
    by_key_health: Mapping[str, int] = field(default_factory=dict)
    """The number of accounts whose key was checked."""
    excepted: Expiries = ()
    """The number of non-compliant accounts with an honoured exception."""
    unowned: int = 0
    """The number of accounts without an owner."""
    owners: tuple[str, ...] = ()
    """The hashes of the owners, at most MAX_OWNERS_COUNTED."""
    overdue: int = 0

    @property
    def compliant(self) -> int:
        """The number of compliant accounts of all kinds."""
        return sum(counts.compliant for counts in self.by_kind.values())

    @property
    def non_compliant(self) -> int:
        """The number of non-compliant accounts of all kinds."""
        return sum(counts.non_compliant for counts in self.by_kind.values())

    @property
    def unknown(self) -> int:
        """The number of unknown accounts of all kinds."""
        return sum(counts.unknown for counts in self.by_kind.values())

    @property
    def by_verdict(self) -> Mapping[Verdict, int]:
        """The number of accounts of all kinds for each verdict."""
        compliant = non_compliant = unknown = 0
        for counts in self.by_kind.values():  # one pass, because this runs for every row
            compliant += counts.compliant
            non_compliant += counts.non_compliant
            unknown += counts.unknown
        return dict(zip(Verdict, (compliant, non_compliant, unknown), strict=True))

    @property
    def total(self) -> int:
        """The number of accounts of all kinds with any verdict."""
        return sum(counts.total for counts in self.by_kind.values())


@dataclass(frozen=True, slots=True)
class Coverage:
    """A recorded subscription, with its coverage state, the start of this state, and sums."""

    subscription: Subscription
    state: CoverageState
    since: datetime
    gap: Gap | None = None
    last_read: datetime | None = None
    """The time of the last complete reading, kept when coverage is lost."""
    accounts: AccountCounts = field(default_factory=AccountCounts)
    sequence: int = 0
    """The number of the subscription's changes."""
    recording: str | None = None
    """The claim of the worker that is recording the subscription."""
    unexpected_by: str | None = None
    """The last full scan in which only this row named it; the next such scan ends its gap."""
    owners: str | None = None
    """The accounts by owner as JSON; None while they are recorded in parts, or if too long."""
    keys: str | None = None
    """The accounts by key, in the same form."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change to announce, before or after its publication.

    >>> Change("1", ChangeType.KEY_RECOVERED, now, "/subscriptions/1", "/x", {}).type.value
    'cmkcheck.key.recovered'
    """

    id: str
    type: ChangeType
    time: datetime
    source: str
    """The path of the subscription or scan."""
    subject: str
    """The path of the account, subscription or scan that changed."""
    data: Mapping[str, object]
    """The CloudEvents data: JSON values with camelCase keys."""
    sequence: int = 0
    """The number of the change within its subscription; for a scan, the scan's epoch."""
