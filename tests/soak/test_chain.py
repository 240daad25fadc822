"""The checker of the feed refuses an exception that is told as started without being new."""

import pytest

from tests.soak.chain import Link, accepted
from tests.soak.tally import LostChangeError

SOURCE = "/subscriptions/one"
UNTIL = "2026-11-25T14:00:00Z"
LATER = "2026-11-25T15:00:00Z"


def _feed(*told: tuple[str, str, str]) -> list[Link]:
    return [
        Link(
            f"change-{number}",
            SOURCE,
            number,
            f"cmkcheck.exception.{turn}",
            f"{SOURCE}/chat",
            None,
            None,
            {"id": exception, "expiresOn": until},
        )
        for number, (turn, exception, until) in enumerate(told, 1)
    ]


@pytest.mark.parametrize("again", [("/a", LATER), ("/b", UNTIL)], ids=["longer", "another"])
def test_an_exception_that_lasts_longer_or_is_another_starts_again(again: tuple[str, str]) -> None:
    """A prolonged exception, and one that takes the place of another, are told as started."""
    assert accepted(_feed(("started", "/a", UNTIL), ("started", *again))) == {f"{SOURCE}/chat"}


def test_an_exception_that_ends_is_no_longer_accepted() -> None:
    """The checker forgets it at its end."""
    ended = _feed(("started", "/a", UNTIL), ("expiring", "/a", UNTIL), ("ended", "/a", UNTIL))
    assert accepted(ended) == set()


@pytest.mark.parametrize(
    "told",
    [
        [("started", "/a", LATER), ("started", "/a", LATER)],
        [("started", "/a", LATER), ("started", "/a", UNTIL)],
        [("ended", "/a", UNTIL)],
        [("started", "/a", UNTIL), ("expiring", "/b", UNTIL)],
    ],
    ids=["twice", "shorter", "never started", "not the one that started"],
)
def test_what_does_not_follow_is_a_lost_change(told: list[tuple[str, str, str]]) -> None:
    """Each of these can only come about where a change is missing or was told twice."""
    with pytest.raises(LostChangeError):
        accepted(_feed(*told))
