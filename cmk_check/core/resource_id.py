"""The Azure resource ids of accounts, which identify findings and are case-insensitive.

The casing of an id may differ between two responses of Azure Resource Manager, so the lower-cased
id identifies an account. The names in the id keep their original casing for display.
"""

import re
from dataclasses import dataclass, field
from typing import Final, Self

from cmk_check.core.text import fold_id
from cmk_check.limits import MAX_ACCOUNT_NAME_CHARS, MAX_ID_KEY_CHARS, MAX_RESOURCE_GROUP_CHARS

_ACCOUNT = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)"
    r"/providers/Microsoft\.CognitiveServices/accounts/(?P<name>[^/]+)",
    # Without ASCII, an s would also match its lookalikes, and two ids would share one row.
    re.IGNORECASE | re.ASCII,
)
ACCOUNT_TYPE: Final = "microsoft.cognitiveservices/accounts"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# An id must fit into a table key. In a table key, a run of characters other than these needs 2
# extra characters, and 3 extra for each character of the run (cmk_check.store.table_keys).
_ESCAPED_RUN = re.compile(r"[^A-Za-z0-9\-._()]+")


@dataclass(frozen=True, slots=True)
class AccountId:
    """The id of an account, which equals the same id in any other casing."""

    subscription_id: str = field()
    resource_group: str = field(compare=False)
    name: str = field(compare=False)
    text: str

    @classmethod
    def parse(cls, text: object) -> Self | None:
        """Parse a resource id; return None if it is not the id of an account."""
        if not isinstance(text, str) or _CONTROL.search(text):
            return None
        match = _ACCOUNT.fullmatch(text)
        if match is None:
            return None
        group, name = match["group"], match["name"]
        if len(group) > MAX_RESOURCE_GROUP_CHARS or len(name) > MAX_ACCOUNT_NAME_CHARS:
            return None
        if _key_length(group) + _key_length(name) > MAX_ID_KEY_CHARS:
            return None
        return cls(match["subscription"].lower(), group, name, text.lower())

    @property
    def has_own_path(self) -> bool:
        """Whether the account's names form a valid URL, which names of only dots do not."""
        return all(part.strip(".") for part in (self.resource_group, self.name))

    def __str__(self) -> str:
        """Return the lower-cased id."""
        return self.text

    def __lt__(self, other: Self) -> bool:
        """Order accounts by their lower-cased ids."""
        return self.text < other.text


def _key_length(name: str) -> int:
    lowered = name.lower()  # lower() may make a name longer
    return len(lowered) + sum(3 * len(run) + 2 for run in _ESCAPED_RUN.findall(lowered))


def account_path(account_id: AccountId) -> str:
    """Return the id of an account, folded for comparison like other resource ids."""
    return fold_id(path_of(account_id.subscription_id, account_id.resource_group, account_id.name))


def path_of(subscription_id: str, group: str, name: str) -> str:
    """Return the id of the account with these names, keeping the names' casing."""
    path = f"/subscriptions/{subscription_id}/resourcegroups/{group}/providers"
    return f"{path}/{ACCOUNT_TYPE}/{name}"
