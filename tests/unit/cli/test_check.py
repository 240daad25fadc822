"""``check``: what it says of templates, plans and existing accounts, without a network."""

# ruff: noqa: E501 - a document in a line
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from cmk_check.core.enums import Reason
from cmk_check.core.reasons.catalogue import VERDICT_REASONS
from tests.unit.cli.check_kit import (
    ACCOUNT,
    ANEW,
    AZAPI,
    BLOCK,
    EXISTING_ID,
    GREEN,
    GROUP,
    KEY,
    KEY_ID,
    KEY_RESOURCE,
    LOST,
    MADE_ANEW,
    NEEDED,
    NESTED,
    NEW,
    OPEN,
    RED,
    SCHEMA,
    STORAGE,
    TAKEN,
    Check,
    Json,
    account,
    azapi,
    azurerm,
    change,
    existing,
    named,
    nested,
    plan,
    template,
    with_change,
)


def what_if(change_type: str, after: object) -> Json:
    """The result of what-if for one account."""
    change_of = {"resourceId": f"{GROUP}/providers/{ACCOUNT}/chat", "changeType": change_type}
    return {"status": "Succeeded", "changes": [{**change_of, "after": after}]}


UPDATE: Final = nested(
    "update",
    account(KEY, "[parameters('n')]"),
    n="chat",
    needs=[f"[resourceId('{ACCOUNT}', 'chat')]"],
)
UNORDERED: Final = nested("update", account(KEY, "[parameters('n')]"), n="chat")
LATE: Final = nested(
    "update", account(KEY, "[parameters('n')]"), n="[reference('a').outputs.n.value]"
)
ABOVE: Final = f"[resourceId('{NESTED}', 'above')]"
HERE: Final = "[uniqueString(resourceGroup().id)]"
UNSUPPORTED: Final = what_if("Unsupported", None)["changes"]
REFERENCES: Final = ["azurerm_cognitive_account.x.id", "azurerm_cognitive_account.x"]
KEY_OF_X: Final = change(KEY_RESOURCE, {"key_vault_key_id": KEY_ID}, ["cognitive_account_id"])
ID_OF_X: Final = f"{GROUP}/providers/{ACCOUNT}/x"


def key_of(
    account: str = "x", actions: Sequence[str] = ("create",), was: str = "x", **more: object
) -> Json:
    """A change of azurerm's resource that sets the key of an account."""
    ids = ({"cognitive_account_id": f"{ID_OF_X[:-1]}{each}"} for each in (account, was))
    after, before = ({**each, "key_vault_key_id": KEY_ID} for each in ids)
    made = change(KEY_RESOURCE, after, actions=actions) | more
    return made | {"change": {**made["change"], "before": before}}


TEMPLATE_RESOURCE: Final = "azurerm_resource_group_template_deployment"
LOOP: Final = [
    azurerm(at='x["a"]'),
    azurerm(at='x["b"]'),
    KEY_OF_X | {"address": f'{KEY_RESOURCE}.x["a"]'},
]
ENCRYPTED: Final = {"kind": "OpenAI", "properties": {"encryption": KEY}}
MICROSOFT: Final = {"keySource": "Microsoft.CognitiveServices"}


def linked(name: str) -> Json:
    """A nested template that the document lacks."""
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


