"""The rules of the protocol, and the configurations in which they are tried."""

from dataclasses import dataclass
from typing import Final, Literal

from tests.model.claims import (
    FORGOTTEN_GAP,
    FORGOTTEN_LIST,
    MISSED,
    NO_WAY_OUT,
    OLD_ROW,
    RECORDED_GAP,
    RECORDED_VIOLATION,
    TOO_FRESH,
    WRONG_ROW,
)
from tests.model.state import Faults

# A full scan, or the subscriptions that a partial one names.
type Kind = tuple[int, ...] | None
# Nothing was ever scanned; a scan finished that did not know the subscriptions; it knew the first
# of them only; it knew all, and they were compliant.
type Start = Literal["first", "new", "mixed", "known"]

FULL: Final[Kind] = None
_ONE: Final[Kind] = (0,)
_OTHER: Final[Kind] = (1,)


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of the program; another value leaves one out."""

    new_are_marked: bool = True
    pending_is_gap: bool = False
    claim_is_checked: bool = True
    lease_is_checked: bool = True
    lowers: bool = True
    mark_guards: bool = True
    pending_unlisted: Literal["gap", "left", "nothing"] = "gap"
    partial_keeps_lowered: bool = True
    partial_sees_marks: bool = True
    partial_keeps_as_of: bool = True
    partial_keeps_unwritten: bool = True
    partial_sees_missing_rows: bool = True
    partial_expects_new_rows: bool = True
    unwritten_are_new: bool = False
    unwritten_are_planned: bool = True
    unwritten_keeps_date: bool = True
    cut_keeps_dates: bool = True
    cut_is_unknown: bool = True
    latest_reading_counts: bool = True


RULES: Final = Rules()


@dataclass(frozen=True, slots=True)
class Configuration:
    """What is tried, exhaustively.

    ``leases_end``: a lease may end at any moment. ``in_parts``: a first recording takes two
    transactions. ``named`` is how many unwritten gaps a status can name.
    """

    name: str
    start: Start
    faults: Faults
    scans: tuple[Kind, ...] = (FULL, FULL)
    subscriptions: int = 1
    deliveries: int = 2
    named: int = 2
    is_violated: bool | None = None  # None: both are tried
    leases_end: bool = True
    in_parts: bool = False

    def __str__(self) -> str:
        scans = ", ".join(f"partial of {scan[0]}" if scan else "full" for scan in self.scans)
        faults = [f"{name} {count}" for name, count in self.faults._asdict().items() if count]
        parts = ["in_parts"] * self.in_parts
        return f"{self.start}; {scans}; {', '.join([*faults, *parts]) or 'no fault'}"


SMALL: Final = (
    Configuration("S1", "first", Faults(lists=1, redelivered=1)),
    Configuration("S2", "new", Faults(lists=1, redelivered=1)),
    Configuration("S3", "known", Faults(lists=1, flips=1)),
    Configuration("S4", "new", Faults(lists=1), in_parts=True),
    Configuration("S5", "first", Faults(lists=1, poison=1)),
    Configuration("S6", "new", Faults(lists=1, lost=1)),
    Configuration("S7", "new", Faults(lists=1, deaths=1)),
)
_POISONED: Final = Faults(flips=1, redelivered=1, poison=1)
_LOST: Final = Faults(lists=1, redelivered=1, lost=1)
FULL_SCANS: Final = (
    Configuration("F1", "first", _LOST),
    Configuration("F2", "first", _POISONED._replace(lists=1)),
    Configuration("F3", "new", _LOST),
    Configuration("F4", "new", Faults(lists=1, flips=1, unread=1, poison=1)),
    Configuration("F5", "new", Faults(lists=2, redelivered=1), deliveries=1, is_violated=True),
    Configuration("F6", "new", Faults(lists=1, poison=1), (FULL, FULL, FULL), is_violated=True),
    Configuration("F7", "new", _LOST, in_parts=True, is_violated=True),
    Configuration("F8", "known", Faults(lists=1, flips=1, unread=1, lost=1)),
    Configuration("F9", "known", _POISONED),
    Configuration("F10", "mixed", Faults(), subscriptions=2, is_violated=True),
)
PARTIAL_SCANS: Final = (
    Configuration("Q1", "known", Faults(), (FULL, _ONE), subscriptions=2),
    Configuration("Q2", "known", Faults(flips=1), (_OTHER, _ONE), subscriptions=2),
    Configuration("Q3", "known", Faults(flips=1, poison=1, not_listed=1), (FULL, _ONE)),
    Configuration("Q4", "new", Faults(lists=1, lost=1), (_ONE, FULL)),
    Configuration("Q5", "mixed", Faults(lost=1), (FULL, _ONE), subscriptions=2, is_violated=True),
    Configuration("Q6", "known", Faults(flips=1), (FULL, _ONE, _ONE)),
    Configuration("Q7", "new", Faults(lists=1), (FULL, _ONE, FULL), is_violated=True),
    Configuration("Q8", "first", Faults(lists=1, redelivered=1), (_ONE, FULL)),
    Configuration("Q9", "known", Faults(refused=1), (FULL, _ONE), subscriptions=2, deliveries=1),
    Configuration(
        "Q10", "known", Faults(deleted=1), (FULL, _ONE), subscriptions=2, is_violated=True
    ),
    Configuration("Q11", "mixed", Faults(deleted=1), (_OTHER,), subscriptions=2),
    Configuration(
        "Q12",
        "mixed",
        Faults(lists=2, deleted=1),
        (FULL, _OTHER),
        subscriptions=2,
        leases_end=False,
    ),
)
_REFUSED: Final = Faults(refused=2)
_TWO: Final[Kind] = (0, 1)
UNWRITTEN: Final = (
    Configuration("U1", "known", Faults(refused=2, flips=1), deliveries=1, leases_end=False),
    Configuration("U2", "new", _REFUSED, (FULL, _ONE), deliveries=1),
    Configuration(
        "U3", "known", _REFUSED, (FULL, _ONE), 2, 1, named=1, is_violated=True, leases_end=False
    ),
    Configuration(
        "U4", "known", _REFUSED, (FULL, _ONE, _OTHER), 2, 1, is_violated=True, leases_end=False
    ),
    Configuration("U5", "mixed", Faults(refused=1), (_TWO, _OTHER), 2, 1, leases_end=False),
    Configuration("U6", "new", Faults(lists=1, refused=1), deliveries=1, leases_end=False),
    Configuration(
        "U7",
        "known",
        Faults(flips=2, refused=3),
        (FULL, _OTHER, _OTHER),
        2,
        1,
        named=1,
        is_violated=True,
        leases_end=False,
    ),
)
ALL: Final = {each.name: each for each in (*SMALL, *FULL_SCANS, *PARTIAL_SCANS, *UNWRITTEN)}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A rule that is left out, a configuration in which it is missed, and the claim it breaks."""

    text: str
    rules: Rules
    tried: str
    claim: str


