"""Parts of the report that several of its sections have."""

from collections.abc import Iterable
from datetime import UTC, datetime

from cmk_check.cli.evidence.html import Content, Html, element, named, table, whole
from cmk_check.cli.evidence.report_lists import Shortened
from cmk_check.web import models


def section(title: str, *content: Content) -> Html:
    """Return a section with its heading."""
    return element("section", element("h2", title), *content)


def listed[T](
    found: Shortened[T], head: Iterable[str], rows: Iterable[Iterable[Content]], file: str
) -> Html:
    """Return a table, and where it leaves entries out how many, and which file has all."""
    if not found.shown:
        return element("p", "None.")
    number = len(found.shown)
    if found.total == number:
        return table(head, rows)
    note = f"{number:,} of {found.total:,} are shown; all are in {file}."
    return Html(table(head, rows) + element("p", note, class_="small"))


def account(finding: models.Finding) -> Html:
    """Return the name of an account with its group."""
    return named(finding.name, f"group {finding.resource_group}")


def time_text(time: datetime | None) -> str:
    """Return a time in UTC as text."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if time else "not known"


def time_cell(time: datetime | None) -> Html:
    """Return a time that is not broken over lines."""
    return whole(time_text(time))
