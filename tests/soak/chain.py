"""The change feed as a chain: each change starts from what the last one left."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import zip_longest
from typing import Any, Final

from cmk_check.core.aspects import ASPECTS
from cmk_check.core.model import Change
from tests.soak.tally import LostChangeError, RepeatedChangeError

OF_KEYS: Final = {"cmkcheck.key.degraded", "cmkcheck.key.recovered"}
# Changes of these are no entries of a finding's history.
_APART: Final = {aspect.name for aspect in ASPECTS if not (aspect.in_history and aspect.changes)}
_OF_EXCEPTIONS: Final = "cmkcheck.exception."


def follow(feed: Iterable[Change]) -> dict[str, Any]:
    """Return what the feed says of each account now.

    Raises:
        RepeatedChangeError: a change stands there twice.
        LostChangeError: one is missing, so that the next does not fit.

    """
    by_source: dict[str, list[Change]] = defaultdict(list)
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
        last: Change | None = None
        of_accounts = [link for link in links if not link.type.startswith(_OF_EXCEPTIONS)]
        for link in of_accounts:
            if not link.type.startswith("cmkcheck.coverage."):
                _apply(link, last, said)
            last = link
        _check_keys(of_accounts)
    return said


def accepted(feed: Iterable[Change]) -> set[str]:
    """Return the accounts whose exception has started and not ended, as the feed tells it.

    Raises:
        LostChangeError: one starts twice and is neither another nor longer, or something is told
            of one that has not started.

    """
    found: dict[str, Any] = {}
    of_exceptions = (link for link in feed if link.type.startswith(_OF_EXCEPTIONS))
    for link in sorted(of_exceptions, key=lambda link: (link.source, link.sequence)):
        turn, known = link.type.removeprefix(_OF_EXCEPTIONS), found.get(link.subject)
        told = link.data["exception"]
        is_new = known is None or _is_another(known, told)
        if (turn == "started") != is_new:
            raise LostChangeError(f"{link.subject}: {turn}, told as {link.id}")
        if turn == "ended":
            del found[link.subject]
        else:
            found[link.subject] = told
    return set(found)


def _is_another(known: Any, told: Any) -> bool:  # noqa: ANN401 - JSON
    """Whether an exception is not the one that was told, or lasts longer."""
    known_end, told_end = (datetime.fromisoformat(one["expiresOn"]) for one in (known, told))
    return bool(known["id"] != told["id"] or known_end < told_end)


def _apply(link: Change, last: Change | None, said: dict[str, Any]) -> None:
    """Take over what a change says; one of a key besides its account's says the same again."""
    if last is not None and _is_besides(last, link):
        return
    known = said.pop(link.subject, None)
    before, after = _sides(link)
    if plain(before) != known:
        raise LostChangeError(f"{link.subject} was {known}, and {link.id} says {before}")
    if link.type != "cmkcheck.account.removed":
        said[link.subject] = plain(after)


def _sides(link: Change) -> tuple[Any, Any]:
    """Return the verdicts and keys, with reasons, before and after a change."""
    return link.data.get("before"), link.data.get("after")


def _is_besides(last: Change, link: Change) -> bool:
    if link.type not in OF_KEYS or last.type in OF_KEYS:
        return False
    (was, became), (before, after) = _sides(last), _sides(link)
    return (last.subject, plain(was), became) == (link.subject, plain(before), after)


def plain(side: Any) -> Any:  # noqa: ANN401 - JSON
    """Return what a side says that only entries of the history change, or None if there is none."""
    return side and {name: value for name, value in side.items() if value and name not in _APART}


def _check_keys(links: Sequence[Change]) -> None:
    """See every step of a key from one state to another told as what it is."""
    for link, following in zip_longest(links, links[1:]):
        before, after = (_health(side) for side in _sides(link))
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


def _check_direction(link: Change, before: Any, after: Any) -> None:  # noqa: ANN401 - JSON
    """See good news told as such where it is good, and nowhere else."""
    had, has = (set(side["keyReasons"]) if side else set() for side in _sides(link))
    is_better = after == "healthy" or (before, after) == ("broken", "at_risk") or has < had
    if (link.type == "cmkcheck.key.recovered") != is_better:
        raise LostChangeError(f"{link.id}: a key went {before} -> {after}, told as {link.type}")


def _health(side: Any) -> Any:  # noqa: ANN401 - JSON
    return side.get("keyHealth") if side else None
