"""What stands beside a verdict, where reading or judging it meets a bug: it alone is unknown."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol, cast

import pytest

from cmk_check.core.account import Account
from cmk_check.core.aspects.aspect import AllJudged
from cmk_check.core.comparison.judge_accounts import judge_all
from cmk_check.core.comparison.updates import Known
from cmk_check.core.data_stores.account_data import AccountData
from cmk_check.core.data_stores.facts import AccountPlaces
from cmk_check.core.enums import DataState, Trigger
from cmk_check.scan.aspect_reader import DataReader, ExceptionReader, KeyReader
from cmk_check.store.scan_rows import Scan
from tests.fakes.world import BEGINNING, bad, good
from tests.unit.core.examples import ID, known_of, only_finding
from tests.unit.scan.scan_world import ScanWorld

SCAN = Scan("one", 1, Trigger.TIMER, BEGINNING)


class Reader(Protocol):
    """A reader of any aspect."""

    read: Callable[..., Awaitable[AllJudged]]


class Broken:
    """An inventory that raises, or answers with what nothing can judge."""

    def __init__(self, *, raises: bool) -> None:
        self.raises = raises

    async def read(self, *_: object, **__: object) -> object:
        """Answer as a bug would."""
        if self.raises:
            raise TypeError("a bug")
        return object()


@pytest.mark.parametrize("raises", [True, False], ids=["reading", "judging"])
@pytest.mark.parametrize(
    ("kind", "account", "state"),
    [
        (KeyReader, good(ID), "unknown"),
        (ExceptionReader, bad(ID), "not_honoured"),
        (DataReader, replace(good(ID), places=AccountPlaces(has_projects=True)), "unknown"),
    ],
    ids=["key", "exception", "data"],
)
async def test_p8_a_bug_costs_one_aspect_and_forgets_nothing(
    kind: type[KeyReader | ExceptionReader | DataReader],
    account: Account,
    state: str,
    *,
    raises: bool,
) -> None:
    """P1, P4: it must neither cover data, nor accept a violation, nor tell the same twice."""
    had = AccountData(DataState.MICROSOFT_KEYS, told=("/s",))
    finding = replace(only_finding(known_of(account)), data=had)
    known = Known(findings={str(finding.id): finding})
    make = cast("Callable[..., Reader]", kind)
    reader = make(lambda: Broken(raises=raises), ScanWorld().options, SCAN)

    (entry,) = (await reader.read(judge_all([account], {}), known, BEGINNING)).values()

    assert entry.judgement == finding.judgement
    assert kind.aspect.state(entry, BEGINNING) == state
    assert kind is not DataReader or (entry.data is not None and entry.data.told == ("/s",))
