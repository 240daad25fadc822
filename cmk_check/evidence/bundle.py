"""Writes the files of a bundle from what was downloaded, in bounded memory."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import batched
from pathlib import Path

from cmk_check.evidence import ocsf, oscal, report
from cmk_check.evidence.as_of import Then, as_of_document
from cmk_check.evidence.download import Evidence
from cmk_check.evidence.json_pieces import pieces
from cmk_check.evidence.summary import Summary
from cmk_check.limits import FINDINGS_WRITTEN_AT_ONCE
from cmk_check.web.views import csv_export


def write_bundle(evidence: Evidence, folder: Path, then: Then | None = None) -> None:
    """Write every file but the manifest; ``then`` is the estate as of an earlier time, if any.

    The same evidence gives the same bytes.

    Raises:
        OSError: a file could not be written.

    """
    summary = Summary.of(evidence)
    changes = (change.time for change in evidence.changes())
    scans = _of_period(evidence, "scans", (scan.started_at for scan in evidence.scans()))
    files = {
        "status.json": [f"{json.dumps(json.loads(evidence.status_body), indent=2)}\n".encode()],
        "subscriptions.json": pieces(map(json.loads, evidence.lines("subscriptions"))),
        "scans.json": pieces(map(json.loads, scans)),
        "changes.jsonl": _of_period(evidence, "changes", changes),
        "findings.csv": _csv(evidence),
        "findings.ocsf.jsonl": ocsf.lines(evidence),
        "assessment-results.json": oscal.written(evidence, summary),
        "report.html": report.written(evidence, summary),
        **({"as-of.json": pieces(as_of_document(then))} if then else {}),
    }
    for name, content in files.items():
        with (folder / name).open("wb") as stream:
            stream.writelines(content)


def _of_period(evidence: Evidence, name: str, times: Iterable[datetime]) -> Iterator[bytes]:
    """Return the lines of a list whose times are within the period."""
    pairs = zip(evidence.lines(name), times, strict=True)
    return (line for line, time in pairs if evidence.is_of_period(time))


def _csv(evidence: Evidence) -> Iterator[bytes]:
    yield csv_export.head()
    for some in batched(evidence.findings(), FINDINGS_WRITTEN_AT_ONCE, strict=False):
        yield csv_export.rows(some)
