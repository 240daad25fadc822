"""What is new in a scan's result since an earlier one: accounts without a key and broken keys."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cmk_check.cli.output_options import FailOn
from cmk_check.cli.problems import Collected
from cmk_check.cli.scan_result import ScanResult
from cmk_check.cli.since import Difference, Earlier, Scope, Violations, read_earlier, scope_of
from cmk_check.core.enums import (
    CoverageState,
    ExceptionMode,
    KeyReason,
    KeySeverity,
    KeyState,
    Verdict,
)
from cmk_check.core.requirements import HEALTHY_KEYS
from cmk_check.core.resource_id import AccountId
from cmk_check.errors import NotUsable
from cmk_check.scan.scan_context import ScanContext


def scope_of_scan(context: ScanContext, subscriptions: Sequence[str]) -> Scope:
    """Return the scope of a scan, of all subscriptions or of those in the arguments."""
    options, scope = context.options, context.options.recorded_scope
    return scope_of(
        "scan",
        kinds=scope.kinds,
        include=scope.include,
        exclude=scope.exclude,
        group=scope.group,
        exceptions=(options.expectations.exceptions, *scope.exceptions),
        subscriptions=subscriptions,
    )


def read_earlier_scan(file: Path, context: ScanContext, causes: Collection[FailOn]) -> Earlier:
    """Read the JSON result of an earlier scan; ``causes`` are what counts as a violation.

    Raises:
        NotUsable: see ``read_earlier``.

    """

    def violations(document: Mapping[str, Any]) -> Violations:
        # What was a gap is not old.
        read = [each for each in document["findings"] if each["coverage"] == CoverageState.READ]
        return _violations(read, context, causes)

    return read_earlier(file, scope_of_scan(context, ()), violations)


async def compare_scans(
    earlier: Earlier, answer: ScanResult, collected: Collected, causes: Collection[FailOn]
) -> Difference:
    """Compare the result of this scan with an earlier one; ``causes`` as for the earlier one.

    Raises:
        NotUsable: the earlier one is of another tenant.
        StoreError

    """
    findings = {finding.id: finding for finding, _ in collected.accounts}
    listed = [each.model_dump(mode="json", by_alias=True) for each in findings.values()]
    before = {each["tenantId"] for each in earlier.document["findings"]}
    if before and listed and before.isdisjoint(each["tenantId"] for each in listed):
        names = ", ".join(sorted(map(str, before)))
        raise NotUsable(f"--since {earlier.file} must be of this tenant; it is of {names}.")
    read = {each.subscription_id async for each in answer.subscriptions(CoverageState.READ)}

    def is_settled(account: str, reason: str) -> bool:
        account_id, finding = AccountId.parse(account), findings.get(account)
        if account_id is None or account_id.subscription_id not in read:
            return False
        if finding is None or reason not in set(KeyReason):
            return finding is None or finding.verdict is Verdict.COMPLIANT
        return finding.key_health is not None and finding.key_health.state is not KeyState.UNKNOWN

    return earlier.compare(_violations(listed, answer.context, causes), is_settled)


def _violations(
    findings: Iterable[Mapping[str, Any]], context: ScanContext, causes: Collection[FailOn]
) -> Violations:
    """Return what makes the exit code 1, of findings in the API's JSON."""
    expect = context.options.expectations
    found = {}
    for each in findings:
        codes = []
        if HEALTHY_KEYS in expect.requires or FailOn.BROKEN_KEY in causes:
            reasons = (each["keyHealth"] or {}).get("reasons", ())
            codes = [it["code"] for it in reasons if it["severity"] == KeySeverity.BROKEN]
        is_excepted = (each["exception"] or {}).get("honoured")
        is_accepted = expect.exceptions is ExceptionMode.ACCEPT and is_excepted
        if each["verdict"] == Verdict.NON_COMPLIANT and not is_accepted:
            codes.append(each["reason"])
        elif is_accepted and FailOn.EXCEPTED in causes:
            codes.append(FailOn.EXCEPTED.value)
        for code in codes:
            found[each["id"], code] = f"{each['name']}: {code}, {each['id']}"
    return found
