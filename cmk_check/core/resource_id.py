"""Azure resource ids of accounts: the identity of a finding, compared without regard to case.

ARM promises neither the casing of an id nor that it stays the same between two answers, so identity
is the lower-cased id; the names keep the casing they came in, for people.
"""

import re
from dataclasses import dataclass, field
from typing import Self

_ACCOUNT = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)"
    r"/providers/Microsoft\.CognitiveServices/accounts/(?P<name>[^/]+)",
    re.IGNORECASE,
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# What ARM allows, and what fits into a table key in any alphabet.
_LONGEST_GROUP = 90
_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class AccountId:
    """The id of an account, equal to any other casing of itself."""

    subscription_id: str = field()
    resource_group: str = field(compare=False)
    name: str = field(compare=False)
    text: str

    @classmethod
    def parse(cls, text: object) -> Self | None:
        """Take an id apart; None where it is not the id of an account."""
        if not isinstance(text, str) or _CONTROL.search(text):
            return None
        match = _ACCOUNT.fullmatch(text)
        if match is None:
            return None
        if len(match["group"]) > _LONGEST_GROUP or len(match["name"]) > _LONGEST_NAME:
            return None
        return cls(match["subscription"].lower(), match["group"], match["name"], text.lower())

    def __str__(self) -> str:
        """Return the lower-cased id."""
        return self.text

    def __lt__(self, other: Self) -> bool:
        """Order by the lower-cased id."""
        return self.text < other.text
