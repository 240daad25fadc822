"""Patients whose Azure is scripted and whose tables are in memory."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Self, override

from cmk_check.core.account import Subscription
from cmk_check.doctor.examined_app import DoctorSubject
from cmk_check.doctor.results import CheckFailed, MarkedText, NotTried
from cmk_check.ports import (
    DataInventory,
    ExemptionInventory,
    Inventory,
    KeyInventory,
    QueueService,
    Store,
)
from cmk_check.queues.null_queues import NoQueues
from tests.fakes.data_stores import ScriptedStores
from tests.fakes.exemptions import ScriptedExemptions
from tests.fakes.inventory import ScriptedInventory
from tests.fakes.keys import ScriptedKeys
from tests.fakes.recording_store import RecordingStore

AZURITE = {"CMK_STORAGE": "UseDevelopmentStorage=true"}
type Check = Callable[[DoctorSubject], Awaitable[Sequence[MarkedText]]]


class ScriptedPatient(DoctorSubject):
    """A subject over ``azure``, ``behind`` its accounts and ``store``, whatever is set.

    ``accepted`` are the exemptions of its accounts, ``stored`` is where they keep data.
    """

    azure: ScriptedInventory
    behind: ScriptedKeys
    accepted: ScriptedExemptions
    stored: ScriptedStores
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
        subject.stored = ScriptedStores()
        subject.store = store or RecordingStore()
        return subject

    async def api_version(self, kind: str) -> str:
        """Return a version that names its type."""
        return f"of {kind}"

    @override
    async def inventory(self) -> Inventory:
        return self.azure

    @override
    async def keys(self) -> KeyInventory:
        return self.behind.open()

    @override
    async def exemptions(self) -> ExemptionInventory:
        return self.accepted.open()

    @override
    async def data_stores(self) -> DataInventory:
        return self.stored.open()

    async def _build_storage(self) -> tuple[Store, QueueService]:
        return self.store, NoQueues()


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
