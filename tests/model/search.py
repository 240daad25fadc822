"""Breadth first search through every state, so that the first way to a broken claim is a shortest.

States are told apart by a hash of 64 bits: among a million of them, two have the same one with a
probability of less than one in ten million.
"""

import time
from array import array
from collections import deque
from dataclasses import dataclass, field
from itertools import islice

from tests.model.claims import broken_at_end, broken_by
from tests.model.configurations import RULES, Configuration, Rules
from tests.model.protocol import Protocol
from tests.model.state import State, described


@dataclass(slots=True)
class Result:
    """What a search saw; ``broken`` has a shortest way, step by step, to each broken claim.

    ``seconds`` are those of the processor.
    """

    states: int = 0
    transitions: int = 0
    ends: int = 0
    seconds: float = 0
    broken: dict[str, list[str]] = field(default_factory=dict)


def search(
    configuration: Configuration, rules: Rules = RULES, *, until_broken: bool = False
) -> Result:
    """Go through all states; with ``until_broken`` to the first broken claim."""
    began, result = time.process_time(), Result()
    protocol, paths = Protocol(configuration, rules), _Paths()
    seen: set[int] = set()
    left: deque[tuple[int, State]] = deque()

    def meet(state: State, parent: int, ordinal: int) -> None:
        digest = hash(state)
        if digest not in seen:
            seen.add(digest)
            left.append((paths.add(parent, ordinal), state))

    for ordinal, state in enumerate(protocol.starts()):
        meet(state, -1, ordinal)
    while left and not (until_broken and result.broken):
        index, state = left.popleft()
        moves, is_end = protocol.moves(state)
        if is_end:
            result.ends += 1
            if (claim := broken_at_end(protocol, state)) and claim not in result.broken:
                result.broken[claim] = paths.told(protocol, index)
        for ordinal, (_, _, after) in enumerate(moves):
            if (claim := broken_by(protocol, state, after)) is None:
                meet(after, index, ordinal)
            elif claim not in result.broken:
                result.broken[claim] = paths.told(protocol, index, ordinal)
        result.transitions += len(moves)
    result.states, result.seconds = len(seen), time.process_time() - began
    return result


class _Paths:
    """How each state was met first: from which one, by which of its moves."""

    def __init__(self) -> None:
        self._parents = array("q")
        self._ordinals = array("H")

    def add(self, parent: int, ordinal: int) -> int:
        self._parents.append(parent)
        self._ordinals.append(ordinal)
        return len(self._parents) - 1

    def told(self, protocol: Protocol, index: int, *last: int) -> list[str]:
        """Walk to a state again, and tell each step with rows and status after it."""
        ordinals = list(last)
        while index >= 0:
            ordinals.insert(0, self._ordinals[index])
            index = self._parents[index]
        state = next(islice(protocol.starts(), ordinals[0], None))
        truth = ", ".join(finding.name.lower() for finding in state.truth)
        lines = [f"in Azure: {truth} {described(state)}"]
        for ordinal in ordinals[1:]:
            who, what, after = protocol.moves(state)[0][ordinal]
            name = f"worker {who.scan}.{who.subscription}#{who.delivery} " if who else ""
            seen = described(after)
            lines.append(name + what + (f" {seen}" if seen != described(state) else ""))
            state = after
        return lines
