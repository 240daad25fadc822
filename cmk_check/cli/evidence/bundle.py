"""Writes the files of a bundle from what was downloaded, in bounded memory."""

import json
from collections.abc import Iterable, Iterator
from itertools import batched
from pathlib import Path

from cmk_check.cli.evidence import ocsf, oscal, report
from cmk_check.cli.evidence.download import Evidence
from cmk_check.cli.evidence.json_pieces import pieces
from cmk_check.cli.evidence.summary import Summary
from cmk_check.limits import FINDINGS_WRITTEN_AT_ONCE
from cmk_check.web.views import csv_export


def write_bundle(evidence: Evidence, folder: Path) -> None:
    """Write every file but the manifest.

    The same evidence gives the same bytes.

    Raises:
        OSError: a file could not be written.

    """
    summary = Summary.of(evidence)
    files = {
        "status.json": _indented(evidence.status_body),
        "subscriptions.json": _array(evidence.lines("subscriptions")),
        "scans.json": _array(_scans(evidence)),
        "changes.jsonl": _changes(evidence),
        "findings.csv": _csv(evidence),
        "findings.ocsf.jsonl": ocsf.lines(evidence),
        "assessment-results.json": oscal.written(evidence, summary),
        "report.html": report.written(evidence, summary),
    }
    for name, content in files.items():
        with (folder / name).open("wb") as stream:
            stream.writelines(content)


def _indented(body: bytes) -> Iterator[bytes]:
    yield f"{json.dumps(json.loads(body), indent=2)}\n".encode()


def _array(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Write lines of JSON as one array, a line for each entry."""
    yield from pieces(map(json.loads, lines))
    yield b"\n"


def _scans(evidence: Evidence) -> Iterator[bytes]:
    pairs = zip(evidence.lines("scans"), evidence.scans(), strict=True)
    return (line for line, scan in pairs if evidence.is_of_period(scan.started_at))


def _changes(evidence: Evidence) -> Iterator[bytes]:
    pairs = zip(evidence.lines("changes"), evidence.changes(), strict=True)
    return (line for line, change in pairs if evidence.is_of_period(change.time))


def _csv(evidence: Evidence) -> Iterator[bytes]:
    yield csv_export.head()
    for some in batched(evidence.findings(), FINDINGS_WRITTEN_AT_ONCE, strict=False):
        yield csv_export.rows(some)
