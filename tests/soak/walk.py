"""A history by its seed: the same seed, the same history."""

import asyncio
from collections.abc import Sequence
from random import Random

from tests.fakes.faults import Fault
from tests.soak.history import GRAPH, TROUBLE, History
from tests.soak.tally import Tally
from tests.soak.truth import NAMES, STATES, SUBSCRIPTIONS, Truth

STEPS = 25
SHARES = [0.03, 0.1, 0.2]
FACTS = ["readable", "listed", "deleted"]


def walk(seed: int, tally: Tally) -> None:
    """Run a history of so many steps, and compare everything at its end.

    Raises:
        AssertionError: something does not hold.

    """
    history = History(tally)
    asyncio.run(_walk(Random(seed), history))


async def _walk(random: Random, history: History) -> None:
    for _ in range(STEPS):
        await step(random, history)
        await history.checks.green()
        await history.api.check()
    await history.settle()


async def step(random: Random, history: History) -> None:
    """Scan, disturb a scan, or change something."""
    match random.randrange(15):
        case 0 | 1:
            await history.scan()
        case 2 | 3:
            await _troubled(random, history, random.choice(TROUBLE))
        case 4:
            await _is_overtaken(random, history)
        case 5:
            history.list_fails = not history.list_fails
        case _:
            _change(random, history)


async def _troubled(
    random: Random, history: History, faults: Sequence[Fault], *, wakes: bool = True
) -> None:
    """Scan while the estate changes and a share of all storage operations goes wrong."""
    history.seed(random.getrandbits(32))
    history.trouble = faults
    await history.scan(random.choice(SHARES), wakes=wakes)


def _change(random: Random, history: History) -> None:
    where, name = random.choice(SUBSCRIPTIONS), random.choice(NAMES)
    match random.randrange(10):
        case 0:
            history.account_becomes(where, name, None)
        case 1 | 2 | 3 as fact:
            history.turns(where, FACTS[fact - 1])
        case 4:
            truth = history.truth.setdefault(where, Truth())
            truth.pages_read = random.choice([0, 1, 2, None, None, None])
        case 5:
            history.excluded ^= {where}
        case 6:
            history.graph_shows = random.choice(list(GRAPH))
        case 7:
            history.exemptions_hide = not history.exemptions_hide
        case _:
            history.account_becomes(where, name, random.choice(STATES))


async def _is_overtaken(random: Random, history: History) -> None:
    """Change an account, let workers fall asleep over it, change it back, scan, wake them.

    The scan finds what stands already and writes nothing, so that no row shows who was overtaken.
    """
    where, name = random.choice(list(history.truth)), random.choice(NAMES)
    await history.scan()
    await history.wake_all()
    before = history.truth[where].accounts.get(name)
    history.account_becomes(where, name, random.choice(STATES))
    await _troubled(random, history, [Fault.SLEEP], wakes=False)
    history.account_becomes(where, name, before)
    await history.scan(wakes=False)
    await history.wake_all()
