"""Finds the account of a name, which only one account of the estate may have."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from cmk_check.cli.console import remarks, shown
from cmk_check.cli.exit_codes import UNKNOWN, USAGE, complain
from cmk_check.cli.progress import ScanProgress, WatchedInventory, bar
from cmk_check.core.account import Reading, Subscription
from cmk_check.core.enums import Disposition
from cmk_check.core.resource_id import AccountId
from cmk_check.core.scope import Scope
from cmk_check.limits import MAX_NAMES_LISTED

if TYPE_CHECKING:
    from cmk_check.config.settings import Settings
    from cmk_check.ports import Inventory


@dataclass(frozen=True, slots=True)
class FoundAccount:
    """The id of an account, and the reading of its subscription.

    ``certain`` is False if another account of its name may be in what could not be read.
    """

    id: AccountId
    reading: Reading
    certain: bool = True


async def find_account(
    inventory: "Inventory", settings: "Settings", name: str
) -> FoundAccount | int:
    """Find the account of this name, in any case, in the subscriptions in scope.

    If there is none or more than one, say so on standard error and return the exit code.

    Raises:
        InventoryError: the subscriptions could not be listed.

    """
    tally, scope = ScanProgress(), Scope(settings.include, settings.exclude)
    with bar(remarks(color=True), tally):
        watched = WatchedInventory(inventory, scope, tally)
        readings = await _read_all(watched, settings, scope)
    unread = sum(reading.gap is not None for reading in readings)
    coverage = f"{unread} of {len(readings)} subscriptions could not be read completely"
    accounts = {each.id: each for reading in readings for each in _judged(reading)}
    named = [each for each in accounts.values() if each.id.name.lower() == name.lower()]
    if len(named) > 1:
        _complain_of_several(name, named)
        return USAGE
    found = named[0] if named else _of_other_kind(name, readings)
    if found is None:
        names = sorted({each.name for each in accounts})
        close = get_close_matches(name, names, MAX_NAMES_LISTED)
        hint = f"; similar names: {', '.join(close)}" if close else ""
        complain(shown(f"no account has the name {name}{hint}."))
        if unread:
            complain(f"{coverage}; `cmk-check scan` says why.")
        return UNKNOWN
    complain(shown(f"{name} is {found.id}"))
    if not unread:
        return found
    complain(f"{coverage}, and may have another account of this name.")
    return replace(found, certain=False)


async def _read_all(
    inventory: "Inventory", settings: "Settings", scope: Scope
) -> Sequence[Reading]:
    limit = asyncio.Semaphore(settings.max_in_flight)

    async def read(subscription: Subscription) -> Reading:
        async with limit:
            return await inventory.read(subscription, seconds=settings.subscription_timeout)

    listed = await inventory.subscriptions()
    to_read = [each for each in listed if scope.of_listed(each) is Disposition.READ]
    return await asyncio.gather(*map(read, to_read))


def _judged(reading: Reading) -> Iterator[FoundAccount]:
    return (FoundAccount(account.id, reading) for account in reading.accounts)


def _of_other_kind(name: str, readings: Sequence[Reading]) -> FoundAccount | None:
    for reading in readings:
        for text in reading.ignored_ids:
            account_id = AccountId.parse(text)
            if account_id is not None and account_id.name == name.lower():
                return FoundAccount(account_id, reading)
    return None


def _complain_of_several(name: str, found: Sequence[FoundAccount]) -> None:
    complain(shown(f"{len(found)} accounts have the name {name}; use the ARM id of one of them:"))
    listed = sorted(each.id for each in found)[:MAX_NAMES_LISTED]
    for account_id in listed:
        complain(shown(str(account_id)))
    if len(found) > len(listed):
        complain(f"and {len(found) - len(listed)} more.")
