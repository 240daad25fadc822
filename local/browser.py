"""Runs a real, headless Chromium, so that tests and screenshots show the page as people see it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
# Nothing happens in the background: no updates, no reports, no first-run pages.
QUIET: Final = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-sync",
    "--no-first-run",
)
# Whatever a page requests, no name is resolved and no other machine is reached.
_ON_THIS_MACHINE: Final = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"


class BrowserMissingError(Exception):
    """No browser is installed; the message says what to install."""


def find_browser() -> str | None:
    """Return the path of the first browser of ``NAMES`` that is installed."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def chromium() -> Iterator["Browser"]:
    """Start the installed browser under Playwright, and close it at the end of the block.

    While it is open, this thread cannot run another event loop: Playwright runs one in it.

    Raises:
        BrowserMissingError: No browser is installed.

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
