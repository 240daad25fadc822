"""A watch over a program in memory: what Resource Graph tells of it, and the looks at that."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from cmk_check.core.watch_state import Watch
from cmk_check.scan.watch_for_changes import WatchContext, look
from cmk_check.store.watch_table import WatchTable
from tests.fakes.changes import RecordingWatchSink, ScriptedChanges
from tests.fakes.world import World

SECOND: Final = timedelta(seconds=1)
EVERY: Final = timedelta(minutes=2)


@dataclass
class Watched:
    """A world, what Resource Graph tells of it, and the watch."""

    world: World
    graph: ScriptedChanges = field(init=False)
    sink: RecordingWatchSink = field(default_factory=RecordingWatchSink)

    def __post_init__(self) -> None:
        self.graph = ScriptedChanges(self.world.clock)

    async def look(self, after: timedelta = EVERY, *, drained: bool = True) -> list[str]:
        """Let a look happen after a pause; return which subscriptions were read because of it."""
        self.world.clock.advance(after)
        self.world.inventory.reads.clear()
        table = WatchTable(self.world.store)
        await look(WatchContext(self.world.context, self.graph, table, self.sink))
        if drained:
            await self.world.drain()
        return list(self.world.inventory.reads)

    async def state(self) -> Watch:
        """Return what the watch remembers."""
        return (await WatchTable(self.world.store).read()).value
