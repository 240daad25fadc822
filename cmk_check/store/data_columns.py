"""Where an account's data lies, as columns of its finding.

They cost only themselves: where they cannot be read, the state is unknown, and the next scan reads
and writes everything anew. The JSON is divided over several properties, as one holds too little.
"""

from collections.abc import Mapping
from itertools import count
from typing import Final

from pydantic import TypeAdapter

from cmk_check.core.data_enums import DataReason, DataState
from cmk_check.core.data_stores.account_data import AccountData, DataConcern
from cmk_check.limits import DOCUMENT_PIECE_CHARS
from cmk_check.ports import Scalar
from cmk_check.store.row_times import is_usable_time

_DATA: Final = TypeAdapter(AccountData)
_BROKEN: Final = AccountData(DataState.UNKNOWN, (DataConcern(DataReason.PLACES_UNREAD),))


def data_values(data: AccountData | None) -> dict[str, Scalar]:
    """Return them as columns: the state for filters, and all of it."""
    if data is None:
        return {}
    text, size = _DATA.dump_json(data).decode(), DOCUMENT_PIECE_CHARS
    pieces = (text[start : start + size] for start in range(0, len(text), size))
    columns = {_name(number): piece for number, piece in enumerate(pieces)}
    return {"dataState": data.state.value, **columns}


def data_in(values: Mapping[str, Scalar]) -> AccountData | None:
    """Read them from a row; None where nobody looked at data."""
    if "dataState" not in values:
        return None
    text = ""
    for number in count():
        piece = values.get(_name(number))
        if not isinstance(piece, str):
            break
        text += piece
    try:
        data = _DATA.validate_json(text)
    except ValueError:
        return _BROKEN
    return data if data.as_of is None or is_usable_time(data.as_of) else _BROKEN


def _name(number: int) -> str:
    return f"dataStores{number or ''}"
