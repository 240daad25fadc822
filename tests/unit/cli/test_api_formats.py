"""The result of ``scan`` as JSON, CSV and workbook, and what is said beside it."""

import csv
import io
import json
import stat
import tempfile
from pathlib import Path
from typing import Any

import pytest

from cmk_check.cli.output_options import Format, OutputOptions
from cmk_check.cli.scan_result import ScanResult
from cmk_check.core.account import Subscription
from cmk_check.errors import NotUsable
from cmk_check.limits import SCAN_SPACING
from cmk_check.web import models
from cmk_check.web.views.columns import COLUMNS
from cmk_check.web.views.xlsx_export import TITLES
from tests.fakes.world import World, bad, sub
from tests.unit.cli.scan_kit import CSV, JSON, SETTINGS, scan, world_of
from tests.workbooks import sheets_of

type Output = pytest.CaptureFixture[str]


async def test_json_is_made_of_the_models_of_the_api(capsys: Output) -> None:
    """One parser reads both; nothing but the document stands on standard output."""
    world = world_of("bad", "good", "gap")

    await scan(world, JSON)

    document = json.loads(capsys.readouterr().out)
    assert list(document) == ["partial", "scope", "status", "findings"]
    assert document["partial"] is False
    status = models.Status.model_validate(document["status"])
    findings = [models.Finding.model_validate(entry) for entry in document["findings"]]
    assert (status.posture, status.subscriptions.gap) == ("non_compliant", 1)
    assert [found.verdict for found in findings] == ["non_compliant", "compliant"]
    assert document["findings"][0]["subscriptionName"] == f"name of {sub(1)}"


async def test_p10_json_is_ascii_alone(capsys: Output) -> None:
    """No name can steer the terminal, or fail in the encoding of a pipe."""
    world = world_of("bad")
    world.inventory.listed = (Subscription(sub(1), "süd\u202e\x9b"),)

    await scan(world, JSON)

    out = capsys.readouterr().out
    await scan(world_of("gap"), JSON)
    assert json.loads(capsys.readouterr().out)["findings"] == []  # where commas go wrong
    assert out.isascii()
    assert json.loads(out)["findings"][0]["subscriptionName"] == "süd\u202e\x9b"


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of two entries."""
    monkeypatch.setattr("cmk_check.cli.scan_result.MAX_PAGE_SIZE", 2)


@pytest.mark.usefixtures("small_pages")
async def test_p1_no_gap_is_left_out() -> None:
    """Subscriptions that are not listed look as if they had been read."""
    world = world_of("gap", "gap", "good", "gap")
    await world.scan()
    answer = ScanResult(world.context, SETTINGS)

    gaps = [each.subscription_id for each in await answer.subscriptions() if each.gap]

    assert gaps == [sub(1), sub(2), sub(4)]


@pytest.mark.usefixtures("small_pages")
async def test_csv_and_workbook_have_all_findings_below_one_head(capsysbinary: Any) -> None:  # noqa: ANN401
    """More than a page of them: pages, of which the API knows, are not for a file."""
    world = World()
    world.listed(sub(1))
    names = [f"chat-{index}" for index in range(5)]
    world.read(sub(1), *(bad(sub(1), name) for name in names))

    await scan(world, CSV)
    out: bytes = capsysbinary.readouterr().out
    world.clock.advance(SCAN_SPACING)
    await scan(world, OutputOptions(Format.XLSX))

    (sheet,) = sheets_of(capsysbinary.readouterr().out)
    assert sheet.rows[0] == list(TITLES)
    assert [row[0] for row in sheet.rows[1:]] == names
    rows = list(csv.DictReader(io.StringIO(out.decode())))
    assert list(rows[0]) == ["\ufeff" + COLUMNS[0], *COLUMNS[1:]]
    assert [row["name"] for row in rows] == names
    assert out.count(b"\xef\xbb\xbf") == 1


@pytest.mark.parametrize("output", list(Format))
async def test_a_result_without_a_place_is_in_a_temporary_file(
    output: Format, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk was full or the folder is gone: the minutes of the scan are not."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    with pytest.raises(NotUsable, match="cannot be written") as refused:
        await scan(world_of("bad"), OutputOptions(output, file=tmp_path / "gone" / "result"))

    name, mode, content = _only_file(tmp_path)
    assert str(refused.value).endswith(f".{output}.")
    assert f" The result is in {name}." in str(refused.value)
    assert mode == "-rw-------"
    assert b"chat" in content or output is Format.XLSX


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (OutputOptions(Format.XLSX), "temporary folder missing cannot be written .*TMPDIR"),
        (
            OutputOptions(Format.CSV, file=Path("gone/result")),
            r"gone/result cannot be written \(No such file [^)]*\)\.$",
        ),
    ],
)
async def test_a_result_without_any_place_names_the_one_that_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: OutputOptions, said: str
) -> None:
    """A workbook is made in the temporary folder; for another result that is only an offer."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", "missing")

    with pytest.raises(NotUsable, match=said):
        await scan(world_of("bad"), options)


def _only_file(folder: Path) -> tuple[str, str, bytes]:
    (file,) = (each for each in folder.rglob("*") if each.is_file())
    return str(file), stat.filemode(file.stat().st_mode), file.read_bytes()


@pytest.mark.parametrize("output", list(Format))
async def test_quiet_is_quiet_unless_the_scan_failed(capsysbinary: Any, output: Format) -> None:  # noqa: ANN401
    """A cron job must not send a mail for a scan that went well, but for one that failed."""
    await scan(world_of("bad"), OutputOptions(output, quiet=True))

    written = capsysbinary.readouterr()
    await scan(world_of(), OutputOptions(output, quiet=True))
    assert written.err == b""
    assert written.out
    assert b"Your identity cannot see any subscription" in b"".join(capsysbinary.readouterr())


async def test_a_scan_that_runs_there_is_left_alone(capsys: Output) -> None:
    """Two scans of one store would be one too many, and its result is not ours to print."""
    world = world_of("good")
    running = await world.start()

    code = await scan(world, JSON)

    written = capsys.readouterr()
    assert (code, written.out) == (3, "")
    assert f"scan {running.scan_id} is running" in written.err
    assert world.inventory.reads == []
