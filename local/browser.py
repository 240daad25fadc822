"""A real Chromium without a screen, for whoever has to see the page as people do."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
# It does nothing of its own accord: no updates, no reports, no first steps.
QUIET: Final = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-sync",
    "--no-first-run",
)
# No name is looked up and no other machine is reached, whatever a page asks for.
_ON_THIS_MACHINE: Final = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"


class BrowserMissingError(Exception):
    """There is no browser here; the message says what to install."""


def find_browser() -> str | None:
    """Return the path of the first browser of ``NAMES`` that is installed."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def chromium() -> Iterator["Browser"]:
    """Start the browser that is installed, under Playwright, and end it with the block.

    While it is open this thread cannot run an event loop of its own: Playwright runs one in it.

    Raises:
        BrowserMissingError: none is installed.

    """
    from playwright.sync_api import sync_playwright

    path = find_browser()
    if path is None:
        raise BrowserMissingError(f"install one of {', '.join(NAMES)}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=[*QUIET, _ON_THIS_MACHINE], handle_sigint=False
        )
        try:
            yield browser
        finally:
            browser.close()