LEFT_OUT: Final = (
    LeftOut(
        "a new subscription is marked before it is recorded",
        Rules(new_are_marked=False),
        "S1",
        TOO_FRESH,
    ),
    LeftOut("a pending row is no gap", Rules(pending_is_gap=True), "S4", RECORDED_GAP),
    LeftOut(
        "the claim is checked after the mark", Rules(claim_is_checked=False), "S1", RECORDED_GAP
    ),
    LeftOut(
        "the lease is checked after the mark",
        Rules(lease_is_checked=False),
        "S4",
        RECORDED_VIOLATION,
    ),
    LeftOut(
        "the status is lowered before anything worse is recorded",
        Rules(lowers=False),
        "S4",
        RECORDED_VIOLATION,
    ),
    LeftOut("the mark guards the recording", Rules(mark_guards=False), "S4", WRONG_ROW),
    LeftOut(
        "a pending row that is not listed is worked on",
        Rules(pending_unlisted="left"),
        "S4",
        RECORDED_VIOLATION,
    ),
    LeftOut("it becomes a gap", Rules(pending_unlisted="nothing"), "S4", RECORDED_VIOLATION),
    LeftOut("partial: a mark lowers", Rules(partial_sees_marks=False), "Q1", RECORDED_VIOLATION),
    LeftOut(
        "partial: what was lowered stays",
        Rules(partial_keeps_lowered=False),
        "Q3",
        FORGOTTEN_LIST,
    ),
    LeftOut("partial: the date stays", Rules(partial_keeps_as_of=False), "Q1", TOO_FRESH),
    LeftOut("partial: unwritten gaps stay", Rules(partial_keeps_unwritten=False), "Q9", OLD_ROW),
    LeftOut("what is not written keeps its date", Rules(unwritten_keeps_date=False), "U1", OLD_ROW),
    LeftOut("so does all, if not all can be named", Rules(cut_keeps_dates=False), "U3", OLD_ROW),
    LeftOut("all are unknown, if not all can be named", Rules(cut_is_unknown=False), "U3", MISSED),
    LeftOut(
        "but one that a partial scan has read, and none since has not",
        Rules(latest_reading_counts=False),
        "U7",
        MISSED,
    ),
    LeftOut(
        "partial: an unwritten gap is no new row", Rules(unwritten_are_new=True), "U2", NO_WAY_OUT
    ),
    LeftOut(
        "a gap that stands in no row is planned, listed or not",
        Rules(unwritten_are_planned=False),
        "U6",
        FORGOTTEN_GAP,
    ),
    LeftOut(
        "partial: missing rows lower",
        Rules(partial_sees_missing_rows=False),
        "Q10",
        RECORDED_VIOLATION,
    ),
    LeftOut(
        "partial: so do those that it added itself",
        Rules(partial_expects_new_rows=False),
        "Q11",
        RECORDED_VIOLATION,
    ),
)
