"""Changes as they are told: CloudEvents data for every transition worth hearing of."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cmk_check.core.azure_policy import policy_answer
from cmk_check.core.comparison.change_types import types_of
from cmk_check.core.comparison.data_compared import data_news
from cmk_check.core.counts import data_counts, key_counts
from cmk_check.core.data_enums import StoreState
from cmk_check.core.data_stores.account_data import AccountData, AccountsData
from cmk_check.core.enums import ChangeType, CoverageState, RemovalReason
from cmk_check.core.exceptions.account_exception import Exceptions
from cmk_check.core.exceptions.announcements import Announcement
from cmk_check.core.model import Change, Coverage, Evidence, Finding, Gap, KeyHealth, Subscription
from cmk_check.core.owner import Owner
from cmk_check.core.rule import RULE_VERSION
from cmk_check.core.status import Summary
from cmk_check.limits import MAX_CHANGE_MESSAGE_CHARS, MAX_CHANGE_REASONS, MAX_CHANGE_TEXT_CHARS

# Names as Azure allows them: with any other character a link could lead elsewhere.
_LINKABLE: Final = re.compile(r"(/(?!\.{1,2}(/|$))[\w.()-]+)+")
_OF_KEYS: Final = {ChangeType.KEY_DEGRADED, ChangeType.KEY_RECOVERED}


@dataclass(frozen=True, slots=True)
class ComparisonContext:
    """What a comparison needs to know of the scan. ``new_id`` makes a fresh UUID for each change.

    ``status_as_of`` is when the last finished scan began, ``follows`` the full scan that finished
    directly before this one, if that is so. ``kinds`` maps lower-cased kinds in scope to their
    spelling. ``exceptions`` are those of the subscription's non-compliant accounts, None
    where nobody looks at exceptions; ``data`` is where its accounts keep data, None likewise.
    """

    scan_id: str
    now: datetime
    new_id: Callable[[], str]
    kinds: Mapping[str, str]
    baseline: bool = False
    status_as_of: datetime | None = None
    follows: str | None = None
    hostname: str | None = None
    exceptions: Exceptions | None = None
    data: AccountsData | None = None


def of_finding(
    before: Finding | None, after: Finding, subscription: Subscription, context: ComparisonContext
) -> tuple[Change, ...]:
    """Tell that a finding appeared or changed: in one change, or in one of each of its sides."""
    previous = _previous_owner(before, after)
    return tuple(
        _account_change(kind, after, subscription, context, _told(kind, before, after) | previous)
        for kind in types_of(before, after)
    )


def of_removal(
    finding: Finding, subscription: Subscription, reason: RemovalReason, context: ComparisonContext
) -> Change:
    """Tell that a finding was removed, and why."""
    sides = _sides(finding, None) | {"removed": reason.value}
    return _account_change(ChangeType.ACCOUNT_REMOVED, finding, subscription, context, sides)


def of_exception(
    news: Iterable[Announcement],
    before: Finding | None,
    after: Finding | None,
    subscription: Subscription,
    context: ComparisonContext,
) -> tuple[Change, ...]:
    """Tell that an exception starts, expires soon or has ended.

    What people wrote into the exemption, and who did, stays with the finding, except its name.
    """
    finding = after or before
    if finding is None:
        return ()
    sides = _sides(before, after) | _previous_owner(before, after)
    return tuple(
        _account_change(each.type, finding, subscription, context, sides | _exception(each))
        for each in news
    )


def of_data(
    before: Finding | None, after: Finding, subscription: Subscription, context: ComparisonContext
) -> tuple[Change, ...]:
    """Tell that data of an account may be under Microsoft's keys, or no longer is."""
    kind = data_news(before, after)
    if kind is None or after.data is None:
        return ()
    had = before.data if before else None
    sides: dict[str, object] = {
        "before": before and _side(before) | {"dataStores": had and had.state.value},
        "after": _side(after) | {"dataStores": after.data.state.value},
        "dataStores": _data(after.data, after.data.exposed - set(had.told if had else ())),
        **_previous_owner(before, after),
    }
    return (_account_change(kind, after, subscription, context, sides),)


