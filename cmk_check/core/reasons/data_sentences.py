"""Under whose keys an account's data outside of the account is; evidence names the stores.

Sources: docs/data-stores.md names that of each reason.
"""

from collections.abc import Mapping
from typing import Final

from cmk_check.core.data_enums import DataReason
from cmk_check.core.enums import Actor, ReasonSeverity
from cmk_check.core.reasons.reason_entry import ReasonEntry

_ERROR: Final = ReasonSeverity.ERROR
_UNKNOWN: Final = ReasonSeverity.UNKNOWN

DATA_REASONS: Final[Mapping[DataReason, ReasonEntry]] = {
    DataReason.STORE_UNDER_MICROSOFT_KEY: ReasonEntry(
        _ERROR,
        "The account keeps data in a store that is under Microsoft's keys.",
        "Set a customer-managed key on each store that the evidence names, or let the account use "
        "another store.",
        Actor.ACCOUNT_OWNER,
    ),
    DataReason.SEARCH_NOT_COMPLIANT: ReasonEntry(
        _ERROR,
        "A search service does not enforce a customer-managed key, or says that not all of its "
        "objects are under one.",
        "Enforce customer-managed keys on the search service, and create the objects without one "
        "again.",
        Actor.ACCOUNT_OWNER,
    ),
    DataReason.STORE_KEY_LOST: ReasonEntry(
        _ERROR,
        "A Cosmos DB account is under a customer-managed key and says that it has lost access to "
        "the key.",
        "Restore the key and the access of the Cosmos DB account's identity to it.",
        Actor.KEY_OWNER,
    ),
    DataReason.AGENTS_BASIC_SETUP: ReasonEntry(
        ReasonSeverity.WARNING,
        "Agents of a project lack a store of yours for at least one of files, threads and "
        "vectors: these are under Microsoft's keys, even if the account is under yours.",
        "Create the project again with stores of your own (standard agent setup), or delete it.",
        Actor.ACCOUNT_OWNER,
    ),
    DataReason.STORE_UNREAD: ReasonEntry(
        _UNKNOWN,
        "A store of the account could not be read.",
        "Grant the app's identity the role Reader on the subscription of the store, or a role with "
        "the missing action.",
        Actor.ACCESS_ADMIN,
    ),
    DataReason.STORE_GONE: ReasonEntry(
        _UNKNOWN,
        "The account names a store that Azure does not find.",
        "Restore the store, or let the account use another one.",
        Actor.ACCOUNT_OWNER,
    ),
    DataReason.STORE_NOT_UNDERSTOOD: ReasonEntry(
        _UNKNOWN,
        "Azure's answer for a store does not say in the documented words under whose key it is.",
        "Look at the store with `az resource show`. If Azure has new words, update cmk_check. "
        "If it is a Machine Learning project, let the account name the project's hub.",
        Actor.OPERATOR,
    ),
    DataReason.PLACES_UNREAD: ReasonEntry(
        _UNKNOWN,
        "The account's projects, capability hosts or connections could not be read, which name its "
        "stores.",
        "If an action is missing, grant the app's identity the role Reader, or a role with it. "
        "Otherwise the next scan tries again.",
        Actor.ACCESS_ADMIN,
    ),
    DataReason.HOST_NOT_READY: ReasonEntry(
        _UNKNOWN,
        "A capability host is not ready, so it is not known where agents keep data.",
        "If its state is Failed or Canceled, delete the host and create it again. Otherwise the "
        "next scan looks at it again.",
        Actor.ACCOUNT_OWNER,
    ),
    DataReason.PLACE_NOT_UNDERSTOOD: ReasonEntry(
        _UNKNOWN,
        "The account names a store in a way that does not say which resource it is.",
        "Let what the evidence names give the whole resource id of a store. Of a connection, "
        "`metadata.ResourceId` and `target` must name the same store. It is seen within a day, or "
        "at once by a scan of the subscription.",
        Actor.ACCOUNT_OWNER,
    ),
    DataReason.TOO_MANY_STORES: ReasonEntry(
        _UNKNOWN,
        "The account has more projects or stores than cmk_check follows.",
        "Let projects share stores, or divide them between several accounts. It is seen within a "
        "day, or at once by a scan of the subscription.",
        Actor.ACCOUNT_OWNER,
    ),
    DataReason.STORED_COMPLETIONS: ReasonEntry(
        ReasonSeverity.INFO,
        "The account may keep stored completions, and Microsoft does not say under whose key.",
        "If none may be kept, set `storedCompletionsDisabled` on the account.",
        Actor.ACCOUNT_OWNER,
    ),
}
