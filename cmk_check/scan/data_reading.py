"""Reading where a slice's accounts keep data; failures here affect only that."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final, override

from cmk_check.core.account import Account
from cmk_check.core.aspects.aspect import Judged
from cmk_check.core.aspects.data_stores import DATA_STORES
from cmk_check.core.comparison.projects_due import are_projects_due
from cmk_check.core.comparison.updates import Known
from cmk_check.core.data_stores.account_data import AccountData, DataConcern
from cmk_check.core.data_stores.facts import DataFacts
from cmk_check.core.data_stores.judge_data import judge_data, places_in
from cmk_check.core.enums import DataReason, DataState
from cmk_check.core.model import Finding
from cmk_check.core.reasons.gap_sentences import DATA_NOT_READ, DATA_TIME_IS_UP
from cmk_check.core.unread import Unread
from cmk_check.limits import DATA_READING_SHARE
from cmk_check.ports import DataInventory
from cmk_check.scan.aspect_reader import AspectReader

type _Facts = Mapping[str, DataFacts]

_UNREAD: Final = AccountData(
    DataState.UNKNOWN, (DataConcern(DataReason.PLACES_UNREAD, detail=DATA_NOT_READ.detail),)
)


class DataReader(AspectReader[DataInventory, _Facts]):
    """Reads where accounts keep data for one slice, in less time than keys have."""

    aspect = DATA_STORES
    what = "The data stores"
    share = DATA_READING_SHARE
    nothing: _Facts = {}  # noqa: RUF012 - nobody changes it

    @override
    async def _ask(
        self,
        inventory: DataInventory,
        accounts: tuple[Account, ...],
        known: Known,
        now: datetime,
        seconds: float,
    ) -> _Facts:
        findings = [(account, known.findings.get(account.id.text)) for account in accounts]
        places = {
            account.id.text: places_in(finding.data if finding else None)
            for account, finding in findings
        }
        # A posture counts for so long after its scan that what is older would outlive that.
        reads_all = self._scan.is_partial or self._scan.reads_projects
        due = {
            account.id.text
            for account, finding in findings
            if reads_all or are_projects_due(finding, account, self._scan.started_at)
        }
        return await inventory.read(accounts, places, due, now, seconds=seconds)

    @override
    def _late(self, accounts: tuple[Account, ...]) -> _Facts:
        late = DataFacts(unread=Unread(DATA_TIME_IS_UP))
        return dict.fromkeys((account.id.text for account in accounts), late)

    @override
    def _judge(
        self, entry: Judged, before: Finding | None, facts: _Facts | None, now: datetime
    ) -> Judged:
        had, account = before.data if before else None, entry.account
        if facts is None:
            return replace(entry, data=replace(_UNREAD, told=had.told if had else ()))
        found = facts.get(account.id.text, DataFacts())
        return replace(entry, data=judge_data(account.places, found, had))
