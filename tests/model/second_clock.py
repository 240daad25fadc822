"""The second clock: messages that start a scan if the timer does not, in every order of its steps.

A step is one operation on a table or queue. A message may be delivered at any moment, to several
workers, and comes back until it is deleted; time is not in the model: whether a result is old
enough is answered both ways. Scans and messages have numbers in the order in which workers began,
as ids of scans do.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, NamedTuple

LATE: Final = "a scan is started although another has started since"
EXTRA: Final = "two messages start a scan in place of the same one"
BROKEN: Final = "nothing is left that would start the next scan"


_COPIES: Final = 2


class Step(IntEnum):
    """What a worker does next."""

    READ_SCANS = 0
    READ_LEASE = 1
    LEAVE = 2
    TAKE_LEASE = 3
    LEAVE_LATE = 4
    SEND_AGAIN = 5
    DELETE = 6


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of the program; another value leaves one out."""

    leaves_first: bool = True
    sees_again: bool = True
    waits_for_silent: bool = True
    comes_again: bool = True
    must_leave: bool = True
    only_newest: bool = True


RULES: Final = Rules()


@dataclass(frozen=True, slots=True)
class Configuration:
    """How often what happens.

    ``silent`` scans leave no message, ``failed`` sends do not arrive, ``doubled`` deliveries come
    while another worker has the message, ``early`` ones before the result is old enough. Workers
    take ``numbers``, the first of which is that of the scan at the beginning.
    """

    timers: int = 0
    silent: int = 0
    crashes: int = 0
    failed: int = 0
    doubled: int = 0
    early: int = 1
    numbers: int = 3


class Worker(NamedTuple):
    """A run of the timer, of a silent starter, or (``message``) a delivery.

    ``seen`` are the scans that it knows to have started since the message was left; ``holds``: the
    lease is as it has read it.
    """

    step: Step
    number: int = 0
    message: int = 0
    is_silent: bool = False
    seen: tuple[int, ...] = ()
    holds: bool = False
    leaves: bool = False


class State(NamedTuple):
    """``scans`` in the order in which they took the lease, each with whether it left a message."""

    scans: tuple[tuple[int, bool], ...] = ((1, True),)
    is_running: bool = False
    messages: tuple[int, ...] = (1,)
    workers: tuple[Worker, ...] = ()
    numbers: int = 1
    timers: int = 0
    silent: int = 0
    crashes: int = 0
    failed: int = 0
    doubled: int = 0
    early: int = 0


type Move = tuple[str, State, str | None]


@dataclass(slots=True)
class Result:
    """What a search saw; ``broken`` has a shortest way to each broken claim."""

    states: int = 0
    broken: dict[str, list[str]] = field(default_factory=dict)


def search(configuration: Configuration, rules: Rules = RULES) -> Result:
    """Go through all states, breadth first."""
    first = State(
        timers=configuration.timers,
        silent=configuration.silent,
        crashes=configuration.crashes,
        failed=configuration.failed,
        doubled=configuration.doubled,
        early=configuration.early,
    )
    ways: dict[State, tuple[State | None, str]] = {first: (None, "start")}
    left, result = deque([first]), Result()

    def way(state: State | None) -> list[str]:
        told: list[str] = []
        while state is not None:
            state, what = ways[state]
            told.insert(0, what)
        return told

    while left:
        state = left.popleft()
        if not state.workers and not _would_start(state, rules):
            result.broken.setdefault(BROKEN, way(state))
        for what, after, claim in _moves(state, configuration, rules):
            if claim:
                result.broken.setdefault(claim, [*way(state), what])
            elif after not in ways:
                ways[after] = (state, what)
                left.append(after)
    result.states = len(ways)
    return result


def _newer(state: State, number: int) -> list[tuple[int, bool]]:
    return sorted((scan for scan in state.scans if scan[0] > number), reverse=True)


