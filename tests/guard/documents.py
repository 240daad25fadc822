"""The documents of the project as tests read them: their tables, sections and examples."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
RULE = (ROOT / "docs/rule.md").read_text()
HTTP = (ROOT / "docs/http-api.md").read_text()
SETTINGS = (ROOT / "docs/settings.md").read_text()
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text()
README = (ROOT / "README.md").read_text()
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def tables(text: str) -> Iterator[list[list[str]]]:
    """Yield each table: its head and its rows, without the line of dashes."""
    for block in re.findall(r"(?m)(?:^\|.*\|\n)+", text):
        lines = [re.split(r"(?<!\\)\|", line)[1:-1] for line in block.splitlines()]
        yield [[cell.strip() for cell in line] for line in lines if set("".join(line)) - set("- ")]


def table(text: str, head: str) -> list[list[str]]:
    """Return the rows of the one table whose first column is called so."""
    (found,) = [rows for first, *rows in tables(text) if first[0] == head]
    return found


def section(text: str, heading: str) -> str:
    """Return what stands below a heading of the second level."""
    found = re.search(rf"(?ms)^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text)
    assert found is not None, heading
    return found[1]


def codes(rows: list[list[str]]) -> list[str]:
    """Return the first cell of each row, which is set as code."""
    return [row[0].strip("`") for row in rows]


def examples(text: str) -> list[Any]:
    """Return the JSON that is shown."""
    return [json.loads(block) for block in re.findall(r"(?s)```json\n(.*?)```", text)]


def of_clause(clause: str) -> str:
    """Return the first example of a clause of the rule, as JSON."""
    return json.dumps(examples(RULE.split(f"### {clause}: ")[1])[0])


def anchors(text: str) -> set[str]:
    """Name the headings as GitHub's links do."""
    headings = re.findall(r"(?m)^#+ (.*)$", re.sub(r"(?s)```.*?```", "", text))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in headings}
