"""What the model of the protocol remembers: the estate, the tables, and the workers between steps.

Every value is a number or a tuple, so that a state can be hashed and workers sorted.
"""

from enum import IntEnum
from typing import Final, NamedTuple


class Finding(IntEnum):
    """The one account of a subscription, as it is or as it is recorded."""

    NONE = 0
    COMPLIANT = 1
    VIOLATED = 2


class Coverage(IntEnum):
    """The state of a coverage row; ``NONE`` where there is no row."""

    NONE = 0
    PENDING = 1
    READ = 2
    GAP = 3


class Posture(IntEnum):
    """What the sums of a status say."""

    UNKNOWN = 0
    COMPLIANT = 1
    VIOLATED = 2


class Lowered(IntEnum):
    """Why a status is lowered."""

    NO = 0
    FOUND_WORSE = 1
    LIST_FAILED = 2
    UNREAD = 3


class Summary(IntEnum):
    """What a slice says when it is done: more than any number of a delivery."""

    NOTHING = 100
    COMPLIANT = 101
    VIOLATED = 102
    GAP = 103
    VIOLATED_GAP = 104
    UNWRITTEN_GAP = 105
    UNWRITTEN_VIOLATED_GAP = 106


class ScanState(IntEnum):
    """The state of a scan."""

    WAITING = 0
    RUNNING = 1
    COMPLETE = 2
    FAILED = 3
    ABANDONED = 4


class Step(IntEnum):
    """The next step of a worker."""

    CLAIM = 0
    READ_TABLE = 1
    CLEAR_MARK = 2
    READ_AZURE = 3
    MARK = 4
    CHECK_CLAIM = 5
    CHECK_LEASE = 6
    LOWER = 7
    RECORD = 8
    RECORD_REST = 9
    DONE = 10
    FINISH = 11
    READ_ROWS = 12
    COMMIT = 13


class Row(NamedTuple):
    """A subscription as recorded; ``mark`` is the (scan, delivery) of who is recording it."""

    finding: Finding
    coverage: Coverage
    mark: tuple[int, int] | None = None


class Status(NamedTuple):
    """The status: ``as_of`` is the number of a full scan, 0 before the first.

    ``rows`` is how many rows it counts. ``unwritten`` names the subscriptions whose gap stands in
    no row, ``is_cut``: there are more. ``dated`` has the scan by which each row is dated.
    """

    as_of: int
    posture: Posture
    lowered: Lowered
    rows: int
    unwritten: tuple[bool, ...]
    dated: tuple[int, ...]
    is_cut: bool = False

    @property
    def is_high(self) -> bool:
        """Whether it says compliant."""
        return self.as_of > 0 and self.posture == Posture.COMPLIANT and not self.lowered


class Scan(NamedTuple):
    """A scan; ``listed`` is what its plan found, None before it is planned.

    ``expected`` are those that it works on although there may be no row when it reads them.
    """

    state: ScanState
    listed: tuple[bool, ...] | None = None
    expected: tuple[bool, ...] = ()


class Target(NamedTuple):
    """What a worker is about to record."""

    finding: Finding
    coverage: Coverage
    is_worse: bool


class SeenRow(NamedTuple):
    """A coverage row as the end of a partial scan counts it; a pending one is not counted."""

    summary: Summary
    is_marked: bool
    is_counted: bool


class Worker(NamedTuple):
    """A delivery of a slice's message; slice and subscription have the same number.

    ``holds``: what it has read of its row, or of the status, is unchanged. ``is_new``: no row of a
    partial scan's subscription was counted before. ``has_lowered``: it does not look at the status
    again. ``epoch`` is the newest scan when it read Azure; ``is_fresh``: its
    summary is that reading.
    """

    scan: int
    subscription: int
    delivery: int
    step: Step
    holds: bool = False
    known: Row | None = None
    target: Target | None = None
    is_new: bool = False
    has_lowered: bool = False
    epoch: int = 0
    summary: Summary | None = None
    is_fresh: bool = False
    seen: tuple[SeenRow, ...] = ()

    def at(self, step: Step) -> "Worker":
        """Return this worker at a step, without what it knew of Azure and the table."""
        is_new = self.is_new and step < Step.FINISH
        return Worker(self.scan, self.subscription, self.delivery, step, is_new=is_new)

    def again(self) -> "Worker":
        """Return this worker as it starts over."""
        return self.at(Step.READ_TABLE)._replace(has_lowered=self.has_lowered)


