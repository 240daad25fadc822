"""Findings, coverage, counts and changes as types, as they are recorded and sums are made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cmk_check.core.account import Judgement, Subscription
from cmk_check.core.data_stores.account_data import AccountData
from cmk_check.core.due_date import DueDate
from cmk_check.core.enums import (
    ChangeType,
    CoverageState,
    KeyState,
    Reason,
    Verdict,
)
from cmk_check.core.exceptions.account_exception import (
    AccountException,
    AnnouncedException,
    Expiries,
)
from cmk_check.core.gap import Gap
from cmk_check.core.keys.key_health import KeyHealth
from cmk_check.core.owner import Owner
from cmk_check.core.resource_id import AccountId


@dataclass(frozen=True, slots=True)
class Transition:
    """One entry of a finding's history; ``key_health`` where the key was looked at."""

    at: datetime
    verdict: Verdict
    reason: Reason
    scan_id: str
    key_health: KeyState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """What stands beside a verdict, a field for each aspect that is stored.

    A side is None where its aspect does not apply to the verdict or was not looked at. ``owner``
    is None where no scan has recorded whether there is one; only findings have a ``due`` date.
    """

    key_health: KeyHealth | None = None
    data: AccountData | None = None
    exception: AccountException | None = None
    owner: Owner | None = None
    due: DueDate | None = None


@dataclass(frozen=True, slots=True)
class Finding(Sides):
    """An account with its verdict, evidence and dates, as stored. Times are aware and UTC."""

    id: AccountId
    kind: str | None
    location: str | None
    tags: Mapping[str, str]
    judgement: Judgement
    rule_version: str
    first_seen: datetime
    changed_at: datetime
    violated_since: datetime | None = None
    """Set while the verdict is non_compliant."""
    previous_verdict: Verdict | None = None
    changes: int = 1
    """How many transitions there were."""
    history: tuple[Transition, ...] = ()
    """The last 20 of them, oldest first."""
    vault_id: str | None = None
    """Where the vault of a key was last, lower-cased, whatever was read since."""
    announced: AnnouncedException | None = None
    """The exception that people know of."""


@dataclass(frozen=True, slots=True)
class VerdictCounts:
    """Accounts of one kind by verdict."""

    compliant: int = 0
    non_compliant: int = 0
    unknown: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.compliant + self.non_compliant + self.unknown


@dataclass(frozen=True, slots=True)
class PolicyCounts:
    """Accounts by what Azure's built-in policy says of them.

    ``differs`` counts those of which it says something else than our verdict, or nothing;
    ``not_assessed`` those of which it says nothing.
    """

    not_assessed: int = 0
    differs: int = 0


@dataclass(frozen=True, slots=True)
class AccountCounts:
    """Accounts of an estate or a subscription."""

    by_kind: Mapping[str, VerdictCounts] = field(default_factory=dict)
    """An account without a kind is counted under the kind ``unknown``."""
    by_reason: Mapping[str, int] = field(default_factory=dict)
    ignored_by_kind: Mapping[str, int] = field(default_factory=dict)
    unread: int = 0
    """Not part of the last reading: their verdict is the last one known."""
    by_key_health: Mapping[str, int] = field(default_factory=dict)
    """Those whose key was looked at."""
    excepted: Expiries = ()
    """The non-compliant ones with an honoured exception."""
    policy: PolicyCounts | None = None
    """None in rows of earlier versions, and without an account."""
    unowned: int = 0
    """Those without an owner."""
    owners: tuple[str, ...] = ()
    """The hashes of the owners of the others, MAX_OWNERS_COUNTED at most."""
    by_data_state: Mapping[str, int] = field(default_factory=dict)
    """Those whose data was looked for."""
    overdue: int = 0

    @property
    def azure_policy(self) -> PolicyCounts | None:
        """What Azure's built-in policy says of them; None if nobody counted that."""
        return self.policy if self.total else PolicyCounts()

    @property
    def compliant(self) -> int:
        """Accounts judged compliant, of all kinds."""
        return sum(counts.compliant for counts in self.by_kind.values())

    @property
    def non_compliant(self) -> int:
        """Accounts judged non_compliant, of all kinds."""
        return sum(counts.non_compliant for counts in self.by_kind.values())

    @property
    def unknown(self) -> int:
        """Accounts judged unknown, of all kinds."""
        return sum(counts.unknown for counts in self.by_kind.values())

    @property
    def total(self) -> int:
        """All accounts in scope."""
        return sum(counts.total for counts in self.by_kind.values())


@dataclass(frozen=True, slots=True)
class Coverage:
    """A subscription as recorded: how far it is known, since when, and its sums."""

    subscription: Subscription
    state: CoverageState
    since: datetime
    gap: Gap | None = None
    last_read: datetime | None = None
    """The time of its last complete reading, kept when coverage is lost."""
    accounts: AccountCounts = field(default_factory=AccountCounts)
    sequence: int = 0
    """The number of the subscription's changes."""
    recording: str | None = None
    """The claim of the worker whose recording is under way."""
    unexpected_by: str | None = None
    """The full scan that was told last that nothing names it but this row; the next ends its
    gap."""

    @property
    def is_forgotten(self) -> bool:
        """Whether only a request ever named it. The row stays, because its changes are numbered."""
        return (
            self.state is CoverageState.EXCLUDED
            and self.unexpected_by is not None
            and self.subscription.name is None
            and self.recording is None
        )


@dataclass(frozen=True, slots=True)
class Change:
    """One transition, not yet published or as published."""

    id: str
    type: ChangeType
    time: datetime
    source: str
    """The subscription's or the scan's path."""
    subject: str
    """The path of what changed."""
    data: Mapping[str, object]
    """The CloudEvents data: JSON values with camelCase keys."""
    sequence: int = 0
    """Numbers the changes of one subscription, in order; of the scan, it is the scan's epoch."""
