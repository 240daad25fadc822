"""Judge key health: whether a compliant account's key is usable and will remain usable.

Key health is at best unknown if a required fact could not be read, and healthy only if every
condition is met. The requirements for keys, vaults and identities are from Microsoft's page
"Customer-managed keys for Microsoft Foundry". Where Microsoft's page about Azure OpenAI has a
different requirement, breaking that requirement causes only a notice.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from cmk_check.core.account import Account
from cmk_check.core.enums import KeyReason, KeyRotation, KeySeverity, KeyState
from cmk_check.core.keys.facts import Key, KeyFacts, Vault
from cmk_check.core.keys.key_health import KeyConcern, KeyHealth, Unseen, cannot_read, concern
from cmk_check.core.keys.permissions import check_identity, check_permissions, get_key_user
from cmk_check.core.keys.vault import check_vault, mark_untrusted_vault
from cmk_check.core.keys.version_in_use import find_version_in_use, get_pinned_version
from cmk_check.core.reasons import key_sentences as sentences

# The worst state first.
_STATES: Final = {
    KeySeverity.BROKEN: KeyState.BROKEN,
    KeySeverity.UNKNOWN: KeyState.UNKNOWN,
    KeySeverity.AT_RISK: KeyState.AT_RISK,
    KeySeverity.NOTICE: KeyState.HEALTHY,
}
_SEVERITIES: Final = tuple(_STATES)
_REASONS: Final = tuple(KeyReason)
# In all other states, the update has succeeded or is in progress.
_FAILED: Final = frozenset({"failed", "canceled"})


def judge_key_health(account: Account, facts: KeyFacts, now: datetime) -> KeyHealth:
    """Judge the key of one compliant account at ``now``, which must have a time zone."""
    facts = mark_untrusted_vault(account, facts)
    version, of_key = find_version_in_use(account, facts, now)
    problems = (*of_key, *check_vault(account, facts.vault), *_check_account(account, facts))
    concerns = [each for each in problems if isinstance(each, KeyConcern)]
    if unseen := [each for each in problems if isinstance(each, Unseen)]:
        concerns.append(cannot_read(unseen))
    concerns.sort(key=lambda each: (_SEVERITIES.index(each.severity), _REASONS.index(each.code)))
    return KeyHealth(
        state=_STATES[concerns[0].severity] if concerns else KeyState.HEALTHY,
        concerns=tuple(concerns),
        rotation=KeyRotation.PINNED if get_pinned_version(account) else KeyRotation.AUTOMATIC,
        expires=version.expires if version else None,
        vault_id=facts.vault.id or None,
        key_id=(facts.key.id or None) if facts.key else None,
        key_version=version.version if version else get_pinned_version(account),
        principal_id=get_key_user(account),
        next_rotation_at=facts.key.next_rotation_at if isinstance(facts.key, Key) else None,
    )


def _check_account(account: Account, facts: KeyFacts) -> Iterator[KeyConcern | Unseen]:
    """Yield problems with an account's state, identity and permissions."""
    if (account.provisioning_state or "").strip().lower() in _FAILED:
        yield concern(KeyReason.ACCOUNT_FAILED, {"provisioningState": account.provisioning_state})
    if account.malformed_key is not None:
        fault = f"Account: {account.malformed_key}"
        yield Unseen(
            "account", sentences.describe_malformed(fault, "az cognitiveservices account show")
        )
    else:
        yield from check_identity(account)
        if isinstance(facts.vault, Vault):
            yield from check_permissions(account, facts.vault, facts.grants)
