"""The page as a visitor sees it: by roles and names, never by its markup."""

import re
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal

from playwright.sync_api import Locator, Page, expect

from tests.functional.browser.sample_estate import shown
from tests.functional.browser.window_watch import Watch

PATH: Final = "/api/dashboard"
# A browser without a screen has no tab to put in front of another.
_HIDE: Final = """(hidden) => {
  const state = hidden ? "hidden" : "visible";
  Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
  Object.defineProperty(document, "visibilityState", {value: state, configurable: true});
  document.dispatchEvent(new Event("visibilitychange"));
}"""
_PRINT: Final = "(event) => window.dispatchEvent(new Event(event))"
COLUMNS: Final = (
    "Account",
    "Verdict",
    "Reason",
    "Key",
    "Subscription",
    "Resource group",
    "Kind",
    "Location",
    "Owner",
    "Since or first seen",
)
type Region = Literal[
    "Posture", "Accounts", "Trend", "What to do next", "Recent changes", "Coverage gaps", "Findings"
]


class Visit:
    """One window on the page; ``origin`` is its address, ``key`` the read key."""

    def __init__(self, page: Page, origin: str, key: str, watch: Watch) -> None:
        self.page = page
        self.url = f"{origin}{PATH}"
        self.key = key
        self.watch = watch

    def go(self, fragment: str = "") -> None:
        """Open the page, as a link or a bookmark does."""
        self.page.goto(f"{self.url}{fragment}")

    def type_key(self, key: str | None = None, to_start: str = "") -> None:
        """Fill in the form and send it; ``to_start`` is the key that starts scans."""
        self.page.get_by_label("Read key").fill(self.key if key is None else key)
        self.page.get_by_label("Start key").fill(to_start)
        self.button("Show status").click()

    def sign_in(self, fragment: str = "", to_start: str = "") -> None:
        """Open the page, type the keys, and wait until everything is there."""
        self.go(fragment)
        self.type_key(to_start=to_start)
        self.wait_until_ready()

    def follow(self, fragment: str) -> None:
        """Show another view, as a link on the page itself does."""
        self.page.evaluate("(fragment) => { location.hash = fragment; }", fragment)

    def look_afresh(self) -> None:
        """Go back to the plain view on a screen, without reloading the page."""
        self.print(printing=False)
        self.page.emulate_media(color_scheme="null")
        self.follow("")
        expect(self.drawer).to_be_hidden()
        self.begin_at_the_top()
        self.wait_until_ready()

    def begin_at_the_top(self) -> None:
        """Let Tab lead to the first link of the page next but one."""
        self.page.evaluate("scrollTo(0, 0)")
        self.page.get_by_role("link").first.focus()
        self.page.evaluate("document.activeElement.blur()")

    def hide(self, *, hidden: bool = True) -> None:
        """Put the tab into the background, where it sends no requests, or back in front."""
        self.page.evaluate(_HIDE, arg=hidden)

    def pass_time(self, milliseconds: int, until: Callable[[], bool]) -> None:
        """Move the clock of the page on, again and again, until something is true.

        The page sets its next timer when an answer is complete, which takes real time: a clock that
        is moved on once may be too early for it.

        Raises:
            TimeoutError: it did not become true within a minute.

        """
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            self.page.clock.fast_forward(milliseconds)
            for _ in range(20):
                if until():
                    return
                self.page.wait_for_timeout(100)
        raise TimeoutError(self.body.inner_text())

    def print(self, *, printing: bool = True) -> None:
        """Show the page as it would be on paper; or on the screen again."""
        self.page.evaluate(_PRINT, "beforeprint" if printing else "afterprint")
        self.page.emulate_media(media="print" if printing else "screen")

    def wait_until_ready(self) -> None:
        """Wait until status and findings are shown."""
        self.expect_state("ready")
        expect(self.count).to_have_text(re.compile(r"\d+ of \d"))

    def expect_state(self, *states: str) -> None:
        """Wait until the page is in one of these states."""
        expect(self.body).to_have_attribute("data-state", re.compile(f"^({'|'.join(states)})$"))

    @property
    def body(self) -> Locator:
        """The body, whose attributes tell the state."""
        return self.page.locator("body")

    @property
    def alert(self) -> Locator:
        """The error message."""
        return self.page.get_by_role("alert")

    @property
    def posture(self) -> Locator:
        """The heading with the posture."""
        return self.region("Posture").get_by_role("heading").first

    @property
    def count(self) -> Locator:
        """The number of accounts shown, and of all."""
        return self.region("Findings").get_by_role("status").first

    @property
    def rows(self) -> Locator:
        """The rows of the table of findings, without its head."""
        return self.page.get_by_role("table", name="Findings").locator("tbody tr")

    @property
    def drawer(self) -> Locator:
        """The detail of one account."""
        return self.page.get_by_role("dialog")

    @property
    def search(self) -> Locator:
        """The field to search in."""
        return self.page.get_by_role("searchbox", name="Search findings")

    def region(self, name: Region) -> Locator:
        """Return a part of the page."""
        return self.page.get_by_role("region", name=name, exact=True)

    def button(self, name: str) -> Locator:
        """Return a button."""
        return self.page.get_by_role("button", name=name, exact=True)

    def choose(self, filter_name: str, value: str) -> None:
        """Set one of the filters."""
        self.open_filters()
        box = self.region("Findings").get_by_role("combobox", name=filter_name, exact=True)
        box.select_option(value)

    def open_filters(self) -> None:
        """Show the filters, which are behind a button."""
        if self.button("Filter").get_attribute("aria-expanded") == "false":
            self.button("Filter").click()

    def sort_by(self, column: str) -> None:
        """Press the head of a column."""
        self.head(column).get_by_role("button").click()

    def head(self, column: str) -> Locator:
        """Return the head of a column."""
        table = self.page.get_by_role("table", name="Findings")
        return table.get_by_role("columnheader", name=re.compile(f"^{column}"))

    def link(self, account: str) -> Locator:
        """Return the link of a row to the detail of its account."""
        return self.rows.get_by_role("link", name=shown(account), exact=True)

    def open_detail(self, account: str) -> None:
        """Open the detail of an account and wait until it has been fetched."""
        self.link(account).click()
        expect(self.drawer.get_by_role("heading", name="History")).to_be_visible()

    def column(self, name: str) -> list[str]:
        """Return the texts of a column, row by row."""
        heads = self.page.get_by_role("table", name="Findings").get_by_role("columnheader")
        place = [" ".join(text.split()) for text in heads.all_inner_texts()].index(name)
        cells = self.rows.locator(f"> :nth-child({place + 1})")
        return [" ".join(text.split()) for text in cells.all_inner_texts()]

    def names(self) -> list[str]:
        """Return the accounts that are shown, in order, exactly as they are written."""
        links = self.rows.locator("th a, td a")
        return links.all_text_contents()

    def expect_names(self, names: Sequence[str], *, ordered: bool = False) -> None:
        """Wait until exactly these accounts are shown."""
        expect(self.rows).to_have_count(len(names))
        wanted, found = [shown(name) for name in names], self.names()
        assert found == wanted if ordered else sorted(found) == sorted(wanted)

    def clipboard(self) -> str:
        """Return what was copied."""
        return str(self.page.evaluate("navigator.clipboard.readText()"))

    def stored(self) -> dict[str, Any]:
        """Return what the page keeps in the session, in the browser, and in cookies."""
        found: dict[str, Any] = self.page.evaluate(
            "({session: {...sessionStorage}, local: {...localStorage}, cookies: document.cookie})"
        )
        return found
