"""Small estates, and a stack whose storage a test can read and whose host it can exchange."""

import base64
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import TableServiceClient, UpdateMode
from azure.storage.queue import QueueClient, QueueServiceClient

from local.azurite import Azurite
from local.functions_host.process import FunctionsHost
from local.simulator import ABSENT, AccountSpec, Estate, Subscription
from local.stack import APP, Stack

CMK: Final = {
    "keySource": "Microsoft.KeyVault",
    "keyVaultProperties": {"keyName": "cmk", "keyVaultUri": "https://kv-test.vault.azure.net/"},
}
MICROSOFT: Final = {"keySource": "Microsoft.CognitiveServices"}
ODD: Final = {"keySource": "Contoso.KeySafe"}
TABLES: Final = ("cmkfindings", "cmkchanges", "cmkscans")
LONG_AGO: Final = "2026-01-01T00:00:00Z"
# A message that failed is seen again at once, rather than after five minutes.
AT_ONCE: Final = {"AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:00:00"}
_SECONDS: Final = 20.0
_DIRECT: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))

type Row = Mapping[str, Any]


def sub_id(number: int) -> str:
    """Return the id of the estate's subscription of this number, counted from 1."""
    return f"{number:08d}-0000-4000-8000-00000000beef"


def estate_of(*subscriptions: Mapping[str, object]) -> Estate:
    """Make an estate: per subscription the encryption of each account by name."""
    estate = Estate()
    for number, accounts in enumerate(subscriptions, 1):
        added = estate.add_subscription(sub_id(number), f"Subscription {number}")
        for name, encryption in accounts.items():
            add_account(added, name, encryption)
    return estate


def add_account(
    subscription: Subscription, name: str, encryption: object = ABSENT, kind: str = "OpenAI"
) -> None:
    """Add an account to a subscription."""
    subscription.add_account(
        AccountSpec(name=name, group="rg-test", kind=kind, encryption=encryption)
    )


def accounts_of(number: int) -> str:
    """Return the path of a subscription's list of accounts, as faults match it."""
    return f"/subscriptions/{sub_id(number)}/providers/Microsoft.CognitiveServices/accounts"


def wait_until[T](
    ask: Callable[[], T],
    what: str,
    seconds: float = _SECONDS,
    *,
    show: Callable[[], str] = lambda: "",
) -> T:
    """Ask again and again until the answer is true; return it.

    Raises:
        TimeoutError: it did not become true; the message ends with what ``show`` says then.

    """
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        if time.monotonic() > deadline:
            message = f"not within {seconds:g} s: {what}\n{show()}"
            raise TimeoutError(message)
        time.sleep(0.02)
    return answer


def next_second() -> None:
    """Wait until a scan that starts now is dated later than one that started before."""
    now = datetime.now(UTC).replace(microsecond=0)
    wait_until(lambda: datetime.now(UTC).replace(microsecond=0) > now, "the next second", 2)


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
        self.service = TableServiceClient.from_connection_string(text)
        self.queues = QueueServiceClient.from_connection_string(text)

    def close(self) -> None:
        """Let go of the connections."""
        self.service.close()
        self.queues.close()

    def clear(self) -> None:
        """Drop all tables and queues."""
        for table in list(self.service.list_tables()):
            self.service.delete_table(table.name)
        for queue in list(self.queues.list_queues()):
            self.queues.delete_queue(queue.name)

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

    def hidden_messages(self) -> int:
        """Count the messages of the program's queue, those under way too."""
        with closing(self.queue("cmk-slices")) as client:
            return client.get_queue_properties().approximate_message_count or 0

    def queue(self, name: str) -> QueueClient:
        """Return the client of a queue."""
        return self.queues.get_queue_client(name)


