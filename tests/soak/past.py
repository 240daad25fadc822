"""What an estate was, and until when: no answer may be newer than what it rests on.

A scan begins at the time by which its results are dated, and reads later. So what is shown as of a
time was true at that time or after it. Times are the latest that the clock had shown by then: it
may go back.
"""

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from tests.fakes.world import MovableClock
from tests.soak.truth import EXEMPTED, KEYS, Truth

_GOOD: Final = frozenset({*KEYS, *EXEMPTED, "other kind"} - {"perhaps accepted"})
_BAD_KEYS: Final = KEYS.keys() - {"compliant", "key at risk"}

type Test = Callable[["Was"], bool]


@dataclass(frozen=True, slots=True)
class Was:
    """What a subscription was for a while.

    ``is_out``: no scan that is planned then expects to read it. ``is_seen``: one that asks gets an
    answer, perhaps a part; it may have been planned before.
    """

    is_out: bool = True
    is_seen: bool = False
    is_whole: bool = True
    accounts: Mapping[str, str] = field(default_factory=dict)

    def has(self, name: str, states: AbstractSet[str]) -> bool:
        """Whether an account could be read in one of these states."""
        return self.is_seen and self.accounts.get(name) in states

    @property
    def is_good(self) -> bool:
        """Whether whoever asked would have found nothing against its verdicts."""
        is_read = self.is_seen and self.is_whole
        return self.is_out or (is_read and _GOOD.issuperset(self.accounts.values()))

    def has_good_key(self, name: str) -> bool:
        """Whether nothing spoke against the key of an account."""
        return self.is_out or self.accounts.get(name) not in _BAD_KEYS


@dataclass
class Past:
    """All that the subscriptions were, each state with the time until when it lasted."""

    clock: MovableClock
    _states: dict[str, list[tuple[datetime, Was]]] = field(default_factory=dict)
    _now: dict[str, Was] = field(default_factory=dict)

    def note(self, truth: Mapping[str, Truth], excluded: AbstractSet[str]) -> None:
        """Note what is so from now on."""
        for where, now in truth.items():
            is_out = where in excluded or now.deleted or not now.listed
            is_whole = now.pages_read is None
            was = Was(is_out, now.readable, is_whole, dict(now.accounts))
            before = self._now.get(where, Was())
            if was != before:
                self._states.setdefault(where, []).append((self.clock.latest, before))
                self._now[where] = was

    def was(self, where: str, since: datetime, test: Test) -> bool:
        """Whether it was so at a time, or at some time after it."""
        return any(test(was) for was in self._since(where, since))

    def was_good(self, where: str, since: datetime, *, keys: bool) -> bool:
        """Whether a scan that began then may have found nothing against a subscription.

        It reads accounts and keys one after the other.
        """

        def had_good(name: str) -> bool:
            return self.was(where, since, lambda was: was.has_good_key(name))

        names = self._now.get(where, Was()).accounts if keys else ()
        return self.was(where, since, lambda was: was.is_good) and all(map(had_good, names))

    def _since(self, where: str, since: datetime) -> Iterator[Was]:
        yield self._now.get(where, Was())
        for until, was in reversed(self._states.get(where, [])):
            if until < since:
                return
            yield was
