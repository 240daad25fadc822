"""What Azure's built-in policy says, in the API: of one account, and as counts."""

from cmk_check.core.azure_policy import policy_answer
from cmk_check.core.model import AccountCounts, Finding
from cmk_check.web.policy_models import AzurePolicy, PolicyCounts


def to_api_policy(finding: Finding) -> AzurePolicy | None:
    """Make the API's answer of the policy, None if nobody knows it."""
    answer = policy_answer(finding.kind, finding.judgement)
    return AzurePolicy.model_validate(answer) if answer else None


def to_api_policy_counts(accounts: AccountCounts) -> PolicyCounts | None:
    """Make the API's counts, None if an earlier version counted some of the accounts."""
    counts = accounts.azure_policy
    return PolicyCounts.model_validate(counts) if counts else None
