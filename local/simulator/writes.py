"""The two changes of an account that are simulated: its identity and its encryption.

They are what `az cognitiveservices account identity assign` and `account update --encryption` send,
each a PATCH; whatever else a body holds is not simulated, and said to be.
"""

import json
from typing import Any, Final

from local.simulator import errors
from local.simulator.estate import Account
from local.simulator.messages import Incoming, Reply

_ASSIGN: Final = {"identity": {"type": "SystemAssigned"}}
_KEY_VAULT: Final = "microsoft.keyvault"


def patch(account: Account, incoming: Incoming) -> Reply:
    """Change an account as the body says, and answer with it as it is then.

    An identity replaces the one before, user-assigned ones too, as Azure does for this type.
    Encryption is merged: what is not named stays.
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
        return errors.not_simulated(incoming, "a body but for an identity or an encryption")
    if _needs_identity(encryption) and not account.has_identity:
        return errors.key_vault_properties_invalid()
    account.merge_encryption(encryption)
    return Reply(200, account.encoded())


def _encryption(body: Any, account: Account) -> dict[str, Any] | None:  # noqa: ANN401 - any JSON
    """Return the encryption in a body that holds nothing else but the SKU the account has."""
    match body:
        case {"sku": {"name": sku}, "properties": {"encryption": dict(encryption)}}:
            alone = body == {"sku": {"name": sku}, "properties": {"encryption": encryption}}
            return encryption if alone and sku == account.sku else None
        case {"properties": {"encryption": dict(encryption)}}:
            return encryption if body == {"properties": {"encryption": encryption}} else None
        case _:
            return None


def _needs_identity(encryption: dict[str, Any]) -> bool:
    return str(encryption.get("keySource", "")).lower() == _KEY_VAULT
