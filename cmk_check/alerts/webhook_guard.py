"""Connects a webhook to allowed addresses only, whatever its name leads to at that moment.

The check stands where the socket is made, after the name was resolved: a name that leads elsewhere
the next time it is asked for (DNS rebinding) gains nothing.
"""

import socket
import ssl
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver

from cmk_check.net.addresses import LOOPBACK, special

type AddressInfo = tuple[
    int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[object, ...]
]


REFUSED: Final = "this address is not allowed for a webhook"


class AddressRefused(OSError):
    """The address is special: an OSError, so that the next address of the name is tried."""

    def __init__(self) -> None:
        super().__init__(REFUSED)


def guarded_connector(
    *,
    on_azure: bool,
    only_loopback: bool,
    tls: ssl.SSLContext | bool = True,
    resolver: AbstractResolver | None = None,
) -> aiohttp.TCPConnector:
    """Return a connector that refuses special addresses, but for loopback off Azure.

    ``only_loopback`` refuses all others: without TLS nothing may leave this machine.
    """

    def socket_for(info: AddressInfo) -> socket.socket:
        family, kind, protocol, _, address = info
        found = special(str(address[0]))
        ordinary = found is None and not only_loopback
        if not (ordinary or (found == LOOPBACK and not on_azure)):
            raise AddressRefused
        return socket.socket(family, kind, protocol)

    return aiohttp.TCPConnector(ssl=tls, resolver=resolver, socket_factory=socket_for)


def was_refused(error: aiohttp.ClientConnectorError) -> bool:
    """Tell whether an address was refused; of several trials only the texts are left."""
    return REFUSED in str(error.os_error)
