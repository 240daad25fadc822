"""The steps of a worker up to the end of its slice: claim, read, mark, check, lower, record."""

from collections.abc import Iterator

from tests.model.state import (
    NEW,
    Coverage,
    Finding,
    Lowered,
    Move,
    Row,
    ScanState,
    Step,
    Summary,
    Target,
    changed,
    summary_of,
)
from tests.model.turn import Turn


def take_claim(turn: Turn) -> Iterator[Move]:
    """Claim the slice, whoever has it: a claim may end at any moment."""
    me, index = turn.worker, turn.worker.scan - 1
    if turn.claim >= Summary.NOTHING:
        yield turn.go("finds its slice done", me.at(Step.FINISH))
    elif turn.claim < me.delivery:
        slices = changed(turn.state.slices[index], me.subscription, me.delivery)
        state = turn.state._replace(slices=changed(turn.state.slices, index, slices))
        # It reads the status now. One that is low needs no second look.
        then = me.at(Step.READ_TABLE)._replace(has_lowered=not state.status.is_high)
        yield turn.go("claims the slice and reads the status", then, state=state)
    else:
        yield turn.go("finds a later delivery at work")


def read_table(turn: Turn) -> Iterator[Move]:
    """Read what is recorded."""
    me, row = turn.worker, turn.row
    nothing = me._replace(step=Step.DONE, summary=Summary.NOTHING)
    is_listed = turn.scan.listed is not None and turn.scan.listed[me.subscription]
    is_expected = turn.scan.expected[me.subscription]
    if not row.coverage and not row.finding and not is_expected:
        yield turn.go("reads no row, and is not listed: nothing to do", nothing)
    elif (
        row.coverage == Coverage.PENDING and not is_listed and turn.rules.pending_unlisted == "left"
    ):
        yield turn.go("reads a pending row, and is not listed: leaves it", nothing)
    else:
        step = Step.CLEAR_MARK if row.mark else Step.READ_AZURE
        is_partial = not turn.protocol.is_full(me.scan)
        is_counted = turn.state.status.unwritten[me.subscription]
        is_new = is_partial and row.coverage < Coverage.READ
        known = me._replace(
            step=step,
            holds=True,
            known=Row(row.finding, row.coverage),
            is_new=me.is_new or (is_new and (turn.rules.unwritten_are_new or not is_counted)),
        )
        yield turn.go("reads the table", known)


def clear_mark(turn: Turn) -> Iterator[Move]:
    """Clear the mark of another worker, so that its recording fails."""
    row = turn.row._replace(mark=None)
    then = turn.worker._replace(step=Step.READ_AZURE, holds=True)
    return turn.write("clears the mark of another", row, then)


def read_azure(turn: Turn) -> Iterator[Move]:
    """Read Azure, and compare with what is recorded; the poison handler does not read."""
    me = turn.worker
    known = me.known or turn.row
    is_listed = turn.scan.listed is not None and turn.scan.listed[me.subscription]
    done = me.at(Step.DONE)._replace(has_lowered=me.has_lowered)
    if (
        known.coverage == Coverage.PENDING
        and not is_listed
        and turn.rules.pending_unlisted == "nothing"
    ):
        yield turn.go("is pending and not listed: nothing", done._replace(summary=Summary.NOTHING))
        return
    is_poison = me.delivery > turn.protocol.configuration.deliveries
    if is_listed and not is_poison and turn.state.readable[me.subscription]:
        finding, coverage = turn.state.truth[me.subscription], Coverage.READ
        what = f"reads Azure: {finding.name.lower()}"
    else:
        finding, coverage = known.finding, Coverage.GAP
        what = "cannot read Azure: a gap"
    epoch = sum(scan.state != ScanState.WAITING for scan in turn.state.scans)
    if (finding, coverage) == (known.finding, known.coverage):
        summary = summary_of(finding, coverage)
        then = done._replace(summary=summary, is_fresh=True, epoch=epoch)
        yield turn.go(f"{what}, as recorded", then)
        return
    is_worse = (coverage == Coverage.GAP and known.coverage != Coverage.GAP) or (
        finding == Finding.VIOLATED and known.finding != Finding.VIOLATED
    )
    is_marked = (
        bool(known.coverage) or turn.rules.new_are_marked or turn.protocol.configuration.in_parts
    )
    target = Target(finding, coverage, is_worse)
    step = Step.MARK if is_marked else _after_check(turn, target)
    yield turn.go(what, me._replace(step=step, target=target, epoch=epoch))


