"""The messages of Slack and Teams as a whole, and what becomes of long and odd texts in them."""

import json
from typing import Any, Final

import pytest

from cmk_check.alerts.slack_teams_text import line_of
from cmk_check.alerts.webhook_bodies import posts_of
from cmk_check.core.enums import ChangeType
from cmk_check.core.model import Change
from cmk_check.limits import (
    MAX_CHAT_LINES,
    MAX_CHAT_LINK_CHARS,
    MAX_CHAT_REASON_CHARS,
    SLACK_ALWAYS_FITS_CHARS,
)
from tests.fakes.hostile import NOON, changes_of_every_kind

PORTAL: Final = "https://portal.azure.com"
# The lookalike of a colon keeps Slack from seeing an emoji between two of them.
AT_NOON: Final = "(2026-11-25 12\u223600:00 UTC)"
FINISHED: Final = "https://app.test/api/v1/status?a=1&b=2"


def change(kind: ChangeType = ChangeType.SCAN_BASELINE, **data: object) -> Change:
    """Return a change of a scan."""
    return Change("id", kind, NOON, "/scans/s", "/scans/s", data)


def message(style: str, *changes: Change) -> Any:  # noqa: ANN401 - JSON
    """Return the one message for these changes."""
    (post,) = posts_of(changes, style, PORTAL)
    assert post.body == json.dumps(json.loads(post.body), separators=(",", ":")).encode()
    return json.loads(post.body)


def test_a_slack_message_is_of_the_form_that_slack_takes() -> None:
    """Without ``verbatim`` Slack makes links and mentions of names; unfolded links fill a screen.

    https://docs.slack.dev/reference/block-kit/blocks/section-block
    """
    works = change(ChangeType.SCAN_RECOVERED)
    said = message("slack", change(statusUrl=FINISHED), works, works)

    url = "https://app.test/api/v1/status?a=1&amp;b=2"
    first = f"*First scan finished* {AT_NOON}: scan s <{url}|Status>"
    second = f"*Scanning works again* {AT_NOON}: scan s"
    assert said == {
        "text": "cmk_check: 1 x First scan finished, 2 x Scanning works again",
        "unfurl_links": False,
        "unfurl_media": False,
        "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}
            for text in (first, second, second)
        ],
    }


def test_a_teams_message_is_of_the_form_that_workflows_take() -> None:
    """A card in another form is accepted, but never shown.

    https://adaptivecards.io/explorer/RichTextBlock.html
    """
    said = message("teams", change(statusUrl=FINISHED))

    open_url = {"type": "Action.OpenUrl", "url": FINISHED}
    headline = "cmk_check: 1 x First scan finished"
    (attachment,) = said["attachments"]
    content = attachment.pop("content")
    card = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None}
    assert said == {"type": "message", "attachments": [card]}
    assert content == {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": [
            {"type": "TextBlock", "text": headline, "weight": "Bolder", "wrap": True},
            {
                "type": "RichTextBlock",
                "separator": True,
                "inlines": [
                    {"type": "TextRun", "text": "First scan finished", "weight": "Bolder"},
                    {"type": "TextRun", "text": " (2026-11-25 12:00:00 UTC): scan s"},
                    {"type": "TextRun", "text": "  "},
                    {"type": "TextRun", "text": "Status", "selectAction": open_url},
                ],
            },
        ],
    }


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("*bold* my_name", "\u2217bold\u2217 my_name"),
        ("@channel #a me@home", "\uff20channel \uff03a me@home"),
        (":fire: at 10:30", "\u2236fire: at 10:30"),
        ("a & <b>", "a &amp; &lt;b&gt;"),
    ],
)
def test_a_name_can_still_be_read_in_slack(name: str, shown: str) -> None:
    """People who search for the account need its name."""
    (block,) = message("slack", change(ChangeType.SCAN_FAILED, reason=name))["blocks"]

    assert block["text"]["text"] == f"*Scan failed* {AT_NOON}: scan s; {shown}"


def test_a_text_that_grows_too_long_in_slack_is_cut_and_not_lost() -> None:
    """Each of its characters takes five, and it holds several values."""
    changes = {entry.type: entry for entry in changes_of_every_kind("&" * 400)}

    (block,) = message("slack", changes[ChangeType.KEY_DEGRADED])["blocks"]

    said = block["text"]["text"].replace("&amp;", "&")
    assert said.startswith(f"*Health of an account's key got worse* {AT_NOON}: &&&&")
    assert len(said.partition("): ")[2].partition(" <")[0]) >= SLACK_ALWAYS_FITS_CHARS


def test_a_message_holds_as_many_lines_as_it_may() -> None:
    """More messages than needed are more noise, and Slack takes no more blocks than 50."""
    posts = posts_of([change()] * (MAX_CHAT_LINES + 1), "slack", PORTAL)

    assert [len(json.loads(post.body)["blocks"]) for post in posts] == [MAX_CHAT_LINES, 1]
    assert MAX_CHAT_LINES <= 50


