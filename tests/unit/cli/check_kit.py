"""Documents for ``check``, built from their parts, and the verdicts on them."""

from collections.abc import Callable, Sequence
from typing import Any, Final

NEEDED: Final = {"apiVersion": "2025-06-01", "location": "westeurope"}
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


def named(key: object) -> Json:
    """An encryption whose key has this name."""
    return {**KEY, "keyVaultProperties": {"keyName": key}}


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


def with_change(entry: Json, **more: object) -> Json:
    """Return a change of a plan that differs in these parts."""
    return entry | {"change": entry["change"] | more}


BLOCK: Final = [{"key_vault_key_id": KEY_ID}]
ANEW, LOST, TAKEN = ["delete", "create"], "account_lost", "key_lost"
MADE_ANEW: Final = with_change(
    azurerm(BLOCK, had=BLOCK, actions=ANEW), replace_paths=[["location"], ["identity", 0, "type"]]
)
