"""A small estate as it really is, whatever the program makes of it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cmk_check.core.account import Reading
from cmk_check.core.enums import ExceptionReason, GapReason
from cmk_check.core.exceptions.account_exception import AccountException
from cmk_check.core.exceptions.facts import Assignment, Exemption, ExemptionFacts
from cmk_check.core.exceptions.judge_exception import CMK_POLICY
from cmk_check.core.gap import Gap
from cmk_check.core.keys.facts import KeyFacts
from cmk_check.core.resource_id import account_path
from cmk_check.core.unread import Unread
from tests.fakes.exemptions import ASSIGNMENT, CORP
from tests.fakes.keys import DISABLED, EXPIRED, HEALTHY, UNPROTECTED, UNREAD
from tests.fakes.world import BEGINNING, bad, good, odd, sub

SUBSCRIPTIONS: Final = [sub(number) for number in range(1, 5)]
NAMES: Final = ["a", "b", "c"]
# What a compliant account may be: what is read of its key, and what its health is.
KEYS: Final = {
    "compliant": (HEALTHY, "healthy"),
    "key at risk": (UNPROTECTED, "at_risk"),
    "key broken": (DISABLED, "broken"),
    "key broken otherwise": (EXPIRED, "broken"),
    "key unread": (UNREAD, "unknown"),
}
# A violation that an exemption accepts until then, if what the exemption rests on can be read.
EXEMPTED: Final = {
    "accepted": BEGINNING + timedelta(days=100),
    "accepted for hours": BEGINNING + timedelta(hours=8),
    "perhaps accepted": BEGINNING + timedelta(days=100),
}
_UNREAD: Final = f"{ASSIGNMENT}-unread"
MAKERS: Final = {
    "non_compliant": bad,
    "unknown": odd,
    **dict.fromkeys(KEYS, good),
    **dict.fromkeys(EXEMPTED, bad),
}
STATES: Final = [*MAKERS, "other kind"]
FORBIDDEN: Final = Gap(GapReason.FORBIDDEN, "Microsoft.CognitiveServices/accounts/read", "no right")


def found_as(state: str, now: datetime) -> tuple[str, str | None, bool]:
    """Return what an account of this state must get: verdict, key health, honoured exception."""
    if state in EXEMPTED:
        return "non_compliant", None, state != "perhaps accepted" and now < EXEMPTED[state]
    return ("compliant", KEYS[state][1], False) if state in KEYS else (state, None, False)


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

    def keys(self, subscription_id: str) -> dict[str, KeyFacts]:
        """Return what Azure would say of the keys now, by account id."""
        return {
            str(good(subscription_id, name).id): KEYS[state][0]
            for name, state in self.accounts.items()
            if state in KEYS
        }

    def exemptions(self, subscription_id: str) -> ExemptionFacts:
        """Return what Azure would say of exemptions now."""
        found = [
            Exemption(
                scope,
                _UNREAD if state == "perhaps accepted" else ASSIGNMENT,
                AccountException(
                    ExceptionReason.MALFORMED_EXEMPTION,
                    f"{scope}/providers/microsoft.authorization/policyexemptions/one",
                    expires_on=EXEMPTED[state],
                ),
            )
            for name, state in self.accounts.items()
            if state in EXEMPTED
            for scope in [account_path(bad(subscription_id, name).id)]
        ]
        assigned = Assignment(CORP, CMK_POLICY)
        return ExemptionFacts(tuple(found), {ASSIGNMENT: assigned, _UNREAD: Unread(FORBIDDEN)})

    @property
    def would_answer(self) -> bool:
        """Whether Azure would answer a scan that asks for this subscription."""
        is_there = self.listed and not self.deleted
        return is_there and self.readable and self.pages_read is None
