"""Key health in the API: of one account, and as counts."""

from datetime import datetime, timedelta

from cmk_check.core.counts import broken_keys, unknown_keys
from cmk_check.core.enums import KeyState
from cmk_check.core.model import AccountCounts, KeyHealth
from cmk_check.web import evidence_models, models


def to_api_key_health(
    health: KeyHealth, scopes_as_of: datetime | None, now: datetime
) -> evidence_models.KeyHealth:
    """Make the API's key health; days to expiry are rounded down to whole days."""
    left = None if health.expires is None else health.expires - now
    return evidence_models.KeyHealth(
        state=health.state,
        reasons=[
            evidence_models.ReasonOfKeyHealth.model_validate(concern) for concern in health.concerns
        ],
        rotation=health.rotation,
        expires=health.expires,
        days_to_expiry=None if left is None else left // timedelta(days=1),
        vault_id=health.vault_id,
        key_id=health.key_id,
        key_version=health.key_version,
        principal_id=health.principal_id,
        scopes_as_of=scopes_as_of,
    )


def to_api_keys(accounts: AccountCounts) -> models.Keys:
    """Count the keys of the compliant accounts; a key that was never read is unknown."""
    return models.Keys(
        healthy=accounts.by_key_health.get(KeyState.HEALTHY, 0),
        at_risk=accounts.by_key_health.get(KeyState.AT_RISK, 0),
        broken=broken_keys(accounts),
        unknown=unknown_keys(accounts),
    )