GOOD, BAD, ODD = existing(KEY), existing(MICROSOFT), existing({"keySource": "Somewhere.Else"})
SPEECH: Final = existing(kind="SpeechServices")
MORE: Final = {"nextLink": "https://management.azure.com/x"}
DELETED: Final = "/subscriptions/s/providers/Microsoft.CognitiveServices/locations/x/resourceGroups/rg/deletedAccounts/chat"
DOCUMENTS: Final[dict[str, tuple[object, list[str]]]] = {
    "no key": (template(account()), [RED]),
    "a key": (template(account(KEY)), [GREEN]),
    "a default that is an expression": (template(account(named("[parameters('k')]")), parameters={"k": {"defaultValue": "[newGuid()]"}}), [OPEN]),
    "a nullable parameter": (template(account("[parameters('e')]"), parameters={"e": {"nullable": True}}), [RED]),
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
    "a template in a variable, with the outer scope and without an account": (_template_of("[variables('$fxv#0')]", {"type": "Microsoft.Authorization/roleAssignments", "name": "[[parameters('k')]"}, "outer"), []),
    "a template in a variable, with the outer scope and an open type": (_template_of("[variables('$fxv#0')]", {"type": "[[parameters('k')]", "name": "x"}, "outer"), [OPEN]),
    "a template in a variable, with the outer scope and a template that is not shown": (_template_of("[variables('$fxv#0')]", linked("a"), "outer"), [OPEN]),
    "a template in a variable, with the outer scope and another place": (_template_of("[variables('$fxv#0')]", {"type": NESTED, "name": "n", "properties": {"template": "[[variables('t')]"}}, "outer"), [OPEN]),
    "an open type, which is another one outside": (template({"type": NESTED, "name": "n", "properties": {"template": template({"type": "[parameters('t')]", "name": "x"}, parameters={"t": {}}), "parameters": "[later()]", "expressionEvaluationOptions": {"scope": "inner"}}}, parameters={"t": {"defaultValue": "Microsoft.Authorization/roleAssignments"}}), [OPEN]),
    "an open type with a template": (template({"type": "[parameters('t')]", "name": "n", "properties": {"template": template()}}, parameters={"t": {}}), [OPEN]),
    "a template by an expression": (_template_of("[x()]"), [OPEN]),
    "resources that are no list": (template() | {"resources": True}, [OPEN]),
    "templates that the document lacks": (template(*(linked(each) for each in "ab"), account(KEY)), [GREEN, OPEN]),
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
    "a deployment whose type has a version": (template(nested("n", account()) | {"type": f"{NESTED}@2022-09-01"}), [OPEN]),
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
    "azapi updates an id that no account has": (plan(azurerm(actions=NEW), azapi({"properties": {"encryption": KEY}}, "azapi_update_resource", parent_id=None, resource_id=f"None/providers/{ACCOUNT}/x")), [RED, GREEN]),
    "azapi updates to null": (plan(azapi({"kind": "OpenAI", "properties": {"encryption": KEY}}), azapi({"properties": {"encryption": None}}, "azapi_update_resource")), [OPEN]),
    "azapi deploys a template": (plan(azapi({"properties": {"template": {}}}, type=f"{NESTED}@1")), [OPEN]),
    "azurerm deferred": ({"resource_changes": [], "planned_values": {"root_module": {}}, "deferred_changes": [{"resource_change": azurerm()}]}, [RED]),
    "azurerm with a key that moves": (plan(azurerm([{"key_vault_key_id": KEY_ID}]), azurerm(at="y"), key_of("y", ["delete", "create"])), [RED, GREEN]),
    "azurerm with a key made anew": (plan(azurerm(), key_of(actions=["delete", "create"])), [GREEN]),
    "azurerm with a key made anew and then deleted": (plan(azurerm(), key_of(actions=["create", "delete"])), [RED]),
    "azurerm with a key and a deposed one": (plan(azurerm(), key_of(actions=["delete"], deposed="1"), key_of()), [OPEN]),
    "azurerm with a key that is forgotten": (plan(azurerm(), key_of(actions=["forget"])), [GREEN]),
    "azurerm made anew under an old key": (plan(azurerm(actions=["delete", "create"]), key_of(actions=["no-op"])), [OPEN]),
    "azurerm made anew under a key that is forgotten": (plan(azurerm(actions=["delete", "create"]), key_of(actions=["forget"])), [OPEN]),
    "azurerm twice under one id": (plan(azurerm(), azurerm(at="y") | {"change": azurerm()["change"]}, key_of()), [OPEN, OPEN]),
    "azurerm with a key of one in another subscription": (plan(azurerm(at="y") | {"change": azurerm(actions=NEW)["change"]}, azurerm(), key_of()), [RED, GREEN]),
    "azurerm deploys a template without accounts": (plan(change(TEMPLATE_RESOURCE, {"template_content": '{"resources": []}'})), []),
    "azurerm deploys a template with a type by an expression": (plan(change(TEMPLATE_RESOURCE, {"template_content": json.dumps(template(account() | {"type": "[x()]"}, contentVersion="1"))})), [OPEN]),
    "azurerm deploys a template with an escaped type": (plan(change(TEMPLATE_RESOURCE, {"template_content": json.dumps(template(account(), contentVersion="1")).replace("Cog", "\\u0043og")})), [OPEN]),
    "azurerm deploys a template with a type by a parameter": (plan(change(TEMPLATE_RESOURCE, {"template_content": json.dumps(template(account() | {"type": "[parameters('t')]"}, parameters={"t": {"defaultValue": "a.b/c"}}, contentVersion="1"))})), [OPEN]),
    "azurerm deploys a linked template": (plan(change(TEMPLATE_RESOURCE, {"template_content": json.dumps(template(linked("n")))})), [OPEN]),
    "azurerm deploys a template after apply": (plan(change(TEMPLATE_RESOURCE, {"parameters_content": '{"resources": []}'}, ["template_content"])), [OPEN]),
    "azapi with a body in two spellings": (plan(azapi(ENCRYPTED | {"Properties": {}})), [OPEN]),
    "azapi with a body that repeats a name": (plan(azapi(json.dumps(ENCRYPTED)[:-1] + ', "properties": {}}')), [OPEN]),
    "azapi of a type after apply": (plan(change("azapi_resource", {"name": "x"}, ["type"])), [OPEN]),
    "azapi puts an account without a key": (plan(azapi({"kind": "OpenAI"}, "azapi_resource_action", method="PUT")), [OPEN]),
    "azapi puts an account below a group": (plan(azapi({"kind": "OpenAI"}, "azapi_resource_action", method="PUT", type="Microsoft.Resources/resourceGroups@1", resource_id=GROUP, action=f"providers/{ACCOUNT}/x")), [OPEN]),
    "azapi puts a part of an account": (plan(azapi({"sku": {}}, "azapi_resource_action", method="PUT", action="deployments/d")), []),
    "azapi acts when it is destroyed": (plan(azapi({"kind": "OpenAI"}), azapi({"properties": {"encryption": KEY}}, "azapi_resource_action", when="destroy")), [RED]),
    "existing: under a key": (GOOD, [GREEN]),
    "existing: under Microsoft's keys": (BAD, [RED]),
    "existing: never configured": (existing(), [RED]),
    "existing: an unknown source": (ODD, [OPEN]),
    "existing: text like an expression": (existing(named("[x()]")), [OPEN]),
    "existing: no kind": (existing(KEY, kind=None), [OPEN]),
    "existing: a list": ([ODD, BAD, GOOD], [OPEN, RED, GREEN]),
    "existing: an empty list": ([], [OPEN]),
    "existing: an empty page": ({"value": []}, [OPEN]),
    "existing: a page of more": ({"value": [GOOD], **MORE}, [GREEN, OPEN]),
    "what-if has not looked into a module": ({"changes": [], "diagnostics": [{"code": "NestedDeploymentSkipped", "target": "x"}]}, [OPEN]),
    "existing: another kind": (SPEECH, []),
    "existing: a deleted account": ([existing(id=DELETED), GOOD], [GREEN]),
    "existing: an id that ends with a slash": ([existing(id=f"{EXISTING_ID}/")], [OPEN]),
    "existing: a project": ([existing(id=f"{EXISTING_ID}/projects/p")], []),
    "existing: another resource": ([existing(id=STORAGE)], []),
    "existing: no id in a list": ([existing(id=None), GOOD], [OPEN, GREEN]),
    "existing: an account whose id is a name": (existing(id="chat"), [OPEN]),
    "existing: an entry that is no object": ([GOOD, None, 1, []], [GREEN, OPEN, OPEN, OPEN]),
}  # fmt: skip


