"""The closed lists of words for where data lies, as ``enums.py`` has all others."""

from enum import StrEnum


class StoreType(StrEnum):
    """What keeps data of an account outside of it."""

    STORAGE_ACCOUNT = "storage_account"
    COSMOS_DB = "cosmos_db"
    SEARCH_SERVICE = "search_service"
    ML_WORKSPACE = "ml_workspace"


class StoreUsage(StrEnum):
    """What an account keeps in a store."""

    FILES = "files"
    THREADS = "threads"
    VECTORS = "vectors"
    SPEECH_AND_LANGUAGE = "speech_and_language"
    CONTENT_MONITORING = "content_monitoring"
    WORKSPACE = "workspace"


class StoreState(StrEnum):
    """Under whose key a store is; ``BROKEN``: under the customer's, which it can no longer use."""

    OWN_KEY = "own_key"
    MICROSOFT_KEY = "microsoft_key"
    BROKEN = "broken"
    UNKNOWN = "unknown"


class DataState(StrEnum):
    """Under whose keys an account's data outside of the account is; ``NONE``: it has no such."""

    OWN_KEYS = "own_keys"
    MICROSOFT_KEYS = "microsoft_keys"
    MAY_BE_MICROSOFT_KEYS = "may_be_microsoft_keys"
    UNKNOWN = "unknown"
    NONE = "none"


class DataReason(StrEnum):
    """Why the state of an account's data is what it is; the last is information."""

    STORE_UNDER_MICROSOFT_KEY = "store_under_microsoft_key"
    SEARCH_NOT_COMPLIANT = "search_not_compliant"
    STORE_KEY_LOST = "store_key_lost"
    AGENTS_BASIC_SETUP = "agents_basic_setup"
    STORE_UNREAD = "store_unread"
    STORE_GONE = "store_gone"
    STORE_NOT_UNDERSTOOD = "store_not_understood"
    PLACES_UNREAD = "places_unread"
    HOST_NOT_READY = "host_not_ready"
    PLACE_NOT_UNDERSTOOD = "place_not_understood"
    TOO_MANY_STORES = "too_many_stores"
    STORED_COMPLETIONS = "stored_completions"
