"""The assessment as OSCAL 1.2.1 assessment results: https://pages.nist.gov/OSCAL.

There is an observation for each account and each unread subscription; a risk for each kind of
fault, which references its observations or the one of the estate; and a finding for each control,
which references the risks. So the document grows with the estate, not with estate times controls.

OSCAL has only satisfied and not satisfied. Anything unknown makes every control not satisfied, and
the finding names the reasons.
"""

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import chain, groupby
from typing import Any, Final
from uuid import UUID, uuid5

from pydantic.alias_generators import to_snake

from cmk_check import VERSION
from cmk_check.core.controls import CAUTION, CONTROLS, Control
from cmk_check.core.enums import ControlMapping, PostureReason, PostureVerdict, ReasonSeverity
from cmk_check.core.reasons.catalogue import GAP_REASONS, POSTURE_REASONS
from cmk_check.evidence.download import Evidence
from cmk_check.evidence.summary import Summary, gaps, risks_of
from cmk_check.web import models
from cmk_check.web.json_model import written as written_time

_OSCAL: Final = "1.2.1"
# The namespace of all ids: they have version 5, so the same object has the same id.
_ROOT: Final = UUID("5d0f4c34-6f0d-5f0a-9d3c-8d0f3a1b7c52")
_TOOL: Final = str(uuid5(_ROOT, "tool"))
_NAMESPACE: Final = "urn:cmk-check:oscal"
# Possible Markdown markup: https://spec.commonmark.org/0.31.2/#backslash-escapes
_MARKUP: Final = re.compile(r"([!-/:-@\[-`{-~])")
_BLANKS: Final = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_TITLE: Final = "Customer-managed keys of Azure OpenAI accounts"
_NO_PLAN: Final = (
    "There is no assessment plan: cmk_check judges all accounts in scope by one rule, on a "
    "schedule. This resource replaces a plan, because OSCAL requires a reference to one."
)
_METHOD: Final = (
    "The program reads the accounts of every subscription that its identity can see from Azure "
    "Resource Manager, and judges their encryption settings by one rule. A subscription that could "
    "not be read is a separate observation."
)
_MAPPED_BY: Final = {
    ControlMapping.MICROSOFT: "An initiative by Microsoft maps the built-in policy for "
    "customer-managed keys of Azure AI services to this control.",
    ControlMapping.BY_ANALOGY: "No initiative by Microsoft maps a policy to this control, which is "
    "used for customer-managed keys of other Azure services.",
}
_NOT_OF_TOKENS: Final = re.compile(r"[^a-z0-9.\-]+")
_FILES: Final = {
    "findings.csv": "All findings, as a table.",
    "findings.ocsf.jsonl": "All findings, as OCSF events.",
    "subscriptions.json": "All subscriptions, with the coverage of each.",
    "changes.jsonl": "The changes of the period, as CloudEvents.",
    "scans.json": "The scans of the period.",
    "status.json": "The posture of the estate with its reasons, as the app returned it.",
}

type _Json = dict[str, Any]


def document(evidence: Evidence, summary: Summary) -> _Json:
    """Return the document; the long lists are iterators."""
    return _Document(evidence, summary).content()


