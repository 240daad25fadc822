"""Write changes as CloudEvents 1.0, the only format in which changes leave this program."""

from cmk_check.core.model import Change
from cmk_check.core.text import write_time


def to_cloudevent(change: Change) -> dict[str, object]:
    """Return a change as a CloudEvent in JSON format."""
    return {
        "specversion": "1.0",
        "id": change.id,
        "type": change.type.value,
        "time": write_time(change.time),
        "source": change.source,
        "subject": change.subject,
        "datacontenttype": "application/json",
        "data": {**change.data, "sequence": change.sequence},
    }
