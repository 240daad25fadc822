"""When the policy of a key makes its next version: whatever is not as documented promises none."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from cmk_check.core.keys.facts import KeyVersion
from cmk_check.inventory.keys.rotation_policy import next_rotation_at

CREATED: Final = datetime(2026, 1, 31, 10, tzinfo=UTC)
EXPIRES: Final = datetime(2026, 8, 31, 10, tzinfo=UTC)


def _action(kind: object, **trigger: object) -> dict[str, object]:
    return {"action": {"type": kind}, "trigger": trigger}


def _document(actions: object, **attributes: object) -> dict[str, Any]:
    return {
        "properties": {"rotationPolicy": {"lifetimeActions": actions, "attributes": attributes}}
    }


def _at(*actions: object, expires: datetime | None = EXPIRES, **attributes: object) -> object:
    newest = KeyVersion("v", created=CREATED, expires=expires)
    return next_rotation_at(_document(list(actions), **attributes), newest)


NOTIFY: Final = _action("Notify", timeBeforeExpiry="P30D")
AFTER: Final = _action("rotate", timeAfterCreate="P60D")
DUE: Final = CREATED + timedelta(days=60)


@pytest.mark.parametrize(
    ("trigger", "due"),
    [
        ({"timeAfterCreate": "P60D"}, "2026-04-01"),
        ({"timeAfterCreate": "P7D"}, "2026-02-07"),
        ({"timeAfterCreate": "P2W"}, "2026-02-14"),
        ({"timeAfterCreate": "P1M"}, "2026-02-28"),
        ({"timeAfterCreate": "P25M"}, "2028-02-29"),
        ({"timeAfterCreate": "P1Y"}, "2027-01-31"),
        ({"timeAfterCreate": "P1Y6M"}, "2027-07-31"),
        ({"timeAfterCreate": "P18M", "timeBeforeExpiry": None}, "2027-07-31"),
        ({"timeAfterCreate": "P1Y10D", "timeBeforeExpiry": ""}, "2027-02-10"),
        ({"timeBeforeExpiry": "P30D"}, "2026-08-01"),
        ({"timeBeforeExpiry": "P6M", "timeAfterCreate": ""}, "2026-02-28"),
    ],
)
def test_times_are_those_of_the_calendar(trigger: dict[str, object], due: str) -> None:
    """An end of February has fewer days than a month of a rule of thumb."""
    for kind in ("Rotate", "rotate"):
        found = _at(_action(kind, **trigger), NOTIFY, expiryTime="P1Y")

        assert found == datetime.fromisoformat(f"{due}T10:00:00Z")


def test_a_policy_that_was_changed_later_rotates_no_earlier() -> None:
    """A policy set on an old key is new, not overdue."""
    changed = int((DUE + timedelta(days=400)).timestamp())

    assert _at(AFTER, updated=changed) == DUE + timedelta(days=400)
    assert _at(AFTER, updated=int(CREATED.timestamp())) == DUE


def test_of_several_times_the_first_one_counts() -> None:
    """Whatever comes first makes a version, which has times of its own."""
    later = _action("rotate", timeAfterCreate="P90D")

    assert _at(later, AFTER, expires=None) == DUE


@pytest.mark.parametrize(
    "actions",
    [
        [],
        [NOTIFY],
        [_action("renew", timeAfterCreate="P60D")],
        [_action(None, timeAfterCreate="P60D")],
        [AFTER, _action("rotate", timeAfterCreate="soon")],
        [AFTER, "rotate"],
        [_action("rotate")],
        [_action("rotate", timeAfterCreate="P60D", timeBeforeExpiry="P30D")],
        [{"action": {"type": "rotate"}, "trigger": "P60D"}],
        *(
            [_action("rotate", timeAfterCreate=duration)]
            for duration in (
                60, True, ["P60D"], "60D", "P", "PT", "-P60D", "P0.5M", "P6D", "PT48H", "P0D",
                "P99999999999D", "P99999Y", f"P{'9' * 400}D", f"P{'9' * 400}Y", "P60D ", "P-60D",
            )
        ),
        [_action("rotate", timeBeforeExpiry="P6D")],
        [_action("rotate", timeBeforeExpiry="P7M")],  # before there was a key
    ],
)  # fmt: skip
def test_what_is_not_documented_promises_nothing(actions: list[object]) -> None:
    """Else a key that nobody rotates would be healthy until it expires."""
    assert _at(*actions, expiryTime="P1Y") is None


@pytest.mark.parametrize(
    "attributes", [{"expiryTime": "P27D"}, {"expiryTime": 90}, {"updated": "x"}]
)
def test_attributes_that_cannot_be_understood_promise_nothing(attributes: dict[str, Any]) -> None:
    """What was misread once may be misread elsewhere."""
    assert _at(AFTER, **attributes) is None


def test_a_time_before_expiry_needs_both_expiries() -> None:
    """Key Vault asks for one on the key, and one in the policy."""
    before = _action("rotate", timeBeforeExpiry="P30D")

    assert _at(before, expires=None, expiryTime="P1Y") is None
    assert _at(before) is None


@pytest.mark.parametrize(
    "document", [None, {}, {"properties": None}, _document(None), _document({})]
)
def test_a_key_without_a_policy_has_no_next_rotation(document: object) -> None:
    """Azure Resource Manager may leave it out."""
    assert next_rotation_at(document, KeyVersion("v", created=CREATED)) is None


@pytest.mark.parametrize(
    "newest",
    [KeyVersion("v"), KeyVersion("v", created=CREATED, malformed="properties.exp is odd.")],
)
def test_a_version_that_cannot_be_read_has_none(newest: KeyVersion) -> None:
    """Nobody knows when it was made, or when it ends."""
    assert next_rotation_at(_document([AFTER]), newest) is None
