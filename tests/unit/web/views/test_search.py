"""One's way in a large list: words, places, reasons, and a bound on what a request reads."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import product
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmk_check.core.enums import Reason, Verdict
from cmk_check.core.resource_id import AccountId
from cmk_check.limits import ROWS_SEARCHED_PER_PAGE, SEARCHED_AT_ONCE
from cmk_check.ports import Entity, Insert, Replace, Table, TableQuery
from cmk_check.store import codec, table_keys
from cmk_check.store.findings import FindingsTable, RowPosition
from cmk_check.web.http import paging
from cmk_check.web.http.paging import position_of
from cmk_check.web.parameters import FindingsQuery
from cmk_check.web.views.findings import FindingsView
from cmk_check.web.views.search import Search
from tests.fakes.recording_store import RecordingStore
from tests.unit.web.api_kit import LAB, PORTAL, PRODUCTION, Served, coverage, finding
from tests.unit.web.asgi_client import Answer, send

FINDINGS = "/api/v1/findings"


@pytest.fixture
async def estate(empty: Served) -> Served:
    """Two subscriptions with names of two words, and accounts told apart by every field."""
    mine = [
        replace(finding("Chat-Bot", group="rg-ai"), tags={"owner": "Müller & Söhne"}),
        replace(finding("search", Verdict.COMPLIANT, group="RG-Straße"), tags={"team": "x"}),
        replace(finding("odd", Verdict.UNKNOWN), location="westus2"),
    ]
    theirs = [replace(finding("lab", subscription_id=LAB), location=None, tags={})]
    await empty.put(coverage(name="Production EMEA"), mine)
    await empty.put(coverage(subscription_id=LAB, name="Lab of Chat"), theirs)
    return empty


def _names(answer: Answer) -> list[str]:
    assert answer.status == 200, answer.json
    return [entry["name"] for entry in answer.json["value"]]


@pytest.mark.parametrize(
    ("q", "names"),
    [
        ("chat", ["lab", "Chat-Bot"]),
        ("CHAT-B", ["Chat-Bot"]),
        ("rg-ai", ["lab", "Chat-Bot", "odd"]),
        ("strasse", ["search"]),
        ("emea", ["Chat-Bot", "odd", "search"]),
        ("müller", ["Chat-Bot"]),
        ("MÜLLER SÖHNE", ["Chat-Bot"]),
        ("team", ["search"]),
        ("emea owner bot", ["Chat-Bot"]),
        ("bot emea", ["Chat-Bot"]),
        ("  emea\u00a0\tteam  ", ["search"]),
        ("emea lab", []),
        ("chat-botrg", []),
        ("westeurope", []),
        ("compliant", []),
        ("' or PartitionKey ne '", []),
        ("%", []),
        (".*", []),
        ("\x00", []),
    ],
)
async def test_every_word_stands_in_a_name_or_a_tag(
    estate: Served, q: str, names: list[str]
) -> None:
    """People know an account by its owner or its group as often as by its name."""
    assert _names(await send(estate.app(), f"{FINDINGS}?q={quote(q)}")) == names


async def test_words_narrow_with_all_the_other_filters(estate: Served) -> None:
    """Also where those are the table's to compare, and the subscription's name is what is found."""
    for query, names in {
        "q=emea&verdict=compliant": ["search"],
        "q=emea&verdict=unknown": ["odd"],
        "q=emea&reason=microsoft_managed_key": ["Chat-Bot"],
        "q=emea&location=West%20US%202": ["odd"],
        f"q=chat&subscription={LAB}": ["lab"],
        f"q=emea&subscription={LAB}": [],
        "q=chat&kind=openai": ["lab", "Chat-Bot"],
    }.items():
        assert _names(await send(estate.app(), f"{FINDINGS}?{query}")) == names, query


@pytest.mark.parametrize("top", [1, 2, 3])
async def test_pages_of_a_search_bring_every_match_once(estate: Served, top: int) -> None:
    """A page that begins in mid-subscription knows that subscription's name as well."""
    found, shown = [], set()
    target = f"{FINDINGS}?q=e&top={top}"
    while target:
        answer = await send(estate.app(), target)
        found += _names(answer)
        shown |= {entry["subscriptionName"] for entry in answer.json["value"]}
        target = answer.json.get("nextLink", "").removeprefix("https://cmk.example")

    assert found == ["Chat-Bot", "odd", "search"]
    assert shown == {"Production EMEA"}


