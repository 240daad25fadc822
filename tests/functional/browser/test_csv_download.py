"""The list as a file, for those who go on in a spreadsheet."""

import csv
import io
import urllib.request
from pathlib import Path

import pytest

from tests.functional.browser.conftest import World
from tests.functional.browser.page_visit import Visit
from tests.functional.browser.sample_estate import FORMULA, SCRIPT, shown

pytestmark = pytest.mark.long


def _by_the_api(world: World, query: str) -> str:
    request = urllib.request.Request(  # noqa: S310 - our own URL
        f"{world.origin}/api/v1/findings?format=csv&top=1000{query}",
        headers={"x-functions-key": world.key},
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - as above
        assert answer.headers["link"] is None
        return str(answer.read().decode("utf-8-sig"))


def _meant(cell: str) -> str:
    """Return a cell without the apostrophes that keep a spreadsheet from running it."""
    return ";".join(part.removeprefix("'") for part in cell.split(";"))


def _download(visit: Visit) -> bytes:
    with visit.page.expect_download() as started:
        visit.button("Download CSV").click()
    assert started.value.suggested_filename.endswith(".csv")
    return Path(started.value.path()).read_bytes()


def test_the_file_is_what_the_api_gives(desk: Visit, world: World) -> None:
    """One list for the meeting and another for the script would be two truths."""
    content = _download(desk)

    assert content.startswith(b"\xef\xbb\xbf")
    assert content.decode("utf-8-sig") == _by_the_api(world, "")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert [_meant(row["id"]) for row in rows] == [
        one["id"] for one in world.scene.findings().values()
    ]


def test_the_file_holds_what_the_filters_show(desk: Visit, world: World) -> None:
    """Whoever filters and downloads wants that, and not everything."""
    desk.choose("Verdict", "unknown")
    names = desk.names()

    content = _download(desk)

    assert content.decode("utf-8-sig") == _by_the_api(world, "&verdict=unknown")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert sorted(shown(_meant(row["name"])) for row in rows) == sorted(names)


def test_the_file_holds_what_the_filters_of_the_page_show(desk: Visit) -> None:
    """An owner gets the own accounts, and not those of others."""
    desk.choose("Owner", f"={FORMULA}")
    desk.choose("Verdict", "unknown")
    names = desk.names()

    content = _download(desk)

    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert {_meant(row["tags"]) for row in rows} == {f"owner={FORMULA}; team={SCRIPT}"}
    assert sorted(shown(_meant(row["name"])) for row in rows) == sorted(names) != []


def test_pages_are_joined_under_one_head(visit: Visit, world: World) -> None:
    """A head in the middle of a sheet breaks every formula below it."""
    whole = _by_the_api(world, "")
    head, _, lines = whole.partition("\r\n")
    cut = lines.index("\r\n", len(lines) // 2) + 2
    link = f'<{world.origin}/api/v1/findings?format=csv&skipToken=x>; rel="next"'
    kind = {"content-type": "text/csv; charset=utf-8"}
    pages = {
        False: (f"\ufeff{head}\r\n{lines[:cut]}", {**kind, "link": link}),
        True: (f"\ufeff{head}\r\n{lines[cut:]}", kind),
    }
    visit.sign_in()
    visit.page.route(
        "**/findings?*format=csv*",
        lambda route: route.fulfill(
            body=pages["skipToken" in route.request.url][0],
            headers=pages["skipToken" in route.request.url][1],
        ),
    )

    content = _download(visit)

    assert content.decode("utf-8-sig") == whole
