"""The aspects beside a verdict in the API: one account's, and the counts."""

from datetime import datetime, timedelta

from cmk_check.core.aspects.key_health import KEY_HEALTH
from cmk_check.core.exceptions.account_exception import honoured_at
from cmk_check.core.keys.key_health import KeyHealth
from cmk_check.core.model import AccountCounts, Finding
from cmk_check.web import aspect_models, models


def to_api_accounts(accounts: AccountCounts, now: datetime) -> models.Accounts:
    """Make the counts by verdict; ended exceptions are not counted."""
    return models.Accounts(
        total=accounts.total,
        compliant=accounts.compliant,
        non_compliant=accounts.non_compliant,
        unknown=accounts.unknown,
        unread=accounts.unread,
        excepted=honoured_at(accounts.excepted, now),
        overdue=accounts.overdue,
        by_kind=accounts.by_kind,
        ignored_by_kind=accounts.ignored_by_kind,
    )


def to_api_keys(accounts: AccountCounts) -> aspect_models.Keys:
    """Make the counts by key health; a key that was never read counts as unknown."""
    return aspect_models.Keys.model_validate(KEY_HEALTH.all_sums(accounts))


def to_api_sides(finding: Finding, now: datetime) -> dict[str, object]:
    """Make the fields of ``Sides``; an honoured exception ends at its expiry."""
    return {
        "key_health": _key_health(finding.key_health, now),
        "exception": finding.exception.at(now) if finding.exception else None,
    }


def _key_health(health: KeyHealth | None, now: datetime) -> aspect_models.KeyHealth | None:
    """Make the health of a key; days to expiry are rounded down to whole days."""
    if health is None:
        return None
    return aspect_models.KeyHealth(
        state=health.state,
        reasons=health.concerns,
        rotation=health.rotation,
        expires=health.expires,
        days_to_expiry=(health.expires - now) // timedelta(days=1) if health.expires else None,
        vault_id=health.vault_id,
        key_id=health.key_id,
        key_version=health.key_version,
        principal_id=health.principal_id,
        next_rotation_at=health.next_rotation_at,
    )
