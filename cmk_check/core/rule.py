"""The rule: is this account encrypted with a customer-managed key?

Trend Micro's knowledge-base page "OpenAI Encryption using Customer-Managed Keys" considers an
account encrypted if ``properties.encryption.keyVaultProperties.keyName`` is not null. This rule is
stricter. The rule rejects accounts that pass Trend Micro's check although Microsoft's key protects
their data, and returns "unknown" if Azure's response has an undocumented format. ``_judge`` applies
the clauses in order; docs/rule.md contains the table of clauses.
"""

import re
from dataclasses import replace
from typing import Final

from cmk_check.core.account import Account, Evidence, Judgement
from cmk_check.core.enums import Reason, ReasonSeverity, Verdict
from cmk_check.core.kinds import has_customer_keys
from cmk_check.core.reasons.catalogue import VERDICT_REASONS
from cmk_check.core.text import lower_ascii

RULE_VERSION: Final = "1"
AUTOMATIC_ROTATION: Final = "automatic"

# KeySource in Microsoft.CognitiveServices 2025-09-01 has these two values and is open to others.
_MICROSOFT: Final = "microsoft.cognitiveservices"
KEY_VAULT: Final = "microsoft.keyvault"
KEY_NAME: Final = re.compile("[0-9A-Za-z-]{1,127}")
"""The key names that Azure allows, in a vault and in a Managed HSM.

https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates (object-name)
and the pattern of key-name in https://learn.microsoft.com/rest/api/keyvault/keys/create-key.
The first page also requires a leading letter; the service does not.
"""
_NO_NAME: Final = "properties.encryption.keyVaultProperties.keyName is not the name of a key."
_NO_KEYS: Final = (
    "Azure offers no customer-managed keys for accounts of this kind: take the kind out of "
    "CMK_KINDS."
)
_UNHEARD_OF: Final = (
    "The row has a value that this version of cmk_check does not know: a newer version recorded "
    "the account, or somebody changed the row. The next scan reads the account again."
)

_VERDICTS: Final = {
    ReasonSeverity.INFO: Verdict.COMPLIANT,
    ReasonSeverity.UNKNOWN: Verdict.UNKNOWN,
    ReasonSeverity.ERROR: Verdict.NON_COMPLIANT,
}


def judge(account: Account) -> Judgement:
    """Judge one account: only a named key in Key Vault makes it compliant."""
    reason = _judge(account)
    note = (account.malformed or _NO_NAME) if reason is Reason.MALFORMED else None
    judgement = build_judgement(reason, note, _evidence(account))
    if judgement.verdict is Verdict.NON_COMPLIANT and not has_customer_keys(account.kind):
        # No key can fix this reason, so its own way out would be misleading.
        return replace(judgement, message=f"{VERDICT_REASONS[reason].message} {_NO_KEYS}")
    return judgement


def build_judgement(
    reason: Reason, note: str | None = None, evidence: Evidence | None = None
) -> Judgement:
    """Return the judgement for a reason; ``note`` is added to the reason's message."""
    entry = VERDICT_REASONS[reason]
    return Judgement(_VERDICTS[entry.severity], reason, entry.text(note), evidence or Evidence())


def row_too_new() -> Judgement:
    """Return the judgement of a finding that a newer version of this program recorded."""
    return build_judgement(Reason.ROW_TOO_NEW)


def row_broken(message: str) -> Judgement:
    """Return the judgement of a finding with an unreadable row; ``message`` says how to fix it."""
    return Judgement(Verdict.UNKNOWN, Reason.MALFORMED, message, Evidence())


def judge_unknown_row(verdict: Verdict, evidence: Evidence) -> Judgement:
    """Return the judgement of a finding whose row has values that this version does not recognize.

    ``verdict`` is the verdict in the row. A recorded violation remains a violation, so that it is
    not announced again. The ``row_too_new`` reason marks findings whose verdict was announced.
    """
    reason = Reason.MALFORMED if verdict is Verdict.UNKNOWN else Reason.ROW_TOO_NEW
    now = Verdict.UNKNOWN if verdict is Verdict.COMPLIANT else verdict
    return Judgement(now, reason, _UNHEARD_OF, evidence)


def _judge(account: Account) -> Reason:
    """Apply the rule's clauses in the order R6, R2, R3, R4, R1, R5."""
    if account.malformed is not None:
        return Reason.MALFORMED
    source = lower_ascii(account.key_source or "")
    key_name = account.key_name
    if not source and _is_blank(key_name):
        return Reason.NEVER_CONFIGURED
    if source == _MICROSOFT:
        return Reason.MICROSOFT_MANAGED_KEY
    if source != KEY_VAULT:
        return Reason.UNRECOGNISED_KEY_SOURCE
    if _is_blank(key_name):
        return Reason.KEY_NOT_NAMED
    is_name = KEY_NAME.fullmatch(key_name or "")
    return Reason.CUSTOMER_MANAGED_KEY if is_name else Reason.MALFORMED


def _is_blank(key_name: str | None) -> bool:
    """Return whether a key's name contains only blanks and invisible characters.

    str.strip keeps some invisible characters. U+FFFD represents a character that no table or JSON
    document can contain.
    """
    return not any(
        char.isprintable() and not char.isspace() and char != "\ufffd" for char in key_name or ""
    )


def _evidence(account: Account) -> Evidence:
    version = None
    if not _is_blank(account.key_name):
        # Azure documents both a missing and an empty version as automatic rotation.
        version = (account.key_version or "").strip() or AUTOMATIC_ROTATION
    return Evidence(
        key_source=account.key_source,
        key_name=account.key_name,
        key_version=version,
        key_vault_uri=account.key_vault_uri,
        identity_type=account.identity_type,
        identity_client_id=account.identity_client_id,
        provisioning_state=account.provisioning_state,
        created_at=account.created_at,
    )
