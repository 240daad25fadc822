"""Documents for ``check``, built from their parts, and the verdicts on them."""

# ruff: noqa: E501 - a document in a line
import json
from collections.abc import Callable, Sequence
from typing import Any, Final

KEY: Final = {"keySource": "Microsoft.KeyVault", "keyVaultProperties": {"keyName": "cmk"}}
ACCOUNT: Final = "Microsoft.CognitiveServices/accounts"
NESTED: Final = "Microsoft.Resources/deployments"
SCHEMA: Final = "https://schema.management.azure.com/schemas/2019-04-01/deployment"
AZAPI: Final = f"{ACCOUNT}@2025-06-01"
KEY_RESOURCE: Final = "azurerm_cognitive_account_customer_managed_key"
KEY_ID: Final = "https://kv.vault.azure.net/keys/cmk/0123"
GROUP: Final = "/subscriptions/s/resourceGroups/rg"
GREEN, RED, OPEN = "compliant", "non_compliant", "unknown"

type Json = dict[str, Any]
type Check = Callable[..., Any]


def account(encryption: object = None, name: str = "chat", **more: object) -> Json:
    """An account of a template."""
    properties = {} if encryption is None else {"encryption": encryption}
    return {"type": ACCOUNT, "name": name, "kind": "OpenAI", "properties": properties, **more}


def template(*resources: Json, **more: object) -> Json:
    """An ARM template."""
    return {"$schema": f"{SCHEMA}Template.json#", "resources": list(resources), **more}


def nested(name: str, *resources: Json, needs: object = None, **parameters: object) -> Json:
    """A nested template with its own scope and these parameters."""
    values = {each: {"value": value} for each, value in parameters.items()}
    scope = {"expressionEvaluationOptions": {"scope": "inner"}}
    inner = template(*resources, parameters={each: {"type": "string"} for each in parameters})
    properties = {"template": inner, "parameters": values, **scope}
    return {"type": NESTED, "name": name, "properties": properties, "dependsOn": needs}


def change(
    kind: str,
    after: object,
    unknown: Sequence[str] = (),
    actions: Sequence[str] = ("create",),
    at: str = "x",
) -> Json:
    """A change of a Terraform plan; ``unknown`` are the attributes known after apply."""
    changes = {
        "actions": list(actions),
        "after": after,
        "after_unknown": dict.fromkeys(unknown, True),
    }
    changes["before"] = after
    return {
        "address": f"{kind}.{at}",
        "mode": "managed",
        "type": kind,
        "name": at.partition("[")[0],
        "change": changes,
    }


def plan(*changes: Json, references: object = ()) -> Json:
    """A Terraform plan; the resource of a key refers to the account with ``references``."""
    own = {"cognitive_account_id": {"references": references}}
    resource = {"address": f"{KEY_RESOURCE}.x", "expressions": own}
    configuration = {"root_module": {"resources": [resource]}}
    return {"resource_changes": list(changes), "configuration": configuration}


NEW: Final = ("create",)


def azurerm(
    block: Sequence[object] = (),
    at: str = "x",
    had: object = (),
    actions: Sequence[str] = ("update",),
    unknown: object = (),
) -> Json:
    """A change of azurerm's account with a block that sets a key, and with the block before."""
    values = {"kind": "OpenAI", "name": at, "resource_group_name": "rg"}
    planned = {**values, "customer_managed_key": [*block]}
    its_id = {"id": f"{GROUP}/providers/{ACCOUNT}/{at}"}
    after = planned if "create" in actions else planned | its_id
    before = None if actions == NEW else {**values, "customer_managed_key": had, **its_id}
    made = change("azurerm_cognitive_account", after, actions=actions, at=at)
    unknowns = {"customer_managed_key": unknown} if unknown else {}
    return made | {"change": made["change"] | {"before": before, "after_unknown": unknowns}}


def azapi(body: object, kind: str = "azapi_resource", **more: object) -> Json:
    """A change of an account, or of what updates one, by azapi."""
    return change(kind, {"type": AZAPI, "name": "x", "parent_id": GROUP, "body": body, **more})


def what_if(change_type: str, after: object) -> Json:
    """The result of what-if for one account."""
    change_of = {"resourceId": f"{GROUP}/providers/{ACCOUNT}/chat", "changeType": change_type}
    return {"status": "Succeeded", "changes": [{**change_of, "after": after}]}


def named(key: object) -> Json:
    """An encryption whose key has this name."""
    return {**KEY, "keyVaultProperties": {"keyName": key}}


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


EXISTING_ID: Final = f"{GROUP}/providers/{ACCOUNT}/Chat"
STORAGE: Final = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/s"


def existing(encryption: object = None, kind: object = "OpenAI", **more: object) -> Json:
    """Return what `az cognitiveservices account show` prints."""
    return {
        "id": EXISTING_ID,
        "name": "Chat",
        "kind": kind,
        "properties": {"encryption": encryption},
    } | more


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
    "azurerm deploys a linked template": (plan(change(TEMPLATE_RESOURCE, {"template_content": json.dumps(template(linked("n")))})), [OPEN]),
    "azurerm deploys a template after apply": (plan(change(TEMPLATE_RESOURCE, {"parameters_content": '{"resources": []}'}, ["template_content"])), [OPEN]),
    "azapi with a body in two spellings": (plan(azapi(ENCRYPTED | {"Properties": {}})), [OPEN]),
    "azapi with a body that repeats a name": (plan(azapi(json.dumps(ENCRYPTED)[:-1] + ', "properties": {}}')), [OPEN]),
    "azapi of a type after apply": (plan(change("azapi_resource", {"name": "x"}, ["type"])), [OPEN]),
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
    "existing: another kind": (SPEECH, []),
    "existing: a deleted account": ([existing(id=DELETED), GOOD], [GREEN]),
    "existing: an id that ends with a slash": ([existing(id=f"{EXISTING_ID}/")], [OPEN]),
    "existing: a project": ([existing(id=f"{EXISTING_ID}/projects/p")], []),
    "existing: another resource": ([existing(id=STORAGE)], []),
    "existing: no id in a list": ([existing(id=None), GOOD], [OPEN, GREEN]),
    "existing: an account whose id is a name": (existing(id="chat"), [OPEN]),
    "existing: an entry that is no object": ([GOOD, None, 1, []], [GREEN, OPEN, OPEN, OPEN]),
}  # fmt: skip


def with_change(entry: Json, **more: object) -> Json:
    """Return a change of a plan that differs in these parts."""
    return entry | {"change": entry["change"] | more}


BLOCK: Final = [{"key_vault_key_id": KEY_ID}]
ANEW, LOST, TAKEN = ["delete", "create"], "account_lost", "key_lost"
MADE_ANEW: Final = with_change(
    azurerm(BLOCK, had=BLOCK, actions=ANEW), replace_paths=[["location"], ["identity", 0, "type"]]
)
