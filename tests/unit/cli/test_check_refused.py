"""``check``: what cannot be judged is named and never green, and keeps no pipeline busy."""

# ruff: noqa: E501 - a document in a line
import json
import os
from pathlib import Path
from typing import Final

import pytest
from typer.testing import CliRunner

from cmk_check.cli import app
from cmk_check.limits import MAX_INPUT_BYTES
from tests.unit.cli.check_kit import (
    ACCOUNT,
    EXISTING_ID,
    GROUP,
    KEY,
    KEY_ID,
    KEY_RESOURCE,
    NESTED,
    OPEN,
    RED,
    SCHEMA,
    STORAGE,
    Check,
    Json,
    account,
    azapi,
    azurerm,
    change,
    named,
    nested,
    plan,
    template,
)
from tests.unit.cli.test_check import COMMENTED, MAIN, output_of

DEEP: Final = "[" * 10_000 + "]" * 10_000
NEITHER: Final = "must be a template, a plan, an account"
RUN: Final = "; run `terraform plan -out plan.bin` and "
REFUSED: Final[dict[str, tuple[object, str]]] = {
    "no JSON": (b"resource x 'y' = {", "use Bicep, an ARM template, or"),
    "nothing": (b"", "the input is empty"),
    "a comma too many": (b'{\n "id": 1,\n}', "line 2 column 9"),
    "not a number": (b'{"a": NaN}', "NaN"),
    "many levels": (b"[" * 100_000, "invalid JSON"),
    "closed levels": (DEEP.encode(), "invalid JSON"),
    "an unclosed string of quotes": (b'{"a": ' + b'"\\' * 1_000_000, "invalid JSON"),
    "not UTF-8": (b'"\xff"', "byte 1 is not utf-8"),
    "not UTF-16": (b"\xff\xfe\x00", "is not utf-16"),
    "too many bytes": (b" " * (MAX_INPUT_BYTES + 1), "must have at most"),
    "an object": ({}, NEITHER),
    "null": (None, NEITHER),
    "another resource": ({"id": STORAGE}, "an account or a list of accounts"),
    "an unclosed comment": (COMMENTED.replace('"type"', '/* "type"').encode(), "invalid JSON"),
    # Programs differ on whether this ends a line.
    "a comment in an old line": (COMMENTED.replace('"type"', '// x\r "type"').encode(), "invalid JSON"),
    "a comment in a plan": (json.dumps(plan(azurerm())).replace("{", "/**/{", 1).encode(), "invalid JSON"),
    "an error of Azure": ({"error": {"code": "Failed", "message": "No\x1b."}}, "failed (Failed: No\ufffd.)"),
    "an error in another case": ({"Error": {"Code": "A"}, "id": EXISTING_ID}, "failed (A)"),
    "an error of Entra ID": ({"error": "invalid_grant"}, "the command that wrote this failed"),
    "a failed what-if": ({"changes": [], "error": {"code": "x"}}, "failed (x)"),
    "a what-if without an error": ({"status": "Failed", "changes": []}, "failed"),
    "a failed plan": ({"resource_changes": [{}], "errored": True}, "failed"),
    "changes that are no list": ({"resource_changes": {}, "planned_values": {"root_module": {}}}, "lacks its resource_changes"),
    "planned values alone": ({"planned_values": {"root_module": {"child_modules": [{}]}}}, "lacks its resource_changes"),
    "a state": ({"version": 4, "terraform_version": "1", "lineage": "x", "resources": []}, f"a state of Terraform{RUN}"),
    "a shown state": ({"terraform_version": "1", "values": {"root_module": {}}}, f"a state of Terraform{RUN}"),
    "a stream": (b'{"@level":"info"}\n{"@level":"info"}', f"what `terraform plan -json` prints{RUN}"),
    "a binary plan": (b"PK\x03\x04", f"a plan in Terraform's own format{RUN}"),
}  # fmt: skip

INNER: Final = json.dumps(account())
EMPTY: Final = '"resources": []'
ROOT: Final = f'"$schema": "{SCHEMA}Template.json#"'
CHANGE: Final = f'"resourceId": "{GROUP}/providers/{ACCOUNT}/x", "changeType": "Create"'


def _deployment(properties: str) -> str:
    return f'{{{ROOT}, "resources": [{{"type": "{NESTED}", "name": "n", "properties": {{{properties}}}}}]}}'


