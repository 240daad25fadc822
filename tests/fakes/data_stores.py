"""An inventory of data stores that tells what a test scripts."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from cmk_check.core.account import Account
from cmk_check.core.data_stores.facts import (
    AccountPlaces,
    DataFacts,
    Place,
    ProjectPlaces,
    StoreKey,
)
from cmk_check.core.enums import StoreType, StoreUsage
from cmk_check.core.unread import Absent, Unread

OWN: Final = StoreKey(own=True, address="https://kv.example.net/keys/k")
MICROSOFT: Final = StoreKey(own=False)
LOST: Final = StoreKey(own=True, is_lost=True)
WITH_PROJECTS: Final = AccountPlaces(has_projects=True)


def place(name: str, project: str = "p1") -> Place:
    """Return the place of a storage account for files."""
    store_id = f"/subscriptions/s/resourcegroups/rg/providers/x/storageaccounts/{name}"
    return Place(StoreType.STORAGE_ACCOUNT, store_id, name, StoreUsage.FILES, project)


@dataclass
class ScriptedStores:
    """Implements ``ports.DataInventory``: what projects say, and stores by their names.

    ``of`` is what the projects of an account say by its id, where that is not what all say.
    ``asked`` keeps, for each reading, which accounts were due, ``seconds`` its time.
    """

    projects: ProjectPlaces = field(default_factory=ProjectPlaces)
    stores: dict[str, StoreKey | Absent | Unread] = field(default_factory=dict)
    of: Mapping[str, ProjectPlaces] = field(default_factory=dict)
    asked: list[set[str]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    is_broken: bool = False

    def open(self) -> "ScriptedStores":
        """Return it to one who works on a slice."""
        return self

    async def read(
        self,
        accounts: Sequence[Account],
        known: Mapping[str, ProjectPlaces],
        due: Collection[str],
        now: datetime,
        *,
        seconds: float,
    ) -> Mapping[str, DataFacts]:
        """Return the scripted facts; what is not due is what is known."""
        assert accounts
        assert seconds > 0
        self.seconds.append(seconds)
        if self.is_broken:
            raise RuntimeError("a bug")
        self.asked.append(set(due))
        facts = {}
        for account_id in (each.id.text for each in accounts):
            read = account_id in due
            said = self.of.get(account_id, self.projects)
            projects = replace(said, as_of=now) if read else known[account_id]
            keys = {each.id: self.stores[each.name] for each in projects.places if each.id}
            facts[account_id] = DataFacts(projects, keys)
        return facts