def _azapi(before: object, after: object, *actions: str) -> Json:
    old, new = (azapi(each)["change"]["after"] for each in (before, after))
    return with_change(azapi({}), actions=[*actions], before=old, after=new)


def _deletes(content: str) -> Json:
    return plan(change(TEMPLATE_RESOURCE, {"template_content": content}, actions=["delete"]))


OUTSIDE: Final = f"{GROUP}/providers/{ACCOUNT}/outside"
CHAT: Final = f"{GROUP}/providers/{ACCOUNT}/chat"
WAS: Final = {"resourceId": CHAT, "before": account(KEY)}
X: Final = "azurerm_cognitive_account.x"
LOSSES: Final[dict[str, tuple[Json, dict[str, str]]]] = {
    "deleted": (plan(azurerm(actions=["delete"])), {X: LOST}),
    "deleted and created": (plan(MADE_ANEW), {X: LOST}),
    "created and deleted": (plan(with_change(MADE_ANEW, actions=["create", "delete"])), {X: LOST}),
    "a deposed object is deleted": (plan(azurerm(BLOCK), azurerm(actions=["delete"]) | {"deposed": "1"}), {f"{X} (deposed)": LOST}),
    "deleted by azapi": (plan(_azapi(ENCRYPTED, None, "delete")), {"azapi_resource.x": LOST}),
    "an action of azapi deletes it": (plan(azapi({}, "azapi_resource_action", method="DELETE", resource_id=OUTSIDE)), {"azapi_resource_action.x": LOST}),
    "an action of azapi deletes it by its path": (plan(azapi({}, "azapi_resource_action", method="DELETE", type="Microsoft.CognitiveServices@1", resource_id=f"{GROUP}/providers/Microsoft.CognitiveServices", action="accounts/x")), {"azapi_resource_action.x": LOST}),
    "an action of azapi deletes a part": (plan(azapi({}, "azapi_resource_action", method="DELETE", action="deployments/d")), {}),
    "its template is deleted": (_deletes(json.dumps(account(KEY))), {f"{TEMPLATE_RESOURCE}.x": LOST}),
    "its kind leaves the scope": (plan(_azapi(ENCRYPTED, {"kind": "Face"}, *ANEW)), {"azapi_resource.x": LOST}),
    "the block is removed": (plan(azurerm(had=BLOCK)), {X: TAKEN}),
    "azapi leaves the key out": (plan(_azapi(ENCRYPTED, {"kind": "OpenAI", "properties": {}}, "update")), {"azapi_resource.x": TAKEN}),
    "the key's resource is deleted": (plan(azurerm(), key_of(actions=["delete"])), {X: TAKEN}),
    "the key's resource is deleted, of an account outside the plan": (plan(key_of("outside", ["delete"])), {f"{KEY_RESOURCE}.x": TAKEN}),
    "the key moves to another account": (plan(azurerm(), azurerm(at="y"), key_of("y", ANEW)), {X: TAKEN}),
    # Deleting it sets Microsoft's keys, whatever the block says.
    "the key's resource is deleted beside a block": (plan(azurerm(BLOCK, had=BLOCK), key_of(actions=["delete"])), {X: TAKEN}),
    "forgotten": (plan(azurerm(actions=["forget"])), {}),
    "a key's resource is forgotten": (plan(azurerm(), key_of(actions=["forget"])), {}),
    "a key's resource is made anew": (plan(azurerm(), key_of(actions=ANEW)), {}),
    "never had a key": (plan(azurerm()), {}),
    "another kind": (plan(_azapi({"kind": "Face"}, None, "delete")), {}),
    "another template": (_deletes('{"resources": []}'), {}),
    "a record of a deployment": (plan(with_change(azapi(template(account()), type=f"{NESTED}@1"), actions=["delete"])), {}),
    "what-if deletes it": ({"changes": [WAS | {"changeType": "Delete", "after": None}]}, {CHAT: LOST}),
    "what-if deletes what it also creates": ({"changes": [WAS | {"changeType": "Create", "after": account(KEY)}, WAS | {"changeType": "Delete"}]}, {CHAT: LOST}),
    "what-if removes the key": ({"changes": [WAS | {"changeType": "Modify", "after": account()}]}, {CHAT: TAKEN}),
    "what-if deletes another kind": ({"changes": [WAS | {"changeType": "Delete", "before": account(kind="Face")}]}, {}),
    "a template": (template(account()), {}),
}  # fmt: skip


