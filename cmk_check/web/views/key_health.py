"""Key health as callers see it: of one account, and in sums."""

from datetime import datetime, timedelta

from cmk_check.core.enums import KeyState
from cmk_check.core.model import AccountCounts, KeyConcern, KeyHealth
from cmk_check.web import models


def to_api_key_health(health: KeyHealth, now: datetime) -> models.KeyHealth:
    """Show the health of a key; the days to its expiry are whole ones, rounded down."""
    left = None if health.expires is None else health.expires - now
    return models.KeyHealth(
        state=health.state,
        reasons=[_reason(concern) for concern in health.concerns],
        rotation=health.rotation,
        expires=health.expires,
        days_to_expiry=None if left is None else left // timedelta(days=1),
        vault_id=health.vault_id,
        key_id=health.key_id,
        key_version=health.key_version,
        principal_id=health.principal_id,
    )


def to_api_keys(accounts: AccountCounts) -> models.Keys:
    """Sum the keys of the compliant accounts: one that was never looked at is unknown."""
    known = {
        state: accounts.by_key_health.get(state, 0)
        for state in (KeyState.HEALTHY, KeyState.AT_RISK, KeyState.BROKEN)
    }
    return models.Keys(
        healthy=known[KeyState.HEALTHY],
        at_risk=known[KeyState.AT_RISK],
        broken=known[KeyState.BROKEN],
        unknown=accounts.compliant - sum(known.values()),
    )


def _reason(concern: KeyConcern) -> models.ReasonOfKeyHealth:
    return models.ReasonOfKeyHealth(
        code=concern.code,
        severity=concern.severity,
        message=concern.message,
        evidence=dict(concern.evidence),
        missing_action=concern.missing_action,
    )
