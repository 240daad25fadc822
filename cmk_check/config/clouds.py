"""The Azure clouds and their addresses."""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Cloud(NamedTuple):
    """Addresses of one cloud: Azure Resource Manager, token scope, sign-in host and portal.

    ``arm_url`` and ``portal_url`` are origins, without a trailing slash. ``vault_domain`` is the
    domain of all key vault hosts.
    """

    arm_url: str
    token_scope: str
    authority_host: str
    portal_url: str
    vault_domain: str


# Copied from get_arm_endpoints (azure.mgmt.core), AzureAuthorityHosts (azure.identity) and the
# cloud list of the `az` command, so that a cold start of the HTTP API does not load the SDK.
CLOUDS: Final[Mapping[str, Cloud]] = {
    "public": Cloud(
        "https://management.azure.com",
        "https://management.azure.com/.default",
        "login.microsoftonline.com",
        "https://portal.azure.com",
        "vault.azure.net",
    ),
    "usgov": Cloud(
        "https://management.usgovcloudapi.net",
        "https://management.core.usgovcloudapi.net/.default",
        "login.microsoftonline.us",
        "https://portal.azure.us",
        "vault.usgovcloudapi.net",
    ),
    "china": Cloud(
        "https://management.chinacloudapi.cn",
        "https://management.chinacloudapi.cn/.default",
        "login.chinacloudapi.cn",
        "https://portal.azure.cn",
        "vault.azure.cn",
    ),
}
