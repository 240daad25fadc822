"""The two changes to an account that are simulated: its identity and its encryption.

`az cognitiveservices account identity assign` and `account update --encryption` send them, each as
a PATCH. The answer to any other body is 501.
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
    this type. Encryption is merged: properties that the body does not name stay.
    """
    try:
        body = json.loads(incoming.body)
    except ValueError:
        return errors.invalid_request_content()
    if body == _ASSIGN:
        account.assign_identity()
        return Reply(200, account.encoded())
    encryption = _encryption(body, account)
    if encryption is None:
        return errors.not_simulated(incoming, "any body but one with an identity or an encryption")
    wanted = account.encryption_with(encryption)
    if str(wanted.get("keySource", "")).lower() == _KEY_VAULT:
        key = wanted.get("keyVaultProperties")
        if not isinstance(key, dict) or not usable(estate, account, key):
            return errors.key_vault_properties_invalid()
    account.merge_encryption(encryption)
    return Reply(200, account.encoded())


def _encryption(body: Any, account: Account) -> dict[str, Any] | None:  # noqa: ANN401 - any JSON
    """Return the encryption in a body that has nothing else, except the account's own SKU."""
    match body:
        case {"sku": {"name": sku}, "properties": {"encryption": dict(encryption)}}:
            alone = body == {"sku": {"name": sku}, "properties": {"encryption": encryption}}
            return encryption if alone and sku == account.sku else None
        case {"properties": {"encryption": dict(encryption)}}:
            return encryption if body == {"properties": {"encryption": encryption}} else None
        case _:
            return None
