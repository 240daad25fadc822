"""Take the screenshots of the page for the docs: docs/page-*.png.

``make screenshots`` runs it. Window and scale are fixed, and the same account and key of the sample
estate change each time. Only the times in the pictures differ between runs.
"""

import io
import json
import re
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pypdfium2
from azure.data.tables import TableServiceClient, UpdateMode
from PIL import Image
from playwright.sync_api import Browser, Page

from local.azurite import AzuriteMissingError
from local.browser import BrowserMissingError, chromium
from local.child_process import ChildFailedError
from local.simulator import VersionSpec, load_estate
from local.simulator.generate import generate
from local.stack import Stack

DOCS: Final = Path(__file__).resolve().parents[1] / "docs"
LARGEST: Final = 200_000
_DESK: Final = {"width": 1280, "height": 1800}
_DETAIL: Final = {"width": 1280, "height": 1120}
_PHONE: Final = {"width": 375, "height": 812}
_FIRST_SCREEN: Final = {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"}
_PICTURES: Final[dict[str, dict[str, Any]]] = {
    "light": {"viewport": _DESK, "color_scheme": "light"},
    "dark": {"viewport": _DESK, "color_scheme": "dark"},
    "phone": {"viewport": _PHONE, "color_scheme": "light", "has_touch": True},
    "key": {"viewport": _DETAIL, "color_scheme": "light"},
    "print": {"viewport": _DESK, "color_scheme": "light"},
}
# The pages of the PDF, side by side, at this many pixels per point.
_SCALE: Final = 1.1
_MARGIN: Final = 12
# Of the large estate. One in five accounts is of a kind that is not judged.
_SUBSCRIPTIONS: Final = 38
_ACCOUNTS: Final = 190
_LONGEST_SCAN: Final = 600.0
_DAYS: Final = 30
_PER_DAY: Final = 2
# How many violations more there were, as time goes back.
_MORE: Final = (0, 1, 1, 2, 2, 1)
_TIME: Final = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?=Z|\+00:00)")
# The account that is open in page-key.png.
_BROKEN: Final = "tm-openai-workspace-server"


def main() -> int:
    """Take the pictures; return the exit code."""
    sizes: list[int] = []
    try:
        with chromium() as browser:
            with Stack("sample", announce=print) as stack:
                _scan(stack)
                for name, options in _PICTURES.items():
                    sizes.append(_written(_take(browser, stack, name, options), name))
            large = generate(subscriptions=_SUBSCRIPTIONS, accounts=_ACCOUNTS, keys=True)
            for name, estate in {"large": large, "empty": load_estate("empty")}.items():
                with Stack(estate, announce=print) as stack:
                    stack.scan(_LONGEST_SCAN)
                    sizes.append(_written(_take(browser, stack, name, _FIRST_SCREEN), name))
    except (AzuriteMissingError, BrowserMissingError, ChildFailedError) as error:
        print(f"The screenshots failed: {error}", file=sys.stderr)
        return 1
    return 0 if max(sizes) < LARGEST else 1


def _scan(stack: Stack) -> None:
    """Scan, give that a past, remove the key of an account, let one expire, and scan again."""
    stack.scan()
    _age(stack)
    for subscription in stack.simulator.estate.subscriptions:
        account = subscription.account("claims-assistant")
        if account is not None:
            account.set_encryption({"keySource": "Microsoft.CognitiveServices"})
            for key in subscription.vaults["kv-agents-prod"].keys:
                key.rotate(VersionSpec(created="-1d", exp="+12d"))
    # The trend cannot order scans that start in the same second.
    time.sleep(1)
    stack.scan()


def _age(stack: Stack) -> None:
    """Let the scan have been a month ago, and record one like it for each half day since."""
    by = -timedelta(days=_DAYS)
    with TableServiceClient.from_connection_string(stack.azurite.connection_string) as service:
        for name in ("cmkfindings", "cmkchanges"):
            table = service.get_table_client(name)
            for row in list(table.list_entities()):
                table.update_entity(
                    {key: _moved(value, by) for key, value in row.items()}, UpdateMode.REPLACE
                )
        table = service.get_table_client("cmkscans")
        (scan,) = [row for row in table.list_entities() if row["RowKey"].startswith("scan|")]
        for number in range(1, _DAYS * _PER_DAY + 1):
            table.create_entity(_earlier(scan, number))


