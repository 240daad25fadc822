"""Findings as tables: the same contract in every format."""

import csv
import io
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from cmk_check.core.enums import Verdict
from cmk_check.web.http.responses import XLSX
from cmk_check.web.views.columns import COLUMNS
from cmk_check.web.views.xlsx_export import TITLES
from tests.unit.web.api_kit import LAB, Served, finding, recorded
from tests.unit.web.asgi_client import Answer, follow, send
from tests.unit.web.views.test_aspects import BROKEN, EXPOSED, VAULT
from tests.workbooks import sheets_of

FINDINGS = "/api/v1/findings"
IN_A_WORKBOOK = ["name", *(name for name in COLUMNS if name not in {"id", "name"}), "id"]
TYPES = {"csv": "text/csv; charset=utf-8", "xlsx": XLSX}
in_each_form = pytest.mark.parametrize("form", ["csv", "xlsx"])


def _rows(answer: Answer, form: str) -> list[dict[str, str]]:
    """Read the rows by column names, which the header must have in order."""
    assert (answer.status, answer.headers["content-type"]) == (200, TYPES[form])
    if form == "csv":
        text = io.StringIO(answer.body.decode("utf-8-sig"), newline="")
        head, *rows = csv.reader(text, strict=True)
        names: list[str] = list(COLUMNS)
        assert head == names
    else:
        (sheet,) = sheets_of(answer.body)
        head, *rows = sheet.rows
        names = IN_A_WORKBOOK
        assert head == list(TITLES)
    return [dict(zip(names, [*row, *[""] * (len(names) - len(row))], strict=True)) for row in rows]


@in_each_form
async def test_a_row_says_what_the_list_says(served: Served, form: str) -> None:
    """The table and the list must agree."""
    listed = (await send(served.app(), FINDINGS)).found

    table = _rows(await send(served.app(), f"{FINDINGS}?format={form}"), form)

    assert [row["name"] for row in table] == ["old", "Chat", "odd", "safe"]
    for row, shown in zip(table, listed, strict=True):
        policy = (shown["azurePolicy"] or {}).get("state")
        others = {"tags": "owner=ai-platform", "owner": "ai-platform", "ownerSource": "account"}
        flat = shown | shown["evidence"] | {"azurePolicy": policy} | others
        assert row == {name: flat.get(name) or "" for name in COLUMNS}
        assert set(shown) - {"evidence"} < set(row)
        assert set(shown["evidence"]) < set(row)


@in_each_form
async def test_filters_narrow_the_table_as_they_narrow_the_list(served: Served, form: str) -> None:
    """One contract; a query that finds nothing must not break the report built on it."""
    for query in ("verdict=compliant", f"subscription={LAB}", "kind=openai", "q=lab", "q=none"):
        listed = (await send(served.app(), f"{FINDINGS}?{query}")).found
        table = _rows(await send(served.app(), f"{FINDINGS}?format={form}&{query}"), form)
        assert [row["id"] for row in table] == [shown["id"] for shown in listed], query


@in_each_form
async def test_the_next_page_is_in_the_link_header(served: Served, form: str) -> None:
    """A table has no place for a link, so the header has it (RFC 8288). Each page is complete."""
    target = f"{FINDINGS}?format={form}&verdict=compliant&top=1&code=s3cret"

    first, last = await follow(served.app(), target)

    assert [row["name"] for page in (first, last) for row in _rows(page, form)] == ["old", "safe"]
    assert first.headers["link"].startswith("<https://cmk.example/api/v1/findings?")
    assert first.headers["link"].endswith('>; rel="next"')
    asked = parse_qs(urlsplit(first.onwards).query)
    assert asked.pop("skipToken")
    assert asked == {"format": [form], "verdict": ["compliant"], "top": ["1"]}
    assert "link" not in last.headers


@in_each_form
async def test_what_stands_beside_a_verdict_has_columns_that_stay_where_they_were(
    form: str,
) -> None:
    """Existing spreadsheets must find the old columns in their places."""
    safe = replace(finding("safe", Verdict.COMPLIANT), key_health=BROKEN, data=EXPOSED)
    tags = {"owner": "ai", "team": "=x"}
    served = await recorded(finding("bad"), replace(safe, tags=tags))

    bad, shown = _rows(await send(served.app(), f"{FINDINGS}?format={form}"), form)

    of_key = ("keyHealth", "keyReasons", "keyExpires", "keyRotation", "keyVaultId")
    last = ("keyScopesAsOf", "dataStores", "dataStoreReasons")
    place = COLUMNS.index("portalUrl")
    assert COLUMNS[place : place + 7] == ("portalUrl", *of_key, "createdAt")
    assert COLUMNS[-7:] == ("owner", "ownerSource", *last, "dueAt", "due")
    assert {bad[name] for name in of_key + last} == {""}
    assert shown["tags"] == "owner=ai; team==x"
    assert [shown[name] for name in of_key + last] == [
        "broken",
        "key_expired; cannot_read",
        "2026-11-25T09:00:00Z",
        "pinned",
        VAULT,
        "",
        "microsoft_keys",
        "store_under_microsoft_key; store_unread",
    ]
