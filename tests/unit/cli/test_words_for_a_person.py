"""A scan from a laptop speaks to a person; what it stores is for the app's readers."""

import json

import pytest

from cmk_check.cli.output_options import Format, OutputOptions
from cmk_check.core.enums import GapReason
from cmk_check.core.reasons.gap_sentences import make_gap
from cmk_check.core.scope import Scope
from tests.fakes.keys import UNREAD
from tests.fakes.world import sub
from tests.unit.cli.scan_kit import JSON, scan, world_of, world_of_keys

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


async def test_a_key_that_was_not_read_says_to_scan_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing else on a laptop starts the next scan."""
    world = world_of_keys("unknown")
    assert world.keys is not None
    world.keys.facts = dict.fromkeys(world.keys.facts, UNREAD)

    await scan(world, JSON)

    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    messages = [reason["message"] for reason in finding["keyHealth"]["reasons"]]
    assert messages
    assert not any("next scan" in message for message in messages)


@pytest.mark.parametrize(
    ("chosen", "what"), [((sub(1),), "--subscription leaves out"), ((), "The settings exclude")]
)
async def test_a_posture_says_what_narrowed_it(
    chosen: tuple[str, ...], what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Somebody who looks for the setting would not find one."""
    world = world_of("good", "bad", scope=Scope(include=frozenset({sub(1)})))

    await scan(world, OutputOptions(subscriptions=chosen))

    assert f"subscriptions_excluded: {what} at least one subscription" in capsys.readouterr().out
