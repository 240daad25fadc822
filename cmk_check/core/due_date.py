"""The date by which an account must be fixed, as findings hold it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class DueDate:
    """By when an account that has been in trouble ``since`` a time must be fixed; times are UTC.

    ``at`` is None if the settings no longer require a date. ``told`` is the last date that was
    announced as passed.
    """

    since: datetime
    at: datetime | None = None
    told: datetime | None = None

    @property
    def note(self) -> str:
        """The date as a sentence to append to a text; "" if there is no date."""
        return f" Due by {self.at:%Y-%m-%d %H:%M} UTC." if self.at else ""

    @property
    def is_overdue(self) -> bool:
        """Whether a scan has found that the date has passed."""
        return self.at is not None and self.at == self.told
