"""Download an estate from the HTTP API to files, repeatedly if a scan changes it meanwhile.

    status, lists, status again -> the same: done; another: once more

Lists are written to files line by line, so that memory does not grow with the estate.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ValidationError

from cmk_check.core.enums import PostureVerdict, ScanState, Verdict
from cmk_check.core.text import write_time
from cmk_check.evidence.api_client import Api, ApiUnusable, Sleep, pages, parse_document
from cmk_check.limits import EVIDENCE_PAUSE_SECONDS, EVIDENCE_TRIES, MAX_PAGE_SIZE
from cmk_check.web import models

_PAGE: Final = {"top": str(MAX_PAGE_SIZE)}
_PAGES: Final[Mapping[str, type[BaseModel]]] = {
    "findings": models.FindingsPage,
    "subscriptions": models.SubscriptionsPage,
    "changes": models.ChangesPage,
    "scans": models.ScansPage,
}
_OTHER_VERSION: Final = (
    "The app's response does not fit this version of cmk-check: use the deployed version of "
    "cmk-check."
)
_NO_SCAN: Final = "No scan has finished yet: start a scan, wait for its end, and try again."
_MOVING: Final = (
    f"Scans changed the estate during each of {EVIDENCE_TRIES} downloads: try again when no scan "
    "is running."
)
_SCANNING: Final = (
    "A scan was running during the export: some findings may be newer than the counts."
)


@dataclass(slots=True)
class Progress:
    """Counts the entries read; ``moved`` is called after each change.

    ``total`` is the number of findings and subscriptions, or None until it is known.
    """

    total: int | None = None
    done: int = 0
    changes: int = 0
    attempt: int = 1
    moved: Callable[[], object] = lambda: None

    def numbers(self) -> str:
        """Return the progress as a line."""
        if self.total is None:
            return "reading the status"
        again = f", try {self.attempt} of {EVIDENCE_TRIES}" if self.attempt > 1 else ""
        line = f"{self.done:,}/{self.total:,} findings and subscriptions"
        return f"{line}, {self.changes:,} changes{again}"


@dataclass(frozen=True, slots=True)
class Evidence:
    """The data for a bundle. The lists are files in ``folder``, with a line per entry.

    ``remarks`` are sentences about limits of the evidence. If ``doubtful``, no control is reported
    as satisfied. ``since`` is the start of the period, or None for everything that the app keeps.
    """

    status: models.Status
    status_body: bytes
    folder: Path
    remarks: tuple[str, ...] = ()
    doubtful: bool = False
    since: datetime | None = None

    @property
    def posture(self) -> PostureVerdict:
        """The app's posture, or unknown if the app's counts do not match its findings."""
        posture = self.status.posture
        worse = PostureVerdict.NON_COMPLIANT
        return PostureVerdict.UNKNOWN if self.doubtful and posture is not worse else posture

    @property
    def kept(self) -> datetime | None:
        """The start of the app's oldest scan, from which the app keeps changes."""
        return min((scan.started_at for scan in self.scans()), default=self.status.as_of)

    def for_period(self, since: datetime | None) -> "Evidence":
        """Return the evidence for the period from ``since``, as far back as the app kept it.

        Scans and changes are kept equally long, so changes from before the oldest scan may be
        missing.
        """
        kept = self.kept
        if since is None or kept is None or kept <= since:
            return replace(self, since=since)
        remark = (
            f"The app has nothing from before {write_time(kept)}: the period begins then, and not "
            f"at {write_time(since)}."
        )
        return replace(self, since=kept, remarks=(*self.remarks, remark))

    def findings(self) -> Iterator[models.Finding]:
        """Read the findings, in the order of the API."""
        return map(models.Finding.model_validate_json, self.lines("findings"))

    def subscriptions(self) -> Iterator[models.Subscription]:
        """Read the subscriptions, in the order of the API."""
        return map(models.Subscription.model_validate_json, self.lines("subscriptions"))

    def changes(self) -> Iterator[models.ChangeEvent]:
        """Read all changes that the app keeps, oldest first."""
        return map(models.ChangeEvent.model_validate_json, self.lines("changes"))

    def scans(self) -> Iterator[models.Scan]:
        """Read all scans that the app keeps, newest first."""
        return map(models.Scan.model_validate_json, self.lines("scans"))

    def lines(self, name: str) -> Iterator[bytes]:
        """Read a list as lines of JSON, exactly as received except for whitespace."""
        with (self.folder / f"{name}.jsonl").open("rb") as stream:
            yield from stream

    def read_lines_of_period(self, name: str, time: str) -> Iterator[bytes]:
        """Read the lines of a list whose field ``time`` is within the period."""
        for line in self.lines(name):
            if self.since is None or datetime.fromisoformat(json.loads(line)[time]) >= self.since:
                yield line


