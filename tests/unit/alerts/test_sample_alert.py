"""The test alert has the form of a real alert, so that a rule that accepts it accepts both."""

from cmk_check.alerts.sample_alert import sample_change
from cmk_check.core.resource_id import AccountId
from tests.fakes.world import bad, good
from tests.unit.core.examples import HOUR, ID, NOON, compared, known_of


def test_a_test_alert_has_the_fields_of_a_real_one() -> None:
    """A rule or template that works with the test alert must also work with a real one."""
    (step,) = compared(known_of(good(ID)), bad(ID), at=NOON + HOUR).steps
    (real,) = step.changes

    test = sample_change("id", NOON)

    assert (test.id, test.time, test.type) == ("id", NOON, real.type)
    assert test.data.keys() ^ real.data.keys() == {"test"}
    assert all(test.data[side] == real.data[side] for side in ("before", "after"))
    assert AccountId.parse(test.subject)
    assert test.subject.startswith(f"{test.source}/")
