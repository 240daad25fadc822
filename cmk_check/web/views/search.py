"""The filters of findings that the table cannot apply: words, location, spelling of a kind."""

from dataclasses import dataclass
from typing import Self

from cmk_check.core.counts import KIND_UNKNOWN
from cmk_check.core.model import Coverage, Finding
from cmk_check.web.parameters import FindingsQuery


@dataclass(frozen=True, slots=True)
class Search:
    """The filters, case-folded; None, and an empty ``words``, match everything."""

    kind: str | None
    location: str | None
    words: tuple[str, ...]

    @classmethod
    def of(cls, query: FindingsQuery) -> Self:
        """Take the filters from a query."""
        return cls(
            kind=query.kind and query.kind.casefold(),
            location=query.location and _place(query.location),
            words=tuple((query.q or "").casefold().split()),
        )

    def finds(self, finding: Finding, coverage: Coverage | None) -> bool:
        """Return whether a finding matches; ``coverage`` is needed for words only."""
        return (
            self.kind in {None, (finding.kind or KIND_UNKNOWN).casefold()}
            and self.location in {None, _place(finding.location or "")}
            and self._has_words(finding, coverage)
        )

    def _has_words(self, finding: Finding, coverage: Coverage | None) -> bool:
        """Return whether every word occurs in some name or tag."""
        if not self.words:
            return True
        texts = [
            finding.id.name,
            finding.id.resource_group,
            (coverage.subscription.name if coverage else None) or "",
            *finding.tags.keys(),
            *finding.tags.values(),
        ]
        # Words contain no line breaks, so none matches across two texts.
        text = "\n".join(texts).casefold()
        return all(word in text for word in self.words)


def _place(location: str) -> str:
    """Return the programmatic name of a location: "West Europe" becomes westeurope."""
    return "".join(location.casefold().split())
