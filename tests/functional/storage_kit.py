"""What stands in the storage, for tests that read it and change it behind the program's back."""

import base64
import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import TableServiceClient, UpdateMode
from azure.storage.queue import QueueClient, QueueServiceClient

from local.azurite import Azurite

TABLES: Final = ("cmkfindings", "cmkchanges", "cmkscans")
LONG_AGO: Final = "2026-01-01T00:00:00Z"

type Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """One entry of the change feed."""

    number: int
    id: str
    type: str
    subject: str
    data: Mapping[str, Any]

    @property
    def short(self) -> tuple[str, str]:
        """The type without its prefix, and the last part of the subject."""
        return self.type.removeprefix("cmkcheck."), self.subject.rpartition("/")[2]


class Storage:
    """What stands in the storage, read and changed behind the program's back."""

    def __init__(self, azurite: Azurite) -> None:
        text = azurite.connection_string
        # Azurite ends a connection after five idle seconds, on a busy machine while the next
        # request is on its way, and the client sends a write only once.
        headers = {"Connection": "close"}
        self.service = TableServiceClient.from_connection_string(text, headers=headers)
        self.queues = QueueServiceClient.from_connection_string(text, headers=headers)

    def close(self) -> None:
        """Let go of the connections."""
        self.service.close()
        self.queues.close()

    def clear(self) -> None:
        """Drop all tables and queues."""
        self.clear_tables()
        for queue in list(self.queues.list_queues()):
            self.queues.delete_queue(queue.name)

    def clear_tables(self) -> None:
        """Drop all tables."""
        for table in list(self.service.list_tables()):
            self.service.delete_table(table.name)

    def rows(self, table: str) -> list[Row]:
        """Return all rows of a table in key order, each with its ETag and time as ``_etag``."""
        try:
            with closing(self.service.get_table_client(table)) as client:
                return [
                    {**row, "_etag": (row.metadata["etag"], row.metadata["timestamp"])}
                    for row in client.list_entities()
                ]
        except ResourceNotFoundError:
            return []

    def everything(self) -> dict[str, list[Row]]:
        """Return all rows of all tables."""
        return {table: self.rows(table) for table in TABLES}

    def feed(self) -> list[Told]:
        """Return the change feed."""
        return [
            Told(
                int(row["RowKey"]), row["id"], row["type"], row["subject"], json.loads(row["data"])
            )
            for row in self.rows("cmkchanges")
            if row["RowKey"].isdigit()
        ]

    def outbox(self) -> list[Row]:
        """Return changes that are recorded and not published."""
        rows = [*self.rows("cmkfindings"), *self.rows("cmkscans")]
        return [row for row in rows if row["RowKey"].startswith("outbox|")]

    def slices(self) -> list[Row]:
        """Return the slice rows, each with its content as ``document``."""
        return [
            {**row, "document": json.loads(row["document0"])}
            for row in self.rows("cmkscans")
            if row["PartitionKey"].startswith("slice|")
        ]

    def put(self, table: str, row: Mapping[str, Any]) -> None:
        """Write a row, whatever stands there."""
        entity = {name: value for name, value in row.items() if name not in {"_etag", "document"}}
        with closing(self.service.create_table_if_not_exists(table)) as client:
            client.upsert_entity(entity, mode=UpdateMode.REPLACE)

    def change_document(self, row: Row, **fields: object) -> None:
        """Change fields of a row of the scans table that is kept as a document."""
        document = json.loads(row["document0"]) | fields
        self.put("cmkscans", {**row, "document0": json.dumps(document)})

    def expire_lease(self) -> None:
        """Make the lease of the running scan end, as half an hour would."""
        (lease,) = [row for row in self.rows("cmkscans") if row["RowKey"] == "current"]
        self.change_document(lease, expires=LONG_AGO)

    def expire_claims(self) -> None:
        """Make the claims on slices end, as ten minutes would."""
        for row in self.slices():
            if row["document"].get("claim"):
                self.change_document(row, claimed_until=LONG_AGO)

    def send(self, message: Mapping[str, object], queue: str = "cmk-slices") -> None:
        """Put a message into a queue, as the program does."""
        with closing(self.queue(queue)) as client:
            client.send_message(base64.b64encode(json.dumps(message).encode()).decode())

    def messages(self, queue: str = "cmk-slices") -> list[str]:
        """Return the visible messages of a queue, decoded."""
        with closing(self.queue(queue)) as client:
            return [
                base64.b64decode(message.content).decode()
                for message in client.peek_messages(max_messages=32)
            ]

    def queue(self, name: str) -> QueueClient:
        """Return the client of a queue."""
        return self.queues.get_queue_client(name)
