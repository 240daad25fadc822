"""The name of one person is removed, as docs/security.md says."""

import json
import re
from pathlib import Path
from typing import Final

import pytest

from local.azurite import Azurite
from tests.functional.conftest import OpenAz, OpenScene
from tests.functional.estate_kit import CMK, MICROSOFT, Scene, estate_of, sub_id
from tests.guard.documents import ROOT

pytestmark = pytest.mark.tools("az")

SECURITY: Final = (ROOT / "docs/security.md").read_text()
NAME: Final = "Ada Example"


def _rows_with(scene: Scene, name: str) -> list[tuple[str, str]]:
    tables = scene.storage.everything()
    return [
        (table, str(row["RowKey"]))
        for table, rows in tables.items()
        for row in rows
        if name in json.dumps({**row, "_etag": ""}, default=str, ensure_ascii=False)
    ]


def test_no_row_has_the_name_and_the_feed_goes_on(
    open_scene: OpenScene, open_az: OpenAz, azurite: Azurite, tmp_path: Path
) -> None:
    """Whoever asks for it gets it within a day, and nothing else is lost."""
    estate = estate_of({"chat": MICROSOFT, "lab": MICROSOFT})
    accounts = {each.name: each for each in estate.subscription(sub_id(1)).accounts.values()}
    accounts["chat"].set("tags", {"owner": NAME})
    scene = open_scene(estate, CMK_TAGS="owner", CMK_OWNER_TAGS="owner")
    scene.scan()
    before = _rows_with(scene, NAME)
    told = [told.id for told in scene.storage.feed()]
    script = tmp_path / "remove.sh"
    (commands,) = re.findall(r"```sh\n(NAME=.*?)```", SECURITY, re.DOTALL)
    # In place of the account's name and a sign-in, which this storage does not have.
    account = f"--connection-string '{azurite.connection_string}'"
    script.write_text(re.sub(r"(az storage entity \w+)", rf"\1 {account}", commands))

    accounts["chat"].set("tags", {"owner": "platform"})
    scene.scan()
    run = open_az(scene.simulator).run(script)
    accounts["lab"].set("properties.encryption", CMK)
    scene.scan()

    assert {table for table, _ in before} == {"cmkfindings", "cmkchanges"}
    assert (run.returncode, run.stderr) == (0, "")
    assert _rows_with(scene, NAME) == []
    left = [told.id for told in scene.storage.feed()]
    assert len(set(told) & set(left)) == len(told) - 1
    newest = scene.get("v1/changes?last=1").body["value"]
    assert [each["type"] for each in newest] == ["cmkcheck.account.resolved"]
