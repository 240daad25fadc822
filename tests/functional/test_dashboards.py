"""The recipes for dashboards, as the document shows them, over the sample estate."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.functional.conftest import OpenScene
from tests.functional.estate_kit import Scene
from tests.guard.documents import ROOT, table

DOCUMENT = (ROOT / "docs/dashboards.md").read_text()
PANELS = re.findall(r"(?s)```json\n(\{.*?)```\n\n((?:\|[^\n]*\n)+)", DOCUMENT)
APP = "https://func-cmk.azurewebsites.net/api/"

pytestmark = pytest.mark.long


@pytest.fixture
def scene(open_scene: OpenScene) -> Scene:
    """Scan the sample estate once."""
    scene = open_scene("sample", CMK_KEY_HEALTH="on")
    scene.scan()
    return scene


def _selected(body: Any, selector: str) -> Any:  # noqa: ANN401 - JSON
    """Follow a selector of Infinity's, as far as the document uses them: names and dots."""
    for name in filter(None, selector.split(".")):
        body = body[name]
    return body


def _rows(block: str) -> list[list[str]]:
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in block.splitlines()]
    return [lines[0], *lines[2:]]


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _drawn(panel: Mapping[str, Any], body: Any) -> Iterator[list[str]]:  # noqa: ANN401 - JSON
    columns = [column for column in panel["columns"] if column["type"] != "timestamp"]
    found = _selected(body, panel["root_selector"])
    yield [column["text"] for column in columns]
    for row in found if isinstance(found, list) else [found]:
        yield [_shown(_selected(row, column["selector"])) for column in columns]


def test_each_panel_of_grafana_shows_what_the_document_says(scene: Scene) -> None:
    """A selector that is misspelt is an empty panel, and nobody knows why."""
    assert len(PANELS) == DOCUMENT.count('"refId"')
    for block, drawn in PANELS:
        panel = json.loads(block)
        answer = scene.get(panel["url"].removeprefix(APP))
        assert list(_drawn(panel, answer.body)) == _rows(drawn)


def test_power_bi_counts_the_rows_that_there_are(scene: Scene) -> None:
    """The figures beside a query are what its reader compares with."""
    told = {row[0].strip("`"): int(row[1]) for row in table(DOCUMENT, "verdict")}

    assert told == Counter(scene.verdicts().values())
