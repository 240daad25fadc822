"""The filter for lists of findings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from cmk_check.core.aspects import BY_NAME
from cmk_check.core.enums import Reason, Verdict
from cmk_check.core.key_use import get_key_id
from cmk_check.core.model import Finding

# The reasons of findings with rows that are broken or from a newer version.
_OF_UNUSABLE_ROWS: Final = frozenset({Reason.ROW_TOO_NEW, Reason.MALFORMED})
# By this date, every exception has ended.
_AT_LAST: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class FindingFilter:
    """The conditions for findings to list; a condition that is None selects all.

    Values are compared exactly, with a lower-cased id. ``states`` maps the names of aspects to the
    state that the aspect must have at the time ``at``. ``unowned``: only accounts without an owner.
    ``key``: only accounts that use the key with this id.
    """

    verdict: Verdict | None = None
    reason: Reason | None = None
    kind: str | None = None
    subscription_id: str | None = None
    states: Mapping[str, str] = field(default_factory=dict)
    at: datetime = _AT_LAST
    unowned: bool = False
    key: str | None = None

    def equals(self) -> dict[str, str]:
        """Return the conditions that the table service can check on usable rows."""
        conditions = {
            # An unusable row counts as unknown, whatever verdict it contains.
            "verdict": None if self.verdict is Verdict.UNKNOWN else self.verdict,
            "reason": None if self.reason in _OF_UNUSABLE_ROWS else self.reason,
            "kind": self.kind,
        }
        conditions |= {
            name: state for name, state in self.states.items() if BY_NAME[name].is_in_table(state)
        }
        return {name: str(value) for name, value in conditions.items() if value is not None}

    @property
    def is_compared_by_table(self) -> bool:
        """Whether the table service can check the whole filter, except on unusable rows."""
        conditions = sum(value is not None for value in (self.verdict, self.reason, self.kind))
        is_exact = len(self.equals()) == conditions + len(self.states)
        return is_exact and not self.unowned and self.key is None

    def admits(self, finding: Finding) -> bool:
        """Return whether a finding matches."""
        judgement = finding.judgement
        return (
            self.verdict in {None, judgement.verdict}
            and self.reason in {None, judgement.reason}
            and all(
                BY_NAME[name].state(finding, self.at) == state
                for name, state in self.states.items()
            )
            and not (self.unowned and finding.owner.value is not None)
            and (self.key is None or self.key == get_key_id(finding))
        )
