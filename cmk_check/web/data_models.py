"""Where the data of accounts lies, in the responses of the HTTP API: of one account, and counts."""

from cmk_check.core.data_enums import DataReason, DataState, StoreState, StoreType, StoreUsage
from cmk_check.core.enums import ReasonSeverity
from cmk_check.web.answer import Answer, Time


class ReasonOfDataStores(Answer):
    """A reason for the state, and what to do; `info` does not change the state."""

    code: DataReason
    severity: ReasonSeverity
    message: str
    evidence: dict[str, str]
    missing_action: str | None


class UseOfDataStore(Answer):
    """What a store is used for; `project` is null if the account itself uses it."""

    project: str | None
    use: StoreUsage


class DataStore(Answer):
    """A store that the account or one of its projects names, and under whose key it is.

    `id` is null if what names the store does not say which resource it is, `key` if Azure does not
    name the key. `detail` says why it could not be read.
    """

    type: StoreType
    id: str | None
    name: str
    state: StoreState
    key: str | None
    uses: list[UseOfDataStore]
    detail: str | None


class DataStores(Answer):
    """Where else the account keeps data, and under whose keys; the worst reason comes first.

    `basicProjects` have no store of their own. `asOf` is when projects, capability hosts and
    connections were read, null if the account has none.
    """

    state: DataState
    reasons: list[ReasonOfDataStores]
    stores: list[DataStore]
    basic_projects: list[str]
    as_of: Time | None


class DataStoreCounts(Answer):
    """Accounts by the state of their data stores; `unknown` includes those never looked at."""

    own_keys: int
    microsoft_keys: int
    may_be_microsoft_keys: int
    unknown: int
    none: int
