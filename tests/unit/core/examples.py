"""Shared parts of the comparison tests: a subscription, a scan, and its recording."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Final

from cmk_check.core.account import Account, Reading, Subscription
from cmk_check.core.aspects.exceptions import EXCEPTION
from cmk_check.core.aspects.key_health import KEY_HEALTH
from cmk_check.core.comparison.changes import ComparisonContext
from cmk_check.core.comparison.compare import compare
from cmk_check.core.comparison.judge_accounts import add_key_health, judge_all
from cmk_check.core.comparison.updates import Difference, Known
from cmk_check.core.enums import GapReason
from cmk_check.core.exceptions.account_exception import AccountException
from cmk_check.core.gap import Gap
from cmk_check.core.keys.facts import KeyFacts
from cmk_check.core.keys.key_health import KeyHealth
from cmk_check.core.model import Finding
from cmk_check.core.rule import row_too_new
from tests.fakes.world import bad, good, odd, sub

ID: Final = sub(1)
SUBSCRIPTION: Final = Subscription(ID, "Production", "tenant", "Enabled")
NOON: Final = datetime(2026, 11, 25, 12, tzinfo=UTC)
HOUR: Final = timedelta(hours=1)
KINDS: Final = {"openai": "OpenAI", "aiservices": "AIServices"}
MAKERS: Final = {"compliant": good, "non_compliant": bad, "unknown": odd}
FORBIDDEN: Final = Gap(
    GapReason.FORBIDDEN, "Microsoft.CognitiveServices/accounts/read", "Assign Reader."
)
_NUMBERS: Final[Iterator[int]] = count(1)


def context(
    at: datetime = NOON,
    *,
    status_as_of: datetime | None = None,
    baseline: bool = False,
    hostname: str | None = None,
) -> ComparisonContext:
    """Return a scan at a time, with a separate id for every change."""
    return ComparisonContext(
        scan_id=f"{at:%Y%m%dT%H%M%S}Z-3fa9",
        now=at,
        new_id=lambda: f"change-{next(_NUMBERS)}",
        baseline=baseline,
        status_as_of=status_as_of,
        hostname=hostname,
    )


def compared_reading(  # noqa: PLR0913 - each side by keyword
    known: Known,
    reading: Reading,
    scan: ComparisonContext | None = None,
    subscription: Subscription = SUBSCRIPTION,
    *,
    keys: Mapping[str, KeyFacts] | None = None,
    exceptions: Mapping[str, AccountException | None] | None = None,
) -> Difference:
    """Judge a reading as a slice does, and compare it with what is known.

    What stands beside the verdicts is given by account; None where it is switched off.
    """
    scan, before = scan or context(), known.findings
    judged = dict(judge_all(reading.accounts, KINDS, subscription.owner))
    for name, entry in judged.items():
        if exceptions is not None and EXCEPTION.applies(entry.judgement):
            judged[name] = entry = replace(entry, exception=exceptions[name])  # noqa: PLW2901
        if keys is not None and KEY_HEALTH.applies(entry.judgement):
            judged[name] = add_key_health(entry, before.get(name), keys.get(name), scan.now)
    scan = replace(scan, exceptions_off=exceptions is None)
    return compare(known, subscription, reading, judged, scan)


def compared(
    known: Known,
    *accounts: Account,
    at: datetime = NOON,
    gap: Gap | None = None,
    keys: KeyFacts | None = None,
) -> Difference:
    """Compare a reading, complete unless it has a gap, with what is known.

    ``keys`` are the facts of every account's key, or None where nobody looks at keys.
    """
    facts = None if keys is None else {str(account.id): keys for account in accounts}
    return compared_reading(known, Reading(accounts, gap=gap), context(at), keys=facts)


def recorded(difference: Difference) -> Known:
    """Return the rows after a difference is recorded."""
    known = difference.known
    return Known(difference.coverage, known.apply_steps(difference.steps), known.untrusted)


def known_of(*accounts: Account, at: datetime = NOON, keys: KeyFacts | None = None) -> Known:
    """Return the rows after one complete reading."""
    return recorded(compared(Known(), *accounts, at=at, keys=keys))


def told(difference: Difference) -> list[str]:
    """Return the types of all changes of findings, in order, without their common prefix."""
    changes = [change for step in difference.steps for change in step.changes]
    return [change.type.removeprefix("cmkcheck.") for change in changes]


def only_finding(known: Known) -> Finding:
    """Return the only finding."""
    (finding,) = known.findings.values()
    return finding


def health_of(known: Known) -> KeyHealth:
    """Return the health of the only key."""
    key = only_finding(known).key_health
    assert key is not None
    return key


def untrusted() -> Finding:
    """Return the finding that represents a row of a newer version."""
    account = good(SUBSCRIPTION.id)
    return Finding(account.id, "OpenAI", None, {}, row_too_new(), "1", NOON, NOON)
