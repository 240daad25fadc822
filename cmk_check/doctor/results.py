"""The results of checks, each with a mark and a text in which the command line escapes names."""

from collections.abc import Iterable
from enum import StrEnum

from cmk_check.core.gap import Gap
from cmk_check.core.text import few


class Mark(StrEnum):
    """The mark of a check's result; only a problem stops the app from working."""

    OK = "ok"
    """It works."""
    WARNING = "warning"
    """It works or cannot be judged yet; read the line."""
    PROBLEM = "problem"
    """The app or a scan cannot work; the line says what to do."""
    SKIPPED = "skipped"
    """Not tried, because a setting is missing or an earlier check failed."""


# The result of a check function, without the name of the check.
type MarkedText = tuple[Mark, str]


class CheckFailed(Exception):
    """The check failed, so dependent checks cannot run; the error's text explains what to do."""


class NotTried(Exception):
    """The check does not apply here, for the reason in the error's text."""


def problems(gaps: Iterable[tuple[Gap, str]], where: str) -> list[MarkedText]:
    """Report each gap once, with the names of all affected subscriptions or resources."""
    names: dict[Gap, list[str]] = {}
    for gap, name in gaps:
        names.setdefault(gap, []).append(name)
    return [
        (Mark.PROBLEM, f"{gap.reason} {where} {few(affected)}: {gap.detail}")
        for gap, affected in names.items()
    ]
