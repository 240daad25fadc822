"""The program between doors, with a storage that can be put back to how it was."""

import base64
import http.client
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from itertools import batched, groupby
from operator import itemgetter
from typing import Any, Final, Self, override
from urllib.error import URLError

from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import TransactionOperation

from local.azurite import Azurite
from local.simulator import Estate
from local.stack import APP
from tests.functional.estate_kit import SOON, Scene, wait_until
from tests.functional.forked_host import ForkedHost
from tests.functional.killed.proxy import Door, Proxy
from tests.functional.storage_kit import LONG_AGO, TABLES, Row, Storage

# What must be empty in the end; the poison queues, because nothing was beyond repair.
QUEUES: Final = ("cmk-slices", "cmk-tell", "cmk-slices-poison", "cmk-tell-poison")
EVENTS: Final = "cmk-changes"
_SETTINGS: Final = {
    **SOON,
    "AzureFunctionsJobHost__extensions__queues__maxPollingInterval": "00:00:00.2",
    "CMK_KEY_HEALTH": "on",
    "CMK_REQUIRE_HEALTHY_KEYS": "on",
    "CMK_EXCEPTIONS": "accept",
    "CMK_CHANGES_QUEUE": "on",
}
_MOST: Final = 100
_TIDY_SECONDS: Final = 3.0
_SCAN_SECONDS: Final = 60.0  # it takes two, on a busy machine twenty
_LONGEST_WAIT: Final = 0.5

type Snapshot = Mapping[str, Sequence[Row]]
type Ids = set[str]


class DoorHost(ForkedHost):
    """A host that reaches storage and webhook through its own door."""

    def __init__(self, environment: Mapping[str, str], door: Door) -> None:
        super().__init__(APP, environment, timers=False, scan_options={"slice_size": 2})
        self.door = door
        self._told_before = 0

    @override
    def __enter__(self) -> Self:
        super().__enter__()
        self.door.belongs_to(self._child.pid)
        return self

    def start_over(self) -> None:
        """Forget what was told so far."""
        self._told_before = len(self.output())

    def told(self) -> Ids:
        """Return the ids of the changes that its log lines tell."""
        lines = self.output()[self._told_before :]
        told = [line[line.index("{") :] for line in lines if '{"event":"cmk.change"' in line]
        return {json.loads(line)["id"] for line in told}


class Rig(Scene):
    """A scene of hosts behind doors. Use in a ``with`` block."""

    host: DoorHost

    def __init__(self, storage: Storage, azurite: Azurite) -> None:
        super().__init__(Estate(), storage, azurite, settings=_SETTINGS)
        self.proxy = Proxy(azurite.connection_string)

    @override
    def __enter__(self) -> Self:
        self.proxy.__enter__()
        try:
            super().__enter__()
        except BaseException:
            self.proxy.__exit__(None, None, None)
            raise
        return self

    @override
    def __exit__(self, *error: object) -> None:
        try:
            super().__exit__(*error)
        finally:
            self.proxy.__exit__(*error)

    @override
    def scan(self, seconds: float = _SCAN_SECONDS, tick: Callable[[], None] | None = None) -> str:
        """Scan; ask how far it is when a door has seen an end, rather than all the time."""
        ended = self.proxy.watch.ended
        ended.clear()

        def wait() -> None:
            ended.wait(_LONGEST_WAIT)

        return super().scan(seconds, tick or wait)

    @override
    def settle(self) -> None:
        """Wait for what is told and tidied up behind a scan; what stays is found by the truth."""
        with suppress(TimeoutError):
            left = self.storage
            wait_until(lambda: not (left.outbox() or left.slices()), "tidied up", _TIDY_SECONDS)

    @override
    def new_host(self) -> DoorHost:
        """Return a host behind a door of its own, not started yet."""
        door = self.proxy.open_door()
        ways = {
            "CMK_STORAGE": door.connection_string(self.azurite.connection_string),
            "CMK_WEBHOOK_URL": door.webhook_url,
        }
        return DoorHost(self.environment() | ways, door)

    def bury(self, host: DoorHost) -> None:
        """Make sure that a host is dead; end what it had, as ten minutes would."""
        host.kill()
        self.proxy.close_door(host.door)
        # The claims first: a message that meets one is tried in vain.
        for row in self.storage.slices():
            if row["document"]["number"] in host.door.slices:
                self.storage.change_document(row, claimed_until=LONG_AGO)
        for message, held in host.door.held.items():
            # One that the host deleted, unheard of by the door, is gone.
            with suppress(ResourceNotFoundError), self.storage.queue(held.queue) as queue:
                queue.update_message(message, held.receipt, visibility_timeout=0)

    def fire_at(self, host: DoorHost) -> None:
        """Fire the timer of a host that may die of it."""
        with suppress(URLError, ConnectionError, http.client.HTTPException):
            host.fire("scan_on_schedule")

    def drain(self) -> None:
        """Wait until every message is done with, also those that somebody has."""
        wait_until(
            lambda: not any(map(self._count, QUEUES)), "the queues empty", 60, show=self.tail
        )

    def events_in_queue(self) -> Ids:
        """Take what was sent to the user's queue; return the ids of the changes."""
        ids: Ids = set()
        with suppress(ResourceNotFoundError), self.storage.queue(EVENTS) as queue:
            for message in queue.receive_messages(messages_per_page=32):
                events = json.loads(base64.b64decode(message.content))
                ids |= {event["id"] for event in events}
        return ids

    def is_leased(self) -> bool:
        """Whether a scan holds the lease."""
        return any(
            json.loads(row["document0"])["scan_id"]
            for row in self.storage.rows("cmkscans")
            if row["RowKey"] == "current"
        )

    def empty_queues(self) -> None:
        """Drop all messages."""
        for name in (*QUEUES, EVENTS):
            with suppress(ResourceNotFoundError), self.storage.queue(name) as queue:
                queue.clear_messages()

    def put_back(self, snapshot: Snapshot) -> None:
        """Let the tables hold exactly this, and the queues nothing."""
        self.empty_queues()
        for table in TABLES:
            self.storage.service.delete_table(table)
            if rows := snapshot.get(table, ()):
                self._fill(table, rows)

    def _fill(self, table: str, rows: Sequence[Row]) -> None:
        with closing(self.storage.service.create_table_if_not_exists(table)) as client:
            for _, group in groupby(rows, key=itemgetter("PartitionKey")):
                for batch in batched(group, _MOST, strict=False):
                    client.submit_transaction(
                        [(TransactionOperation.CREATE, _entity(row)) for row in batch]
                    )

    def _count(self, name: str) -> int:
        with self.storage.queue(name) as queue:
            try:
                return queue.get_queue_properties().approximate_message_count or 0
            except ResourceNotFoundError:
                return 0


def _entity(row: Row) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "_etag"}
