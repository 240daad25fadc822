"""``check``: what it says of templates, plans and existing accounts, without a network."""

# ruff: noqa: E501 - a document in a line
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from cmk_check.cli import app
from tests.unit.cli.check_kit import (
    ABOVE,
    ACCOUNT,
    AZAPI,
    GREEN,
    GROUP,
    HERE,
    ID_OF_X,
    KEY,
    KEY_ID,
    KEY_OF_X,
    KEY_RESOURCE,
    LATE,
    LOOP,
    NESTED,
    NEW,
    OPEN,
    RED,
    REFERENCES,
    SCHEMA,
    STORAGE,
    TEMPLATE_RESOURCE,
    UNORDERED,
    UNSUPPORTED,
    UPDATE,
    Check,
    Json,
    account,
    azapi,
    azurerm,
    change,
    existing,
    key_of,
    named,
    nested,
    plan,
    template,
    what_if,
)

MICROSOFT: Final = {"keySource": "Microsoft.CognitiveServices"}


def _linked(name: str) -> Json:
    return {"type": NESTED, "name": name, "properties": {"templateLink": {}}}


def _template_of(inner: str, resource: Json | None = None, scope: str = "inner") -> Json:
    """Deploy a template of a resource whose text is in a variable, as Bicep does."""
    own = template(resource or account(), parameters={"k": {"defaultValue": ""}})
    options = {"expressionEvaluationOptions": {"scope": scope}}
    deployment = {"type": NESTED, "name": "n", "properties": {"template": inner, **options}}
    return template(deployment, variables={"$fxv#0": own})


def _sensitive(document: Json, module: str | None = None, kind: str = "azapi_resource") -> Json:
    """Add a write-only body to the configuration of a plan."""
    block = {"address": f"{kind}.x", "expressions": {"sensitive_body": {}}}
    root: Json = {"resources": [block]}
    if module:
        root = {"module_calls": {module: {"module": root}}}
    return document | {"configuration": {"root_module": root}}


