"""The results of checks: a mark and a sentence. The command line escapes names in them."""

from collections.abc import Iterable
from enum import StrEnum

from cmk_check.core.gap import Gap
from cmk_check.core.text import few


class Mark(StrEnum):
    """The result of a check; only a problem stops the app from working."""

    OK = "ok"
    """It works."""
    WARNING = "warning"
    """It works, or only time will tell; read the line."""
    PROBLEM = "problem"
    """The app or a scan cannot work; the line says what to do."""
    SKIPPED = "skipped"
    """Not tried, because it is not set or depends on a problem above."""


# The result of a check function, without the name of the check.
type MarkedText = tuple[Mark, str]


class CheckFailed(Exception):
    """The check failed, so that others cannot run. ``str()`` says what to do."""


class NotTried(Exception):
    """The check does not apply. ``str()`` says why."""


def problems(gaps: Iterable[tuple[Gap, str]], where: str) -> list[MarkedText]:
    """Report each gap once, with the names that it concerns."""
    names: dict[Gap, list[str]] = {}
    for gap, name in gaps:
        names.setdefault(gap, []).append(name)
    return [
        (Mark.PROBLEM, f"{gap.reason} {where} {few(named)}: {gap.detail}")
        for gap, named in names.items()
    ]
