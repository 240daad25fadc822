"""The three webhook bodies: their content, and that names in them are only text."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmk_check.alerts.slack_teams_text import line_of, plain
from cmk_check.alerts.webhook_bodies import Post, posts_of
from cmk_check.core.cloudevents import event_of
from cmk_check.core.enums import ChangeType
from cmk_check.core.model import Change
from cmk_check.limits import MAX_CHAT_CHARS, MAX_CHAT_LINES
from tests.fakes.hostile import NAMES, changes_of_every_kind

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


def _only(posts: Sequence[Post]) -> Any:  # noqa: ANN401 - JSON
    (post,) = posts
    return json.loads(post.body)


def _slack_texts(message: Any) -> list[str]:  # noqa: ANN401
    return [block["text"]["text"] for block in message["blocks"]]


def _runs(message: Any) -> list[Any]:  # noqa: ANN401
    (attachment,) = message["attachments"]
    blocks = attachment["content"]["body"][1:]
    return [run for block in blocks for run in block["inlines"]]


def _links(style: str, message: Any) -> dict[str, str]:  # noqa: ANN401
    if style == "teams":
        runs = [run for run in _runs(message) if "selectAction" in run]
        return {run["text"]: run["selectAction"]["url"] for run in runs}
    links = re.findall(r"<(\S+)\|(\w+)>", _slack_texts(message)[0])
    return {name: url for url, name in links}


def test_cloudevents_are_one_batch_of_the_events() -> None:
    """The batch is the documented form, so that any consumer of CloudEvents can read it."""
    changes = [_violated(1), _violated(2)]

    (post,) = posts_of(changes, "cloudevents", PORTAL)

    assert post.content_type.startswith("application/cloudevents-batch+json")
    assert json.loads(post.body) == [event_of(change) for change in changes]


@pytest.mark.parametrize("style", ["slack", "teams"])
def test_a_line_says_what_happened_where_and_whose_it_is(style: str) -> None:
    """The alert must be clear without opening anything; the details are one click away."""
    message = _only(posts_of([_violated()], style, PORTAL))

    said = (
        _slack_texts(message)[0].replace("&gt;", ">")
        if style == "slack"
        else "".join(run["text"] for run in _runs(message))
    )
    assert "Account not under a customer-managed key" in said
    assert _links(style, message) == {
        "Finding": f"https://app.test/api/v1/findings{ACCOUNT}",
        "Portal": f"{PORTAL}/#resource{ACCOUNT}",
    }
    assert (
        f"chat (OpenAI) in Production ({SUBSCRIPTION}); compliant -> non_compliant; "
        "The account is set to Microsoft's keys. Set a customer-managed key on the account's "
        "Encryption page; owner: ai-platform" in said
    )


@pytest.mark.parametrize("kind", list(ChangeType))
def test_every_type_has_words_of_its_own(kind: ChangeType) -> None:
    """A type without them would be shown by its code."""
    change = Change("id", kind, NOON, "/scans/s", "/scans/s", {})

    assert " " in line_of(change, PORTAL).title


def test_a_test_alert_says_so_first_p10() -> None:
    """A test must not look like a real alert or the reverse; no name can fake the mark."""
    assert line_of(_violated(test=True), PORTAL).title.startswith("TEST, not a real change")
    assert not line_of(_violated(name="TEST", tags={"test": True}), PORTAL).title.startswith("TEST")


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_are_text_in_slack_p10(text: str) -> None:
    """P10: a tag or a key's name cannot cause a mention, link, emoji or format."""
    messages = [json.loads(post.body) for post in posts_of(_hostile(text), "slack", PORTAL)]

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
    messages = [json.loads(post.body) for post in posts_of(_hostile(text), "teams", PORTAL)]

    runs = [run for message in messages for run in _runs(message)]
    shown = "".join(run["text"] for run in runs)
    assert {run["type"] for run in runs} == {"TextRun"}
    assert not re.search(r"[<{}\r\n\u2028\u202e\x1b\u200b]|(?<!\u2060)://", shown)
    links = [run["selectAction"]["url"] for run in runs if "selectAction" in run]
    assert all(url.startswith("https://") for url in links)
    # The headline is Markdown.
    headlines = [message["attachments"][0]["content"]["body"][0]["text"] for message in messages]
    assert all(re.fullmatch("cmk_check: [A-Za-z0-9,:' -]+", each) for each in headlines)


@pytest.mark.parametrize("style", ["cloudevents", "slack", "teams"])
@given(text=st.text(max_size=300) | st.sampled_from(["&" * 500, "<" * 500, "\U0001f600" * 500]))
def test_no_text_changes_the_shape_or_breaks_a_limit_p10(style: str, text: str) -> None:
    """P10: whatever Azure returns, the JSON around it stays the same and is accepted."""
    usual, message = (_only(posts_of(_hostile(each)[:1], style, PORTAL)) for each in ("chat", text))

    if style == "slack":
        (said,) = _slack_texts(message)
        assert len(said) <= 3000
        assert message.keys() == usual.keys()
    if style == "teams":
        assert len(_runs(message)) >= 2
    if style != "cloudevents":
        assert len(json.dumps(message, separators=(",", ":"))) <= MAX_CHAT_CHARS


@pytest.mark.parametrize("text", ["chat", "\U0001f600" * 500])
def test_many_changes_are_spread_over_messages_that_teams_takes(text: str) -> None:
    """A message that is too long is accepted and then dropped."""
    changes = [_violated(n, name=text, subscriptionName=text) for n in range(50)]

    posts = posts_of(changes, "teams", PORTAL)

    cards = [json.loads(post.body)["attachments"][0]["content"] for post in posts]
    lines = [len(card["body"]) - 1 for card in cards]
    assert max(len(post.body) for post in posts) <= MAX_CHAT_CHARS
    assert (sum(lines), max(lines) <= MAX_CHAT_LINES) == (50, True)
    assert len({post.id for post in posts}) == len(posts) > 1


def test_an_id_stays_with_its_changes() -> None:
    """A receiver recognises a repetition, even if other rows have changed."""
    first, second = (posts_of([_violated(n)], "cloudevents", PORTAL)[0].id for n in (1, 2))

    assert first == posts_of([_violated(1, name="other")], "cloudevents", PORTAL)[0].id
    assert first != second
    assert first == "msg_75584a3469615cc47b2f450d073ab976"  # the same in every version


def test_nothing_to_tell_is_no_post() -> None:
    """An empty message is noise."""
    assert [posts_of([], style, PORTAL) for style in ("cloudevents", "slack", "teams")] == [[]] * 3


def test_a_long_value_is_cut_and_says_so() -> None:
    """A name that looks whole but is not leads to the wrong account."""
    assert plain("x" * 65) == "x" * 63 + "\u2026"
    assert plain("x" * 64) == "x" * 64


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
    posts = posts_of(_heaviest(text, count), "slack", PORTAL)

    messages = [json.loads(post.body) for post in posts]
    for message in messages:
        assert 1 <= _length(message["text"]) <= LONGEST_TEXT
        assert 1 <= len(message["blocks"]) <= MOST_BLOCKS
        assert sum(_length(block["text"]["text"]) for block in message["blocks"]) <= LONGEST_BLOCKS
        for block in message["blocks"]:
            assert (block["type"], block["text"]["type"]) == ("section", "mrkdwn")
            assert 1 <= _length(block["text"]["text"]) <= LONGEST_SECTION
    assert sum(len(message["blocks"]) for message in messages) == count
