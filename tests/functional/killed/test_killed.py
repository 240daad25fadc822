"""SIGKILL ends the real host at a write to its storage: nothing is lost, nothing told untruly.

The same program, host and storage protocol as on Azure. Two waits of Azure are made short: a dead
host's messages return at once instead of after ten minutes, and its claim and lease are ended by
rewriting their rows.
"""

import base64
import http.client
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Final, NamedTuple, override
from urllib.error import URLError

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from local.azurite import Azurite
from local.simulator import Access
from local.stack import APP
from tests.functional.estate_kit import (
    CMK,
    MICROSOFT,
    ODD,
    Scene,
    add_account,
    estate_of,
    sub_id,
    wait_until,
)
from tests.functional.forked_host import ForkedHost
from tests.functional.killed.door import Door, Trap, When
from tests.functional.storage_kit import Storage, Told
from tests.functional.webhook_receiver import Receiver

pytestmark = pytest.mark.long

QUEUES: Final = ("cmk-slices", "cmk-tell", "cmk-slices-poison", "cmk-tell-poison")
EVENTS: Final = "cmk-changes"
# Of a message that a host receives while it is killed.
_LEASE_SECONDS: Final = 4
# Two transactions record them, since each account brings its change with it.
MANY: Final = [f"many-{number:02d}" for number in range(60)]
# What happens to the estate after the first scan.
WORSE: Final = Counter(
    [
        ("account.violated", "chat"),
        ("account.unverifiable", "desk"),
        ("account.removed", "gone"),
        ("coverage.lost", sub_id(4)),
        ("account.discovered", "fresh"),
        *(("account.violated", name) for name in MANY),
    ]
)
VERDICTS: Final = {
    "chat": "non_compliant",
    "desk": "unknown",
    "fresh": "compliant",
    "lab": "compliant",
    "ops": "compliant",
    "stay": "compliant",
    **dict.fromkeys(MANY, "non_compliant"),
}
# Not announced to the webhook by default.
_QUIET: Final = {"cmkcheck.account.discovered", "cmkcheck.account.removed"}


class Point(NamedTuple):
    """A write at which a host dies: the ``number``-th with this name."""

    write: str
    number: int = 1
    when: When = When.AFTER
    hosts: int = 1

    def __str__(self) -> str:
        beside = "" if self.hosts == 1 else ", beside another host"
        return f"{self.when} {self.write} {self.number}{beside}"


class DoorHost(ForkedHost):
    """A host with a door of its own."""

    door: Door

    @property
    def pid(self) -> int:
        """The process that the door kills."""
        return self._child.pid


class DoorScene(Scene):
    """The program with a door before each host."""

    def __init__(self, storage: Storage, azurite: Azurite, webhook: str) -> None:
        estate = estate_of(
            {"chat": CMK, "desk": CMK},
            {"lab": CMK},
            {"gone": CMK, "stay": CMK},
            {"ops": CMK},
            dict.fromkeys(MANY, CMK),
        )
        settings = {
            "AzureFunctionsJobHost__extensions__queues__maxPollingInterval": "00:00:00.2",
            "AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:00:03",
            "CMK_CHANGES_QUEUE": "on",
            "CMK_WEBHOOK_URL": webhook,
        }
        super().__init__(estate, storage, azurite, settings=settings)
        self._doors = ExitStack()
        self.hosts: list[DoorHost] = []

    @override
    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        self._doors.close()

    @override
    def new_host(self) -> DoorHost:
        """Return a host behind a door, not started yet."""
        door = self._doors.enter_context(Door(self.azurite.connection_string))
        host = DoorHost(
            APP,
            self.environment() | {"CMK_STORAGE": door.connection_string},
            timers=False,
            lease_seconds=_LEASE_SECONDS,
            scan_options={"slice_size": 2},
        )
        host.door = door
        self.hosts.append(host)
        return host

    def get_worse(self) -> None:
        """Change the estate in every way that a scan tells of."""
        estate = self.simulator.estate
        estate.subscription(sub_id(1)).accounts["chat"].set_encryption(MICROSOFT)
        estate.subscription(sub_id(1)).accounts["desk"].set_encryption(ODD)
        estate.subscription(sub_id(3)).remove_account("gone")
        estate.subscription(sub_id(4)).access = Access.FORBIDDEN
        for name in MANY:
            estate.subscription(sub_id(5)).accounts[name].set_encryption(MICROSOFT)
        add_account(estate.add_subscription(sub_id(6), "Subscription 6"), "fresh", CMK)

    def die_at(self, point: Point) -> None:
        """Start a scan that dies at a point, and go on with another host."""
        while len(self.hosts) < point.hosts:
            self.start_host()
        trap = Trap(*point[:3])
        for host in self.hosts:
            host.door.pid, host.door.trap = host.pid, trap
        with suppress(URLError, ConnectionError, http.client.HTTPException):
            self.fire()
        assert trap.sprung.wait(20), f"no host came to this write:\n{self.tail()}"
        for host in self.hosts:
            host.door.trap = None
        alive = [host for host in self.hosts if not host.door.is_shut]
        if alive:
            self.host = alive[0]
        else:
            self.start_host()
        self.storage.expire_claims()
        for host in self.hosts:
            if host.door.is_shut:
                self._return_messages(host.door)

    def _return_messages(self, door: Door) -> None:
        """Let the messages of a dead host be seen again, as ten minutes would."""
        for number, (name, receipt) in [*door.received.items()]:
            # The host has deleted most of them, and may have been renewing one as it died.
            with self.storage.queue(name) as queue, suppress(HttpResponseError):
                queue.update_message(number, pop_receipt=receipt, visibility_timeout=0)

    def go_on(self) -> bool:
        """Finish what was begun, and scan once more; return whether a lease had to expire."""
        self.drain()
        is_leased = self.has_lease()
        if is_leased:
            self.storage.expire_lease()
        self.scan()
        self.drain()
        return is_leased

    def drain(self) -> None:
        """Wait until every message is deleted, also those that a host has received."""
        wait_until(lambda: not any(map(self._count, QUEUES)), "the queues empty", show=self.tail)

    def has_lease(self) -> bool:
        """Whether a scan holds the lease."""
        (lease,) = [row for row in self.storage.rows("cmkscans") if row["RowKey"] == "current"]
        return bool(json.loads(lease["document0"])["scan_id"])

    def logged(self) -> set[str]:
        """Return the ids of the changes in the hosts' log."""
        lines = [line for host in self.hosts for line in host.output()]
        told = [line[line.index("{") :] for line in lines if '{"event":"cmk.change"' in line]
        return {json.loads(line)["id"] for line in told}

    def queued(self) -> set[str]:
        """Return the ids of the changes in the user's queue."""
        with self.storage.queue(EVENTS) as queue:
            texts = [base64.b64decode(each.content) for each in queue.receive_messages()]
        return {event["id"] for text in texts for event in json.loads(text)}

    def _count(self, name: str) -> int:
        with self.storage.queue(name) as queue:
            try:
                return queue.get_queue_properties().approximate_message_count or 0
            except ResourceNotFoundError:
                return 0

    def check_no_false_green(self) -> None:
        """See that the status does not say compliant beside a recorded violation or gap."""
        rows = self.storage.rows("cmkfindings")
        is_bad = any(
            row.get("verdict", "compliant") != "compliant" or row.get("coverage") == "gap"
            for row in rows
        )
        posture = self.status()["posture"]
        assert not is_bad or posture not in {"compliant", "compliant_with_exceptions"}, posture


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """The receiver of alerts; it outlives the hosts."""
    with Receiver() as running:
        yield running


