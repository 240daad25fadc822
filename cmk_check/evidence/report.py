"""Render the report: one HTML page without scripts, which loads nothing and prints on A4."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.resources import files
from itertools import chain, groupby
from typing import Final

from cmk_check import VERSION
from cmk_check.core.aspects import ASPECTS
from cmk_check.core.controls import CAUTION, CONTROLS
from cmk_check.core.cross_check import CrossCheckState
from cmk_check.core.enums import CoverageState, KeyState, PostureVerdict, Verdict
from cmk_check.core.not_covered_by_cmk import list_limits
from cmk_check.core.reasons.gap_sentences import FIRST_RECORDING
from cmk_check.core.rule_text import RULE_TEXT
from cmk_check.core.text import as_object
from cmk_check.core.text_files import read_toml
from cmk_check.evidence.download import Evidence
from cmk_check.evidence.html import (
    Content,
    Html,
    element,
    items,
    render_name,
    render_unwrapped,
    table,
)
from cmk_check.limits import MAX_NAMES_LISTED, MAX_REPORT_ROWS
from cmk_check.web import aspect_models, models

_TEXTS: Final = read_toml(__package__, "report.toml")
_ALWAYS_SHOWN: Final = frozenset({"verdict", "reason", "keyHealth", "coverage", "missingAction"})
_VIOLATED, _UNKNOWN = "Not compliant", "Unknown"
_PENDING: Final = models.GapOfSubscription.model_validate(FIRST_RECORDING)
_BROKEN: Final = "Compliant, with a key that cannot be used"


@dataclass(slots=True)
class _List[T]:
    """The first entries of a list, or the last entries with ``newest``, and the total.

    ``row`` returns the cells of an entry. ``file`` is the file that contains all entries.
    """

    head: tuple[str, ...]
    row: Callable[[T], Iterable[Content]]
    file: str = "findings.csv"
    newest: bool = False
    total: int = 0
    shown: deque[T] = field(default_factory=lambda: deque(maxlen=MAX_REPORT_ROWS))

    def add(self, entry: T) -> None:
        """Count an entry, and keep it if there is space."""
        self.total += 1
        if self.newest or len(self.shown) < MAX_REPORT_ROWS:
            self.shown.append(entry)

    def table(self, more: Iterable[T] = ()) -> Html:
        """Return a table that also contains ``more``, with a note if entries are left out."""
        for entry in more:
            self.add(entry)
        if not self.shown:
            return element("p", "None.")
        rows = table(self.head, map(self.row, self.shown))
        number = len(self.shown)
        if self.total == number:
            return rows
        note = f"{number:,} of {self.total:,} are shown; all are in {self.file}."
        return Html(rows + element("p", note, class_="small"))


def render_report(evidence: Evidence) -> Iterator[bytes]:
    """Write the page, section by section."""
    yield b'<!DOCTYPE html>\n<html lang="en">\n'
    for part in _Report(evidence).parts():
        yield f"{part}\n".encode()
    yield b"</html>\n"


class _Report:
    def __init__(self, evidence: Evidence) -> None:
        """Collect the lists of findings in one pass."""
        self._evidence = evidence
        self._status = evidence.status
        why = "Account", "Subscription", "Why", "Since"
        self._accounts = {title: _List(why, _why) for title in (_VIOLATED, _UNKNOWN, _BROKEN)}
        head = "Account", "Exemption", "Category", "Ticket / approved by", "Until"
        self._excepted = _List(head, _render_exemption)
        self._rules = set[str]()
        for finding in evidence.findings():
            self._rules.add(finding.rule_version)
            key = finding.key_health
            if exception := _find_acceptance(finding):
                self._excepted.add((finding, exception))
            elif finding.verdict is Verdict.UNKNOWN:
                self._accounts[_UNKNOWN].add(finding)
            elif finding.verdict is Verdict.NON_COMPLIANT:
                self._accounts[_VIOLATED].add(finding)
            elif key and key.state is KeyState.BROKEN:
                self._accounts[_BROKEN].add(finding)

    def parts(self) -> Iterator[Html]:
        """Return the head and the sections of the body."""
        style = files("cmk_check.evidence").joinpath("report.css").read_text()
        # Nothing is loaded and no script runs, even if a name contains markup.
        policy = "default-src 'none'; style-src 'unsafe-inline'"
        yield element(
            "head",
            element("meta", charset="utf-8"),
            element("meta", http_equiv="Content-Security-Policy", content=policy),
            element("meta", name="viewport", content="width=device-width"),
            element("title", _TEXTS["title"]),
            element("style", Html(f"\n{style}")),
        )
        yield Html("<body>")
        yield self._result()
        yield self._scope()
        severity = f"Severity of a violation: {RULE_TEXT.severity}. Category: {RULE_TEXT.category}."
        yield _section("Why it matters", items([*RULE_TEXT.why, severity]))
        yield _section("Method", items(_TEXTS["method"]), self._scan())
        yield self._completeness()
        blocks = ((element("h3", title), found.table()) for title, found in self._accounts.items())
        yield _section("Accounts", *chain.from_iterable(blocks))
        yield _section(
            "Exceptions",
            element(
                "p",
                "Accounts that are not compliant, but had an honoured exemption of Azure Policy "
                "at the time of the export. Every file of this folder lists them as violations.",
            ),
            self._excepted.table(),
        )
        since = self._evidence.since
        begin = f"since {_time(since)}" if since else "that the app has kept"
        text = element("p", f"All changes {begin}, newest last.")
        head = "Time", "Change", "Of", "From → to"
        changes = _List(head, _change, "changes.jsonl", newest=True)
        lines = self._evidence.read_lines_of_period("changes", "time")
        changes_table = changes.table(map(models.ChangeEvent.model_validate_json, lines))
        yield _section("Changes in the period", text, changes_table)
        yield self._controls()
        kinds = self._status.accounts.by_kind
        uncovered = [text for kind in kinds for text in list_limits(kind, Verdict.COMPLIANT)]
        yield _section("Limits", items([CAUTION, *_TEXTS["limits"], *dict.fromkeys(uncovered)]))
        yield Html("</body>")

    def _result(self) -> Html:
        status, accounts = self._status, self._status.accounts
        reasons = [reason.message for reason in status.reasons]
        counts = [accounts.total, accounts.compliant, accounts.non_compliant]
        counts += [accounts.excepted, accounts.unknown]
        return element(
            "header",
            element("h1", _TEXTS["title"]),
            element(
                "p",
                f"Evidence as of {_time(status.as_of)}, made by cmk-check {VERSION}. "
                "All times are in UTC.",
                class_="of",
            ),
            element(
                "div",
                element("strong", _TEXTS["postures"][self._evidence.posture]),
                items(reasons) if reasons else "",
                class_=f"result {self._evidence.posture}",
            ),
            items(self._evidence.remarks) if self._evidence.remarks else "",
            table(
                ["Accounts", "Compliant", "Not compliant", "of these with an exemption", "Unknown"],
                [counts],
            ),
            _keys(status.keys),
        )

    def _scope(self) -> Html:
        accounts, subscriptions = self._status.accounts, self._status.subscriptions
        tenants = {each.tenant_id or "not known" for each in self._evidence.subscriptions()}
        kinds = (
            (kind, counts.compliant, counts.non_compliant, counts.unknown)
            for kind, counts in accounts.by_kind.items()
        )
        others = accounts.ignored_by_kind.items()
        ignored = ", ".join(f"{kind} ({number})" for kind, number in others)
        return _section(
            "Scope",
            table(["Kind in scope", "Compliant", "Not compliant", "Unknown"], kinds),
            element("p", f"Accounts of other kinds, which are not judged: {ignored or 'none'}."),
            table(
                ["Subscriptions", "Read", "Not read", "Excluded by the settings", "Retired"],
                [subscriptions.model_dump().values()],
            ),
            element("p", "Tenants: ", _shorten_names(tenants), "."),
            element("p", "All subscriptions are in subscriptions.json.", class_="small"),
        )

    def _scan(self) -> Html:
        scan = self._status.last_scan
        rules = f"Version of the rule: {_shorten_names(self._rules)}."
        if scan is None:
            return element("p", rules)
        return element(
            "p",
            f"{rules} The last full scan was {scan.id}, from {_time(scan.started_at)} to "
            f"{_time(scan.finished_at)}; it ended as {scan.state}.",
        )

    def _completeness(self) -> Html:
        status, last = self._status, self._status.last_scan
        scans = (scan.cross_check for scan in self._evidence.scans() if last and scan.id == last.id)
        compared = _TEXTS["compared"]
        crossed = compared[CrossCheckState.NOT_CHECKED]
        if newest := next(scans, None):
            crossed = f"{compared[newest.state]} Accounts missing there: {newest.differences}."
        group, unread = status.management_group, status.accounts.unread
        head = "Subscription", "Reason", "What it means, and what to do", "Since"
        fresh = "is fresh" if status.fresh else "is too old to count"
        return _section(
            "Completeness",
            items(
                [
                    f"The result {fresh}; it counts until {_time(status.fresh_until)}.",
                    f"Accounts that were not read again and keep their last verdict: {unread}.",
                    crossed,
                    _TEXTS["group"].format(group) if group else _TEXTS["no_group"],
                ]
            ),
            element("h3", "Subscriptions that were not read"),
            _List(head, _gap, "subscriptions.json").table(_unread(self._evidence)),
        )

    def _controls(self) -> Html:
        result = "satisfied" if _is_satisfied(self._evidence) else "not satisfied"
        groups = groupby(CONTROLS, lambda control: (control.framework, control.mapping))
        rows = (
            (
                name,
                ", ".join(each.control for each in controls),
                render_unwrapped(mapping.replace("_", " ")),
            )
            for (name, mapping), controls in groups
        )
        return _section(
            "Controls",
            element(
                "p",
                "For the customer-managed keys of these accounts, the result for each of the "
                f"following controls is: {result}. {CAUTION}",
            ),
            table(["Framework", "Controls", "Mapped by"], rows),
        )


def _keys(keys: aspect_models.Keys | None) -> Html:
    if keys is None:
        return element("p", "The keys of compliant accounts are not checked.")
    counts = keys.model_dump().values()
    return table(
        ["Keys of compliant accounts", "Healthy", "At risk", "Broken", "Unknown"],
        [(sum(counts), *counts)],
    )


def _why(finding: models.Finding) -> Iterator[Content]:
    yield _account(finding)
    yield render_name(finding.subscription_name, finding.subscription_id)
    key = finding.key_health if finding.verdict is Verdict.COMPLIANT else None
    yield key.reasons[0].message if key and key.reasons else finding.message
    since = _render_time(finding.violated_since or finding.changed_at)
    yield Html(f"{since}, due by {_render_time(finding.due_at)}") if finding.due_at else since


def _render_exemption(
    excepted: tuple[models.Finding, aspect_models.AccountException],
) -> Iterator[Content]:
    finding, exception = excepted
    yield _account(finding)
    yield render_name(exception.display_name, exception.id)
    yield exception.category or ""
    yield " / ".join(filter(None, (exception.ticket, exception.approved_by)))
    yield _render_time(exception.expires_on)


def _gap(unread: tuple[models.Subscription, models.GapOfSubscription]) -> Iterator[Content]:
    subscription, gap = unread
    yield render_name(subscription.name, subscription.subscription_id)
    yield render_unwrapped(gap.reason)
    yield gap.detail or ""
    yield _render_time(subscription.since)


def _change(change: models.ChangeEvent) -> Iterator[Content]:
    yield _render_time(change.time)
    yield render_unwrapped(
        change.type.removeprefix("cmkcheck.").replace(".", " ").replace("_", " ")
    )
    name, subscription = change.data.get("name"), change.data.get("subscriptionName")
    if not isinstance(subscription, str):
        yield render_name(change.subject, None)
    elif isinstance(name, str):
        yield render_name(name, subscription)
    else:
        yield render_name(subscription, None)
    yield _states(change)


def _states(change: models.ChangeEvent) -> str:
    """Return the states before and after a change: verdict, key, aspect and differences."""
    side, has = (as_object(change.data.get(name)) for name in ("before", "after"))
    about = {aspect.name for aspect in ASPECTS if change.type in aspect.changes}
    changed = {name for name in side.keys() & has.keys() if side[name] != has[name]}
    sides = (
        [text for name, text in side.items() if name in _ALWAYS_SHOWN | about | changed]
        for side in (side, has)
    )
    texts = (", ".join(text for text in side if isinstance(text, str)) for side in sides)
    return " → ".join(filter(None, texts))


def _section(title: str, *content: Content) -> Html:
    return element("section", element("h2", title), *content)


def _account(finding: models.Finding) -> Html:
    return render_name(finding.name, f"group {finding.resource_group}")


def _time(time: datetime | None) -> str:
    """Return a time in UTC."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if time else "not known"


