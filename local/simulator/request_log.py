"""Records the requests to the simulator, so that tests can prove what was sent and what was not."""

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, Self, overload

from local.simulator.messages import Incoming
from local.simulator.tokens import audience_of

_SECRET_HEADERS: Final = frozenset({"authorization", "x-identity-header"})
# The first part found in a path decides the kind.
_KINDS: Final = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("token", "^/msi/token"),
        ("graph", "/Microsoft[.]ResourceGraph/"),
        ("exemption", "/policyExemptions"),
        ("assignment", "/policyAssignments"),
        ("policy", "/policy(Set)?Definitions"),
        ("role", "/roleDefinitions"),
        ("grant", "/roleAssignments"),
        ("version", "/Microsoft[.]KeyVault/.*/keys/[^/]+/versions"),
        ("key", "/Microsoft[.]KeyVault/.*/keys"),
        ("vault", "/Microsoft[.]KeyVault/"),
        ("account", "/Microsoft[.]CognitiveServices/accounts"),
        ("subscription", "^/subscriptions"),
    )
)


def kind_of(path: str) -> str:
    """Return the kind of the resource that a path asks for; see ``RequestRecord.kind``."""
    return next((kind for kind, pattern in _KINDS if pattern.search(path)), "other")


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRecord:
    """One request, without its credentials.

    ``authorized``  whether it had an Authorization header
    ``audience``    the audience of its token
    ``status``      None until the answer is sent, and for ever if none is

    Names in ``query`` and ``headers`` are in lower case.
    """

    time: datetime
    method: str
    host: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    authorized: bool
    audience: str | None
    status: int | None = None

    @property
    def kind(self) -> str:
        """The kind of the requested resource.

        A token, graph, (policy) exemption, (policy) assignment, policy (definition, or set of
        them), role (definition), grant (role assignments), version (of a key), key, vault (or
        managed HSM), account, subscription, or other.
        """
        return kind_of(self.path)

    @classmethod
    def of(cls, incoming: Incoming) -> Self:
        """Record a request that has just arrived."""
        headers = {
            name: value for name, value in incoming.headers.items() if name not in _SECRET_HEADERS
        }
        return cls(
            time=datetime.now(UTC),
            method=incoming.method,
            host=incoming.host,
            path=incoming.path,
            query=incoming.query,
            headers=headers,
            authorized="authorization" in incoming.headers,
            audience=None if incoming.bearer is None else audience_of(incoming.bearer),
        )


class RequestLog(Sequence[RequestRecord]):
    """The requests so far, in the order they arrived; may be read from any thread."""

    def __init__(self) -> None:
        self._records: dict[int, RequestRecord] = {}
        self._lock = threading.Lock()
        self._next = 0

    def opened(self, incoming: Incoming) -> int:
        """Record a request; return the number for ``answered``."""
        record = RequestRecord.of(incoming)
        with self._lock:
            self._next += 1
            self._records[self._next] = record
            return self._next

    def answered(self, number: int, status: int) -> None:
        """Record the answer, unless the request was cleared in between."""
        with self._lock:
            if number in self._records:
                self._records[number] = replace(self._records[number], status=status)

    def clear(self) -> None:
        """Forget all requests."""
        with self._lock:
            self._records.clear()

    def _snapshot(self) -> list[RequestRecord]:
        with self._lock:
            return list(self._records.values())

    @overload
    def __getitem__(self, index: int) -> RequestRecord: ...
    @overload
    def __getitem__(self, index: slice) -> list[RequestRecord]: ...
    def __getitem__(self, index: int | slice) -> RequestRecord | list[RequestRecord]:
        """Return one record, or a list of them."""
        return self._snapshot()[index]

    def __iter__(self) -> Iterator[RequestRecord]:
        """Iterate over a snapshot of the records."""
        return iter(self._snapshot())

    def __len__(self) -> int:
        """Count the records."""
        with self._lock:
            return len(self._records)