def _has_unseen(state: State, me: Worker) -> bool:
    """Whether a scan has started that a delivery did not see; its number may be below others."""
    return any(number not in me.seen for number, _ in _newer(state, me.message))


def _is_over(state: State, number: int, rules: Rules) -> bool:
    """Whether a message of this number has nothing left to do."""
    newer = _newer(state, number)
    return any(leaves or not rules.waits_for_silent for _, leaves in newer)


def _would_start(state: State, rules: Rules) -> bool:
    return any(not _is_over(state, message, rules) for message in state.messages)


def _moves(state: State, configuration: Configuration, rules: Rules) -> Iterator[Move]:
    """Yield what can happen, the state after it, and the claim that it breaks."""
    can_begin = state.numbers < configuration.numbers
    if state.is_running:
        yield "the scan ends", _lease_written(state, is_running=False), None
    for name, is_silent in (("timers", False), ("silent", True)):
        if getattr(state, name) and can_begin:
            begun = Worker(Step.READ_LEASE, state.numbers + 1, is_silent=is_silent)
            after = state._replace(**{name: getattr(state, name) - 1}, numbers=state.numbers + 1)
            yield _go(name, after, begun)
    delivered = {worker.message for worker in state.workers}
    for message in sorted(set(state.messages)):
        again = message in delivered
        if again and not state.doubled:
            continue
        after = state._replace(doubled=state.doubled - again)
        yield (
            f"{message} is delivered",
            _with(after, Worker(Step.READ_SCANS, message=message)),
            None,
        )
    for index, worker in enumerate(state.workers):
        rest = state._replace(workers=(*state.workers[:index], *state.workers[index + 1 :]))
        if state.crashes:
            yield f"{worker} dies", rest._replace(crashes=state.crashes - 1), None
        for what, after, claim in _steps(rest, worker, rules, can_begin=can_begin):
            yield f"{worker.message or worker.number}: {what}", after, claim


def _lease_written(state: State, *, is_running: bool) -> State:
    workers = tuple(sorted(worker._replace(holds=False) for worker in state.workers))
    return state._replace(is_running=is_running, workers=workers)


def _with(state: State, worker: Worker) -> State:
    return state._replace(workers=tuple(sorted((*state.workers, worker))))


def _steps(state: State, me: Worker, rules: Rules, *, can_begin: bool) -> Iterator[Move]:
    match me.step:
        case Step.READ_SCANS:
            yield from _read_scans(state, me, rules, can_begin=can_begin)
        case Step.READ_LEASE:
            yield _read_lease(state, me, rules)
        case Step.LEAVE:
            yield from _leave(state, me, rules)
        case Step.TAKE_LEASE:
            yield _take_lease(state, me, rules)
        case Step.LEAVE_LATE:
            then = me._replace(step=Step.DELETE) if me.message else None
            yield _go("leaves it now", _sent(state, me.number), then)
        case Step.SEND_AGAIN:
            sent = _sent(state, me.message)
            if sent.messages.count(me.message) <= _COPIES:
                yield _go("comes again", sent, me._replace(step=Step.DELETE))
        case Step.DELETE:
            messages = list(state.messages)
            if me.message in messages:
                messages.remove(me.message)
            yield _go("is deleted", state._replace(messages=tuple(messages)), None)


def _read_scans(state: State, me: Worker, rules: Rules, *, can_begin: bool) -> Iterator[Move]:
    if rules.only_newest and _is_over(state, me.message, rules):
        yield _go("has nothing to do", state, me._replace(step=Step.DELETE))
        return
    if state.early:
        fewer = state._replace(early=state.early - 1)
        yield _go("is too early", fewer, me._replace(step=Step.SEND_AGAIN))
    if can_begin:
        seen = tuple(number for number, _ in _newer(state, me.message))
        begun = me._replace(step=Step.READ_LEASE, number=state.numbers + 1, seen=seen)
        yield _go("is overdue", state._replace(numbers=state.numbers + 1), begun)


