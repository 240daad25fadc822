"""Data stores in the API: of one account, and as counts."""

from cmk_check.core.counts import data_counts
from cmk_check.core.data_stores.account_data import AccountData
from cmk_check.core.model import AccountCounts
from cmk_check.web import data_models


def to_api_data_stores(data: AccountData) -> data_models.DataStores:
    """Make the API's data stores of an account."""
    return data_models.DataStores(
        state=data.state,
        reasons=[data_models.ReasonOfDataStores.model_validate(each) for each in data.concerns],
        stores=[data_models.DataStore.model_validate(store) for store in data.stores],
        basic_projects=list(data.basic),
        as_of=data.as_of,
    )


def to_api_data_counts(accounts: AccountCounts) -> data_models.DataStoreCounts | None:
    """Make the API's counts, None if no data store was looked at."""
    counts = data_counts(accounts)
    return None if counts is None else data_models.DataStoreCounts.model_validate(counts)
