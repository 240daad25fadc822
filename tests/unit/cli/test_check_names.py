"""``check``: a name that occurs twice must not hide an account."""

# ruff: noqa: E501 - a document in a line
import json
from typing import Final

import pytest

from tests.unit.cli.check_kit import (
    ACCOUNT,
    GREEN,
    GROUP,
    KEY,
    NESTED,
    OPEN,
    SCHEMA,
    Check,
    Json,
    account,
    azapi,
    azurerm,
    named,
    nested,
    plan,
    template,
)

BAD: Final = json.dumps(account())
EMPTY: Final = '"resources": []'
ROOT: Final = f'"$schema": "{SCHEMA}Template.json#"'
PARAMETERS: Final = f'"$schema": "{SCHEMA}Parameters.json#"'
CHANGE: Final = f'"resourceId": "{GROUP}/providers/{ACCOUNT}/x", "changeType": "Create"'


def _deployment(properties: str) -> str:
    return f'{{{ROOT}, "resources": [{{"type": "{NESTED}", "name": "n", "properties": {{{properties}}}}}]}}'


REPEATS: Final = {
    "resources": f'{{{ROOT}, "resources": [{BAD}], {EMPTY}}}',
    "resources in another case": f'{{{ROOT}, "resources": [{BAD}], "Resources": []}}',
    "resources of a nested template": _deployment(f'"template": {{"resources": [{BAD}], {EMPTY}}}'),
    "those in another case": _deployment(f'"template": {{"resources": [{BAD}], "RESOURCES": []}}'),
    "templates": _deployment(f'"template": {{"resources": [{BAD}]}}, "Template": {{{EMPTY}}}'),
    "properties": f'{{{ROOT}, "resources": [{{"type": "{NESTED}", "name": "n", "properties": {{"template": {{"resources": [{BAD}]}}}}, "Properties": {{}}}}]}}',
    "children": f'{{{ROOT}, "resources": [{{"type": "x", "name": "x", "resources": [{BAD}], "Resources": []}}]}}',
    "properties of an account": json.dumps(template(account() | {"Properties": {"Encryption": KEY}, "properties": None})),
    "types": f'{{{ROOT}, "resources": [{{"type": "{ACCOUNT}", "Type": "x", "name": "x"}}]}}',
    "encryptions": json.dumps(template(account(KEY) | {"properties": {"encryption": KEY, "Encryption": {}}})),
    "variables": json.dumps(template(account(named("[variables('k')]")), variables={"k": "cmk", "K": ""})),
    "parameters of a nested template": json.dumps(template(nested("n", account(named("[parameters('k')]")), k="cmk", K=""))),
    "predictions": f'{{"predictedResources": [{BAD}], "PredictedResources": [], "changes": []}}',
    "predicted values": f'{{"changes": [{{{CHANGE}, "after": {BAD}, "After": {{}}}}]}}',
    "changes of a plan": json.dumps(plan(azurerm()) | {"Resource_Changes": []}),
    "types in a plan": json.dumps(plan(azurerm() | {"Type": "x"})),
    "a list of accounts": '{"value": [{"id": "x"}], "value": []}',
    "a list of accounts in another case": '{"value": [], "Value": [{"id": "x"}]}',
}  # fmt: skip


@pytest.mark.parametrize("name", REPEATS)
def test_p1_a_repeated_name_is_an_error(check: Check, name: str) -> None:
    """Readers differ on which one counts, and the account behind the other must not be missed."""
    result = check("a.json", a=REPEATS[name].encode())

    assert result.exit_code == 2
    assert "occurs twice" in result.stderr or "for one name" in result.stderr
    assert "contains no account" not in result.stderr


@pytest.mark.parametrize("names", ["k K", "k k"])
def test_a_repeated_parameter_is_an_error(check: Check, names: str) -> None:
    """Of two files the last counts; within one file nobody knows."""
    one, two = names.split()
    values = (
        f'{{{PARAMETERS}, "parameters": {{"{one}": {{"value": "cmk"}}, "{two}": {{"value": ""}}}}}}'
    )
    main = template(account(named("[parameters('k')]")), parameters={"k": {}})

    result = check("main.json", "--parameters", "p.json", main=main, p=values.encode())

    assert result.exit_code == 2


def test_the_error_names_the_line(check: Check) -> None:
    """A compiled template has thousands of lines."""
    result = check("a.json", a=b'{\n"a": {\n\n"resources": 1, "resources": 2}}')

    assert "line 2: 'resources' occurs twice" in result.stderr


def test_names_that_may_differ_in_case_are_read(check: Check) -> None:
    """Tags and the values of Terraform are not Azure's names."""
    tags = {"a": 1, "A": 2}
    modules: Json = {name: {"module": {}} for name in ("m", "M")}
    document = plan(azurerm()) | {"configuration": {"root_module": {"module_calls": modules}}}

    tagged = check("a.json", "--format", "json", a=template(account(KEY, tags=tags)))
    tagged_plan = check("a.json", a=plan(azapi({"kind": "Face", "tags": tags}, tags=tags)))

    assert [row["verdict"] for row in json.loads(tagged.stdout)["accounts"]] == [GREEN]
    assert (tagged_plan.exit_code, check("a.json", a=document).exit_code) == (0, 1)


def test_a_body_of_terraform_with_two_spellings_is_unknown(check: Check) -> None:
    """Terraform allows it, and does not say which one Azure takes."""
    body = {"kind": "OpenAI", "properties": {"encryption": KEY}, "Properties": {}}
    twice = (
        f'{{"kind": "OpenAI", "properties": {json.dumps({"encryption": KEY})}, "properties": {{}}}}'
    )

    results = [check("a.json", "--format", "json", a=plan(azapi(each))) for each in (body, twice)]

    assert [json.loads(each.stdout)["accounts"][0]["verdict"] for each in results] == [OPEN, OPEN]
