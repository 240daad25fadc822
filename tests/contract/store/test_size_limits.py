"""Every limit at its edge and behind it: what is let through must be taken by the storage."""

from collections.abc import Sequence

import pytest

from cmk_check.limits import MAX_ENTITY_BYTES, MAX_STRING_UNITS
from cmk_check.ports import Delete, Insert, LimitExceeded, Replace, Store, Table, TableQuery, Write

TABLE = Table.FINDINGS
LONGEST = "s" * MAX_STRING_UNITS
# 15 strings of 64 KiB, and one that fills what is left of 1 MiB behind keys of one character.
_FILLED = {f"p{n:02}": LONGEST for n in range(15)}
_TAKEN = 4 + 2 * 2 + 34 + 15 * (8 + 2 * 3 + 4 + 2 * MAX_STRING_UNITS) + (8 + 2 * 3 + 4)
ROOM = (MAX_ENTITY_BYTES - _TAKEN) // 2

AT_THE_EDGE: dict[str, list[Write]] = {
    "a row key of 512": [Insert("k" * 512, {})],
    "a string of 32,768": [Insert("r", {"text": LONGEST})],
    "a string of 16,384 pairs": [Insert("r", {"text": "😀" * 16_384})],
    "252 properties": [Insert("r", {f"p{n}": n for n in range(252)})],
    "a name of 255": [Insert("r", {"n" * 255: 1})],
    "64 bits": [Insert("r", {"high": 2**63 - 1, "low": -(2**63)})],
    "1 MiB": [Insert("r", {**_FILLED, "p15": "s" * ROOM})],
    "100 writes": [Insert(f"{n}", {}) for n in range(100)],
    "4 MiB": [Insert(f"{n}", {"a": LONGEST, "b": LONGEST}) for n in range(56)],
    "4 MiB of what JSON escapes": [Insert(f"{n}", {"a": "\u05d0" * 32_768}) for n in range(20)],
}
BEHIND: dict[str, tuple[Sequence[Write], str]] = {
    "no write": ([], "1 to 100"),
    "101 writes": ([Insert(f"{n}", {}) for n in range(101)], "101 writes"),
    "a row twice": ([Insert("r", {}), Delete("r", "e")], "'r' must occur once"),
    "a row key of 513": ([Insert("k" * 513, {})], "513 UTF-16 units"),
    "a row key of 257 pairs": ([Insert("😀" * 257, {})], "514 UTF-16 units"),
    "a row key with a slash": ([Insert("a/b", {})], "'a/b'"),
    "a row key with a control character": ([Replace("a\x1fb", {}, "e")], r"'a\\x1fb'"),
    "a row key to delete": ([Delete("a#b", "e")], "'a#b'"),
    "a string of 32,769": ([Insert("r", {"text": LONGEST + "s"})], "'r': text has 32769"),
    "a string of 16,385 pairs": ([Insert("r", {"text": "😀" * 16_385})], "text has 32770"),
    "one of two rows": ([Insert("good", {}), Insert("bad", {"text": LONGEST + "s"})], "'bad'"),
    "half of a pair": ([Insert("r", {"text": "\ud83d"})], "'r': text contains half"),
    "253 properties": ([Insert("r", {f"p{n}": n for n in range(253)})], "'r': 253 properties"),
    "a name of 256": ([Insert("r", {"n" * 256: 1})], "256 characters"),
    "a name with a hyphen": ([Insert("r", {"a-b": 1})], "'a-b' must be a valid property name"),
    "a name that starts with a digit": (
        [Insert("r", {"1st": 1})],
        "'1st' must be a valid property name",
    ),
    "a name of the service's": (
        [Insert("r", {"Timestamp": 1})],
        "'Timestamp' must be a valid property name",
    ),
    "more than 64 bits": ([Insert("r", {"n": 2**63})], "number in n"),
    "less than 64 bits": ([Insert("r", {"n": -(2**63) - 1})], "number in n"),
    "1 MiB and one character": (
        [Insert("r", {**_FILLED, "p15": "s" * (ROOM + 1)})],
        "'r': 1048578 bytes",
    ),
    "more than 4 MiB": (
        [Insert(f"{n}", {"a": LONGEST, "b": LONGEST}) for n in range(57)],
        "begins with row '0'",
    ),
    "more than 4 MiB of what JSON escapes": (
        [Insert(f"{n}", {"a": "\u05d0" * 32_768}) for n in range(21)],
        "begins with row '0'",
    ),
}


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
@pytest.mark.parametrize("writes", AT_THE_EDGE.values(), ids=AT_THE_EDGE)
async def test_what_is_within_the_limits_is_stored(store: Store, writes: list[Write]) -> None:
    """A limit set too low would lose findings that the service would take."""
    await store.commit(TABLE, "p", writes)

    rows = {entity.row: entity.values async for entity in store.query(TABLE, TableQuery())}
    assert rows == {write.row: write.values for write in writes if isinstance(write, Insert)}


@pytest.mark.parametrize(("writes", "said"), BEHIND.values(), ids=BEHIND)
async def test_what_is_not_is_refused_by_name_and_nothing_is_written(
    store: Store, writes: Sequence[Write], said: str
) -> None:
    """Azurite takes some of these; the real service, which takes none, must not say so first."""
    with pytest.raises(LimitExceeded, match=said):
        await store.commit(TABLE, "p", writes)

    assert [entity async for entity in store.query(TABLE, TableQuery())] == []


@pytest.mark.parametrize("partition", ["a/b", "p" * 513, "a\x7f", "50%"])
async def test_a_partition_key_is_checked_as_well(store: Store, partition: str) -> None:
    """A subscription id is text from Azure like any other."""
    with pytest.raises(LimitExceeded, match="partition"):
        await store.commit(TABLE, partition, [Insert("r", {})])