# Readers differ on which of two names counts, and the account behind the other must not be missed.
REPEATS: Final = {
    "resources": f'{{{ROOT}, "resources": [{INNER}], {EMPTY}}}',
    "resources in another case": f'{{{ROOT}, "resources": [{INNER}], "Resources": []}}',
    "those in another case": _deployment(f'"template": {{"resources": [{INNER}], "RESOURCES": []}}'),
    "templates": _deployment(f'"template": {{"resources": [{INNER}]}}, "Template": {{{EMPTY}}}'),
    "properties": f'{{{ROOT}, "resources": [{{"type": "{NESTED}", "name": "n", "properties": {{"template": {{"resources": [{INNER}]}}}}, "Properties": {{}}}}]}}',
    "children": f'{{{ROOT}, "resources": [{{"type": "x", "name": "x", "resources": [{INNER}], "Resources": []}}]}}',
    "properties of an account": json.dumps(template(account() | {"Properties": {"Encryption": KEY}, "properties": None})),
    "encryptions": json.dumps(template(account(KEY) | {"properties": {"encryption": KEY, "Encryption": {}}})),
    "variables": json.dumps(template(account(named("[variables('k')]")), variables={"k": "cmk", "K": ""})),
    "parameters of a nested template": json.dumps(template(nested("n", account(named("[parameters('k')]")), k="cmk", K=""))),
    "predictions": f'{{"predictedResources": [{INNER}], "PredictedResources": [], "changes": []}}',
    "predicted values": f'{{"changes": [{{{CHANGE}, "after": {INNER}, "After": {{}}}}]}}',
    "changes of a plan": json.dumps(plan(azurerm()) | {"Resource_Changes": []}),
    "types in a plan": json.dumps(plan(azurerm() | {"Type": "x"})),
    "a list of accounts in another case": '{"value": [], "Value": [{"id": "x"}]}',
}  # fmt: skip
REFUSED.update({
    f"repeated {name}": (text.encode(), "occurs twice|for one name") for name, text in REPEATS.items()
})  # fmt: skip
REFUSED["a line"] = (b'{\n"a": {\n\n"b": 1, "b": 2}}', "line 2: 'b' occurs twice")


@pytest.mark.parametrize("name", REFUSED)
def test_p1_a_file_that_cannot_be_judged_is_named_and_others_are_judged(
    check: Check, name: str
) -> None:
    """What is wrong and what to do, in one line; it hides no violation in the next file."""
    data, said = REFUSED[name]

    result = check("--format", "json", "bad.json", "a.json", bad=data, a=template(account()))

    output = json.loads(result.stdout)
    (fault,) = output["notUsable"]
    assert fault.startswith("bad.json: ")
    assert any(each in fault for each in said.split("|"))
    assert "bad.json" in result.stderr
    assert (result.exit_code, [each["verdict"] for each in output["accounts"]]) == (2, [RED])


@pytest.mark.parametrize("names", ["kK", "kk"])
def test_a_repeated_parameter_is_an_error(check: Check, names: str) -> None:
    """Of two files the last counts; within one file nobody knows."""
    values = ", ".join(f'"{name}": {{"value": "cmk"}}' for name in names)
    text = f'{{"$schema": "{SCHEMA}Parameters.json#", "parameters": {{{values}}}}}'

    result = check("main.json", "--parameters", "p.json", main=MAIN, p=text.encode())

    assert (result.exit_code, "compliant" in result.stdout) == (2, False)


def test_a_file_that_cannot_be_read_is_a_usage_error(check: Check, tmp_path: Path) -> None:
    """A typing error must not look like an unknown account, and a device has no end."""
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "zero.json").symlink_to("/dev/zero")
    (tmp_path / "loop").symlink_to(tmp_path)
    names = ("mian.json", "empty", "pipe.json", "zero.json", "main.bicep", "loop/**/x.json")

    result = check("--format", "json", "--parameters", "empty", *names)

    faults = json.loads(result.stdout)["notUsable"]
    assert result.exit_code == 2
    assert [each.partition(";")[0] for each in sorted(faults)] == [
        "empty: cannot be read (not a regular file)",
        "empty: no JSON file was found.",
        "loop/**/x.json: no JSON file was found.",
        "main.bicep: cannot be read (No such file or directory)",
        "mian.json: cannot be read (No such file or directory)",
        "pipe.json: cannot be read (not a regular file)",
        "zero.json: cannot be read (not a regular file)",
    ]


@pytest.mark.parametrize(
    ("data", "said"), [(b" " * (MAX_INPUT_BYTES + 1), "at most"), (b"", "empty")]
)
def test_standard_input_is_read_up_to_the_largest_size(data: bytes, said: str) -> None:
    """A pipe does not say how much follows."""
    result = CliRunner().invoke(app, ["check", "-"], input=data)

    assert result.exit_code == 2
    assert "standard input: " in result.stderr
    assert said in result.stderr


