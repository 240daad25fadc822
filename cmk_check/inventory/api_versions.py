"""The api-versions that are asked for, and what is asked where a cloud lacks one.

Only versions stand here whose answers have every field that is judged: an older one would leave out
a field, which would pass for a setting that is not there. Sources:
https://learn.microsoft.com/azure/templates/microsoft.cognitiveservices/allversions and
https://learn.microsoft.com/azure/templates/microsoft.keyvault/allversions; of policies
https://learn.microsoft.com/azure/templates/microsoft.authorization/allversions.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from cmk_check.core.enums import GapReason

ACCOUNTS: Final = "microsoft.cognitiveservices/accounts"
EXEMPTIONS: Final = "microsoft.authorization/policyexemptions"
ASSIGNMENTS: Final = "microsoft.authorization/policyassignments"
SETS: Final = "microsoft.authorization/policysetdefinitions"
PROJECTS: Final = "microsoft.cognitiveservices/accounts/projects"
_SUBSCRIPTIONS: Final = "microsoft.resources"

# The first is asked for. Of the others the first that the cloud has: newer ones come first. Types
# without a line of their own have that of their namespace.
_OF_TYPES: Final[Mapping[str, tuple[str, ...]]] = {
    # The SDK's own default, 2016-06-01, leaves out the tenant.
    _SUBSCRIPTIONS: ("2020-01-01", "2022-12-01", "2021-01-01"),
    "microsoft.cognitiveservices": (
        "2025-09-01",
        "2026-09-01",
        "2026-07-01",
        "2026-05-01",
        "2026-03-01",
        "2025-12-01",
        "2025-06-01",
        "2024-10-01",
        "2023-05-01",
        "2022-12-01",
        "2022-10-01",
        "2022-03-01",
        "2021-10-01",
    ),
    "microsoft.keyvault": (
        "2026-05-15",
        "2026-02-01",
        "2025-05-01",
        "2024-11-01",
        "2023-07-01",
        "2023-02-01",
        "2022-11-01",
    ),
    "microsoft.authorization": ("2022-04-01",),
    # Earlier ones have no resource selectors, which narrow what is exempted or assigned.
    EXEMPTIONS: (
        "2022-07-01-preview",
        "2025-12-01-preview",
        "2024-12-01-preview",
    ),
    ASSIGNMENTS: (
        "2022-06-01",
        "2025-03-01",
        "2025-01-01",
        "2024-05-01",
        "2024-04-01",
        "2023-04-01",
    ),
    SETS: (
        "2021-06-01",
        "2025-03-01",
        "2025-01-01",
        "2024-05-01",
        "2023-04-01",
    ),
    # The previews alone have capability settings (``WITH_SETTINGS``): by the others a project is
    # known without them.
    PROJECTS: (
        "2026-09-15-preview",
        "2026-07-15-preview",
        "2026-09-01",
        "2026-07-01",
        "2026-05-01",
        "2026-03-01",
        "2025-12-01",
        "2025-09-01",
        "2025-06-01",
    ),
    "microsoft.storage": (
        "2024-01-01",
        "2025-08-01",
        "2025-06-01",
        "2025-01-01",
        "2023-05-01",
        "2023-04-01",
        "2023-01-01",
        "2022-09-01",
    ),
    # Earlier ones do not tell that the key is lost.
    "microsoft.documentdb": (
        "2024-11-15",
        "2026-03-15",
        "2025-10-15",
        "2025-04-15",
        "2024-08-15",
        "2024-05-15",
        "2023-11-15",
        "2023-09-15",
    ),
    "microsoft.search": ("2025-05-01", "2023-11-01", "2022-09-01"),
    "microsoft.machinelearningservices": (
        "2024-10-01",
        "2025-12-01",
        "2025-09-01",
        "2025-06-01",
        "2024-04-01",
        "2023-10-01",
        "2023-04-01",
    ),
    "microsoft.management": ("2020-05-01", "2023-04-01", "2021-04-01"),
    "microsoft.resourcegraph": ("2021-03-01", "2024-04-01", "2022-10-01"),
}
WITH_SETTINGS: Final = frozenset({"2026-09-15-preview", "2026-07-15-preview"})
"""The versions of ``PROJECTS`` in which a project says where its agents keep data."""

_NOT_SERVED: Final = frozenset(
    {"invalidapiversionparameter", "invalidresourcetype", "noregisteredproviderfound"}
)
_SERVED: Final = re.compile(r"supported (?:api-)?versions are '([^']*)'", re.IGNORECASE)
_ASKED: Final = re.compile(r"api[ -]version '([^']*)'", re.IGNORECASE)
_PARAMETER: Final = re.compile(r"(?<=[?&]api-version=)[^&]*")
# A vault, or a group, may be named "providers".
_RESOURCE: Final = re.compile(r".*/providers/(microsoft\.[a-z]+(?:/.*)?)")


class ApiVersions:
    """The versions of one cloud; what its answers teach is kept for all later requests.

    ``in_use`` maps types, such as "microsoft.keyvault/vaults/keys", to the version asked for.
    ``answers`` counts the answers of each type: None for a success, otherwise its reason.
    """

    def __init__(self) -> None:
        self.in_use: dict[str, str] = {}
        self.answers: defaultdict[str, Counter[GapReason | None]] = defaultdict(Counter)

    def of(self, url: str) -> str:
        """Return a URL with the version that is asked for."""
        kind = type_of(url)
        return _PARAMETER.sub(self.in_use.setdefault(kind, self._judged(kind)[0]), url)

    def learn(self, url: str, code: str, message: str) -> bool:
        """Take the refusal of a URL; return whether there is another version to ask for."""
        kind = type_of(url)
        served = served_versions(code, message).difference(_PARAMETER.findall(url))
        usable = next((each for each in self._judged(kind) if each in served), None)
        if usable is not None:
            self.in_use[kind] = usable
        return usable is not None

    def note(self, url: str, reason: GapReason | None) -> None:
        """Count the final answer of a URL."""
        self.answers[type_of(url)][reason] += 1

    def _judged(self, kind: str) -> tuple[str, ...]:
        return _OF_TYPES.get(kind) or _OF_TYPES[kind.partition("/")[0]]


def type_of(url: str) -> str:
    """Return the type of resource that a URL asks for, lower-cased, with its namespace."""
    found = _RESOURCE.fullmatch(urlsplit(url).path.lower())
    if found is None:
        return f"{_SUBSCRIPTIONS}/subscriptions"
    namespace, *parts = found[1].split("/")
    return "/".join((namespace, *parts[::2]))


def type_read_by(action: str) -> str:
    """Return the type of resource that an action of the role reads."""
    return action.removesuffix("/read").lower()


def is_not_served(code: str) -> bool:
    """Say whether Azure refused the version, or the type in this version."""
    return code.lower() in _NOT_SERVED


def served_versions(code: str, message: str) -> frozenset[str]:
    """Return the versions that a refusal says are served, none for any other answer."""
    found = _SERVED.search(message) if is_not_served(code) else None
    return frozenset(re.split(r"[,\s]+", found[1].strip())) - {""} if found else frozenset()


def has_no_such_type(code: str, message: str) -> bool:
    """Say whether Azure serves the version that was asked for, and yet not the type in it."""
    asked = _ASKED.search(message)
    return asked is not None and asked[1] in served_versions(code, message)
