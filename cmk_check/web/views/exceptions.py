"""Exceptions in the API: of one account, and as counts, both as they are now."""

from datetime import datetime

from cmk_check.core.exceptions.account_exception import AccountException, honoured_at
from cmk_check.core.model import AccountCounts
from cmk_check.core.reasons.exception_sentences import EXCEPTION_REASONS
from cmk_check.web import evidence_models, models


def to_api_exception(recorded: AccountException, now: datetime) -> evidence_models.AccountException:
    """Make the API's exception; an honoured one ends at its expiry."""
    exception = recorded.at(now)
    return evidence_models.AccountException(
        id=exception.id,
        category=exception.category,
        display_name=exception.display_name,
        description=exception.description,
        ticket=exception.ticket,
        approved_by=exception.approved_by,
        created_by=exception.created_by,
        expires_on=exception.expires_on,
        honoured=exception.is_honoured,
        reason=exception.reason,
        message=exception.detail or EXCEPTION_REASONS[exception.reason].text(),
        missing_action=exception.missing_action,
    )


def to_api_accounts(accounts: AccountCounts, now: datetime) -> models.Accounts:
    """Make the API's counts; exceptions that have ended are not counted."""
    return models.Accounts(
        total=accounts.total,
        compliant=accounts.compliant,
        non_compliant=accounts.non_compliant,
        unknown=accounts.unknown,
        unread=accounts.unread,
        excepted=honoured_at(accounts.excepted, now),
        by_kind={
            kind: models.CountsOfKind.model_validate(counts)
            for kind, counts in accounts.by_kind.items()
        },
        ignored_by_kind=dict(accounts.ignored_by_kind),
    )
