"""Which alerts a route takes: by type and by owner, and owners are compared exactly."""

from dataclasses import replace

import pytest

from cmk_check.core.enums import ChangeType
from cmk_check.core.model import Change
from cmk_check.core.route import Route
from tests.fakes.world import BEGINNING

VIOLATED = ChangeType.ACCOUNT_VIOLATED
NAME = "data platform"


def _change(*owner: object, kind: ChangeType = VIOLATED) -> Change:
    data: dict[str, object] = {"owner": owner[0]} if owner else {}
    return Change("c1", kind, BEGINNING, "/subscriptions/s", "/a", data)


def _owned(name: str) -> Change:
    return _change({"value": name, "source": "account"})


def test_a_route_without_owners_takes_everything_of_its_types() -> None:
    """It is the one that no tag can silence."""
    changes = [_owned(NAME), _owned("x" * 10_000), _change(None), _change(), _change("forged")]

    assert all(map(Route("all", "").takes, changes))
    assert not any(map(Route("scans", "", alert_on={"cmkcheck.scan.failed"}).takes, changes))


@pytest.mark.parametrize(
    "name",
    [
        "Data Platform",
        f"{NAME} ",
        "d\u0430ta platform",  # with a Cyrillic letter
        f"<b>{NAME}</b>",
        f"={NAME}",
        f"{NAME}\n",
        f"{NAME}\x00",
        NAME * 1000,
        "null",
        "*",
    ],
)
def test_an_owner_is_compared_exactly(name: str) -> None:
    """Whoever looks alike must not get the alerts of somebody else."""
    route = Route("one", "", owners={NAME})

    assert route.takes(_owned(NAME))
    assert not route.takes(_owned(name))
    assert not route.takes(_change({"value": [name]}))


def test_null_stands_for_accounts_without_an_owner_and_nothing_else() -> None:
    """A tag that says null names somebody; a failed scan says nothing of owners."""
    route = Route("nobody", "", owners={None})

    assert route.takes(_change(None))
    assert not any(map(route.takes, [_owned("null"), _owned("None"), _change(), _change("")]))


def test_a_change_of_owner_is_for_both() -> None:
    """The one before has the ticket."""
    before: dict[str, object] = {"previousOwner": {"value": NAME, "source": "account"}}
    handed_over = replace(_owned("web"), data={**_owned("web").data, **before})
    taken_up = replace(_owned("web"), data={**_owned("web").data, "previousOwner": None})

    assert all(Route("r", "", owners={name}).takes(handed_over) for name in (NAME, "web"))
    assert Route("r", "", owners={None}).takes(taken_up)
    assert not Route("r", "", owners={None, "ops"}).takes(handed_over)


def test_a_route_shows_neither_its_url_nor_its_secrets() -> None:
    """Logs and errors are read by many."""
    assert "hush" not in repr(Route("one", "https://hooks.test/hush", secrets=("hush",)))
