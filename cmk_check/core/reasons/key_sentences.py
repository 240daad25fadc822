"""Why key health is what it is. No sentence holds a name out of Azure: evidence has the names."""

from collections.abc import Mapping
from typing import Final

from cmk_check.core.enums import Actor, KeyReason, KeySeverity, ReasonSeverity
from cmk_check.core.reasons.reason_entry import ReasonEntry

_ERROR: Final = ReasonSeverity.ERROR
_WARNING: Final = ReasonSeverity.WARNING
_INFO: Final = ReasonSeverity.INFO
_WHILE_IT_WORKS: Final = "Nothing has to be done while the account works."

KEY_REASONS: Final[Mapping[KeyReason, ReasonEntry]] = {
    KeyReason.VAULT_NOT_FOUND: ReasonEntry(
        _ERROR,
        "The vault of the key is gone, and without it the account's data cannot be read.",
        "Recover the vault while it is soft-deleted.",
        Actor.KEY_OWNER,
    ),
    KeyReason.VAULT_SOFT_DELETE_OFF: ReasonEntry(
        _WARNING,
        "A deleted key or vault is lost at once, and the account's data with it.",
        "Enable soft delete on the vault.",
        Actor.KEY_OWNER,
    ),
    KeyReason.VAULT_PURGE_PROTECTION_OFF: ReasonEntry(
        _WARNING,
        "A deleted key or vault can be purged at once, and the account's data is lost with it.",
        "Enable purge protection on the vault.",
        Actor.KEY_OWNER,
    ),
    KeyReason.VAULT_FIREWALL_BLOCKS_SERVICES: ReasonEntry(
        _WARNING,
        "The vault's firewall blocks trusted Microsoft services, so the account may not reach its "
        "key.",
        "Allow trusted Microsoft services to bypass the firewall. They cannot pass a network "
        "security perimeter: a vault in one must leave it.",
        Actor.KEY_OWNER,
    ),
    KeyReason.KEY_NOT_FOUND: ReasonEntry(
        _ERROR,
        "The key, or the version that the account names, is not in the vault, so the account's "
        "data cannot be read.",
        "Recover the key while it is soft-deleted, or restore a backup of it.",
        Actor.KEY_OWNER,
    ),
    KeyReason.KEY_DISABLED: ReasonEntry(
        _ERROR,
        "The key is disabled, so the account's data cannot be read.",
        "Enable the version that the account uses, unless it was disabled on purpose.",
        Actor.KEY_OWNER,
    ),
    KeyReason.KEY_EXPIRED: ReasonEntry(
        _ERROR,
        "The key has expired: encrypted data can still be read, but the key cannot protect new "
        "data.",
        "Set a later expiry date, or make a new version and let the account use it.",
        Actor.KEY_OWNER,
    ),
    KeyReason.KEY_EXPIRES_SOON: ReasonEntry(
        _WARNING,
        "The key expires within 30 days, and then it cannot protect new data.",
        "Make a new version and let the account use it, or set a later expiry date.",
        Actor.KEY_OWNER,
    ),
    KeyReason.KEY_NOT_YET_VALID: ReasonEntry(
        _ERROR,
        "The key is not valid yet: encrypted data can be read, but the key cannot protect new "
        "data.",
        "Set an earlier activation date, or let the account use another version.",
        Actor.KEY_OWNER,
    ),
    KeyReason.KEY_TYPE_UNSUPPORTED: ReasonEntry(
        _ERROR,
        "The key is not an RSA key, and the service accepts no other type.",
        "Set a key of type RSA or RSA-HSM of the same vault on the account.",
        Actor.ACCOUNT_OWNER,
    ),
    KeyReason.KEY_TOO_SMALL: ReasonEntry(
        _ERROR,
        "The key has fewer than 2048 bits, which the service does not accept.",
        "Set an RSA key of 2048 bits of the same vault on the account.",
        Actor.ACCOUNT_OWNER,
    ),
    KeyReason.KEY_OPERATIONS_MISSING: ReasonEntry(
        _ERROR,
        "The key does not permit wrapping and unwrapping, which the service needs.",
        "Add wrapKey and unwrapKey to the permitted operations of the key.",
        Actor.KEY_OWNER,
    ),
    KeyReason.VERSION_PINNED: ReasonEntry(
        _WARNING,
        "The account stays with one version of its key and does not follow when that version "
        "expires or is replaced.",
        "Remove the version from the account's encryption settings, so that the account follows "
        "the newest one.",
        Actor.ACCOUNT_OWNER,
    ),
    KeyReason.VERSION_NOT_LATEST: ReasonEntry(
        _WARNING,
        "The key has a newer version. If somebody disables or deletes the older one, the account "
        "loses its key.",
        "Let the account use the newest version.",
        Actor.ACCOUNT_OWNER,
    ),
    KeyReason.IDENTITY_MISSING: ReasonEntry(
        _ERROR,
        "The account has no identity to reach its key with, so its data cannot be read.",
        "Enable the system-assigned identity or attach the user-assigned one again, and grant it "
        "access to the key.",
        Actor.ACCOUNT_OWNER,
    ),
    KeyReason.IDENTITY_LACKS_PERMISSION: ReasonEntry(
        _ERROR,
        "The account's identity may not use the key, so the account's data cannot be read.",
        "Grant the identity the role Key Vault Crypto User. If the vault uses access policies, "
        "grant get, wrapKey and unwrapKey.",
        Actor.KEY_OWNER,
    ),
    KeyReason.SCOPE_NOT_CUSTOMER_MANAGED: ReasonEntry(
        _WARNING,
        "Encryption scopes of the account are not under a customer-managed key, and neither is the "
        "data in them.",
        "Set a key in Key Vault for each of these scopes, or delete them.",
        Actor.ACCOUNT_OWNER,
    ),
    KeyReason.ACCOUNT_FAILED: ReasonEntry(
        ReasonSeverity.UNKNOWN,
        "The last update of the account failed or was canceled, so Azure does not say whether the "
        "account uses the key that it names.",
        "Repeat the update: set the account's encryption again, and wait until its provisioning "
        "state is Succeeded.",
        Actor.ACCOUNT_OWNER,
    ),
    KeyReason.CANNOT_READ: ReasonEntry(
        ReasonSeverity.UNKNOWN,
        "Something that the health of the key depends on could not be read.",
        "Do what the message says of each missing part.",
        Actor.ACCESS_ADMIN,
    ),
    KeyReason.MANAGED_HSM_NOT_VERIFIABLE: ReasonEntry(
        _WARNING,
        "The key is in a Managed HSM, and its roles cannot be read from outside.",
        "Check in the HSM that the identity has the local role Managed HSM Crypto User on the key.",
        Actor.KEY_OWNER,
    ),
    KeyReason.KEY_SIZE_DISPUTED: ReasonEntry(
        _INFO,
        "Microsoft's pages disagree on keys above 2048 bits: the page on Azure OpenAI allows 2048 "
        "only, the page on Foundry allows more.",
        _WHILE_IT_WORKS,
        Actor.NOBODY,
    ),
}

KEY_SEVERITIES: Final[Mapping[ReasonSeverity, KeySeverity]] = {
    ReasonSeverity.INFO: KeySeverity.NOTICE,
    ReasonSeverity.WARNING: KeySeverity.AT_RISK,
    ReasonSeverity.UNKNOWN: KeySeverity.UNKNOWN,
    ReasonSeverity.ERROR: KeySeverity.BROKEN,
}
"""What findings call the severities of the catalogue."""


def key_severity(code: KeyReason) -> KeySeverity:
    """Return what a reason does to key health."""
    return KEY_SEVERITIES[KEY_REASONS[code].severity]
