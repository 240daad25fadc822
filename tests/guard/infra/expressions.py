"""What a snapshot leaves to be worked out when it is deployed, worked out for a cloud.

The compiler knows neither the cloud nor what exists by then. Of the language of ARM templates only
that is understood which our snapshots hold; what is known at the deployment alone stays as text.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

_TOKEN: Final = re.compile(r"\s*('(?:[^']|'')*'|[A-Za-z_][A-Za-z0-9_]*|\d+|[().,\[\]])")
ENVIRONMENTS: Final = {
    name: {
        "authentication": {"loginEndpoint": f"https://login.{sign_in}/"},
        "suffixes": {"storage": f"core.{storage}"},
    }
    for name, sign_in, storage in (
        ("AzureCloud", "microsoftonline.com", "windows.net"),
        ("AzureUSGovernment", "microsoftonline.us", "usgovcloudapi.net"),
        ("AzureChinaCloud", "chinacloudapi.cn", "chinacloudapi.cn"),
    )
}


class Later(str):
    """An expression that only the deployment can work out."""

    __slots__ = ()


def worked_out(value: Any, cloud: str = "AzureCloud") -> Any:  # noqa: ANN401 - it is JSON
    """Return JSON with each expression in it worked out, as far as that can be done."""
    if isinstance(value, dict):
        return {key: worked_out(item, cloud) for key, item in value.items()}
    if isinstance(value, list):
        return [worked_out(item, cloud) for item in value]
    if isinstance(value, str) and value.startswith("[") and not value.startswith("[["):
        return _Reader(value[1:-1], cloud).whole()
    return value


class _Reader:
    def __init__(self, text: str, cloud: str) -> None:
        self._tokens = _split(text)
        self._token = next(self._tokens)
        self._cloud = cloud

    def whole(self) -> Any:  # noqa: ANN401 - as above
        value = self._value()
        assert self._token == ""
        return value

    def _next(self) -> str:
        token, self._token = self._token, next(self._tokens)
        return token

    def _value(self) -> Any:  # noqa: ANN401
        token = self._next()
        if token.startswith("'"):
            value: Any = token[1:-1].replace("''", "'")
        elif token.isdigit():
            value = int(token)
        else:
            value = self._call(token, self._arguments())
        while self._token in {".", "["}:
            value = _part(value, self._key())
        return value

    def _arguments(self) -> list[Any]:
        assert self._next() == "("
        found = []
        while self._token != ")":
            found.append(self._value())
            if self._token == ",":
                self._next()
        self._next()
        return found

    def _key(self) -> Any:  # noqa: ANN401
        if self._next() == ".":
            return self._next()
        key = self._value()
        assert self._next() == "]"
        return key

    def _call(self, name: str, given: list[Any]) -> Any:  # noqa: ANN401
        value: Any = Later(f"{name}({', '.join(map(str, given))})")
        match name:
            case "createObject":
                value = dict(zip(given[::2], given[1::2], strict=True))
            case "union":
                value = {key: item for part in given for key, item in part.items()}
            case "if":
                assert isinstance(given[0], bool)
                value = given[1] if given[0] else given[2]
            case "equals":
                value = given[0] == given[1]
            case "format":
                value = _filled(*given)
            case "replace":
                value = given[0].replace(*given[1:])
            case "environment":
                value = ENVIRONMENTS[self._cloud] | {"name": self._cloud}
        return value


def _filled(form: str, *values: Any) -> str:  # noqa: ANN401
    text = re.sub(r"\{(\d+)\}", lambda found: str(values[int(found[1])]), form)
    return Later(text) if any(isinstance(one, Later) for one in values) else text


def _part(value: Any, key: Any) -> Any:  # noqa: ANN401
    return Later(f"{value}.{key}") if isinstance(value, Later) else value[key]


def _split(text: str) -> Iterator[str]:
    place = 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        assert found, text[place:]
        yield found[1]
        place = found.end()
    while True:
        yield ""
