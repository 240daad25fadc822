"""Take the screenshots of the page for the docs, with the sample estate: docs/page-*.png.

``make screenshots`` runs it. Window and scale are fixed, and the same account and key change each
time. Only the times in the pictures differ between runs.
"""

import sys
import time
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Page

from local.azurite import AzuriteMissingError
from local.browser import BrowserMissingError, chromium
from local.child_process import ChildFailedError
from local.simulator import VersionSpec
from local.stack import Stack

DOCS: Final = Path(__file__).resolve().parents[1] / "docs"
LARGEST: Final = 400_000
_DESK: Final = {"width": 1280, "height": 1900}
_DETAIL: Final = {"width": 1280, "height": 1000}
_PHONE: Final = {"width": 390, "height": 844}
_PICTURES: Final[dict[str, dict[str, Any]]] = {
    "light": {"viewport": _DESK, "color_scheme": "light"},
    "dark": {"viewport": _DESK, "color_scheme": "dark"},
    "phone": {"viewport": _PHONE, "color_scheme": "light", "has_touch": True},
    "key": {"viewport": _DETAIL, "color_scheme": "light"},
}
# The account that is open in page-key.png.
_BROKEN: Final = "tm-openai-workspace-server"


def main() -> int:
    """Take the pictures; return the exit code."""
    try:
        with chromium() as browser, Stack("sample", announce=print) as stack:
            _scan(stack)
            for name, options in _PICTURES.items():
                path = DOCS / f"page-{name}.png"
                path.write_bytes(_take(browser, stack, options, _BROKEN if name == "key" else None))
                print(f"{path.name}: {path.stat().st_size:,} bytes")
    except (AzuriteMissingError, BrowserMissingError, ChildFailedError) as error:
        print(f"The screenshots failed: {error}", file=sys.stderr)
        return 1
    sizes = [(DOCS / f"page-{name}.png").stat().st_size for name in _PICTURES]
    return 0 if max(sizes) < LARGEST else 1


def _scan(stack: Stack) -> None:
    """Scan, remove the key of one account, let the key of another expire, and scan again."""
    stack.scan()
    for subscription in stack.simulator.estate.subscriptions:
        account = subscription.account("claims-assistant")
        if account is not None:
            account.set_encryption({"keySource": "Microsoft.CognitiveServices"})
            for key in subscription.vaults["kv-agents-prod"].keys:
                key.rotate(VersionSpec(created="-1d", exp="+12d"))
    # The trend cannot order scans that start in the same second.
    time.sleep(1)
    stack.scan()


def _take(browser: Browser, stack: Stack, options: dict[str, Any], detail: str | None) -> bytes:
    """Open the page, sign in, open an account if ``detail`` names one, and take the picture."""
    with browser.new_context(locale="en-GB", timezone_id="UTC", **options) as context:
        page = context.new_page()
        page.goto(f"{stack.host.url}/api/dashboard")
        page.get_by_label("Function key").fill(stack.host.keys.functions["api"])
        page.get_by_role("button", name="Show status").click()
        page.locator("body[data-state=ready]").wait_for()
        page.get_by_role("table", name="Findings").locator("tbody a").first.wait_for()
        if detail is not None:
            page.get_by_role("table", name="Findings").get_by_role("link", name=detail).click()
            page.get_by_role("dialog").get_by_role("heading", name="History").wait_for()
        _settle(page)
        return page.screenshot(animations="disabled", caret="hide")


def _settle(page: Page) -> None:
    """Wait until the page is completely drawn."""
    page.evaluate("document.fonts.ready.then(() => new Promise(requestAnimationFrame))")
    page.evaluate("new Promise(requestAnimationFrame)")


if __name__ == "__main__":
    sys.exit(main())
