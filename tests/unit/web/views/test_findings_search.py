"""Finding accounts in a large list: words, locations, reasons, and a limit on rows read."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import product
from typing import Final
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmk_check.core.enums import Verdict
from cmk_check.core.resource_id import AccountId
from cmk_check.limits import ROWS_SEARCHED_PER_PAGE, SEARCHED_AT_ONCE
from cmk_check.ports import Entity, Insert, Table, TableQuery
from cmk_check.store import codec, table_keys
from cmk_check.store.findings import FindingsTable, RowPosition
from cmk_check.web.http import paging
from cmk_check.web.http.paging import decode_position
from cmk_check.web.parameters import FindingsQuery
from cmk_check.web.views.findings import FindingsView
from cmk_check.web.views.findings_search import Search
from tests.fakes.recording_store import RecordingStore
from tests.unit.core.examples import NOON
from tests.unit.web.api_kit import LAB, PORTAL, PRODUCTION, Served, coverage, finding
from tests.unit.web.asgi_client import follow, send

FINDINGS = "/api/v1/findings"


@pytest.fixture
async def estate(empty: Served) -> Served:
    """Two subscriptions with two-word names, and accounts that differ in every field."""
    mine = [
        replace(finding("Chat-Bot", group="rg-ai"), tags={"owner": "Müller & Söhne"}),
        replace(
            finding("search", Verdict.COMPLIANT, kind="AIServices", group="RG-Straße"),
            tags={"team": "x"},
        ),
        replace(finding("odd", Verdict.UNKNOWN, kind=None), location="westus2"),
    ]
    theirs = [replace(finding("lab", subscription_id=LAB), location=None, tags={})]
    await empty.put(coverage(name="Production EMEA"), mine)
    await empty.put(coverage(subscription_id=LAB, name="Lab of Chat"), theirs)
    return empty


WORDS: Final = {
    "chat": ["lab", "Chat-Bot"],
    "CHAT-B": ["Chat-Bot"],
    "rg-ai": ["lab", "Chat-Bot", "odd"],
    "strasse": ["search"],
    "emea": ["Chat-Bot", "odd", "search"],
    "MÜLLER SÖHNE": ["Chat-Bot"],
    "team": ["search"],
    "bot emea owner": ["Chat-Bot"],
    "  emea\u00a0\tteam  ": ["search"],
    "emea lab": [],
    "chat-botrg": [],
    "westeurope": [],
    "compliant": [],
    "' or PartitionKey ne '": [],
    ".*": [],
}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        *((f"q={quote(words)}", names) for words, names in WORDS.items()),
        ("q=emea&verdict=compliant", ["search"]),
        ("q=emea&reason=microsoft_managed_key", ["Chat-Bot"]),
        ("q=emea&location=West%20US%202", ["odd"]),
        (f"q=chat&subscription={LAB}", ["lab"]),
        (f"q=emea&subscription={LAB}", []),
        ("q=chat&kind=openai", ["lab", "Chat-Bot"]),
        ("location=WESTUS2", ["odd"]),
        ("location=%20west%20us%202%20", ["odd"]),
        ("location=westus", []),
        ("location=westus22", []),
        # An account without a location is in none.
        ("location=none", []),
        ("reason=microsoft_managed_key", ["lab", "Chat-Bot"]),
        ("reason=key_not_named", []),
        ("verdict=unknown", ["odd"]),
        ("kind=OpenAI", ["lab", "Chat-Bot"]),
        ("kind=AISERVICES", ["search"]),
        ("kind=unknown", ["odd"]),
        (f"subscription={LAB.upper()}", ["lab"]),
        (f"subscription={LAB}&verdict=unknown", []),
        (f"subscription={PRODUCTION}&verdict=compliant&kind=aiservices", ["search"]),
    ],
)
async def test_filters_and_words_narrow_alone_and_together(
    estate: Served, query: str, names: list[str]
) -> None:
    """People know an account by its owner or its group as often as by its name."""
    assert (await send(estate.app(), f"{FINDINGS}?{query}")).names == names


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"schema": 5}, "row_too_new"),
        ({"schema": 5, "resourceGroup": "moved"}, "row_too_new"),
        ({"tags": "{"}, "malformed"),
    ],
)
async def test_p1_no_filter_believes_a_row_that_cannot_be_trusted(
    estate: Served, values: dict[str, str | int], reason: str
) -> None:
    """Its columns claim that it is compliant, and match every filter."""
    row = table_keys.finding_row("RG-Straße", "search")
    await estate.change(Table.FINDINGS, PRODUCTION, row, **values)
    app = estate.app()

    async def found(query: str) -> bool:
        answer = await send(app, f"{FINDINGS}?{query}")
        return "search" in [name.lower() for name in answer.names]

    asked = [f"reason={reason}", "verdict=unknown", f"reason={reason}&verdict=unknown"]
    asked += [f"{query}&q=stra%C3%9Fe+emea" for query in asked]
    believed = ["verdict=compliant", "reason=customer_managed_key", "location=westeurope"]
    believed += ["q=team", *(f"{query}&q=emea" for query in believed)]
    assert [query for query in asked if not await found(query)] == []
    assert [query for query in believed if await found(query)] == []


async def _put_many(served: Served, number: int, *, subscriptions: int = 1) -> None:
    for count in range(subscriptions):
        subscription_id = f"{LAB[:-6]}{count:06}"
        await served.put(coverage(subscription_id=subscription_id))
        names = [f"a{each:05}" for each in range(number // subscriptions)]
        made = [finding(name, Verdict.COMPLIANT, subscription_id=subscription_id) for name in names]
        writes = [
            Insert(table_keys.finding_row("rg-ai", each.id.name), codec.encode_finding(each))
            for each in made
        ]
        for start in range(0, len(writes), 100):
            partition = table_keys.get_partition(subscription_id)
            await served.store.commit(Table.FINDINGS, partition, writes[start : start + 100])


class Counting(RecordingStore):
    """Counts the rows that a caller got, and the complete rows among them."""

    given = 0
    whole = 0

    async def query(self, table: Table, query: TableQuery) -> AsyncIterator[Entity]:
        """Read rows in key order."""
        async for entity in super().query(table, query):
            self.given += table is Table.FINDINGS
            self.whole += table is Table.FINDINGS and not query.columns
            yield entity


async def test_p8_a_filter_that_finds_little_reads_no_more_than_its_share() -> None:
    """One request must not read a whole company's estate, or hide matches far down the list."""
    served = Served(store := Counting())
    await _put_many(served, ROWS_SEARCHED_PER_PAGE + 10)
    await served.put(coverage(), [replace(finding("last", Verdict.UNKNOWN), location="x")])

    for query, names, share in (
        ("verdict=unknown", ["last"], 2),
        ("location=x", ["last"], 1),
        ("q=last", ["last"], 1),
        ("q=none", [], 1),
    ):
        store.given = store.whole = 0
        pages = await follow(served.app(), f"{FINDINGS}?{query}")
        assert [name for page in pages for name in page.names] == names, query
        assert len(pages) == 2
        assert store.given <= share * (len(pages) * ROWS_SEARCHED_PER_PAGE)
        # What this program compares it reads by a few columns, and whole only what matches.
        assert share == 2 or store.whole == len(names)


