"""Which findings are meant, as far as the table cannot tell: words, places, spellings of a kind."""

from dataclasses import dataclass
from typing import Self

from cmk_check.core.counts import KIND_UNKNOWN
from cmk_check.core.model import Coverage, Finding
from cmk_check.web.queries import FindingsQuery


@dataclass(frozen=True, slots=True)
class Search:
    """What is asked for, case-folded; None and no words ask for everything."""

    kind: str | None
    location: str | None
    words: tuple[str, ...]

    @classmethod
    def of(cls, query: FindingsQuery) -> Self:
        """Take a query's part."""
        return cls(
            kind=query.kind and query.kind.casefold(),
            location=query.location and _place(query.location),
            words=tuple((query.q or "").casefold().split()),
        )

    def finds(self, finding: Finding, coverage: Coverage | None) -> bool:
        """Tell whether a finding is one of those; ``coverage`` is looked at for words alone."""
        return (
            self.kind in {None, (finding.kind or KIND_UNKNOWN).casefold()}
            and self.location in {None, _place(finding.location or "")}
            and self._has_words(finding, coverage)
        )

    def _has_words(self, finding: Finding, coverage: Coverage | None) -> bool:
        """Tell whether every word stands in a name or a tag, each in any."""
        if not self.words:
            return True
        texts = [
            finding.id.name,
            finding.id.resource_group,
            (coverage.subscription.name if coverage else None) or "",
            *finding.tags.keys(),
            *finding.tags.values(),
        ]
        # No word holds a line break, so that none is found across two texts.
        text = "\n".join(texts).casefold()
        return all(word in text for word in self.words)


def _place(location: str) -> str:
    """Spell a location as Azure's names for programs do: "West Europe" is westeurope."""
    return "".join(location.casefold().split())
