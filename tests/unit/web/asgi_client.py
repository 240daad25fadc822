"""A client of the API in this process: what ``cmk_check.asgi_adapter`` calls, no more."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message, Scope


@dataclass
class Answer:
    """A response as the app sent it; header names are in lower case."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def json(self) -> Any:  # noqa: ANN401 - that is what JSON is
        """The body."""
        return json.loads(self.body)

    @property
    def found(self) -> list[dict[str, Any]]:
        """The entries of a list."""
        assert self.status == 200, self.body
        found: list[dict[str, Any]] = self.json["value"]
        return found

    @property
    def names(self) -> list[str]:
        """The names of the accounts in a list."""
        return [entry["name"] for entry in self.found]

    @property
    def onwards(self) -> str:
        """Path and query of the next page, as body or header link to it; "" on the last page."""
        if not self.headers["content-type"].startswith("application/json"):
            link = self.headers.get("link", "")[1:].partition(">")[0]
        else:
            link = self.json.get("nextLink", "")
        return link.removeprefix("https://cmk.example")

    @property
    def error(self) -> tuple[str, str | None]:
        """Code and target of the error envelope."""
        assert set(self.json) == {"error"}
        assert set(self.json["error"]) == {"code", "message", "target"}
        assert self.json["error"]["message"]
        return self.json["error"]["code"], self.json["error"]["target"]


async def send(
    app: ASGIApp,
    target: str,
    headers: Mapping[str, str] | None = None,
    method: str = "GET",
    body: bytes = b"",
) -> Answer:
    """Send a request to ``cmk.example``, or to another ``host``; a local one serves by http."""
    path, _, query = target.partition("?")
    given = {"host": "cmk.example", **(headers or {})}
    answer = Answer()

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def take(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode(): text.decode() for name, text in message["headers"]}
        else:
            answer.body += message["body"]

    scope: Scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http" if given["host"].startswith("127.") else "https",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode(), text.encode()) for name, text in given.items()],
        "server": ("cmk.example", 443),
        "client": None,
        "state": {},
    }
    await app(scope, receive, take)
    return answer


async def follow(app: ASGIApp, target: str) -> list[Answer]:
    """Send a request, and one for each following page; fail if there is no end of them."""
    pages = [await send(app, target)]
    while onwards := pages[-1].onwards:
        assert len(pages) < 100, onwards
        pages.append(await send(app, onwards))
    return pages
