"""Search findings: the filters of a request, compared by the table or by this program."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime

from cmk_check.core.aspects import BY_NAME
from cmk_check.core.counts import KIND_UNKNOWN
from cmk_check.core.model import Coverage, Finding
from cmk_check.core.text import as_object
from cmk_check.ports import Entity
from cmk_check.store import table_keys
from cmk_check.store.finding_filter import FindingFilter
from cmk_check.web.parameters import FindingsQuery


class Search:
    """A request's filters at a given time.

    ``where`` contains the filters that the table can compare, with the kind as requested. The other
    filters are case-folded; None and empty ``words`` match everything.
    """

    def __init__(self, query: FindingsQuery, now: datetime) -> None:
        parameters = query.model_dump(by_alias=True, exclude_none=True)
        self.where = FindingFilter(
            verdict=query.verdict,
            reason=query.reason,
            kind=query.kind,
            subscription_id=query.subscription,
            states={name: str(parameters[name]) for name in BY_NAME if name in parameters},
            at=now,
            unowned=query.unowned is not None,
            key=query.key,
        )
        self.kind = query.kind and query.kind.casefold()
        self.location = query.location and _normalize_location(query.location)
        self.words = (query.q or "").casefold().split()

    @property
    def is_compared_here(self) -> bool:
        """Whether this program must compare rows, because the table cannot compare them."""
        return bool(self.words or self.location) or not self.where.is_compared_by_table

    def may_find(self, row: Entity, coverage: Mapping[str, object]) -> bool:
        """Return whether a row may match, from a few of its columns and of its coverage row's.

        True for every row for which ``finds`` may be true; an untrusted row is matched by its key.
        """
        kind, location = row.values.get("kind"), row.values.get("location")
        return (
            self.kind in {None, str(kind or KIND_UNKNOWN).casefold()}
            and self.location in {None, "", _normalize_location(str(location))}
            and self._may_have_words(row, coverage)
        )

    def _may_have_words(self, row: Entity, coverage: Mapping[str, object]) -> bool:
        if not self.words:
            return True
        try:
            tags = as_object(json.loads(str(row.values.get("tags"))))
            names = map(table_keys.unescape, row.row.split("|"))
            columns = (row.values.get("name"), row.values.get("resourceGroup"))
            texts = (*names, *columns, coverage.get("name"), *tags, *tags.values())
        except (ValueError, RecursionError):
            return True
        return self._matches_all(map(str, texts))

    def finds(self, finding: Finding, coverage: Coverage | None) -> bool:
        """Return whether a finding matches; ``coverage`` is needed only for words."""
        name = coverage.subscription.name if coverage else None
        names = (finding.id.name, finding.id.resource_group, name or "")
        return (
            self.kind in {None, (finding.kind or KIND_UNKNOWN).casefold()}
            and self.location in {None, _normalize_location(finding.location or "")}
            and self._matches_all([*names, *finding.tags.keys(), *finding.tags.values()])
        )

    def _matches_all(self, texts: Iterable[str]) -> bool:
        """Return whether every word occurs in a text; no word or text contains a line break."""
        text = "\n".join(texts).casefold() if self.words else ""
        return all(word in text for word in self.words)


def _normalize_location(location: str) -> str:
    """Return the programmatic name of a location: "West Europe" becomes westeurope."""
    return "".join(location.casefold().split())
