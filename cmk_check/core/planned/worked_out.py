"""Make the judgement of a template more exact with what Bicep's engine works out for it.

The engine gets the template with the address of each account in place of its location, which
decides nothing, so that its answer says of which account it speaks. A parameter without a value is
an input from outside, which the engine leaves open. Format: `bicep snapshot` of Bicep 0.49.
"""

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

from cmk_check.core.enums import Verdict
from cmk_check.core.planned.account import NOT_SHOWN, PlannedAccount, judge_planned
from cmk_check.core.planned.arm_template import parameter_values, read_prediction
from cmk_check.core.planned.document import Unresolved, listed, member, spend
from cmk_check.core.resource_id import ACCOUNT_TYPE
from cmk_check.core.text import as_object, counted, few

_INPUT: Final = re.compile(r"externalInputs\('cmk_check_(\d+)'\)")
_NAME: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def marked(value: object, address: str = "") -> object:
    """Return a template in which the location of each account is its address."""
    spend(1)
    if isinstance(value, list):
        return [marked(each, f"{address}[{place}]") for place, each in enumerate(value)]
    if not isinstance(value, dict):
        return value
    found = {name: marked(each, f"{address}.{name}".lower()) for name, each in value.items()}
    is_account = str(member(value, "type")).lower() == ACCOUNT_TYPE
    if not is_account or member(value, "existing") is True:
        return found
    rest = {name: each for name, each in found.items() if name.lower() != "location"}
    return rest | {"location": _mark(address)}


def _mark(address: str) -> str:
    return address.lower().lstrip(".") or "?"


def parameters_for(template: object, given: Sequence[object]) -> tuple[str, list[str]]:
    """Return a .bicepparam for ``template.json``, and the parameters without a value.

    ``given`` are the parameters of each file; the last value counts.
    """
    values = {name: value for each in given for name, value in parameter_values(each).items()}
    lines, missing = ["using './template.json'"], []
    for name, declared in as_object(member(template, "parameters")).items():
        value = values.get(name.lower())
        is_optional = member(declared, "nullable") is True
        # Null may stand for a default.
        is_null = name.lower() in values and is_optional and not _has_default(declared)
        is_open = isinstance(value, Unresolved) or (value is None and not is_null)
        is_left_out = name.lower() not in values and (is_optional or _has_default(declared))
        if is_left_out or not _NAME.fullmatch(name):
            continue
        text = f"externalInput('cmk_check', '{name}')" if is_open else _literal(value)
        lines.append(f"param {name} = {text}")
        missing += [name] if is_open else []
    return "\n".join(lines), missing


def _has_default(declared: object) -> bool:
    return any(name.lower() == "defaultvalue" for name in as_object(declared))


def _literal(value: object) -> str:
    text = json.dumps(value).replace("\\", "\\\\").replace("'", "\\'").replace("${", "\\${")
    return f"json('{text}')"


def named_inputs(snapshot: str, missing: Sequence[str]) -> str:
    """Return a snapshot with the names of the parameters that stay open.

    A value of the template may look like an input that there is not.
    """
    names = {str(number): f"parameters('{name}')" for number, name in enumerate(missing)}
    return _INPUT.sub(lambda it: names.get(it[1], it[0]), snapshot)


def more_exact(
    accounts: Sequence[PlannedAccount],
    snapshot: object,
    missing: Sequence[str],
    kinds: Collection[str],
) -> list[PlannedAccount]:
    """Return accounts of a template, with what the engine says of those that are unknown.

    A violation stays whatever the engine says, and so do templates that the document lacks. An
    account that the engine leaves out is gone only if the engine shows everything.
    """
    marks: dict[str, set[str]] = {}
    for each in listed(member(snapshot, "predictedResources")):
        mark = _mark(str(member(each, "location")))
        marks.setdefault(str(member(each, "id")).lower(), set()).add(mark)
    every = read_prediction(snapshot)
    predicted = [each for each in every if each.doubt != NOT_SHOWN]
    is_whole = len(predicted) == len(every)
    lacks = f"{counted(len(missing), 'parameter')} without a value: {few(missing)}"
    found, claimed = [], set()
    for account in accounts:
        address = _mark(account.address)
        spend(len(predicted))
        own = [each for each in predicted if address in marks.get(each.address.lower(), ())]
        claimed |= {each.address for each in own}
        states = {(judge_planned(each, kinds) or {}).get("verdict") for each in own}
        verdict = (judge_planned(account, kinds) or {}).get("verdict")
        is_worse = verdict == Verdict.COMPLIANT and Verdict.NON_COMPLIANT in states
        doubt = f"{account.doubt}; {lacks}" if account.doubt else lacks
        if verdict != Verdict.UNKNOWN and not is_worse:
            found.append(account)
        elif own:
            found += [_placed(each, account, lacks if missing else None) for each in own]
        elif account.doubt == NOT_SHOWN or not is_whole:
            is_shown = bool(missing and account.entries)
            found.append(replace(account, doubt=doubt) if is_shown else account)
    return [*found, *(each for each in predicted if each.address not in claimed)]


def _placed(predicted: PlannedAccount, at: PlannedAccount, lacks: str | None) -> PlannedAccount:
    doubt = "; ".join(filter(None, (predicted.doubt, lacks))) or None
    return replace(predicted, doubt=doubt, address=at.address, line=at.line, advice=at.advice)
