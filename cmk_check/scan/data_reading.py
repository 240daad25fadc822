"""Reading where a slice's accounts keep data; failures here affect only that."""

from collections.abc import Callable, Mapping
from datetime import datetime

from cmk_check.core.comparison.data_compared import is_places_due
from cmk_check.core.comparison.judge import judged_accounts
from cmk_check.core.comparison.updates import Known
from cmk_check.core.data_stores.account_data import AccountsData
from cmk_check.core.data_stores.facts import DataFacts
from cmk_check.core.data_stores.judge import judge_data, places_in
from cmk_check.core.keys.facts import Unread
from cmk_check.core.model import Account
from cmk_check.core.reasons.gap_sentences import DATA_TIME_IS_UP
from cmk_check.limits import DATA_READING_SHARE
from cmk_check.scan.data_port import DataInventory
from cmk_check.scan.scan_context import ScanOptions
from cmk_check.scan.side_reading import SideReader, judged
from cmk_check.store.scan_rows import Scan

type Facts = Mapping[str, DataFacts]


class DataReader:
    """Reads where accounts keep data for one slice, in less time than keys have."""

    def __init__(
        self, open_stores: Callable[[], DataInventory], options: ScanOptions, scan: Scan
    ) -> None:
        self._reader = SideReader(open_stores, options, DATA_READING_SHARE)
        self._options = options
        self._scan = scan
        # A posture counts for so long after its scan that what is older would outlive that.
        self._reads_all = scan.is_partial or scan.reads_projects

    async def read(
        self, accounts: tuple[Account, ...], known: Known, now: datetime
    ) -> AccountsData:
        """Return where the accounts of one subscription keep data, as of ``now``.

        Where it could not be judged, the accounts are missing.
        """
        to_read = judged_accounts(accounts, self._options.kinds)
        if not to_read:
            return {}
        ids = [account.id.text for account in to_read]
        findings = [known.findings.get(account_id) for account_id in ids]
        before = [finding.data if finding else None for finding in findings]
        places = dict(zip(ids, map(places_in, before), strict=True))
        due = {
            account.id.text
            for account, finding in zip(to_read, findings, strict=True)
            if self._reads_all or is_places_due(finding, account, self._scan.started_at)
        }
        late: Facts = dict.fromkeys(ids, DataFacts(unread=Unread(DATA_TIME_IS_UP)))
        facts = await self._reader.read(
            f"The data stores of {ids[0]}",
            lambda reader, seconds: reader.read(to_read, places, due, now, seconds=seconds),
            late=late,
            failed={},
        )
        return judged(
            f"The data of {ids[0]}",
            lambda: {
                account.id.text: judge_data(
                    account.places, facts.get(account.id.text, DataFacts()), had
                )
                for account, had in zip(to_read, before, strict=True)
            },
        )
