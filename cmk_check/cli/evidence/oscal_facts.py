"""Facts as OSCAL writes them: ids, properties on one line, and texts without markup."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

from cmk_check.web import models
from cmk_check.web.answer import written

ROOT: Final = UUID("5d0f4c34-6f0d-5f0a-9d3c-8d0f3a1b7c52")
"""The namespace of all ids: they are of version 5, so the same object has the same id."""
_NAMESPACE: Final = "urn:cmk-check:oscal"
# What a reader of Markdown could take for markup: https://spec.commonmark.org/0.31.2/#backslash-escapes
_MARKUP: Final = re.compile(r"([!-/:-@\[-`{-~])")
_BLANKS: Final = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_CAPITAL: Final = re.compile("[A-Z]")

type Json = dict[str, Any]


def item_id(finding: models.Finding) -> str:
    """Return the id of an account in every bundle."""
    return str(uuid5(ROOT, f"account\n{finding.id}"))


def item(finding: models.Finding) -> Json:
    """Return an account as a part of the inventory: the same id in every bundle."""
    return {
        "uuid": item_id(finding),
        "description": f"Account {markup(finding.name)}",
        "props": props(
            {"asset-id": finding.id, "kind": finding.kind, "location": finding.location}
        ),
    }


def facts_of(finding: models.Finding) -> Mapping[str, object]:
    """Return what is known of an account, by the names of properties; None without a value."""
    data, exception = finding.data_stores, finding.exception
    return {
        "account-id": finding.id,
        "subscription-id": finding.subscription_id,
        "subscription-name": finding.subscription_name,
        "verdict": finding.verdict,
        "reason": finding.reason,
        "rule-version": finding.rule_version,
        "coverage": finding.coverage,
        "as-of": time_of(finding.as_of) or "not known",
        **{_kebab(name): side and side.state for name, side in finding.sides.items()},
        "data-stores-as-of": data and time_of(data.as_of),
        "first-seen": time_of(finding.first_seen),
        "changed-at": time_of(finding.changed_at),
        "violated-since": time_of(finding.violated_since),
        "owner": finding.owner and finding.owner.value,
        "exception-honoured": exception and str(exception.honoured).lower(),
        "exception-reason": exception and exception.reason,
        "exception-id": exception and exception.id,
        "exception-category": exception and exception.category,
        "exception-expires": exception and time_of(exception.expires_on),
        "exception-ticket": exception and exception.ticket,
        "exception-approved-by": exception and exception.approved_by,
    }


def relevant_evidence(finding: models.Finding) -> Json:
    """Return what Azure said of an account, if it said anything."""
    plain = finding.evidence.model_dump(mode="json", by_alias=True)
    facts = {_kebab(name): value for name, value in plain.items()}
    if key := finding.key_health:
        facts |= {
            "vault-id": key.vault_id,
            "key-id": key.key_id,
            "key-expires": time_of(key.expires),
        }
        facts["key-reasons"] = " ".join(reason.code for reason in key.reasons)
    if data := finding.data_stores:
        facts["data-store-reasons"] = " ".join(reason.code for reason in data.reasons)
        for place, store in enumerate(data.stores, 1):
            facts[f"data-store-{place}"] = f"{store.state} {store.type} {store.id or store.name}"
    given = props(facts)
    of = "the account, its key and its data stores" if data else "the account and its key"
    text = f"What Azure Resource Manager answered of {of}."
    return {"relevant-evidence": [{"description": text, "props": given}]} if given else {}


def _kebab(name: str) -> str:
    return _CAPITAL.sub(lambda found: f"-{found[0].lower()}", name)


def props(facts: Mapping[str, object]) -> list[Json]:
    """Return the facts that have a value, as properties."""
    return [prop(name, value) for name, value in facts.items() if line(value)]


def prop(name: str, value: object) -> Json:
    """Return a property in the namespace of this program."""
    return {"name": name, "ns": _NAMESPACE, "value": line(value)}


def line(value: object) -> str:
    """Return a value on one line, as a property must have it; "" for None."""
    return "" if value is None else _BLANKS.sub(" ", str(value)).strip()


def markup(text: str) -> str:
    """Return a text that means itself where OSCAL has Markdown."""
    return _MARKUP.sub(r"\\\1", line(text))


def time_of(time: datetime | None) -> str | None:
    """Return a time in UTC, None for None."""
    return None if time is None else written(time)
