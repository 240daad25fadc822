"""The Azure clouds and their addresses, from clouds.toml."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from cmk_check.core.text_files import read_toml


class Cloud(NamedTuple):
    """One cloud's addresses for Azure Resource Manager, tokens, sign-in and the portal.

    ``arm_url`` and ``portal_url`` are origins, without a trailing slash. ``vault_domain`` is the
    domain of all key vault hosts.
    """

    arm_url: str
    token_scope: str
    authority_host: str
    portal_url: str
    vault_domain: str


CLOUDS: Final[Mapping[str, Cloud]] = {
    name: Cloud(**addresses) for name, addresses in read_toml(__package__, "clouds.toml").items()
}
