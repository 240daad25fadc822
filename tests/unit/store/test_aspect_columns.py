"""What stands beside a verdict, in rows: it comes back, and a broken row claims nothing."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from cmk_check.core.enums import ExceptionReason, KeyState, Verdict
from cmk_check.core.exceptions.account_exception import AccountException, AnnouncedException
from cmk_check.core.keys.key_health import KeyHealth
from cmk_check.core.model import DueDate, Finding
from cmk_check.ports import Scalar
from cmk_check.store import codec
from tests.unit.store.rows_kit import NOON, entity, finding

END: Final = NOON + timedelta(days=9)
EXCEPTED: Final = replace(
    finding(),
    exception=AccountException(ExceptionReason.HONOURED, "/e1", expires_on=END),
    announced=AnnouncedException("/e1", END, reminded=14),
)


# Some say so of an exemption that never expires: it is not honoured, and its row says why.
_LAST: Final = AccountException(
    ExceptionReason.EXPIRES_TOO_LATE,
    "/e1",
    expires_on=datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
)


@pytest.mark.parametrize(
    "original",
    [EXCEPTED, replace(EXCEPTED, exception=None), replace(EXCEPTED, exception=_LAST)],
    ids=["honoured", "announced alone", "of the last day"],
)
def test_an_exception_comes_back_as_it_was_written(original: Finding) -> None:
    """What is compared with the next reading must not differ by itself."""
    assert codec.decode_finding(entity(codec.encode_finding(original))) == original


def test_an_honoured_exception_never_expires_on_that_day() -> None:
    """P7: a row that says so was broken by somebody, and sums could not hold the time."""
    values = codec.encode_finding(EXCEPTED)
    detail = json.loads(str(values["exceptionDetail"])) | {"expires_on": "9999-12-31T23:59:59Z"}

    found = codec.decode_finding(entity(values | {"exceptionDetail": json.dumps(detail)}))

    assert found.exception is not None
    assert found.exception.reason is ExceptionReason.EXEMPTION_UNREAD


@pytest.mark.parametrize("broken", ["", "{}", "[]", '{"reason": "generous"}', 5, True])
def test_an_exception_that_cannot_be_read_accepts_nothing(broken: Scalar) -> None:
    """P1, P7: the verdict stands, and the violation counts."""
    values = codec.encode_finding(EXCEPTED) | {
        "exceptionDetail": broken,
        "exceptionAnnounced": broken,
    }

    found = codec.decode_finding(entity(values))

    assert found.exception is not None
    assert found.exception.reason is ExceptionReason.EXEMPTION_UNREAD
    assert (found.announced, found.judgement.verdict) == (None, Verdict.NON_COMPLIANT)


BROKEN_KEY: Final = replace(
    finding(), key_health=KeyHealth(KeyState.BROKEN), due=DueDate(NOON, END, END)
)


@pytest.mark.parametrize(
    ("original", "column", "state"),
    [
        (BROKEN_KEY, "keyHealth", "healthy"),
        (BROKEN_KEY, "keyHealth", None),
        (BROKEN_KEY, "due", "upcoming"),
        (BROKEN_KEY, "due", None),
        (EXCEPTED, "exception", "not_honoured"),
    ],
)
def test_p7_a_state_that_differs_from_the_value_beside_it_breaks_the_row(
    original: Finding, column: str, state: str | None
) -> None:
    """A filter for broken keys would leave the account out, and nothing would say so."""
    values = dict(codec.encode_finding(original))
    assert codec.decode_finding(entity(values)) == original
    del values[column]

    with pytest.raises(codec.RowUnusable, match=f"{column} differs"):
        codec.decode_finding(entity(values | ({column: state} if state else {})))
