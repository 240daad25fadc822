"""The change feed as a chain: what each change says was before is what the last one left."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.soak.tally import LostChangeError, RepeatedChangeError


@dataclass(frozen=True, slots=True)
class Link:
    """A change in the feed; ``before`` and ``after`` are its verdicts with their reasons."""

    id: str
    source: str
    sequence: int
    type: str
    subject: str
    before: Any
    after: Any


def follow(feed: Iterable[Link]) -> dict[str, Any]:
    """Return what the feed says of each account now.

    Raises:
        RepeatedChangeError: a change stands there twice.
        LostChangeError: one is missing, so that the next does not fit.

    """
    by_source: dict[str, list[Link]] = defaultdict(list)
    ids: set[str] = set()
    for link in feed:
        if link.id in ids:
            raise RepeatedChangeError(f"{link.id} stands in the feed twice")
        ids.add(link.id)
        if link.source.startswith("/subscriptions/"):
            by_source[link.source].append(link)
    said: dict[str, Any] = {}
    for source, links in by_source.items():
        links.sort(key=lambda link: link.sequence)
        numbers = [link.sequence for link in links]
        if numbers != list(range(1, len(links) + 1)):
            raise LostChangeError(f"{source} has the changes {numbers}")
        for link in links:
            if link.type.startswith("cmkcheck.account."):
                _apply(link, said)
    return said


def _apply(link: Link, said: dict[str, Any]) -> None:
    before = said.pop(link.subject, None)
    if link.before != before:
        raise LostChangeError(f"{link.subject} was {before}, and {link.id} says {link.before}")
    if link.type != "cmkcheck.account.removed":
        said[link.subject] = link.after
