"""Show progress: an inventory that counts a scan's readings, and a bar or lines."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from rich.console import Console

from cmk_check.cli.console import say
from cmk_check.core.account import Reading, Subscription
from cmk_check.core.enums import Disposition
from cmk_check.core.resource_id import AccountId
from cmk_check.core.scope import Scope
from cmk_check.core.text import format_count
from cmk_check.limits import PROGRESS_LINE_SECONDS, PROGRESS_LINES
from cmk_check.ports import Inventory

if TYPE_CHECKING:
    from cmk_check.evidence.download import Progress


@dataclass(slots=True)
class WatchedInventory:
    """Implements ``ports.Inventory``: counts the readings of another inventory.

    ``total`` is the number of subscriptions to read, or None until it is known. ``readings`` maps
    each subscription to its number of accounts in scope and whether it has a gap. A subscription
    that is read again counts once, with its last reading. ``ignored`` are the ids of accounts of
    other kinds. ``moved`` is called after each change.
    """

    inner: Inventory
    scope: Scope
    total: int | None = None
    readings: dict[str, tuple[int, bool]] = field(default_factory=dict)
    ignored: set[str] = field(default_factory=set)
    moved: Callable[[], object] = lambda: None

    @property
    def done(self) -> int:
        """The number of subscriptions read, including gaps."""
        return len(self.readings)

    def numbers(self) -> str:
        """Return the progress as a line."""
        if self.total is None:
            return "listing subscriptions"
        parts = [f"{self.done:,}/{self.total:,} subscriptions"]
        for what, place in ("account", 0), ("gap", 1):
            parts.append(format_count(sum(each[place] for each in self.readings.values()), what))
        return ", ".join(parts)

    async def subscriptions(self) -> tuple[Subscription, ...]:
        """List the subscriptions; see ``Inventory.subscriptions``."""
        listed = await self.inner.subscriptions()
        read = [each for each in listed if self.scope.judge_listed(each) is Disposition.READ]
        self.total = len(read)
        self.moved()
        return listed

    async def list_subscriptions_below(self, group: str) -> tuple[Subscription, ...]:
        """List a group's subscriptions; see ``Inventory.list_subscriptions_below``."""
        return await self.inner.list_subscriptions_below(group)

    async def read(
        self, subscription: Subscription, recorded: Collection[AccountId] = (), *, seconds: float
    ) -> Reading:
        """Read a subscription; see ``Inventory.read``."""
        reading = await self.inner.read(subscription, recorded, seconds=seconds)
        self.readings[subscription.id] = len(reading.accounts), reading.gap is not None
        self.ignored |= reading.ignored_ids
        self.moved()
        return reading


type Tally = WatchedInventory | Progress


@contextmanager
def bar(console: Console, tally: Tally) -> Iterator[None]:
    """Show a progress bar during the block, or a few lines if the console cannot show a bar."""
    from rich.progress import BarColumn, ProgressColumn, Task
    from rich.progress import Progress as ProgressBar
    from rich.table import Column
    from rich.text import Text

    began = console.get_time()

    def line() -> str:
        """Return the numbers, with the speed and the remaining time as far as known."""
        seconds = console.get_time() - began
        if not (tally.total and tally.done and seconds):
            return tally.numbers()
        left = timedelta(seconds=round(seconds * (tally.total - tally.done) / tally.done))
        return f"{tally.numbers()}, {tally.done / seconds:,.1f}/s, {left} left"

    if not console.is_interactive:
        tally.moved = _lines(console, tally, line)
        yield
        return

    class Numbers(ProgressColumn):
        def render(self, task: Task) -> Text:  # noqa: ARG002 - rich's form
            return Text(line())

    columns = BarColumn(bar_width=None), Numbers(Column(no_wrap=True))
    with ProgressBar(*columns, console=console, transient=True, expand=True) as progress:
        task = progress.add_task("", total=None)
        tally.moved = lambda: progress.update(task, total=tally.total, completed=tally.done)
        yield


def _lines(console: Console, tally: Tally, line: Callable[[], str]) -> Callable[[], None]:
    """Print the progress as lines, which are readable in the log of a pipeline.

    A line is printed after a tenth of the work, if some time has passed since the last line.
    """
    printed_at, printed_done = console.get_time(), 0

    def print_line() -> None:
        nonlocal printed_at, printed_done
        now = console.get_time()
        if tally.total is None or tally.done >= tally.total:
            return  # the result shows the final numbers
        is_soon = now - printed_at < PROGRESS_LINE_SECONDS
        if not is_soon and tally.done - printed_done >= tally.total / PROGRESS_LINES:
            printed_at, printed_done = now, tally.done
            say(console, f"cmk-check: {line()}")

    return print_line