WEB: Final = {"value": "web"}
DATA: Final = {"value": "data"}
OPEN_AI: Final = {"kind": "OpenAI", "azurePolicy": "compliant"}
FOUNDRY: Final = {"kind": "AIServices", "azurePolicy": "not_assessed"}
EXCEPTION: Final = {
    "id": "/subscriptions/s/providers/microsoft.authorization/policyexemptions/e",
    "category": "Waiver",
    "displayName": "Pilot",
    "expiresOn": "2027-01-31T00:00:00Z",
}
COUNTS: Final = {"total": 7, "compliant": 1, "nonCompliant": 4, "unknown": 2}
COUNTED: Final = "4 of 7 accounts are not under a customer-managed key, 2 could not be judged"
UNREAD: Final = {"coverage": "gap", "reason": "forbidden", "missingAction": "a/b/read"}
type Data = dict[str, object]
LINES: Final[dict[str, tuple[ChangeType, Data, str]]] = {
    "removed": (
        ChangeType.ACCOUNT_REMOVED,
        {"before": {"verdict": "unknown"}, "removed": "gone"},
        "unknown -> removed (gone)",
    ),
    "a gap": (
        ChangeType.COVERAGE_LOST,
        {"before": None, "after": UNREAD},
        "new -> gap; forbidden, missing a/b/read",
    ),
    "a gap without an action": (
        ChangeType.COVERAGE_LOST,
        {"before": {"coverage": "read"}, "after": {"coverage": "gap", "reason": "timeout"}},
        "read -> gap; timeout",
    ),
    "a long reason, which says what to do and has more room than a name": (
        ChangeType.SCAN_FAILED,
        {"reason": "r" * 300},
        "r" * (MAX_CHAT_REASON_CHARS - 1) + "\u2026",
    ),
    "counts with gaps": (
        ChangeType.SCAN_BASELINE,
        {"accounts": COUNTS, "subscriptions": {"total": 3, "read": 1, "gap": 2}},
        f"{COUNTED}; 2 of 3 subscriptions could not be read",
    ),
    "counts without gaps": (
        ChangeType.SCAN_BASELINE,
        {"accounts": COUNTS, "subscriptions": {"total": 1, "read": 1, "gap": 0}},
        COUNTED,
    ),
    "another owner": (
        ChangeType.ACCOUNT_UPDATED,
        {"owner": WEB, "previousOwner": DATA},
        "owner: web, before: data",
    ),
    "no owner any more": (
        ChangeType.ACCOUNT_UPDATED,
        {"owner": None, "previousOwner": DATA},
        "owner: none, before: data",
    ),
    "no owner before": (
        ChangeType.ACCOUNT_UPDATED,
        {"owner": WEB, "previousOwner": None},
        "owner: web, before: none",
    ),
    "a kind that the policy does not assess": (
        ChangeType.ACCOUNT_KIND_CHANGED,
        {"before": OPEN_AI, "after": FOUNDRY},
        ("kind OpenAI -> AIServices; Azure's built-in policy no longer assesses it by default"),
    ),
    "a kind that the policy assesses": (
        ChangeType.ACCOUNT_KIND_CHANGED,
        {"before": FOUNDRY, "after": OPEN_AI},
        "kind AIServices -> OpenAI; Azure's built-in policy now assesses it by default",
    ),
    "a kind without news of the policy": (
        ChangeType.ACCOUNT_KIND_CHANGED,
        {"before": OPEN_AI, "after": {**OPEN_AI, "azurePolicy": "non_compliant"}},
        "kind OpenAI -> OpenAI",
    ),
    "an exception": (
        ChangeType.EXCEPTION_STARTED,
        {"exception": EXCEPTION},
        "Waiver Pilot, until 2027-01-31T00:00:00Z",
    ),
    "an exception that has ended": (
        ChangeType.EXCEPTION_STARTED,
        {"exception": EXCEPTION, "ended": "expired"},
        "Waiver Pilot, ended: expired",
    ),
}


@pytest.mark.parametrize(("kind", "data", "said"), LINES.values(), ids=LINES)
def test_a_line_says_what_is_new(kind: ChangeType, data: Data, said: str) -> None:
    """The alert must be clear without opening anything."""
    assert line_of(change(kind, **data), PORTAL).details == f"scan s; {said}"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"name": "chat", "kind": None}, "chat (no kind) in 8d3c"),
        ({"subscriptionName": "Lab"}, "subscription Lab (8d3c)"),
        ({}, "subscription 8d3c"),
    ],
)
def test_a_line_begins_with_what_it_is_about(data: Data, said: str) -> None:
    """With all available names, and always with an id."""
    place = "/subscriptions/8d3c"
    account = Change("id", ChangeType.ACCOUNT_UPDATED, NOON, place, place, data)

    assert line_of(account, PORTAL).details.split("; ")[0] == said


def test_a_line_that_was_overtaken_says_so_and_what_holds_since() -> None:
    """Otherwise the last line about an account would seem to be its current state."""
    later = {"type": ChangeType.ACCOUNT_VIOLATED.value, "time": "2026-11-25T13:00:05Z"}

    said = line_of(change(ChangeType.ACCOUNT_RESOLVED, overtakenBy=later), PORTAL)

    assert said.title == "Out of date: Account now under a customer-managed key"
    since = "Account not under a customer-managed key (2026-11-25T13:00:05Z)"
    assert said.details.startswith(f"since then: {since}; ")


@pytest.mark.parametrize(("length", "kept"), [(MAX_CHAT_LINK_CHARS, 1), (901, 0)])
def test_a_link_is_whole_or_left_out(length: int, kept: int) -> None:
    """Part of a link is useless."""
    url = "https://app.test/".ljust(length, "u")

    assert len(line_of(change(statusUrl=url), PORTAL).links) == kept
    # JSON may hold half a character, and no URL can (P7).
    assert line_of(change(statusUrl="https://a.b/\ud800"), PORTAL).links[0][1] == "https://a.b/?"
