"""When the policy of a key makes its next version: whatever is not as documented promises none."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmk_check.core.keys.facts import Key, KeyVersion
from cmk_check.inventory.keys.rotation_policy import add_rotation

CREATED: Final = datetime(2026, 1, 31, 10, tzinfo=UTC)
EXPIRES: Final = datetime(2026, 8, 31, 10, tzinfo=UTC)
NEWEST: Final = KeyVersion("v", created=CREATED, expires=EXPIRES)


def _action(kind: object, **trigger: object) -> dict[str, object]:
    return {"action": {"type": kind}, "trigger": trigger}


def _document(actions: object, **attributes: object) -> dict[str, Any]:
    return {
        "properties": {"rotationPolicy": {"lifetimeActions": actions, "attributes": attributes}}
    }


def _at(*actions: object, expires: datetime | None = EXPIRES, **attributes: object) -> object:
    document = _document(list(actions), **attributes)
    return next_rotation_at(document, replace(NEWEST, expires=expires))


def next_rotation_at(document: object, newest: KeyVersion) -> datetime | None:
    """Return when a new version can be expected."""
    key = add_rotation(Key("key", newest), document)
    assert (key.rotation_due_at is None) is (key.next_rotation_at is None)
    return key.next_rotation_at


NOTIFY: Final = _action("Notify", timeBeforeExpiry="P30D")
AFTER: Final = _action("rotate", timeAfterCreate="P60D")
BEFORE: Final = _action("rotate", timeBeforeExpiry="P30D")
DUE: Final = CREATED + timedelta(days=60)


@pytest.mark.parametrize(
    ("trigger", "due"),
    [
        ({"timeAfterCreate": "P7D"}, "2026-02-07"),
        ({"timeAfterCreate": "P1M"}, "2026-02-28"),
        ({"timeAfterCreate": "P25M"}, "2028-02-29"),
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


@given(st.text("P0123456789YMWDTHS.,+-:", max_size=24) | st.text())
def test_no_duration_raises(text: str) -> None:
    """A policy costs itself at most."""
    for name in ("timeAfterCreate", "timeBeforeExpiry"):
        _at(_action("rotate", **{name: text}), expiryTime="P1Y")
    _at(AFTER, expiryTime=text)


def test_a_policy_that_was_changed_later_rotates_no_earlier() -> None:
    """A policy set on an old key is new, not overdue."""
    changed = int((DUE + timedelta(days=400)).timestamp())

    document = _document([AFTER], updated=changed)
    key = add_rotation(Key("key", NEWEST), document)

    assert key.next_rotation_at == DUE + timedelta(days=400)
    assert key.rotation_due_at == DUE, "it is due all the same"
    assert _at(AFTER, updated=int(CREATED.timestamp())) == DUE


def test_of_several_times_the_first_one_counts() -> None:
    """Whatever comes first makes a version; an empty lifetime, as templates set it, is none."""
    later = _action("rotate", timeAfterCreate="P90D")

    assert _at(later, AFTER, expires=None, expiryTime="") == DUE


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
                60, ["P60D"], "60D", "P", "-P60D", "P0.5M", "P6D", "PT48H", "P0D", "P60D ",
                "P99999Y", f"P{'9' * 99}D", f"P{'0' * 400}60D",
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
    ("action", "expires", "attributes"),
    [
        *((AFTER, EXPIRES, it) for it in ({"expiryTime": "P27D"}, {"expiryTime": 90})),
        (AFTER, EXPIRES, {"updated": "x"}),
        # Key Vault asks for an expiry of the key, and for one in the policy.
        (BEFORE, None, {"expiryTime": "P1Y"}),
        (BEFORE, EXPIRES, {}),
    ],
)
def test_attributes_that_are_odd_or_missing_promise_nothing(
    action: dict[str, object], expires: datetime | None, attributes: dict[str, Any]
) -> None:
    """What was misread once may be misread elsewhere."""
    assert _at(action, expires=expires, **attributes) is None


@pytest.mark.parametrize(
    ("document", "newest"),
    [
        *((each, NEWEST) for each in (None, {}, {"properties": None}, _document(None))),
        (_document([AFTER]), KeyVersion("v")),
        (_document([AFTER]), replace(NEWEST, malformed="properties.exp is odd.")),
    ],
)
def test_without_a_policy_or_a_version_that_can_be_read_there_is_no_next_rotation(
    document: object, newest: KeyVersion
) -> None:
    """Azure Resource Manager may leave the policy out; nobody knows when a version was made."""
    assert next_rotation_at(document, newest) is None
