"""Serve the dashboard's files with their security headers.

The files contain no data: the page calls the API with the visitor's own key or sign-in. For this
reason the files are anonymous, need no settings, and are served without loading the API.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from typing import Final

from cmk_check.config.http_auth import HttpAuth
from cmk_check.web.http.conditional import matches

INDEX: Final = "index.html"
_TEXT: Final = "text/plain"
_FOLDER: Final = files("cmk_check.web").joinpath("dashboard")
# In the order of the preload header: the modules that load the data come first.
_FIRST: Final = ("start.js", "load.js", "api.js", "page_state.js", "url_state.js")
_ALL: Final = sorted(file.name for file in _FOLDER.iterdir() if file.name.endswith(".js"))
_MODULES: Final = (*dict.fromkeys((*_FIRST, *_ALL)), "vendor/uPlot.esm.js")
_STYLES: Final = ("base.css", "overview.css", "findings.css", "paper.css", "vendor/uPlot.min.css")
# Only these files are ever read, whatever the path; all are UTF-8.
FILES: Final[Mapping[str, str]] = {
    INDEX: "text/html",
    "icon.svg": "image/svg+xml",
    "vendor/uPlot.LICENSE": _TEXT,
    **dict.fromkeys(_MODULES, "text/javascript"),
    **dict.fromkeys(_STYLES, "text/css"),
}
# The authentication of callers, as written in the packed page; replaced if the setting differs.
_AUTH_META: Final = '<meta name="cmk-auth" content="{}">'
_NEXT_SCAN: Final = b'<meta name="cmk-next-scan" content="%s">'
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
# Without preloading, a browser finds the modules in three successive steps. The styles come first,
# because the browser paints nothing without them.
_PRELOADED: Final = ", ".join(
    [
        *(f"</api/dashboard/{name}>; rel=preload; as=style" for name in _STYLES),
        *(f"</api/dashboard/{name}>; rel=modulepreload" for name in _MODULES if "/" not in name),
    ]
)
HEADERS: Final[Mapping[str, str]] = {
    # Cached but revalidated each time, because a page must not load modules of another version.
    "Cache-Control": "no-cache",
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class FileResponse:
    """The response to a browser."""

    status: HTTPStatus
    media_type: str
    headers: Mapping[str, str]
    body: bytes


def respond(
    path: str, if_none_match: str | None, http_auth: HttpAuth, next_scan: datetime | None = None
) -> FileResponse:
    """Respond to a request for the page (the empty path) or for one of its files.

    ``next_scan`` is when the schedule starts a scan, which the page shows before the first scan.
    The response to HEAD also has a body, but the host does not send it.
    """
    name = path or INDEX
    if name not in FILES or path == INDEX:
        body = b"File not found. The page is at /api/dashboard.\n"
        return FileResponse(HTTPStatus.NOT_FOUND, _TEXT, HEADERS, body)
    body, etag = _file(name, http_auth)
    headers = {**HEADERS, "ETag": etag}
    if name == INDEX:
        headers["Link"] = _PRELOADED
        if next_scan:
            body = body.replace(_NEXT_SCAN % b"", _NEXT_SCAN % next_scan.isoformat().encode())
            headers["ETag"] = etag = f'{etag[:-1]}-{next_scan.timestamp():.0f}"'
    if matches(if_none_match, etag):
        return FileResponse(HTTPStatus.NOT_MODIFIED, FILES[name], headers, b"")
    return FileResponse(HTTPStatus.OK, FILES[name], headers, body)


@cache
def _file(name: str, http_auth: HttpAuth) -> tuple[bytes, str]:
    """Read a file once and return it with its ETag."""
    body = _FOLDER.joinpath(*name.split("/")).read_bytes()
    if name == INDEX:
        packed, actual = _AUTH_META.format("keys"), _AUTH_META.format(http_auth)
        body = body.replace(packed.encode(), actual.encode())
    return body, f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'
