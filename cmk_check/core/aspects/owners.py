"""The aspect owner: who is responsible for an account, by its tags."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b
from typing import Final, override

from cmk_check.core.aspects.aspect import AnyAccount, Aspect, Judged
from cmk_check.core.model import AccountCounts, Finding
from cmk_check.core.owner import UNOWNED
from cmk_check.limits import MAX_OWNERS_COUNTED

# Not a string, because a tag can have any text.
_NOBODY: Final = UNOWNED


class OwnerAspect(Aspect):
    """The owner, if there is one; a new owner is an account update."""

    name = "owner"

    @override
    def state(self, account: AnyAccount, now: datetime) -> str | None:
        return account.owner.value

    @override
    def shown(self, account: AnyAccount) -> dict[str, object] | None:
        return {"owner": account.owner.value}

    @override
    def is_same(self, before: AnyAccount, after: AnyAccount) -> bool:
        return before.owner == after.owner

    @override
    def kept(self, before: Finding, read: Judged) -> Judged:
        return replace(read, owner=before.owner)

    @override
    def label(self, account: AnyAccount) -> Hashable | None:
        return account.owner.value or _NOBODY

    @override
    def into(self, counts: AccountCounts, labels: Mapping[Hashable, int]) -> AccountCounts:
        owners = [label for label in labels if isinstance(label, str)]
        unowned = labels.get(_NOBODY, 0)
        return replace(counts, unowned=unowned, owners=_some(map(_hash, owners)))

    @override
    def merged(self, counts: AccountCounts, parts: Sequence[AccountCounts]) -> AccountCounts:
        return replace(
            counts,
            unowned=sum(part.unowned for part in parts),
            owners=_some(owner for part in parts for owner in part.owners),
        )

    @override
    def numbers(self, counts: AccountCounts) -> Iterable[int]:
        return counts.unowned, len(counts.owners)

    @override
    def column(self, state: str) -> str | None:
        """Return the column; None if the table service may reject the owner's characters."""
        return "owner" if state.isprintable() else None


def _some(hashes: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(hashes))[:MAX_OWNERS_COUNTED])


def _hash(owner: str) -> str:
    """Return a short hash of an owner: rows of sums must be small, and owners may be people."""
    return blake2b(owner.encode(), digest_size=4).hexdigest()


OWNER: Final = OwnerAspect()