def _earlier(scan: Mapping[str, Any], number: int) -> dict[str, Any]:
    """Return the row of a scan that began so many half days before this one."""
    by = timedelta(days=number) / _PER_DAY
    prefix, key, name = scan["RowKey"].split("|")
    name = f"{datetime.strptime(name[:16], '%Y%m%dT%H%M%SZ') - by:%Y%m%dT%H%M%SZ}{name[16:]}"  # noqa: DTZ007 - its Z is kept
    document = json.loads(_moved(scan["document0"], -by)) | {"id": name}
    counts = document["summary"]["accounts"]["by_kind"]["OpenAI"]
    more = _MORE[-(-number * len(_MORE) // (_DAYS * _PER_DAY)) - 1]
    counts["non_compliant"] += more
    counts["compliant"] -= more
    row = f"{prefix}|{int(key) + int(by.total_seconds()):010}|{name}"
    return {**scan, "RowKey": row, "document0": json.dumps(document)}


def _moved[T](value: T, by: timedelta) -> T | str:
    """Return a value of a row with the times of the scan moved; other times are not of today."""
    if not isinstance(value, str):
        return value
    now = datetime.now(UTC)

    def moved(match: re.Match[str]) -> str:
        time = datetime.fromisoformat(f"{match[0]}Z")
        recent = abs(now - time) < timedelta(hours=1)
        return f"{time + by:%Y-%m-%dT%H:%M:%S}" if recent else match[0]

    return _TIME.sub(moved, value)


def _take(browser: Browser, stack: Stack, name: str, options: dict[str, Any]) -> Image.Image:
    """Open the page, sign in, and take the picture of this name."""
    with browser.new_context(locale="en-GB", timezone_id="UTC", **options) as context:
        page = context.new_page()
        page.goto(f"{stack.host.url}/api/dashboard")
        page.get_by_label("Read key").fill(stack.host.keys.functions["api"])
        page.get_by_label("Start key").fill(stack.host.keys.functions["scan_now"])
        page.get_by_role("button", name="Show status").click()
        page.locator("body[data-state=ready]").wait_for()
        page.locator("#findings-body table").wait_for(state="attached")
        if name == "print":
            return _side_by_side(page.pdf(format="A4"))
        if name == "key":
            page.get_by_role("table", name="Findings").get_by_role("link", name=_BROKEN).click()
            page.get_by_role("dialog").get_by_role("heading", name="History").wait_for()
            title = page.get_by_role("dialog").get_by_role("heading", name="Key health")
            title.evaluate("(title) => title.scrollIntoView({ block: 'center' })")
        _settle(page)
        return Image.open(io.BytesIO(page.screenshot(animations="disabled", caret="hide")))


def _written(picture: Image.Image, name: str) -> int:
    """Write a picture with 256 colours, which takes a third of the space; return its size."""
    path = DOCS / f"page-{name}.png"
    few = picture.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
    size = path.stat().st_size
    print(f"{path.name}: {size:,} bytes")
    return size


def _side_by_side(pdf: bytes) -> Image.Image:
    """Draw the pages of a PDF beside each other."""
    sheets = [each.render(scale=_SCALE).to_pil() for each in pypdfium2.PdfDocument(pdf)]
    width, height = sheets[0].size
    size = (len(sheets) * (width + _MARGIN) + _MARGIN, height + 2 * _MARGIN)
    picture = Image.new("RGB", size, "#b9c3cf")
    for place, sheet in enumerate(sheets):
        picture.paste(sheet, (_MARGIN + place * (width + _MARGIN), _MARGIN))
    return picture


def _settle(page: Page) -> None:
    """Wait until the page is completely drawn."""
    page.evaluate("document.fonts.ready.then(() => new Promise(requestAnimationFrame))")
    page.evaluate("new Promise(requestAnimationFrame)")


if __name__ == "__main__":
    sys.exit(main())
