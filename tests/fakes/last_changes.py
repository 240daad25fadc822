"""A search for last changes that a test scripts."""

from dataclasses import dataclass, field

from cmk_check.core.gap import Gap
from cmk_check.ports import LastChange


@dataclass(eq=False)
class ScriptedChanges:
    """Implements ``ports.AskLastChange``; ``asked`` keeps the questions."""

    answer: LastChange | Gap | None = None
    asked: list[str] = field(default_factory=list)

    async def __call__(self, path: str) -> LastChange | Gap | None:
        """Answer as the test says."""
        self.asked.append(path)
        return self.answer


async def never_asked(path: str) -> LastChange | Gap | None:
    """Fail: only who asks for an account's last change may make the app ask Azure."""
    raise AssertionError(path)