class _Document:
    def __init__(self, evidence: Evidence, summary: Summary) -> None:
        self._evidence = evidence
        self._status = evidence.status
        self._summary = summary
        # The observations of each risk; complete once all observations are written.
        self._observed = defaultdict[PostureReason, list[str]](list)
        self._deadlines: dict[PostureReason, datetime] = {}
        self._at = _line(evidence.status.as_of)
        # This identifies a state: the newest scan, and the status except for the watch.
        status = evidence.status.model_dump(mode="json", by_alias=True, exclude={"watch"})
        newest = next((scan.id for scan in evidence.scans()), "")
        text = json.dumps([newest, status, evidence.remarks], sort_keys=True)
        self._state = hashlib.sha256(text.encode()).hexdigest()
        # The faults of the findings, and errors of the posture that no finding shows.
        found = summary.by_risk
        errors = {
            reason.code
            for reason in self._status.reasons
            if POSTURE_REASONS[reason.code].severity is ReasonSeverity.ERROR
        }
        if found[PostureReason.ACCOUNTS_EXCEPTED]:
            # If all violations are accepted, their only risk is that one.
            errors.discard(PostureReason.ACCOUNTS_NON_COMPLIANT)
        self._risks = [risk for risk in PostureReason if found[risk] or risk in errors]

    def content(self) -> _Json:
        scan = self._status.last_scan
        end = scan.finished_at if scan else None
        result = {
            "uuid": self._id("result"),
            "title": _TITLE,
            "description": _METHOD,
            "start": self._at,
            **({"end": _line(end)} if end else {}),
            "props": _props({"posture": self._evidence.posture}),
            "links": [{"href": f"#{_fixed_id(name)}", "rel": "reference"} for name in _FILES],
            "local-definitions": self._definitions(),
            "reviewed-controls": {"control-selections": _selections()},
            "observations": chain([self._estate()], self._gaps(), self._accounts()),
            **({"risks": map(self._risk, self._risks)} if self._risks else {}),
            "findings": map(self._finding, CONTROLS),
        }
        plan = self._id("no plan")
        no_plan = {"uuid": plan, "title": "No assessment plan", "description": _NO_PLAN}
        files = (
            {
                "uuid": _fixed_id(name),
                "title": name,
                "description": description,
                "rlinks": [{"href": name}],
            }
            for name, description in _FILES.items()
        )
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
                "back-matter": {"resources": [no_plan, *files]},
            }
        }

    def _id(self, kind: str, name: str = "") -> str:
        """Return the id of an object that belongs to this state of the estate."""
        return str(uuid5(_ROOT, f"{self._state}\n{kind}\n{name}"))

    def _definitions(self) -> _Json:
        component = {
            "uuid": _TOOL,
            "type": "software",
            "title": "cmk_check",
            "description": _METHOD,
            "props": _props({"version": VERSION}),
            "status": {"state": "operational"},
        }
        platform = {
            "uuid": _fixed_id("platform"),
            "title": "cmk_check",
            "uses-components": [{"component-uuid": _TOOL}],
        }
        items = map(_item, self._evidence.findings())
        return {
            **({"inventory-items": items} if self._summary.accounts else {}),
            "assessment-assets": {
                "components": [component],
                "assessment-platforms": [platform],
            },
        }

    def _observation(self, kind: str, name: str, title: str, description: str) -> _Json:
        return {
            "uuid": self._id(kind, name),
            "title": title,
            "description": markup(description),
            "methods": ["EXAMINE"],
            "types": ["finding"],
            "origins": [{"actors": [{"type": "tool", "actor-uuid": _TOOL}]}],
            "collected": self._at,
        }

    def _estate(self) -> _Json:
        counts, subscriptions = self._status.accounts, self._status.subscriptions
        sentences = [reason.message for reason in self._status.reasons]
        text = " ".join([f"The posture is {self._evidence.posture}.", *sentences])
        facts = {
            "posture": self._evidence.posture,
            "accounts": counts.total,
            "compliant": counts.compliant,
            "non-compliant": counts.non_compliant,
            "unknown": counts.unknown,
            "excepted": counts.excepted,
            "overdue": counts.overdue or None,
            "not-read-again": counts.unread,
            "subscriptions": subscriptions.total,
            "subscriptions-read": subscriptions.read,
            "subscriptions-unread": subscriptions.gap,
            "subscriptions-excluded": subscriptions.excluded,
        }
        return self._observation("estate", "", "The estate as a whole", text) | {
            "props": _props(facts),
            **({"remarks": markup(" ".join(texts))} if (texts := self._evidence.remarks) else {}),
        }

    def _gaps(self) -> Iterator[_Json]:
        for subscription, gap in gaps(self._evidence):
            id_, text = subscription.subscription_id, gap.detail or GAP_REASONS[gap.reason].text()
            observed = self._observation("gap", id_, "A subscription that was not read", text)
            self._observed[PostureReason.SUBSCRIPTIONS_UNREAD].append(observed["uuid"])
            facts = {
                "subscription-id": id_,
                "subscription-name": subscription.name,
                "reason": gap.reason,
                "missing-action": gap.missing_action,
                "last-read": subscription.last_read,
            }
            yield observed | {"props": _props(facts)}

    def _accounts(self) -> Iterator[_Json]:
        for finding in self._evidence.findings():
            title, item = f"Account {markup(finding.name)}", _fixed_id(f"account\n{finding.id}")
            observed = self._observation("account", finding.id, title, finding.message)
            for risk in risks_of(finding):
                self._observed[risk].append(observed["uuid"])
                if finding.due_at and risk is not PostureReason.DATA_EXPOSED:
                    first = self._deadlines.setdefault(risk, finding.due_at)
                    self._deadlines[risk] = min(first, finding.due_at)
            yield observed | {
                "collected": _line(finding.as_of or finding.changed_at) or self._at,
                "props": _props(_facts_of(finding)),
                "subjects": [{"subject-uuid": item, "type": "inventory-item"}],
                **_relevant_evidence(finding),
            }

    def _risk(self, reason: PostureReason) -> _Json:
        entry = POSTURE_REASONS[reason]
        number = self._summary.by_risk[reason] or None
        observed = self._observed[reason] or [self._id("estate")]
        is_accepted = reason is PostureReason.ACCOUNTS_EXCEPTED
        return {
            "uuid": self._id("risk", reason),
            "title": markup(entry.message),
            "description": markup(entry.text(number and str(number))),
            "statement": markup(entry.message),
            "props": _props({"reason": reason, "number": number}),
            "status": "deviation-approved" if is_accepted else "open",
            # The earliest due date of an account.
            **({"deadline": _line(first)} if (first := self._deadlines.get(reason)) else {}),
            "related-observations": [{"observation-uuid": each} for each in observed],
        }

    def _finding(self, control: Control) -> _Json:
        name = f"{control.framework}: {control.control}"
        related = [{"risk-uuid": self._id("risk", reason)} for reason in self._risks]
        facts = {
            "framework": control.framework,
            "control": control.control,
            "mapping": control.mapping,
            "initiative": control.initiative,
            "initiative-version": control.version,
        }
        return {
            "uuid": self._id("finding", name),
            "title": markup(name),
            "description": markup(f"{_MAPPED_BY[control.mapping]} {CAUTION}"),
            "props": [
                *_props(facts),
                *(_prop("reason", reason.code) for reason in self._status.reasons),
                *([_prop("reason", "export_remarks")] if self._evidence.doubtful else []),
            ],
            "target": {
                "type": "objective-id",
                "target-id": _control_id(control),
                "title": markup(f"{control.control}, for customer-managed keys only"),
                "status": self._result(),
            },
            "related-observations": [{"observation-uuid": self._id("estate")}],
            **({"related-risks": related} if related else {}),
        }

    def _result(self) -> _Json:
        failed = self._evidence.posture is PostureVerdict.NON_COMPLIANT
        satisfied = self._summary.is_satisfied
        sentences = [*(each.message for each in self._status.reasons), *self._evidence.remarks]
        return {
            "state": "satisfied" if satisfied else "not-satisfied",
            "reason": "pass" if satisfied else "fail" if failed else "other",
            **({"remarks": markup(" ".join(sentences))} if sentences else {}),
        }


