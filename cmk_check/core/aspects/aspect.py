"""What an aspect is: a further question about an account, answered beside its verdict.

Comparing, counting, announcing and filtering treat all aspects alike: they loop over the catalogue
``ASPECTS`` and name none of them.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Final, override

from cmk_check.core.account import Account, Judgement
from cmk_check.core.data_stores.account_data import DataConcern
from cmk_check.core.enums import ChangeType, ReasonSeverity, Verdict
from cmk_check.core.keys.key_health import KeyConcern
from cmk_check.core.model import AccountCounts, Finding, Sides
from cmk_check.limits import MAX_CHANGE_MESSAGE_CHARS, MAX_CHANGE_REASONS

TOO_MANY: Final = "counts more than there are"


@dataclass(frozen=True, slots=True)
class Judged(Sides):
    """An account of a reading with its verdict, and what stands beside that."""

    account: Account
    judgement: Judgement

    @property
    def kind(self) -> str | None:
        """The kind, spelled as the settings spell it."""
        return self.account.kind


type AnyAccount = Finding | Judged
"""An account with what stands beside its verdict, as recorded or as judged in a reading."""
type AllJudged = Mapping[str, Judged]
"""The accounts of a reading, each once, by lower-cased id and in the order of the ids."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """When a reading is compared; ``baseline``: in a first scan, whose changes are sent to nobody.

    ``off`` names the aspects that the settings switch off: what people know of them has ended.
    ``fix_within`` is the time to fix an account, if there is one.
    """

    now: datetime
    baseline: bool = False
    off: frozenset[str] = frozenset()
    fix_within: timedelta | None = None


@dataclass(frozen=True, slots=True)
class News:
    """One change to announce, and what its data shows besides the states before and after.

    With ``once``, the change has the same id whenever it is announced of the account.
    """

    type: ChangeType
    shown: Mapping[str, object] = field(default_factory=dict)
    once: str | None = None


class Aspect(ABC):
    """All that the program must know of an aspect.

    ``name`` is its name in JSON, filters and changes. ``verdicts`` are those beside which it
    stands. ``replaces_update``: its news says more than an update of the account, and stands for
    it. ``counted_as`` is the name of its sums in log lines and reports, None if they have none;
    ``counted`` says what they count, and each of them in words, in the order of sentences.
    ``changes`` are the types of its changes, each with its title. ``troubles`` are the states in
    which somebody must look at the account, in the order of tables; ``titles`` are what these call
    it, and its sums. Only the states in ``well`` pass: one that is in neither list does not.
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
        """Return the state of an account at a time, as filters name it; None matches no filter."""

    @abstractmethod
    def shown(self, account: AnyAccount) -> dict[str, object] | None:
        """Return the state as changes show it, None where nobody looked at it."""

    def is_same(self, before: AnyAccount, after: AnyAccount) -> bool:  # noqa: ARG002 - of most
        """Tell whether nothing has changed that is an entry of the history."""
        return True

    def is_worse(self, before: Finding, after: AnyAccount) -> bool:  # noqa: ARG002 - of most
        """Tell whether an incomplete reading may say this, because it is worse."""
        return False

    def of_two(self, taken: Judged, other: Judged) -> Judged:  # noqa: ARG002 - of most
        """Return an account that Azure lists twice; the entry ``taken`` has the worse verdict."""
        return taken

    @abstractmethod
    def kept(self, before: Finding, read: Judged) -> Judged:
        """Return what was read, with the side that is recorded."""

    def news(
        self,
        before: Finding | None,  # noqa: ARG002 - of most
        after: Finding,
        read: AnyAccount,  # noqa: ARG002
        occasion: Occasion,  # noqa: ARG002
    ) -> tuple[Finding, Sequence[News]]:
        """Return what to announce, and the finding with what people know of afterwards.

        ``read`` is the account as it was read; ``after`` lacks what an incomplete reading may not
        say.
        """
        return after, ()

    def news_of_time(
        self,
        finding: Finding,
        occasion: Occasion,  # noqa: ARG002 - of most
    ) -> tuple[Finding, Sequence[News]]:
        """Return the same as ``news`` for an account that was not read."""
        return finding, ()

    def last_news(self, finding: Finding) -> Sequence[News]:  # noqa: ARG002 - of most
        """Return what to announce when an account goes."""
        return ()

    @abstractmethod
    def label(self, account: AnyAccount) -> Hashable | None:
        """Return what an account is counted under, None if it is not counted."""

    @abstractmethod
    def into(self, counts: AccountCounts, labels: Mapping[Hashable, int]) -> AccountCounts:
        """Return the counts with how many accounts have each label, all of them at least once."""

    @abstractmethod
    def merged(self, counts: AccountCounts, parts: Sequence[AccountCounts]) -> AccountCounts:
        """Return the counts with the sum of the aspect's counts in the parts."""

    @abstractmethod
    def numbers(self, counts: AccountCounts) -> Iterable[int]:
        """Return the aspect's counts, each of other accounts."""

    def contradiction(self, counts: AccountCounts) -> str | None:
        """Say what cannot be true of the aspect's counts, None if nothing."""
        numbers = list(self.numbers(counts))
        if min(numbers, default=0) < 0:
            return "has a count below zero"
        return TOO_MANY if sum(numbers) > self._whole(counts) else None

    def _whole(self, counts: AccountCounts) -> int:
        """Return how many accounts it stands beside."""
        by_verdict = {
            Verdict.COMPLIANT: counts.compliant,
            Verdict.NON_COMPLIANT: counts.non_compliant,
            Verdict.UNKNOWN: counts.unknown,
        }
        return sum(by_verdict[verdict] for verdict in self.verdicts)

    def sums(self, counts: AccountCounts) -> dict[str, int] | None:  # noqa: ARG002 - of some
        """Return the counts as answers, log lines and reports name them; None if there are none."""
        return None

    def column(self, state: str) -> str | None:  # noqa: ARG002 - of some
        """Return the column of a finding's row that holds this state; None if the app compares."""
        return None

    def applies(self, judgement: Judgement) -> bool:
        """Tell whether it stands beside this verdict."""
        return judgement.verdict in self.verdicts


class StateAspect(Aspect):
    """An aspect whose accounts are counted by its state, whatever the time is.

    ``states`` are all of them, in the order of sums; one is ``unknown``.
    """

    states: ClassVar[type[StrEnum]]

    @abstractmethod
    def state_of(self, account: AnyAccount) -> str | None:
        """Return the state of an account, None where nobody looked at it."""

    @abstractmethod
    def by_state(self, counts: AccountCounts) -> Mapping[str, int]:
        """Return the accounts by state."""

    @abstractmethod
    def with_states(self, counts: AccountCounts, by_state: Mapping[str, int]) -> AccountCounts:
        """Return the counts with these accounts by state."""

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
        """Return the accounts by state; those that nobody looked at are unknown."""
        by_state = self.by_state(counts)
        sums = {_camel_case(state): by_state.get(state, 0) for state in self.states}
        sums["unknown"] += self._whole(counts) - sum(sums.values())
        return sums


def _camel_case(state: str) -> str:
    first, *others = state.split("_")
    return first + "".join(map(str.capitalize, others))


def shown_reasons(concerns: Sequence[KeyConcern | DataConcern]) -> list[dict[str, str]]:
    """Return reasons as changes show them, the first and worst ones."""
    return [
        {
            "code": concern.code.value,
            "severity": concern.severity.value,
            "message": concern.message[:MAX_CHANGE_MESSAGE_CHARS],
        }
        for concern in concerns[:MAX_CHANGE_REASONS]
    ]
