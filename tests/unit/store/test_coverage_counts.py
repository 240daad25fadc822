"""Counts in coverage rows: what the app writes is read back, and what contradicts itself is not."""

import json
from collections.abc import Callable
from typing import Any, Final

import pytest

from cmk_check.core.account import Subscription
from cmk_check.core.enums import CoverageState
from cmk_check.core.model import AccountCounts, Coverage, VerdictCounts
from cmk_check.store import codec
from cmk_check.store.codec import RowUnusable
from tests.unit.store.rows_kit import NOON, SUBSCRIPTION, entity

_MIXED: Final = AccountCounts(
    {"OpenAI": VerdictCounts(1, 2, 1)},
    {"customer_managed_key": 1, "key_not_named": 2, "malformed": 1},
    {"Face": 3},
    1,
    {"broken": 1},
    ((NOON, 1),),
    2,
    ("aa", "bb"),
)


def _read(coverage: Coverage, counts: str | None = None) -> Coverage:
    values = codec.encode_coverage(coverage)
    return codec.decode_coverage(
        entity(values if counts is None else values | {"accounts": counts})
    )


_TAMPERED: Final[dict[str, Callable[[dict[str, Any]], Any]]] = {
    "an unknown below zero": lambda row: row["by_kind"]["OpenAI"].update(unknown=-1),
    "a violation moved elsewhere": lambda row: row["by_kind"].update(
        AIServices={"compliant": 3, "non_compliant": -2}
    ),
    "a violation left out": lambda row: row["by_kind"]["OpenAI"].update(non_compliant=1),
    "no kind": lambda row: row.pop("by_kind"),
    "no reason": lambda row: row.pop("by_reason"),
    "nothing": lambda row: row.clear(),
    "a reason below zero": lambda row: row["by_reason"].update(malformed=-1, key_not_named=4),
    "one reason too few": lambda row: row["by_reason"].pop("malformed"),
    "one reason too many": lambda row: row["by_reason"].update(malformed=2),
    "more keys than compliant accounts": lambda row: row["by_key_health"].update(healthy=1),
    "an exception below zero": lambda row: row["excepted"][0].__setitem__(1, -1),
    "unread below zero": lambda row: row.update(unread=-1),
    "unread below zero, as a text": lambda row: row.update(unread="-1"),
    "other kinds below zero": lambda row: row["ignored_by_kind"].update(Face=-3),
}


@pytest.mark.parametrize("tamper", _TAMPERED.values(), ids=_TAMPERED)
def test_counts_that_contradict_themselves_break_their_row(
    tamper: Callable[[dict[str, Any]], Any],
) -> None:
    """In the sum of the estate they would make up for the violations of another subscription."""
    coverage = Coverage(
        Subscription(SUBSCRIPTION), CoverageState.READ, NOON, accounts=_MIXED, sequence=1
    )
    assert _read(coverage) == coverage
    counts = json.loads(str(codec.encode_coverage(coverage)["accounts"]))

    tamper(counts)

    with pytest.raises(RowUnusable, match=r"accounts .*; the next scan rebuilds the row"):
        _read(coverage, json.dumps(counts))


def test_a_row_of_the_first_version_is_read() -> None:
    """What later versions added is absent from it, and no upgrade makes gaps."""
    counts = {
        "by_kind": {"OpenAI": {"compliant": 1, "non_compliant": 0, "unknown": 1}},
        "by_reason": {"customer_managed_key": 1, "malformed": 1},
        "ignored_by_kind": {"Face": 3},
        "unread": 1,
    }
    coverage = Coverage(Subscription(SUBSCRIPTION), CoverageState.READ, NOON)

    assert _read(coverage, json.dumps(counts)).accounts == AccountCounts(
        {"OpenAI": VerdictCounts(1, 0, 1)},
        {"customer_managed_key": 1, "malformed": 1},
        {"Face": 3},
        1,
    )
