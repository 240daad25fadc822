"""An HTTP request as Kestrel and Azure's host present it to the worker.

The rules are those of ``ToRpcHttp`` in Azure/azure-functions-host and of Kestrel's paths:
everything is decoded except ``%2F`` and bytes that are not UTF-8, dot segments are removed before
routing, repeated values are joined by commas, empty query values are dropped, and a body needs a
Content-Length.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote, unquote

from aiohttp import web

from local.functions_host.data import HttpRequest

_ENCODED_SLASH: Final = re.compile("%2f", re.IGNORECASE)
_NOT_UTF8: Final = re.compile("[\udc80-\udcff]")  # as Python's surrogateescape keeps bytes
_STRAY_PERCENT: Final = re.compile("%(?![0-9A-Fa-f]{2})")
_PATH_CHARACTERS: Final = "/%:@!$&'()*+,;=~"


def decoded_path(raw: str) -> str:
    """Return the path that routes are compared with."""
    whole = _ENCODED_SLASH.sub(lambda match: f"%25{match[0][1:]}", raw)
    kept: list[str] = []
    text = unquote(whole, errors="surrogateescape")
    segments = _NOT_UTF8.sub(lambda match: f"%{ord(match[0]) - 0xDC00:02X}", text).split("/")
    for segment in segments[1:]:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept)


def key_of(request: web.Request) -> str | None:
    """Return the key that the caller sent; the header wins over the query."""
    header = request.headers.get("x-functions-key")
    if header:
        return header
    query = _joined(request.query.items())
    return next((value for name, value in query.items() if name.lower() == "code"), None)


async def read_request(request: web.Request, path: str, params: Mapping[str, str]) -> HttpRequest:
    """Return the request as the function gets it."""
    query = request.rel_url.raw_query_string
    escaped = quote(_STRAY_PERCENT.sub("%25", path), safe=_PATH_CHARACTERS)
    return HttpRequest(
        method=request.method,
        url=f"http://{request.host}{escaped}" + (f"?{query}" if query else ""),
        headers=_joined((name.lower(), value) for name, value in request.headers.items()),
        query=_joined(request.query.items()),
        params=params,
        body=await request.read() if request.content_length else b"",
    )


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    joined = {name: ",".join(several) for name, several in values.items()}
    return {name: value for name, value in joined.items() if value}
