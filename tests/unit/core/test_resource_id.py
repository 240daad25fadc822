"""Identity of an account: the lower-cased ARM id, and never more ids than rows."""

from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cmk_check.core.resource_id import AccountId
from cmk_check.store import table_keys

SUBSCRIPTION = "8d3c0000-0000-4000-8000-000000000001"


def text_of(group: str, name: str, prefix: str = "/subscriptions/") -> str:
    """Return the id that ARM gives an account."""
    return (
        f"{prefix}{SUBSCRIPTION}/resourceGroups/{group}"
        f"/providers/Microsoft.CognitiveServices/accounts/{name}"
    )


def parsed(text: str) -> AccountId:
    """Parse an id that is one."""
    found = AccountId.parse(text)
    assert found is not None
    return found


@pytest.mark.parametrize("cased", [str, str.lower, str.upper, str.swapcase])
def test_any_casing_is_the_same_account(cased: type[str]) -> None:
    """ARM promises no casing; a second finding for one account would be counted twice."""
    text = text_of("Rg-AI", "Chat")

    account = parsed(cased(text))

    assert account == parsed(text)
    assert hash(account) == hash(parsed(text))
    assert str(account) == text.lower()
    assert account.subscription_id == SUBSCRIPTION


def test_ids_sort_as_the_table_lists_them_and_entries_of_one_id_keep_their_order() -> None:
    """If an account has two entries, the first gives the names, with the casing that it has."""
    groups = [("B", "a"), ("rg", "a"), ("a", "B"), ("RG", "a"), ("a", "a"), ("Rg", "a")]
    ids = sorted(parsed(text_of(*names)) for names in groups)

    assert [str(account) for account in ids] == sorted(str(account) for account in ids)
    assert [account.resource_group for account in ids] == ["a", "a", "B", "rg", "RG", "Rg"]


NO_IDS: Final[dict[str, object]] = {
    "nothing": None,
    "no leading slash": text_of("rg", "chat").removeprefix("/"),
    "line break behind": text_of("rg", "chat") + "\n",
    "project": text_of("rg", "chat") + "/projects/one",
    "no name": text_of("rg", ""),
    "no group": text_of("", "chat"),
    "slash in the group": text_of("rg/x", "chat"),
    "dot as a pattern": text_of("rg", "chat").replace("Microsoft.", "MicrosoftX"),
    "control character": text_of("r\x00g", "chat"),
    "C1 control character": text_of("rg", "ch\x85at"),
    "half a surrogate pair": text_of("rg", "\ud800"),
    "name one too long": text_of("rg", "x" * 65),
    "group one too long": text_of("g" * 91, "chat"),
}


@pytest.mark.parametrize("text", NO_IDS.values(), ids=NO_IDS)
def test_what_is_no_account_id_is_none(text: object) -> None:
    """A finding needs a name that leads back to its account."""
    assert AccountId.parse(text) is None


def test_the_longest_names_that_azure_allows_are_ids() -> None:
    """An account left out because of its name would not be watched."""
    longest = parsed(text_of("é" * 90, "x" * 64))

    assert table_keys.finding_row(longest.resource_group, longest.name)


# A run of letters that a key escapes takes four characters each and two more; a dotted capital I is
# two letters in lower case, one of which is escaped.
@pytest.mark.parametrize(
    ("group", "name"),
    [("é" * 90, "x" * 8 + "é" * 32), ("g" * 52, "\u0130" * 64)],
    ids=["runs", "longer in lower case"],
)
def test_an_id_may_fill_its_key_to_the_last_character(group: str, name: str) -> None:
    """P7: one more is the gap malformed_account of its subscription, not the end of a slice."""
    fitting = parsed(text_of(group, name))

    assert table_keys.finding_row(fitting.resource_group, fitting.name)
    assert AccountId.parse(text_of(group.replace("g", "gg", 1), name.replace("x", "xx", 1))) is None


_NAMES = st.text(st.sampled_from("aAsSkK\u017f\u212a\u0130\u0131\u03a3\u03c2.~|-é"), min_size=1)


@given(_NAMES, _NAMES, st.sampled_from(["/subscriptions/", "/\u017fubscriptions/"]))
@example("a", "a", "/\u017fubscriptions/")
def test_two_ids_never_share_a_row(group: str, name: str, prefix: str) -> None:
    """Two accounts in one transaction for one row would be refused, with all beside them (P7)."""
    plain = AccountId.parse(text_of(group.upper(), name))
    other = AccountId.parse(text_of(group, name.lower(), prefix))

    if plain and other and plain != other:
        rows = {table_keys.finding_row(part.resource_group, part.name) for part in (plain, other)}
        assert len(rows) == 2
