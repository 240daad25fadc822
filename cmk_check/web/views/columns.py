"""The columns of findings and keys in a table, for both CSV and workbooks."""

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from pydantic import BaseModel

from cmk_check.core.aspects import BY_NAME
from cmk_check.core.enums import ExceptionState
from cmk_check.web.models import KeyInUse


class Table(NamedTuple):
    """The entries that a table lists, and its columns, each with the path of its value in JSON."""

    what: str
    columns: Mapping[str, tuple[str, ...]]


def _alike(*path: str, names: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Return columns named as in JSON, each with its path in the JSON."""
    return {name: (*path, name) for name in names}


_ACCOUNT: Final = ("id", "name", "resourceGroup", "subscriptionId", "subscriptionName", "tenantId")
_VERDICT: Final = ("kind", "location", "verdict", "reason", "message", "violatedSince", "firstSeen")
_WORDS: Final = {"Id": "ID", "Uri": "URI", "Url": "URL"}
_DATES: Final = ("changedAt", "previousVerdict", "coverage", "asOf")
_KEY: Final = ("keySource", "keyName", "keyVersion", "keyVaultUri", "identityType")
_IDENTITY: Final = ("identityClientId", "provisioningState")
# In the order of the table; new columns are added at the end.
_PATHS: Final[Mapping[str, tuple[str, ...]]] = {
    **_alike(names=_ACCOUNT + _VERDICT + _DATES),
    **_alike("evidence", names=_KEY + _IDENTITY),
    **_alike(names=("tags", "ruleVersion", "portalUrl")),
    "keyHealth": ("keyHealth", "state"),
    "keyReasons": ("keyHealth", "reasons"),
    "keyExpires": ("keyHealth", "expires"),
    "keyRotation": ("keyHealth", "rotation"),
    "keyVaultId": ("keyHealth", "vaultId"),
    "createdAt": ("evidence", "createdAt"),
    "exception": ("exception", "honoured"),
    "exceptionReason": ("exception", "reason"),
    "exceptionExpires": ("exception", "expiresOn"),
    "exceptionCategory": ("exception", "category"),
    "exceptionName": ("exception", "displayName"),
    "exceptionTicket": ("exception", "ticket"),
    "exceptionApprovedBy": ("exception", "approvedBy"),
    "exceptionCreatedBy": ("exception", "createdBy"),
    "exceptionId": ("exception", "id"),
    "owner": ("owner", "value"),
    "ownerSource": ("owner", "source"),
    "dueAt": ("dueAt",),
    "due": ("due",),
}
_STATES: Final = {name: (name, "state") for name in BY_NAME if name not in _PATHS}
FINDINGS: Final = Table("findings", {**_PATHS, **_STATES})
COLUMNS: Final = tuple(FINDINGS.columns)
_OF_KEY: Final = tuple(str(each.alias) for each in KeyInUse.model_fields.values())
KEYS: Final = Table("keys", {"keyUri": ("id",), **_alike(names=_OF_KEY[1:])})


def texts(entry: BaseModel, table: Table) -> list[str]:
    """Return the text of each column, with names and tags unchanged, or "" without a value."""
    values = entry.model_dump(mode="json", by_alias=True)
    return [_text(values, path) for path in table.columns.values()]


def _text(value: Any, path: tuple[str, ...]) -> str:  # noqa: ANN401 - that is what JSON is
    for name in path:
        value = value and value[name]
    match value:
        case str():
            return value
        case bool() if path[0] == "exception":
            return ExceptionState.HONOURED if value else ExceptionState.NOT_HONOURED
        case int():
            return str(value).lower()
        case list():
            return "; ".join(each if isinstance(each, str) else each["code"] for each in value)
        case dict():
            return "; ".join(f"{name}={text}" for name, text in value.items())
    return ""


def title(column: str) -> str:
    """Return a column's name in words, such as "Key vault URI" for ``keyVaultUri``."""
    first, *others = re.findall("[A-Z]?[a-z]+", column)
    if column == "id":
        return "Resource ID"
    return " ".join([first.title(), *(_WORDS.get(word, word.lower()) for word in others)])
