"""Compare a result with an earlier result: which violations are new or fixed.

A violation is old if the earlier result has the same account, or the same document, address and
name, with the same reason. An account that was not read is neither new nor fixed: if it was unread
earlier, its violation counts as new once it is read; if it is unread now, its violation does not
count as fixed.
"""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from cmk_check.cli.console import say
from cmk_check.cli.output_options import FailOn
from cmk_check.cli.terminal_rows import INDENT
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
from cmk_check.core.rule import RULE_VERSION
from cmk_check.core.text import escape_invisible
from cmk_check.errors import NotUsable
from cmk_check.ports import Inventory, InventoryError

if TYPE_CHECKING:
    from cmk_check.cli.problems import Collected
    from cmk_check.core.posture import Expectations
    from cmk_check.scan.scan_context import ScanContext

type Violations = Mapping[tuple[str, str], str]
"""The printed form of each violation, by its subject and its reason."""
type Scope = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Earlier:
    """The JSON of an earlier result in ``file``, and its violations."""

    file: Path
    document: Mapping[str, Any]
    violations: Violations

    def compare(self, now: Violations, is_settled: Callable[[str, str], bool]) -> "Difference":
        """Compare; ``is_settled`` returns whether a missing violation was read and is fixed."""
        new = [text for key, text in now.items() if key not in self.violations]
        violated = {violated for violated, _ in now}
        fixed = [
            text
            for key, text in self.violations.items()
            if key[0] not in violated and is_settled(*key)
        ]
        return Difference(str(self.file), new, fixed, len(now) - len(new))


@dataclass(frozen=True, slots=True)
class Difference:
    """New and fixed violations since a file; ``old`` counts the violations in both."""

    file: str
    new: Sequence[str]
    fixed: Sequence[str]
    old: int

    def show(self, console: Console, limit: int | None, *, quiet: bool = False) -> None:
        """Print the lists, unless ``quiet``, and always the numbers."""
        for word, texts in (("new", self.new), ("fixed", self.fixed)):
            for text in () if quiet else texts[:limit]:
                say(console, f"{word}: {escape_invisible(text)}", indent=INDENT)
            if not quiet and (more := len(texts[:limit])) < len(texts):
                say(console, f"{word}: {len(texts) - more:,} more; --limit 0 shows all")
        line = f"violations: {len(self.new):,} new, {self.old:,} old; {len(self.fixed):,} fixed"
        say(console, f"{line} since {escape_invisible(self.file)}", indent=INDENT)


def build_scope(command: str, **parts: Sequence[str]) -> Scope:
    """Return the scope, which is written with a result and must be equal for a comparison."""
    own = {"command": [command], "rule": [RULE_VERSION]}
    return own | {name: sorted(part) for name, part in parts.items()}


def read_earlier(
    file: Path, scope: Scope, violations: Callable[[Mapping[str, Any]], Violations]
) -> Earlier:
    """Read an earlier result; ``violations`` extracts the violations from its JSON.

    Raises:
        NotUsable: the file is another document, has another scope, or names subscriptions.
    """
    where = f"--since {file}"
    try:
        document = json.loads(file.read_bytes())
        before = document["scope"]
        differing = [name for name in {**before, **scope} if before.get(name) != scope.get(name)]
        if before.get("subscriptions"):
            raise NotUsable(f"{where} must cover the whole estate, not single subscriptions.")
        if differing:
            raise NotUsable(
                f"{where} must be a result with the same {', '.join(differing)}; write it again "
                "with --format json."
            )
        return Earlier(file, document, violations(document))
    except OSError as error:
        raise NotUsable(f"{where} cannot be read ({error.strerror}).") from error
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise NotUsable(
            f"{where} must be a result of the same command, written with --format json by this "
            "version."
        ) from error


def build_scan_scope(context: "ScanContext", subscriptions: Sequence[str]) -> Scope:
    """Return the scope of a scan of all subscriptions, or of those in the arguments."""
    options, parts = context.options, asdict(context.options.recorded_scope)
    parts["exceptions"] = (options.expectations.exceptions, *parts["exceptions"])
    return build_scope("scan", **parts, subscriptions=subscriptions)


def read_earlier_scan(file: Path, context: "ScanContext", causes: Collection[FailOn]) -> Earlier:
    """Read the JSON result of an earlier scan; ``causes`` are what counts as a violation.

    Raises:
        NotUsable: see ``read_earlier``.
    """

    def violations(document: Mapping[str, Any]) -> Violations:
        # A violation in a former gap is not old.
        read = [each for each in document["findings"] if each["coverage"] == CoverageState.READ]
        return list_violations(read, context.options.expectations, causes)

    return read_earlier(file, build_scan_scope(context, ()), violations)


async def check_tenant(earlier: Earlier, inventory: Inventory) -> None:
    """Check before a scan of minutes that the earlier scan was of this tenant.

    Raises:
        NotUsable: the earlier scan was of another tenant.
    """
    before = {each["tenantId"] for each in earlier.document["findings"]} - {None}
    with suppress(InventoryError):  # the scan reports the failure
        now = {each.tenant_id for each in await inventory.subscriptions()} - {None}
        if before and now and before.isdisjoint(now):
            names = ", ".join(sorted(before))
            raise NotUsable(f"--since {earlier.file} must be of this tenant; it is of {names}.")


def compare_scans(
    earlier: Earlier, context: "ScanContext", collected: "Collected", causes: Collection[FailOn]
) -> Difference:
    """Compare this scan's result with an earlier scan's, for the same ``causes``."""
    findings = {finding.id: finding for finding, _ in collected.accounts}
    listed = [each.model_dump(mode="json", by_alias=True) for each in findings.values()]

    def is_settled(account: str, reason: str) -> bool:
        account_id, finding = AccountId.parse(account), findings.get(account)
        if account_id is None or account_id.subscription_id not in collected.read:
            return False
        if finding is None or reason not in set(KeyReason):
            return finding is None or finding.verdict is Verdict.COMPLIANT
        return finding.key_health is not None and finding.key_health.state is not KeyState.UNKNOWN

    expect = context.options.expectations
    return earlier.compare(list_violations(listed, expect, causes), is_settled)


def list_violations(
    findings: Iterable[Mapping[str, Any]], expect: "Expectations", causes: Collection[FailOn]
) -> Violations:
    """Return the violations that make the exit code 1, from findings in the API's JSON."""
    violations = {}
    for finding in findings:
        codes = []
        if HEALTHY_KEYS in expect.requires or FailOn.BROKEN_KEY in causes:
            reasons = (finding["keyHealth"] or {}).get("reasons", ())
            codes = [it["code"] for it in reasons if it["severity"] == KeySeverity.BROKEN]
        is_excepted = (finding["exception"] or {}).get("honoured")
        is_accepted = expect.exceptions is ExceptionMode.ACCEPT and is_excepted
        if finding["verdict"] == Verdict.NON_COMPLIANT and not is_accepted:
            codes.append(finding["reason"])
        elif is_accepted and FailOn.EXCEPTED in causes:
            codes.append(FailOn.EXCEPTED.value)
        for code in codes:
            violations[finding["id"], code] = f"{finding['name']}: {code}, {finding['id']}"
    return violations
