"""The next step of a worker: one operation on a table, or one reading of Azure."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from tests.model.configurations import Rules
from tests.model.state import (
    Coverage,
    Finding,
    Move,
    Row,
    ScanState,
    State,
    Step,
    Worker,
    changed,
    summary_of,
)

if TYPE_CHECKING:
    from tests.model.protocol import Protocol

_WRITES: Final = {Step.MARK, Step.CLEAR_MARK, Step.RECORD, Step.RECORD_REST}
_ENDS: Final = {Step.FINISH, Step.READ_ROWS, Step.COMMIT}


def settled(rules: Rules, state: State) -> State:
    """Take at once the steps that can only stop a worker or let it start over.

    It changes nothing that others see, so no order of steps is lost.
    """
    workers = [_settled(rules, state, worker) for worker in state.workers]
    left = tuple(worker for worker in workers if worker is not None)
    return state if left == state.workers else state._replace(workers=left)


def _settled(rules: Rules, state: State, worker: Worker) -> Worker | None:
    step = worker.step
    if step in _WRITES:
        if worker.holds or not rules.mark_guards:
            return worker
        return worker.again()
    if step in _ENDS and not worker.holds and step != Step.FINISH:
        worker = worker.at(Step.FINISH)
    return worker if _may_go_on(state, worker) else None


def _may_go_on(state: State, worker: Worker) -> bool:
    index = worker.scan - 1
    if worker.step in {Step.CHECK_CLAIM, Step.DONE}:
        return state.slices[index][worker.subscription] == worker.delivery
    if worker.step == Step.CHECK_LEASE:
        return state.lease == worker.scan
    if worker.step in _ENDS:
        return state.lease == worker.scan and state.scans[index].state == ScanState.RUNNING
    return True


class Turn:
    """The next step of one worker."""

    def __init__(self, protocol: "Protocol", state: State, worker: Worker) -> None:
        self.protocol = protocol
        self.rules = protocol.rules
        self.state = state
        self.worker = worker
        self.others = tuple(other for other in state.workers if other is not worker)
        self.row = state.rows[worker.subscription]
        self.scan = state.scans[worker.scan - 1]
        self.claim = state.slices[worker.scan - 1][worker.subscription]

    def go(self, what: str, *then: Worker, state: State | None = None) -> Move:
        """Return the move to a state in which this worker is at its next step, or has ended."""
        workers = tuple(sorted((*self.others, *then)))
        return self.worker, what, (state or self.state)._replace(workers=workers)

    def write(
        self, what: str, row: Row, then: Worker, confirmed: tuple[int, ...] | None = None
    ) -> Iterator[Move]:
        """Write the row; or the answer is lost, or the write or every one of its tries refused."""
        me, faults = self.worker, self.state.faults
        self.others, others = self._disturbed(), self.others
        written = self.state._replace(
            rows=changed(self.state.rows, me.subscription, row),
            confirmed=confirmed or self.state.confirmed,
        )
        yield self.go(what, then, state=written)
        fewer = faults._replace(lost=faults.lost - 1)
        if faults.lost:
            lost = written._replace(faults=fewer)
            yield self.go(f"{what}; the ANSWER IS LOST, it starts over", me.again(), state=lost)
        refused = faults.refused and me.delivery >= self.protocol.configuration.deliveries
        gone = faults._replace(refused=faults.refused - 1)
        finding = me.known.finding if me.known else Finding.NONE
        counted = me.at(Step.DONE)._replace(
            summary=summary_of(finding, Coverage.GAP, unwritten=True)
        )
        if refused:
            lost = written._replace(faults=gone)
            yield self.go(f"{what}; NO TRY IS ANSWERED, an unwritten gap", counted, state=lost)
        self.others = others
        if faults.lost and me.step != Step.CLEAR_MARK:
            state = self.state._replace(faults=fewer)
            yield self.go(f"{what}: REFUSED, it starts over", me.again(), state=state)
        if refused:
            state = self.state._replace(faults=gone)
            yield self.go(f"{what}: EVERY TRY REFUSED, an unwritten gap", counted, state=state)

    def _disturbed(self) -> tuple[Worker, ...]:
        """Return the others after a write of the row: what they have read of it is not current."""
        return tuple(
            other._replace(holds=False)
            if other.subscription == self.worker.subscription
            and other.holds
            and other.step not in _ENDS
            else other
            for other in self.others
        )

    def status_written(self) -> None:
        """Let the ends of partial scans that have read the status start over."""
        self.others = tuple(
            other._replace(holds=False) if other.step in _ENDS else other for other in self.others
        )
