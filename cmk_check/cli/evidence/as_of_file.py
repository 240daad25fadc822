"""``as-of.json``: what was recorded at an earlier time, for programs, and a line for people."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from cmk_check.cli.evidence.as_of import SubscriptionThen, Then
from cmk_check.web.answer import written

AS_OF: Final = "as-of.json"


def as_of_document(then: Then) -> Mapping[str, Any]:
    """Return the file as JSON, its subscriptions one by one."""
    scan = then.scan
    return {
        "asOf": written(then.time),
        "comparedWith": scan and {"scanId": scan.id, "finishedAt": _ended(scan.finished_at)},
        "differences": [each._asdict() for each in then.differences],
        "differencesExplained": then.differences_explained,
        "subscriptions": _subscriptions(then),
    }


def as_of_line(then: Then) -> str:
    """Say how much was rebuilt, and whether a scan had counted the same."""
    accounts = sum(len(each.accounts or ()) for each in then.subscriptions)
    lost = sum(each.accounts is None for each in then.subscriptions)
    known = f"{accounts} accounts of {len(then.subscriptions) - lost} subscriptions"
    if then.scan is None:
        compared = "the app keeps no full scan that had finished by then"
    elif not then.differences:
        compared = f"their counts are those of scan {then.scan.id}"
    else:
        told = ", ".join(f"{name} {ours} in place of {its}" for name, ours, its in then.differences)
        compared = f"scan {then.scan.id} had counted otherwise: {told}"
    gaps = f"; {lost} subscriptions cannot be rebuilt, as-of.json says why" if lost else ""
    return f"as of {written(then.time)}: {known}{gaps}; {compared}"


def _ended(time: datetime | None) -> str | None:
    return None if time is None else written(time)


def _subscriptions(then: Then) -> Iterator[Mapping[str, Any]]:
    for each in then.subscriptions:
        yield {
            "subscriptionId": each.id,
            "coverage": each.coverage,
            "notKnown": each.not_known,
            "accounts": _accounts(each),
        }


def _accounts(subscription: SubscriptionThen) -> list[Mapping[str, Any]] | None:
    if subscription.accounts is None:
        return None
    return [
        {
            "id": each.id,
            "kind": each.kind,
            "verdict": each.verdict,
            "reason": each.reason,
            "keyHealth": each.key_health,
        }
        for each in subscription.accounts
    ]