async def download(
    api: Api, folder: Path, progress: Progress, sleep: Sleep = asyncio.sleep
) -> Evidence:
    """Read everything into files of a folder.

    Raises:
        ApiUnusable: the API returned no usable response, no scan has finished yet, or scans changed
            the estate during every try.
        OSError: a file could not be written.
    """
    for attempt in range(1, EVIDENCE_TRIES + 1):
        if attempt > 1:
            await sleep(EVIDENCE_PAUSE_SECONDS)
        progress.attempt = attempt
        evidence = await _read_once(api, folder, progress)
        if evidence is not None and not evidence.remarks:
            break
    if evidence is None:
        raise ApiUnusable(_MOVING)
    return evidence


async def _read_once(api: Api, folder: Path, progress: Progress) -> Evidence | None:
    """Read everything, or return None if the estate changed meanwhile."""
    before, newest = await api.get("status"), await _newest_scan(api)
    status = _parse(models.Status, before.body)
    if status.as_of is None:
        raise ApiUnusable(_NO_SCAN)
    progress.total = status.accounts.total + status.subscriptions.total
    progress.done = progress.changes = 0
    try:
        for name in _PAGES:
            await _read_list(api, name, folder, progress)
    except ApiUnusable as error:
        if error.code == "ResyncRequired":  # changes were pruned between two pages
            return None
        raise
    after = await api.get("status", if_none_match=before.headers.get("etag", ""))
    if await _newest_scan(api) != newest:
        return None
    if after.status != HTTPStatus.NOT_MODIFIED:  # the watch may have run
        then, now = (parse_document(status) | {"watch": None} for status in (before, after))
        if then != now:
            return None
    evidence = Evidence(status, before.body, folder)
    remarks = _differences(evidence)
    is_running = newest is not None and newest.state is ScanState.RUNNING
    limits = (*remarks, _SCANNING) if is_running else remarks
    return replace(evidence, remarks=limits, doubtful=bool(remarks))


async def _newest_scan(api: Api) -> models.Scan | None:
    """Return the newest scan: while it is unchanged, nothing was recorded.

    The ETag of the status is not sufficient, because it also changes after each run of the watch.
    """
    page = _parse(models.ScansPage, (await api.get("scans", {"top": "1"})).body)
    return next(iter(page.value), None)


async def _read_list(api: Api, name: str, folder: Path, progress: Progress) -> None:
    with (folder / f"{name}.jsonl").open("wb") as stream:
        async for body, document in pages(api, name, _PAGE):
            _parse(_PAGES[name], body)
            for entry in document["value"]:
                stream.write(f"{json.dumps(entry, separators=(',', ':'))}\n".encode())
            number = len(document["value"])
            if name == "changes":
                progress.changes += number
            elif name != "scans":
                progress.done += number
            progress.moved()


def _parse[T: BaseModel](model: type[T], body: bytes) -> T:
    """Parse a response; raise ApiUnusable for the response of another version."""
    try:
        return model.model_validate_json(body)
    except ValidationError:
        raise ApiUnusable(_OTHER_VERSION) from None


def _differences(evidence: Evidence) -> tuple[str, ...]:
    """Return differences between findings and status, which a running scan may cause."""
    rebuilt = Counter(finding.verdict for finding in evidence.findings())
    counts = evidence.status.accounts.model_dump()
    return tuple(
        f"The status counts {counted} accounts as {verdict}, but {rebuilt[verdict]} were listed."
        for verdict in Verdict
        if (counted := counts[verdict]) != rebuilt[verdict]
    )