DOCUMENTS: Final[dict[str, tuple[Json, list[str]]]] = {
    "no key": (template(account()), [RED]),
    "a key": (template(account(KEY)), [GREEN]),
    "a parameter's default": (template(account(named("[parameters('k')]")), parameters={"k": {"defaultValue": "cmk"}}), [GREEN]),
    "a parameter without a value": (template(account(named("[parameters('k')]")), parameters={"k": {}}), [OPEN]),
    "a default that is an expression": (template(account(named("[parameters('k')]")), parameters={"k": {"defaultValue": "[newGuid()]"}}), [OPEN]),
    "a nullable parameter": (template(account("[parameters('e')]"), parameters={"e": {"nullable": True}}), [RED]),
    "a variable": (template(account(named("[variables('k')]")), variables={"k": "cmk"}), [GREEN]),
    "a variable of itself": (template(account(named("[variables('k')]")), variables={"k": "[variables('k')]"}), [OPEN]),
    "an escaped bracket": (template(account(named("[[x]"))), [OPEN]),
    "an expression": (template(account("[if(parameters('c'), createObject(), null())]")), [OPEN]),
    "an expression beside Microsoft's keys": (template(account(named("[x()]") | {"keySource": "Microsoft.CognitiveServices"})), [RED]),
    "a kind left open": (template(account(kind="[x()]")), [OPEN]),
    "another kind": (template(account(kind="Face")), []),
    "not deployed": (template(account(condition=False), account(copy={"count": 0})), []),
    "exists": (template(languageVersion="2.0") | {"resources": {"a": account(existing=True)}}, []),
    "exists in a language without existing resources": (template(account(existing=True)), [RED]),
    "exists in an inner template without the second language": (template(nested("n", account(existing=True)), languageVersion="2.0"), [RED]),
    "a kind with a blank": (template(account(kind="OpenAI ")), [OPEN]),
    "a kind with an invisible character": (template(account(kind="Open\u200bAI")), [OPEN]),
    "a condition left open": (template(account(condition="[x()]")), [RED]),
    "a condition that is no truth value": (template(account(), UPDATE | {"condition": "false"}), [OPEN]),
    "a lookalike of a name": (template(account({"\u212aeySource": "Microsoft.KeyVault", "keyVaultProperties": {"keyName": "cmk"}})), [OPEN]),
    "null for a default": (template(nested("n", account(named("[parameters('k')]")), k=None) | {"z": 1}), [OPEN]),
    "each waits for the other": (template(account(KEY, dependsOn=["chat"]), account(dependsOn=["chat"])), [OPEN]),
    "names that differ in each parameter": (template(account(name="[parameters('a')]"), nested("n", account(KEY, "[parameters('k')]"), k="[parameters('b')]", needs=[f"[resourceId('{ACCOUNT}', parameters('a'))]"]), parameters={each: {"defaultValue": "[newGuid()]"} for each in "ab"}), [RED, GREEN]),
    "names of two deployments": (template(*(nested(f"d{number}", account(key, "[deployment().name]"), needs=["d0"] * number) for number, key in enumerate((None, KEY)))), [RED, GREEN]),
    "a loop over fewer": (template(account(name="[string(copyIndex())]", copy={"count": 3}), nested("n", account(KEY, "[parameters('k')]"), k="[string(copyIndex())]", needs=[f"[resourceId('{ACCOUNT}', string(copyIndex()))]"]) | {"copy": {"count": 2}}), [OPEN]),
    "a loop over all": (template(account(name="[string(copyIndex())]", copy={"count": 3}), nested("n", account(KEY, "[parameters('k')]"), k="[string(copyIndex())]", needs=[f"[resourceId('{ACCOUNT}', string(copyIndex()))]"]) | {"copy": {"count": 3}}), [GREEN]),
    "symbolic names": (template() | {"resources": {"a": account(), "b": UPDATE | {"dependsOn": ["a"]}}}, [GREEN]),
    "updated in a nested template": (template(account(), UPDATE), [GREEN]),
    "updated at an unknown time": (template(account(), UNORDERED), [OPEN]),
    "updated perhaps": (template(account(), UPDATE | {"condition": "[x()]"}), [OPEN]),
    "updated under a name of a deployment": (template(account(), LATE), [OPEN, GREEN]),
    "the key is taken back": (template(account(KEY), nested("update", account(), needs=[f"{ACCOUNT}/chat"])), [RED]),
    "an outer scope": (template({"type": NESTED, "name": "n", "properties": {"template": template(account(named("[parameters('k')]")), parameters={"k": {"defaultValue": "no"}})}}), [OPEN]),
    "a template in a variable": (_template_of("[variables('$fxv#0')]", account(named("[[parameters('k')]"))), [RED]),
    "a template in a variable, with the outer scope": (_template_of("[variables('$fxv#0')]", account(), "outer"), [OPEN]),
    "a template by an expression": (_template_of("[x()]"), [OPEN]),
    "resources that are no list": (template() | {"resources": True}, [OPEN]),
    "templates that the document lacks": (template(*(_linked(each) for each in "ab"), account(KEY)), [GREEN, OPEN]),
    "a key source left out": (template(account({"keyVaultProperties": {"keyName": "cmk"}})), [GREEN]),
    "a key source that is null": (template(account(KEY | {"keySource": None})), [OPEN]),
    "a snapshot without a key source": ({"predictedResources": [account({"keyVaultProperties": {"keyName": "cmk"}}, id=f"{GROUP}/providers/{ACCOUNT}/chat")]}, [GREEN]),
    "what-if without a key source": (what_if("Modify", account({"keyVaultProperties": {"keyName": "cmk"}})), [OPEN]),
    "azapi without a key source": (plan(azapi({"kind": "OpenAI", "properties": {"encryption": {"keyVaultProperties": {"keyName": "cmk"}}}})), [GREEN]),
    "azapi updates only the key": (plan(azapi({"kind": "OpenAI", "properties": {"encryption": MICROSOFT}}), azapi({"properties": {"encryption": {"keyVaultProperties": {"keyName": "cmk"}}}}, "azapi_update_resource")), [OPEN]),
    "azapi updates only the key of an account outside the plan": (plan(azapi({"properties": {"encryption": {"keyVaultProperties": {"keyName": "cmk"}}}}, "azapi_update_resource")), [OPEN]),
    "a template and a link": (template(nested("n") | {"properties": {"template": template(), "templateLink": {}}}), [OPEN]),
    "exists in an unknown language": (template(languageVersion="20") | {"resources": {"a": account(existing=True)}}, [RED]),
    "an encryption by copy": (template(account() | {"properties": {"encryption": KEY, "copy": [{"name": "encryption"}]}}), [OPEN]),
    "a type with a slash at its end": (template(account() | {"type": f"{ACCOUNT}/"}), [OPEN]),
    "a type with providers at its end": (template(account() | {"type": f"{ACCOUNT}/providers/"}), [OPEN]),
    "a type with a version": (template(account() | {"type": AZAPI}), [OPEN]),
    "a type of an extension": (template({"type": "Microsoft.Graph/groups@v1.0", "import": "graph"}, {"type": "databases"}), []),
    "a loop over false": (template(account(copy={"count": False})), [RED]),
    "exists in a language that is a number": (template(languageVersion=2.0) | {"resources": {"a": account(existing=True)}}, [RED]),
    "a lookalike of resources": (template(nested("n") | {"properties": {"template": {"re\u017fources": [account()]}}}), [OPEN]),
    "a variable that is also a copy": (template(account(named("[variables('k')]")), variables={"k": "cmk", "copy": [{"name": "K", "count": 1, "input": ""}]}), [OPEN]),
    "a linked template": (template({"type": NESTED, "name": "n", "properties": {"templateLink": {}}}), [OPEN]),
    "a snapshot": ({"predictedResources": [account(KEY, id=f"{GROUP}/providers/{ACCOUNT}/chat")]}, [GREEN]),
    "a snapshot with an expression": ({"predictedResources": [account(named("[reference('x')]"), id=f"{GROUP}/providers/{ACCOUNT}/chat")]}, [OPEN]),
    "a snapshot with an update": ({"predictedResources": [account(each, id=f"{GROUP}/providers/{ACCOUNT}/chat") for each in (None, KEY)]}, [OPEN]),
    "what-if creates": (what_if("Create", account(KEY)), [GREEN]),
    "what-if over REST": ({"properties": what_if("Modify", account())}, [RED]),
    "what-if in two places": ({"properties": {"changes": []}} | what_if("Create", account()), [RED]),
    "what-if ignores": (what_if("Ignore", account(KEY)), [OPEN]),
    "what-if cannot say": (what_if("Unsupported", None), [OPEN]),
    "what-if deletes": (what_if("Delete", None), []),
    "what-if leaves a module out": ({"changes": [], "diagnostics": [{"code": "NestedDeploymentShortCircuited", "target": "x"}]}, [OPEN]),
    "one group name in two subscriptions": (template(nested("above", account()) | {"resourceGroup": "rg"}, nested("n", nested("m", account(KEY)) | {"resourceGroup": "rg"}, needs=[ABOVE]) | {"subscriptionId": "other"}), [RED, GREEN]),
    "a group that its own template names": (template(nested("above", nested("m", account()) | {"resourceGroup": "[resourceGroup().name]"}) | {"resourceGroup": "A"}, nested("n", account(KEY), needs=[ABOVE]) | {"resourceGroup": "[resourceGroup().name]"}), [RED, GREEN]),
    "a name made of two groups": (template(nested("above", account(name=HERE)) | {"resourceGroup": "A"}, {"type": NESTED, "name": "n", "resourceGroup": "A", "dependsOn": [ABOVE], "properties": {"template": template(account(KEY, HERE))}}), [RED, GREEN]),
    "names made of two nulls": (template(nested("n", account(name="[concat(parameters('a'), 'x')]"), nested("m", account(KEY, "[parameters('k')]"), k="[concat(parameters('b'), 'x')]", needs=[f"[resourceId('{ACCOUNT}', concat(parameters('a'), 'x'))]"]), a=None, b=None)), [RED, GREEN]),
    "the inner scope of a second language": (template(parameters={"k": {"defaultValue": "cmk"}}, languageVersion="2.0") | {"resources": {"d": {"type": NESTED, "name": "n", "properties": {"template": template(account(named("[parameters('k')]")), parameters={"k": {"defaultValue": ""}})}}}}, [RED]),
    "a scope by a variable": (template({"type": NESTED, "name": "n", "properties": {"expressionEvaluationOptions": {"scope": "[variables('s')]"}, "template": template(account(named("[parameters('k')]")), parameters={"k": {"defaultValue": ""}})}}, parameters={"k": {"defaultValue": "cmk"}}, variables={"s": "inner"}), [RED]),
    "a stack": (template({"type": "Microsoft.Resources/deploymentStacks", "name": "s", "properties": {"template": template(account())}}), [OPEN]),
    "below what is not deployed": (template(account(condition=False, resources=[nested("n", account(name="b"))])), [RED]),
    "resources by an expression": (template(nested("n") | {"properties": {"template": {"resources": "[x()]"}}}), [OPEN]),
    "parameters by a variable": (template(nested("n", account(named("[parameters('k')]"))) | {"properties": {"expressionEvaluationOptions": {"scope": "inner"}, "parameters": "[variables('p')]", "template": template(account(named("[parameters('k')]")), parameters={"k": {"defaultValue": "cmk"}})}}, variables={"p": {"k": {"value": ""}}}), [RED]),
    "parameters by a link": (template(nested("n") | {"properties": {"expressionEvaluationOptions": {"scope": "inner"}, "parametersLink": {}, "template": template(account(named("[parameters('k')]")), parameters={"k": {"defaultValue": "cmk"}})}}), [OPEN]),
    "a blank kind": (template(account(kind=" ")), [OPEN]),
    "a kind that changes": (template(account(), nested("n", account(KEY, kind="Face"), needs=[f"[resourceId('{ACCOUNT}', 'chat')]"])), [OPEN]),
    "a snapshot with an id that is a call": ({"predictedResources": [account(id=f"[resourceId(subscription().subscriptionId, resourceGroup().name, '{ACCOUNT}', 'chat')]")]}, [RED]),
    "what-if cannot say of what it creates": ({"changes": what_if("Create", account(KEY))["changes"], "potentialChanges": UNSUPPORTED}, [OPEN]),
    "what-if says that the key has no effect": ({"changes": [what_if("Modify", account(KEY))["changes"][0] | {"delta": [{"path": "properties.encryption.keySource", "propertyChangeType": "NoEffect"}]}]}, [OPEN]),
    "names made of two times": (template(account(name="[parameters('a')]"), nested("n", account(KEY, "[parameters('k')]"), k="[parameters('b')]", needs=[f"[resourceId('{ACCOUNT}', parameters('a'))]"]), parameters={each: {"defaultValue": "[utcNow()]"} for each in "ab"}), [RED, GREEN]),
    "what-if cannot say what is deployed": ({"changes": [{"changeType": "Unsupported", "resourceId": each} for each in (f"{GROUP}/providers/{ACCOUNT}/[string(reference('a/b'))]", f"[resourceId('{NESTED}', 'x')]", f"{GROUP}/providers/{ACCOUNT}/[x()]/providers/Microsoft.Authorization/locks/[y()]")]}, [OPEN, OPEN]),
    "what-if cannot say which": ({"changes": [{"changeType": "Unsupported", "resourceId": f"[resourceId('{ACCOUNT}', uniqueString(reference('x').id))]"}, {"changeType": "Unsupported", "resourceId": f"[extensionResourceId(resourceId('{ACCOUNT}', 'x'), 'Microsoft.Authorization/roleAssignments', 'y')]"}, {"changeType": "Unsupported"}]}, [OPEN, OPEN]),
    "azurerm without a key": (plan(azurerm()), [RED]),
    "azurerm with a block": (plan(azurerm([{"key_vault_key_id": KEY_ID}])), [GREEN]),
    "azurerm with a key after apply": (plan(azurerm([{"key_vault_key_id": None}])), [OPEN]),
    "azurerm with a key that the plan creates": (plan(azurerm([{}], unknown=[{"key_vault_key_id": True}])), [GREEN]),
    "azurerm with a block of which only an entry is planned": (plan(azurerm([{}], unknown=[True])), [OPEN]),
    "azurerm with a key but no block": (plan(azurerm([], unknown=[{"key_vault_key_id": True}])), [OPEN]),
    "azurerm with a key but a null block": (plan(azurerm([None], unknown=[{"key_vault_key_id": True}])), [OPEN]),
    "azurerm with two blocks": (plan(azurerm([{"key_vault_key_id": KEY_ID}] * 2)), [OPEN]),
    "azurerm with a key's resource that the plan creates": (plan(azurerm(), change(KEY_RESOURCE, {}, ["cognitive_account_id", "key_vault_key_id"]), references=REFERENCES), [GREEN]),
    "azapi with a sensitive body": (_sensitive(plan(azapi({"kind": "OpenAI", "properties": {"encryption": KEY}}))), [OPEN]),
    "azapi with a sensitive body in a module": (_sensitive(plan(azapi({"kind": "OpenAI", "properties": {"encryption": KEY}}) | {"address": 'module.m["module.n"].azapi_resource.x'}), "m"), [OPEN]),
    "azapi updates with a sensitive body": (_sensitive(plan(azurerm([{"key_vault_key_id": KEY_ID}]), azapi({"properties": {}}, "azapi_update_resource", resource_id=ID_OF_X)), kind="azapi_update_resource"), [OPEN]),
    "azurerm with a block after apply": (plan(change("azurerm_cognitive_account", {"kind": "OpenAI"}, ["customer_managed_key"])), [OPEN]),
    "azurerm with a key by reference": (plan(azurerm(), KEY_OF_X, references=REFERENCES), [GREEN]),
    "azurerm with a key of another": (plan(azurerm(), azurerm(at="y"), KEY_OF_X, references=REFERENCES), [GREEN, RED]),
    "azurerm with a key for whom": (plan(azurerm(), KEY_OF_X, references=["local.id"]), [OPEN]),
    "azurerm with a key by id": (plan(azurerm(), change(KEY_RESOURCE, {"key_vault_key_id": KEY_ID, "cognitive_account_id": f"{GROUP}/providers/{ACCOUNT}/x"})), [GREEN]),
    "azurerm in a loop by key": (plan(*LOOP, references=["azurerm_cognitive_account.x", "each.key"]), [GREEN, RED]),
    "azurerm in a loop by number": (plan(*LOOP, references=["azurerm_cognitive_account.x", "count.index"]), [OPEN, OPEN]),
    "azurerm removes what another has set": (plan(azurerm(had=[{}]), KEY_OF_X | {"change": KEY_OF_X["change"] | {"actions": ["no-op"]}}, references=REFERENCES), [OPEN]),
    "azurerm loses its key": (plan(azurerm(), change(KEY_RESOURCE, {"key_vault_key_id": KEY_ID, "cognitive_account_id": f"{GROUP}/providers/{ACCOUNT}/x"}, actions=["delete"])), [RED]),
    "azurerm is new, with a key by an id that may be of another subscription": (plan(azurerm(actions=NEW), azurerm(at="y"), key_of()), [OPEN, RED]),
    "azurerm made anew with its key": (plan(azurerm(actions=["delete", "create"]), key_of(actions=["delete", "create"])), [GREEN]),
    "azurerm is deleted": (plan(change("azurerm_cognitive_account", {"kind": "OpenAI"}, actions=["delete"])), []),
    "azapi": (plan(azapi({"kind": "AIServices", "properties": {"encryption": KEY}})), [GREEN]),
    "azapi with JSON": (plan(azapi(json.dumps({"kind": "AIServices", "properties": {}}))), [RED]),
    "azapi updates": (plan(azapi({"kind": "OpenAI"}), azapi({"properties": {"encryption": KEY}}, "azapi_update_resource")), [GREEN]),
    "azapi updates to null": (plan(azapi({"kind": "OpenAI", "properties": {"encryption": KEY}}), azapi({"properties": {"encryption": None}}, "azapi_update_resource")), [OPEN]),
    "azapi deploys a template": (plan(azapi({"properties": {"template": {}}}, type=f"{NESTED}@1")), [OPEN]),
    "azurerm deferred": ({"resource_changes": [], "planned_values": {"root_module": {}}, "deferred_changes": [{"resource_change": azurerm()}]}, [RED]),
    "azurerm with a key that moves": (plan(azurerm([{"key_vault_key_id": KEY_ID}]), azurerm(at="y"), key_of("y", ["delete", "create"])), [RED, GREEN]),
    "azurerm with a key made anew": (plan(azurerm(), key_of(actions=["delete", "create"])), [GREEN]),
    "azurerm with a key made anew and then deleted": (plan(azurerm(), key_of(actions=["create", "delete"])), [RED]),
    "azurerm with a key and a deposed one": (plan(azurerm(), key_of(actions=["delete"], deposed="1"), key_of()), [OPEN]),
    "azurerm with a key that is forgotten": (plan(azurerm(), key_of(actions=["forget"])), [GREEN]),
    "azurerm made anew under an old key": (plan(azurerm(actions=["delete", "create"]), key_of(actions=["no-op"])), [OPEN]),
    "azurerm twice under one id": (plan(azurerm(), azurerm(at="y") | {"change": azurerm()["change"]}, key_of()), [OPEN, OPEN]),
    "azurerm with a key of one in another subscription": (plan(azurerm(at="y") | {"change": azurerm(actions=NEW)["change"]}, azurerm(), key_of()), [RED, GREEN]),
    "azurerm deploys a template without accounts": (plan(change(TEMPLATE_RESOURCE, {"template_content": '{"resources": []}'})), []),
    "azurerm deploys a template with a type by an expression": (plan(change(TEMPLATE_RESOURCE, {"template_content": json.dumps(template(account() | {"type": "[x()]"}, contentVersion="1"))})), [OPEN]),
    "azurerm deploys a template with an escaped type": (plan(change(TEMPLATE_RESOURCE, {"template_content": json.dumps(template(account(), contentVersion="1")).replace("Cog", "\\u0043og")})), [OPEN]),
    "azurerm deploys a linked template": (plan(change(TEMPLATE_RESOURCE, {"template_content": json.dumps(template(_linked("n")))})), [OPEN]),
    "azurerm deploys a template after apply": (plan(change(TEMPLATE_RESOURCE, {"parameters_content": '{"resources": []}'}, ["template_content"])), [OPEN]),
    "azapi of a type after apply": (plan(change("azapi_resource", {"name": "x"}, ["type"])), [OPEN]),
    "azapi acts when it is destroyed": (plan(azapi({"kind": "OpenAI"}), azapi({"properties": {"encryption": KEY}}, "azapi_resource_action", when="destroy")), [RED]),
}  # fmt: skip


