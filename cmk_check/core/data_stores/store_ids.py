"""The ids of stores. They come out of free text: only what matches letter by letter is asked for.

The patterns are ASCII, because the kelvin sign, for example, would otherwise match the letter k.
"""

import re
from collections.abc import Collection
from typing import Final

from cmk_check.core.data_enums import StoreType
from cmk_check.core.text import GUID, fold_id

# A group's name may hold other letters and brackets too; dots alone would lead to another path.
_SCOPE: Final = (
    rf"/subscriptions/{GUID}"
    r"/resourcegroups/(?!\.+/)[^/\x00-\x20\x7f-\x9f\ud800-\udfff]{1,90}/providers/"
)
_TYPES: Final = {
    StoreType.STORAGE_ACCOUNT: r"microsoft\.storage/storageaccounts/([a-z0-9]{3,24})",
    StoreType.COSMOS_DB: r"microsoft\.documentdb/databaseaccounts/([a-z0-9-]{3,50})",
    StoreType.SEARCH_SERVICE: r"microsoft\.search/searchservices/([a-z0-9-]{2,60})",
    StoreType.ML_WORKSPACE: r"microsoft\.machinelearningservices/workspaces/([a-z0-9_-]{2,33})",
}


def parse_store_id(text: object, types: Collection[StoreType]) -> tuple[StoreType, str, str] | None:
    """Return type, id and name of a store of one of these types; None for anything else."""
    store_id = fold_id(text)
    for kind in types:
        if found := re.fullmatch(f"{_SCOPE}{_TYPES[kind]}", store_id, re.ASCII):
            return kind, store_id, found[found.re.groups]
    return None
