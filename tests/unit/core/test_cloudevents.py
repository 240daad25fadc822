"""Changes as CloudEvents 1.0, the one shape in which they leave."""

from datetime import UTC, datetime

from cmk_check.core.cloudevents import event_of
from cmk_check.core.enums import ChangeType
from cmk_check.core.model import Change

NOON = datetime(2026, 11, 25, 12, 0, 7, 999_999, tzinfo=UTC)


def test_an_event_has_the_documented_shape() -> None:
    """Every consumer of CloudEvents can read it, and order by its sequence."""
    change = Change("id-1", ChangeType.ACCOUNT_VIOLATED, NOON, "/s", "/s/a", {"name": "a"}, 4)

    assert event_of(change) == {
        "specversion": "1.0",
        "id": "id-1",
        "type": "cmkcheck.account.violated",
        "time": "2026-11-25T12:00:07Z",
        "source": "/s",
        "subject": "/s/a",
        "datacontenttype": "application/json",
        "data": {"name": "a", "sequence": 4},
    }


def test_an_event_leaves_its_change_as_it_was() -> None:
    """The same change goes to several receivers, and again after a crash."""
    data = {"name": "a"}

    event_of(Change("id-1", ChangeType.ACCOUNT_UPDATED, NOON, "/s", "/s/a", data, 4))

    assert data == {"name": "a"}
