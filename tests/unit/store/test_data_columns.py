"""Where an account's data lies, in rows: it comes back, and a broken row claims nothing."""

import json
from dataclasses import replace
from typing import Final

import pytest

from cmk_check.core.data_stores.account_data import AccountData, DataConcern, DataStore, StoreUse
from cmk_check.core.enums import DataReason, DataState, StoreState, StoreType, StoreUsage, Verdict
from cmk_check.limits import MAX_STRING_UNITS
from cmk_check.ports import Scalar
from cmk_check.store import codec
from tests.unit.store.rows_kit import NOON, entity, finding

USES: Final = tuple(StoreUse(StoreUsage.FILES, f"project-{number}") for number in range(500))
DATA: Final = AccountData(
    DataState.UNKNOWN,
    (DataConcern(DataReason.STORE_UNREAD, {"stores": "vectors"}, "Microsoft.Search/read"),),
    (
        DataStore(StoreType.STORAGE_ACCOUNT, "/s", "s", StoreState.OWN_KEY, "https://v/k", USES),
        DataStore(StoreType.SEARCH_SERVICE, None, "vectors", StoreState.UNKNOWN),
    ),
    NOON,
    ("basic",),
    ("/s",),
    is_cut=True,
)
WITH_DATA: Final = replace(finding(), data=DATA)


def test_where_data_lies_comes_back_as_it_was_written() -> None:
    """However many projects use a store: the next scan reads the stores that a row names."""
    values = codec.finding_values(WITH_DATA)

    assert codec.finding_of(entity(values)) == WITH_DATA
    assert "dataStores1" in values
    assert all(len(v) <= MAX_STRING_UNITS for v in values.values() if isinstance(v, str))


@pytest.mark.parametrize("broken", [None, "", "{}", '{"state": "own_keys", "as_of": "noon"}', 5])
def test_what_cannot_be_read_is_unknown_and_costs_only_itself(broken: Scalar | None) -> None:
    """P1, P7: a row that somebody broke must not say that data is covered."""
    own = replace(WITH_DATA, data=AccountData(DataState.OWN_KEYS))
    values = {**codec.finding_values(own)}
    values.pop("dataStores") if broken is None else values.update(dataStores=broken)

    found = codec.finding_of(entity(values))

    assert found.data is not None
    assert found.data.state is DataState.UNKNOWN
    assert found.judgement.verdict is Verdict.NON_COMPLIANT


def test_a_time_without_an_offset_makes_it_unknown() -> None:
    """It could not be compared with the time of a scan."""
    values = {**codec.finding_values(WITH_DATA)}
    text = json.loads("".join(str(values.pop(name)) for name in ("dataStores", "dataStores1")))

    for as_of, state in (("2026-11-25T12:00:00Z", DataState.OWN_KEYS), ("2026-11-25", None)):
        document = {**text, "state": "own_keys", "stores": [], "as_of": as_of}
        found = codec.finding_of(entity({**values, "dataStores": json.dumps(document)}))

        assert found.data is not None
        assert found.data.state is (state or DataState.UNKNOWN)
