"""The command that goes on from a result: the last remark on standard error."""

import pytest

from cmk_check.cli.output_options import OutputOptions
from tests.fakes.world import World, sub
from tests.unit.cli.scan_kit import scan, world_of, world_of_exceptions, world_of_keys

FIX = "cmk-check: fix them: cmk-check plan --all --out fixes\n"
LOOK = "cmk-check: find out what is missing: cmk-check doctor\n"
type Output = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("world", "said"),
    [
        pytest.param(world_of("good"), "", id="nothing is wrong"),
        pytest.param(world_of("odd"), "", id="unknown, which no command ends"),
        pytest.param(world_of("bad", "gap"), FIX, id="a violation"),
        pytest.param(world_of("good", "gap"), LOOK, id="a subscription was not read"),
        pytest.param(world_of(), LOOK, id="nothing is visible"),
        pytest.param(world_of_keys("healthy", "broken"), FIX, id="a broken key"),
        pytest.param(world_of_keys("at_risk"), "", id="a key at risk"),
        pytest.param(world_of_exceptions("bad", accepted=[1]), "", id="all accepted"),
        pytest.param(world_of_exceptions("bad", "bad", accepted=[1]), FIX, id="one not accepted"),
    ],
)
async def test_a_scan_says_what_to_run_next(capsys: Output, world: World, said: str) -> None:
    """Who sees it for the first time does not know the other commands."""
    await scan(world)

    lines = capsys.readouterr().err.splitlines(keepends=True)
    assert lines[-1:] == ([said] if said else [])


async def test_a_scan_of_some_subscriptions_goes_on_with_them(capsys: Output) -> None:
    """A plan of the whole estate would read, and change, more than was asked for."""
    await scan(world_of("bad"), OutputOptions(subscriptions=[sub(1), sub(2)]))

    chosen = f"--subscription {sub(1)} --subscription {sub(2)}"
    assert capsys.readouterr().err == FIX.replace("--all", chosen)
