"""Measures the page in a real browser: the first paint, all findings, and a search.

Each figure is compared with the least that the same browser could need, in the same run.
"""

import os
import re
from typing import Any, Final

from playwright.sync_api import Browser, BrowserContext, Page

from bench.processes import API_KEY, API_URL
from local.browser import chromium

_ROUNDS: Final = 7
# The floor of the first paint: a browser also paints one line of JSON from the same host.
_SMALLEST: Final = "/api/health"
_FIRST_PAINT: Final = """() => new Promise((found) => {
  new PerformanceObserver((list) => found(list.getEntries()[0].startTime))
    .observe({type: "paint", buffered: true});
})"""
_FETCH: Final = """async (key) => {
  const began = performance.now();
  let url = "/api/v1/findings?top=1000", rows = 0;
  while (url) {
    const answer = await fetch(url, {headers: {"x-functions-key": key}, cache: "no-store"});
    const page = await answer.json();
    rows += page.value.length;
    url = page.nextLink;
  }
  return [performance.now() - began, rows];
}"""
# The time at which every account is counted, in ms since the navigation started.
_READY: Final = r"""(total) => {
  const texts = [...document.querySelectorAll("[role=status]")].map((status) => status.textContent);
  const wanted = new RegExp(`^${total} of ${total} `);
  return texts.some((text) => wanted.test(text.trim())) && performance.now();
}"""
# Types into the search, and waits for the frame that shows only the matching account.
_FILTER: Final = """async (name) => {
  const box = document.querySelector("input[type=search]");
  const began = performance.now();
  box.value = name;
  box.dispatchEvent(new Event("input", {bubbles: true}));
  for (;;) {
    await new Promise(requestAnimationFrame);
    const shown = [...document.querySelectorAll("tbody a")].map((link) => link.textContent.trim());
    if (shown.length === 1 && shown[0] === name) break;
    if (performance.now() - began > 10000) throw new Error(`${shown.length} rows are shown`);
  }
  await new Promise(requestAnimationFrame);
  return performance.now() - began;
}"""
_TWO_FRAMES: Final = """async () => {
  const began = performance.now();
  await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  return performance.now() - began;
}"""


def compare_page() -> dict[str, Any]:
    """Return rounds with the page and its floors in ms, and the number of rows."""
    with chromium() as browser:
        return {"rounds": [_measure(browser) for _ in range(_ROUNDS + 1)][1:]}


def _measure(browser: Browser) -> dict[str, float]:
    """Measure each figure once; each page has a new context, so that nothing is cached."""
    with browser.new_context() as empty:
        blank = empty.new_page()
        blank.goto(f"{os.environ[API_URL]}{_SMALLEST}")
        floor_paint = float(blank.evaluate(_FIRST_PAINT))
    with browser.new_context() as bare:
        fetched, rows = _fetch(bare)
    with browser.new_context() as signed_out:
        page = _open(signed_out)
        paint = float(page.evaluate(_FIRST_PAINT))
    with browser.new_context() as signed_in:
        ready, filtered, frames = _use(signed_in, rows)
    return {
        "paint": paint,
        "paintFloor": floor_paint,
        "ready": ready,
        "readyFloor": fetched,
        "filter": filtered,
        "filterFloor": frames,
        "rows": rows,
    }


def _fetch(context: BrowserContext) -> tuple[float, int]:
    page = context.new_page()
    page.goto(f"{os.environ[API_URL]}{_SMALLEST}")
    fetched, rows = page.evaluate(_FETCH, os.environ[API_KEY])
    return float(fetched), int(rows)


def _open(context: BrowserContext) -> Page:
    page = context.new_page()
    page.goto(f"{os.environ[API_URL]}/api/dashboard")
    return page


def _use(context: BrowserContext, rows: int) -> tuple[float, float, float]:
    """Sign in and search for one account; return the times of loading, search and two frames."""
    key = os.environ[API_KEY]
    context.add_init_script(f"sessionStorage.setItem('cmk-key', '{key}')")
    page = _open(context)
    ready = page.wait_for_function(_READY, arg=f"{rows:,}", timeout=120_000)
    name = page.locator("tbody a").last.inner_text()
    if re.search(r"\s", name):
        raise RuntimeError(f"The search would split {name!r} into several words.")
    filtered = float(page.evaluate(_FILTER, name))
    return float(ready.json_value()), filtered, float(page.evaluate(_TWO_FRAMES))