class Scene(Stack):
    """A stack with its storage at hand; ``lease`` is how long a received message is hidden."""

    def __init__(
        self,
        estate: Estate | str,
        storage: Storage,
        azurite: Azurite,
        *,
        lease: int | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(estate, settings=settings, azurite=azurite)
        self.storage = storage
        self._lease = lease
        self._seen = 0

    def __enter__(self) -> Self:
        super().__enter__()
        return self

    def new_host(self) -> FunctionsHost:
        """Return one more host over the same storage and estate, not started yet."""
        return FunctionsHost(APP, self.environment(), timers=False, lease_seconds=self._lease)

    def restart(self, **settings: str) -> None:
        """End the host, and go on with a new one that also has these settings."""
        self.host.terminate()
        self._settings |= settings
        self.start_host()

    def start_host(self) -> None:
        """Go on with a new host, whether or not the old one is still alive."""
        self.host = self.enter(self.new_host())

    def enter(self, host: FunctionsHost) -> FunctionsHost:
        """Start a host that ends with the stack."""
        return self._stack.enter_context(host)

    def scan(self, seconds: float = _SECONDS, tick: Callable[[], None] = lambda: None) -> str:
        """Fire the timer; wait until its scan has ended, and until it is told and tidied up."""
        scan_id = super().scan(seconds, tick)
        self.settle()
        return scan_id

    def settle(self) -> None:
        """Wait until what a scan recorded is told, and its slices are dropped."""
        storage = self.storage
        wait_until(lambda: not (storage.outbox() or storage.slices()), "told and tidied up")

    def wait_for_outbox(self) -> None:
        """Wait until something is recorded that is not told yet."""
        wait_until(self.storage.outbox, "something in the outbox")

    def fire(self) -> None:
        """Fire the timer without waiting for its scan."""
        self.host.fire("scan_on_schedule")

    def post_admin(self, function: str, key: str) -> int:
        """Try to start a function with a key; return the HTTP status."""
        request = urllib.request.Request(  # noqa: S310 - our own URL
            f"{self.host.url}/admin/functions/{function}",
            data=b'{"input": ""}',
            headers={"x-functions-key": key, "content-type": "application/json"},
        )
        try:
            with _DIRECT.open(request, timeout=_SECONDS) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    def status(self, **query: str) -> Any:  # noqa: ANN401 - the API's JSON
        """Return the status."""
        answer = self.get("v1/status", **query)
        assert answer.status == 200, answer
        return answer.body

    def findings(self) -> dict[str, Any]:
        """Return the findings by name of account."""
        answer = self.get("v1/findings")
        assert answer.status == 200, answer
        return {finding["name"]: finding for finding in answer.body["value"]}

    def verdicts(self) -> dict[str, str]:
        """Return the verdicts by name of account."""
        return {name: finding["verdict"] for name, finding in self.findings().items()}

    def coverage(self) -> dict[int, str]:
        """Return the coverage of each subscription by its number in the estate."""
        return {
            int(row["PartitionKey"][:8]): row["coverage"]
            for row in self.storage.rows("cmkfindings")
            if row["RowKey"] == "coverage"
        }

    def news(self) -> list[tuple[str, str]]:
        """Return what the feed says since this was last asked."""
        feed = self.storage.feed()
        fresh, self._seen = feed[self._seen :], len(feed)
        return [told.short for told in fresh]

    def wait_for_scan(self, state: str, before: str | None = None) -> Any:  # noqa: ANN401
        """Wait for the end of a scan other than ``before``; return the status."""

        def ended() -> Any:  # noqa: ANN401
            status = self.status()
            last = status["lastScan"]
            return status if last and (last["id"], last["state"]) != (before, state) else None

        status = wait_until(ended, f"a scan that is {state}", show=self.tail)
        assert status["lastScan"]["state"] == state, status
        self.settle()
        return status

    def wait_for_line(self, text: str) -> str:
        """Wait until the host writes a line with this in it; return the line."""

        def found() -> str:
            return next((line for line in self.host.output() if text in line), "")

        return wait_until(found, f"{text!r} in the host's output", show=self.tail)

    def events(self) -> list[Any]:
        """Return the log lines that are JSON for alert rules."""
        return [json.loads(line) for line in self.host.output() if line.startswith('{"event"')]

    def tail(self) -> str:
        """Return the end of the host's output."""
        return "\n".join(self.host.output()[-20:])


def codes(status: Mapping[str, Any]) -> list[str]:
    """Return the reason codes of a posture."""
    return [reason["code"] for reason in status["reasons"]]


def without_marks(tables: Mapping[str, Sequence[Row]]) -> dict[str, list[Row]]:
    """Return rows without recording marks, and without the ETags that these change."""
    return {
        table: [
            {name: value for name, value in row.items() if name not in {"recording", "_etag"}}
            for row in rows
        ]
        for table, rows in tables.items()
    }


def bundle(folder: Path, *files: str | Path) -> Path:
    """Write one file of several certificate authorities."""
    path = folder / "authorities.pem"
    path.write_text("".join(Path(file).read_text() for file in files))
    return path