def output_of(check: Check, document: object, *words: str, code: int | None = None) -> Any:  # noqa: ANN401
    """Check one document as a.json, and return the output in JSON."""
    result = check("a.json", "--format", "json", *words, a=document)
    assert code is None or result.exit_code == code
    return json.loads(result.stdout)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_p1_p2_an_account_is_judged_by_what_its_document_says(check: Check, name: str) -> None:
    """What is not known before the deployment is never called compliant."""
    document, verdicts = DOCUMENTS[name]

    output = output_of(check, document)

    assert [each["verdict"] for each in output["accounts"]] == verdicts
    is_bad = RED in verdicts or output["losses"]
    assert bool(output["empty"]) == (not verdicts and not is_bad)
    output_of(check, document, code=1 if is_bad else 3 if OPEN in verdicts else 0)


@pytest.mark.parametrize("name", LOSSES)
def test_p1_what_a_plan_takes_from_an_account_is_an_error_of_its_own(
    check: Check, name: str
) -> None:
    """The plan that deletes the account and its data must not pass because a key follows."""
    document, losses = LOSSES[name]

    output = output_of(check, document, code=1 if losses else None)

    assert {row["address"]: row["reason"] for row in output["losses"]} == losses


OPEN_PLAN: Final = plan(azurerm([{}], unknown=[True]))
LONG: Final = f"[format('{'x' * 500}')]"
PREDICTED: Final = account(named(LONG), name=LONG, id=f"[resourceId('{ACCOUNT}', {LONG[1:-1]})]")
INCOMPLETE: Final = plan(change("x", {})) | {"complete": False}
MESSAGES: Final[dict[str, tuple[object, str, str]]] = {
    "an open template": (template(account("[x()]")), "--parameters", "Encryption page"),
    "a template": (template(account()), "Set a key in properties.encryption", "Encryption page"),
    "what-if": (what_if("Create", account("[x()]")), "a scan judges", "what-if --no-pretty"),
    "an open plan": (OPEN_PLAN, "when Terraform plans", "--parameters"),
    "a plan": (plan(azurerm()), "customer_managed_key with azurerm.", "az "),
    "templates that are lacking": (
        template(*map(linked, "abcdefgh")),
        "lacks what this deploys, which may have accounts: resources[0]",
        "several resources",
    ),
    "a long expression": (template(account(named(LONG), LONG)), "[format('xxx", "x" * 120),
    "a long id": ({"predictedResources": [PREDICTED]}, "[format('xxx", "x" * 120),
    "an empty template": (template(), "a.json: contains no account.", "incomplete"),
    "other kinds": (template(account(kind="Face")), "but of kinds that CMK_KINDS", "complete"),
    "an incomplete plan": (INCOMPLETE, "an incomplete plan and shows no account", "contains"),
    "a replacement": (plan(MADE_ANEW), "because of location, identity[0].type)", "does not say"),
    "a bad name": ([existing(named("../x"))], "keyName is not the name of a key", "--parameters"),
    "no id": ([{"kind": "OpenAI"}], "no usable id", "--parameters"),
    "an empty list": ([], "Check both with `az account show`", "--parameters"),
    "a page of more": ({"value": [BAD], **MORE}, "Provide all pages", "--parameters"),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_fits_the_document(check: Check, name: str) -> None:
    """A plan takes no parameters, and an account that does not exist has no page."""
    document, present, absent = MESSAGES[name]

    result = check("a.json", "--format", "json", a=document)

    output = json.loads(result.stdout)
    rows = [row | {"id": None} for row in (*output["accounts"], *output["losses"])]
    text = " ".join(f"{rows} {result.stderr}".split())
    assert present in text
    assert absent not in text


ROWS: Final[dict[str, tuple[object, Json]]] = {
    "a plan": (plan(azurerm()), {"name": "x", "address": "azurerm_cognitive_account.x"}),
    "what-if": (
        what_if("Create", {"kind": "OpenAI", "name": "chat"}),
        {"name": "chat", "address": what_if("", None)["changes"][0]["resourceId"]},
    ),
    "templates that are lacking": (
        template(*map(linked, "abcdefgh")),
        {"name": "8 templates", "line": 4, "reason": "not_resolved"},
    ),
    "an existing account": (
        {"value": [BAD]},
        {
            "file": "a.json",
            "line": 3,
            "id": f"a.json#{EXISTING_ID.lower()}#Chat",
            "address": EXISTING_ID.lower(),
            "name": "Chat",
            "kind": "OpenAI",
            "verdict": RED,
            "reason": "microsoft_managed_key",
            "message": VERDICT_REASONS[Reason.MICROSOFT_MANAGED_KEY].text(),
        },
    ),
    "an entry without an id": ([{}], {"name": "[0]", "address": "[0]", "reason": "malformed"}),
    "a page of more": ({"value": [], **MORE}, {"name": "nextLink", "reason": "malformed"}),
}


@pytest.mark.parametrize("name", ROWS)
def test_each_account_has_the_name_and_place_by_which_its_document_calls_it(
    check: Check, name: str
) -> None:
    """A person must find it in the sources and in Azure, with the reason that a scan gives."""
    document, fields = ROWS[name]

    (row,) = output_of(check, document)["accounts"]

    assert row == row | fields


def _parameters(**values: object) -> Json:
    return {"$schema": f"{SCHEMA}Parameters.json#", "parameters": values}


MAIN: Final = template(account(named("[parameters('k')]")), parameters={"k": {}})


@pytest.mark.parametrize(
    "words", [("--parameters", "p.json", "main.json"), ("main.json", "main.parameters.json")]
)
def test_a_parameters_file_resolves_expressions(check: Check, words: tuple[str, ...]) -> None:
    """Both ways: named, and beside its template; what a key vault holds stays open."""
    given, secret = _parameters(K={"value": "cmk"}), _parameters(k={"reference": {}})

    known = check(*words, main=MAIN, p=given, **{"main.parameters": given})
    hidden = check(*words, main=MAIN, p=secret, **{"main.parameters": secret})

    assert (known.exit_code, hidden.exit_code) == (0, 3)
    assert "key vault" in hidden.stdout


@pytest.mark.parametrize("key", ["", "cmk"])
def test_of_two_values_of_a_parameter_the_last_counts(check: Check, key: str) -> None:
    """As with `az`; not the one that a set happens to name last."""
    given = ["no"] * 4 + [key]
    files = {f"p{number}": _parameters(k={"value": value}) for number, value in enumerate(given)}
    words = [word for name in files for word in ("--parameters", f"{name}.json")]

    assert check(*words, "main.json", main=MAIN, **files).exit_code == (0 if key else 1)


def test_parameters_without_a_template_are_refused(check: Check) -> None:
    """A person who mixes up two files must not get the answer for the defaults."""
    lone, swapped = check(a=_parameters()), check("a.json", "--parameters", "a.json", a=template())

    assert "also provide the template" in lone.stderr
    assert "must be a parameters file" in swapped.stderr
    assert (lone.exit_code, swapped.exit_code) == (2, 2)


def test_an_account_of_a_kind_in_scope_is_judged(check: Check) -> None:
    """The setting of a scan counts here, too."""
    document = template(account(kind="Face"))

    assert check(a=document, env={"CMK_KINDS": "Face"}).exit_code == 1


COMMENTED: Final = json.dumps(template(account(), contentVersion="http://x/*y*/"), indent=1)


@pytest.mark.parametrize("comment", ["// }\n", "// }\r\n", "/* }\n */", "/**/"])
def test_a_template_may_have_comments(check: Check, comment: str) -> None:
    """Azure's tools read them; a line number must stay right."""
    text = COMMENTED.replace('"type"', f'{comment} "type"')

    (row,) = output_of(check, text.encode())["accounts"]

    assert (row["verdict"], row["line"]) == (RED, 4)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16"], ids=["plain", "PowerShell 7", "PowerShell 5"]
)
def test_what_a_shell_wrote_is_read(check: Check, encoding: str) -> None:
    """`az ... > account.json` differs between shells, and people do not know."""
    text = json.dumps(BAD | {"name": "é"}, ensure_ascii=False)

    assert check(a=text.encode(encoding)).exit_code == 1


