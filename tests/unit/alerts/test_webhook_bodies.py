"""The three webhook bodies: their content, and that names in them are only text."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmk_check.alerts.webhook_bodies import build_posts
from cmk_check.core.enums import ChangeType
from cmk_check.core.model import Change
from cmk_check.limits import MAX_CHAT_CHARS, MAX_CHAT_LINES, SLACK_ALWAYS_FITS_CHARS
from tests.fakes.hostile import NAMES, changes_of_every_kind
from tests.unit.accepted import check_accepted

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
PORTAL = "https://portal.azure.com"
SUBSCRIPTION = "8d3c0000-0000-4000-8000-000000000001"
ACCOUNT = (
    f"/subscriptions/{SUBSCRIPTION}/resourcegroups/rg-ai/providers/microsoft.cognitiveservices"
    "/accounts/chat"
)
# More of what Slack makes links, mentions, formats and emoji of.
HOSTILE = [
    *NAMES,
    "<!here> <!channel> <@U1>",
    "<https://evil.test|click>",
    "|Portal> <https://evil.test|Finding",
    "@channel @here !here #general",
    "*bold* _it_ ~no~ `code` _*both*_ my_name *",
    ":fire: :+1:",
    "\r\n> quoted\n- item\n# head",
    "&" * 60_000,
    "%\u20ac\U0001f600" * 9_000,
]


def _violated(number: int = 1, **data: object) -> Change:
    given: dict[str, object] = {
        "name": "chat",
        "kind": "OpenAI",
        "subscriptionName": "Production",
        "tags": {"owner": "ai-platform"},
        "owner": {"value": "ai-platform", "source": "account"},
        "before": {"verdict": "compliant", "reason": "customer_managed_key"},
        "after": {"verdict": "non_compliant", "reason": "microsoft_managed_key"},
        "findingUrl": f"https://app.test/api/v1/findings{ACCOUNT}",
        "baseline": False,
    }
    return Change(
        f"change-{number}",
        ChangeType.ACCOUNT_VIOLATED,
        NOON,
        f"/subscriptions/{SUBSCRIPTION}",
        ACCOUNT,
        given | data,
        number,
    )


def _hostile(text: str) -> list[Change]:
    more = {"removed": text, "findingUrl": f"https://{text}"}
    return [replace(change, data={**change.data, **more}) for change in changes_of_every_kind(text)]


def _messages(style: str, changes: Sequence[Change]) -> list[Any]:
    posts = build_posts(changes, style, PORTAL)
    messages = [json.loads(post.body) for post in posts]
    assert [len(post.body) for post in posts] == [len(_compact(each)) for each in messages]
    return messages


def _compact(message: object) -> str:
    return json.dumps(message, separators=(",", ":"))


def _slack_texts(message: Any) -> list[str]:  # noqa: ANN401
    return [block["text"]["text"] for block in message["blocks"]]


def _runs(message: Any) -> list[Any]:  # noqa: ANN401
    (attachment,) = message["attachments"]
    blocks = attachment["content"]["body"][1:]
    return [run for block in blocks for run in block["inlines"]]


WORKS: Final = Change("c2", ChangeType.SCAN_RECOVERED, NOON, "/scans/s", "/scans/s", {})
# The lookalike of a colon keeps Slack from seeing an emoji between two of them.
AT_NOON: Final = "(2026-11-25 12\u223600:00 UTC)"


# https://docs.slack.dev/reference/block-kit/blocks/section-block: without ``verbatim`` Slack makes
# links and mentions of names. https://adaptivecards.io/explorer/RichTextBlock.html
@pytest.mark.parametrize("style", ["slack", "teams"])
def test_a_message_is_of_the_form_that_the_receiver_takes(style: str) -> None:
    """One in another form is refused, or accepted and never shown."""
    changes = [_violated(findingUrl="https://a.test/?a=1&b"), WORKS, WORKS]

    check_accepted(Path(__file__).parent / "golden" / f"{style}.json", _messages(style, changes))


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
    failed = replace(WORKS, type=ChangeType.SCAN_FAILED, data={"reason": name})

    ((said,),) = map(_slack_texts, _messages("slack", [failed]))

    assert said == f"*Scan failed* {AT_NOON}: scan s; {shown}"


def test_a_text_that_grows_too_long_in_slack_is_cut_and_not_lost() -> None:
    """Each of its characters takes five, and it holds several values."""
    changes = {entry.type: entry for entry in changes_of_every_kind("&" * 400)}

    ((text,),) = map(_slack_texts, _messages("slack", [changes[ChangeType.KEY_DEGRADED]]))

    said = text.replace("&amp;", "&")
    assert said.startswith(f"*Health of an account's key got worse* {AT_NOON}: &&&&")
    assert len(said.partition("): ")[2].partition(" <")[0]) >= SLACK_ALWAYS_FITS_CHARS


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_are_text_in_slack_p10(text: str) -> None:
    """P10: a tag or a key's name cannot cause a mention, link, emoji or format."""
    messages = _messages("slack", _hostile(text))

    for said in (text for message in messages for text in _slack_texts(message)):
        without_links = re.sub(r" <https://[^<>|\s]*\|(Finding|Status|Portal)>", "", said)
        own = without_links.partition(" UTC): ")[2]
        assert own != without_links
        assert not re.search(
            r"[<>*~`\r\n\u2028\u202e\x1b\u200b]|(?<!\w)[@#!]\w|(?<!\u2060)://|:[a-z0-9+]+:", own
        )
        assert not re.search(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", own)
        assert re.findall(r"&(?!amp;|lt;|gt;)", said) == []
    # The one text that is shown in a notification holds no name at all.
    assert all(re.fullmatch("cmk_check: [A-Za-z0-9,:' -]+", each["text"]) for each in messages)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_are_text_in_teams_p10(text: str) -> None:
    """P10: text runs do not interpret Markdown; mentions and functions are broken up."""
    messages = _messages("teams", _hostile(text))

    runs = [run for message in messages for run in _runs(message)]
    shown = "".join(run["text"] for run in runs)
    assert {run["type"] for run in runs} == {"TextRun"}
    assert not re.search(r"[<{}\r\n\u2028\u202e\x1b\u200b]|(?<!\u2060)://", shown)
    links = [run["selectAction"]["url"] for run in runs if "selectAction" in run]
    assert all(url.startswith("https://") for url in links)
    # The headline is Markdown.
    headlines = [message["attachments"][0]["content"]["body"][0]["text"] for message in messages]
    assert all(re.fullmatch("cmk_check: [A-Za-z0-9,:' -]+", each) for each in headlines)


@pytest.mark.parametrize("style", ["slack", "teams"])
@given(text=st.text(max_size=300) | st.sampled_from(["&" * 500, "<" * 500, "\U0001f600" * 500]))
def test_no_text_changes_the_shape_or_breaks_a_limit_p10(style: str, text: str) -> None:
    """P10: whatever Azure returns, the JSON around it stays the same and is accepted."""
    ((usual,), (message,)) = (_messages(style, _hostile(each)[:1]) for each in ("chat", text))

    assert message.keys() == usual.keys()
    assert len(_compact(message)) <= MAX_CHAT_CHARS
    texts = _slack_texts(message) if style == "slack" else _runs(message)
    assert 1 <= len(texts) <= len(_slack_texts(usual) if style == "slack" else _runs(usual))


@pytest.mark.parametrize(
    ("text", "lines"),
    [("", [MAX_CHAT_LINES, 1]), ("\U0001f600" * 500, [4] * 10 + [1])],
    ids=["short", "long"],
)
def test_many_changes_are_spread_over_messages_that_teams_takes(
    text: str, lines: list[int]
) -> None:
    """A message that is too long is accepted and then dropped; more than needed are more noise."""
    changes = [
        replace(WORKS, id=f"change-{number}", data={"reason": text})
        for number in range(MAX_CHAT_LINES + 1)
    ]

    messages = _messages("teams", changes)

    assert [len(each["attachments"][0]["content"]["body"]) - 1 for each in messages] == lines
    assert max(len(_compact(each)) for each in messages) <= MAX_CHAT_CHARS
    assert len({post.id for post in build_posts(changes, "teams", PORTAL)}) == len(messages)


def test_an_id_stays_with_its_changes() -> None:
    """A receiver recognises a repetition, even if other rows have changed."""
    first, second = (build_posts([_violated(n)], "cloudevents", PORTAL)[0].id for n in (1, 2))

    assert first == build_posts([_violated(1, name="other")], "cloudevents", PORTAL)[0].id
    assert first != second
    assert first == "msg_75584a3469615cc47b2f450d073ab976"  # the same in every version


def test_nothing_to_tell_is_no_post() -> None:
    """An empty message is noise."""
    assert [build_posts([], style, PORTAL) for style in ("cloudevents", "slack", "teams")] == [
        []
    ] * 3


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
            subject=f"/subscriptions/{SUBSCRIPTION}/{'&' * 240}",
            data={**change.data, "findingUrl": url, "statusUrl": url, "reason": text},
        )
        for number in range(count)
        for change in [changes[number % len(changes)]]
    ]


def _length(text: str) -> int:
    """Count UTF-16 code units, the highest count that a receiver may use."""
    return len(text.encode("utf-16-le")) // 2


@pytest.mark.parametrize("count", [1, 12, 50])
@pytest.mark.parametrize("text", ["chat", *HEAVIEST], ids=range(6))
def test_the_heaviest_changes_stay_within_slacks_limits(text: str, count: int) -> None:
    """One block too long, and Slack refuses the whole message with all the alerts in it."""
    posts = build_posts(_heaviest(text, count), "slack", PORTAL)

    messages = [json.loads(post.body) for post in posts]
    for message in messages:
        assert 1 <= _length(message["text"]) <= LONGEST_TEXT
        assert 1 <= len(message["blocks"]) <= MOST_BLOCKS
        assert sum(_length(block["text"]["text"]) for block in message["blocks"]) <= LONGEST_BLOCKS
        for block in message["blocks"]:
            assert (block["type"], block["text"]["type"]) == ("section", "mrkdwn")
            assert 1 <= _length(block["text"]["text"]) <= LONGEST_SECTION
    assert sum(len(message["blocks"]) for message in messages) == count
