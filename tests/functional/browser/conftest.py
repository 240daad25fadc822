"""One browser and one running program for all tests of the page; a context for each of them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from local.azurite import Azurite
from local.browser import chromium
from tests.browsers import path_of_browser
from tests.functional.browser.page_visit import Visit
from tests.functional.browser.sample_estate import break_two, hostile_estate
from tests.functional.browser.window_watch import Watch
from tests.functional.cuttable_connection import Line
from tests.functional.estate_kit import Scene
from tests.functional.storage_kit import Storage

type OpenVisit = Callable[..., Visit]

# Wide enough for all columns of the table.
PLACE: Final = {
    "locale": "en-GB",
    "timezone_id": "Europe/Berlin",
    "viewport": {"width": 1440, "height": 900},
}
CLIPBOARD: Final = ["clipboard-read", "clipboard-write"]
_MILLISECONDS: Final = 30_000


@dataclass(frozen=True, slots=True)
class World:
    """The program over the hostile estate after two scans, with lines that a test may cut.

    ``line`` leads from the browser to the host, ``storage_line`` from the host to its tables.
    """

    scene: Scene
    line: Line
    storage_line: Line

    @property
    def origin(self) -> str:
        """Where the browser finds the page."""
        return f"http://127.0.0.1:{self.line.port}"

    @property
    def key(self) -> str:
        """The key to read with."""
        return self.scene.host.keys.functions["api"]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium without a screen."""
    path_of_browser()
    expect.set_options(timeout=_MILLISECONDS)
    with chromium() as running:
        yield running


@pytest.fixture(scope="package")
def world(browser: Browser) -> Iterator[World]:  # noqa: ARG001 - nothing is started without one
    """The program; tests may read it and cut its connections, but not change it."""
    with ExitStack() as stack:
        azurite = stack.enter_context(Azurite())
        storage = Storage(azurite)
        stack.callback(storage.close)
        port = urlsplit(azurite.table_url).port or 0
        storage_line = stack.enter_context(Line(port))
        text = azurite.connection_string.replace(f":{port}/", f":{storage_line.port}/")
        estate = hostile_estate()
        settings = {"CMK_STORAGE": text, "CMK_KEY_HEALTH": "on"}
        scene = Scene(estate, storage, azurite, settings=settings)
        stack.enter_context(scene)
        scene.scan()
        break_two(estate)
        scene.scan()
        line = stack.enter_context(Line(urlsplit(scene.host.url).port or 0))
        yield World(scene, line, storage_line)


@pytest.fixture
def open_visit(browser: Browser, request: pytest.FixtureRequest) -> Iterator[OpenVisit]:
    """Open a window: ``open_visit(scene=..., trouble=..., color_scheme=...)``.

    Without a scene it is on the world. ``trouble`` is for tests in which answers are to fail; any
    other option is Playwright's for a context. What no visit may do is asserted at the end.
    """
    with ExitStack() as stack:
        visits: list[Visit] = []

        def open_one(scene: Scene | None = None, **options: object) -> Visit:
            if scene is None:
                world: World = request.getfixturevalue("world")
                origin, key = world.origin, world.key
            else:
                origin, key = scene.host.url, scene.host.keys.functions["api"]
            opened = window(browser, origin, key, **options)  # type: ignore[arg-type] # as the caller says
            visits.append(stack.enter_context(opened))
            return visits[-1]

        yield open_one
        for visit in visits:
            visit.watch.check()


@contextmanager
def window(
    browser: Browser, origin: str, key: str, *, trouble: bool = False, **options: object
) -> Iterator[Visit]:
    """Open a window; the options are Playwright's context options."""
    with browser.new_context(**{**PLACE, **options}) as context:  # type: ignore[arg-type] # as the caller says
        context.set_default_timeout(_MILLISECONDS)
        watch = Watch(context, key, trouble=trouble)
        page = context.new_page()
        yield Visit(page, origin, key, watch)
        leave(page)


def leave(page: Page) -> None:
    """Let no route's handler fail in the next test because its page was closed under it."""
    page.unroute_all(behavior="ignoreErrors")


@pytest.fixture(scope="package")
def _desk(browser: Browser, world: World) -> Iterator[Visit]:
    with window(browser, world.origin, world.key, permissions=CLIPBOARD) as visit:
        visit.sign_in()
        visit.hide()
        yield visit


@pytest.fixture
def desk(_desk: Visit) -> Iterator[Visit]:
    """A window on the world that is signed in: one for all tests that look at nothing but a view.

    A view is its address, so that each begins with the plain one; a page that is loaded anew for
    each of them would cost a minute and prove nothing more. The window is in the background, so
    that it asks for nothing while another test has a line cut.
    """
    _desk.look_afresh()
    yield _desk
    _desk.watch.check()


@pytest.fixture
def visit(open_visit: OpenVisit) -> Visit:
    """A window on the world in which no response fails."""
    return open_visit()
