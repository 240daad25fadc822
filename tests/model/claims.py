"""What must hold: in every state, at every step, and when everything has ended."""

from typing import TYPE_CHECKING, Final

from tests.model.state import (
    Coverage,
    Finding,
    Lowered,
    ScanState,
    State,
    Status,
    is_unwritten,
    posture_of,
    summary_in,
    summary_of,
)

if TYPE_CHECKING:
    from tests.model.protocol import Protocol

FALSE_GREEN: Final = "false green: "
RECORDED_VIOLATION: Final = f"{FALSE_GREEN}compliant beside a recorded violation"
RECORDED_GAP: Final = f"{FALSE_GREEN}compliant beside a recorded gap"
OLD_VIOLATION: Final = f"{FALSE_GREEN}an account was violated before the scan that it is dated by"
FORGOTTEN_GAP: Final = f"{FALSE_GREEN}a gap that stood in no row is forgotten"
FORGOTTEN_LIST: Final = f"{FALSE_GREEN}that the estate was not listed is forgotten"
TOO_FRESH: Final = "too fresh: compliant as of a time after a reading it rests on"
OLD_ROW: Final = "too fresh: a row is dated by a scan that did not record it"
MISSED: Final = f"{FALSE_GREEN}a subscription that the last scan could not record is compliant"
NO_WAY_OUT: Final = "unknown at the end: a subscription is not read, and none is named"
WRONG_ROW: Final = "wrong at the end: a row differs from the truth"
WRONG_STATUS: Final = "wrong at the end: the status differs from the rows"


def broken_by(protocol: "Protocol", before: State, after: State) -> str | None:
    """Return the claim that a step breaks, if any."""
    status = after.status
    if status.is_high:
        pending_is_gap = protocol.rules.pending_is_gap
        for row in after.rows:
            if row.finding == Finding.VIOLATED:
                return RECORDED_VIOLATION
            is_pending = row.coverage == Coverage.PENDING
            if row.coverage == Coverage.GAP or (is_pending and pending_is_gap):
                return RECORDED_GAP
        if after.violated[status.as_of - 1]:
            return OLD_VIOLATION
        if _is_older(after, (status.as_of,) * len(after.rows)):
            return TOO_FRESH
    if _is_older(after, status.dated):
        return OLD_ROW
    return MISSED if _shows_missed(protocol, after) else _forgotten(before.status, after)


def _forgotten(before: Status, after: State) -> str | None:
    """Return what a status no longer says, and nothing else does."""
    status = after.status
    gaps = zip(before.unwritten, status.unwritten, after.rows, strict=True)
    if any(was and not still and not row.coverage for was, still, row in gaps):
        return FORGOTTEN_GAP
    was_unlisted = before.lowered == Lowered.LIST_FAILED
    is_forgotten = not status.lowered and status.as_of == before.as_of
    return FORGOTTEN_LIST if was_unlisted and is_forgotten else None


def _shows_missed(protocol: "Protocol", state: State) -> bool:
    """Return whether a subscription that was not recorded is shown as its row says."""
    status = state.status
    may_be_cut = status.is_cut and protocol.rules.cut_is_unknown
    return any(
        state.missed[each]
        and (row.finding, row.coverage) == (Finding.COMPLIANT, Coverage.READ)
        and not status.unwritten[each]
        and not (may_be_cut and not _is_known_to_be_read(protocol, state, each))
        for each, row in enumerate(state.rows)
    )


def _is_known_to_be_read(protocol: "Protocol", state: State, subscription: int) -> bool:
    """Return whether a partial scan since the last full one has read a subscription."""
    read = [
        not is_unwritten(summary_in(state.slices[scan - 1][subscription]))
        for scan in range(state.status.as_of + 1, len(state.scans) + 1)
        if state.scans[scan - 1].state == ScanState.COMPLETE
        and subscription in protocol.covers(scan)
    ]
    return any(read[-1:] if protocol.rules.latest_reading_counts else read)


def _is_older(state: State, dated: tuple[int, ...]) -> bool:
    """Return whether a reading that is recorded is older than the scan that dates it."""
    return any(
        row.coverage == Coverage.READ and epoch < scan
        for row, epoch, scan in zip(state.rows, state.confirmed, dated, strict=True)
    )


def broken_at_end(protocol: "Protocol", state: State) -> str | None:
    """Return the claim that is broken after a full scan of an estate that stood still."""
    status, deleted = state.status, protocol.configuration.faults.deleted
    if status.lowered == Lowered.UNREAD and not (status.is_cut or deleted):
        return NO_WAY_OUT
    begun = [number for number, scan in enumerate(state.scans, 1) if scan.state]
    last = begun[-1] if begun else 0
    if not last or state.scans[last - 1].state != ScanState.COMPLETE:
        return None
    if not protocol.is_full(last) or not state.is_still:
        return None
    for each, row in enumerate(state.rows):
        given_up = state.messages[last - 1][each] > protocol.configuration.deliveries
        was_read = state.listed[each] and state.readable[each] and not given_up
        unwritten = is_unwritten(summary_in(state.slices[last - 1][each]))
        is_true = (row.finding, row.coverage) == (state.truth[each], Coverage.READ)
        if was_read and not unwritten and not is_true:
            return WRONG_ROW
        if not state.listed[each] and row.coverage == Coverage.READ and not unwritten:
            return WRONG_ROW
    sums = [
        summary_of(row.finding, min(row.coverage, Coverage.READ) if is_pending else row.coverage)
        for row in state.rows
        for is_pending in [row.coverage == Coverage.PENDING]
    ]
    is_sum = any(status.unwritten) or status.posture == posture_of(sums)
    return None if status.as_of == last and is_sum else WRONG_STATUS
