"""The owner aspect: who is responsible for an account, according to its tags."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Final, override

from cmk_check.core.aspects.aspect import AnyAccount, Aspect
from cmk_check.core.enums import Verdict
from cmk_check.core.model import AccountCounts
from cmk_check.core.owner import UNOWNED
from cmk_check.limits import MAX_OWNERS_COUNTED


class OwnerAspect(Aspect):
    """The owner of an account, if any; a new owner is announced as an account update."""

    name = side = "owner"
    verdicts = frozenset(Verdict)

    @override
    def state(self, account: AnyAccount, now: datetime) -> str | None:
        return account.owner.value

    @override
    def describe(self, account: AnyAccount) -> dict[str, object] | None:
        return {"owner": account.owner.value}

    @override
    def get_label(self, account: AnyAccount) -> Hashable | None:
        # This label is not a string, because a tag can contain any string.
        return _hash(owner) if (owner := account.owner.value) else UNOWNED

    @override
    def add_counts(self, counts: AccountCounts, labels: Mapping[Hashable, int]) -> AccountCounts:
        owners = sorted(label for label in labels if isinstance(label, str))
        kept = tuple(owners[:MAX_OWNERS_COUNTED])
        return replace(counts, unowned=labels.get(UNOWNED, 0), owners=kept)

    @override
    def list_counts(self, counts: AccountCounts) -> Iterable[tuple[Hashable, int]]:
        """Return each owner's label; ``counts`` store that an owner has accounts, not how many."""
        return (UNOWNED, counts.unowned), *((owner, 1) for owner in counts.owners)

    @override
    def is_in_table(self, state: str) -> bool:
        """Return whether an owner is printable; the table service may reject other owners."""
        return state.isprintable()


@lru_cache(MAX_OWNERS_COUNTED)
def _hash(owner: str) -> str:
    """Return a short hash of an owner, because owners may be people and rows must be small."""
    return blake2b(owner.encode(), digest_size=4).hexdigest()


OWNER: Final = OwnerAspect()
