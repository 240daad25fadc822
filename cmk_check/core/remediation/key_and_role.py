"""The key that a plan creates, and the role that it grants on it."""

from typing import Final

# Both of Microsoft's pages accept 2048; the one on Azure OpenAI nothing else.
KEY_SIZE: Final = 2048
RETENTION_DAYS: Final = 90
# Key Vault Crypto Service Encryption User: read, wrap and unwrap a key, and nothing else.
ROLE_ID: Final = "e147488a-f6f5-4113-8e2d-b22465e65bf6"
# Versions of the vault's API before this one retire in February 2027.
KEY_VAULT_API: Final = "2026-02-01"