async def test_what_a_search_shows_is_what_the_list_shows(estate: Served) -> None:
    """The names of subscriptions come another way there."""
    listed = (await send(estate.app(), FINDINGS)).json["value"]

    searched = (await send(estate.app(), f"{FINDINGS}?q=rg")).json["value"]

    assert searched == listed


async def test_a_search_reads_no_row_for_each_finding(estate: Served) -> None:
    """Thousands of subscriptions would be thousands of reads."""
    estate.store.log.clear()

    await send(estate.app(), f"{FINDINGS}?q=emea")

    found = [entry.name for entry in estate.store.log if entry.table is Table.FINDINGS]
    assert found == ["query", "get", "query"]


@pytest.mark.parametrize("location", ["westus2", "WESTUS2", "West US 2", " west us 2 "])
async def test_a_location_is_found_by_either_of_its_names(estate: Served, location: str) -> None:
    """The portal writes West US 2, the accounts westus2."""
    assert _names(await send(estate.app(), f"{FINDINGS}?location={quote(location)}")) == ["odd"]


@pytest.mark.parametrize("location", ["westus", "westus22", "none"])
async def test_a_location_is_meant_as_a_whole(estate: Served, location: str) -> None:
    """An account without one is in none."""
    assert _names(await send(estate.app(), f"{FINDINGS}?location={location}")) == []


async def test_a_reason_is_found(estate: Served) -> None:
    """Each has its own fix, so that people work by reason."""
    found = {
        reason: _names(await send(estate.app(), f"{FINDINGS}?reason={reason}")) for reason in Reason
    }

    assert {reason: names for reason, names in found.items() if names} == {
        Reason.MICROSOFT_MANAGED_KEY: ["lab", "Chat-Bot"],
        Reason.CUSTOMER_MANAGED_KEY: ["search"],
        Reason.MALFORMED: ["odd"],
    }


@pytest.mark.parametrize(
    ("values", "reason"), [({"schema": 2}, "row_too_new"), ({"tags": "{"}, "malformed")]
)
async def test_p1_no_filter_believes_a_row_that_cannot_be_trusted(
    estate: Served, values: dict[str, str | int], reason: str
) -> None:
    """Its columns say compliant, and everything that a filter may ask for."""
    row = table_keys.finding_row("RG-Straße", "search")
    entity = await estate.store.get(Table.FINDINGS, PRODUCTION, row)
    assert entity
    write = Replace(row, dict(entity.values) | values, entity.etag)
    await estate.store.commit(Table.FINDINGS, PRODUCTION, [write])
    app = estate.app()

    async def found(query: str) -> bool:
        return "search" in [name.lower() for name in _names(await send(app, f"{FINDINGS}?{query}"))]

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
            Insert(table_keys.finding_row("rg-ai", each.id.name), codec.finding_values(each))
            for each in made
        ]
        for start in range(0, len(writes), 100):
            partition = table_keys.partition_of(subscription_id)
            await served.store.commit(Table.FINDINGS, partition, writes[start : start + 100])


class Counting(RecordingStore):
    """Counts the rows that a caller was given, and those of them that were whole."""

    given = 0
    whole = 0

    async def query(self, table: Table, query: TableQuery) -> AsyncIterator[Entity]:
        """Read rows in key order."""
        async for entity in super().query(table, query):
            self.given += table is Table.FINDINGS
            self.whole += table is Table.FINDINGS and not query.columns
            yield entity


async def _pages(served: Served, target: str) -> tuple[list[list[str]], list[int]]:
    store = served.store
    assert isinstance(store, Counting)
    pages, read = [], []
    while target:
        before = store.given
        answer = await send(served.app(), target)
        pages.append(_names(answer))
        read.append(store.given - before)
        target = answer.json.get("nextLink", "").removeprefix("https://cmk.example")
    return pages, read


