"""The input and the output of a function, without the worker's own types.

The shapes are those of Azure's ``TypedData``. Only ``runtime.py`` knows the types of the installed
worker.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Text:
    """A string."""

    value: str


@dataclass(frozen=True, slots=True)
class Json:
    """A JSON document, as text."""

    value: str


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as Azure's host passes it on.

    Header names are lower-case, ``query`` has no empty values, ``params`` holds the route's values
    without absent ones, and ``body`` is raw.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    params: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A function's answer; each of ``cookies`` is a whole ``Set-Cookie`` value."""

    status: int
    headers: Mapping[str, str]
    cookies: tuple[str, ...]
    body: bytes = field(repr=False)


type Data = Text | Json | HttpRequest


@dataclass(frozen=True, slots=True)
class Failure:
    """An exception that the function raised: its repr and its traceback."""

    error: str
    traceback: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an invocation ended; ``failure`` is None after a success."""

    failure: Failure | None = None
    answer: HttpAnswer | None = None
