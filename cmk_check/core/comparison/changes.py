"""Build the changes to announce, each with the data of its CloudEvent."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from cmk_check.core.account import Evidence, Subscription
from cmk_check.core.aspects import ASPECTS
from cmk_check.core.aspects.aspect import News, Occasion
from cmk_check.core.aspects.key_health import KEY_HEALTH
from cmk_check.core.enums import ChangeType, CoverageState, RemovalReason
from cmk_check.core.gap import Gap
from cmk_check.core.model import Change, Coverage, Finding
from cmk_check.core.owner import Owner
from cmk_check.core.rule import RULE_VERSION
from cmk_check.core.status import Summary
from cmk_check.core.text import as_object
from cmk_check.limits import MAX_CHANGE_TEXT_CHARS

# The characters that Azure allows in names; others could make a link lead to another site.
_LINKABLE: Final = re.compile(r"(/(?!\.{1,2}(/|$))[\w.()-]+)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonContext(Occasion):
    """The facts about a scan that a comparison needs; ``new_id`` returns a new UUID for a change.

    ``status_as_of`` is the time when the last finished scan began. ``follows`` is the id of the
    full scan that finished directly before this scan, or None.
    """

    scan_id: str
    new_id: Callable[[], str]
    status_as_of: datetime | None = None
    follows: str | None = None
    hostname: str | None = None


def of_account(
    news: Iterable[News],
    before: Finding | None,
    after: Finding | None,
    subscription: Subscription,
    context: ComparisonContext,
) -> tuple[Change, ...]:
    """Build a change for each piece of news, with the states of the account before and after."""
    finding = after or before
    if finding is None:
        return ()
    sides: dict[str, object] | None = None
    changes: list[Change] = []
    for item in news:
        if sides is None:  # most findings have no news
            sides = {"before": _side(before, after), "after": _side(after, before)}
            sides |= _previous_owner(before, after)
        shown_sides = sides
        if item.type is ChangeType.ACCOUNT_KIND_CHANGED and before and after:
            kinds = {"before": before.kind, "after": after.kind}
            shown_sides = sides | {
                name: {**as_object(sides[name]), "kind": kind} for name, kind in kinds.items()
            }
        shown = {**shown_sides, **item.shown}
        changes.append(_account_change(item, finding, subscription, context, shown))
    return tuple(changes)


def of_coverage(
    before: Coverage | None,
    state: CoverageState,
    why: Gap | RemovalReason | None,
    subscription: Subscription,
    context: ComparisonContext,
) -> Change | None:
    """Return a change if coverage was lost or regained or if a gap left the scope, else None."""
    state_before = before.state if before else None
    if state is CoverageState.GAP and state_before is not CoverageState.GAP:
        kind = ChangeType.COVERAGE_LOST
    elif state is CoverageState.READ and state_before is CoverageState.GAP:
        kind = ChangeType.COVERAGE_REGAINED
    elif isinstance(why, RemovalReason) and state_before is CoverageState.GAP:
        kind = ChangeType.COVERAGE_REMOVED
    else:
        return None
    path = f"/subscriptions/{subscription.id}"
    data = _subscription_data(subscription) | {
        "before": _coverage_side(state_before, before.gap if before else None),
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
    """Build the change that announces a failed or abandoned scan, or the first success after it."""
    path = f"/scans/{scan_id}"
    data = {"scanId": scan_id, "reason": reason, "ruleVersion": RULE_VERSION, "baseline": False}
    return Change(change_id, kind, now, path, path, data)


def of_baseline(
    scan_id: str, now: datetime, change_id: str, summary: Summary, hostname: str | None
) -> Change:
    """Build the one change that announces all findings of the first finished scan."""
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
        "keys": KEY_HEALTH.sums(accounts),
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
    if hostname:
        data["statusUrl"] = f"https://{hostname}/api/v1/status"
    return Change(change_id, ChangeType.SCAN_BASELINE, now, path, path, data)


def _account_change(
    news: News,
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
    source, subject = f"/subscriptions/{subscription.id}", str(finding.id)
    change_id = context.new_id()
    if news.once is not None:
        change_id = str(uuid5(NAMESPACE_URL, f"{news.type}\n{subject}\n{news.once}"))
    return Change(change_id, news.type, time, source, subject, data)


def _subscription_data(subscription: Subscription) -> dict[str, object]:
    return {"subscriptionName": subscription.name, "tenantId": subscription.tenant_id}


def _owner(owner: Owner) -> dict[str, str] | None:
    if owner.value is None or owner.source is None:
        return None
    return {"value": owner.value, "source": owner.source}


def _previous_owner(before: Finding | None, after: Finding | None) -> dict[str, object]:
    """Return the account's previous owner if the owner has changed, otherwise an empty dict."""
    if before is None or after is None or before.owner.value == after.owner.value:
        return {}
    return {"previousOwner": _owner(before.owner)}


def _side(finding: Finding | None, other: Finding | None) -> dict[str, object] | None:
    """Return a change's data about ``finding``, with each aspect that it or ``other`` contains."""
    if finding is None:
        return None
    judgement = finding.judgement
    side: dict[str, object] = {"verdict": judgement.verdict.value, "reason": judgement.reason.value}
    for aspect in ASPECTS:
        state = aspect.describe(finding)
        if state is None and other is not None:
            seen = aspect.describe(other) or {}
            state = {name: [] if isinstance(seen[name], list) else None for name in seen}
        side |= state or {}
    return side


def _coverage_side(state: CoverageState | None, gap: Gap | None) -> dict[str, str | None] | None:
    if state is None:
        return None
    return {
        "coverage": state.value,
        "reason": gap.reason.value if gap else None,
        "missingAction": gap.missing_action if gap else None,
    }


def _evidence(evidence: Evidence) -> dict[str, str]:
    """Return the values that are not None, each shortened to the limit for texts in changes."""
    values = evidence.to_dict().items()
    return {name: value[:MAX_CHANGE_TEXT_CHARS] for name, value in values if value is not None}
