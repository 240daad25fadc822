"""The assessment as OSCAL 1.2.1 assessment results: https://pages.nist.gov/OSCAL.

An observation for each account and each subscription that was not read; a risk for each kind of
fault, which names its observations, or else that of the estate; a finding for each control, which
names the risks. So the document grows with the estate, and not with the estate times the controls.

OSCAL knows only satisfied and not satisfied. Whatever is not known makes every control not
satisfied, and the finding names the reasons.
"""

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import chain, groupby
from typing import Final
from uuid import uuid5

from cmk_check import VERSION
from cmk_check.cli.evidence.download import Evidence
from cmk_check.cli.evidence.json_pieces import pieces
from cmk_check.cli.evidence.oscal_facts import (
    ROOT,
    Json,
    facts_of,
    item,
    item_id,
    markup,
    prop,
    props,
    relevant_evidence,
    time_of,
)
from cmk_check.cli.evidence.summary import Summary, gap_of, risks_of
from cmk_check.core.controls import CAUTION, CONTROLS, Control
from cmk_check.core.enums import ControlMapping, PostureReason, PostureVerdict, ReasonSeverity
from cmk_check.core.reasons.gap_sentences import GAP_REASONS
from cmk_check.core.reasons.posture_sentences import POSTURE_REASONS
from cmk_check.web.answer import written as written_time

_OSCAL: Final = "1.2.1"
_TITLE: Final = "Customer-managed keys of Azure OpenAI accounts"
_NO_PLAN: Final = (
    "There is no assessment plan: cmk_check judges all accounts in scope by one rule, on a "
    "schedule. This resource takes the place of a plan, because OSCAL requires one to be named."
)
_METHOD: Final = (
    "The program reads the accounts of every subscription that its identity can see from Azure "
    "Resource Manager, and judges their encryption settings by one rule. A subscription that could "
    "not be read is an observation of its own."
)
_MAPPED_BY: Final = {
    ControlMapping.MICROSOFT: "An initiative of Microsoft maps the built-in policy for "
    "customer-managed keys of Azure AI services to this control.",
    ControlMapping.BY_ANALOGY: "No initiative of Microsoft maps a policy to this control; it is "
    "known for customer-managed keys of other Azure services.",
}
_NOT_OF_TOKENS: Final = re.compile(r"[^a-z0-9.\-]+")
_FILES: Final = {
    "findings.csv": "All findings, as a table.",
    "findings.ocsf.jsonl": "All findings, as OCSF events.",
    "subscriptions.json": "All subscriptions, with how far each was read.",
    "changes.jsonl": "The changes of the period, as CloudEvents.",
    "scans.json": "The scans of the period.",
    "status.json": "The posture of the estate with its reasons, as the app answered.",
}


def written(evidence: Evidence, summary: Summary) -> Iterator[bytes]:
    """Write the document in pieces."""
    return pieces(_Document(evidence, summary).content())


