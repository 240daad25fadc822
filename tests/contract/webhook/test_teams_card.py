"""The card for Teams in a real browser, drawn by the renderer that Microsoft publishes."""

import html
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cmk_check.alerts.webhook_bodies import build_posts
from cmk_check.core.model import Change
from local.browser import QUIET
from tests.browsers import end_without, path_of_browser
from tests.fakes.hostile import NAMES, changes_of_every_kind

RENDERER = Path(__file__).parents[3] / "node_modules/adaptivecards/dist/adaptivecards.min.js"
OPTIONS = (
    "--headless",
    "--no-sandbox",
    *QUIET,
    # Nothing is to be looked up: what a card made the browser fetch would fail at once.
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--virtual-time-budget=2000",
)
# Markdown is handed on as HTML: no client of Teams is as gullible. The report is written late, so
# that an image which cannot be loaded has had its time to run what stands in its onerror.
PAGE = """<!doctype html><meta charset="utf-8"><div id="shown"></div><pre id="report"></pre>
<script src="{renderer}"></script><script src="cards.js"></script><script>
AdaptiveCards.AdaptiveCard.onProcessMarkdown = (text, result) => {{
  result.outputHtml = text; result.didProcess = true;
}};
const all = (name) => [...document.querySelectorAll("#shown " + name)];
const report = cards.map((source) => {{
  const card = new AdaptiveCards.AdaptiveCard(), context = new AdaptiveCards.SerializationContext();
  card.parse(source, context);
  const faults = [...card.validateProperties().validationEvents];
  for (let at = 0; at < context.eventCount; at++) faults.push(context.getEventAt(at));
  const drawn = card.render();
  document.getElementById("shown").appendChild(drawn);
  return {{
    text: drawn.textContent,
    links: [...drawn.querySelectorAll("a")].map((link) => [link.textContent, link.href]),
    faults: faults.map((fault) => fault.message),
  }};
}});
setTimeout(() => {{
  const alien = all("script, img, iframe, svg, form, b, at").map((found) => found.outerHTML);
  const said = {{ cards: report, ran: window.ran ?? null, alien }};
  document.getElementById("report").textContent = JSON.stringify(said);
}}, 500);
</script>"""

pytestmark = pytest.mark.long


def _cards(changes: list[Change]) -> list[Any]:
    posts = build_posts(changes, "teams", "https://portal.azure.com")
    messages = [json.loads(post.body) for post in posts]
    return [entry["content"] for message in messages for entry in message["attachments"]]


def _draw(folder: Path, cards: list[Any]) -> Any:  # noqa: ANN401 - JSON
    """Draw cards one below the other; return what the page says of itself."""
    browser = path_of_browser()
    if not RENDERER.exists():
        end_without("NO CARD WAS DRAWN: run `make install` for the renderer")
    page = folder / "page.html"
    page.write_text(PAGE.format(renderer=RENDERER.as_uri()))
    (folder / "cards.js").write_text(f"const cards = {json.dumps(cards)};")
    run = subprocess.run(
        [browser, *OPTIONS, f"--user-data-dir={folder / 'profile'}", "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    found = re.search(r'(?s)<pre id="report">(.+?)</pre>', run.stdout)
    assert found is not None, run.stderr[-2000:]
    return json.loads(html.unescape(found[1]))


def _lines(card: Any) -> list[str]:  # noqa: ANN401
    """Return the texts of a card, block by block, as they were meant."""
    return [
        block["text"] if "text" in block else "".join(run["text"] for run in block["inlines"])
        for block in card["body"]
    ]


def test_hostile_names_are_drawn_as_text_and_nothing_else_p10(tmp_path: Path) -> None:
    """P10: what the browser shows is the text that was sent; no script, link or image of it."""
    cards = [card for name in NAMES for card in _cards(changes_of_every_kind(name))]

    drawn = _draw(tmp_path, cards)

    assert (drawn["ran"], drawn["alien"]) == (None, [])
    for card, shown in zip(cards, drawn["cards"], strict=True):
        assert shown["faults"] == []
        assert shown["text"] == "".join(_lines(card))
        assert {text for text, _ in shown["links"]} <= {"Finding", "Status", "Portal"}
        assert all(
            re.match(r"https://(app\.test|portal\.azure\.com)/", url) for _, url in shown["links"]
        )
    text = "".join(shown["text"] for shown in drawn["cards"])
    # What differs from the names is what breaks up mentions, functions and links, and nothing else.
    for said in (
        "\u2039script>window.ran=1\u2039/script>",
        "\u2039img src=x onerror=window.ran=1>",
        "[click](javascript:window.ran=1)",
        "[click](https\u2060://evil.test)",
        "**bold** _it_ `code` # head",
        "\u2039at>everyone\u2039/at> @channel \u2039!here>",
        '"}],"text":"x'.replace("}", "\uff5d"),
        "&lt;b&gt; &amp; &",
    ):
        assert said in text


def test_the_page_would_notice_p10(tmp_path: Path) -> None:
    """P10: the same names as Markdown run, link and load; without this the proof proves nothing."""
    blocks = [{"type": "TextBlock", "text": name} for name in NAMES]
    blocks.append({"type": "TextBlock", "text": '<a href="https://evil.test">click</a>'})
    card = {"type": "AdaptiveCard", "version": "1.4", "body": [*blocks, {"type": "Nothing"}]}

    drawn = _draw(tmp_path, [card])

    assert drawn["ran"] == 1
    assert any("onerror" in found for found in drawn["alien"])
    (shown,) = drawn["cards"]
    assert shown["links"] == [["click", "https://evil.test/"]]
    assert shown["faults"] != []
