"""The estate as of an earlier time is as it was recorded then, or is said not to be known."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from datetime import datetime
from functools import cache
from random import Random
from typing import Any, Final, override

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmk_check.core.enums import CoverageState
from cmk_check.evidence.as_of import SubscriptionThen
from tests.soak import history as soak
from tests.soak.tally import Tally
from tests.soak.walk import step
from tests.unit.evidence import estate_kit
from tests.unit.evidence.estate_kit import Listed, Recorded


class Remembered(soak.History):
    """A history that keeps what was recorded before each scan, by time."""

    def __init__(self) -> None:
        super().__init__(Tally())
        self.times: dict[datetime, Recorded] = {}

    async def remember(self) -> None:
        """Keep what is recorded now."""
        self.times[self.world.clock.now()] = await estate_kit.recorded(self.world)

    @override
    async def scan(self, share: float = 0, *, wakes: bool = True) -> None:
        await self.remember()
        await super().scan(share, wakes=wakes)


@cache
def remembered(seed: int, steps: int = 25) -> tuple[Remembered, Listed]:
    """Run a history of so many steps; return it, and what the API lists at its end."""

    async def run() -> tuple[Remembered, Listed]:
        history, random = Remembered(), Random(seed)
        for _ in range(steps):
            await step(random, history)
        await history.settle()
        await history.remember()
        return history, await estate_kit.listed(history.world)

    return asyncio.run(run())


# In each of these a subscription has several changes. `make test-all` tries more.
SEEDS: Final = st.sampled_from([0, 1, 4, 6, 7, 31])
MORE_SEEDS: Final = range(100, 120)


def _answers(
    history: Remembered, listed: Listed
) -> Iterator[tuple[datetime, str, SubscriptionThen | None, Recorded]]:
    """Yield for each time and subscription what is rebuilt, and what was recorded at the time."""
    rebuilding = listed.history
    for time, recorded in history.times.items():
        then = {each.id: each for each in rebuilding.rebuild_at(time).subscriptions}
        for where in then.keys() | recorded.keys():
            yield time, where, then.get(where), recorded


def _is_right(where: str, then: SubscriptionThen | None, recorded: Recorded) -> bool:
    """Tell whether what is said is true; what is not said cannot be wrong."""
    coverage, accounts = recorded.get(where, (None, ()))
    if then is None:  # not recorded yet, or its first recording had not ended
        return coverage in {None, CoverageState.PENDING} and not accounts
    accounts_right = then.accounts is None or tuple(sorted(then.accounts)) == accounts
    return accounts_right and then.coverage in {None, coverage}


def _check(seed: int) -> None:
    history, listed = remembered(seed)
    for time, where, then, recorded in _answers(history, listed):
        assert _is_right(where, then, recorded), (time, then, recorded.get(where))
        assert then is None or then.accounts is not None, then
    for time in history.times:
        then_all = listed.history.rebuild_at(time)
        assert not then_all.differences or then_all.differences_explained


@settings(max_examples=12, deadline=None)
@given(SEEDS)
def test_an_earlier_time_is_as_it_was_recorded(seed: int) -> None:
    """Scans die, sleep and lose answers; accounts and subscriptions come, change and go."""
    _check(seed)


@pytest.mark.long
def test_an_earlier_time_is_as_it_was_recorded_in_more_histories() -> None:
    """The same, for what a few histories do not meet."""
    for seed in MORE_SEEDS:
        _check(seed)
        remembered.cache_clear()


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.randoms(use_true_random=False))
def test_a_missing_change_is_noticed(seed: int, random: Random) -> None:
    """Whatever is still said is true; the accounts before the change are not rebuilt."""
    history, listed = remembered(seed)
    change = random.choice(_of_subscriptions(listed))
    at = datetime.fromisoformat(change["time"])

    for time, where, then, recorded in _answers(history, listed.without(change)):
        assert _is_right(where, then, recorded)
        if change["source"].endswith(where) and time < at:
            assert then is not None
            assert then.accounts is None
            assert then.not_known


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.randoms(use_true_random=False))
def test_numbers_that_begin_again_are_noticed(seed: int, random: Random) -> None:
    """As after somebody has emptied the tables, and not the feed."""
    history, listed = remembered(seed)
    restarted = deepcopy(listed)
    source = random.choice(_of_subscriptions(restarted))["source"]
    changes = [each for each in restarted.changes if each["source"] == source]
    begin = random.randrange(1, len(changes))
    for number, change in enumerate(changes[begin:], start=1):
        change["data"]["sequence"] = number
    (row,) = [each for each in restarted.subscriptions if source.endswith(each["subscriptionId"])]
    row["sequence"] = len(changes) - begin

    for _, where, then, recorded in _answers(history, restarted):
        assert _is_right(where, then, recorded)
        if source.endswith(where):
            assert then is not None
            assert then.not_known == "the numbers of the subscription's changes restarted"


def _of_subscriptions(listed: Listed) -> list[dict[str, Any]]:
    """Return the changes of subscriptions that have several."""
    times = Counter(change["source"] for change in listed.changes)
    return [
        change
        for change in listed.changes
        if change["source"].startswith("/subscriptions/") and times[change["source"]] > 1
    ]
