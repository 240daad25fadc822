"""The base class of aspects. An aspect is a further question about an account besides its verdict.

The code that compares, counts, announces and filters treats all aspects alike: it loops over
``ASPECTS`` and names no aspect.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, override

from cmk_check.core.account import Account, Judgement
from cmk_check.core.enums import ChangeType, ReasonSeverity, Verdict
from cmk_check.core.keys.key_health import KeyConcern
from cmk_check.core.model import AccountCounts, Finding, Sides
from cmk_check.limits import MAX_CHANGE_MESSAGE_CHARS, MAX_CHANGE_REASONS


@dataclass(frozen=True, slots=True)
class Judged(Sides):
    """An account of a reading with its verdict and its aspects."""

    account: Account
    judgement: Judgement

    @property
    def kind(self) -> str | None:
        """The kind, in the spelling of the settings."""
        return self.account.kind


type AnyAccount = Finding | Judged
"""An account with its aspects, as recorded or as judged in a reading."""
type AllJudged = Mapping[str, Judged]
"""The accounts of a reading by lower-cased id, each once, sorted by id."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """When a reading is compared; ``baseline``: in the first scan, whose changes are not sent.

    ``off`` names the aspects that the settings switch off: everything announced of them has ended.
    ``fix_within`` is the time allowed to fix an account, if it is limited.
    """

    now: datetime
    baseline: bool = False
    off: frozenset[str] = frozenset()
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

    ``name`` is its name in JSON, filters and changes. It applies to accounts with one of the
    ``verdicts``. With ``replaces_update``, its news replaces the less specific account update.
    ``counted_as`` is the name of its sums in log lines and reports, or None if they show none;
    ``counted`` has the words for what the sums count and for each sum, in display order.
    ``changes`` maps the types of its changes to their titles. ``troubles`` are the states that
    need attention, in the order of tables; ``titles`` are the headings of the aspect and of its
    sums there. Only states in ``well`` pass; a state in neither list does not.
    """

    name: ClassVar[str]
    verdicts: ClassVar[frozenset[Verdict]] = frozenset(Verdict)
    replaces_update: ClassVar[bool] = False
    counted_as: ClassVar[str | None] = None
    counted: ClassVar[tuple[str, Mapping[str, str]]] = ("", {})
    changes: ClassVar[Mapping[ChangeType, str]] = {}
    titles: ClassVar[tuple[str, str]] = ("", "")
    troubles: ClassVar[Mapping[str, ReasonSeverity]] = {}
    well: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def state(self, account: AnyAccount, now: datetime) -> str | None:
        """Return the account's state at ``now``, as filters name it; None matches no filter."""

    @abstractmethod
    def shown(self, account: AnyAccount) -> dict[str, object] | None:
        """Return the state as changes show it, None if it was not checked."""

    def is_same(self, before: AnyAccount, after: AnyAccount) -> bool:  # noqa: ARG002 - of most
        """Return whether nothing has changed that would add an entry to the history."""
        return True

    def is_worse(self, before: Finding, after: AnyAccount) -> bool:  # noqa: ARG002 - of most
        """Return whether the state got worse, so that an incomplete reading may report it."""
        return False

    @abstractmethod
    def kept(self, before: Finding, read: Judged) -> Judged:
        """Return the account as read, but with the recorded value of this aspect."""

    def news(
        self,
        before: Finding | None,  # noqa: ARG002 - of most
        after: Finding,
        read: AnyAccount,  # noqa: ARG002
        occasion: Occasion,  # noqa: ARG002
    ) -> tuple[Finding, Sequence[News]]:
        """Return the changes to announce, and the finding that records what was announced.

        ``read`` is the account as read; ``after`` lacks what an incomplete reading may not report.
        """
        return after, ()

    def news_of_time(
        self,
        finding: Finding,
        occasion: Occasion,  # noqa: ARG002 - of most
    ) -> tuple[Finding, Sequence[News]]:
        """Return the same as ``news``, for an account that was not read."""
        return finding, ()

    def last_news(self, finding: Finding) -> Sequence[News]:  # noqa: ARG002 - of most
        """Return the changes to announce when an account is removed."""
        return ()

    @abstractmethod
    def label(self, account: AnyAccount) -> Hashable | None:
        """Return the label under which an account is counted, None if it is not counted."""

    @abstractmethod
    def into(self, counts: AccountCounts, labels: Mapping[Hashable, int]) -> AccountCounts:
        """Return the counts with the number of accounts for each label, all at least 1."""

    @abstractmethod
    def merged(self, counts: AccountCounts, parts: Sequence[AccountCounts]) -> AccountCounts:
        """Return ``counts`` with this aspect's counts summed over ``parts``."""

    @abstractmethod
    def numbers(self, counts: AccountCounts) -> Iterable[int]:
        """Return the aspect's counts; no account is in two of them."""

    def contradiction(self, counts: AccountCounts) -> str | None:
        """Return why the aspect's counts cannot be right, None if they can."""
        numbers = list(self.numbers(counts))
        if min(numbers, default=0) < 0:
            return "has a count below zero"
        if sum(numbers) > self._whole(counts):
            return "counts more accounts than there are"
        return None

    def _whole(self, counts: AccountCounts) -> int:
        """Return the number of accounts to which the aspect applies."""
        by_verdict = {
            Verdict.COMPLIANT: counts.compliant,
            Verdict.NON_COMPLIANT: counts.non_compliant,
            Verdict.UNKNOWN: counts.unknown,
        }
        return sum(by_verdict[verdict] for verdict in self.verdicts)

    def sums(self, counts: AccountCounts) -> dict[str, int] | None:  # noqa: ARG002 - of some
        """Return the counts by their names in the API, log lines and reports, None if none."""
        return None

    def column(self, state: str) -> str | None:  # noqa: ARG002 - of some
        """Return the table column to filter by this state; None if the app must filter."""
        return None

    def applies(self, judgement: Judgement) -> bool:
        """Return whether the aspect applies to this verdict."""
        return judgement.verdict in self.verdicts