@pytest.mark.parametrize("name", DOCUMENTS)
def test_an_account_is_judged_by_what_its_document_says(check: Check, name: str) -> None:
    """What is not known before the deployment is never called compliant."""
    document, verdicts = DOCUMENTS[name]

    result = check("a.json", "--format", "json", a=document)

    output = json.loads(result.stdout)
    assert [each["verdict"] for each in output["accounts"]] == verdicts
    is_bad = RED in verdicts or output["losses"]
    assert result.exit_code == (1 if is_bad else 3 if OPEN in verdicts else 0)


@pytest.mark.parametrize(
    "words", [("--parameters", "p.json", "main.json"), ("main.json", "main.parameters.json")]
)
def test_a_parameters_file_resolves_expressions(check: Check, words: tuple[str, ...]) -> None:
    """Both ways: named, and beside its template; what a key vault holds stays open."""
    main = template(account(named("[parameters('k')]")), parameters={"k": {}})
    values = {"$schema": f"{SCHEMA}Parameters.json#", "parameters": {"K": {"value": "cmk"}}}
    secret = {**values, "parameters": {"k": {"reference": {}}}}

    known = check(*words, main=main, p=values, **{"main.parameters": values})
    hidden = check(*words, main=main, p=secret, **{"main.parameters": secret})

    assert (known.exit_code, hidden.exit_code) == (0, 3)
    assert "key vault" in hidden.stdout


