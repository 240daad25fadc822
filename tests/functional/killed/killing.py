"""One run: a scan is started, dies at a step, and the program goes on as it would on Azure.

What takes its time on Azure is made short. A message that a dead host had is shown again by the
receipt that it was given with, where Azure takes ten minutes. Its claim on a slice, which ends
after ten minutes, is ended by rewriting the row; so is the lease of a scan, thirty minutes, but
only where no message is left to go on with that scan.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tests.functional.killed.estates import (
    ACCEPTED,
    BETTER,
    KEY_BROKEN,
    NO_LONGER_ACCEPTED,
    SOUND,
    WORSE,
    Estates,
    build,
    transitions,
)
from tests.functional.killed.proxy import Trap, When
from tests.functional.killed.rig import DoorHost, Rig, Snapshot
from tests.functional.killed.truth import Seen, Truth, says_compliant_wrongly

_SECONDS: Final = 15.0
_LINES: Final = 5
_LONGEST: Final = 300
# The end of a step's name where it is taken again. Some are only taken again when two writers met,
# or when storage was slow; where that does not happen, the scan ends undisturbed and must be right.
AGAIN: Final = re.compile(r" \(\d+\)$")


@dataclass(frozen=True, slots=True)
class Case:
    """A scan to be killed: from what stands in the storage to what the estate is by now."""

    name: str
    start: Snapshot
    truth: Truth


@dataclass(frozen=True, slots=True)
class Point:
    """One place to die at."""

    case: str
    step: str
    when: When = When.AFTER
    hosts: int = 1

    def __str__(self) -> str:
        beside = "" if self.hosts == 1 else ", beside another host"
        return f"{self.case}: {self.when} {self.step}{beside}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended.

    ``expired``: the lease had to end before a scan could finish. ``died``: the scan came to the
    step and died there.
    """

    point: Point
    faults: tuple[str, ...]
    expired: bool
    died: bool

    def __str__(self) -> str:
        how = "WRONG" if self.faults else "ok" if self.died else "not taken again"
        lease = " (lease ended)" if self.expired else ""
        return "\n    ".join([f"{self.point}: {how}{lease}", *self.faults])


