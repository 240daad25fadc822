"""An entry of the catalogue."""

from dataclasses import dataclass
from typing import Final

from cmk_check.core.enums import Actor, ReasonSeverity

NOTHING_TO_DO: Final = "Nothing has to be done."


@dataclass(frozen=True, slots=True)
class ReasonEntry:
    """A reason in words: what it means (one or more sentences), what ends it, who has to act."""

    severity: ReasonSeverity
    message: str
    way_out: str
    actor: Actor

    def text(self, note: str | None = None) -> str:
        """Return the message and the way out.

        ``note`` says what the message leaves open in one case, such as counts or a status code.
        """
        message = with_note(self.message, note)
        return message if self.way_out == NOTHING_TO_DO else f"{message} {self.way_out}"


def with_note(sentence: str, note: str | None) -> str:
    """Put a note in brackets at the end of a sentence."""
    return f"{sentence.removesuffix('.')} ({note.removesuffix('.')})." if note else sentence