@pytest.mark.parametrize("key", ["", "cmk"])
def test_of_two_values_of_a_parameter_the_last_counts(check: Check, key: str) -> None:
    """As with `az`; not the one that a set happens to name last."""
    main = template(account(named("[parameters('k')]")), parameters={"k": {}})
    files = {
        f"p{number}": {
            "$schema": f"{SCHEMA}Parameters.json#",
            "parameters": {"k": {"value": "no" if number < 4 else key}},
        }
        for number in range(5)
    }
    words = [word for name in files for word in ("--parameters", f"{name}.json")]

    assert check(*words, "main.json", main=main, **files).exit_code == (0 if key else 1)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(b"resource x 'y' = {", "an ARM template", id="no JSON"),
        pytest.param(b"{}", "neither a template nor a plan", id="another document"),
        pytest.param(b'{"changes": [], "error": {"code": "x"}}', "failed", id="a failed what-if"),
        pytest.param(b'{"resource_changes": [{}], "errored": true}', "failed", id="a failed plan"),
        pytest.param(b'{"status": "Failed", "changes": []}', "failed", id="a what-if without"),
        pytest.param(
            b'{"resource_changes": {}, "planned_values": {"root_module": {}}}',
            "lacks its resource_changes",
            id="changes that are no list",
        ),
        pytest.param(
            b'{"planned_values": {"root_module": {"child_modules": [{}]}}}',
            "lacks its resource_changes",
            id="planned values alone",
        ),
    ],
)
def test_a_file_that_cannot_be_judged_is_named_and_others_are_judged(
    check: Check,
    data: bytes,
    said: str,
) -> None:
    """One bad file must not hide a violation in the next."""
    result = check("--format", "json", "bad.json", "a.json", bad=data, a=template(account()))

    assert result.exit_code == 2
    assert "bad.json" in result.stderr
    assert said in " ".join(result.stderr.split())
    assert [each["verdict"] for each in json.loads(result.stdout)["accounts"]] == [RED]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16"], ids=["plain", "PowerShell 7", "PowerShell 5"]
)
def test_what_a_shell_wrote_is_read(check: Check, encoding: str) -> None:
    """`az ... > account.json` differs between shells, and people do not know."""
    text = json.dumps(existing(MICROSOFT) | {"name": "é"}, ensure_ascii=False)

    assert check(a=text.encode(encoding)).exit_code == 1


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "the input is empty"),
        (b'{\n "id": 1,\n}', "line 2 column 9"),
        (b'{"a": NaN}', "NaN"),
        (b"[" * 100_000, "invalid JSON"),
        (b'"\xff"', "byte 1 is not utf-8"),
        (b"\xff\xfe\x00", "is not utf-16"),
        (b"null", "neither a template nor a plan"),
        (json.dumps({"id": STORAGE}).encode(), "no account or list of accounts"),
    ],
)
def test_standard_input_that_cannot_be_used_is_said_so(data: bytes, said: str) -> None:
    """What is wrong, where, and what to do, in one line."""
    result = CliRunner().invoke(app, ["check", "-", "--format", "json"], input=data)

    assert (result.exit_code, json.loads(result.stdout)["accounts"]) == (2, [])
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_file_that_cannot_be_read_is_a_usage_error(check: Check, tmp_path: Path) -> None:
    """A typing error must not look like an unknown account."""
    missing, empty = check("mian.json"), check(str(tmp_path))

    assert (missing.exit_code, empty.exit_code) == (2, 2)
    assert "mian.json: cannot be read (No such file" in missing.stderr
    assert "no JSON file was found" in empty.stderr


