"""An entry of Azure's list of accounts, with every part that is read."""

from typing import Any

from cmk_check.core.account import Account, parse_account

TAGS = frozenset({"owner", "costcenter"})
ID = (
    "/subscriptions/8D3C0000-0000-4000-8000-000000000001/resourceGroups/rg-AI/providers/"
    "Microsoft.CognitiveServices/accounts/Chat"
)
KEY = {"keyName": "cmk", "keyVersion": "1", "keyVaultUri": "https://kv/", "identityClientId": "c"}
FULL: dict[str, Any] = {
    "id": ID,
    "kind": "OpenAI",
    "location": "westeurope",
    "tags": {"Owner": "ai", "CostCenter": "1", "other": "x"},
    "identity": {"type": "SystemAssigned"},
    "properties": {
        "provisioningState": "Succeeded",
        "encryption": {"keySource": "Microsoft.KeyVault", "keyVaultProperties": KEY},
    },
    "systemData": {"createdBy": "someone@example.com", "createdAt": "2026-03-19T21:34:59.7475991Z"},
}


def parse(**changes: object) -> Account:
    """Parse the full entry with some parts changed."""
    account = parse_account({**FULL, **changes}, TAGS)
    assert account is not None
    return account
