"""What can happen next: the world changes, messages arrive, scans begin, workers take a step.

There is always one more subscription, listed, read and compliant, that is not spelled out: so a
scan that lists none of the others still ends. Every worker may be as slow as it likes at every
step: one that goes on later was asleep, one that never does is dead. Claims and leases may end at
any moment.
"""

from collections.abc import Iterator
from itertools import product
from operator import or_
from typing import Final

from tests.model import finish, recording
from tests.model.configurations import FULL, Configuration, Kind, Rules
from tests.model.state import (
    NO_ROW,
    Coverage,
    Finding,
    Lowered,
    Move,
    Posture,
    Row,
    Scan,
    ScanState,
    State,
    Status,
    Step,
    Worker,
    changed,
)
from tests.model.turn import Turn, settled

_OTHER: Final = {
    Finding.COMPLIANT: Finding.VIOLATED,
    Finding.VIOLATED: Finding.COMPLIANT,
}
_STEPS: Final = {
    Step.CLAIM: recording.take_claim,
    Step.READ_TABLE: recording.read_table,
    Step.CLEAR_MARK: recording.clear_mark,
    Step.READ_AZURE: recording.read_azure,
    Step.MARK: recording.mark,
    Step.CHECK_CLAIM: recording.check_claim,
    Step.CHECK_LEASE: recording.check_lease,
    Step.LOWER: recording.lower,
    Step.RECORD: recording.record,
    Step.RECORD_REST: recording.record,
    Step.DONE: recording.done,
    Step.FINISH: finish.finish,
    Step.READ_ROWS: finish.read_rows,
    Step.COMMIT: finish.commit,
}


class Protocol:
    """The steps of a configuration under some rules."""

    def __init__(self, configuration: Configuration, rules: Rules) -> None:
        self.configuration = configuration
        self.rules = rules
        everything = tuple(range(configuration.subscriptions))
        # The scan of a store with a past is number 1.
        past: tuple[Kind, ...] = () if configuration.start == "first" else (FULL,)
        self._past = len(past)
        kinds = (*past, *configuration.scans)
        self._is_full = [kind is FULL for kind in kinds]
        self._covers = [everything if kind is None else kind for kind in kinds]

    def is_full(self, scan: int) -> bool:
        """Tell whether a scan is a full one."""
        return self._is_full[scan - 1]

    def covers(self, scan: int) -> tuple[int, ...]:
        """Return the subscriptions of a scan's slices."""
        return self._covers[scan - 1]

    def starts(self) -> Iterator[State]:
        """Yield the states in which it may begin."""
        this = self.configuration
        count = this.subscriptions
        known = {"first": 0, "new": 0, "mixed": 1, "known": count}[this.start]
        row = Row(Finding.COMPLIANT, Coverage.READ)
        posture = Posture.COMPLIANT if self._past else Posture.UNKNOWN
        scans = (Scan(ScanState.COMPLETE),) * self._past
        nothing = ((0,) * count,) * len(self._covers)
        truths = [Finding.VIOLATED, Finding.COMPLIANT]
        if this.is_violated is not None:
            truths = [Finding.VIOLATED if this.is_violated else Finding.COMPLIANT]
        for truth in product(truths, repeat=count):
            yield State(
                truth=truth,
                listed=(True,) * count,
                readable=(True,) * count,
                faults=this.faults,
                rows=(row,) * known + (NO_ROW,) * (count - known),
                lease=0,
                scans=scans + (Scan(ScanState.WAITING),) * len(this.scans),
                slices=nothing,
                messages=nothing,
                status=Status(
                    self._past, posture, Lowered.NO, known, (False,) * count, (self._past,) * count
                ),
                workers=(),
                confirmed=(self._past,) * count,
                violated=(0,) * len(self._covers),
                missed=(False,) * count,
                is_still=False,
                began_lowered=Lowered.NO,
            )

    def moves(self, state: State) -> tuple[list[Move], bool]:
        """Return what can happen next, and whether only the world can still move."""
        moves = [*_plans(self, state), *_deliveries(self, state)]
        for worker in state.workers:
            moves += _STEPS[worker.step](Turn(self, state, worker))
        moves += _begins(self, state)
        moves += _deaths(state)
        is_final = not moves
        moves += _world(state)
        return [(who, what, settled(self.rules, after)) for who, what, after in moves], is_final


