"""Skip tokens: made by this API, carried by callers, and never trusted."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmk_check.store import table_keys
from cmk_check.web.http.paging import decode_position, encode_position
from cmk_check.web.http.refusals import RequestRefused
from tests.unit.web.api_kit import LAB, PRODUCTION, Served
from tests.unit.web.asgi_client import send

NAMES = st.text(min_size=1, max_size=20)


def _encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


@given(NAMES, NAMES, NAMES)
def test_every_place_comes_back_from_its_token(subscription: str, group: str, name: str) -> None:
    """If a token does not lead to its place, the rest of the list cannot be read."""
    place = table_keys.get_partition(subscription), table_keys.finding_row(group, name)

    assert decode_position(encode_position(place), table_keys.FINDINGS_FROM) == place


@pytest.mark.parametrize(
    "token",
    [
        "",
        "????",
        _encoded("no-separator"),
        _encoded(f"{LAB}/coverage"),
        _encoded(f"{LAB}/finding|"),
        _encoded(f"{LAB}/finding|a' or PartitionKey ne '|b"),
        _encoded(f"{LAB}/finding|a|b\n"),
        _encoded("é/finding|a|b"),
        _encoded(f"{LAB}/finding|a|b").rstrip("=") + "\n=",
        _encoded("a" * 513 + "/finding|a|b"),
    ],
)
def test_what_this_api_did_not_make_is_refused(token: str) -> None:
    """A token is untrusted input that becomes part of a query."""
    with pytest.raises(RequestRefused) as refused:
        decode_position(token, table_keys.FINDINGS_FROM)

    assert (refused.value.status, refused.value.target) == (400, "skipToken")


@given(st.text() | st.binary().map(lambda data: base64.urlsafe_b64encode(data).decode()))
def test_no_token_fails_otherwise(token: str) -> None:
    """Anything else would be a 500."""
    try:
        place = decode_position(token, table_keys.FINDINGS_FROM)
    except RequestRefused:
        return
    assert place
    assert decode_position(encode_position(place), table_keys.FINDINGS_FROM) == place


async def test_a_token_of_another_list_shows_nothing_it_should_not(served: Served) -> None:
    """A token decides where to begin, never what to show."""
    row = table_keys.finding_row("rg-ai", "chat")
    token = encode_position((table_keys.get_partition(PRODUCTION), row))

    answer = await send(served.app(), f"/api/v1/findings?subscription={LAB}&skipToken={token}")

    assert (answer.status, answer.json) == (200, {"value": []})
