"""Scripted faults: which requests fail, how often, and how."""

import asyncio
import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fnmatch import translate
from typing import Final

from local.simulator.messages import JSON_TYPE, NO_HEADERS, Incoming, Reply, encode
from local.simulator.paging import Cursor, InvalidSkipTokenError


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Send this answer instead.

    ``body``: a str or bytes is sent as it is, None sends no body, anything else is sent as JSON. A
    str that starts with "<" is HTML. ``headers`` replace those that Azure would send;
    ``Retry-After`` is sent only if you name it.
    """

    status: int = 200
    body: object = None
    headers: Mapping[str, str] = NO_HEADERS

    def reply(self) -> Reply:
        """Return the answer."""
        if self.body is None:
            return Reply(self.status, b"", self.headers)
        if isinstance(self.body, bytes):
            return Reply(self.status, self.body, self.headers)
        if isinstance(self.body, str):
            text = "text/html" if self.body.lstrip().startswith("<") else "text/plain"
            return Reply(self.status, self.body.encode(), {"Content-Type": text, **self.headers})
        return Reply(self.status, encode(self.body), {"Content-Type": JSON_TYPE, **self.headers})


def arm_error(
    status: int, code: str, message: str = "Simulated.", headers: Mapping[str, str] = NO_HEADERS
) -> Answer:
    """Answer with an error in the wrapper of Azure Resource Manager."""
    return Answer(
        status=status, body={"error": {"code": code, "message": message}}, headers=headers
    )


@dataclass(frozen=True, slots=True)
class Cut:
    """Announce the full length, send the first ``part`` (0 to 1), then close the connection."""

    part: float = 0.5


@dataclass(frozen=True, slots=True)
class Garble:
    """Send half of the JSON in a complete answer: the length is right, the document is not."""

    part: float = 0.5

    def apply(self, reply: Reply) -> Reply:
        """Return the answer with half of its JSON."""
        return replace(reply, body=reply.body[: int(len(reply.body) * self.part)])


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connection without an answer.

    On a reused connection, aiohttp sends a GET once more by itself: its caller gets an error only
    if the fault applies to two requests or more.
    """


@dataclass(frozen=True, slots=True)
class NextLink:
    """Give the page this nextLink, even if it had none.

    In ``url``, ``{request}`` is the requested URL, ``{first}`` that of the first page, ``{next}``
    the right nextLink, ``{host}`` this host, ``{target}`` path and query of the request, as in
    ``NextLink(foreign.url + "{target}")``.
    """

    url: str

    def apply(self, reply: Reply, incoming: Incoming) -> Reply:
        """Replace the nextLink of a page."""
        page = json.loads(reply.body)
        version = incoming.query.get("api-version", "")
        values = {
            "{request}": incoming.url,
            "{first}": f"https://{incoming.host}{incoming.target.partition('?')[0]}?api-version={version}",
            "{next}": page.get("nextLink", ""),
            "{host}": incoming.host,
            "{target}": incoming.target,
        }
        url = self.url
        for name, value in values.items():
            url = url.replace(name, value)
        return replace(reply, body=encode({**page, "nextLink": url}))


ITSELF: Final = NextLink("{request}")
FIRST_PAGE: Final = NextLink("{first}")
PLAIN_HTTP: Final = NextLink("http://{host}{target}")

type Effect = Answer | Cut | Garble | Close | NextLink


class Hold:
    """Holds requests until the test releases them."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._arrived = 0
        self._released = False
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    @property
    def arrived(self) -> int:
        """How many requests have arrived here."""
        with self._changed:
            return self._arrived

    def wait_until_reached(self, count: int = 1, timeout: float = 10.0) -> None:
        """Block until ``count`` requests have arrived. Raises TimeoutError after ``timeout`` s."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._arrived >= count, timeout):
                raise TimeoutError(f"{self._arrived} of {count} requests arrived")

    async def reached(self, count: int = 1, timeout: float = 10.0) -> None:  # noqa: ASYNC109 - mirrors the one above
        """Wait like wait_until_reached, without blocking an event loop."""
        await asyncio.to_thread(self.wait_until_reached, count, timeout)

    def release(self) -> None:
        """Release the waiting requests, and hold no later ones."""
        with self._changed:
            self._released = True
            waiting, self._waiting = self._waiting, []
        for loop, event in waiting:
            loop.call_soon_threadsafe(event.set)

    async def wait(self) -> None:
        """Wait inside the server until released."""
        event = asyncio.Event()
        with self._changed:
            self._arrived += 1
            self._changed.notify_all()
            if self._released:
                return
            self._waiting.append((asyncio.get_running_loop(), event))
        await event.wait()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fault:
    """A fault for the requests that match all of this.

    ``path``     glob over the whole decoded path, in any case; "re:..." is a regular expression
    ``method``   a method, or "*"
    ``query``    parameters (lower case), each with a glob for its value
    ``page``     only this page of a list, counted from 1
    ``times``    to how many requests it applies; None for all
    ``hold``     first wait until this is released
    ``delay``    then wait this many seconds
    ``then``     then do this; None gives the right answer
    """

    path: str = "*"
    method: str = "*"
    query: Mapping[str, str] = NO_HEADERS
    page: int | None = None
    times: int | None = None
    hold: Hold | None = None
    delay: float = 0.0
    then: Effect | None = None

    def matches(self, incoming: Incoming) -> bool:
        """Return whether the fault applies to a request."""
        return (
            self.method in ("*", incoming.method)
            and _fits(self.path, incoming.path)
            and all(_fits(glob, incoming.query.get(name, "")) for name, glob in self.query.items())
            and self.page in (None, _page(incoming))
        )


def _fits(pattern: str, text: str) -> bool:
    expression = pattern.removeprefix("re:") if pattern.startswith("re:") else translate(pattern)
    return re.fullmatch(expression, text, re.IGNORECASE) is not None


def _page(incoming: Incoming) -> int | None:
    try:
        return Cursor.of(incoming).page
    except InvalidSkipTokenError:
        return None


@dataclass(slots=True)
class _Planted:
    fault: Fault
    hits: int = 0

    @property
    def active(self) -> bool:
        return self.fault.times is None or self.hits < self.fault.times


@dataclass(slots=True)
class Faults:
    """The faults of a simulator; if several match a request, the first one added applies."""

    _planted: list[_Planted] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, *faults: Fault) -> None:
        """Add faults, which apply from the next request on."""
        with self._lock:
            self._planted.extend(_Planted(fault) for fault in faults)

    def remove(self, fault: Fault) -> None:
        """Remove a fault, and release the requests that it holds."""
        with self._lock:
            self._planted = [planted for planted in self._planted if planted.fault is not fault]
        if fault.hold is not None:
            fault.hold.release()

    def clear(self) -> None:
        """Remove all faults, and release the requests that they hold."""
        with self._lock:
            planted, self._planted = self._planted, []
        for entry in planted:
            if entry.fault.hold is not None:
                entry.fault.hold.release()

    def hits(self, fault: Fault) -> int:
        """Return to how many requests a fault has applied."""
        with self._lock:
            return next((entry.hits for entry in self._planted if entry.fault is fault), 0)

    def take(self, incoming: Incoming) -> Fault | None:
        """Find the fault that applies to a request, and count it."""
        with self._lock:
            for entry in self._planted:
                if entry.active and entry.fault.matches(incoming):
                    entry.hits += 1
                    return entry.fault
        return None
