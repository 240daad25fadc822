"""Which findings a list shows."""

from dataclasses import dataclass
from datetime import datetime

from cmk_check.core.azure_policy import policy_answer
from cmk_check.core.data_enums import DataState
from cmk_check.core.enums import ExceptionState, KeyState, PolicyState, Reason, Verdict
from cmk_check.core.exceptions.account_exception import AccountException, state_of
from cmk_check.core.model import Finding
from cmk_check.core.owner import UNOWNED
from cmk_check.core.rule import OF_UNUSABLE_ROWS


@dataclass(frozen=True, slots=True)
class FindingFilter:
    """The findings to list, None for all; values are compared exactly, the id lower-cased.

    ``exception_at`` is the state of the exception, and when it must be so. ``unowned``: only
    accounts without an owner.
    """

    verdict: Verdict | None = None
    reason: Reason | None = None
    kind: str | None = None
    subscription_id: str | None = None
    key_health: KeyState | None = None
    data_state: DataState | None = None
    exception_at: tuple[ExceptionState, datetime] | None = None
    azure_policy: PolicyState | None = None
    owner: str | None = None
    unowned: bool = False

    def equals(self) -> dict[str, str]:
        """Return the conditions that the table service can check on usable rows."""
        asked = self.exception_at[0] if self.exception_at else None
        conditions = {
            # An unusable row is unknown, whatever verdict it contains.
            "verdict": None if self.verdict is Verdict.UNKNOWN else self.verdict,
            "reason": None if self.reason in OF_UNUSABLE_ROWS else self.reason,
            "kind": self.kind,
            "keyHealth": self.key_health,
            # What cannot be read is unknown, whatever state its row contains.
            "dataState": None if self.data_state is DataState.UNKNOWN else self.data_state,
            # Honoured ones end with time, without a write.
            "exception": asked if asked is ExceptionState.HONOURED else None,
            # Characters that the service may refuse are compared here.
            "owner": self.owner if self.owner and self.owner.isprintable() else None,
        }
        return {name: str(value) for name, value in conditions.items() if value is not None}

    @property
    def is_compared_by_table(self) -> bool:
        """Whether the table service can check all of it, except on unusable rows."""
        asked = (self.verdict, self.reason, self.kind, self.key_health, self.data_state)
        others = (self.exception_at, self.owner, self.azure_policy)
        count = sum(value is not None for value in (*asked, *others))
        return len(self.equals()) == count and not self.unowned

    def admits(self, finding: Finding) -> bool:
        """Return whether a finding matches."""
        judgement, key, data = finding.judgement, finding.key_health, finding.data
        return (
            self.verdict in {None, judgement.verdict}
            and self.reason in {None, judgement.reason}
            and self.key_health in {None, key.state if key else None}
            and self.data_state in {None, data.state if data else None}
            and self._admits_exception(finding.exception)
            and (self.azure_policy is None or self.azure_policy is _policy_state(finding))
            and self._admits_owner((finding.owner or UNOWNED).value)
        )

    def _admits_owner(self, owner: str | None) -> bool:
        return self.owner in {None, owner} and not (self.unowned and owner is not None)

    def _admits_exception(self, exception: AccountException | None) -> bool:
        if self.exception_at is None:
            return True
        asked, now = self.exception_at
        return state_of(exception.at(now) if exception else None) is asked


def _policy_state(finding: Finding) -> PolicyState | None:
    answer = policy_answer(finding.kind, finding.judgement)
    return answer.state if answer else None
