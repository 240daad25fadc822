"""The changes to an account that are simulated: of its identity, encryption and tags, and its end.

`az cognitiveservices account identity assign` and `account update`, with `--encryption` or
`--tags`, send the first three, each as a PATCH. The answer to any other body is 501.
"""

import json
from typing import Any, Final

from local.simulator import errors
from local.simulator.estate import Account, Estate
from local.simulator.key_use import usable
from local.simulator.messages import Incoming, Reply

_ASSIGN: Final = {"identity": {"type": "SystemAssigned"}}
_KEY_VAULT: Final = "microsoft.keyvault"


def patch(estate: Estate, account: Account, incoming: Incoming) -> Reply:
    """Change an account as the body says, and answer with the changed account.

    An identity replaces the whole previous one, with user-assigned identities, as Azure does for
    this type, and tags replace all tags. Encryption is merged: properties that the body does not
    name stay.
    """
    try:
        body = json.loads(incoming.body)
    except ValueError:
        return errors.invalid_request_content()
    if body == _ASSIGN:
        account.assign_identity()
        return Reply(200, account.encoded())
    wanted = _wanted(body, account)
    if wanted is None:
        return errors.not_simulated(
            incoming, "any body but one with an identity, an encryption or tags"
        )
    tags, encryption = wanted
    if encryption is not None:
        merged = account.encryption_with(encryption)
        if str(merged.get("keySource", "")).lower() == _KEY_VAULT:
            key = merged.get("keyVaultProperties")
            if not isinstance(key, dict) or not usable(estate, account, key):
                return errors.key_vault_properties_invalid()
        account.merge_encryption(encryption)
    if tags is not None:
        account.set("tags", tags)
    return Reply(200, account.encoded())


def _wanted(
    body: Any,  # noqa: ANN401 - any JSON
    account: Account,
) -> tuple[dict[str, str] | None, dict[str, Any] | None] | None:
    """Return the tags and the encryption of a body, or None if it has anything else, or neither.

    The account's own SKU may stand in it, which the az command always sends.
    """
    if not isinstance(body, dict) or not body.keys() <= {"sku", "tags", "properties"}:
        return None
    tags, properties = body.get("tags"), body.get("properties", {})
    if body.get("sku", {"name": account.sku}) != {"name": account.sku}:
        return None
    if not (tags is None or isinstance(tags, dict)) or not isinstance(properties, dict):
        return None
    if not properties and tags is not None:
        return tags, None
    encryption = properties.get("encryption")
    is_known = properties.keys() == {"encryption"} and isinstance(encryption, dict)
    return (tags, encryption) if is_known else None
