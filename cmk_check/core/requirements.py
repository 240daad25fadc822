"""The requirements that accounts may have to meet, in the order of the posture reasons.

A setting determines whether a requirement applies, and the setting may change before the status is
read, so each requirement is tracked separately, as if it were the only one.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import ClassVar, Final, override

from cmk_check.core.aspects.exceptions import EXCEPTION
from cmk_check.core.aspects.key_health import KEY_HEALTH
from cmk_check.core.comparison.updates import Difference, FindingUpdate
from cmk_check.core.enums import CoverageState, KeyState, PostureReason, Reason, Verdict
from cmk_check.core.model import AccountCounts, Finding
from cmk_check.core.status import Status

_USABLE: Final = {KeyState.HEALTHY, KeyState.AT_RISK}
_WORSE: Final = PostureReason.RUNNING_SCAN_FOUND_WORSE


class Requirement(ABC):
    """A requirement; ``name`` is its name in the status, and in settings after ``CMK_REQUIRE_``."""

    name: ClassVar[str]

    def is_worse(self, difference: Difference) -> bool:
        """Return whether recording a ``difference`` may break a requirement that was met before."""
        return any(map(self._is_worse_step, difference.steps))

    def _is_worse_step(self, step: FindingUpdate) -> bool:
        """Compare with and without exceptions: a new violation may follow an accepted violation."""
        return _gets_worse(step, self._is_met) or _gets_worse(step, self._is_met_or_accepted)

    @abstractmethod
    def _is_met(self, finding: Finding) -> bool: ...

    def _is_met_or_accepted(self, finding: Finding) -> bool:
        exception = finding.exception
        return self._is_met(finding) or (exception is not None and exception.is_honoured)

    @abstractmethod
    def counts(self, accounts: AccountCounts) -> Mapping[PostureReason, int]:
        """Return how many accounts did not meet the requirement, by posture reason."""

    def is_lowered(self, status: Status) -> bool:
        """Return whether the requirement has been found broken since the last full scan."""
        return self.name in status.lowered_for

    def lower(self, status: Status) -> Status:
        """Return the status with this requirement marked as broken since the last full scan."""
        return replace(status, lowered_for=(*status.lowered_for, self.name))


class _Verdicts(Requirement):
    """The requirement, which always applies, that every account uses a customer-managed key.

    The requirement is tracked with and without exceptions, because a setting determines whether
    exceptions are accepted.
    """

    name = "verdicts"

    @override
    def is_worse(self, difference: Difference) -> bool:
        before, after = difference.known.coverage, difference.coverage
        was_gap = before is not None and before.state is CoverageState.GAP
        new_gap = after.state is CoverageState.GAP and not was_gap
        # A row written by a newer version makes an account unknown without a step; keys need no
        # such check.
        old, new = before.accounts if before else AccountCounts(), after.accounts
        fewer_good = any(count(new) > count(old) for count in (_not_good, _count_not_accepted))
        return new_gap or fewer_good or super().is_worse(difference)

    @override
    def _is_worse_step(self, step: FindingUpdate) -> bool:
        before, after = step.before, step.after
        ends_earlier = before and after and EXCEPTION.is_worse(before, after)
        return bool(ends_earlier) or super()._is_worse_step(step)

    @override
    def _is_met(self, finding: Finding) -> bool:
        return _is_compliant(finding)

    @override
    def counts(self, accounts: AccountCounts) -> Mapping[PostureReason, int]:
        unheard_of = sum(n for reason, n in accounts.by_reason.items() if reason not in Reason)
        return {
            PostureReason.ACCOUNTS_NON_COMPLIANT: accounts.non_compliant,
            # An account whose reason is from another version may be listed as unknown.
            PostureReason.ACCOUNTS_UNKNOWN: max(accounts.unknown, unheard_of),
        }

    @override
    def is_lowered(self, status: Status) -> bool:
        return status.lowered is not None

    @override
    def lower(self, status: Status) -> Status:
        return replace(status, lowered=_WORSE)


class _HealthyKeys(Requirement):
    """The requirement, which a setting enables, that every compliant account has a usable key."""

    name = "healthy_keys"

    @override
    def _is_met(self, finding: Finding) -> bool:
        key = finding.key_health
        return _is_compliant(finding) and key is not None and key.state in _USABLE

    @override
    def counts(self, accounts: AccountCounts) -> Mapping[PostureReason, int]:
        sums = KEY_HEALTH.get_all_sums(accounts)
        return {
            PostureReason.KEYS_BROKEN: sums["broken"],
            PostureReason.KEYS_UNKNOWN: sums["unknown"],
        }


VERDICTS: Final = _Verdicts()
HEALTHY_KEYS: Final = _HealthyKeys()
REQUIREMENTS: Final[tuple[Requirement, ...]] = (VERDICTS, HEALTHY_KEYS)


def _gets_worse(step: FindingUpdate, is_good: Callable[[Finding], bool]) -> bool:
    if step.after is None or is_good(step.after):
        return False
    return step.before is None or is_good(step.before)


def _is_compliant(finding: Finding) -> bool:
    return finding.judgement.verdict is Verdict.COMPLIANT


def _not_good(accounts: AccountCounts) -> int:
    return accounts.non_compliant + accounts.unknown


def _count_not_accepted(accounts: AccountCounts) -> int:
    return _not_good(accounts) - sum(count for _, count in accounts.excepted)