@pytest.mark.parametrize("output", ["table", "json", "sarif", "junit"])
def test_p10_a_hostile_name_cannot_steer_a_terminal(check: Check, output: str) -> None:
    """Names come from whoever may create a resource."""
    hostile = "a\u202e\x9b31m\u2028b"

    result = check("a.json", "--format", output, a=[existing(id=None, name=hostile, kind=hostile)])

    assert not set(result.stdout) & set(hostile) - {"a", "b", "3", "1", "m"}


@pytest.mark.parametrize("output", ["table", "json", "sarif", "junit"])
def test_any_name_of_a_file_can_be_written(check: Check, tmp_path: Path, output: str) -> None:
    """Git and Linux allow names that are not UTF-8."""
    name = os.fsdecode(b"\xff\x1b.json")
    (tmp_path / name).write_text(json.dumps(template(account())))

    result = check(name, "--format", output)

    assert result.exit_code == 1
    assert "\x1b" not in result.output


def test_without_its_packages_it_says_what_to_install() -> None:
    """A traceback of an import helps nobody."""
    code = "import sys; sys.modules['typer'] = None; import cmk_check.cli"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (run.returncode, run.stdout) == (2, "")
    assert "pipx install ." in run.stderr
    assert len(run.stderr.splitlines()) == 1


