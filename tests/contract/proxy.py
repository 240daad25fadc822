"""A proxy as companies have it: CONNECT, with or without credentials."""

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Proxy:
    """A proxy that connects whoever asks and notes for where, and with which credentials."""

    ports: Mapping[str, int]
    port: int = 0
    asked: list[str] = field(default_factory=list)
    credentials: set[str] = field(default_factory=set)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one CONNECT, then pass on bytes both ways."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        _, target, _ = head.split("\r\n")[0].split(" ")
        self.asked.append(target)
        for line in head.split("\r\n"):
            if line.lower().startswith("proxy-authorization: basic "):
                self.credentials.add(base64.b64decode(line.split(" ")[2]).decode())
        host, _, port = target.partition(":")
        place = ("127.0.0.1", self.ports[host]) if host in self.ports else (host, int(port))
        there_reader, there_writer = await asyncio.open_connection(*place)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await asyncio.gather(_pass_on(reader, there_writer), _pass_on(there_reader, writer))
        await asyncio.gather(
            there_writer.wait_closed(), writer.wait_closed(), return_exceptions=True
        )


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


@asynccontextmanager
async def open_proxy(ports: Mapping[str, int] | None = None) -> AsyncIterator[Proxy]:
    """Run a proxy; what is asked for at a host of ``ports`` goes to that port of this machine."""
    proxy = Proxy(ports or {})
    server = await asyncio.start_server(proxy.handle, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    async with server:
        yield proxy
