"""Lets the webhook connect to allowed addresses only.

The address is checked when the socket is created, after the name was resolved, so a name that
resolves differently the next time (DNS rebinding) does not help an attacker.
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

_REFUSED: Final = "this address is not allowed for a webhook"


def guarded_connector(
    *,
    on_azure: bool,
    only_loopback: bool,
    tls: ssl.SSLContext | bool = True,
    resolver: AbstractResolver | None = None,
) -> aiohttp.TCPConnector:
    """Return a connector that refuses special addresses; loopback is allowed outside Azure.

    ``only_loopback`` refuses all others: without TLS nothing may leave this machine.
    """

    def socket_for(info: AddressInfo) -> socket.socket:
        family, kind, protocol, _, address = info
        special_kind = special(str(address[0]))
        ordinary = special_kind is None and not only_loopback
        if not (ordinary or (special_kind == LOOPBACK and not on_azure)):
            raise OSError(_REFUSED)  # so that the next address of the name is tried
        return socket.socket(family, kind, protocol)

    return aiohttp.TCPConnector(ssl=tls, resolver=resolver, socket_factory=socket_for)


def was_refused(error: aiohttp.ClientConnectorError) -> bool:
    """Return whether an address was refused; after several tries only their texts remain."""
    return _REFUSED in str(error.os_error)