@pytest.fixture
def scene(receiver: Receiver, storage: Storage, azurite: Azurite) -> Iterator[DoorScene]:
    """A program whose estate is recorded as compliant, and has become worse since."""
    with DoorScene(storage, azurite, receiver.url) as scene:
        scene.scan()
        scene.drain()
        scene.get_worse()
        yield scene


# Each kind of write once, on the side that decides what people see or hear.
POINTS: Final = (
    Point("cmkscans current scan"),
    Point("cmk-slices send"),
    Point("cmkscans scan", when=When.BEFORE),
    Point("cmkscans slice", 2),
    Point("cmkscans status", when=When.BEFORE),
    Point("cmkfindings coverage"),
    Point("cmkfindings coverage finding outbox", when=When.BEFORE),
    Point("cmkfindings coverage finding outbox", 2),
    Point("cmkchanges head id"),
    Point("cmk-tell send"),
    Point("cmk-changes send"),
    Point("cmkfindings outbox"),
    Point("cmk-tell delete", when=When.BEFORE),
    Point("cmkscans current scan status"),
    Point("cmkfindings coverage finding outbox", 3, hosts=2),
    Point("cmkchanges head id", 2, hosts=2),
    Point("cmkscans current scan status", when=When.BEFORE, hosts=2),
)


@pytest.mark.parametrize("point", POINTS, ids=str)
def test_p1_p3_p9_killed_at_a_write_nothing_is_lost(
    scene: DoorScene, receiver: Receiver, point: Point
) -> None:
    """Another host and the next scan record the truth, and tell every change under one id."""
    before = len(scene.storage.feed())

    scene.die_at(point)
    scene.check_no_false_green()
    was_abandoned = scene.go_on()

    feed = scene.storage.feed()
    news, ids = [told.short for told in feed[before:]], [told.id for told in feed]
    abandoned = ["scan.abandoned", "scan.recovered"] if was_abandoned else []
    assert Counter(each for each in news if not each[0].startswith("scan.")) == WORSE
    assert [kind for kind, _ in news if kind.startswith("scan.")] == abandoned
    assert [told.number for told in feed] == list(range(1, len(feed) + 1))
    assert len(set(ids)) == len(ids)
    assert scene.logged() == scene.queued() == set(ids)
    assert {event["id"] for event in receiver.events()} == {
        told.id for told in feed if told.type not in _QUIET and not _is_baseline(told)
    }
    assert scene.verdicts() == VERDICTS
    assert scene.coverage() == {1: "read", 2: "read", 3: "read", 4: "gap", 5: "read", 6: "read"}
    assert scene.status()["posture"] == "non_compliant"
    assert not scene.storage.outbox()
    assert not scene.storage.slices()
    assert not [row for row in scene.storage.rows("cmkfindings") if row.get("recording")]


def _is_baseline(told: Told) -> bool:
    return bool(told.data["baseline"]) and told.type != "cmkcheck.scan.baseline"
