"""The report: everything in it is text, and nothing is left out in silence; a whole one: golden."""

from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from cmk_check.core.enums import ChangeType
from cmk_check.core.model import Change
from cmk_check.core.text import escape_invisible
from cmk_check.evidence.bundle import write_bundle
from cmk_check.limits import MAX_REPORT_ROWS
from cmk_check.store.change_feed import FeedTable
from tests.fakes.hostile import NAMES, changes_of_every_kind
from tests.unit.evidence.export_kit import WAIVED, AppApi, all_sorts, downloaded, estate, exported
from tests.unit.web.api_kit import LAB, NOON, finding

ALLOWED = {"html", "head", "meta", "title", "style", "body", "header", "section", "h1", "h2", "h3"}
ALLOWED |= {"p", "div", "strong", "span", "ul", "li", "table", "thead", "tbody", "tr", "th", "td"}


class _Page(HTMLParser):
    """The tags, attributes and texts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.attributes = set[str](), set[str]()
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        """Everything that is read, on one line."""
        return " ".join(" ".join(self.texts).split())


def _page(bundle: Path) -> _Page:
    return _Page((bundle / "report.html").read_text())


@pytest.mark.parametrize("name", NAMES)
async def test_hostile_names_are_text(tmp_path: Path, name: str) -> None:
    """The report is opened by people whose job is to click on evidence."""
    waived = replace(WAIVED, display_name=name, ticket=name, approved_by=name, category=name)
    found = [replace(finding(), exception=waived), finding("bare")]
    served = await estate(found, name=name, gap=True)
    await FeedTable(served.store).publish(changes_of_every_kind(name))

    page = _page(await exported(served, tmp_path))

    assert page.tags <= ALLOWED
    assert page.attributes <= {"lang", "charset", "http-equiv", "content", "name", "scope", "class"}
    assert " ".join(escape_invisible(name).split()) in page.text


async def test_a_long_list_says_how_long_it_is(tmp_path: Path) -> None:
    """Whoever counts the rows must not come to a better number."""
    evidence = await downloaded(AppApi(await estate([finding()])), tmp_path / "lists")
    findings = tmp_path / "lists" / "findings.jsonl"
    findings.write_bytes(findings.read_bytes() * (MAX_REPORT_ROWS + 1))

    write_bundle(evidence, tmp_path)

    page = _page(tmp_path)
    assert f"{MAX_REPORT_ROWS} of {MAX_REPORT_ROWS + 1} are shown; all are in" in page.text


async def test_a_period_begins_where_it_says(tmp_path: Path) -> None:
    """The changes of the month, in the report and in the file."""
    served = await estate([])
    changes = changes_of_every_kind("chat")[:2]
    early = replace(
        changes[0], time=NOON - timedelta(seconds=1), data={"subscriptionName": "early"}
    )
    await FeedTable(served.store).publish([early, changes[1]])
    evidence = await downloaded(AppApi(served), tmp_path / "lists")

    write_bundle(replace(evidence, since=NOON), tmp_path)

    page = _page(tmp_path)
    assert "All changes since 2026-11-25 12:00:00" in page.text
    assert "early" not in page.text
    assert len((tmp_path / "changes.jsonl").read_text().splitlines()) == 1
    assert (tmp_path / "scans.json").read_text().count('"id"') == 1


@pytest.mark.parametrize(
    ("kind", "name", "state"),
    [
        (ChangeType.KEY_DEGRADED, "keyHealth", "broken"),
        (ChangeType.EXCEPTION_ENDED, "exception", "not_honoured"),
    ],
)
@pytest.mark.parametrize("is_new", [True, False])
async def test_a_change_shows_the_state_that_it_is_about(
    tmp_path: Path, kind: ChangeType, name: str, state: str, *, is_new: bool
) -> None:
    """Also where that is new, or where only its reasons have changed."""
    side = {"verdict": "compliant", "reason": "customer_managed_key", name: state, "owner": "ml"}
    data = {"name": "chat", "before": None if is_new else side, "after": side}
    served = await estate(all_sorts())
    source = f"/subscriptions/{LAB}"
    await FeedTable(served.store).publish([Change("c1", kind, NOON, source, source, data, 1)])

    page = _page(await exported(served, tmp_path))

    shown_state = f"compliant, customer_managed_key, {state}"
    assert (shown_state if is_new else f"{shown_state} → {shown_state}") in page.text
    assert f"{state}, ml" not in page.text