def test_source_and_a_huge_file_are_refused(check: Check, tmp_path: Path) -> None:
    """Whoever gives the source is told what compiles it."""
    (tmp_path / "main.bicep").write_text("x")
    with (tmp_path / "huge.json").open("wb") as file:
        file.truncate(65 * 1024 * 1024)

    result = check("main.bicep", "huge.json")

    assert result.exit_code == 2
    assert "terraform show -json" in " ".join(result.stderr.split())
    assert "at most" in result.stderr


def test_a_document_without_an_account_says_so(check: Check) -> None:
    """A pipeline that expects one must be able to notice."""
    result = check(a=template(), b=template(account(kind="Face")), env={"CMK_KINDS": "OpenAI"})

    assert result.exit_code == 0
    assert "a.json: contains no account." in result.stderr
    assert "1 of kinds that CMK_KINDS leaves out" in " ".join(result.stderr.split())
    assert check("b.json", env={"CMK_KINDS": "Face"}).exit_code == 1


def test_each_account_has_the_name_and_address_by_which_its_document_calls_it(check: Check) -> None:
    """Whoever mends it must find it in the sources, and again in Azure."""
    created = what_if("Create", {"kind": "OpenAI", "name": "chat"})

    result = check("a.json", "b.json", "--format", "json", a=plan(azurerm()), b=created)

    rows = json.loads(result.stdout)["accounts"]
    assert [(row["name"], row["address"]) for row in rows] == [
        ("x", "azurerm_cognitive_account.x"),
        ("chat", f"{GROUP}/providers/{ACCOUNT}/chat"),
    ]


