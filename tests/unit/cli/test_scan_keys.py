"""The health of keys in what ``scan`` writes and how it ends."""

import pytest

from cmk_check.cli.output_options import FailOn, Format, OutputOptions
from cmk_check.cli.scan_result import ScanResult
from tests.unit.cli.scan_kit import SETTINGS, scan, world_of_keys

type Output = pytest.CaptureFixture[str]


async def test_where_keys_are_not_looked_at_nothing_is_said_of_them(capsys: Output) -> None:
    """A sum of zeros would say that there are none."""
    world = world_of_keys("broken")
    world.keys = None

    await scan(world)

    assert capsys.readouterr().out.splitlines()[:2] == [
        "accounts: 1: 1 compliant, 0 non_compliant, 0 unknown",
        "subscriptions: 1: 1 read, 0 not read, 0 excluded, 0 retired",
    ]


@pytest.mark.parametrize(
    ("states", "code"),
    [
        pytest.param(("healthy",), 0, id="healthy"),
        pytest.param(("healthy", "at_risk"), 0, id="at risk"),
        pytest.param(("healthy", "unknown"), 3, id="unknown"),
        pytest.param(("unknown", "broken"), 1, id="broken is what counts"),
    ],
)
@pytest.mark.parametrize("output", list(Format))
async def test_p1_keys_count_in_the_exit_code_where_they_are_required(
    states: tuple[str, ...], code: int, output: Format
) -> None:
    """Asked for, they are part of the answer; else they are told beside it."""
    assert await scan(world_of_keys(*states, required=True), OutputOptions(output)) == code
    assert await scan(world_of_keys(*states), OutputOptions(output)) == 0
    options = OutputOptions(output, fail_on=[FailOn.BROKEN_KEY])
    assert await scan(world_of_keys(*states), options) == (1 if code == 1 else 0)


@pytest.mark.parametrize(
    ("state", "required", "posture"),
    [("broken", True, "non_compliant"), ("broken", False, "unknown"), ("healthy", True, "unknown")],
)
async def test_p1_an_interrupted_scan_says_of_keys_what_it_knew(
    state: str, posture: str, *, required: bool
) -> None:
    """What was found is not taken back by an end before its time, nor is the rest called well."""
    world = world_of_keys(state, required=required)
    await world.scan()

    status = await ScanResult(world.context, SETTINGS, partial=True).status()

    assert status.posture == posture
    assert status.keys is not None
    assert (status.keys.healthy, status.keys.broken) == (state == "healthy", state == "broken")
