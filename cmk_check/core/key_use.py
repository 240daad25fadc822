"""The key that an account uses, according to its finding."""

from cmk_check.core.enums import Verdict
from cmk_check.core.keys.parsing import key_id
from cmk_check.core.model import Finding


def get_key_id(finding: Finding) -> str | None:
    """Return the id of the account's key, or None if the key is missing or unknown."""
    if finding.judgement.verdict is not Verdict.COMPLIANT:
        return None
    evidence = finding.judgement.evidence
    return key_id(f"{evidence.key_vault_uri}/keys/{evidence.key_name}")
