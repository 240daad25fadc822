"""The columns of a finding in a table: the same in CSV and in a workbook."""

from collections.abc import Mapping
from typing import Any, Final

from cmk_check.core.aspects import BY_NAME
from cmk_check.core.enums import ExceptionState
from cmk_check.web.models import Finding


def _alike(*path: str, names: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Return columns that are called as in JSON, each with its path there."""
    return {name: (*path, name) for name in names}


_ACCOUNT: Final = ("id", "name", "resourceGroup", "subscriptionId", "subscriptionName", "tenantId")
_VERDICT: Final = ("kind", "location", "verdict", "reason", "message", "violatedSince", "firstSeen")
_DATES: Final = ("changedAt", "previousVerdict", "coverage", "asOf")
_KEY: Final = ("keySource", "keyName", "keyVersion", "keyVaultUri", "identityType")
_IDENTITY: Final = ("identityClientId", "provisioningState")
# Each with the path of its value in JSON, in the order of the table, to whose end new ones go.
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
    "azurePolicy": ("azurePolicy", "state"),
    "owner": ("owner", "value"),
    "ownerSource": ("owner", "source"),
    "keyScopesAsOf": ("keyHealth", "scopesAsOf"),
    "dataStores": ("dataStores", "state"),
    "dataStoreReasons": ("dataStores", "reasons"),
}
_ALL: Final = {**_PATHS, **{name: (name, "state") for name in BY_NAME if name not in _PATHS}}
COLUMNS: Final = tuple(_ALL)


def texts(finding: Finding) -> list[str]:
    """Return the text of each column, as the names and tags have it; "" without a value."""
    shown = finding.model_dump(mode="json", by_alias=True)
    return [_text(shown, path) for path in _ALL.values()]


def _text(value: Any, path: tuple[str, ...]) -> str:  # noqa: ANN401 - that is what JSON is
    for name in path:
        value = value and value[name]
    match value:
        case str():
            return value
        case bool():  # of an exception
            return ExceptionState.HONOURED if value else ExceptionState.NOT_HONOURED
        case list():
            return "; ".join(reason["code"] for reason in value)
        case dict():
            return "; ".join(f"{name}={text}" for name, text in value.items())
    return ""