def _render_time(time: datetime | None) -> Html:
    return render_unwrapped(_time(time))


def _shorten_names(names: Iterable[str]) -> str:
    sorted_names = sorted(names)
    more = len(sorted_names) - MAX_NAMES_LISTED
    some = sorted_names if more <= 0 else [*sorted_names[:MAX_NAMES_LISTED], f"and {more} more"]
    return ", ".join(some) or "not known"


def _unread(evidence: Evidence) -> Iterator[tuple[models.Subscription, models.GapOfSubscription]]:
    """Yield each subscription that should have been read but was not, with its gap."""
    for subscription in evidence.subscriptions():
        is_pending = subscription.coverage is CoverageState.PENDING
        if gap := _PENDING if is_pending else subscription.gap:
            yield subscription, gap


def _find_acceptance(finding: models.Finding) -> aspect_models.AccountException | None:
    """Return the exemption that temporarily accepts a violation, or None."""
    exception = finding.exception
    is_accepted = finding.verdict is Verdict.NON_COMPLIANT and exception and exception.honoured
    return exception if is_accepted else None


def _is_satisfied(evidence: Evidence) -> bool:
    """Return whether the controls are satisfied.

    Controls are satisfied only if the posture and all findings are compliant and there is no gap.
    """
    return (
        evidence.status.posture is PostureVerdict.COMPLIANT
        and not evidence.doubtful
        and all(finding.verdict is Verdict.COMPLIANT for finding in evidence.findings())
        and next(_unread(evidence), None) is None
    )
