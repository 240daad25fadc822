"""What stands beside a verdict, in rows: it comes back, and a broken row claims nothing."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from cmk_check.core.data_stores.account_data import AccountData, DataConcern, DataStore, StoreUse
from cmk_check.core.enums import (
    DataReason,
    DataState,
    ExceptionReason,
    StoreState,
    StoreType,
    StoreUsage,
    Verdict,
)
from cmk_check.core.exceptions.account_exception import AccountException, AnnouncedException
from cmk_check.core.model import Finding
from cmk_check.limits import MAX_STRING_UNITS
from cmk_check.ports import Scalar
from cmk_check.store import codec
from tests.unit.store.rows_kit import NOON, entity, finding

END: Final = NOON + timedelta(days=9)
EXCEPTED: Final = replace(
    finding(),
    exception=AccountException(ExceptionReason.HONOURED, "/e1", expires_on=END),
    announced=AnnouncedException("/e1", END, reminded=14),
)


@pytest.mark.parametrize("original", [EXCEPTED, replace(EXCEPTED, exception=None)])
def test_an_exception_comes_back_as_it_was_written(original: Finding) -> None:
    """What is compared with the next reading must not differ by itself.

    What was announced outlasts a reading that cannot judge the account: its end is still to come.
    """
    assert codec.finding_of(entity(codec.finding_values(original))) == original


def test_an_exemption_may_expire_on_the_last_day_there_is() -> None:
    """Some say so of one that never does: it is not honoured, and its row says why (P4, P11)."""
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    exception = AccountException(ExceptionReason.EXPIRES_TOO_LATE, "/e1", expires_on=last)
    original = replace(finding(), exception=exception)

    assert codec.finding_of(entity(codec.finding_values(original))) == original


def test_an_honoured_exception_never_expires_on_that_day() -> None:
    """P7: a row that says so was broken by somebody, and sums could not hold the time."""
    values = codec.finding_values(EXCEPTED)
    detail = json.loads(str(values["exceptionDetail"])) | {"expires_on": "9999-12-31T23:59:59Z"}

    found = codec.finding_of(entity(values | {"exceptionDetail": json.dumps(detail)}))

    assert found.exception is not None
    assert found.exception.reason is ExceptionReason.EXEMPTION_UNREAD


@pytest.mark.parametrize("broken", ["", "{}", "[]", '{"reason": "generous"}', 5, True])
def test_an_exception_that_cannot_be_read_accepts_nothing(broken: Scalar) -> None:
    """P1, P7: the verdict stands, and the violation counts."""
    values = codec.finding_values(EXCEPTED) | {
        "exceptionDetail": broken,
        "exceptionAnnounced": broken,
    }

    found = codec.finding_of(entity(values))

    assert found.exception is not None
    assert found.exception.reason is ExceptionReason.EXEMPTION_UNREAD
    assert (found.announced, found.judgement.verdict) == (None, Verdict.NON_COMPLIANT)


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


@pytest.mark.parametrize(
    "broken",
    [
        *(None, "", "{}", 5, '{"state": "own_keys", "as_of": "noon"}'),
        # Without an offset it could not be compared with the time of a scan.
        '{"state": "own_keys", "as_of": "2026-11-25T12:00:00"}',
    ],
)
def test_what_cannot_be_read_is_unknown_and_costs_only_itself(broken: Scalar | None) -> None:
    """P1, P7: a row that somebody broke must not say that data is covered."""
    own = replace(WITH_DATA, data=AccountData(DataState.OWN_KEYS, as_of=NOON))
    values = {**codec.finding_values(own)}
    assert codec.finding_of(entity(values)) == own
    values.pop("dataStores") if broken is None else values.update(dataStores=broken)

    found = codec.finding_of(entity(values))

    assert found.data is not None
    assert found.data.state is DataState.UNKNOWN
    assert found.judgement.verdict is Verdict.NON_COMPLIANT
