"""Which changes are posted, and to which route: by type and by owner, compared exactly."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import pytest

from cmk_check.core.alert_routes import Route, is_alert
from cmk_check.core.enums import ChangeType
from cmk_check.core.model import Change
from tests.fakes.world import BEGINNING

VIOLATED = ChangeType.ACCOUNT_VIOLATED
NAME = "data platform"
ALL: Final = frozenset(kind.value for kind in ChangeType)


def _change(*owner: object, kind: ChangeType = VIOLATED) -> Change:
    data: dict[str, object] = {"owner": owner[0]} if owner else {}
    return Change("c1", kind, BEGINNING, "/subscriptions/s", "/a", data)


def _owned(name: str) -> Change:
    return _change({"value": name, "source": "account"})


def test_a_route_without_owners_takes_everything_of_its_types() -> None:
    """It is the route that no tag can silence."""
    changes = [_owned(NAME), _owned("x" * 10_000), _change(None), _change(), _change("forged")]

    assert all(map(Route("all", "").takes, changes))
    assert not any(map(Route("scans", "", alert_on={"cmkcheck.scan.failed"}).takes, changes))


@pytest.mark.parametrize("name", ["Data Platform", "d\u0430ta platform", f"{NAME}\n", "*"])
def test_an_owner_is_compared_exactly(name: str) -> None:
    """A lookalike name, as with a Cyrillic letter, must not get the alerts of another owner."""
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
    """The previous owner has the ticket."""
    before: dict[str, object] = {"previousOwner": {"value": NAME, "source": "account"}}
    handed_over = replace(_owned("web"), data={**_owned("web").data, **before})
    taken_up = replace(_owned("web"), data={**_owned("web").data, "previousOwner": None})

    assert all(Route("r", "", owners={name}).takes(handed_over) for name in (NAME, "web"))
    assert Route("r", "", owners={None}).takes(taken_up)
    assert not Route("r", "", owners={None, "ops"}).takes(handed_over)


def test_a_route_shows_neither_its_url_nor_its_secrets() -> None:
    """Logs and errors are read by many."""
    assert "hush" not in repr(Route("one", "https://hooks.test/hush", secrets=("hush",)))


FIRST: Final = {"baseline": True}
REGAINED: Final = frozenset({"cmkcheck.coverage.regained"})
ALERTS: Final[dict[str, tuple[ChangeType, Mapping[str, object], frozenset[str], bool]]] = {
    "asked for": (VIOLATED, {"baseline": False}, ALL, True),
    "says nothing of a baseline": (VIOLATED, {}, ALL, True),
    "only true is true": (VIOLATED, {"baseline": "true"}, ALL, True),
    "found by the first scan": (VIOLATED, FIRST, ALL, False),
    "the first scan itself": (ChangeType.SCAN_BASELINE, FIRST, ALL, True),
    "the first scan, not asked for": (ChangeType.SCAN_BASELINE, FIRST, REGAINED, False),
    "one of its type alone": (ChangeType.COVERAGE_REGAINED, {}, REGAINED, True),
    "no prefix of a type": (ChangeType.SCAN_FAILED, {}, frozenset({"cmkcheck.scan"}), False),
}


@pytest.mark.parametrize(("kind", "data", "alert_on", "expected"), ALERTS.values(), ids=ALERTS)
def test_alerts_are_what_was_asked_for_and_no_first_inventory(
    kind: ChangeType, data: Mapping[str, object], alert_on: frozenset[str], *, expected: bool
) -> None:
    """A first scan of 5,000 accounts must not send 5,000 alerts, nor lose a real one."""
    assert is_alert(Change("id", kind, BEGINNING, "/s", "/s/a", data), alert_on) is expected
