"""Key health: can the key behind a compliant account be used, and will it stay so?"""

from datetime import datetime

from cmk_check.core.key_facts import KeyFacts
from cmk_check.core.key_grants import suffices
from cmk_check.core.model import Account, KeyConcern, KeyHealth
from cmk_check.core.words import KeyReason, KeySeverity, KeyState

__all__ = ["judge_key", "suffices", "user_of"]


def user_of(account: Account) -> str | None:
    """Return the object id of the identity that uses the account's key, lower-cased, or None."""
    client_id = (account.identity_client_id or "").strip().lower()
    if not client_id:
        return account.principal_id
    return next(
        (
            identity.principal_id
            for identity in account.user_identities
            if identity.client_id == client_id
        ),
        None,
    )


def judge_key(account: Account, facts: KeyFacts, now: datetime) -> KeyHealth:  # noqa: ARG001
    """Judge the key behind one compliant account."""
    message = "Key health is not judged yet."
    concern = KeyConcern(KeyReason.CANNOT_READ, KeySeverity.UNKNOWN, message)
    return KeyHealth(KeyState.UNKNOWN, (concern,), principal_id=user_of(account))
