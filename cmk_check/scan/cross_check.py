"""The cross-check of a slice, which compares complete account lists with Resource Graph.

The check can only add accounts: it reads each account that a list lacks by the account's id. If
Resource Graph does not respond, the scan continues without the check.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from cmk_check.core.account import Reading
from cmk_check.core.comparison.updates import Known
from cmk_check.core.cross_check import CrossCheck, CrossCheckState, KnownAccount
from cmk_check.core.enums import Disposition
from cmk_check.core.resource_id import AccountId
from cmk_check.limits import CROSS_CHECK_AGE, CROSS_CHECKED_PER_SLICE
from cmk_check.ports import AccountSearch, InventoryError
from cmk_check.scan.claim import Claim
from cmk_check.scan.scan_context import ScanContext

_log = logging.getLogger(__name__)

type _Known = dict[str, tuple[KnownAccount, ...]]


class SliceCrossCheck:
    """Queries Resource Graph once for a slice, while its first subscriptions are read.

    ``began`` is the start of the scan. An account created shortly before the scan may be missing
    from both the list and Resource Graph, which is not a fault.
    """

    def __init__(self, search: AccountSearch, ids: Sequence[str], began: datetime) -> None:
        self._search = search
        self._ids = ids
        self._created_by = began - CROSS_CHECK_AGE
        self._asking = asyncio.Lock()
        self._answered: CrossCheckState | None = None  # None until Resource Graph was queried
        self._state: CrossCheckState | None = None  # None until a complete reading was compared
        self._known: _Known = {}
        self._left = CROSS_CHECKED_PER_SLICE
        self._differences: dict[str, int] = {}

    async def ask(self) -> None:
        """Query Resource Graph once; concurrent callers wait for the same response."""
        async with self._asking:
            if self._answered is None:
                self._answered = await self._ask()

    async def list_lacking(
        self, subscription_id: str, reading: Reading, known: Known
    ) -> tuple[AccountId, ...]:
        """Return accounts that a complete reading lacks and that must be read by id.

        The reading has already read the recorded accounts by id.
        """
        await self.ask()
        self._state = self._state or self._answered
        seen = {account.id.text for account in reading.accounts} | reading.ignored_ids
        seen |= known.findings.keys()
        missing = [one for one in self._known.get(subscription_id, ()) if one.id.text not in seen]
        old = [one.id for one in missing if one.created_at and one.created_at <= self._created_by]
        to_ask = old[: self._left]
        self._left -= len(to_ask)
        if len(to_ask) < len(old):
            self._state = CrossCheckState.PARTLY
        undated = sum(account.created_at is None for account in missing)
        self._differences[subscription_id] = undated + len(old) - len(to_ask)
        return tuple(to_ask)

    def confirm(self, subscription_id: str, lacking: Sequence[AccountId], reading: Reading) -> None:
        """Count the accounts as differences unless a ``reading`` by id confirmed them as gone."""
        if reading.gap is not None:
            listed_ids = {account.id.text for account in reading.accounts} | reading.ignored_ids
            confirmed = sum(account_id.text in listed_ids for account_id in lacking)
            self._differences[subscription_id] += confirmed or len(lacking)

    @property
    def outcome(self) -> CrossCheck | None:
        """The extent of the check; None if there was no complete reading to check."""
        if self._state is None:
            return None
        return CrossCheck(self._state, sum(self._differences.values()))

    async def _ask(self) -> CrossCheckState:
        try:
            accounts = await self._search.accounts(self._ids)
            ordered = sorted(accounts, key=lambda each: each.id)
            by_subscription = groupby(ordered, key=lambda each: each.id.subscription_id)
            self._known = {key: tuple(group) for key, group in by_subscription}
        except InventoryError as error:
            _log.warning("Resource Graph was not compared with the lists: %s", error.gap.detail)
            return CrossCheckState.NOT_CHECKED
        except Exception:  # noqa: BLE001 - a bug here must not affect verdicts
            _log.exception("Resource Graph was not compared with the lists.")
            return CrossCheckState.NOT_CHECKED
        return CrossCheckState.CHECKED


def build_cross_check(context: ScanContext, claim: Claim) -> SliceCrossCheck | None:
    """Return the cross-check for the claimed slice, or None if no list must be checked."""
    planned = claim.slice.value.subscriptions
    ids = [each.subscription.id for each in planned if each.disposition is Disposition.READ]
    # A query without subscriptions could return accounts of all subscriptions.
    if context.account_search is None or not ids:
        return None
    return SliceCrossCheck(context.account_search, ids, claim.scan.started_at)