def of_coverage(
    before: Coverage | None,
    state: CoverageState,
    why: Gap | RemovalReason | None,
    subscription: Subscription,
    context: ComparisonContext,
) -> Change | None:
    """Tell that coverage was lost or regained, or why a gap left the scope; None otherwise."""
    had = before.state if before else None
    if state is CoverageState.GAP and had is not CoverageState.GAP:
        kind = ChangeType.COVERAGE_LOST
    elif state is CoverageState.READ and had is CoverageState.GAP:
        kind = ChangeType.COVERAGE_REGAINED
    elif isinstance(why, RemovalReason) and had is CoverageState.GAP:
        kind = ChangeType.COVERAGE_REMOVED
    else:
        return None
    path = f"/subscriptions/{subscription.id}"
    data = _subscription_data(subscription) | {
        "before": _coverage_side(had, before.gap if before else None),
        "after": _coverage_side(state, why if isinstance(why, Gap) else None),
        **({"removed": why.value} if isinstance(why, RemovalReason) else {}),
        "scanId": context.scan_id,
        "ruleVersion": RULE_VERSION,
        "baseline": False,
    }
    return Change(context.new_id(), kind, context.now, path, path, data)


def of_scan(
    kind: ChangeType, scan_id: str, now: datetime, change_id: str, reason: str | None
) -> Change:
    """Tell that a scan failed, was abandoned, or that scanning works again."""
    path = f"/scans/{scan_id}"
    data = {"scanId": scan_id, "reason": reason, "ruleVersion": RULE_VERSION, "baseline": False}
    return Change(change_id, kind, now, path, path, data)


def of_baseline(
    scan_id: str, now: datetime, change_id: str, summary: Summary, hostname: str | None
) -> Change:
    """Tell the outcome of the first scan that ever finished, instead of each of its findings."""
    accounts, subscriptions = summary.accounts, summary.subscriptions
    path = f"/scans/{scan_id}"
    data: dict[str, object] = {
        "scanId": scan_id,
        "accounts": {
            "total": accounts.total,
            "compliant": accounts.compliant,
            "nonCompliant": accounts.non_compliant,
            "unknown": accounts.unknown,
        },
        "keys": key_counts(accounts),
        "brokenKeys": [
            {"accountId": key.account_id, "reasons": [reason.value for reason in key.reasons]}
            for key in summary.broken_keys
        ],
        "subscriptions": {
            "total": subscriptions.total,
            "read": subscriptions.read,
            "gap": subscriptions.gap,
        },
        "ruleVersion": RULE_VERSION,
        "baseline": True,
    }
    if stores := data_counts(accounts):
        data["dataStores"] = stores
    if hostname:
        data["statusUrl"] = f"https://{hostname}/api/v1/status"
    return Change(change_id, ChangeType.SCAN_BASELINE, now, path, path, data)


def _account_change(
    kind: ChangeType,
    finding: Finding,
    subscription: Subscription,
    context: ComparisonContext,
    sides: dict[str, object],
) -> Change:
    data: dict[str, object] = {
        "name": finding.id.name,
        "kind": finding.kind,
        "location": finding.location,
        **_subscription_data(subscription),
        "tags": dict(finding.tags),
        "owner": _owner(finding.owner),
        **sides,
        "evidence": _evidence(finding.judgement.evidence),
        "scanId": context.scan_id,
        "ruleVersion": RULE_VERSION,
        "baseline": context.baseline,
    }
    if context.hostname and _LINKABLE.fullmatch(str(finding.id)):
        data["findingUrl"] = f"https://{context.hostname}/api/v1/findings{finding.id}"
    time = max(context.now, finding.changed_at)
    return Change(
        context.new_id(), kind, time, f"/subscriptions/{subscription.id}", str(finding.id), data
    )


def _subscription_data(subscription: Subscription) -> dict[str, object]:
    return {"subscriptionName": subscription.name, "tenantId": subscription.tenant_id}


def _owner(owner: Owner | None) -> dict[str, str] | None:
    if owner is None or owner.value is None or owner.source is None:
        return None
    return {"value": owner.value, "source": owner.source}


def _previous_owner(before: Finding | None, after: Finding | None) -> dict[str, object]:
    """Return the owner before, if it is another one; rows of earlier versions name none."""
    if before is None or after is None or before.owner is None or after.owner is None:
        return {}
    is_same = before.owner.value == after.owner.value
    return {} if is_same else {"previousOwner": _owner(before.owner)}


