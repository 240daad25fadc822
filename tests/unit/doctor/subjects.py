"""Patients whose Azure is scripted and whose tables are in memory."""

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Self, cast, override

from cmk_check.core.account import Subscription
from cmk_check.core.cross_check import KnownAccount
from cmk_check.core.enums import GapReason
from cmk_check.doctor.examined_app import DoctorSubject
from cmk_check.doctor.results import CheckFailed, MarkedText, NotTried
from cmk_check.inventory.azure_inventory import AzureInventory
from cmk_check.ports import QueueService, Store
from cmk_check.queues.null_queues import NoQueues
from tests.fakes.changes import ScriptedChanges
from tests.fakes.exemptions import ScriptedExemptions
from tests.fakes.inventory import ScriptedInventory
from tests.fakes.keys import ScriptedKeys
from tests.fakes.recording_store import RecordingStore

AZURITE = {"CMK_STORAGE": "UseDevelopmentStorage=true"}
type Check = Callable[[DoctorSubject], Awaitable[Sequence[MarkedText]]]


class _OfItsType(dict[str, str]):
    def __missing__(self, kind: str) -> str:
        return f"of {kind}"


class ScriptedPatient(DoctorSubject):
    """A subject over ``azure``, ``behind`` its accounts and ``store``, whatever is set.

    ``accepted`` are the exemptions of its accounts, ``search`` finds what changed, ``known`` what
    accounts there are, and ``answers`` counts what Azure answered of each type.
    """

    azure: ScriptedInventory
    behind: ScriptedKeys
    accepted: ScriptedExemptions
    search: ScriptedChanges
    known: Sequence[KnownAccount]
    answers: defaultdict[str, Counter[GapReason | None]]
    store: Store

    @classmethod
    def over(
        cls,
        azure: ScriptedInventory | None = None,
        store: Store | None = None,
        environ: Mapping[str, str] = AZURITE,
    ) -> Self:
        """Lay one out."""
        subject = cls.of(environ)
        subject.azure = azure or ScriptedInventory()
        subject.behind = ScriptedKeys()
        subject.accepted = ScriptedExemptions()
        subject.known = ()
        subject.answers = defaultdict(Counter)
        subject.store = store or RecordingStore()
        return subject

    @override
    async def _open_azure(self) -> AzureInventory:
        return cast("AzureInventory", _Scripted(self))

    async def _build_storage(self) -> tuple[Store, QueueService]:
        return self.store, NoQueues()


class _Scripted:
    """What reads the Azure of a subject; each version names its type."""

    in_use: Final = _OfItsType()

    def __init__(self, subject: ScriptedPatient) -> None:
        self._azure = subject.azure
        self.keys = subject.behind.open
        self.exemptions = subject.accepted.open
        self.change_search = lambda: subject.search
        self.answers = subject.answers
        self._known = subject.known

    def __getattr__(self, name: str) -> object:
        return getattr(self._azure, name)

    def account_search(self) -> Self:
        """Return the search for accounts."""
        return self

    async def accounts(self, _subscription_ids: Sequence[str]) -> Sequence[KnownAccount]:
        """Return the known accounts."""
        return self._known

    def api_versions(self) -> Self:
        """Return the versions."""
        return self


async def told(check: Check, subject: DoctorSubject) -> list[tuple[str, str]]:
    """Return what a check says, by mark, as the runner shows it."""
    try:
        return [(mark.value, text) for mark, text in await check(subject)]
    except CheckFailed as error:
        return [("problem", str(error))]
    except NotTried as error:
        return [("skipped", str(error))]


def subscription(number: int, name: str | None = None) -> Subscription:
    """Return a subscription that is in use."""
    return Subscription(
        f"00000000-0000-4000-8000-{number:012d}", name or f"Number {number}", "t", "Enabled"
    )
