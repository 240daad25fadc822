"""The change feed as a chain: what each change says was before is what the last one left."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from typing import Any, Final

from cmk_check.core.aspects import ASPECTS
from tests.soak.tally import LostChangeError, RepeatedChangeError

OF_KEYS: Final = {"cmkcheck.key.degraded", "cmkcheck.key.recovered"}
# Changes of these are no entries of a finding's history.
_APART: Final = {aspect.name for aspect in ASPECTS if not aspect.replaces_update}
_OF_EXCEPTIONS: Final = "cmkcheck.exception."
_BESIDES: Final = (_OF_EXCEPTIONS, "cmkcheck.data.")


@dataclass(frozen=True, slots=True)
class Link:
    """A change in the feed; ``before`` and ``after`` are its verdicts and keys with reasons.

    ``exception`` is the one that it tells of, with ``id`` and ``expiresOn``.
    """

    id: str
    source: str
    sequence: int
    type: str
    subject: str
    before: Any
    after: Any
    exception: Any = None


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
        last: Link | None = None
        of_accounts = [link for link in links if not link.type.startswith(_BESIDES)]
        for link in of_accounts:
            if not link.type.startswith("cmkcheck.coverage."):
                _apply(link, last, said)
            last = link
        _check_keys(of_accounts)
    return said


def accepted(feed: Iterable[Link]) -> set[str]:
    """Return the accounts whose exception has started and not ended, as the feed tells it.

    Raises:
        LostChangeError: one starts twice and is neither another nor longer, or something is told
            of one that has not started.

    """
    found: dict[str, Any] = {}
    of_exceptions = (link for link in feed if link.type.startswith(_OF_EXCEPTIONS))
    for link in sorted(of_exceptions, key=lambda link: (link.source, link.sequence)):
        turn, known = link.type.removeprefix(_OF_EXCEPTIONS), found.get(link.subject)
        is_new = known is None or _is_another(known, link.exception)
        if (turn == "started") != is_new:
            raise LostChangeError(f"{link.subject}: {turn}, told as {link.id}")
        if turn == "ended":
            del found[link.subject]
        else:
            found[link.subject] = link.exception
    return set(found)


def _is_another(known: Any, told: Any) -> bool:  # noqa: ANN401 - JSON
    """Whether an exception is not the one that was told, or lasts longer."""
    known_end, told_end = (datetime.fromisoformat(one["expiresOn"]) for one in (known, told))
    return bool(known["id"] != told["id"] or known_end < told_end)


def _apply(link: Link, last: Link | None, said: dict[str, Any]) -> None:
    """Take over what a change says; one of a key besides its account's says the same again."""
    if last is not None and _is_besides(last, link):
        return
    before = said.pop(link.subject, None)
    if plain(link.before) != before:
        raise LostChangeError(f"{link.subject} was {before}, and {link.id} says {link.before}")
    if link.type != "cmkcheck.account.removed":
        said[link.subject] = plain(link.after)


def _is_besides(last: Link, link: Link) -> bool:
    if link.type not in OF_KEYS or last.type in OF_KEYS:
        return False
    return (last.subject, plain(last.before), last.after) == (
        link.subject,
        plain(link.before),
        link.after,
    )


def plain(side: Any) -> Any:  # noqa: ANN401 - JSON
    """Return what a side says that only entries of the history change, None if there is none."""
    return side and {name: value for name, value in side.items() if value and name not in _APART}


def _check_keys(links: Sequence[Link]) -> None:
    """See every step of a key from one state to another told as what it is."""
    for link, following in zip_longest(links, links[1:]):
        before, after = (_health(side) for side in (link.before, link.after))
        if link.type in OF_KEYS:
            _check_direction(link, before, after)
            continue
        is_step = None not in {before, after} and before != after
        is_first = before is None and after in {"at_risk", "broken"}
        is_told = following is not None and (following.type, following.subject) == (
            "cmkcheck.key.degraded",
            link.subject,
        )
        if is_step or (is_first and not is_told):
            raise LostChangeError(f"{link.id}: a key went {before} -> {after}, untold")


def _check_direction(link: Link, before: Any, after: Any) -> None:  # noqa: ANN401 - JSON
    """See good news told as such where it is good, and nowhere else."""
    had, has = (set(side["keyReasons"]) if side else set() for side in (link.before, link.after))
    is_better = after == "healthy" or (before, after) == ("broken", "at_risk") or has < had
    if (link.type == "cmkcheck.key.recovered") != is_better:
        raise LostChangeError(f"{link.id}: a key went {before} -> {after}, told as {link.type}")


def _health(side: Any) -> Any:  # noqa: ANN401 - JSON
    return side.get("keyHealth") if side else None
