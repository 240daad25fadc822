"""The base class of aspects. An aspect is a further question about an account besides its verdict.

The code that compares, counts, announces and filters treats all aspects alike: it loops over
``ASPECTS`` and names no aspect.
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
    """An account of a reading with its verdict and its aspects."""

    account: Account
    judgement: Judgement

    @property
    def kind(self) -> str | None:
        """The kind, in the spelling of the settings."""
        return self.account.kind

    @property
    def vault_id(self) -> str | None:
        """The ARM id of the key's vault, if it was found."""
        return self.key_health.vault_id if self.key_health else None

    def transition(self, at: datetime, scan_id: str) -> Transition:
        """Return the entry of the history for this reading."""
        judgement, state = self.judgement, self.key_health.state if self.key_health else None
        return Transition(at, judgement.verdict, judgement.reason, scan_id, state)


type AnyAccount = Finding | Judged
"""An account with its aspects, as recorded or as judged in a reading."""
type AllJudged = Mapping[str, Judged]
"""The accounts of a reading by lower-cased id, each once, sorted by id."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """When a reading is compared; ``baseline``: in the first scan, whose changes are not sent.

    ``exceptions_off``: the settings switch exceptions off, so all that were announced have ended.
    ``fix_within`` is the time allowed to fix an account, if it is limited. ``unread``: the account
    was not read; ``removed``: it is removed.
    """

    now: datetime
    baseline: bool = False
    unread: bool = False
    removed: bool = False
    exceptions_off: bool = False
    fix_within: timedelta | None = None


@dataclass(frozen=True, slots=True)
class News:
    """One change to announce, and its data in addition to the states before and after.

    With ``once``, the change has the same id each time it is announced for the account.
    """

    type: ChangeType
    shown: Mapping[str, object] = field(default_factory=dict)
    once: str | None = None


class Aspect(ABC):
    """Everything that the program needs to know about an aspect.

    ``name`` is its name in JSON, filters and changes; ``side`` is its field of ``Sides``. It
    applies to accounts with one of the ``verdicts``. ``changes`` maps the types of its changes to
    their titles. What is new about an aspect ``in_history`` is an entry there, and an update of the
    account if the aspect does not announce it.

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
        """Return the account's state at ``now``, as filters name it; None matches no filter."""

    @abstractmethod
    def shown(self, account: AnyAccount) -> dict[str, object] | None:
        """Return the state as changes show it, or None if it was not checked."""

    def is_same(self, before: AnyAccount, after: AnyAccount) -> bool:
        """Return whether nothing has changed that would add an entry to the history."""
        return bool(getattr(before, self.side) == getattr(after, self.side))

    def badness(self, account: AnyAccount) -> float:  # noqa: ARG002 - of some
        """Return how bad the state is: an incomplete reading may report only what got worse."""
        return 0

    def is_worse(self, before: AnyAccount, after: AnyAccount) -> bool:
        """Return whether the state got worse, where the aspect applies to both."""
        both = self.applies(before.judgement) and self.applies(after.judgement)
        return both and self.badness(after) > self.badness(before)

    def kept(self, before: Finding, read: Judged) -> Judged:
        """Return the account as read, but with the recorded value of this aspect."""
        return replace(read, **{self.side: getattr(before, self.side)})

    def news(
        self,
        before: Finding | None,  # noqa: ARG002 - of most
        after: Finding,
        read: AnyAccount,  # noqa: ARG002
        occasion: Occasion,  # noqa: ARG002
    ) -> tuple[Finding, Sequence[News]]:
        """Return the changes to announce, and the finding that records what was announced.

        ``read`` is the account as read; ``after`` lacks what an incomplete reading may not report.
        All three are the recorded finding if the account was not read or is removed.
        """
        return after, ()

    @abstractmethod
    def label(self, account: AnyAccount) -> Hashable | None:
        """Return the label under which an account is counted, or None if it is not counted."""

    @abstractmethod
    def into(self, counts: AccountCounts, labels: Mapping[Hashable, int]) -> AccountCounts:
        """Return the counts with the number of accounts for each label, all at least 1."""

    @abstractmethod
    def labels(self, counts: AccountCounts) -> Iterable[tuple[Hashable, int]]:
        """Return the number of accounts for each label in counts, as ``into`` writes it."""

    def whole(self, counts: AccountCounts) -> int:
        """Return the number of accounts to which the aspect applies."""
        return sum(counts.by_verdict[verdict] for verdict in self.verdicts)

    def is_in_table(self, state: str) -> bool:  # noqa: ARG002 - of most
        """Return whether the table can filter by this state, which its column then contains."""
        return True

    def applies(self, judgement: Judgement) -> bool:
        """Return whether the aspect applies to this verdict."""
        return judgement.verdict in self.verdicts
