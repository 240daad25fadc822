"""The types of changes, from the docstrings of their enum."""

from cmk_check.config.webhook import ALERTS
from cmk_check.core.enums import ChangeType
from tools.reference.docstrings import docstrings
from tools.reference.documents import one_line


def changes() -> str:
    """Write a section for each type."""
    told = docstrings(ChangeType)
    return "\n\n".join(
        f"### `{kind.removeprefix('cmkcheck.')}`\n\n{one_line(told.get(kind.name), kind)} "
        f"{'An alert by default.' if kind in ALERTS else 'No alert by default.'}"
        for kind in ChangeType
    )
