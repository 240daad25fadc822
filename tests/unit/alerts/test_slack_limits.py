"""What Slack is sent stays within the limits that Slack publishes, whatever the changes hold."""

import json
from dataclasses import replace
from typing import Any, Final

import pytest

from cmk_check.alerts.webhook_bodies import posts_of
from cmk_check.core.model import Change
from tests.fakes.hostile import SUBSCRIPTION, changes_of_every_kind

PORTAL: Final = "https://portal.azure.com"
# https://docs.slack.dev/reference/block-kit/blocks
MOST_BLOCKS: Final = 50
# https://docs.slack.dev/reference/block-kit/blocks/section-block
LONGEST_SECTION: Final = 3_000
# Beyond it the advice is to cut: https://docs.slack.dev/reference/methods/chat.postMessage
LONGEST_TEXT: Final = 4_000
# No page says it: above it Slack answers msg_blocks_too_long, whatever the single blocks hold.
LONGEST_BLOCKS: Final = 13_000
# Each is long by another measure: escaped, in UTF-8, in UTF-16, within a URL, without a space.
HEAVIEST: Final = ["&" * 60_000, "\u20ac" * 20_000, "\U0001f600" * 15_000, "%" * 300, "x" * 60_000]


def _heaviest(text: str, count: int) -> list[Change]:
    """Return changes of all kinds in turn, with the longest subjects that are still linked."""
    changes = changes_of_every_kind(text)
    url = "https://app.test/" + "u" * 880
    return [
        replace(
            change,
            id=f"change-{number}",
            subject=f"{SUBSCRIPTION}/{'&' * 240}",
            data={**change.data, "findingUrl": url, "statusUrl": url, "reason": text},
        )
        for number in range(count)
        for change in [changes[number % len(changes)]]
    ]


def _length(text: str) -> int:
    """Count characters in UTF-16, which is the most that anybody counts."""
    return len(text.encode("utf-16-le")) // 2


def _messages(changes: list[Change]) -> list[Any]:
    return [json.loads(post.body) for post in posts_of(changes, "slack", PORTAL)]


@pytest.mark.parametrize("count", [1, 12, 50])
@pytest.mark.parametrize("text", ["chat", *HEAVIEST], ids=range(6))
def test_the_heaviest_changes_stay_within_slacks_limits(text: str, count: int) -> None:
    """One block too long, and Slack refuses the whole message with all the alerts in it."""
    messages = _messages(_heaviest(text, count))

    for message in messages:
        assert 1 <= _length(message["text"]) <= LONGEST_TEXT
        assert 1 <= len(message["blocks"]) <= MOST_BLOCKS
        assert sum(_length(block["text"]["text"]) for block in message["blocks"]) <= LONGEST_BLOCKS
        for block in message["blocks"]:
            assert (block["type"], block["text"]["type"]) == ("section", "mrkdwn")
            assert 1 <= _length(block["text"]["text"]) <= LONGEST_SECTION
    assert sum(len(message["blocks"]) for message in messages) == count