async def test_p8_a_filter_that_finds_little_reads_no_more_than_its_share() -> None:
    """One request must not read the estate of a whole company, nor hide what stands far behind."""
    served = Served(store := Counting())
    await _put_many(served, 2 * ROWS_SEARCHED_PER_PAGE + 500)
    last = replace(finding("last", Verdict.UNKNOWN), location="x")
    await served.put(coverage(), [last])

    for query in ("verdict=unknown", "location=x", "q=last", "reason=malformed", "q=none"):
        store.whole = 0
        pages, read = await _pages(served, f"{FINDINGS}?{query}")
        found = [page for page in pages if page]
        assert found == ([] if query == "q=none" else [["last"]]), query
        assert len(pages) == 3
        words = "=x" in query or query.startswith("q=")
        assert max(read) == ROWS_SEARCHED_PER_PAGE * (1 if words else 2)
        assert not words or store.whole == len(found)


async def test_p8_searches_read_a_few_rows_at_once_and_rest_in_between() -> None:
    """A thousand rows at once would take the time in which the status is answered."""
    await _put_many(served := Served(), ROWS_SEARCHED_PER_PAGE)
    app = served.app()
    served.store.log.clear()

    one, other = await asyncio.gather(send(app, f"{FINDINGS}?q=x"), send(app, f"{FINDINGS}?q=y"))

    read = [entry.rows for entry in served.store.log if entry.name == "query"]
    assert _names(one) == _names(other) == []
    assert read == [SEARCHED_AT_ONCE] * (2 * ROWS_SEARCHED_PER_PAGE // SEARCHED_AT_ONCE)


async def test_p8_subscriptions_count_where_a_search_reads_them(empty: Served) -> None:
    """Ten thousand of them without a match are no reason to read on."""
    await _put_many(empty, 10, subscriptions=10)
    await empty.put(coverage(), [finding("bad")])
    view = FindingsView(
        FindingsTable(empty.store), empty.scans, empty.clock, ("OpenAI",), PORTAL, most_searched=4
    )
    pages, token = list[list[str]](), None

    while not pages or token:
        query = FindingsQuery.model_validate(
            {"q": "rg", "verdict": "non_compliant"} | ({"skipToken": token} if token else {})
        )
        page = await view.page(query)
        pages.append([found.name for found in page.value])
        token = page.skip_token

    assert pages == [[], [], ["bad"], []]


@given(st.text('a\u00df"\\~|/\n\u00e9', max_size=4), st.text('sa"\\~|/\u00e9', max_size=3))
def test_no_row_is_passed_over_that_a_search_would_find(text: str, word: str) -> None:
    """What the few columns do not show is read whole: else an account would be out of sight."""
    tagged = replace(finding("Chat"), tags={text: text}, location=text, kind=text)
    named = replace(tagged, id=AccountId(PRODUCTION, text, text, f"/{text}"), tags={})
    known = coverage(name="Lab")
    updates = [{"q": word}, {"q": text}, {"location": text}, {"location": " "}, {"kind": text}]
    for update, given_row in product(updates, (tagged, named)):
        search = Search(FindingsQuery().model_copy(update=update))
        key = table_keys.finding_row(given_row.id.resource_group, given_row.id.name)
        row = Entity(PRODUCTION, key, "", codec.finding_values(given_row))
        for each in (given_row, codec.unusable_finding(row, given_row.id, given_row.judgement)):
            if search.finds(each, known):
                assert search.may_find(row, codec.coverage_values(known)), update


@given(bound=st.integers(1, 9), top=st.integers(1, 4), found=st.lists(st.booleans(), max_size=12))
async def test_pages_bring_every_match_once_wherever_the_bound_falls(
    bound: int, top: int, found: list[bool]
) -> None:
    """A match that no page shows is an account that nobody mends."""

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
        behind = position_of(page.skip_token, table_keys.FINDINGS_FROM)

    assert seen == [number for number, is_match in enumerate(found) if is_match]


async def test_a_next_link_asks_the_same_again(estate: Served) -> None:
    """All that was given, and nothing else."""
    other = f"a{LAB[1:]}"
    asked = (
        f"verdict=non_compliant&reason=microsoft_managed_key&kind=OpenAI&location=West+Europe"
        f"&subscription={other}&q=emea+r%26e&top=1&format=json"
    )
    rows_of = [finding(name, group="r&e", subscription_id=other) for name in ("b", "c")]
    await estate.put(coverage(subscription_id=other, name="EMEA"), rows_of)

    answer = await send(estate.app(), f"{FINDINGS}?{asked}&code=s3cret")

    given_again = parse_qs(urlsplit(answer.json["nextLink"]).query)
    assert given_again.pop("skipToken")
    assert given_again == parse_qs(asked)
