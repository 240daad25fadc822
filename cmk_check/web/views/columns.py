"""The columns of a finding in a table: the same in CSV and in a workbook."""

from collections.abc import Mapping
from typing import Any, Final

from cmk_check.core.aspects import BY_NAME
from cmk_check.core.enums import ExceptionState
from cmk_check.web.models import Finding

_FIRST: Final = (
    "id",
    "name",
    "resourceGroup",
    "subscriptionId",
    "subscriptionName",
    "tenantId",
    "kind",
    "location",
    "verdict",
    "reason",
    "message",
    "violatedSince",
    "firstSeen",
    "changedAt",
    "previousVerdict",
    "coverage",
    "asOf",
    "keySource",
    "keyName",
    "keyVersion",
    "keyVaultUri",
    "identityType",
    "identityClientId",
    "provisioningState",
    "tags",
    "ruleVersion",
    "portalUrl",
    "keyHealth",
    "keyReasons",
    "keyExpires",
    "keyRotation",
    "keyVaultId",
    "createdAt",
    "exception",
    "exceptionReason",
    "exceptionExpires",
    "exceptionCategory",
    "exceptionName",
    "exceptionTicket",
    "exceptionApprovedBy",
    "exceptionCreatedBy",
    "exceptionId",
    "azurePolicy",
    "owner",
    "ownerSource",
    "keyScopesAsOf",
    "dataStores",
    "dataStoreReasons",
)
COLUMNS: Final = (*_FIRST, *(name for name in BY_NAME if name not in _FIRST))


def texts(finding: Finding) -> list[str]:
    """Return the text of each column, as the names and tags have it; "" without a value."""
    shown = finding.model_dump(mode="json", by_alias=True)
    key = _of_key(shown["keyHealth"] or {})
    states = {name: (shown[name] or {}).get("state") for name in BY_NAME}
    exception = _of_exception(shown["exception"])
    owner = finding.owner
    others = {
        "tags": _tags(finding.tags),
        "owner": owner and owner.value,
        "ownerSource": owner and owner.source,
        "dataStoreReasons": _codes(shown["dataStores"] or {}),
    }
    values = shown | shown["evidence"] | states | key | exception | others
    return [values[column] or "" for column in COLUMNS]


def _of_key(health: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "keyReasons": _codes(health),
        "keyExpires": health.get("expires"),
        "keyRotation": health.get("rotation"),
        "keyVaultId": health.get("vaultId"),
        "keyScopesAsOf": health.get("scopesAsOf"),
    }


def _of_exception(exception: Mapping[str, Any] | None) -> dict[str, Any]:
    given = exception or {}
    state = ExceptionState.HONOURED if given.get("honoured") else ExceptionState.NOT_HONOURED
    return {
        "exception": state.value if given else None,
        "exceptionReason": given.get("reason"),
        "exceptionExpires": given.get("expiresOn"),
        "exceptionCategory": given.get("category"),
        "exceptionName": given.get("displayName"),
        "exceptionTicket": given.get("ticket"),
        "exceptionApprovedBy": given.get("approvedBy"),
        "exceptionCreatedBy": given.get("createdBy"),
        "exceptionId": given.get("id"),
    }


def _codes(judged: Mapping[str, Any]) -> str:
    return "; ".join(reason["code"] for reason in judged.get("reasons", ()))


def _tags(tags: Mapping[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in tags.items())
