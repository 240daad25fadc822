"""Parses raw entries of lists into subscriptions and readings; pure."""

from collections import Counter
from collections.abc import Sequence

from cmk_check.core.account import Account, Reading, Subscription, parse_account
from cmk_check.core.enums import GapReason
from cmk_check.core.gap import Gap
from cmk_check.core.owner import owner_tag
from cmk_check.core.reasons.gap_sentences import make_gap
from cmk_check.core.resource_id import AccountId
from cmk_check.core.text import clean_text, is_guid
from cmk_check.limits import MAX_SUBSCRIPTION_TEXT_BYTES


def parse_subscription(entry: object, owner_tags: Sequence[str] = ()) -> Subscription | None:
    """Parse one entry of Azure's list as a subscription; None if it has no usable id.

    Every version of the API that is asked for lists the tags of a subscription with it:
    https://learn.microsoft.com/rest/api/resources/subscriptions/list
    """
    if not isinstance(entry, dict):
        return None
    subscription_id = entry.get("subscriptionId")
    if not isinstance(subscription_id, str) or not is_guid(subscription_id):
        return None
    policies = entry.get("subscriptionPolicies")
    return Subscription(
        id=subscription_id.lower(),
        name=clean_text(entry.get("displayName"), MAX_SUBSCRIPTION_TEXT_BYTES),
        tenant_id=clean_text(entry.get("tenantId"), MAX_SUBSCRIPTION_TEXT_BYTES),
        state=clean_text(entry.get("state"), MAX_SUBSCRIPTION_TEXT_BYTES),
        quota_id=clean_text(
            policies.get("quotaId") if isinstance(policies, dict) else None,
            MAX_SUBSCRIPTION_TEXT_BYTES,
        ),
        owner=owner_tag(entry.get("tags"), owner_tags),
    )


class AccountCollector:
    """Collects the accounts of one subscription, page by page, into a reading."""

    def __init__(
        self,
        subscription_id: str,
        kinds: frozenset[str],
        kept_tags: frozenset[str],
        owner_tags: Sequence[str] = (),
    ) -> None:
        self._subscription_id = subscription_id.lower()
        self._kinds = kinds
        self._kept_tags = kept_tags
        self._owner_tags = owner_tags
        self._accounts: list[Account] = []
        self._ignored: dict[str, str] = {}
        self._ids: set[str] = set()
        self._unusable = 0
        self.pages = 0

    def add(self, entries: list[object]) -> None:
        """Add the entries of one page."""
        self.pages += 1
        for entry in entries:
            account = parse_account(entry, self._kept_tags, self._owner_tags)
            if account is not None:
                self._ids.add(account.id.text)
            if account is None or account.id.subscription_id != self._subscription_id:
                self._unusable += 1
            elif account.kind is None or account.kind.lower() in self._kinds:
                self._accounts.append(account)
            else:
                self._ignored[account.id.text] = account.kind

    def lacks(self, account_id: AccountId) -> bool:
        """Tell whether no entry so far is this account."""
        return account_id.text not in self._ids

    def reading(self, gap: Gap | None = None) -> Reading:
        """Return the reading; without a gap it is complete, unless an entry had no usable id."""
        if gap is None and self._unusable:
            gap = make_gap(GapReason.MALFORMED_ACCOUNT, str(self._unusable))
        return Reading(
            accounts=tuple(self._accounts),
            ignored_by_kind=Counter(self._ignored.values()),
            ignored_ids=frozenset(self._ignored),
            gap=gap,
        )
