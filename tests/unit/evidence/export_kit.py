"""An estate behind its HTTP API in this process, and what is exported from it."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from cmk_check.core.enums import (
    CoverageState,
    ExceptionReason,
    KeyReason,
    KeySeverity,
    KeyState,
    PostureVerdict,
    ScanState,
    Trigger,
    Verdict,
)
from cmk_check.core.exceptions.account_exception import AccountException
from cmk_check.core.keys.key_health import KeyConcern, KeyHealth
from cmk_check.core.model import Finding
from cmk_check.evidence.api_client import ApiUnusable, Query, Reply
from cmk_check.evidence.bundle import write_bundle
from cmk_check.evidence.download import Evidence, Progress, download
from cmk_check.store.scan_rows import Scan
from cmk_check.store.scans import build_scan_id
from tests.unit.web.api_kit import LAB, NOON, Served, counted, coverage, finding, status_of
from tests.unit.web.asgi_client import send

ENDS: Final = NOON + timedelta(days=30)
WAIVED: Final = AccountException(
    ExceptionReason.HONOURED,
    id="/subscriptions/s/providers/microsoft.authorization/policyexemptions/waiver",
    category="Waiver",
    display_name="Until the vault is moved",
    ticket="CHG-1",
    approved_by="the board",
    expires_on=ENDS,
)
BROKEN: Final = KeyHealth(
    KeyState.BROKEN,
    (KeyConcern(KeyReason.KEY_DISABLED, KeySeverity.BROKEN, "The key is disabled."),),
    expires=ENDS,
)
HEALTHY: Final = KeyHealth(KeyState.HEALTHY)


async def _nothing(_route: str) -> None:
    """Do nothing."""


@dataclass
class AppApi:
    """``Api`` over an app in this process; ``before`` comes first, ``top`` is a page's length."""

    served: Served
    before: Callable[[str], Awaitable[None]] = _nothing
    top: int | None = None
    asked: list[str] = field(default_factory=list)

    async def get(
        self, route: str, query: Query | None = None, *, if_none_match: str | None = None
    ) -> Reply:
        """Ask the app."""
        await self.before(route)
        self.asked.append(route)
        headers = {"if-none-match": if_none_match} if if_none_match else {}
        given = dict(query or {})
        if self.top and "top" in given:
            given["top"] = str(self.top)
        target = f"/api/v1/{route}?{urlencode(given)}".rstrip("?")
        answer = await send(self.served.app(), target, headers)
        if answer.status not in {200, 304}:
            raise ApiUnusable(str(answer.status), answer.error[0])
        return Reply(answer.status, answer.headers, answer.body)


@dataclass
class Pauses:
    """A sleep that does not take time."""

    seconds: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        """Note a pause."""
        self.seconds.append(seconds)


def all_sorts() -> list[Finding]:
    """Make a finding of every sort that the files tell apart."""
    compliant = Verdict.COMPLIANT
    return [
        finding("bare"),
        replace(finding("waived"), exception=WAIVED),
        replace(finding("well", compliant, kind="AIServices"), key_health=HEALTHY),
        replace(finding("locked", compliant), key_health=BROKEN),
        finding("odd", Verdict.UNKNOWN, kind=None),
    ]


async def estate(
    findings: Iterable[Finding], *, name: str = "Production", gap: bool = False
) -> Served:
    """Serve these findings after one scan; with ``gap`` another subscription was not read."""
    served, findings = Served(), list(findings)
    mine = coverage(name=name, accounts=counted(findings))
    other = [coverage(CoverageState.GAP, LAB, "Lab")] if gap else []
    await served.put(mine, findings)
    for each in other:
        await served.put(each)
    await served.put_status(status_of(mine, *other))
    await put_scan(served, 0)
    return served


async def put_scan(served: Served, minutes: int, state: ScanState = ScanState.COMPLETE) -> None:
    """Write a scan that began so many minutes after noon."""
    started = NOON + timedelta(minutes=minutes)
    scan = Scan(build_scan_id(started, "3fa9"), minutes, Trigger.TIMER, started, state)
    if state is not ScanState.RUNNING:
        ended, posture = started + timedelta(seconds=9), PostureVerdict.UNKNOWN
        scan = replace(scan, finished_at=ended, posture=posture)
    await served.scans.commit(scans=[(scan, None)])


def _make(folder: Path) -> None:
    folder.mkdir(exist_ok=True)


async def downloaded(api: AppApi, folder: Path, pauses: Pauses | None = None) -> Evidence:
    """Download an estate into a folder, which is made."""
    _make(folder)
    return await download(api, folder, Progress(), pauses or Pauses())


async def exported(served: Served, folder: Path, name: str = "bundle") -> Path:
    """Export an estate; return the folder with every file but the manifest."""
    evidence = await downloaded(AppApi(served), folder / f"{name}-lists")
    bundle = folder / name
    _make(bundle)
    write_bundle(evidence, bundle)
    return bundle
