"""The steps of a worker that end a scan: a full one by its slices, a partial one by all rows."""

from collections.abc import Iterator

from tests.model.state import (
    Coverage,
    Finding,
    Lowered,
    Move,
    Posture,
    ScanState,
    SeenRow,
    Status,
    Step,
    Summary,
    as_gap,
    changed,
    is_unwritten,
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
        status = Status(me.scan, posture_of(sums), Lowered.NO, rows, (), ())
        yield _ends(turn, _dated(turn, status, list(map(is_unwritten, sums))))
    else:
        then = me.at(Step.READ_ROWS)._replace(holds=True)
        yield turn.go("sees all slices done, reads lease and status", then)


def _dated(turn: Turn, status: Status, unwritten: list[bool], *, is_cut: bool = False) -> Status:
    """Date rows by the scan that recorded them, as far as the status can name the others."""
    before = turn.state.status.dated
    most = turn.protocol.configuration.named
    named = tuple(each and sum(unwritten[:number]) < most for number, each in enumerate(unwritten))
    is_cut = is_cut or sum(unwritten) > most
    until = min(before) if is_cut and turn.rules.cut_keeps_dates else status.as_of
    dated = (
        old if is_named and turn.rules.unwritten_keeps_date else until
        for old, is_named in zip(before, named, strict=True)
    )
    return status._replace(unwritten=named, dated=tuple(dated), is_cut=is_cut)


def _ends(turn: Turn, status: Status) -> Move:
    turn.status_written()
    index, missed = turn.worker.scan - 1, turn.state.missed
    for each in turn.protocol.covers(turn.worker.scan):
        gap = is_unwritten(summary_in(turn.state.slices[index][each]))
        missed = changed(missed, each, gap)
    ended = turn.scan._replace(state=ScanState.COMPLETE)
    scans = changed(turn.state.scans, index, ended)
    state = turn.state._replace(status=status, scans=scans, lease=0, missed=missed)
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
    own = {each: summary_in(slices[each]) for each in turn.protocol.covers(me.scan)}
    new = sum(slices[each] != summary for each, summary in own.items())
    recorded = {
        each
        for each, summary in own.items()
        if me.seen[each].is_counted and not is_unwritten(summary)
    }
    unwritten = [
        (was and each not in recorded and rules.partial_keeps_unwritten)
        or (each in own and is_unwritten(own[each]))
        for each, was in enumerate(before.unwritten)
    ]
    as_of = before.as_of if rules.partial_keeps_as_of or not before.as_of else me.scan
    status = Status(as_of, Posture.UNKNOWN, Lowered.NO, 0, (), ())
    status = _dated(turn, status, unwritten, is_cut=before.is_cut)
    rows = list(zip(me.seen, status.unwritten, strict=True))
    counted = sum(row.is_counted or is_gap for row, is_gap in rows)
    expected = before.rows + (new if rules.partial_expects_new_rows else 0)
    lowered = before.lowered if turn.state.began_lowered else Lowered.NO
    if not rules.partial_keeps_lowered:
        lowered = Lowered.NO
    if not lowered:
        if status.is_cut or (counted < expected and rules.partial_sees_missing_rows):
            lowered = Lowered.UNREAD
        elif rules.partial_sees_marks and any(row.is_marked for row in me.seen):
            lowered = Lowered.FOUND_WORSE
    sums = [as_gap(row.summary) if is_gap else row.summary for row, is_gap in rows]
    yield _ends(turn, status._replace(posture=posture_of(sums), lowered=lowered, rows=counted))
