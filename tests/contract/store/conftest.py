"""The stores that keep the contract: the one in memory, and Azure's tables by key and by token."""

from collections.abc import AsyncIterator

import pytest

from cmk_check.ports import Store
from cmk_check.store.memory import MemoryStore
from tests.contract.store.connections import tables_by_key, tables_by_token


@pytest.fixture(
    params=["memory", "azurite_by_key", pytest.param("azurite_by_token", marks=pytest.mark.long)]
)
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    """Each store in turn, empty."""
    if request.param == "memory":
        yield MemoryStore()
    elif request.param == "azurite_by_key":
        async with tables_by_key(request.getfixturevalue("azurite").connection_string) as tables:
            yield tables
    else:
        https = request.getfixturevalue("azurite_https")
        async with tables_by_token(https.azurite.table_url, https.authority) as tables:
            yield tables
