"""The command that goes on from a result: the last remark on standard error."""

import json

import pytest
from typer.testing import CliRunner

from cmk_check.cli import app
from cmk_check.cli.output_options import OutputOptions
from tests.fakes.world import World, sub
from tests.unit.cli.scan_kit import JSON, scan, world_of, world_of_exceptions, world_of_keys

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


async def test_the_next_command_is_never_in_a_result_and_not_with_quiet(capsys: Output) -> None:
    """Programs parse the one, and the other was asked for."""
    await scan(world_of("bad"), JSON)
    beside = capsys.readouterr()
    await scan(world_of("bad"), OutputOptions(quiet=True))

    assert json.loads(beside.out)
    assert beside.err.endswith(f"posture: non_compliant\n{FIX}")
    assert capsys.readouterr().err == ""


def _bad(name: str, subscription: str = sub(1)) -> dict[str, object]:
    group = f"/subscriptions/{subscription}/resourceGroups/rg (x)"
    return {
        "id": f"{group}/providers/Microsoft.CognitiveServices/accounts/{name}",
        "kind": "OpenAI",
        "properties": {},
    }


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            [_bad("a")],
            (
                f"cmk-check: fix it: cmk-check plan '/subscriptions/{sub(1)}/resourcegroups/rg (x)/"
                "providers/microsoft.cognitiveservices/accounts/a' > fix.sh\n"
            ),
        ),
        ([_bad("a"), _bad("b")], FIX),
        ([_bad("a", "s")], ""),
    ],
    ids=["one", "several", "of no subscription"],
)
def test_explain_goes_on_with_a_plan(given: object, said: str) -> None:
    """Ready to be pasted into a shell."""
    result = CliRunner().invoke(app, ["explain", "-"], input=json.dumps(given).encode())

    assert (result.exit_code, result.stderr) == (1, said)
