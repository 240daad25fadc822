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
    """A card of another form is accepted, and then shown to nobody.

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
    """Whoever searches for the account must know what it is called."""
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
    """More messages than needed are more noise."""
    posts = posts_of([change()] * (MAX_CHAT_LINES + 1), "slack", PORTAL)

    assert [len(json.loads(post.body)["blocks"]) for post in posts] == [MAX_CHAT_LINES, 1]


def test_the_reason_of_a_failed_scan_has_room() -> None:
    """It says what to do; a name has less."""
    said = line_of(change(ChangeType.SCAN_FAILED, reason="r" * 300), PORTAL).details

    assert said == f"scan s; {'r' * (MAX_CHAT_REASON_CHARS - 1)}\u2026"


@pytest.mark.parametrize(
    ("owners", "said"),
    [
        ({"owner": {"value": "web"}, "previousOwner": {"value": "data"}}, "web, before: data"),
        ({"owner": None, "previousOwner": {"value": "data"}}, "nobody, before: data"),
        ({"owner": {"value": "web"}, "previousOwner": None}, "web, before: nobody"),
        ({"owner": {"value": "web"}}, "web"),
    ],
)
def test_a_line_names_the_owner_before_another_one(owners: dict[str, object], said: str) -> None:
    """Whose ticket it was reads the line as well."""
    details = line_of(change(ChangeType.ACCOUNT_UPDATED, **owners), PORTAL).details

    assert details == f"scan s; owner: {said}"


def test_a_line_that_was_overtaken_says_so_and_what_holds_since() -> None:
    """The last line about an account is else taken for what holds."""
    later = {"type": ChangeType.ACCOUNT_VIOLATED.value, "time": "2026-11-25T13:00:05Z"}

    said = line_of(change(ChangeType.ACCOUNT_RESOLVED, overtakenBy=later), PORTAL)

    assert said.title == "Out of date: Account now under a customer-managed key"
    since = "Account not under a customer-managed key (2026-11-25T13:00:05Z)"
    assert said.details.startswith(f"since then: {since}; ")


@pytest.mark.parametrize(("length", "kept"), [(MAX_CHAT_LINK_CHARS, 1), (901, 0)])
def test_a_link_is_whole_or_left_out(length: int, kept: int) -> None:
    """A part of one leads nowhere."""
    url = "https://app.test/".ljust(length, "u")

    assert len(line_of(change(statusUrl=url), PORTAL).links) == kept


def test_a_link_with_half_a_character_costs_no_message() -> None:
    """JSON may hold one, and no URL can (P7)."""
    ((_, url),) = line_of(change(statusUrl="https://app.test/\ud800"), PORTAL).links

    assert url == "https://app.test/?"


@pytest.mark.parametrize(
    ("had", "has", "said"),
    [
        ("compliant", "not_assessed", "; Azure's built-in policy no longer assesses it by default"),
        ("not_assessed", "compliant", "; Azure's built-in policy assesses it now by default"),
        ("compliant", "non_compliant", ""),
    ],
)
def test_a_new_kind_is_told_with_what_the_policy_makes_of_it(had: str, has: str, said: str) -> None:
    """Both kinds, since whoever reads it may not know what the account was."""
    kinds = {
        "before": {"kind": "OpenAI", "azurePolicy": had},
        "after": {"kind": "AIServices", "azurePolicy": has},
    }

    details = line_of(change(ChangeType.ACCOUNT_KIND_CHANGED, **kinds), PORTAL).details

    assert f"kind OpenAI -> AIServices{said}" in details.split("; ", 1)[1]


@pytest.mark.parametrize(
    ("after", "said"),
    [
        ({"verdict": "unknown"}, "unknown"),
        ({"verdict": "compliant", "keyHealth": "broken"}, "key broken"),
    ],
)
def test_what_is_overdue_is_told_with_its_dates(after: dict[str, str], said: str) -> None:
    """Since when, until when, and what it is now."""
    dates = {"since": "2026-11-01T00:00:00Z", "dueAt": "2026-11-25T00:00:00Z"}

    details = line_of(change(ChangeType.ACCOUNT_OVERDUE, after=after, **dates), PORTAL).details

    assert f"; {said} since 2026-11-01T00:00:00Z, due by 2026-11-25T00:00:00Z" in details


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "Waiver Pilot, until 2027-01-31T00:00:00Z"),
        ({"ended": "expired"}, "Waiver Pilot, ended: expired"),
    ],
)
def test_an_exception_is_told_with_its_end(more: dict[str, str], said: str) -> None:
    """Whoever has accepted a violation has to know until when."""
    exception = {
        "id": "/subscriptions/s/providers/microsoft.authorization/policyexemptions/e",
        "category": "Waiver",
        "displayName": "Pilot",
        "expiresOn": "2027-01-31T00:00:00Z",
    }

    line = line_of(change(ChangeType.EXCEPTION_STARTED, exception=exception, **more), PORTAL)

    assert said in line.details.split("; ")