def test_pipelines_get_each_account_its_line_and_what_could_not_be_judged(check: Check) -> None:
    """A reviewer sees the annotation at the account, and CI servers which one failed."""
    document = template(account(KEY), account(name="bad"), account("[x()]", "c"))
    lines = json.dumps(document, indent=1).splitlines()

    sarif = check("a.json", "empty.json", "--format", "sarif", a=document, empty=template())
    junit = check("a.json", "no.json", "--format", "junit", no=b"x")

    (run,) = json.loads(sarif.stdout)["runs"]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    start = place["region"]["startLine"]
    assert [each["level"] for each in run["results"]] == ["error", "error"]
    assert place["artifactLocation"]["uri"] == "a.json"
    assert '"bad"' in "".join(lines[start : start + 2])
    assert "no account" in str(run["invocations"][0]["toolConfigurationNotifications"])
    suite = ET.fromstring(junit.stdout)[0]  # noqa: S314 - our own
    assert [suite.get(name) for name in ("tests", "failures", "errors")] == ["4", "1", "2"]


@pytest.mark.parametrize(
    ("document", "advice", "never"),
    [
        (template(account("[x()]")), "--parameters", "Encryption page"),
        (template(account({"keySource": "x"})), "properties.encryption", "Encryption page"),
        (what_if("Create", account("[x()]")), "a scan judges", "what-if --no-pretty-print"),
        (plan(azurerm([{}], unknown=[True])), "when Terraform plans", "az "),
        (plan(azurerm([{}], unknown=[True])), "when Terraform plans", "--parameters"),
        (plan(azurerm()), "Set customer_managed_key", "Encryption page"),
    ],
)
def test_advice_fits_the_document(check: Check, document: Json, advice: str, never: str) -> None:
    """A plan takes no parameters, and an account that does not exist has no page."""
    result = check("a.json", "--format", "json", a=document)

    (row,) = json.loads(result.stdout)["accounts"]
    assert advice in row["message"]
    assert never not in row["message"]


