"""What stands beside a verdict in the API: of one account, and as counts."""

from datetime import datetime, timedelta
from typing import TypedDict

from cmk_check.core.aspects.azure_policies import AZURE_POLICY
from cmk_check.core.aspects.data_stores import DATA_STORES
from cmk_check.core.aspects.key_health import key_sums
from cmk_check.core.azure_policy import policy_answer
from cmk_check.core.data_stores.account_data import AccountData
from cmk_check.core.exceptions.account_exception import AccountException, honoured_at
from cmk_check.core.keys.key_health import KeyHealth
from cmk_check.core.model import AccountCounts, Finding
from cmk_check.core.owner import Owner
from cmk_check.core.reasons.catalogue import EXCEPTION_REASONS
from cmk_check.web import aspect_models, models


class SideCounts(TypedDict):
    """The counts of aspects that every sum of accounts has."""

    data_stores: aspect_models.DataStoreCounts | None


class AspectCounts(SideCounts):
    """The counts of all aspects."""

    keys: aspect_models.Keys | None
    azure_policy: aspect_models.PolicyCounts | None


def to_api_counts(accounts: AccountCounts, *, key_health: bool) -> AspectCounts:
    """Make the counts; ``key_health`` is whether keys are read, the others are None if unknown."""
    policy = AZURE_POLICY.sums(accounts)
    return {
        "keys": to_api_keys(accounts) if key_health else None,
        **to_api_side_counts(accounts),
        "azure_policy": aspect_models.PolicyCounts.model_validate(policy) if policy else None,
    }


def to_api_keys(accounts: AccountCounts) -> aspect_models.Keys:
    """Count the keys of the compliant accounts; a key that was never read is unknown."""
    return aspect_models.Keys.model_validate(key_sums(accounts))


def to_api_side_counts(accounts: AccountCounts | None) -> SideCounts:
    """Count accounts by the state of their data, None if no data store was looked at."""
    stores = DATA_STORES.sums(accounts) if accounts else None
    return {"data_stores": aspect_models.DataStoreCounts.model_validate(stores) if stores else None}


def to_api_accounts(accounts: AccountCounts, now: datetime) -> models.Accounts:
    """Make the counts by verdict; exceptions that have ended are not counted."""
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


def to_api_key_health(
    health: KeyHealth | None, scopes_as_of: datetime | None, now: datetime
) -> aspect_models.KeyHealth | None:
    """Make the health of a key; days to expiry are rounded down to whole days."""
    if health is None:
        return None
    left = None if health.expires is None else health.expires - now
    return aspect_models.KeyHealth(
        state=health.state,
        reasons=[aspect_models.ReasonOfKeyHealth.model_validate(each) for each in health.concerns],
        rotation=health.rotation,
        expires=health.expires,
        days_to_expiry=None if left is None else left // timedelta(days=1),
        vault_id=health.vault_id,
        key_id=health.key_id,
        key_version=health.key_version,
        principal_id=health.principal_id,
        scopes_as_of=scopes_as_of,
    )


def to_api_data_stores(data: AccountData | None) -> aspect_models.DataStores | None:
    """Make the data stores of an account."""
    if data is None:
        return None
    return aspect_models.DataStores(
        state=data.state,
        reasons=[aspect_models.ReasonOfDataStores.model_validate(each) for each in data.concerns],
        stores=[aspect_models.DataStore.model_validate(store) for store in data.stores],
        basic_projects=list(data.basic),
        as_of=data.as_of,
    )


def to_api_exception(
    recorded: AccountException | None, now: datetime
) -> aspect_models.AccountException | None:
    """Make the exception of an account; an honoured one ends at its expiry."""
    if recorded is None:
        return None
    exception = recorded.at(now)
    return aspect_models.AccountException(
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


def to_api_owner(owner: Owner | None) -> aspect_models.Owner | None:
    """Make the owner of an account, None if it has none."""
    if owner is None or owner.value is None or owner.source is None:
        return None
    return aspect_models.Owner(value=owner.value, source=owner.source)


def to_api_policy(finding: Finding) -> aspect_models.AzurePolicy | None:
    """Make what Azure's policy says of an account, None if nobody knows it."""
    answer = policy_answer(finding.kind, finding.judgement)
    return aspect_models.AzurePolicy.model_validate(answer) if answer else None