class Faults(NamedTuple):
    """How often the world changes and things go wrong.

    An account changes, a subscription is listed or not, or readable or not; a message comes again,
    an answer to a write is lost or the write refused, a plan is poison, a worker dies, the estate
    cannot be listed, the table refuses every try to record a subscription, rows are deleted.
    """

    flips: int = 0
    lists: int = 0
    unread: int = 0
    redelivered: int = 0
    lost: int = 0
    poison: int = 0
    deaths: int = 0
    not_listed: int = 0
    refused: int = 0
    deleted: int = 0


class State(NamedTuple):
    """All of it. Tuples have an entry per subscription, those of scans one per scan.

    ``slices`` hold the delivery that has the claim, or the summary, with ``NEW`` added if it counts
    a new subscription; ``messages`` how often each was delivered. Only the claims of the model look
    at the rest: ``confirmed`` is the epoch of the newest accepted reading, ``violated`` the
    accounts (as bits) that were listed and violated when a scan began, and ever since; ``missed``
    those that the last scan which ended could not record; ``is_still``: nothing has changed since
    the last scan began.
    ``began_lowered`` is what the status said when the lease was taken.
    """

    truth: tuple[Finding, ...]
    listed: tuple[bool, ...]
    readable: tuple[bool, ...]
    faults: Faults
    rows: tuple[Row, ...]
    lease: int
    scans: tuple[Scan, ...]
    slices: tuple[tuple[int, ...], ...]
    messages: tuple[tuple[int, ...], ...]
    status: Status
    workers: tuple[Worker, ...]
    confirmed: tuple[int, ...]
    violated: tuple[int, ...]
    missed: tuple[bool, ...]
    is_still: bool
    began_lowered: Lowered


# Who does something (None: no worker), what, and the state after it.
type Move = tuple[Worker | None, str, State]

NEW: Final = 50
NO_ROW: Final = Row(Finding.NONE, Coverage.NONE)
_UNWRITTEN: Final = {Summary.UNWRITTEN_GAP, Summary.UNWRITTEN_VIOLATED_GAP}
_VIOLATED: Final = {Summary.VIOLATED, Summary.VIOLATED_GAP, Summary.UNWRITTEN_VIOLATED_GAP}
_GAPS: Final = {Summary.GAP, Summary.UNWRITTEN_GAP}
_AS_GAP: Final = {
    Summary.NOTHING: Summary.GAP,
    Summary.COMPLIANT: Summary.GAP,
    Summary.VIOLATED: Summary.VIOLATED_GAP,
}


def changed[T](values: tuple[T, ...], index: int, value: T) -> tuple[T, ...]:
    """Return the values with another one at an index."""
    return (*values[:index], value, *values[index + 1 :])


def summary_in(entry: int) -> Summary:
    """Return the summary of a slice that is done."""
    return Summary(entry - NEW if entry >= Summary.NOTHING + NEW else entry)


def summary_of(finding: Finding, coverage: Coverage, *, unwritten: bool = False) -> Summary:
    """Return what a subscription adds to the sums."""
    if unwritten:
        violated = finding == Finding.VIOLATED
        return Summary.UNWRITTEN_VIOLATED_GAP if violated else Summary.UNWRITTEN_GAP
    if coverage == Coverage.NONE:
        return Summary.NOTHING
    if finding == Finding.VIOLATED:
        return Summary.VIOLATED_GAP if coverage == Coverage.GAP else Summary.VIOLATED
    return Summary.GAP if coverage == Coverage.GAP else Summary.COMPLIANT


def posture_of(summaries: list[Summary]) -> Posture:
    """Sum summaries."""
    if not _VIOLATED.isdisjoint(summaries):
        return Posture.VIOLATED
    return Posture.COMPLIANT if _GAPS.isdisjoint(summaries) else Posture.UNKNOWN


def is_unwritten(summary: Summary) -> bool:
    """Return whether a gap stands in no row."""
    return summary in _UNWRITTEN


def as_gap(summary: Summary) -> Summary:
    """Return what a row adds to the sums if its subscription is an unwritten gap."""
    return _AS_GAP.get(summary, summary)


def described(state: State) -> str:
    """Show rows and status in a line."""
    rows = ", ".join(
        f"{row.finding.name.lower()}/{row.coverage.name.lower()}{'*' if row.mark else ''}"
        for row in state.rows
    )
    status = state.status
    lowered = f", lowered: {status.lowered.name.lower()}" if status.lowered else ""
    return f"[{rows} | as of {status.as_of}: {status.posture.name.lower()}{lowered}]"
