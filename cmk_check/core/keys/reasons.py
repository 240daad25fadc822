"""What a person is told of key health: how bad each reason is, what follows, and what to do.

docs/key-health.md gives the same table. No sentence holds a name out of Azure; those stand in the
evidence.
"""

from collections.abc import Mapping
from typing import Final

from cmk_check.core.enums import KeyReason, KeySeverity

KEY_SEVERITIES: Final[Mapping[KeyReason, KeySeverity]] = {
    KeyReason.VAULT_NOT_FOUND: KeySeverity.BROKEN,
    KeyReason.VAULT_SOFT_DELETE_OFF: KeySeverity.AT_RISK,
    KeyReason.VAULT_PURGE_PROTECTION_OFF: KeySeverity.AT_RISK,
    KeyReason.VAULT_FIREWALL_BLOCKS_SERVICES: KeySeverity.AT_RISK,
    KeyReason.KEY_NOT_FOUND: KeySeverity.BROKEN,
    KeyReason.KEY_DISABLED: KeySeverity.BROKEN,
    KeyReason.KEY_EXPIRED: KeySeverity.BROKEN,
    KeyReason.KEY_EXPIRES_SOON: KeySeverity.AT_RISK,
    KeyReason.KEY_NOT_YET_VALID: KeySeverity.BROKEN,
    KeyReason.KEY_TYPE_UNSUPPORTED: KeySeverity.BROKEN,
    KeyReason.KEY_TOO_SMALL: KeySeverity.BROKEN,
    KeyReason.KEY_OPERATIONS_MISSING: KeySeverity.BROKEN,
    KeyReason.VERSION_PINNED: KeySeverity.AT_RISK,
    KeyReason.VERSION_NOT_LATEST: KeySeverity.AT_RISK,
    KeyReason.IDENTITY_MISSING: KeySeverity.BROKEN,
    KeyReason.IDENTITY_LACKS_PERMISSION: KeySeverity.BROKEN,
    KeyReason.SCOPE_NOT_CUSTOMER_MANAGED: KeySeverity.AT_RISK,
    KeyReason.CANNOT_READ: KeySeverity.UNKNOWN,
    KeyReason.MANAGED_HSM_NOT_VERIFIABLE: KeySeverity.AT_RISK,
    KeyReason.KEY_SIZE_DISPUTED: KeySeverity.NOTICE,
    KeyReason.IDENTITY_TYPE_DISPUTED: KeySeverity.NOTICE,
    KeyReason.PERMISSION_MODEL_DISPUTED: KeySeverity.NOTICE,
}

KEY_MESSAGES: Final[Mapping[KeyReason, str]] = {
    KeyReason.VAULT_NOT_FOUND: (
        "The vault of the key is gone, and without it the account's data cannot be read: recover "
        "the vault while it is soft-deleted."
    ),
    KeyReason.VAULT_SOFT_DELETE_OFF: (
        "A key or vault that is deleted is lost at once, and the account's data with it: enable "
        "soft delete on the vault."
    ),
    KeyReason.VAULT_PURGE_PROTECTION_OFF: (
        "A deleted key or vault can be purged at once, and the account's data is lost with it: "
        "enable purge protection on the vault."
    ),
    KeyReason.VAULT_FIREWALL_BLOCKS_SERVICES: (
        "The vault's firewall lets no trusted Microsoft service in, so the account may not reach "
        "its key: allow trusted Microsoft services to bypass the firewall. They cannot pass a "
        "network security perimeter, so a vault secured by one has to leave it."
    ),
    KeyReason.KEY_NOT_FOUND: (
        "The key, or the version that the account names, is not in the vault, so the account's "
        "data cannot be read: recover the key while it is soft-deleted, or restore a backup of it."
    ),
    KeyReason.KEY_DISABLED: (
        "The key is disabled, so the account's data cannot be read: enable the version that the "
        "account uses."
    ),
    KeyReason.KEY_EXPIRED: (
        "The key has expired: what is encrypted can still be read, but nothing new can be "
        "protected with it. Set a later expiry, or make a new version and let the account use it."
    ),
    KeyReason.KEY_EXPIRES_SOON: (
        "The key expires within 30 days, and nothing new can be protected with it then: make a "
        "new version and let the account use it, or set a later expiry."
    ),
    KeyReason.KEY_NOT_YET_VALID: (
        "The key is not valid yet: what is encrypted can be read, but nothing new can be protected "
        "with it. Set an earlier activation date, or let the account use another version."
    ),
    KeyReason.KEY_TYPE_UNSUPPORTED: (
        "The key is no RSA key, and the service works with no other: let the account use one of "
        "type RSA or RSA-HSM."
    ),
    KeyReason.KEY_TOO_SMALL: (
        "The key has fewer than 2048 bits, which the service does not accept: let the account use "
        "an RSA key of 2048 bits."
    ),
    KeyReason.KEY_OPERATIONS_MISSING: (
        "The key may not be used to wrap and unwrap, which is all that the service does with it: "
        "add wrapKey and unwrapKey to its permitted operations."
    ),
    KeyReason.VERSION_PINNED: (
        "The account stays with one version of its key, and will not follow when that one expires "
        "or is replaced: take the version out of the account's encryption settings, so that it "
        "follows the newest."
    ),
    KeyReason.VERSION_NOT_LATEST: (
        "The key has a newer version, and disabling or deleting the older one would cut the "
        "account off: let the account use the newest version."
    ),
    KeyReason.IDENTITY_MISSING: (
        "The account has no identity to reach its key with, so its data cannot be read: enable the "
        "system-assigned identity or attach the user-assigned one again, and grant it the key."
    ),
    KeyReason.IDENTITY_LACKS_PERMISSION: (
        "The account's identity may not use the key, so its data cannot be read: grant it the role "
        "Key Vault Crypto User or, where the vault has access policies, get, wrapKey and unwrapKey."
    ),
    KeyReason.SCOPE_NOT_CUSTOMER_MANAGED: (
        "Encryption scopes of the account are not under a customer-managed key, nor is the data in "
        "them: set a key in Key Vault for each of them, or delete them."
    ),
    KeyReason.CANNOT_READ: (
        "Not everything that the health of the key rests on could be seen, so it is unknown: do "
        "what is said of each missing part."
    ),
    KeyReason.MANAGED_HSM_NOT_VERIFIABLE: (
        "Whether the identity may use a key in a Managed HSM cannot be seen from outside of it: "
        "check there that the identity has the local role Managed HSM Crypto User on the key."
    ),
    KeyReason.KEY_SIZE_DISPUTED: (
        "Microsoft's pages disagree on keys above 2048 bits: the one on Azure OpenAI allows 2048 "
        "alone, the one on Foundry more. Nothing has to be done while the account works."
    ),
    KeyReason.IDENTITY_TYPE_DISPUTED: (
        "Microsoft's pages disagree on user-assigned identities: the one on Azure OpenAI allows "
        "none, the one on Foundry does. Nothing has to be done while the account works."
    ),
    KeyReason.PERMISSION_MODEL_DISPUTED: (
        "Microsoft's pages disagree on vaults with roles: the one on Azure OpenAI asks for access "
        "policies, the one on Foundry for roles. Nothing has to be done while the account works."
    ),
}
