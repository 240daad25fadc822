"""The rule: is this account under a customer-managed key?

Source: Trend Micro's knowledge-base page "OpenAI Encryption using Customer-Managed Keys" calls an
account encrypted when ``properties.encryption.keyVaultProperties.keyName`` is not null. This rule
is stricter where that page would pass an account whose data Microsoft's key protects, and says
"unknown" where the answer has a shape nobody documented. The clauses are judged in the order of the
functions below; docs/rule.md gives the table.
"""

from typing import Final

from cmk_check.core.enums import Reason, Verdict
from cmk_check.core.model import Account, Evidence, Judgement
from cmk_check.core.text import lower_ascii

RULE_VERSION: Final = "1"
AUTOMATIC_ROTATION: Final = "automatic"

# KeySource in Microsoft.CognitiveServices 2025-09-01 knows these two and stays open for others.
_MICROSOFT: Final = "microsoft.cognitiveservices"
KEY_VAULT: Final = "microsoft.keyvault"

_VERDICTS: Final = {
    Reason.CUSTOMER_MANAGED_KEY: Verdict.COMPLIANT,
    Reason.NEVER_CONFIGURED: Verdict.NON_COMPLIANT,
    Reason.MICROSOFT_MANAGED_KEY: Verdict.NON_COMPLIANT,
    Reason.KEY_NOT_NAMED: Verdict.NON_COMPLIANT,
    Reason.UNRECOGNISED_KEY_SOURCE: Verdict.UNKNOWN,
    Reason.MALFORMED: Verdict.UNKNOWN,
    Reason.ROW_TOO_NEW: Verdict.UNKNOWN,
}

MESSAGES: Final = {
    Reason.CUSTOMER_MANAGED_KEY: "A customer-managed key is named.",
    Reason.NEVER_CONFIGURED: "No key was ever configured, so Microsoft's keys are used.",
    Reason.MICROSOFT_MANAGED_KEY: "Microsoft's keys are set explicitly.",
    Reason.KEY_NOT_NAMED: "Key Vault is set as the key source, but no key is named.",
    Reason.UNRECOGNISED_KEY_SOURCE: (
        "The key source is missing or unknown to this rule: set it again on the account's "
        "Encryption page, or update cmk_check if Azure has a new one."
    ),
    Reason.MALFORMED: (
        "Azure's answer for the account is not of the documented shape: look at the account with "
        "`az cognitiveservices account show`; if Azure changed the shape, update cmk_check."
    ),
    Reason.ROW_TOO_NEW: (
        "A newer version of cmk_check recorded this account: deploy that version again."
    ),
}


def judge(account: Account) -> Judgement:
    """Judge one account: nothing but a named key in Key Vault makes it compliant."""
    reason = _reason(account)
    message = MESSAGES[reason]
    if account.malformed is not None:
        message = f"{message} ({account.malformed})"
    return Judgement(_VERDICTS[reason], reason, message, _evidence(account))


def row_too_new() -> Judgement:
    """Return the verdict on a finding that a newer version of this program recorded."""
    reason = Reason.ROW_TOO_NEW
    return Judgement(_VERDICTS[reason], reason, MESSAGES[reason], Evidence())


def row_broken(message: str) -> Judgement:
    """Return the verdict on a finding whose row cannot be read; ``message`` says how to heal it."""
    return Judgement(Verdict.UNKNOWN, Reason.MALFORMED, message, Evidence())


def _reason(account: Account) -> Reason:
    """Apply R6, R2, R3, R4, R1, R5 in this order."""
    if account.malformed is not None:
        return Reason.MALFORMED
    source = lower_ascii(account.key_source or "")
    named = _is_named(account.key_name)
    if not source and not named:
        return Reason.NEVER_CONFIGURED
    if source == _MICROSOFT:
        return Reason.MICROSOFT_MANAGED_KEY
    if source == KEY_VAULT:
        return Reason.CUSTOMER_MANAGED_KEY if named else Reason.KEY_NOT_NAMED
    return Reason.UNRECOGNISED_KEY_SOURCE


def _is_named(key_name: str | None) -> bool:
    """Tell a name from blanks, also from the invisible characters that str.strip leaves.

    U+FFFD stands where a character was that no table or JSON can hold.
    """
    return any(
        char.isprintable() and not char.isspace() and char != "\ufffd" for char in key_name or ""
    )


def _evidence(account: Account) -> Evidence:
    version = None
    if _is_named(account.key_name):
        # Azure documents an omitted and an empty version alike as automatic rotation.
        version = (account.key_version or "").strip() or AUTOMATIC_ROTATION
    return Evidence(
        key_source=account.key_source,
        key_name=account.key_name,
        key_version=version,
        key_vault_uri=account.key_vault_uri,
        identity_type=account.identity_type,
        identity_client_id=account.identity_client_id,
        provisioning_state=account.provisioning_state,
    )
