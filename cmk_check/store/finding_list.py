"""Lists of findings, in the order of their keys, with the coverage of their subscriptions.

Reading a row into a finding costs ten times what comparing a few of its columns does. So a search
reads those columns of every row, and whole only the rows that may match.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from cmk_check.core.model import Coverage, Finding
from cmk_check.errors import RowUnusable
from cmk_check.limits import SEARCHED_AT_ONCE
from cmk_check.ports import Entity, Store, Table, TableQuery
from cmk_check.store import table_keys
from cmk_check.store.finding_filter import FindingFilter
from cmk_check.store.subscription_rows import coverage_in, finding_in, is_ours

_TABLE: Final = Table.FINDINGS
_SEARCHED: Final = ("name", "resourceGroup", "tags", "kind", "location")

type RowPosition = tuple[str, str]


@dataclass(frozen=True, slots=True)
class ListedFinding:
    """A row of a list and its position.

    ``finding`` is None if the row does not match. ``coverage`` is that of its subscription, if it
    was requested and is usable.
    """

    place: RowPosition
    finding: Finding | None = None
    coverage: Coverage | None = None


# Whether a row may match: the row with the columns above, and those of its coverage row, if read.
type MayMatch = Callable[[Entity, Mapping[str, object]], bool]


async def listed(
    store: Store, where: FindingFilter, after: RowPosition | None, *, joined: bool, at_once: int
) -> AsyncIterator[ListedFinding]:
    """Iterate over the rows of findings; see ``FindingsTable.findings``."""
    query = replace(_query(where, after, joined=joined), page=at_once)
    async for row in _read(store, query, where):
        yield row


async def searched(
    store: Store,
    where: FindingFilter,
    after: RowPosition | None,
    may_match: MayMatch,
    *,
    joined: bool,
) -> AsyncIterator[list[ListedFinding]]:
    """Iterate over the same rows, a few at a time; see ``FindingsTable.searched``."""
    query = _query(where, after, joined=joined)
    narrow = replace(query, columns=_SEARCHED, page=SEARCHED_AT_ONCE)
    before = await _coverage_before(store, query)
    coverage = {before.partition: before.values} if before else {}
    places: list[RowPosition] = []
    wanted: list[int] = []
    async for entity in store.query(_TABLE, narrow):
        if not is_ours(entity.partition):
            continue
        if entity.row == table_keys.COVERAGE:
            coverage = {entity.partition: entity.values}
        elif may_match(entity, coverage.get(entity.partition, {})):
            wanted.append(len(places))
        places.append((entity.partition, entity.row))
        if len(places) == SEARCHED_AT_ONCE:
            yield await _with_whole(store, query, where, places, wanted)
            query = replace(query, after=places[-1])
            places, wanted = [], []
    yield await _with_whole(store, query, where, places, wanted)


async def _with_whole(
    store: Store,
    query: TableQuery,
    where: FindingFilter,
    places: list[RowPosition],
    wanted: list[int],
) -> list[ListedFinding]:
    """Read whole the rows from the first wanted one to the last one."""
    whole: dict[RowPosition, ListedFinding] = {}
    if wanted:
        first, last = wanted[0], wanted[-1]
        after = places[first - 1] if first else query.after
        span = replace(query, after=after, page=last - first + 1)
        async for row in _read(store, span, where):
            whole[row.place] = row
            if row.place >= places[last]:
                break
    return [whole.get(place, ListedFinding(place)) for place in places]


async def _read(
    store: Store, query: TableQuery, where: FindingFilter
) -> AsyncIterator[ListedFinding]:
    before = await _coverage_before(store, query)
    coverages = {before.partition: usable_coverage(before)} if before else {}
    async for entity in store.query(_TABLE, query):
        if not is_ours(entity.partition):
            continue
        place = entity.partition, entity.row
        if entity.row == table_keys.COVERAGE:
            coverages = {entity.partition: usable_coverage(entity)}
            yield ListedFinding(place)
        elif entity.row.startswith(table_keys.FINDINGS_FROM):
            finding = finding_in(entity)
            admitted = finding if where.admits(finding) else None
            yield ListedFinding(place, admitted, coverages.get(entity.partition))


def _query(where: FindingFilter, after: RowPosition | None, *, joined: bool) -> TableQuery:
    return TableQuery(
        partition=table_keys.partition_of(where.subscription_id) if where.subscription_id else None,
        row_from=table_keys.COVERAGE if joined else table_keys.FINDINGS_FROM,
        row_to=table_keys.FINDINGS_TO,
        after=after,
        equals=where.equals(),
        besides=table_keys.COVERAGE if joined else "",
    )


async def _coverage_before(store: Store, query: TableQuery) -> Entity | None:
    """Read the coverage row of the subscription in which a list continues, if it shows them."""
    if not query.besides or query.after is None:
        return None
    return await store.get(_TABLE, query.after[0], table_keys.COVERAGE)


def coverage_or_why(entity: Entity) -> Coverage | RowUnusable:
    """Read a coverage row, or return why it cannot be used."""
    try:
        return coverage_in(entity)
    except RowUnusable as error:
        return error


def usable_coverage(entity: Entity) -> Coverage | None:
    """Read a coverage row, None if it cannot be used."""
    coverage = coverage_or_why(entity)
    return None if isinstance(coverage, RowUnusable) else coverage