class StateAspect(Aspect):
    """An aspect whose accounts are counted by state and whose state does not depend on the time.

    ``states`` are all states, in the order of the sums; one is ``unknown``.
    """

    states: ClassVar[type[StrEnum]]

    @abstractmethod
    def state_of(self, account: AnyAccount) -> str | None:
        """Return the state of an account, None if it was not checked."""

    @abstractmethod
    def by_state(self, counts: AccountCounts) -> Mapping[str, int]:
        """Return the number of accounts by state."""

    @abstractmethod
    def with_states(self, counts: AccountCounts, by_state: Mapping[str, int]) -> AccountCounts:
        """Return the counts with these numbers by state."""

    @override
    def state(self, account: AnyAccount, now: datetime) -> str | None:
        return self.state_of(account)

    @override
    def label(self, account: AnyAccount) -> Hashable | None:
        return self.state_of(account) if self.applies(account.judgement) else None

    @override
    def into(self, counts: AccountCounts, labels: Mapping[Hashable, int]) -> AccountCounts:
        by_state = sorted((str(label), count) for label, count in labels.items())
        return self.with_states(counts, dict(by_state))

    @override
    def merged(self, counts: AccountCounts, parts: Sequence[AccountCounts]) -> AccountCounts:
        found: Counter[str] = Counter()
        for part in parts:
            found.update(self.by_state(part))
        return self.with_states(counts, dict(sorted(found.items())))

    @override
    def numbers(self, counts: AccountCounts) -> Iterable[int]:
        return self.by_state(counts).values()

    @override
    def sums(self, counts: AccountCounts) -> dict[str, int] | None:
        return self.all_sums(counts) if self.by_state(counts) else None

    def all_sums(self, counts: AccountCounts) -> dict[str, int]:
        """Return the number of accounts by state; unchecked accounts are unknown."""
        by_state = self.by_state(counts)
        sums = {_camel_case(state): by_state.get(state, 0) for state in self.states}
        sums["unknown"] += self._whole(counts) - sum(sums.values())
        return sums


def _camel_case(state: str) -> str:
    first, *others = state.split("_")
    return first + "".join(map(str.capitalize, others))


def shown_reasons(concerns: Sequence[KeyConcern]) -> list[dict[str, str]]:
    """Return the first (worst) reasons as changes show them."""
    return [
        {
            "code": concern.code.value,
            "severity": concern.severity.value,
            "message": concern.message[:MAX_CHANGE_MESSAGE_CHARS],
        }
        for concern in concerns[:MAX_CHANGE_REASONS]
    ]