def _after_check(turn: Turn, target: Target | None) -> Step:
    is_worse = target is not None and target.is_worse
    return Step.LOWER if is_worse and turn.rules.lowers else Step.RECORD


def mark(turn: Turn) -> Iterator[Move]:
    """Set the mark; a new row is pending."""
    me = turn.worker
    known = me.known or turn.row
    step = _after_check(turn, me.target)
    if turn.rules.claim_is_checked:
        step = Step.CHECK_CLAIM
    elif turn.rules.lease_is_checked:
        step = Step.CHECK_LEASE
    row = Row(known.finding, known.coverage or Coverage.PENDING)
    marked = row._replace(mark=(me.scan, me.delivery))
    return turn.write("marks its row", marked, me._replace(step=step, holds=True, known=row))


def check_claim(turn: Turn) -> Iterator[Move]:
    """Go on with the claim: who has lost it is stopped already."""
    step = _after_check(turn, turn.worker.target)
    if turn.rules.lease_is_checked:
        step = Step.CHECK_LEASE
    yield turn.go("still has the claim", turn.worker._replace(step=step))


def check_lease(turn: Turn) -> Iterator[Move]:
    """Go on with the lease."""
    step = _after_check(turn, turn.worker.target)
    yield turn.go("still has the lease", turn.worker._replace(step=step))


def lower(turn: Turn) -> Iterator[Move]:
    """Lower the status, once for each worker."""
    me, status = turn.worker, turn.state.status
    then = me._replace(step=Step.RECORD, has_lowered=True)
    if me.has_lowered:
        yield turn.go("has seen a low status before", then)
    elif not status.is_high:
        yield turn.go("finds a status that is not compliant", then)
    else:
        turn.status_written()
        state = turn.state._replace(status=status._replace(lowered=Lowered.FOUND_WORSE))
        yield turn.go("lowers the status", then, state=state)
        if state.faults.lost:
            fewer = state.faults._replace(lost=state.faults.lost - 1)
            again = me.at(Step.READ_TABLE)
            state = state._replace(faults=fewer)
            yield turn.go("lowers the status; the ANSWER IS LOST", again, state=state)


def record(turn: Turn) -> Iterator[Move]:
    """Record the reading; the last transaction clears the mark."""
    me, known = turn.worker, turn.worker.known or turn.row
    target = me.target or Target(known.finding, known.coverage, is_worse=False)
    is_first = me.step == Step.RECORD and turn.protocol.configuration.in_parts
    if is_first and target.finding != known.finding:
        row = Row(target.finding or known.finding, turn.row.coverage)
        then = me._replace(step=Step.RECORD_REST, holds=True, known=row)
        yield from turn.write(
            "records the first of two parts", row._replace(mark=turn.row.mark), then
        )
        return
    then = me.at(Step.DONE)._replace(
        has_lowered=me.has_lowered,
        epoch=me.epoch,
        summary=summary_of(target.finding, target.coverage),
        is_fresh=True,
    )
    confirmed = _confirmed(turn) if target.coverage == Coverage.READ else None
    row = Row(target.finding, target.coverage)
    yield from turn.write("records it", row, then, confirmed)


def _confirmed(turn: Turn) -> tuple[int, ...]:
    """Return the epochs of accepted readings with this one."""
    me, confirmed = turn.worker, turn.state.confirmed
    return changed(confirmed, me.subscription, max(confirmed[me.subscription], me.epoch))


def done(turn: Turn) -> Iterator[Move]:
    """Mark the slice done."""
    me, index = turn.worker, turn.worker.scan - 1
    summary = me.summary or Summary.NOTHING
    is_read = me.is_fresh and summary in {Summary.COMPLIANT, Summary.VIOLATED}
    accepted = is_read and turn.state.lease == me.scan
    entry = summary + NEW * me.is_new
    slices = changed(turn.state.slices[index], me.subscription, entry)
    state = turn.state._replace(
        slices=changed(turn.state.slices, index, slices),
        confirmed=_confirmed(turn) if accepted else turn.state.confirmed,
    )
    what = f"marks its slice done: {summary.name.lower()}"
    yield turn.go(what, me.at(Step.FINISH), state=state)
