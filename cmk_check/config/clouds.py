"""The Azure clouds and their addresses."""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Cloud(NamedTuple):
    """Addresses of one cloud: Azure Resource Manager, token scope, sign-in host and portal."""

    arm_url: str
    token_scope: str
    authority_host: str
    portal_url: str


# Copied from get_arm_endpoints (azure.mgmt.core) and AzureAuthorityHosts (azure.identity), so that
# a cold start of the HTTP API does not load the SDK.
CLOUDS: Final[Mapping[str, Cloud]] = {
    "public": Cloud(
        "https://management.azure.com",
        "https://management.azure.com/.default",
        "login.microsoftonline.com",
        "https://portal.azure.com",
    ),
    "usgov": Cloud(
        "https://management.usgovcloudapi.net",
        "https://management.core.usgovcloudapi.net/.default",
        "login.microsoftonline.us",
        "https://portal.azure.us",
    ),
    "china": Cloud(
        "https://management.chinacloudapi.cn",
        "https://management.chinacloudapi.cn/.default",
        "login.chinacloudapi.cn",
        "https://portal.azure.cn",
    ),
}
