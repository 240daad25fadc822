"""The events of log lines, from the docstrings of their enum."""

from cmk_check.alerts.log_lines import LogEvent
from tools.reference.docstrings import docstrings


def log_lines() -> str:
    """Write a section for each event."""
    told = docstrings(LogEvent)
    return "\n\n".join(
        f"## `{event}`\n\n{told[event.name].replace(' Fields:', '\n\nFields:')}"
        for event in LogEvent
    )
