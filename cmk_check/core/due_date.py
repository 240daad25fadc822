"""The date by which an account must be fixed, as findings hold it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class DueDate:
    """When an account is due that is in trouble ``since`` then; times are UTC.

    ``at`` is None where the settings no longer demand a date. ``told`` is the last date of which
    people know that it has passed.
    """

    since: datetime
    at: datetime | None = None
    told: datetime | None = None

    @property
    def note(self) -> str:
        """The date as a sentence that ends a text; "" without one."""
        return f" Due by {self.at:%Y-%m-%d %H:%M} UTC." if self.at else ""

    @property
    def is_overdue(self) -> bool:
        """Whether a scan has found that the date has passed."""
        return self.at is not None and self.at == self.told
