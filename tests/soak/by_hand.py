"""A person writes into the table what makes a subscription look better than it is."""

import json
from contextlib import suppress
from random import Random
from typing import Any, Final

from cmk_check.core.model import Coverage
from cmk_check.errors import CmkCheckError
from cmk_check.ports import Delete, Replace, Store, Table, Write
from cmk_check.store import table_keys
from cmk_check.store.findings import FindingsTable

_WORST: Final = [("by_key_health", "broken"), ("by_data_state", "microsoft_keys")]


async def falsify(store: Store, random: Random) -> None:
    """Delete the rows of all subscriptions that are not good, or falsify their counts."""
    listed = FindingsTable(store).coverages(None, None)
    bad = [
        where
        async for (where, _), row in listed
        if isinstance(row, Coverage) and row.accounts.compliant < row.accounts.total
    ]
    for where in bad:
        row = await store.get(Table.FINDINGS, where, table_keys.COVERAGE)
        assert row is not None
        counts = _falsified(json.loads(str(row.values["accounts"])), random)
        write: Write = Delete(row.row, row.etag)
        if counts is not None:
            values = {**row.values, "accounts": json.dumps(counts)}
            write = Replace(row.row, values, row.etag)
        with suppress(CmkCheckError):
            await store.commit(Table.FINDINGS, where, [write])


def _falsified(counts: dict[str, Any], random: Random) -> dict[str, Any] | None:
    """Make counts that are negative, missing, or contradict each other; None for no row."""
    match random.randrange(5):
        case 0:
            return None
        case 1:
            return {}
        case 2:
            left_out = random.choice(["by_kind", "by_reason"])
            return {name: value for name, value in counts.items() if name != left_out}
        case 3:
            few = {"non_compliant": 0, "unknown": random.choice([0, -1])}
            kinds = counts["by_kind"].items()
            return {**counts, "by_kind": {kind: {**had, **few} for kind, had in kinds}}
    name, state = random.choice(_WORST)
    return {**counts, name: {**counts[name], state: -1}}
