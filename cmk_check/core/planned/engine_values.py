"""Refine the judgement of a template with values calculated by Bicep's engine.

Bicep's engine gets only the settings that affect the accounts. Each account's location is replaced
with its address, to match the engine's output to the accounts. A parameter without a value becomes
an external input, which the engine does not evaluate. Format: `bicep snapshot` of Bicep 0.49.
"""

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

from cmk_check.core.enums import Verdict
from cmk_check.core.planned.account import NOT_SHOWN, PlannedAccount, judge_planned
from cmk_check.core.planned.arm_template import (
    DEPLOYMENTS,
    is_second_version,
    parameter_values,
    read_prediction,
)
from cmk_check.core.planned.document import Unresolved, as_dict, as_list, member, spend
from cmk_check.core.resource_id import ACCOUNT_TYPE
from cmk_check.core.text import as_object, few, format_count

_INPUT: Final = re.compile(r"externalInputs\('([A-Za-z_]\w*)_\d+'\)", re.ASCII)
_NAME: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_SCHEMA: Final = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
# Except for name and location, these are from the template that the engine gets.
_ITSELF: Final = re.compile(r"(?i)\bdeployment(?:\s|\\\w+)*\((?!\)\.(?:name|location)\b)")
_TEXT: Final = re.compile(r'"((?:[^"\\]|\\.)*+)"')
_EMPTY: Final = {"$schema": _SCHEMA, "contentVersion": "1.0.0.0", "resources": []}


def reduce_template(template: object, address: str) -> dict[str, object] | None:
    """Reduce a template to the settings that affect its accounts; return None if it has none.

    ``address`` is put before the address of each account. A caller must pass a secret, because
    otherwise a location in the template could imitate another account's address.

    Other parts of a template could make the engine omit the accounts, so the reduced template
    contains only parts that expressions may refer to, and no loops.
    """
    resources = member(template, "resources")
    is_named = isinstance(resources, dict)
    pairs = as_object(resources).items() if is_named else enumerate(as_list(resources))
    parts, has_account = {}, False
    for place, resource in pairs:
        here = f"{address}resources" + (f".{place}" if is_named else f"[{place}]")
        is_existing = is_second_version(template) and member(resource, "existing") is True
        part = None if is_existing else _reduce_resource(resource, here)
        has_account |= part is not None
        if part is not None or member(resource, "copy") is None:
            parts[place] = part or _build_stub(resource)
    rest = _drop_members(template, "resources", "outputs")
    reduced = rest | {"resources": parts if is_named else [*parts.values()]}
    return reduced if has_account else None


def reads_itself(template: str) -> bool:
    """Return whether a JSON template contains an expression that reads its own deployment.

    Bicep's engine would evaluate the expression for the reduced template instead of the real one.
    """
    return any(text[:1] == "[" and _ITSELF.search(text) for text in _TEXT.findall(template))


def _reduce_resource(resource: object, address: str) -> dict[str, object] | None:
    """Reduce a resource to the settings that affect its accounts; return None if it has none."""
    kind = str(member(resource, "type")).lower()
    properties, below = member(resource, "properties"), member(resource, "resources")
    nested = member(properties, "template")
    inner = reduce_template(nested, f"{address}.properties.template.")
    children = reduce_template({"resources": below}, f"{address}.")
    reduced = _drop_members(resource, "dependson", "resources") | (children or {})
    if kind == ACCOUNT_TYPE:
        return _drop_members(reduced, "location") | {"location": address.lower()}
    if inner:
        own = _drop_members(properties, "template") | {"template": inner}
        return _drop_members(reduced, "properties") | {"properties": own}
    is_hidden = kind in DEPLOYMENTS and not isinstance(nested, dict)
    return reduced if children or is_hidden or kind.startswith("[") else None


def _build_stub(resource: object) -> dict[str, object]:
    stub = _drop_members(resource, "properties", "dependson", "resources")
    is_nested = str(member(resource, "type")).lower() in DEPLOYMENTS
    return stub | ({"properties": {"mode": "Incremental", "template": _EMPTY}} if is_nested else {})


