"""The clouds of Azure: the addresses in which they differ."""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Cloud(NamedTuple):
    """Where a cloud's Azure Resource Manager is, whom its tokens are for, and who issues them."""

    arm_url: str
    token_scope: str
    authority_host: str
    portal_url: str


# The same as get_arm_endpoints of azure.mgmt.core and AzureAuthorityHosts of azure.identity, which
# a cold start of the HTTP API should not have to load.
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
