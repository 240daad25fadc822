"""An HTTP proxy that leads to simulated vaults, whose names no DNS has, and to no other machine."""

import asyncio
from contextlib import suppress
from typing import Final

from local.simulator.listener import HOST, ListenerThread
from local.simulator.vault_data import DNS

_CONNECTED: Final = b"HTTP/1.1 200 Connection established\r\n\r\n"
_REFUSED: Final = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_BYTES: Final = 65_536


class Proxy:
    """Listens until its listeners stop; ``refused`` holds the other hosts that were asked for."""

    def __init__(self, listeners: ListenerThread, port: int) -> None:
        self.refused: set[str] = set()
        self._port = port
        self.url = f"http://{HOST}:{listeners.serve(self._handle)}"

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, ValueError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            method, target, _ = head.split(maxsplit=2)
            host = target.removesuffix(":443")
            if method == "CONNECT" and host.endswith(f".{DNS}"):
                await self._connect(reader, writer)
            else:
                self.refused.add(host)
                writer.write(_REFUSED)
                await writer.drain()
        writer.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        their_reader, their_writer = await asyncio.open_connection(HOST, self._port)
        writer.write(_CONNECTED)
        async with asyncio.TaskGroup() as group:
            group.create_task(_pipe(reader, their_writer))
            group.create_task(_pipe(their_reader, writer))


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(_BYTES):
            writer.write(data)
            await writer.drain()
    writer.close()
