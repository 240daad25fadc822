"""The port of where accounts keep data; ``ports.py`` has all others."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from cmk_check.core.data_stores.facts import DataFacts, ProjectPlaces
from cmk_check.core.model import Account


class DataInventory(Protocol):
    """Reads where accounts keep data, for one slice.

    What accounts share is read once: each store.
    """

    async def read(
        self,
        accounts: Sequence[Account],
        known: Mapping[str, ProjectPlaces],
        due: Collection[str],
        now: datetime,
        *,
        seconds: float,
    ) -> Mapping[str, DataFacts]:
        """Read the facts of each account, by the account's lower-cased id.

        ``known`` is what projects said when they were read last, ``due`` are the ids of accounts
        whose projects are read again, as of ``now``. Failures, and what takes longer than
        ``seconds``, are ``Unread`` in the facts and never raised.
        """
        ...