class _Document:
    def __init__(self, evidence: Evidence, summary: Summary) -> None:
        self._evidence = evidence
        self._status = evidence.status
        self._summary = summary
        # The observations of each risk; complete once all observations are written.
        self._observed = defaultdict[PostureReason, list[str]](list)
        self._at = written_time(evidence.status.as_of) if evidence.status.as_of else ""
        self._state = _state_of(evidence)
        self._risks = self._all_risks()

    def _all_risks(self) -> list[PostureReason]:
        """Return the faults of the findings, and errors of the posture that no finding shows."""
        found = self._summary.by_risk
        errors = {
            reason.code
            for reason in self._status.reasons
            if POSTURE_REASONS[reason.code].severity is ReasonSeverity.ERROR
        }
        if found[PostureReason.ACCOUNTS_EXCEPTED]:
            # If all of them are accepted, that is their risk.
            errors.discard(PostureReason.ACCOUNTS_NON_COMPLIANT)
        return [risk for risk in PostureReason if found[risk] or risk in errors]

    def content(self) -> Json:
        """Return the document; the long lists are iterators."""
        scan = self._status.last_scan
        end = scan.finished_at if scan else None
        result = {
            "uuid": self._id("result"),
            "title": _TITLE,
            "description": _METHOD,
            "start": self._at,
            **({"end": written_time(end)} if end else {}),
            "props": props({"posture": self._evidence.posture}),
            "links": [{"href": f"#{_file_id(name)}", "rel": "reference"} for name in _FILES],
            "local-definitions": self._definitions(),
            "reviewed-controls": {"control-selections": _selections()},
            "observations": chain([self._estate()], self._gaps(), self._accounts()),
            **({"risks": map(self._risk, self._risks)} if self._risks else {}),
            "findings": map(self._finding, CONTROLS),
        }
        plan = self._id("no plan")
        return {
            "assessment-results": {
                "uuid": self._id("document"),
                "metadata": {
                    "title": _TITLE,
                    "last-modified": self._at,
                    "version": self._at,
                    "oscal-version": _OSCAL,
                },
                "import-ap": {"href": f"#{plan}"},
                "results": [result],
                "back-matter": {"resources": [_no_plan(plan), *self._resources()]},
            }
        }

    def _id(self, kind: str, name: str = "") -> str:
        """Return the id of an object that is of this state of the estate alone."""
        return str(uuid5(ROOT, f"{self._state}\n{kind}\n{name}"))

    def _definitions(self) -> Json:
        tool = str(uuid5(ROOT, "tool"))
        described = {"title": "cmk_check", "description": _METHOD}
        component = {"uuid": tool, "type": "software", **described}
        platform = {
            "uuid": str(uuid5(ROOT, "platform")),
            "title": "cmk_check",
            "uses-components": [{"component-uuid": tool}],
        }
        found = self._evidence.findings()
        return {
            **({"inventory-items": map(item, found)} if self._summary.accounts else {}),
            "assessment-assets": {
                "components": [
                    component
                    | {
                        "props": props({"version": VERSION}),
                        "status": {"state": "operational"},
                    }
                ],
                "assessment-platforms": [platform],
            },
        }

    def _observation(self, kind: str, name: str, title: str, description: str) -> Json:
        return {
            "uuid": self._id(kind, name),
            "title": title,
            "description": markup(description),
            "methods": ["EXAMINE"],
            "types": ["finding"],
            "origins": [{"actors": [{"type": "tool", "actor-uuid": str(uuid5(ROOT, "tool"))}]}],
            "collected": self._at,
        }

    def _estate(self) -> Json:
        counts, subscriptions = self._status.accounts, self._status.subscriptions
        sentences = [reason.message for reason in self._status.reasons]
        text = " ".join([f"The posture is {self._evidence.posture}.", *sentences])
        return self._observation("estate", "", "The estate as a whole", text) | {
            "props": props(
                {
                    "posture": self._evidence.posture,
                    "accounts": counts.total,
                    "compliant": counts.compliant,
                    "non-compliant": counts.non_compliant,
                    "unknown": counts.unknown,
                    "excepted": counts.excepted,
                    "not-read-again": counts.unread,
                    "subscriptions": subscriptions.total,
                    "subscriptions-read": subscriptions.read,
                    "subscriptions-unread": subscriptions.gap,
                    "subscriptions-excluded": subscriptions.excluded,
                }
            ),
            **({"remarks": markup(" ".join(texts))} if (texts := self._evidence.remarks) else {}),
        }

    def _gaps(self) -> Iterator[Json]:
        for subscription in self._evidence.subscriptions():
            if gap := gap_of(subscription):
                id_, text = subscription.subscription_id, gap.detail
                text = text or GAP_REASONS[gap.reason].text()
                observed = self._observation("gap", id_, "A subscription that was not read", text)
                self._observed[PostureReason.SUBSCRIPTIONS_UNREAD].append(observed["uuid"])
                yield observed | {
                    "props": props(
                        {
                            "subscription-id": id_,
                            "subscription-name": subscription.name,
                            "reason": gap.reason,
                            "missing-action": gap.missing_action,
                            "last-read": time_of(subscription.last_read),
                        }
                    )
                }

    def _accounts(self) -> Iterator[Json]:
        for finding in self._evidence.findings():
            title = f"Account {markup(finding.name)}"
            observed = self._observation("account", finding.id, title, finding.message)
            for risk in risks_of(finding):
                self._observed[risk].append(observed["uuid"])
            yield observed | {
                "collected": time_of(finding.as_of or finding.changed_at) or self._at,
                "props": props(facts_of(finding)),
                "subjects": [{"subject-uuid": item_id(finding), "type": "inventory-item"}],
                **relevant_evidence(finding),
            }

    def _risk(self, reason: PostureReason) -> Json:
        entry = POSTURE_REASONS[reason]
        number = self._summary.by_risk[reason] or None
        observed = self._observed[reason] or [self._id("estate")]
        is_accepted = reason is PostureReason.ACCOUNTS_EXCEPTED
        return {
            "uuid": self._id("risk", reason),
            "title": markup(entry.message),
            "description": markup(entry.text(number and str(number))),
            "statement": markup(entry.message),
            "props": props({"reason": reason, "number": number}),
            "status": "deviation-approved" if is_accepted else "open",
            "related-observations": [{"observation-uuid": each} for each in observed],
        }

    def _finding(self, control: Control) -> Json:
        name = f"{control.framework}: {control.control}"
        related = [{"risk-uuid": self._id("risk", reason)} for reason in self._risks]
        return {
            "uuid": self._id("finding", name),
            "title": markup(name),
            "description": markup(f"{_MAPPED_BY[control.mapping]} {CAUTION}"),
            "props": [
                *props(
                    {
                        "framework": control.framework,
                        "control": control.control,
                        "mapping": control.mapping,
                        "initiative": control.initiative,
                        "initiative-version": control.version,
                    }
                ),
                *(prop("reason", reason.code) for reason in self._status.reasons),
                *([prop("reason", "export_remarks")] if self._evidence.doubtful else []),
            ],
            "target": {
                "type": "objective-id",
                "target-id": _control_id(control),
                "title": markup(f"{control.control}, as far as customer-managed keys go"),
                "status": self._result(),
            },
            "related-observations": [{"observation-uuid": self._id("estate")}],
            **({"related-risks": related} if related else {}),
        }

    def _result(self) -> Json:
        failed = self._evidence.posture is PostureVerdict.NON_COMPLIANT
        satisfied = self._summary.is_satisfied
        sentences = [*(each.message for each in self._status.reasons), *self._evidence.remarks]
        return {
            "state": "satisfied" if satisfied else "not-satisfied",
            "reason": "pass" if satisfied else "fail" if failed else "other",
            **({"remarks": markup(" ".join(sentences))} if sentences else {}),
        }

    def _resources(self) -> Iterator[Json]:
        for name, description in _FILES.items():
            yield {
                "uuid": _file_id(name),
                "title": name,
                "description": description,
                "rlinks": [{"href": name}],
            }


def _state_of(evidence: Evidence) -> str:
    """Return what differs between two states: the newest scan, and the status but for the watch."""
    status = evidence.status.model_dump(mode="json", by_alias=True, exclude={"watch"})
    newest = next((scan.id for scan in evidence.scans()), "")
    text = json.dumps([newest, status, evidence.remarks], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _file_id(name: str) -> str:
    return str(uuid5(ROOT, name))


def _no_plan(uuid: str) -> Json:
    return {"uuid": uuid, "title": "No assessment plan", "description": _NO_PLAN}


def _selections() -> list[Json]:
    groups = groupby(CONTROLS, lambda control: control.framework)
    return [
        {
            "description": markup(framework),
            "include-controls": [{"control-id": _control_id(each)} for each in controls],
        }
        for framework, controls in groups
    ]


def _control_id(control: Control) -> str:
    """Return the name of a control as OSCAL writes them, such as sc-12; it begins with a letter."""
    token = _NOT_OF_TOKENS.sub("-", control.control.lower()).strip("-")
    return token if token[0].isalpha() else f"_{token}"
