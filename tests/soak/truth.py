"""A small estate as it really is, whatever the program makes of it."""

from dataclasses import dataclass, field
from typing import Final

from cmk_check.core.model import Gap, Reading
from cmk_check.core.words import GapReason
from tests.fakes.world import bad, good, odd, sub

SUBSCRIPTIONS: Final = [sub(number) for number in range(1, 5)]
NAMES: Final = ["a", "b", "c"]
MAKERS: Final = {"compliant": good, "non_compliant": bad, "unknown": odd}
STATES: Final = [*MAKERS, "other kind"]
FORBIDDEN: Final = Gap(GapReason.FORBIDDEN, "Microsoft.CognitiveServices/accounts/read", "no right")


@dataclass
class Truth:
    """One subscription as it really is."""

    accounts: dict[str, str] = field(default_factory=dict)
    listed: bool = True
    deleted: bool = False
    readable: bool = True
    pages_read: int | None = None

    def reading(self, subscription_id: str) -> Reading:
        """Return what Azure would answer now."""
        found = [
            MAKERS[verdict](subscription_id, name)
            for name, verdict in sorted(self.accounts.items())
            if verdict in MAKERS
        ]
        ignored = [name for name, verdict in self.accounts.items() if verdict not in MAKERS]
        ids = frozenset(str(bad(subscription_id, name).id) for name in ignored)
        kinds = {"SpeechServices": len(ignored)} if ignored else {}
        if not self.readable:
            return Reading(gap=FORBIDDEN)
        if self.pages_read is not None:
            timeout = Gap(GapReason.TIMEOUT, detail="page 2 did not come")
            return Reading(tuple(found[: self.pages_read]), {}, frozenset(), timeout)
        return Reading(tuple(found), kinds, ids)

    @property
    def would_answer(self) -> bool:
        """Whether Azure would answer a scan that asks for this subscription."""
        is_there = self.listed and not self.deleted
        return is_there and self.readable and self.pages_read is None
