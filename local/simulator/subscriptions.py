"""Subscriptions and tenants as each api-version of Microsoft.Resources describes them.

Sources: the specifications of these versions in
https://github.com/Azure/azure-rest-api-specs, and
https://learn.microsoft.com/rest/api/resources/tenants/list.
"""

from typing import Final

from local.simulator.estate import Subscription

VERSIONS: Final = (
    "2022-12-01",
    "2021-01-01",
    "2020-01-01",
    "2019-11-01",
    "2019-06-01",
    "2018-06-01",
    "2016-06-01",
)
# The version for tenants that today's clients send.
TENANT_VERSION: Final = "2022-12-01"
_WITH_TENANT: Final = "2018-06-01"
_WITH_MANAGERS: Final = "2019-06-01"
_WITH_TAGS: Final = "2020-01-01"
_DOMAIN: Final = "simulator.onmicrosoft.com"


def page(rows: list[Subscription], version: str) -> dict[str, object]:
    """Build a page of the list of subscriptions."""
    body: dict[str, object] = {"value": [document(row, version) for row in rows]}
    if version >= _WITH_TENANT:
        body["count"] = {"type": "Total", "value": len(rows)}
    return body


def document(subscription: Subscription, version: str) -> dict[str, object]:
    """Build the JSON of a subscription."""
    built: dict[str, object] = {
        "id": f"/subscriptions/{subscription.id}",
        "authorizationSource": "RoleBased",
        "subscriptionId": subscription.id,
        "displayName": subscription.name,
        "state": subscription.state,
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": subscription.quota_id,
            "spendingLimit": "Off",
        },
    }
    if version >= _WITH_TENANT:
        built["tenantId"] = subscription.tenant_id
    if version >= _WITH_MANAGERS:
        built["managedByTenants"] = [
            {"tenantId": tenant_id} for tenant_id in subscription.managed_by_tenants
        ]
    if version >= _WITH_TAGS and subscription.tags:
        built["tags"] = dict(subscription.tags)
    return built


def tenant(tenant_id: str) -> dict[str, object]:
    """Build the JSON of a managed identity's tenant; it sees no other."""
    return {
        "id": f"/tenants/{tenant_id}",
        "tenantId": tenant_id,
        "countryCode": "DE",
        "displayName": "Simulator",
        "domains": [_DOMAIN],
        "tenantCategory": "Home",
        "defaultDomain": _DOMAIN,
        "tenantType": "AAD",
    }
