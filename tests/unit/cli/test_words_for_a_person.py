"""A scan from a laptop speaks to a person; what it stores is for the app's readers."""

import pytest

from cmk_check.cli.output_options import Format, OutputOptions
from cmk_check.core.enums import GapReason
from cmk_check.core.reasons.gap_sentences import make_gap
from cmk_check.core.scope import Scope
from tests.fakes.world import sub
from tests.unit.cli.scan_kit import scan, world_of

DENIED = make_gap(GapReason.FORBIDDEN, missing_action="Some/action")


@pytest.mark.parametrize("output", [each for each in Format if each is not Format.XLSX])
async def test_a_gap_asks_for_a_role_of_the_one_who_signed_in(
    output: Format, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --store, the app's page shows the same gap, and there the app lacks the role."""
    world = world_of("good", "gap")
    world.read(sub(2), gap=DENIED)

    await scan(world, OutputOptions(output))

    printed = "".join(capsys.readouterr())
    assert "the app" not in printed
    assert output is Format.CSV or "Grant your identity the Reader role" in printed
    stored = await world.context.findings_table.coverage(sub(2))
    assert "Grant the app's identity" in str(stored)


@pytest.mark.parametrize(
    ("chosen", "what"),
    [((sub(1),), "--subscription leaves it out"), ((), "the settings exclude it")],
)
async def test_a_posture_says_what_narrowed_it(
    chosen: tuple[str, ...], what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Somebody who looks for the setting would not find one."""
    world = world_of("good", "bad", scope=Scope(include=frozenset({sub(1)})))

    await scan(world, OutputOptions(subscriptions=chosen))

    excluded = "subscriptions_excluded: At least one subscription is not read, because"
    assert f"{excluded} {what} (1 of 2)." in capsys.readouterr().out
