"""The page as a browser gets it: its files, and headers that keep them harmless."""

import re
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import pytest

from cmk_check.config.http_auth import HttpAuth
from cmk_check.web.dashboard_files import FILES, HEADERS, INDEX, respond

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)


def _link(path: str) -> str:
    return respond(path, None, "keys").headers.get("Link", "")


@pytest.mark.parametrize("name", sorted(FILES))
def test_each_file_is_served_as_what_it_is(name: str) -> None:
    """With nosniff a script of another type does not run; people type addresses without a file."""
    kinds = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
    kinds[".html"] = "text/html"

    found = respond("" if name == INDEX else name, None, "keys")

    suffix = name[name.rindex(".") :]
    assert (found.status, found.media_type) == (HTTPStatus.OK, kinds.get(suffix, "text/plain"))
    assert found.body.startswith(b"<!doctype html>") == (name == INDEX)
    assert found.body
    assert "ETag" in found.headers


@pytest.mark.parametrize(
    "path",
    [
        INDEX,
        "nothing.js",
        "MAIN.JS",
        "../dashboard_files.py",
        "vendor/../main.js",
        "vendor/",
        "/etc/passwd",
        "types.d.ts",
    ],
)
def test_anything_else_is_not_there(path: str) -> None:
    """The package holds the app's code: a path out of the folder must find nothing."""
    found = respond(path, None, "keys")

    assert found.status == HTTPStatus.NOT_FOUND
    assert found.media_type == "text/plain"
    assert b"/api/dashboard" in found.body
    assert path.encode() not in found.body


@pytest.mark.parametrize("path", ["", "main.js", "nothing.js"])
def test_every_answer_carries_the_headers(path: str) -> None:
    """Without the policy an attack has a way in; an old page with a new API shows wrong data."""
    for known in (None, "*"):
        headers = respond(path, known, "keys").headers
        assert headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]
        assert headers["Cache-Control"] == "no-cache"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_the_policy_lets_nothing_run_but_the_files_of_the_page() -> None:
    """P10: even if a name became markup, it could not run, load, send or frame anything."""
    parts = (part.split() for part in HEADERS["Content-Security-Policy"].split(";"))
    policy = {name: values for name, *values in parts}

    assert policy.pop("default-src") == ["'none'"]
    assert policy.pop("script-src") == policy.pop("style-src") == ["'self'"]
    assert policy.pop("connect-src") == ["'self'"]
    assert policy.pop("img-src") == ["'self'", "data:"]
    closed = {policy.pop(name)[0] for name in ("base-uri", "form-action", "frame-ancestors")}
    assert closed == {"'none'"}
    assert policy == {"require-trusted-types-for": ["'script'"], "trusted-types": ["'none'"]}


def test_the_page_names_its_modules_so_that_none_waits_for_another() -> None:
    """Otherwise nested imports would load one after the other."""
    named = re.findall(r"</api/dashboard/([\w.]+)>; rel=modulepreload", _link(""))

    assert set(named) == {name for name in FILES if re.fullmatch(r"\w+\.js", name)}
    assert named[0] == "start.js"
    assert _link("main.js") == ""


def test_what_the_browser_has_is_not_sent_again_and_no_two_files_share_a_tag() -> None:
    """The files are requested each time; with a shared tag, the browser would keep the old one."""
    paths = {name.replace(INDEX, "") for name in FILES}
    tags = {path: respond(path, None, "keys").headers["ETag"] for path in paths}

    for path, tag in tags.items():
        again = respond(path, tag, "keys")
        assert (again.status, again.body) == (HTTPStatus.NOT_MODIFIED, b"")
        assert again.headers["ETag"] == tag
        assert respond(path, '"other"', "keys").status == HTTPStatus.OK
    assert len(set(tags.values())) == len(FILES)
    assert respond("", None, "entra").headers["ETag"] not in tags.values()


def test_the_page_knows_when_the_next_scan_starts() -> None:
    """A browser that has the page of an earlier hour gets the new one."""
    pages = [respond("", None, "keys", NOON + hour) for hour in (timedelta(0), timedelta(hours=1))]

    assert [re.findall(rb'"cmk-next-scan" content="([^"]+)"', page.body) for page in pages] == [
        [b"2026-09-01T12:00:00+00:00"],
        [b"2026-09-01T13:00:00+00:00"],
    ]
    assert respond("", pages[0].headers["ETag"], "keys", NOON).status == HTTPStatus.NOT_MODIFIED
    assert pages[0].headers["ETag"] != pages[1].headers["ETag"]


@pytest.mark.parametrize("http_auth", ["keys", "entra"])
def test_the_page_knows_how_callers_are_let_in(http_auth: HttpAuth) -> None:
    """With Entra ID a key is useless; with keys there is no sign-in page."""
    page = respond("", None, http_auth).body

    assert re.findall(rb'<meta name="cmk-auth" content="(\w+)">', page) == [http_auth.encode()]
