"""The base class of aspects.

An aspect answers a question about an account that the account's verdict does not answer. The code
that compares, counts, announces and filters loops over ``ASPECTS`` and names no aspect.
"""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import ClassVar

from cmk_check.core.account import Account, Judgement
from cmk_check.core.enums import ChangeType, Verdict
from cmk_check.core.model import AccountCounts, Finding, Sides, Transition


@dataclass(frozen=True, slots=True)
class Judged(Sides):
    """An account from a reading, with its verdict and its aspects."""

    account: Account
    judgement: Judgement

    @property
    def kind(self) -> str | None:
        """The account's kind, spelled as in the settings."""
        return self.account.kind

    @property
    def vault_id(self) -> str | None:
        """The ARM id of the vault that contains the account's key, if the vault was found."""
        return self.key_health.vault_id if self.key_health else None

    def transition(self, at: datetime, scan_id: str) -> Transition:
        """Return the history entry that this reading adds to the account's finding."""
        judgement, state = self.judgement, self.key_health.state if self.key_health else None
        return Transition(at, judgement.verdict, judgement.reason, scan_id, state)


type AnyAccount = Finding | Judged
"""An account with its aspects, as recorded in a finding or as judged in a reading."""
type AllJudged = Mapping[str, Judged]
"""The judged accounts of a reading by lower-cased id, sorted by id, without repetition."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """The circumstances in which a reading is compared with a finding.

    ``exceptions_off`` means that the settings switch exceptions off, so every announced exception
    has ended. ``fix_within`` is the time allowed to fix an account, or None without a limit.
    ``unread`` means that the account was not read, ``removed`` that its finding is removed.
    """

    now: datetime
    baseline: bool = False
    unread: bool = False
    removed: bool = False
    exceptions_off: bool = False
    fix_within: timedelta | None = None


@dataclass(frozen=True, slots=True)
class News:
    """A change to announce, with data to add to the account's states before and after the change.

    With ``once``, the change has the same id each time it is announced for the account.
    """

    type: ChangeType
    shown: Mapping[str, object] = field(default_factory=dict)
    once: str | None = None


class Aspect(ABC):
    """The base class of aspects, with all properties of an aspect that the program uses.

    ``name`` is the aspect's name in JSON, filters and changes; ``side`` is its field of ``Sides``.
    The aspect applies only to accounts with one of the ``verdicts``. ``changes`` maps the types of
    the aspect's changes to their titles. With ``in_history``, a change of the aspect adds a history
    entry, and an account update is announced unless the aspect announces its own change.

    >>> BY_NAME["exception"].state(finding, now)
    'none'
    >>> BY_NAME["keyHealth"].applies(finding.judgement)
    False
    """

    name: ClassVar[str]
    side: ClassVar[str]
    verdicts: ClassVar[frozenset[Verdict]]
    changes: ClassVar[Mapping[ChangeType, str]] = {}
    in_history: ClassVar[bool] = True

    @abstractmethod
    def state(self, account: AnyAccount, now: datetime) -> str | None:
        """Return the aspect's state at ``now``, as named in filters, or None if it has no state."""

    @abstractmethod
    def describe(self, account: AnyAccount) -> dict[str, object] | None:
        """Return the aspect's state as used in changes, or None if the aspect was not checked."""

    def is_same(self, before: AnyAccount, after: AnyAccount) -> bool:
        """Return whether the aspect is unchanged, so that the account's history needs no entry."""
        return bool(getattr(before, self.side) == getattr(after, self.side))

    def get_badness(self, account: AnyAccount) -> float:  # noqa: ARG002 - of some
        """Return how bad the state is; an incomplete reading reports a state only if worse."""
        return 0

    def is_worse(self, before: AnyAccount, after: AnyAccount) -> bool:
        """Return whether the aspect applies both before and after, and its state got worse."""
        both = self.applies(before.judgement) and self.applies(after.judgement)
        return both and self.get_badness(after) > self.get_badness(before)

    def keep_recorded(self, before: Finding, read: Judged) -> Judged:
        """Return the account from the reading, but with the recorded value of this aspect."""
        return replace(read, **{self.side: getattr(before, self.side)})

    def list_news(
        self,
        before: Finding | None,  # noqa: ARG002 - of most
        after: Finding,
        read: AnyAccount,  # noqa: ARG002
        occasion: Occasion,  # noqa: ARG002
    ) -> tuple[Finding, Sequence[News]]:
        """Return the finding, with new announcements recorded, and the changes to announce.

        ``read`` is the account from the reading. ``after`` lacks the changes that an incomplete
        reading must not report. If the account was not read or is removed, ``before``, ``after``
        and ``read`` are all the recorded finding.
        """
        return after, ()

    @abstractmethod
    def get_label(self, account: AnyAccount) -> Hashable | None:
        """Return the label under which an account is counted, or None if it is not counted."""

    @abstractmethod
    def add_counts(self, counts: AccountCounts, labels: Mapping[Hashable, int]) -> AccountCounts:
        """Return ``counts`` with the number of accounts for each label, which is at least 1."""

    @abstractmethod
    def list_counts(self, counts: AccountCounts) -> Iterable[tuple[Hashable, int]]:
        """Return each label in ``counts`` with its number of accounts, reversing ``add_counts``."""

    def count_applicable(self, counts: AccountCounts) -> int:
        """Return the number of accounts to which the aspect applies."""
        return sum(counts.by_verdict[verdict] for verdict in self.verdicts)

    def is_in_table(self, state: str) -> bool:  # noqa: ARG002 - of most
        """Return whether a table column contains this state, so that the table can filter by it."""
        return True

    def applies(self, judgement: Judgement) -> bool:
        """Return whether the aspect applies to an account with this ``judgement``."""
        return judgement.verdict in self.verdicts