def _fixed_id(name: str) -> str:
    """Return the id of an object that is the same in every bundle."""
    return str(uuid5(_ROOT, name))


def _selections() -> list[_Json]:
    groups = groupby(CONTROLS, lambda control: control.framework)
    return [
        {
            "description": markup(framework),
            "include-controls": [{"control-id": _control_id(each)} for each in controls],
        }
        for framework, controls in groups
    ]


def _control_id(control: Control) -> str:
    """Return the name of a control in OSCAL's form, such as sc-12, which begins with a letter."""
    token = _NOT_OF_TOKENS.sub("-", control.control.lower()).strip("-")
    return token if token[0].isalpha() else f"_{token}"


def _item(finding: models.Finding) -> _Json:
    return {
        "uuid": _fixed_id(f"account\n{finding.id}"),
        "description": f"Account {markup(finding.name)}",
        "props": _props(
            {"asset-id": finding.id, "kind": finding.kind, "location": finding.location}
        ),
    }


def _facts_of(finding: models.Finding) -> Mapping[str, object]:
    """Return the known facts of an account, by property name; None without a value."""
    data, exception = finding.data_stores, finding.exception
    return {
        "account-id": finding.id,
        "subscription-id": finding.subscription_id,
        "subscription-name": finding.subscription_name,
        "verdict": finding.verdict,
        "reason": finding.reason,
        "rule-version": finding.rule_version,
        "coverage": finding.coverage,
        "as-of": finding.as_of or "not known",
        **{_kebab(name): side and side.state for name, side in finding.sides.items()},
        "data-stores-as-of": data and data.as_of,
        "first-seen": finding.first_seen,
        "changed-at": finding.changed_at,
        "violated-since": finding.violated_since,
        "due-at": finding.due_at,
        "due": finding.due,
        "owner": finding.owner and finding.owner.value,
        "exception-honoured": exception and str(exception.honoured).lower(),
        "exception-reason": exception and exception.reason,
        "exception-id": exception and exception.id,
        "exception-category": exception and exception.category,
        "exception-expires": exception and exception.expires_on,
        "exception-ticket": exception and exception.ticket,
        "exception-approved-by": exception and exception.approved_by,
    }


def _relevant_evidence(finding: models.Finding) -> _Json:
    """Return what Azure returned about an account, if anything."""
    plain = finding.evidence.model_dump(mode="json", by_alias=True)
    facts: dict[str, object] = {_kebab(name): value for name, value in plain.items()}
    if key := finding.key_health:
        codes = " ".join(reason.code for reason in key.reasons)
        facts |= {"vault-id": key.vault_id, "key-id": key.key_id}
        facts |= {"key-expires": key.expires, "key-reasons": codes}
    if data := finding.data_stores:
        facts["data-store-reasons"] = " ".join(reason.code for reason in data.reasons)
        for place, store in enumerate(data.stores, 1):
            facts[f"data-store-{place}"] = f"{store.state} {store.type} {store.id or store.name}"
    given = _props(facts)
    of = "the account, its key and its data stores" if data else "the account and its key"
    text = f"What Azure Resource Manager returned about {of}."
    return {"relevant-evidence": [{"description": text, "props": given}]} if given else {}


def _kebab(name: str) -> str:
    return to_snake(name).replace("_", "-")


def _props(facts: Mapping[str, object]) -> list[_Json]:
    """Return the facts with a value, as properties."""
    return [_prop(name, value) for name, value in facts.items() if _line(value)]


def _prop(name: str, value: object) -> _Json:
    return {"name": name, "ns": _NAMESPACE, "value": _line(value)}


def _line(value: object) -> str:
    """Return a value as the single line that a property requires, a time in UTC; "" for None."""
    text = written_time(value) if isinstance(value, datetime) else str(value)
    return "" if value is None else _BLANKS.sub(" ", text).strip()


def markup(text: str) -> str:
    """Return a text escaped for OSCAL's Markdown."""
    return _MARKUP.sub(r"\\\1", _line(text))
