"""The check of data stores: whether what a few accounts name as stores can be read."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from cmk_check.core.aspects.aspect import AllJudged
from cmk_check.core.aspects.data_stores import DATA_STORES
from cmk_check.core.comparison.judge import accounts_of
from cmk_check.core.data_enums import StoreType
from cmk_check.core.data_stores.judge import stores_of
from cmk_check.doctor.examined_app import DoctorSubject
from cmk_check.doctor.results import MarkedText, NotTried
from cmk_check.doctor.sampled_readings import came_of
from cmk_check.inventory.api_versions import PROJECTS
from cmk_check.inventory.gaps import READ_PROJECTS, READ_STORES
from cmk_check.limits import DOCTOR_SAMPLE_SECONDS, DOCTOR_SAMPLED

_NAMES: Final = {
    StoreType.STORAGE_ACCOUNT: "Storage accounts",
    StoreType.COSMOS_DB: "Cosmos DB accounts",
    StoreType.SEARCH_SERVICE: "search services",
    StoreType.ML_WORKSPACE: "Machine Learning workspaces",
}


def sample(subject: DoctorSubject, judged: AllJudged) -> None:
    """Remember a few accounts that have projects or name stores themselves."""
    for account in accounts_of(DATA_STORES, judged):
        names_some = account.places.has_projects or account.places.places
        if names_some and len(subject.with_data) < DOCTOR_SAMPLED:
            subject.with_data.append(account)


async def data_stores(subject: DoctorSubject) -> Sequence[MarkedText]:
    """Read the projects of a few accounts, what they name, and these stores, as a scan does."""
    if not subject.settings.data_stores:
        return []
    accounts = tuple(subject.with_data)
    if not accounts:
        raise NotTried("No account that could be read has projects or names a store.")
    inventory = await subject.data_stores()
    ids = {account.id.text for account in accounts}
    facts = await inventory.read(
        accounts, {}, ids, datetime.now(UTC), seconds=DOCTOR_SAMPLE_SECONDS
    )
    projects: dict[str, object] = {}
    stores: dict[StoreType, dict[str, object]] = {kind: {} for kind in StoreType}
    for account in accounts:
        read = facts[account.id.text]
        if read.projects is not None:
            projects[account.id.name] = read.projects.unread
        for kind, store_id, *_ in stores_of(account.places, read.projects)[0]:
            if store_id in read.stores:
                stores[kind][store_id] = read.stores[store_id]
    results = await came_of(
        subject, READ_PROJECTS, PROJECTS, "sampled accounts with projects", projects
    )
    for kind, found in stores.items():
        action = READ_STORES[kind]
        type_ = action.removesuffix("/read").lower()
        results += await came_of(subject, action, type_, f"{_NAMES[kind]} of theirs", found)
    return results
