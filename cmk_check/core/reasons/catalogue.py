"""The catalogue of reasons: the message and severity of each reason, the remedy, and who must act.

reasons.toml contains the texts. The program does not start if a code has no entry in reasons.toml.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cmk_check.core.enums import (
    Actor,
    CheckReason,
    ExceptionReason,
    GapReason,
    KeyReason,
    PostureReason,
    Reason,
    ReasonArea,
    ReasonSeverity,
)
from cmk_check.core.text_files import read_toml

type ReasonCode = Reason | GapReason | KeyReason | ExceptionReason | PostureReason

NOTHING_TO_DO: Final = "There is nothing to do."


@dataclass(frozen=True, slots=True)
class ReasonEntry:
    """A reason's message (one or more sentences), the way to resolve it, and who must act.

    ``when`` defines exactly when the reason applies, if the message does not say so. ``make docs``
    writes all reasons into docs/reference/reasons.md.
    """

    severity: ReasonSeverity
    message: str
    way_out: str
    actor: Actor
    when: str | None = None

    def text(self, note: str | None = None) -> str:
        """Return the reason's message, followed by the way to resolve it.

        ``note`` adds the details of one case to the message, such as counts or a status code.
        """
        message = add_note(self.message, note)
        return message if self.way_out == NOTHING_TO_DO else f"{message} {self.way_out}"


def add_note(sentence: str, note: str | None) -> str:
    """Add a note in brackets to a sentence, before its final period."""
    return f"{sentence.removesuffix('.')} ({note.removesuffix('.')})." if note else sentence


def _entries[Code: StrEnum](area: str, codes: type[Code]) -> Mapping[Code, ReasonEntry]:
    """Return the entries of an area of reasons, in the order of its codes.

    Raises:
        ValueError: reasons.toml lacks a code, or has an unknown code or a faulty entry.
    """
    rows, entries = TABLES[area], {}
    if odd := rows.keys() ^ set(codes):
        raise ValueError(f"reasons.toml, [{area}]: missing or unknown: {', '.join(sorted(odd))}")
    for code in codes:
        try:
            entries[code] = _entry(**rows[code])
        except (TypeError, ValueError) as error:
            raise ValueError(f"reasons.toml, [{area}.{code}]: {error}") from error
    return entries


def _entry(
    severity: str, actor: str, message: str, way_out: str = NOTHING_TO_DO, when: str | None = None
) -> ReasonEntry:
    return ReasonEntry(ReasonSeverity(severity), message, way_out, Actor(actor), when)


TABLES: Final = read_toml(__package__, "reasons.toml")
VERDICT_REASONS: Final = _entries(ReasonArea.VERDICT, Reason)
GAP_REASONS: Final = _entries(ReasonArea.GAP, GapReason)
KEY_REASONS: Final = _entries(ReasonArea.KEY, KeyReason)
EXCEPTION_REASONS: Final = _entries(ReasonArea.EXCEPTION, ExceptionReason)
POSTURE_REASONS: Final = _entries(ReasonArea.POSTURE, PostureReason)
# Only for `cmk-check check`: rows and the API do not have these reasons.
CHECK_REASONS: Final = _entries("check", CheckReason)
CATALOGUE: Final[Mapping[ReasonArea, Collection[tuple[ReasonCode, ReasonEntry]]]] = {
    ReasonArea.VERDICT: VERDICT_REASONS.items(),
    ReasonArea.GAP: GAP_REASONS.items(),
    ReasonArea.KEY: KEY_REASONS.items(),
    ReasonArea.EXCEPTION: EXCEPTION_REASONS.items(),
    ReasonArea.POSTURE: POSTURE_REASONS.items(),
}