def _repeating(use: str) -> Json:
    """Variables each of which has the next one twice."""
    twice: Json = {
        f"v{number}": dict.fromkeys("ab", f"[variables('v{number + 1}')]") for number in range(60)
    }
    key = use.replace("X", "variables('v0')")
    return template(account(named(key), f"[{key[1:-1]}]"), variables={**twice, "v60": "x"})


def _doubling_lists() -> Json:
    lists = {
        f"{part}{at}": [f"[variables('{part}{at + 1}')]"] * 2 for at in range(60) for part in "vw"
    }
    kinds = [
        {"name": "[concat(variables('v0'))]", "kind": f"[variables('{part}0')]"} for part in "vw"
    ]
    return template(*(account(**each) for each in kinds), variables={**lists, "v60": [], "w60": []})


def _doubling() -> Json:
    twice = {f"v{at}": f"[concat({f"variables('v{at + 1}'), " * 2}'')]" for at in range(60)}
    return template(account(KEY, "[variables('v0')]"), variables={**twice, "v60": "[x()]"})


def _key_of_anybody(number: int) -> Json:
    values = {"key_vault_key_id": f"{KEY_ID}{number}"}
    return change(KEY_RESOURCE, values, ["cognitive_account_id"], at=f"k{number}")


HEAVY: Final[dict[str, object]] = {
    "variables that repeat each other": _repeating("[concat(X, X)]"),
    "lists that repeat each other": _doubling_lists(),
    "expressions that repeat each other": _doubling(),
    "long variables in many expressions": template(
        account(named(f"[concat({'variables(\'k\'), ' * 2_000}'')]")),
        variables={"k": "x" * 1_000_000},
    ),
    "variables in a long row": template(
        account(named("[variables('v0')]")),
        variables={f"v{each}": f"[variables('v{each + 1}')]" for each in range(2_000)},
    ),
    "a long id": {"changes": [{"resourceId": f"/providers/{ACCOUNT.lower()}/[" * 50_000}]},
    "names that only the deployment knows": template(
        *(account(KEY, f"a{each}") for each in range(1_500)),
        *(nested(f"n{each}", account(KEY, "[parameters('n')]"), n=f"[reference('{each}').a]") for each in range(1_500)),
    ),
    "keys of any account": plan(
        *(azurerm(at=f"a{each}") for each in range(3_000)), *map(_key_of_anybody, range(60))
    ),
    # A row for each entry would fill the memory.
    "a long list": [{}] * 200_000,
}  # fmt: skip


# Each of these takes a second or more to be refused.
SLOW: Final = {
    "a long list",
    "keys of any account",
    "lists that repeat each other",
    "names that only the deployment knows",
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.long] if name in SLOW else []) for name in HEAVY]
)
def test_p8_what_is_too_large_to_judge_is_unknown(check: Check, name: str) -> None:
    """A pipeline that waits for hours is switched off, and one that runs out of memory fails."""
    (row,) = output_of(check, HEAVY[name], code=3)["accounts"]

    assert row["verdict"] == OPEN
    assert "too large to judge" in row["message"]


INNER_CALLS: Final = "x(" * 60_000 + ")" * 60_000
LONG_ID: Final = "/subscriptions/s/" + "/providers/microsoft.a/" * 100_000 + "\n"


@pytest.mark.parametrize(
    "document",
    [
        {"changes": [{"changeType": "Unsupported", "resourceId": f"[resourceId('{ACCOUNT}', {INNER_CALLS})]"}]},
        [{"id": LONG_ID}],
        template(*(account(None, kind=f"[variables('{part}0')]") for part in "vw"), variables=_doubling_lists()["variables"]),
        plan(azapi(DEEP)),
    ],
    ids=["calls in calls", "an id of many parts", "kinds of lists", "levels in a text"],
)  # fmt: skip
def test_a_long_part_is_read_once(check: Check, document: object) -> None:
    """Not again for each of its parts, and without a traceback of Python."""
    assert [row["verdict"] for row in output_of(check, document, code=3)["accounts"]] == [OPEN]


def test_a_large_document_does_not_use_up_the_work_of_the_next(check: Check) -> None:
    """Each is judged as if it were alone."""
    files = {"a": _repeating("[X]"), "b": template(account())}

    result = check("--format", "json", "a.json", "b.json", **files)

    verdicts = [row["verdict"] for row in json.loads(result.stdout)["accounts"]]
    assert verdicts == ["unknown", "non_compliant"]
