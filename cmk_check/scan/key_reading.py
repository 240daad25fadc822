"""Reading the keys of a slice's accounts; failures here affect only the health of keys."""

from collections.abc import Callable
from datetime import datetime

from cmk_check.core.aspects.aspect import AllJudged
from cmk_check.core.aspects.key_health import KEY_HEALTH
from cmk_check.core.comparison.carried_scopes import carried_scopes
from cmk_check.core.comparison.judge import Keys, accounts_of, known_vaults, unread, with_keys
from cmk_check.core.comparison.updates import Known
from cmk_check.core.reasons.gap_sentences import KEY_TIME_IS_UP
from cmk_check.ports import KeyInventory
from cmk_check.scan.scan_context import ScanOptions
from cmk_check.scan.side_reading import SideReader, judged_or_unread
from cmk_check.store.scan_rows import Scan


class KeyReader:
    """Reads keys for one slice; implements ``AspectReader``."""

    def __init__(
        self, open_keys: Callable[[], KeyInventory], options: ScanOptions, scan: Scan
    ) -> None:
        self._reader = SideReader(open_keys, options)
        self._scan = scan

    async def read(self, judged: AllJudged, known: Known, now: datetime) -> AllJudged:
        """Read the keys of the compliant accounts, and judge them."""
        to_read = accounts_of(KEY_HEALTH, judged)
        if not to_read:
            return judged
        vaults = known_vaults(known.findings, to_read)
        scan, what = self._scan, f"The keys of {to_read[0].id}"
        scopes = carried_scopes(known, to_read, scan.daily_until, scan.started_at)
        nothing: Keys = {}
        facts = await self._reader.read(
            what,
            lambda reader, seconds: reader.read(to_read, vaults, scopes, seconds=seconds),
            late={str(account.id): unread(KEY_TIME_IS_UP) for account in to_read},
            failed=nothing,
        )
        return judged_or_unread(
            what, lambda keys: with_keys(judged, known.findings, keys, now), facts, nothing
        )