def test_templates_that_the_document_lacks_are_one_row(check: Check) -> None:
    """Dozens of equal rows hide the one that matters."""
    result = check("a.json", "--format", "json", a=template(*map(_linked, "abcdefgh")))

    (row,) = json.loads(result.stdout)["accounts"]
    assert (row["name"], row["line"], row["reason"]) == ("8 templates", 4, "not_resolved")
    assert "lacks what this deploys, which may have accounts: resources[0]" in row["message"]


def test_no_long_expression_is_shown(check: Check) -> None:
    """Bicep writes expressions that fill pages."""
    long = f"[format('{'x' * 500}')]"
    given = f"[resourceId('{ACCOUNT}', {long[1:-1]})]"
    snapshot = {"predictedResources": [account(named(long), name=long, id=given)]}
    deployed = template(account(named(long), long))

    shown = [check("a.json", a=each).stdout for each in (deployed, snapshot)]

    assert all("[format('xxx" in each and "x" * 120 not in each for each in shown)


def test_totals_are_not_shown_after_an_error(check: Check) -> None:
    """They would read as a result."""
    assert "accounts:" not in check("a.json", "b.json", a=b"x", b=template(account())).stdout


def test_an_incomplete_plan_without_an_account_is_called_incomplete(check: Check) -> None:
    """Terraform plans a part if asked to, or if it must defer the rest."""
    result = check("a.json", a=plan(change("x", {})) | {"complete": False})

    assert result.exit_code == 0
    assert "an incomplete plan and shows no account" in result.stderr
    assert "contains no account" not in result.stderr


STATE: Final = {"version": 4, "terraform_version": "1.14.0", "lineage": "x", "resources": []}
SHOWN_STATE: Final = {"terraform_version": "1.14.0", "values": {"root_module": {}}}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (json.dumps(STATE).encode(), "a state of Terraform"),
        (json.dumps(SHOWN_STATE).encode(), "a state of Terraform"),
        (b'{"@level":"info"}\n{"@level":"info"}', "what `terraform plan -json` prints"),
        (b"PK\x03\x04", "a plan in Terraform's own format"),
    ],
)
def test_what_terraform_writes_beside_a_plan_is_named(check: Check, data: bytes, said: str) -> None:
    """Whoever mixes them up needs the command that writes a plan."""
    result = check("a.json", a=data)

    assert result.exit_code == 2
    assert f"this is {said}; run `terraform plan -out plan.bin` and " in result.stderr


COMMENTED: Final = json.dumps(template(account(), contentVersion="http://x/*y*/"), indent=1)


@pytest.mark.parametrize("comment", ["// }\n", "// }\r\n", "/* }\n */", "/**/"])
def test_a_template_may_have_comments(check: Check, comment: str) -> None:
    """Azure's tools read them; a line number must stay right."""
    text = COMMENTED.replace('"type"', f'{comment} "type"')

    result = check("a.json", "--format", "json", a=text.encode())

    (row,) = json.loads(result.stdout)["accounts"]
    assert (row["verdict"], row["line"]) == (RED, 4)


@pytest.mark.parametrize(
    "text",
    [
        COMMENTED.replace('"type"', '/* "type"'),
        # Programs differ on whether this ends a line.
        COMMENTED.replace('"type"', '// x\r "type"'),
        json.dumps(plan(azurerm())).replace('"address"', '/**/ "address"'),
    ],
)
def test_other_comments_are_invalid(check: Check, text: str) -> None:
    """What is a comment must be beyond doubt, and no other tool writes any."""
    result = check("a.json", a=text.encode())

    assert result.exit_code == 2
    assert "invalid JSON" in result.stderr


def test_parameters_without_a_template_are_refused(check: Check) -> None:
    """Whoever mixes up two files must not get the answer for the defaults."""
    values = {"$schema": f"{SCHEMA}Parameters.json#", "parameters": {}}

    assert "also provide the template" in check("lone.json", lone=values).stderr
    assert (
        "must be a parameters file"
        in check("a.json", "--parameters", "a.json", a=template()).stderr
    )


REAL: Final = json.loads(Path(__file__).with_name("real_documents.json").read_text())


def test_no_public_document_is_called_compliant_unless_a_hand_says_so() -> None:
    """Each was judged by hand, then by the command; a document of its shape stands for it above."""
    assert len({(each["address"], each["form"]) for each in REAL}) == len(REAL) >= 30
    for each in REAL:
        _, verdicts = DOCUMENTS[each["shape"]]
        assert verdicts[:1] == ([] if each["command"] == "no account" else [each["command"]])
        assert each["command"] in {each["hand"], OPEN, "no account"}
