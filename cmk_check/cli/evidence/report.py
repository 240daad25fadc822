"""The report for people: one page of HTML without scripts, which loads nothing and prints on A4."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Final

from cmk_check import VERSION
from cmk_check.cli.evidence.download import Evidence
from cmk_check.cli.evidence.html import Content, Html, element, items, named, table, whole
from cmk_check.cli.evidence.report_data_stores import data_stores
from cmk_check.cli.evidence.report_lists import ReportLists
from cmk_check.cli.evidence.report_parts import account, listed, section, time_cell, time_text
from cmk_check.cli.evidence.report_text import (
    GROUP,
    LIMITS,
    METHOD,
    NO_GROUP,
    POSTURES,
    STYLE,
    TITLE,
)
from cmk_check.cli.evidence.summary import Summary, gap_of
from cmk_check.core.aspects import ASPECTS
from cmk_check.core.controls import CAUTION, CONTROLS, Control
from cmk_check.core.cross_check import CrossCheckState
from cmk_check.core.enums import ControlMapping, Verdict
from cmk_check.core.not_covered_by_cmk import limits_of
from cmk_check.core.text import as_object
from cmk_check.web import aspect_models, models

_COMPARED: Final[Mapping[CrossCheckState, str]] = {
    CrossCheckState.CHECKED: "All lists of accounts were compared with Azure Resource Graph.",
    CrossCheckState.PARTLY: "Some lists of accounts were compared with Azure Resource Graph.",
    CrossCheckState.NOT_CHECKED: "No list of accounts was compared with Azure Resource Graph.",
}
_ALWAYS_SHOWN: Final = frozenset({"verdict", "reason", "keyHealth", "coverage", "missingAction"})


def written(evidence: Evidence, summary: Summary) -> Iterator[bytes]:
    """Write the page, section by section."""
    yield b'<!DOCTYPE html>\n<html lang="en">\n'
    for part in _Report(evidence, summary).parts():
        yield f"{part}\n".encode()
    yield b"</html>\n"


class _Report:
    def __init__(self, evidence: Evidence, summary: Summary) -> None:
        self._evidence = evidence
        self._status = evidence.status
        self._summary = summary
        self._lists = ReportLists.of(evidence)

    def parts(self) -> Iterator[Html]:
        """Return the head and the sections of the body."""
        yield element(
            "head",
            element("meta", charset="utf-8"),
            # Nothing is loaded and nothing runs, whatever a name contains.
            element(
                "meta",
                http_equiv="Content-Security-Policy",
                content="default-src 'none'; style-src 'unsafe-inline'",
            ),
            element("meta", name="viewport", content="width=device-width"),
            element("title", TITLE),
            element("style", Html(STYLE)),
        )
        yield Html("<body>")
        yield self._result()
        yield self._scope()
        yield section("Method", items(METHOD), self._scan())
        yield self._completeness()
        yield self._accounts()
        if self._status.data_stores is not None:
            yield data_stores(self._status.data_stores, self._lists.uncovered)
        yield self._exceptions()
        yield self._changes()
        yield self._controls()
        yield self._limits()
        yield Html("</body>")

    def _result(self) -> Html:
        status = self._status
        reasons = [reason.message for reason in status.reasons]
        return element(
            "header",
            element("h1", TITLE),
            element(
                "p",
                f"Evidence as of {time_text(status.as_of)}, made by cmk-check {VERSION}. "
                "All times are in UTC.",
                class_="of",
            ),
            element(
                "div",
                element("strong", POSTURES[self._evidence.posture]),
                items(reasons) if reasons else "",
                class_=f"result {self._evidence.posture}",
            ),
            items(self._evidence.remarks) if self._evidence.remarks else "",
            table(
                ["Accounts", "Compliant", "Not compliant", "of these with an exemption", "Unknown"],
                [_numbers(status.accounts)],
            ),
            _keys(status.keys),
        )

    def _scope(self) -> Html:
        accounts, subscriptions = self._status.accounts, self._status.subscriptions
        kinds = (
            (kind, counts.compliant, counts.non_compliant, counts.unknown)
            for kind, counts in accounts.by_kind.items()
        )
        ignored = ", ".join(
            f"{kind} ({number})" for kind, number in accounts.ignored_by_kind.items()
        )
        return section(
            "Scope",
            table(["Kind in scope", "Compliant", "Not compliant", "Unknown"], kinds),
            element("p", f"Accounts of other kinds, which are not judged: {ignored or 'none'}."),
            table(
                ["Subscriptions", "Read", "Not read", "Excluded by the settings", "Retired"],
                [
                    (
                        subscriptions.total,
                        subscriptions.read,
                        subscriptions.gap,
                        subscriptions.excluded,
                        subscriptions.retired,
                    )
                ],
            ),
            element("p", "Tenants: ", ", ".join(self._lists.tenants) or "not known", "."),
            element("p", "All subscriptions are in subscriptions.json.", class_="small"),
        )

    def _scan(self) -> Html:
        scan = self._status.last_scan
        rules = ", ".join(self._lists.rules) or "not known"
        said = f"Version of the rule: {rules}."
        if scan is None:
            return element("p", said)
        return element(
            "p",
            f"{said} The last full scan was {scan.id}, from {time_text(scan.started_at)} to "
            f"{time_text(scan.finished_at)}; it ended as {scan.state}.",
        )

    def _completeness(self) -> Html:
        gaps, unread = self._lists.gaps, self._status.accounts.unread
        found = self._lists.cross_check
        crossed = (
            f"{_COMPARED[found.state]} Accounts that they lacked: {found.differences}."
            if found
            else _COMPARED[CrossCheckState.NOT_CHECKED]
        )
        group = self._status.management_group
        fresh = "is fresh" if self._status.fresh else "is too old to count"
        return section(
            "Completeness",
            items(
                [
                    f"The result {fresh}; it counts until {time_text(self._status.fresh_until)}.",
                    f"Accounts that were not read again, with their last known verdict: {unread}.",
                    crossed,
                    GROUP.format(group) if group else NO_GROUP,
                ]
            ),
            element("h3", "Subscriptions that were not read"),
            listed(
                gaps,
                ["Subscription", "Reason", "What it means, and what ends it", "Since"],
                (
                    (
                        named(subscription.name, subscription.subscription_id),
                        whole(gap.reason),
                        gap.detail or "",
                        time_cell(subscription.since),
                    )
                    for subscription in gaps.shown
                    if (gap := gap_of(subscription))
                ),
                "subscriptions.json",
            ),
        )

    def _accounts(self) -> Html:
        blocks: list[Content] = []
        for title, found in (
            ("Not compliant", self._lists.violated),
            ("Unknown", self._lists.unknown),
            ("Compliant, with a key that cannot be used", self._lists.broken),
        ):
            rows = (
                (
                    account(finding),
                    named(finding.subscription_name, finding.subscription_id),
                    _message(finding),
                    time_cell(finding.violated_since or finding.changed_at),
                )
                for finding in found.shown
            )
            blocks.append(element("h3", title))
            head = ["Account", "Subscription", "Why", "Since"]
            blocks.append(listed(found, head, rows, "findings.csv"))
        return section("Accounts", *blocks)

    def _exceptions(self) -> Html:
        excepted = self._lists.excepted
        rows = (
            (
                account(finding),
                named(exception.display_name, exception.id),
                exception.category or "",
                " / ".join(filter(None, (exception.ticket, exception.approved_by))),
                time_cell(exception.expires_on),
            )
            for finding in excepted.shown
            if (exception := finding.exception)
        )
        return section(
            "Exceptions",
            element(
                "p",
                "Accounts that are not compliant, and whose exemption of Azure Policy was honoured "
                "when this was exported. They stay violations in every file of this folder.",
            ),
            listed(
                excepted,
                ["Account", "Exemption", "Category", "Ticket / approved by", "Until"],
                rows,
                "findings.csv",
            ),
        )

    def _changes(self) -> Html:
        changes, since = self._lists.changes, self._evidence.since
        begin = f"since {time_text(since)}" if since else "that the app has kept"
        rows = (
            (
                time_cell(change.time),
                whole(change.type.removeprefix("cmkcheck.").replace(".", " ").replace("_", " ")),
                _subject(change),
                _states(change),
            )
            for change in changes.shown
        )
        return section(
            "Changes in the period",
            element("p", f"All changes {begin}, the newest last."),
            listed(changes, ["Time", "Change", "Of", "From → to"], rows, "changes.jsonl"),
        )

    def _controls(self) -> Html:
        answer = "satisfied" if self._summary.is_satisfied else "not satisfied"
        rows = (
            (
                framework,
                ", ".join(each.control for each in controls),
                whole(mapping.replace("_", " ")),
            )
            for (framework, mapping), group in groupby(CONTROLS, _framework)
            if (controls := list(group))
        )
        return section(
            "Controls",
            element(
                "p",
                "As far as customer-managed keys of these accounts go, the result for each of the "
                f"following controls is: {answer}. {CAUTION}",
            ),
            table(["Framework", "Controls", "Mapped by"], rows),
        )

    def _limits(self) -> Html:
        kinds = self._status.accounts.by_kind
        uncovered = [text for kind in kinds for text in limits_of(kind, Verdict.COMPLIANT)]
        return section("Limits", items([*LIMITS, *dict.fromkeys(uncovered)]))


def _framework(control: Control) -> tuple[str, ControlMapping]:
    return control.framework, control.mapping


def _numbers(accounts: models.Accounts) -> tuple[int, ...]:
    return (
        accounts.total,
        accounts.compliant,
        accounts.non_compliant,
        accounts.excepted,
        accounts.unknown,
    )


def _keys(keys: aspect_models.Keys | None) -> Html:
    if keys is None:
        return element("p", "The keys of compliant accounts are not checked.")
    counts = (keys.healthy, keys.at_risk, keys.broken, keys.unknown)
    return table(
        ["Keys of compliant accounts", "Healthy", "At risk", "Broken", "Unknown"],
        [(sum(counts), *counts)],
    )


def _message(finding: models.Finding) -> str:
    key = finding.key_health
    if finding.verdict is Verdict.COMPLIANT and key and key.reasons:
        return key.reasons[0].message
    return finding.message


def _subject(change: models.ChangeEvent) -> Html:
    name, subscription = change.data.get("name"), change.data.get("subscriptionName")
    if not isinstance(subscription, str):
        return named(change.subject, None)
    return named(name, subscription) if isinstance(name, str) else named(subscription, None)


def _states(change: models.ChangeEvent) -> str:
    """Return the states before and after: verdict and key, what it is about, and what changed."""
    had, has = (as_object(change.data.get(name)) for name in ("before", "after"))
    about = {aspect.name for aspect in ASPECTS if change.type in aspect.changes}
    changed = {name for name in had.keys() & has.keys() if had[name] != has[name]}
    sides = (
        [text for name, text in side.items() if name in _ALWAYS_SHOWN | about | changed]
        for side in (had, has)
    )
    texts = (", ".join(text for text in side if isinstance(text, str)) for side in sides)
    return " → ".join(filter(None, texts))
