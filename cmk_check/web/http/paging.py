"""Pages of a list whose filters run partly in this program: bounded work, and no row skipped.

A filter that matches nothing would read the whole table in one request. Therefore a page may end
early, even empty, and still have a next link: clients follow the links until there are none.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from cmk_check.limits import ROWS_EXAMINED_PER_PAGE
from cmk_check.store.findings import RowPosition
from cmk_check.web.http.skip_tokens import skip_token_of


@dataclass(frozen=True, slots=True)
class Page[T]:
    """A page of a list and the token of the next page, if any."""

    value: list[T]
    skip_token: str | None


async def gather[T](
    rows: AsyncIterator[tuple[RowPosition, T | None]], top: int, most: int = ROWS_EXAMINED_PER_PAGE
) -> Page[T]:
    """Take up to ``top`` matches out of ``most`` rows; a row that does not match comes as None."""
    value: list[T] = []
    last: RowPosition | None = None
    examined = 0
    async for place, match in rows:
        examined += 1
        if match is not None and len(value) == top:
            # One more than the page holds: there is another page.
            return Page(value, last and skip_token_of(last))
        if match is not None:
            value.append(match)
            last = place
        if examined == most:
            return Page(value, skip_token_of(place))
    return Page(value, None)