def _drop_members(value: object, *names: str) -> dict[str, object]:
    return {name: each for name, each in as_object(value).items() if name.lower() not in names}


def parameters_for(template: object, assignments: Sequence[object]) -> tuple[str, list[str]]:
    """Return a .bicepparam file for ``template.json``, and the names of parameters without a value.

    ``assignments`` are the parameters of each file; a later file overrides an earlier one. The
    Azure Developer CLI replaces ``${NAME}`` before a deployment.
    """
    values = {name: value for each in assignments for name, value in parameter_values(each).items()}
    lines, missing = ["using './template.json'"], []
    for name, declared in as_object(member(template, "parameters")).items():
        value = values.get(name.lower())
        is_optional = member(declared, "nullable") is True
        has_default = any(each.lower() == "defaultvalue" for each in as_object(declared))
        is_left_out = name.lower() not in values and (is_optional or has_default)
        if is_left_out or not _NAME.fullmatch(name):
            continue
        # Null may mean the default value.
        is_null = value is None and (name.lower() not in values or not is_optional or has_default)
        is_open = is_null or isinstance(value, Unresolved) or "${" in json.dumps(value)
        text = json.dumps(value, default=str).replace("\\", "\\\\").replace("'", "\\'")
        given_as = f"externalInput('{name}')" if is_open else f"json('{text}')"
        lines.append(f"param {name} = {given_as}")
        missing += [name] if is_open else []
    return "\n".join(lines), missing


def refine_rows(
    accounts: Sequence[PlannedAccount],
    snapshot_text: str,
    missing: Sequence[str],
    kinds: Collection[str],
    secret: str,
) -> list[PlannedAccount]:
    """Return a template's accounts, with unknown accounts refined by a snapshot.

    Violations always remain, and so do templates that are missing from the document. An account
    missing from the engine's output is dropped only if the output is complete.
    """
    text = _INPUT.sub(r"parameters('\1')", snapshot_text)
    snapshot = json.loads(text, object_pairs_hook=as_dict)
    marks: dict[str, set[str]] = {}
    for resource in as_list(member(snapshot, "predictedResources")):
        mark = str(member(resource, "location"))
        marks.setdefault(str(member(resource, "id")).lower(), set()).add(mark)
    every = read_prediction(snapshot)
    predicted = [each for each in every if each.doubt != NOT_SHOWN]
    is_whole = len(predicted) == len(every)
    judged, claimed = [], set()
    for account in accounts:
        mark = f"{secret}{account.address}".lower()
        spend(len(predicted))
        own = [each for each in predicted if mark in marks.get(each.address.lower(), ())]
        claimed |= {each.address for each in own}
        states = {(judge_planned(each, kinds) or {}).get("verdict") for each in own}
        verdict = (judge_planned(account, kinds) or {}).get("verdict")
        is_worse = verdict == Verdict.COMPLIANT and Verdict.NON_COMPLIANT in states
        if verdict != Verdict.UNKNOWN and not is_worse:
            judged.append(account)
        elif own:
            address, line, advice = account.address, account.line, account.advice
            placed = [replace(each, address=address, line=line, advice=advice) for each in own]
            judged += [add_doubt(each, _lacks(each, missing)) for each in placed]
        elif account.doubt == NOT_SHOWN or not is_whole:
            judged.append(add_doubt(account, _lacks(account, missing)))
    return judged + [each for each in predicted if each.address not in claimed]


def _lacks(account: PlannedAccount, missing: Sequence[str]) -> str | None:
    """Return a text that names the ``missing`` parameters that affect the account, or None."""
    entries = json.dumps(account.entries, default=lambda value: value.text)
    own = [name for name in missing if f"parameters('{name}')" in entries]
    return f"{format_count(len(own), 'parameter')} without a value: {few(own)}" if own else None


def add_doubt(account: PlannedAccount, why: str | None) -> PlannedAccount:
    """Return an account with ``why`` added to the reasons why it may be undetermined."""
    doubt = "; ".join(filter(None, (account.doubt, why)))
    return replace(account, doubt=doubt) if why and account.entries else account
