"""Special network addresses, to which a webhook's URL must not lead.

On Azure, the metadata service, the wire server and the identity endpoint respond to every process
on the machine, so a webhook URL could misuse them, directly or through DNS. Private addresses are
allowed, because companies have receivers behind private endpoints.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

LOOPBACK: Final = "loopback"

# https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
_WIRE_SERVER: Final = IPv4Address("168.63.129.16")
_THIS_NETWORK: Final = IPv4Network("0.0.0.0/8")
_RESERVED: Final = (
    IPv4Network("240.0.0.0/4"),  # for future use, with the broadcast address
    IPv6Network("64:ff9b:1::/48"),  # translated to IPv4 by local rules: RFC 8215
    IPv6Network("fec0::/10"),  # site-local, no longer in use: RFC 3879
)
# Address ranges that end with an IPv4 address: RFC 4291 (2.5.5.1), RFC 6052, RFC 2765 (2.1).
_WITH_IPV4: Final = tuple(map(IPv6Network, ("::/96", "64:ff9b::/96", "::ffff:0:0:0/96")))
# A marker before an IPv4 address, after any network prefix: ISATAP, RFC 5214 (6.1).
_ISATAP: Final = (b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe")


def special(text: str) -> str | None:
    """Return the kind of a special network address, or None for a public or private address.

    An IPv6 address that contains a special IPv4 address is also special.

    Raises:
        ValueError: the text is not an address.
    """
    address = ip_address(text.partition("%")[0])
    return next((kind for entry in _list_with_embedded(address) if (kind := _kind(entry))), None)


def _list_with_embedded(address: IPv4Address | IPv6Address) -> Iterator[IPv4Address | IPv6Address]:
    yield address
    if isinstance(address, IPv4Address):
        return
    embedded = (address.ipv4_mapped, address.sixtofour, *(address.teredo or ()))
    yield from filter(None, embedded)
    is_isatap = address.packed[8:12] in _ISATAP
    if is_isatap or any(address in network for network in _WITH_IPV4):
        yield IPv4Address(address.packed[-4:])


def _kind(address: IPv4Address | IPv6Address) -> str | None:
    if address.is_loopback:
        return LOOPBACK
    if address.is_link_local:
        return "link-local"
    if address == _WIRE_SERVER:
        return "the platform's own"
    if address.is_multicast:
        return "multicast"
    if address.is_unspecified or address in _THIS_NETWORK:
        return "unspecified"
    return "reserved" if any(address in network for network in _RESERVED) else None
