"""The bodies of webhook requests in three formats, as pure functions of the changes.

Slack and Teams refuse or cut long messages, so changes are divided among several messages.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cmk_check.alerts.slack_teams_text import ChatLine, format_change, to_line
from cmk_check.core.cloudevents import to_cloudevent
from cmk_check.core.model import Change
from cmk_check.limits import (
    MAX_CHAT_CHARS,
    MAX_CHAT_LINES,
    MAX_SLACK_SECTION_CHARS,
    SLACK_ALWAYS_FITS_CHARS,
)

_JSON: Final = "application/json; charset=utf-8"
_BATCH: Final = "application/cloudevents-batch+json; charset=utf-8"

# Slack has no escape for these, so a character that would open or close markup is replaced with a
# lookalike. Inside a word, such as an account's name, the first three have no effect.
_SLACK_MARKS: Final = re.compile(r"(?<![A-Za-z0-9])[*_~]|[*_~](?![A-Za-z0-9])|`")
_SLACK_LOOKALIKES: Final = str.maketrans("*_~`", "\u2217\u02cd\u223c\u02cb")
# A mention or a channel is at the start of a word, unlike an @ in a mail address; an emoji has two
# colons.
_SLACK_MENTION: Final = re.compile(r"(?<![A-Za-z0-9])[@#!](?=\w)")
_SLACK_WIDE: Final = str.maketrans("@#!", "\uff20\uff03\uff01")
_SLACK_EMOJI: Final = re.compile(r":(?=[a-z0-9_+'-]+:)", re.IGNORECASE)
# Workflows find mentions (<at>name</at>) anywhere in a card, and cards evaluate functions
# ({{DATE(...)}}) in every text.
_TEAMS_LOOKALIKES: Final = str.maketrans("<{}", "\u2039\uff5b\uff5d")


@dataclass(frozen=True, slots=True)
class Post:
    """One request; ``id`` depends only on the changes, so that receivers recognise duplicates."""

    id: str
    content_type: str
    body: bytes


def build_posts(changes: Sequence[Change], style: str, portal_url: str) -> list[Post]:
    """Build the posts for changes in one of ``config.webhook.FORMATS``.

    ``portal_url`` is the origin of the Azure portal, for links in chats.
    """
    if style == "cloudevents":
        events = [to_cloudevent(change) for change in changes]
        return [_post([change.id for change in changes], _BATCH, events)] if events else []
    build = _slack_message if style == "slack" else _teams_message
    lines = [format_change(change, portal_url) for change in changes]
    parts = _parts(lines, build)
    return [_post([line.change_id for line in part], _JSON, build(part)) for part in parts]


def _post(ids: Sequence[str], content_type: str, content: object) -> Post:
    name = sha256("\n".join([content_type, *ids]).encode()).hexdigest()[:32]
    return Post(f"msg_{name}", content_type, _encode(content))


def _encode(content: object) -> bytes:
    # ASCII, because otherwise a lone surrogate in a name could not be encoded.
    return json.dumps(content, separators=(",", ":")).encode("ascii")


def _parts(
    lines: Sequence[ChatLine], build: Callable[[Sequence[ChatLine]], object]
) -> list[list[ChatLine]]:
    """Divide lines into parts that fit into one message each; a single line always fits."""
    parts: list[list[ChatLine]] = []
    for line in lines:
        longer = [*parts[-1], line] if parts else []
        if 0 < len(longer) <= MAX_CHAT_LINES and len(_encode(build(longer))) <= MAX_CHAT_CHARS:
            parts[-1] = longer
        else:
            parts.append([line])
    return parts


def _headline(lines: Sequence[ChatLine]) -> str:
    """Return the count of each title without untrusted text, because notifications show it."""
    counts = Counter(line.title for line in lines)
    return "cmk_check: " + ", ".join(f"{count} x {title}" for title, count in counts.items())


def _slack_message(lines: Sequence[ChatLine]) -> object:
    return {
        "text": _headline(lines),
        "unfurl_links": False,
        "unfurl_media": False,
        "blocks": [_slack_block(line) for line in lines],
    }


def _slack_block(line: ChatLine) -> object:
    head = f"*{line.title}* ({_slack_text(line.time)}): "
    text = head + _slack_text(line.details)
    if _length(text) > MAX_SLACK_SECTION_CHARS:
        text = head + _slack_text(to_line(line.details, SLACK_ALWAYS_FITS_CHARS))
    links = "".join(f" <{url.replace('&', '&amp;')}|{name}>" for name, url in line.links)
    if _length(text + links) <= MAX_SLACK_SECTION_CHARS:
        text += links
    # "verbatim" keeps Slack from turning parts of the text into links, mentions or channels.
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _length(text: str) -> int:
    """Return the number of UTF-16 code units, the highest count that a receiver may use."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _slack_text(text: str) -> str:
    """Return a text that Slack shows unchanged, without markup, mentions or emoji."""
    text = _SLACK_MARKS.sub(lambda match: match[0].translate(_SLACK_LOOKALIKES), text)
    text = _SLACK_MENTION.sub(lambda match: match[0].translate(_SLACK_WIDE), text)
    text = _SLACK_EMOJI.sub("\u2236", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _teams_message(lines: Sequence[ChatLine]) -> object:
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": [
            {"type": "TextBlock", "text": _headline(lines), "weight": "Bolder", "wrap": True},
            *(_teams_block(line) for line in lines),
        ],
    }
    content_type = "application/vnd.microsoft.card.adaptive"
    attachment = {"contentType": content_type, "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _teams_block(line: ChatLine) -> object:
    """Return a line as text runs, which are plain text; text blocks would interpret Markdown."""
    runs: list[object] = [
        {"type": "TextRun", "text": line.title, "weight": "Bolder"},
        {"type": "TextRun", "text": f" ({line.time}): {line.details.translate(_TEAMS_LOOKALIKES)}"},
    ]
    for name, url in line.links:
        runs.append({"type": "TextRun", "text": "  "})
        open_url = {"type": "Action.OpenUrl", "url": url}
        runs.append({"type": "TextRun", "text": name, "selectAction": open_url})
    return {"type": "RichTextBlock", "separator": True, "inlines": runs}