def test_names_that_may_differ_in_case_are_read(check: Check) -> None:
    """Tags and the values of Terraform are not Azure's names."""
    tags: Json = {"a": 1, "A": 2}
    modules: Json = {name: {"module": {}} for name in ("m", "M")}
    calls = {"configuration": {"root_module": {"module_calls": modules}}}

    accounts = output_of(check, template(account(KEY, tags=tags)), code=0)["accounts"]

    assert [row["verdict"] for row in accounts] == [GREEN]
    output_of(check, plan(azurerm()) | calls, code=1)
    output_of(check, plan(change("azapi_resource", {"tags": tags})), code=0)


REAL: Final = json.loads(Path(__file__).with_name("real_documents.json").read_text())


def test_no_public_document_is_called_compliant_unless_a_hand_says_so() -> None:
    """Each was judged by hand, then by the command; a document of its shape stands for it above."""
    assert len({(each["address"], each["form"]) for each in REAL}) == len(REAL) >= 30
    for each in REAL:
        _, verdicts = DOCUMENTS[each["shape"]]
        assert verdicts[:1] == ([] if each["command"] == "no account" else [each["command"]])
        assert each["command"] in {each["hand"], OPEN, "no account"}


@pytest.mark.long
@pytest.mark.parametrize("name", [each for each in DOCUMENTS if "template" in str(DOCUMENTS[each])])
def test_with_bicep_no_document_becomes_greener(
    path: str, check: Check, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Those that were written to deceive among them."""
    own = f'"type": "{ACCOUNT}"'
    text = json.dumps(DOCUMENTS[name][0]).replace(own, f"{own}, {json.dumps(NEEDED)[1:-1]}")
    document = {"contentVersion": "1.0.0.0"} | json.loads(text)
    literal = check(main=document)
    monkeypatch.setenv("BICEP", path)
    exact = check(main=document)

    assert exact.exit_code == literal.exit_code
