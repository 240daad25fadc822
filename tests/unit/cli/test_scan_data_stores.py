"""Data stores in what ``scan`` writes for pipelines; the table is in golden."""

from dataclasses import replace
from typing import Final

import pytest

from cmk_check.cli.problems import collect
from cmk_check.cli.scan_result import ScanResult
from cmk_check.core.data_stores.account_data import AccountData, DataConcern
from cmk_check.core.enums import DataReason, DataState, ReasonSeverity
from cmk_check.core.requirements import COVERED_DATA
from cmk_check.ports import Replace, Table
from cmk_check.store import codec, table_keys
from tests.fakes.world import sub
from tests.unit.cli.scan_kit import SETTINGS, world_of_keys

UNREAD: Final = DataConcern(DataReason.STORE_UNREAD)
EXPOSED: Final = DataConcern(DataReason.STORE_UNDER_MICROSOFT_KEY)
BASIC: Final = DataConcern(DataReason.AGENTS_BASIC_SETUP)
STATES: Final = {
    "healthy-unread": AccountData(DataState.UNKNOWN, (UNREAD,)),
    "healthy-exposed": AccountData(DataState.MICROSOFT_KEYS, (EXPOSED, UNREAD)),
    "healthy-basic": AccountData(DataState.MAY_BE_MICROSOFT_KEYS, (BASIC,)),
    "healthy-own": AccountData(DataState.OWN_KEYS),
    "healthy-unseen": None,
}


@pytest.fixture
async def scanned() -> ScanResult:
    """The result of a scan of an account for each state, named after it."""
    world = world_of_keys(*STATES)
    await world.scan()
    partition = table_keys.partition_of(sub(1))
    for finding in (await world.findings()).values():
        row = table_keys.finding_row(finding.id.resource_group, finding.id.name)
        entity = await world.store.get(Table.FINDINGS, partition, row)
        assert entity is not None
        values = codec.finding_values(replace(finding, data=STATES[finding.id.name]))
        await world.store.commit(Table.FINDINGS, partition, [Replace(row, values, entity.etag)])
    return ScanResult(world.context, SETTINGS)


@pytest.mark.parametrize(
    ("required", "severity"), [(False, ReasonSeverity.WARNING), (True, ReasonSeverity.UNKNOWN)]
)
async def test_pipelines_get_each_reason_of_data_stores(
    scanned: ScanResult, severity: ReasonSeverity, *, required: bool
) -> None:
    """What is not known is a warning, unless it counts for the posture."""
    expect = replace(
        scanned.context.options.expectations, requires=frozenset({COVERED_DATA} if required else ())
    )
    options = replace(scanned.context.options, expectations=expect)
    answer = ScanResult(replace(scanned.context, options=options), SETTINGS)

    collected = await collect(answer, await answer.status())

    found = {
        finding.name: [(problem.code, problem.severity) for problem in problems]
        for finding, problems in collected.accounts
    }
    assert found == {
        "healthy-unread": [("store_unread", severity)],
        "healthy-exposed": [
            ("store_under_microsoft_key", ReasonSeverity.ERROR),
            ("store_unread", severity),
        ],
        "healthy-basic": [("agents_basic_setup", severity)],
        "healthy-own": [],
        "healthy-unseen": [],
    }
