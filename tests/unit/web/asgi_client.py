"""A client of the API in this process: what ``cmk_check.asgi_adapter`` calls, no more."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message, Scope


@dataclass
class Answer:
    """An answer as it left the app; header names are lower-case."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def json(self) -> Any:  # noqa: ANN401 - that is what JSON is
        """The body."""
        return json.loads(self.body)

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
    """Send a request for a path with its query, from ``cmk.example`` unless ``host`` is given."""
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
        "scheme": "https",
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