async def test_p8_searches_read_a_few_rows_at_once_and_rest_in_between() -> None:
    """A thousand rows at once would delay the status."""
    await _put_many(served := Served(), ROWS_SEARCHED_PER_PAGE)
    app = served.app()
    served.store.log.clear()

    one, other = await asyncio.gather(send(app, f"{FINDINGS}?q=x"), send(app, f"{FINDINGS}?q=y"))

    read = [entry.rows for entry in served.store.log if entry.name == "query"]
    assert one.names == other.names == []
    assert read == [SEARCHED_AT_ONCE] * (2 * ROWS_SEARCHED_PER_PAGE // SEARCHED_AT_ONCE)


async def test_p8_subscriptions_count_where_a_search_reads_them(empty: Served) -> None:
    """Ten thousand of them without a match are no reason to read on."""
    await _put_many(empty, 10, subscriptions=10)
    await empty.put(coverage(), [finding("bad")])
    view = FindingsView(
        FindingsTable(empty.store), empty.scans, empty.clock, ("OpenAI",), PORTAL, most_searched=4
    )
    pages, token = list[list[str]](), None

    while len(pages) < 10 and (not pages or token):
        query = FindingsQuery.model_validate(
            {"q": "rg", "verdict": "non_compliant"} | ({"skipToken": token} if token else {})
        )
        page = await view.page(query)
        pages.append([found.name for found in page.value])
        token = page.skip_token

    assert pages == [[], [], ["bad"], []]


@given(st.text('a\u00df"\\~|/\n\u00e9', max_size=4), st.text('sa"\\~|/\u00e9', max_size=3))
def test_no_row_is_passed_over_that_a_search_would_find(text: str, word: str) -> None:
    """Rows that the few columns cannot exclude are read completely, so no account is missed."""
    tagged = replace(finding("Chat"), tags={text: text}, location=text, kind=text)
    named = replace(tagged, id=AccountId(PRODUCTION, text, text, f"/{text}"), tags={})
    known = coverage(name="Lab")
    updates = [{"q": word}, {"q": text}, {"location": text}, {"location": " "}, {"kind": text}]
    for update, given_row in product(updates, (tagged, named)):
        search = Search(FindingsQuery().model_copy(update=update), NOON)
        key = table_keys.finding_row(given_row.id.resource_group, given_row.id.name)
        row = Entity(PRODUCTION, key, "", codec.encode_finding(given_row))
        for each in (given_row, codec.unusable_finding(row, given_row.id, given_row.judgement)):
            if search.finds(each, known):
                assert search.may_find(row, codec.encode_coverage(known)), update


@given(bound=st.integers(1, 9), top=st.integers(1, 4), found=st.lists(st.booleans(), max_size=12))
async def test_pages_bring_every_match_once_wherever_the_bound_falls(
    bound: int, top: int, found: list[bool]
) -> None:
    """A match that is on no page is never fixed."""

    async def rows_behind(after: RowPosition) -> AsyncIterator[tuple[RowPosition, int | None]]:
        for number, is_match in enumerate(found):
            if (place := ("p", f"{table_keys.FINDINGS_FROM}{number:02}")) > after:
                yield place, number if is_match else None

    seen = list[int]()
    behind: RowPosition | None = ("", "")
    while behind:
        page = await paging.gather(rows_behind(behind), top, bound)
        assert len(page.value) <= top
        seen += page.value
        behind = decode_position(page.skip_token, table_keys.FINDINGS_FROM)

    assert seen == [number for number, is_match in enumerate(found) if is_match]