def _world(state: State) -> Iterator[Move]:
    """Let the estate change, or somebody delete rows."""
    faults = state.faults
    for each in range(len(state.truth)):
        if faults.flips:
            truth = _OTHER[state.truth[each]]
            better = truth == Finding.COMPLIANT
            yield (
                None,
                f"the account of subscription {each} becomes {truth.name.lower()}",
                state._replace(
                    truth=changed(state.truth, each, truth),
                    faults=faults._replace(flips=faults.flips - 1),
                    violated=_without(state, each) if better else state.violated,
                    is_still=False,
                ),
            )
        if faults.lists:
            yield (
                None,
                f"subscription {each} is {'no longer' if state.listed[each] else 'again'} listed",
                state._replace(
                    listed=changed(state.listed, each, not state.listed[each]),
                    faults=faults._replace(lists=faults.lists - 1),
                    violated=_without(state, each),
                    is_still=False,
                ),
            )
        if faults.unread:
            yield (
                None,
                f"subscription {each} is {'un' if state.readable[each] else ''}readable",
                state._replace(
                    readable=changed(state.readable, each, not state.readable[each]),
                    faults=faults._replace(unread=faults.unread - 1),
                    is_still=False,
                ),
            )
        if faults.deleted and state.rows[each].coverage:
            left = state._replace(
                faults=faults._replace(deleted=faults.deleted - 1), is_still=False
            )
            for row in {Row(state.rows[each].finding, Coverage.NONE), NO_ROW}:
                yield (
                    None,
                    f"somebody deletes {'a row' if row.finding else 'rows'} of subscription {each}",
                    left._replace(
                        rows=changed(state.rows, each, row),
                        workers=tuple(
                            worker._replace(holds=worker.holds and worker.step >= Step.READ_ROWS)
                            if worker.subscription == each
                            else worker
                            for worker in state.workers
                        ),
                    ),
                )


def _without(state: State, subscription: int) -> tuple[int, ...]:
    return tuple(bits & ~(1 << subscription) for bits in state.violated)


def _plans(protocol: Protocol, state: State) -> Iterator[Move]:
    """Let the running scan be planned, or fail."""
    faults = state.faults
    for index, scan in enumerate(state.scans):
        if scan.state != ScanState.RUNNING:
            continue
        number = index + 1
        if scan.listed is None:
            # A partial scan leaves out what it names and Azure and the table do not know.
            recorded = [row != NO_ROW and not protocol.is_full(number) for row in state.rows]
            known = tuple(map(or_, state.listed, recorded))
            # What stands in no row would be forgotten if Azure no longer lists it.
            unwritten = state.status.unwritten if protocol.rules.unwritten_are_planned else known
            expected = tuple(map(or_, known, unwritten))
            planned = Scan(scan.state, state.listed, expected)
            yield (
                None,
                f"scan {number} lists {sum(state.listed)} of them and is planned",
                state._replace(scans=changed(state.scans, index, planned)),
            )
            if faults.not_listed:
                # A partial scan that fails says nothing of the estate.
                status = state.status
                if protocol.is_full(number):
                    status = status._replace(lowered=Lowered.LIST_FAILED)
                yield (
                    None,
                    f"scan {number} cannot list the estate and fails",
                    _failed(state, index)._replace(
                        faults=faults._replace(not_listed=faults.not_listed - 1), status=status
                    ),
                )
        if faults.poison:
            yield (
                None,
                f"the plan of scan {number} is poison: it fails",
                _failed(state, index)._replace(faults=faults._replace(poison=faults.poison - 1)),
            )


def _failed(state: State, index: int) -> State:
    """Close the running scan."""
    ended = state.scans[index]._replace(state=ScanState.FAILED)
    return state._replace(scans=changed(state.scans, index, ended), lease=0)


def _deliveries(protocol: Protocol, state: State) -> Iterator[Move]:
    """Let messages of slices arrive, again while their worker runs, and as poison at the end."""
    faults = state.faults
    for index, scan in enumerate(state.scans):
        if scan.listed is None:
            continue
        for each in protocol.covers(index + 1):
            count = state.messages[index][each]
            if count > protocol.configuration.deliveries or (count and not faults.redelivered):
                continue
            left = faults._replace(redelivered=faults.redelivered - bool(count))
            worker = Worker(index + 1, each, count + 1, Step.CLAIM)
            counts = changed(state.messages[index], each, count + 1)
            yield (
                worker,
                "gets its message",
                state._replace(
                    messages=changed(state.messages, index, counts),
                    faults=left,
                    workers=tuple(sorted((*state.workers, worker))),
                ),
            )


def _deaths(state: State) -> Iterator[Move]:
    faults = state.faults
    if not faults.deaths:
        return
    left = state._replace(faults=faults._replace(deaths=faults.deaths - 1))
    for worker in state.workers:
        others = tuple(other for other in state.workers if other is not worker)
        yield worker, f"DIES before {worker.step.name.lower()}", left._replace(workers=others)


def _begins(protocol: Protocol, state: State) -> Iterator[Move]:
    """Let the next scan take the lease; the program is stricter about partial ones than this."""
    waiting = [index for index, scan in enumerate(state.scans) if scan.state == ScanState.WAITING]
    if not waiting or (state.lease and not protocol.configuration.leases_end):
        return
    index, violated = waiting[0], 0
    scans = changed(state.scans, index, Scan(ScanState.RUNNING))
    if state.lease:
        overtaken = scans[state.lease - 1]._replace(state=ScanState.ABANDONED)
        scans = changed(scans, state.lease - 1, overtaken)
    if protocol.is_full(index + 1):
        violated = sum(
            1 << each
            for each, truth in enumerate(state.truth)
            if state.listed[each] and truth == Finding.VIOLATED
        )
    yield (
        None,
        f"scan {index + 1} ({'full' if protocol.is_full(index + 1) else 'partial'}) takes the lease"
        + (f" from scan {state.lease}" if state.lease else ""),
        state._replace(
            lease=index + 1,
            scans=scans,
            violated=changed(state.violated, index, violated),
            is_still=True,
            began_lowered=state.status.lowered,
        ),
    )
