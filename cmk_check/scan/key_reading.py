"""Reading the keys of a slice's accounts; failures here affect only the health of keys."""

from collections.abc import Mapping
from datetime import datetime
from typing import override

from cmk_check.core.account import Account
from cmk_check.core.aspects.aspect import Judged
from cmk_check.core.aspects.key_health import KEY_HEALTH
from cmk_check.core.comparison.carried_scopes import carried_scopes
from cmk_check.core.comparison.judge_accounts import known_vaults, unread, with_key
from cmk_check.core.comparison.updates import Known
from cmk_check.core.keys.facts import KeyFacts
from cmk_check.core.model import Finding
from cmk_check.core.reasons.gap_sentences import KEY_TIME_IS_UP
from cmk_check.ports import KeyInventory
from cmk_check.scan.aspect_reader import AspectReader

type _Keys = Mapping[str, KeyFacts]


class KeyReader(AspectReader[KeyInventory, _Keys]):
    """Reads the keys of the compliant accounts for one slice."""

    aspect = KEY_HEALTH
    what = "The keys"
    nothing: _Keys = {}  # noqa: RUF012 - nobody changes it

    @override
    async def _ask(
        self,
        inventory: KeyInventory,
        accounts: tuple[Account, ...],
        known: Known,
        now: datetime,
        seconds: float,
    ) -> _Keys:
        vaults = known_vaults(known.findings, accounts)
        scan = self._scan
        scopes = carried_scopes(known, accounts, scan.daily_until, scan.started_at)
        return await inventory.read(accounts, vaults, scopes, seconds=seconds)

    @override
    def _late(self, accounts: tuple[Account, ...]) -> _Keys:
        return {str(account.id): unread(KEY_TIME_IS_UP) for account in accounts}

    @override
    def _judge(
        self, entry: Judged, before: Finding | None, facts: _Keys | None, now: datetime
    ) -> Judged:
        return with_key(entry, before, (facts or {}).get(str(entry.account.id)), now)