class Killing:
    """Runs cases over one rig: each at first with no death, which finds its ``steps``.

    ``worse`` has everything that makes an estate worse, ``better`` starts over a scan that died and
    heals it all, ``first`` finds an empty storage; in ``key`` only a key breaks, in ``ended`` only
    an exception ends.
    """

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._undisturbed: dict[str, Seen] = {}
        self._hosts: list[DoorHost] = []
        self._cases: dict[str, Case] = {}
        self.steps: dict[str, list[str]] = {}
        self._undisturbed_run(Case("sound", {}, _truth({}, SOUND, is_first=True)))
        key = self._case("key", SOUND, KEY_BROKEN)
        accepted = self._case("accepted", SOUND, ACCEPTED)
        self._add(self._case("worse", SOUND, WORSE))
        self._add(self._after_a_dead_scan("better", WORSE, BETTER))
        self._add(Case("first", {}, _truth({}, WORSE, is_first=True)))
        self._add(key)
        self._undisturbed_run(accepted)
        self._add(self._case("ended", ACCEPTED, NO_LONGER_ACCEPTED))

    def _add(self, case: Case) -> None:
        self._cases[case.name] = case
        self.steps[case.name] = self._undisturbed_run(case)

    def run(self, point: Point) -> Outcome:
        """Die at a point, go on, and compare."""
        rig, case, steps = self._rig, self._cases[point.case], self.steps[point.case]
        trap = Trap(point.step, point.when)
        self._prepare(case, trap)
        while len(self._hosts) < point.hosts:
            self._start_host()
        rig.fire_at(rig.host)
        faults: list[str] = []
        if trap.sprung.wait(_SECONDS):
            self._bury_the_dead()
        elif not AGAIN.search(point.step) or AGAIN.sub("", point.step) not in steps:
            return self._given_up(point, [f"never came to this step:\n{_tail(rig)}"])
        if says_compliant_wrongly(rig.storage.everything()):
            faults.append("false green: the status says compliant, the findings do not")
        try:
            expired = self._go_on()
        except TimeoutError as error:
            return self._given_up(point, [*faults, str(error)])
        seen = self._see()
        faults += case.truth.faults(seen, self._undisturbed[case.name])
        return Outcome(point, tuple(faults), expired, died=trap.sprung.is_set())

    def _given_up(self, point: Point, faults: Sequence[str]) -> Outcome:
        """End a run that does not end by itself, so that the next one has the storage alone."""
        for host in self._hosts:
            if not host.door.is_shut:
                self._rig.bury(host)
        self._rig.start_host()
        return Outcome(point, tuple(faults), expired=False, died=False)

    def _bury_the_dead(self) -> None:
        """End what the dead host had; the other one goes on, or else a new one."""
        rig = self._rig
        alive = [host for host in self._hosts if not host.door.is_shut]
        (dead,) = [host for host in self._hosts if host.door.is_shut]
        rig.bury(dead)
        if alive:
            rig.host = alive[0]
        else:
            self._start_host()

    def _go_on(self) -> bool:
        """Let what waits be done, then scan once more; tell whether the lease had to end."""
        rig = self._rig
        rig.drain()
        expired = rig.is_leased()
        if expired:
            rig.storage.expire_lease()
        rig.scan()
        rig.drain()
        return expired

    def _undisturbed_run(self, case: Case) -> list[str]:
        self._prepare(case, None)
        self._rig.scan()
        self._rig.drain()
        seen = self._see()
        self._undisturbed[case.name] = seen
        faults = list(case.truth.faults(seen, None))
        if faults:
            raise AssertionError("\n".join([f"{case.name}, undisturbed:", *faults]))
        return list(self._rig.proxy.watch.taken)

    def _case(self, name: str, before: Estates, after: Estates) -> Case:
        """Make a case that starts from what stands now."""
        truth = _truth(before, after, told_before=len(self._rig.storage.feed()))
        return Case(name, self._rig.storage.everything(), truth)

    def _after_a_dead_scan(self, name: str, before: Estates, after: Estates) -> Case:
        """Make a case of a scan that nobody goes on with: lease run out, messages lost."""
        rig = self._rig
        trap = Trap("slice 0: claim", When.AFTER)
        rig.proxy.start_over(trap)
        rig.fire_at(rig.host)
        if not trap.sprung.wait(_SECONDS):
            raise TimeoutError(_tail(rig))
        rig.bury(rig.host)
        rig.storage.expire_lease()
        case = self._case(name, before, after)
        rig.empty_queues()
        rig.start_host()
        return case

    def _prepare(self, case: Case, trap: Trap | None) -> None:
        rig = self._rig
        rig.put_back(case.start)
        build(rig.simulator.estate, case.truth.content)
        rig.host.start_over()
        self._hosts = [rig.host]
        rig.proxy.start_over(trap)

    def _start_host(self) -> None:
        self._rig.start_host()
        self._hosts.append(self._rig.host)

    def _see(self) -> Seen:
        rig = self._rig
        tells = "tell" in rig.host.functions
        tables = rig.storage.everything()
        return Seen(
            tables=tables,
            feed=rig.storage.feed(),
            status=rig.status(),
            logged=frozenset[str]().union(*(host.told() for host in self._hosts)),
            queued=frozenset(rig.events_in_queue()) if tells else None,
            posted=frozenset(event["id"] for event in rig.proxy.watch.posted) if tells else None,
        )


def _tail(rig: Rig) -> str:
    return "\n".join(line[:_LONGEST] for line in rig.host.output()[-_LINES:])


def _truth(
    before: Estates, after: Estates, *, told_before: int = 0, is_first: bool = False
) -> Truth:
    return Truth(transitions(before, after), after, before, told_before, is_first)
