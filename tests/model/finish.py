"""The steps of a worker that end a scan: a full one by its slices, a partial one by all rows."""

from collections.abc import Iterator

from tests.model.state import (
    Coverage,
    Finding,
    Lowered,
    Move,
    ScanState,
    SeenRow,
    Status,
    Step,
    Summary,
    changed,
    has_unwritten,
    posture_of,
    summary_in,
    summary_of,
)
from tests.model.turn import Turn


def finish(turn: Turn) -> Iterator[Move]:
    """End a full scan in one transaction; begin to end a partial one."""
    me, state = turn.worker, turn.state
    entries = [state.slices[me.scan - 1][each] for each in turn.protocol.covers(me.scan)]
    if any(entry < Summary.NOTHING for entry in entries):
        yield turn.go("sees that slices are missing")
    elif turn.protocol.is_full(me.scan):
        sums = [summary_in(entry) for entry in entries]
        rows = sum(each != Summary.NOTHING for each in sums)
        status = Status(me.scan, posture_of(sums), Lowered.NO, has_unwritten(sums), rows)
        yield _ends(turn, status)
    else:
        then = me.at(Step.READ_ROWS)._replace(holds=True)
        yield turn.go("sees all slices done, reads lease and status", then)


def _ends(turn: Turn, status: Status) -> Move:
    turn.status_written()
    index = turn.worker.scan - 1
    ended = turn.scan._replace(state=ScanState.COMPLETE)
    scans = changed(turn.state.scans, index, ended)
    state = turn.state._replace(status=status, scans=scans, lease=0)
    return turn.go("ends the scan", state=state)


def read_rows(turn: Turn) -> Iterator[Move]:
    """Read the next coverage row; the findings of a pending one count, the row does not."""
    me = turn.worker
    row = turn.state.rows[len(me.seen)]
    is_pending = row.coverage == Coverage.PENDING
    summary = summary_of(row.finding, row.coverage)
    if is_pending and row.finding != Finding.VIOLATED:
        summary = Summary.NOTHING
    is_counted = bool(row.coverage) and not is_pending
    seen = (*me.seen, SeenRow(summary, row.mark is not None, is_counted))
    is_last = len(seen) == len(turn.state.rows)
    then = me._replace(step=Step.COMMIT if is_last else Step.READ_ROWS, seen=seen)
    yield turn.go(f"reads the coverage row of subscription {len(me.seen)}", then)


def commit(turn: Turn) -> Iterator[Move]:
    """End a partial scan, unless the status was written since it was read."""
    me, before, rules = turn.worker, turn.state.status, turn.rules
    slices = turn.state.slices[me.scan - 1]
    entries = [slices[each] for each in turn.protocol.covers(me.scan)]
    own = [summary_in(entry) for entry in entries]
    new = sum(entry != summary for entry, summary in zip(entries, own, strict=True))
    expected = before.rows + (new if rules.partial_expects_new_rows else 0)
    rows = sum(row.is_counted for row in me.seen)
    unwritten = before.unwritten or has_unwritten(own)
    lowered = before.lowered if turn.state.began_lowered else Lowered.NO
    if not rules.partial_keeps_lowered:
        lowered = Lowered.NO
    if not lowered:
        if (unwritten and rules.partial_sees_unwritten) or (
            rows < expected and rules.partial_sees_missing_rows
        ):
            lowered = Lowered.UNREAD
        elif rules.partial_sees_marks and any(row.is_marked for row in me.seen):
            lowered = Lowered.FOUND_WORSE
    keeps = rules.partial_keeps_as_of or not before.as_of
    posture = posture_of([row.summary for row in me.seen])
    as_of = before.as_of if keeps else me.scan
    yield _ends(turn, Status(as_of, posture, lowered, unwritten, rows))
