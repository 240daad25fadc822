"""The API versions to request, and alternatives for clouds that lack the preferred version.

api_versions.toml lists all versions with their sources.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

from cmk_check.core.enums import GapReason
from cmk_check.core.reasons.gap_sentences import make_gap
from cmk_check.core.text_files import read_toml
from cmk_check.ports import InventoryError

ACCOUNTS: Final = "microsoft.cognitiveservices/accounts"

_OF_TYPES: Final[Mapping[str, Sequence[str]]] = read_toml(__package__, "api_versions.toml")

_NOT_SERVED: Final = frozenset(
    {"invalidapiversionparameter", "invalidresourcetype", "noregisteredproviderfound"}
)
_SERVED: Final = re.compile(r"supported (?:api-)?versions are '([^']*)'", re.IGNORECASE)
_PARAMETER: Final = re.compile(r"(?<=[?&]api-version=)[^&]*")
# A vault or a management group may be named "providers".
_RESOURCE: Final = re.compile(r".*/providers/(microsoft\.[a-z]+(?:/.*)?)")


class ApiVersions:
    """The API versions to request from one cloud, which are adapted to the cloud's responses.

    ``in_use`` maps resource types, such as "microsoft.keyvault/vaults/keys", to the requested
    version. ``answers`` counts the responses for each type by gap reason; None counts successes.
    """

    def __init__(self) -> None:
        self.in_use: dict[str, str] = {}
        self.answers: defaultdict[str, Counter[GapReason | None]] = defaultdict(Counter)

    def of(self, url: str) -> str:
        """Return a URL with the API version to request."""
        kind = type_of(url)
        return _PARAMETER.sub(self.in_use.setdefault(kind, self._list_versions(kind)[0]), url)

    def learn(self, url: str, code: str, message: str) -> bool:
        """Learn from a refused URL; return whether there is another API version to request."""
        kind = type_of(url)
        match = _SERVED.search(message) if is_not_served(code) else None
        served = re.split(r"[,\s]+", match[1].strip()) if match else ()
        requested = _PARAMETER.findall(url)
        others = (
            each for each in self._list_versions(kind) if each in served and each not in requested
        )
        usable = next(others, None)
        if usable is not None:
            self.in_use[kind] = usable
        return usable is not None

    def note(self, url: str, reason: GapReason | None) -> None:
        """Count the final response to a request for a URL."""
        self.answers[type_of(url)][reason] += 1

    def _list_versions(self, kind: str) -> Sequence[str]:
        versions = _OF_TYPES.get(kind) or _OF_TYPES.get(kind.partition("/")[0])
        if versions is None:  # the path comes from a response, and names no type that is read
            raise InventoryError(make_gap(GapReason.UNEXPECTED_RESPONSE))
        return versions


def type_of(url: str) -> str:
    """Return the lower-cased resource type that a URL requests, with its namespace."""
    match = _RESOURCE.fullmatch(urlsplit(url).path.lower())
    if match is None:
        return "microsoft.resources/subscriptions"
    namespace, *parts = match[1].split("/")
    return "/".join((namespace, *parts[::2]))


def get_type_of_action(action: str) -> str:
    """Return the resource type that a read action of the role applies to."""
    return action.removesuffix("/read").lower()


def is_not_served(code: str) -> bool:
    """Return whether Azure refused an API version, or a resource type in that version."""
    return code.lower() in _NOT_SERVED
