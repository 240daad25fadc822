"""Write the files of a bundle from the downloaded data, in bounded memory.

JSON is written in pieces, with one entry of a long list at a time.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import batched, chain
from pathlib import Path

from cmk_check.evidence import report
from cmk_check.evidence.as_of import Then, build_as_of_document
from cmk_check.evidence.download import Evidence
from cmk_check.limits import FINDINGS_WRITTEN_AT_ONCE
from cmk_check.web.views import csv_export


def write_bundle(evidence: Evidence, folder: Path, then: Then | None = None) -> None:
    """Write every file except the manifest; ``then`` is an earlier estate, if requested.

    Equal evidence produces equal bytes.

    Raises:
        OSError: a file could not be written.
    """
    scans = evidence.read_lines_of_period("scans", "startedAt")
    files = {
        "status.json": [f"{json.dumps(json.loads(evidence.status_body), indent=2)}\n".encode()],
        "subscriptions.json": pieces(map(json.loads, evidence.lines("subscriptions"))),
        "scans.json": pieces(map(json.loads, scans)),
        "changes.jsonl": evidence.read_lines_of_period("changes", "time"),
        "findings.csv": _csv(evidence),
        "report.html": report.render_report(evidence),
        **({"as-of.json": pieces(build_as_of_document(then))} if then else {}),
    }
    for name, content in files.items():
        with (folder / name).open("wb") as stream:
            stream.writelines(content)


def _csv(evidence: Evidence) -> Iterator[bytes]:
    yield csv_export.head()
    for some in batched(evidence.findings(), FINDINGS_WRITTEN_AT_ONCE, strict=False):
        yield csv_export.rows(some)


def pieces(value: object) -> Iterator[bytes]:
    """Encode objects and lists; iterators inside them, at any depth, become arrays.

    Each entry of an iterator is written on one line. A line break ends the document.
    """
    yield from _pieces(value)
    yield b"\n"


def _pieces(value: object) -> Iterator[bytes]:
    members: Iterable[Iterable[bytes]]
    match value:
        case Mapping():
            members = (chain([_encode(name), b":"], _pieces(each)) for name, each in value.items())
        case list():
            members = map(_pieces, value)
        case Iterator():
            members = ([_encode(entry)] for entry in value)
        case _:
            yield _encode(value)
            return
    begin, end = (b"{", b"}") if isinstance(value, Mapping) else (b"[", b"]")
    before = begin
    for member in members:
        yield before + b"\n"
        yield from member
        before = b","
    yield begin + end if before == begin else b"\n" + end


def _encode(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