def _told(kind: ChangeType, before: Finding | None, after: Finding) -> dict[str, object]:
    """Return both sides of a change, and of a key the key; its sides then always speak of it.

    Both sides of a new kind name the kind, and what Azure's built-in policy says of it.
    """
    if kind is ChangeType.ACCOUNT_KIND_CHANGED and before is not None:
        return {"before": _side(before) | _kind(before), "after": _side(after) | _kind(after)}
    if kind not in _OF_KEYS or after.key_health is None:
        return _sides(before, after)
    return {
        "before": before and _key_side(before),
        "after": _key_side(after),
        "key": _key(after.key_health),
    }


def _sides(before: Finding | None, after: Finding | None) -> dict[str, object]:
    return {"before": before and _side(before), "after": after and _side(after)}


def _side(finding: Finding) -> dict[str, object]:
    if finding.key_health is not None:
        return _key_side(finding)
    judgement = finding.judgement
    return {"verdict": judgement.verdict.value, "reason": judgement.reason.value}


def _kind(finding: Finding) -> dict[str, object]:
    answer = policy_answer(finding.kind, finding.judgement)
    return {"kind": finding.kind, "azurePolicy": answer and answer.state.value}


def _key_side(finding: Finding) -> dict[str, object]:
    health, judgement = finding.key_health, finding.judgement
    return {
        "verdict": judgement.verdict.value,
        "reason": judgement.reason.value,
        "keyHealth": health.state.value if health else None,
        "keyReasons": [concern.code.value for concern in health.concerns] if health else [],
    }


def _key(health: KeyHealth) -> dict[str, object]:
    """Show a key: where it lies, and what is the matter with it, the worst first."""
    return {
        "vaultId": _cut(health.vault_id),
        "keyId": _cut(health.key_id),
        "keyVersion": _cut(health.key_version),
        "rotation": health.rotation and health.rotation.value,
        "expires": health.expires and f"{health.expires:%Y-%m-%dT%H:%M:%SZ}",
        "reasons": [
            {
                "code": concern.code.value,
                "severity": concern.severity.value,
                "message": concern.message[:MAX_CHANGE_MESSAGE_CHARS],
            }
            for concern in health.concerns[:MAX_CHANGE_REASONS]
        ],
    }


def _data(data: AccountData, news: frozenset[str]) -> dict[str, object]:
    """Show where data lies that is not covered, and why; what is new and what is worst first."""
    lacking = sorted(
        (store for store in data.stores if store.state is not StoreState.OWN_KEY),
        key=lambda store: (store.id not in news, store.state is StoreState.UNKNOWN),
    )
    basic = sorted(data.basic, key=lambda name: name.lower() not in news)
    return {
        "stores": [
            {"type": store.type.value, "id": _cut(store.id), "state": store.state.value}
            for store in lacking[:MAX_CHANGE_REASONS]
        ],
        "basicProjects": basic[:MAX_CHANGE_REASONS],
        "reasons": [
            {
                "code": concern.code.value,
                "severity": concern.severity.value,
                "message": concern.message[:MAX_CHANGE_MESSAGE_CHARS],
            }
            for concern in data.concerns[:MAX_CHANGE_REASONS]
        ],
    }


def _exception(news: Announcement) -> dict[str, object]:
    exception = news.exception
    data: dict[str, object] = {
        "id": _cut(exception.id),
        "category": exception.category,
        "displayName": exception.display_name,
        "expiresOn": f"{exception.expires_on:%Y-%m-%dT%H:%M:%SZ}",
    }
    return {"exception": data} | ({"ended": news.end.value} if news.end else {})


def _cut(text: str | None) -> str | None:
    return text and text[:MAX_CHANGE_TEXT_CHARS]


def _coverage_side(state: CoverageState | None, gap: Gap | None) -> dict[str, str | None] | None:
    if state is None:
        return None
    return {
        "coverage": state.value,
        "reason": gap.reason.value if gap else None,
        "missingAction": gap.missing_action if gap else None,
    }


def _evidence(evidence: Evidence) -> dict[str, str]:
    """Show what is there and nothing else, each value cut to what a message can carry."""
    values = evidence.by_name().items()
    return {name: value[:MAX_CHANGE_TEXT_CHARS] for name, value in values if value is not None}