def _read_lease(state: State, me: Worker, rules: Rules) -> Move:
    has_started = me.message and rules.sees_again and _has_unseen(state, me)
    if state.is_running or has_started:
        again = Step.SEND_AGAIN if rules.comes_again else Step.DELETE
        return _go("finds a scan", state, me._replace(step=again) if me.message else None)
    is_done = me.leaves or me.is_silent or not rules.leaves_first
    step = Step.TAKE_LEASE if is_done else Step.LEAVE
    return _go("reads the lease", state, me._replace(step=step, holds=True))


def _leave(state: State, me: Worker, rules: Rules) -> Iterator[Move]:
    taking = me._replace(step=Step.TAKE_LEASE)
    yield _go("leaves a message", _sent(state, me.number), taking._replace(leaves=True))
    if state.failed:
        is_stopped = me.message and rules.must_leave
        failed = state._replace(failed=state.failed - 1)
        yield _go("LEAVES NONE", failed, None if is_stopped else taking)


def _take_lease(state: State, me: Worker, rules: Rules) -> Move:
    if not me.holds:
        return _go("lost the race", state, me._replace(step=Step.READ_LEASE))
    leaves = me.leaves or not (me.is_silent or rules.leaves_first)
    begun = state._replace(scans=(*state.scans, (me.number, leaves)))
    then = me._replace(step=Step.DELETE) if me.message else None
    if not rules.leaves_first and not me.is_silent:
        then = me._replace(step=Step.LEAVE_LATE)
    what, after, _ = _go("takes the lease", _lease_written(begun, is_running=True), then)
    if me.message and _has_unseen(state, me):
        return what, after, LATE
    is_extra = me.message and any(leaves for _, leaves in _newer(state, me.message))
    return what, after, EXTRA if is_extra else None


def _go(what: str, state: State, then: Worker | None) -> Move:
    return what, state if then is None else _with(state, then), None


def _sent(state: State, number: int) -> State:
    return state._replace(messages=tuple(sorted((*state.messages, number))))


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A rule that is left out, the configuration in which it is missed, and the claim."""

    text: str
    rules: Rules
    tried: Configuration
    claim: str


CONFIGURATIONS: Final = {
    "no timer, delivered twice": Configuration(doubled=1, crashes=1),
    "the timer beside it": Configuration(timers=2, doubled=1),
    "the timer, and workers die": Configuration(timers=1, crashes=2),
    "silent scans": Configuration(timers=1, silent=1, crashes=1),
    "the queue takes nothing": Configuration(timers=1, failed=2, crashes=1),
}
LARGE: Final = {
    "no timer, three scans": Configuration(doubled=1, numbers=4),
    "the timer beside three scans": Configuration(timers=1, doubled=1, numbers=4),
    "silent scans among three": Configuration(timers=1, silent=1, crashes=1, numbers=4),
}
LEFT_OUT: Final = (
    LeftOut(
        "a message is left before the lease is taken",
        Rules(leaves_first=False),
        Configuration(crashes=1, numbers=3),
        BROKEN,
    ),
    LeftOut(
        "scans are seen again once the lease was read",
        Rules(sees_again=False),
        Configuration(doubled=1, numbers=4),
        LATE,
    ),
    LeftOut(
        "a scan without a message does not end the chain",
        Rules(waits_for_silent=False),
        Configuration(silent=1, numbers=3),
        BROKEN,
    ),
    LeftOut(
        "where a scan runs, the message comes again",
        Rules(comes_again=False),
        Configuration(silent=1, numbers=4),
        BROKEN,
    ),
    LeftOut(
        "an overdue scan starts only if its message is left",
        Rules(must_leave=False),
        Configuration(failed=1, numbers=3),
        BROKEN,
    ),
    LeftOut(
        "only the message of the newest scan starts one",
        Rules(only_newest=False),
        Configuration(timers=1),
        EXTRA,
    ),
)
