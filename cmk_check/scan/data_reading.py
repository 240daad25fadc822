"""Reading where a slice's accounts keep data; failures here affect only that."""

from collections.abc import Callable, Mapping
from datetime import datetime

from cmk_check.core.aspects.aspect import AllJudged
from cmk_check.core.aspects.data_stores import DATA_STORES
from cmk_check.core.comparison.judge import accounts_of, with_data
from cmk_check.core.comparison.projects_due import are_projects_due
from cmk_check.core.comparison.updates import Known
from cmk_check.core.data_stores.facts import DataFacts
from cmk_check.core.data_stores.judge import judge_data, places_in
from cmk_check.core.reasons.gap_sentences import DATA_TIME_IS_UP
from cmk_check.core.unread import Unread
from cmk_check.limits import DATA_READING_SHARE
from cmk_check.ports import DataInventory
from cmk_check.scan.scan_context import ScanOptions
from cmk_check.scan.side_reading import SideReader, judged_or_unread
from cmk_check.store.scan_rows import Scan

type Facts = Mapping[str, DataFacts]


class DataReader:
    """Reads where accounts keep data for one slice, in less time than keys have.

    It implements ``AspectReader``.
    """

    def __init__(
        self, open_stores: Callable[[], DataInventory], options: ScanOptions, scan: Scan
    ) -> None:
        self._reader = SideReader(open_stores, options, DATA_READING_SHARE)
        self._scan = scan
        # A posture counts for so long after its scan that what is older would outlive that.
        self._reads_all = scan.is_partial or scan.reads_projects

    async def read(self, judged: AllJudged, known: Known, now: datetime) -> AllJudged:
        """Read where the accounts of one subscription keep data, and judge it as of ``now``."""
        to_read = accounts_of(DATA_STORES, judged)
        if not to_read:
            return judged
        ids = [account.id.text for account in to_read]
        findings = [known.findings.get(account_id) for account_id in ids]
        before = [finding.data if finding else None for finding in findings]
        places = dict(zip(ids, map(places_in, before), strict=True))
        due = {
            account.id.text
            for account, finding in zip(to_read, findings, strict=True)
            if self._reads_all or are_projects_due(finding, account, self._scan.started_at)
        }
        late: Facts = dict.fromkeys(ids, DataFacts(unread=Unread(DATA_TIME_IS_UP)))
        facts = await self._reader.read(
            f"The data stores of {ids[0]}",
            lambda reader, seconds: reader.read(to_read, places, due, now, seconds=seconds),
            late=late,
            failed={},
        )

        def judge(read: Facts | None) -> AllJudged:
            found = {
                account.id.text: judge_data(
                    account.places, read.get(account.id.text, DataFacts()), had
                )
                for account, had in zip(to_read, before, strict=True)
                if read is not None
            }
            return with_data(judged, known.findings, found)

        return judged_or_unread(f"The data of {ids[0]}", judge, facts, None)
