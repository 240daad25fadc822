"""The aspect Azure Policy: what Azure's built-in policy says of an account by default.

It follows from the kind and the verdict, and is never stored.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, override

from cmk_check.core.aspects.aspect import TOO_MANY, AnyAccount, Aspect, Judged
from cmk_check.core.azure_policy import policy_answer
from cmk_check.core.enums import PolicyState
from cmk_check.core.model import AccountCounts, Finding, PolicyCounts


class AzurePolicyAspect(Aspect):
    """What the policy says, beside every verdict."""

    name = "azurePolicy"

    @override
    def state(self, account: AnyAccount, now: datetime) -> str | None:
        answer = policy_answer(account.kind, account.judgement)
        return answer.state.value if answer else None

    @override
    def shown(self, account: AnyAccount) -> dict[str, object] | None:
        answer = policy_answer(account.kind, account.judgement)
        return {"azurePolicy": answer.state.value if answer else None}

    @override
    def kept(self, before: Finding, read: Judged) -> Judged:
        """Return what was read: nothing of it is recorded."""
        return read

    @override
    def label(self, account: AnyAccount) -> Hashable | None:
        """Count only what differs from our verdict, or where the policy says nothing."""
        answer = policy_answer(account.kind, account.judgement)
        return answer.state if answer and answer.differs else None

    @override
    def into(self, counts: AccountCounts, labels: Mapping[Hashable, int]) -> AccountCounts:
        left_out = labels.get(PolicyState.NOT_ASSESSED, 0)
        policy = PolicyCounts(not_assessed=left_out, differs=sum(labels.values()))
        return replace(counts, policy=policy if counts.by_kind else None)

    @override
    def merged(self, counts: AccountCounts, parts: Sequence[AccountCounts]) -> AccountCounts:
        """Add the counts; a sum without a part of it would be too small."""
        counted = [part.azure_policy for part in parts]
        known = [part for part in counted if part is not None]
        policy: PolicyCounts | None = None
        if counts.total and len(known) == len(counted):
            policy = PolicyCounts(
                not_assessed=sum(part.not_assessed for part in known),
                differs=sum(part.differs for part in known),
            )
        return replace(counts, policy=policy)

    @override
    def numbers(self, counts: AccountCounts) -> Iterable[int]:
        """Return what is counted apart: all that differ contain those that are not assessed."""
        policy = counts.policy or PolicyCounts()
        return policy.not_assessed, policy.differs - policy.not_assessed

    @override
    def contradiction(self, counts: AccountCounts) -> str | None:
        """Say of a part that is larger than its whole that it is too large."""
        policy = counts.policy or PolicyCounts()
        is_larger = 0 <= policy.not_assessed > policy.differs
        return TOO_MANY if is_larger else super().contradiction(counts)

    @override
    def sums(self, counts: AccountCounts) -> dict[str, int] | None:
        """Return the counts, None if an earlier version counted some of the accounts."""
        policy = counts.azure_policy
        if policy is None:
            return None
        return {"notAssessed": policy.not_assessed, "differs": policy.differs}


AZURE_POLICY: Final = AzurePolicyAspect()
