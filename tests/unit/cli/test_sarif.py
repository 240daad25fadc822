"""The result of ``scan`` as SARIF: what a code scanning service makes of it.

A whole one: golden/result.sarif.
tests/functional/test_sarif_multitool.py checks the form.
"""

import json
from dataclasses import replace
from typing import Any

import pytest

from cmk_check.cli.output_options import Format, OutputOptions
from cmk_check.core.account import Subscription
from cmk_check.core.enums import CheckReason, GapReason, Reason, ReasonArea
from cmk_check.core.gap import Gap
from cmk_check.core.reasons.catalogue import CATALOGUE, VERDICT_REASONS
from tests.fakes.hostile import NAMES
from tests.fakes.world import World, bad, good, sub
from tests.unit.cli.scan_kit import scan, world_of

type Output = pytest.CaptureFixture[str]


async def _run(world: World, capsys: Output) -> Any:  # noqa: ANN401 - JSON
    await scan(world, OutputOptions(Format.SARIF, quiet=True))
    out = capsys.readouterr().out
    assert out.isascii()
    (run,) = json.loads(out)["runs"]
    return run


def _levels(run: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - JSON
    return [(result["ruleId"], result["level"]) for result in run["results"]]


async def test_a_result_says_which_account_and_where_to_look(capsys: Output) -> None:
    """By the logical location, and by a path in place of a file, which GitHub requires."""
    account = bad(sub(1), "Chat (süd)")
    world = world_of("bad")
    world.read(sub(1), replace(account, created_at="2024-05-01T22:00:00Z"))

    (result,) = (await _run(world, capsys))["results"]

    (location,) = result["locations"]
    (logical,) = location["logicalLocations"]
    sentence = VERDICT_REASONS[Reason.MICROSOFT_MANAGED_KEY].text()
    assert result["message"]["text"] == f"Chat (süd): {sentence}"
    assert (logical["name"], logical["fullyQualifiedName"]) == ("Chat (süd)", account.id.text)
    uri = location["physicalLocation"]["artifactLocation"]["uri"]
    assert uri.startswith(f"subscriptions/{sub(1)}/resourcegroups/rg/")
    assert uri.endswith("/accounts/chat%20%28s%C3%BCd%29")
    assert result["hostedViewerUri"].endswith(uri)
    assert result["properties"]["subscription"] == f"name of {sub(1)}"
    assert result["properties"]["createdAt"] == "2024-05-01T22:00:00Z"


async def test_a_problem_keeps_its_fingerprint_and_shares_it_with_none(capsys: Output) -> None:
    """An alert that somebody closed must not be opened anew by the next scan."""
    runs = [await _run(world_of("bad", "odd", "part"), capsys) for _ in range(2)]

    first, second = (
        [result["partialFingerprints"]["primaryLocationLineHash"] for result in run["results"]]
        for run in runs
    )
    assert first == second
    assert len(set(first)) == len(first) == 4
    # Of a run either all results have suppressions or none has: these settings accept nothing.
    assert not any("suppressions" in result for result in runs[0]["results"])


async def test_the_rules_are_the_catalogue(capsys: Output) -> None:
    """Each with its sentence, its way out, and a page to read."""
    run = await _run(world_of("bad", "gap"), capsys)

    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [
        code
        for area, entries in CATALOGUE.items()
        for code, _ in entries
        if area is not ReasonArea.AZURE_POLICY
    ] + [*CheckReason]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    rule = rules[run["results"][1]["ruleIndex"]]
    entry = VERDICT_REASONS[Reason.MICROSOFT_MANAGED_KEY]
    assert rule["shortDescription"]["text"] == entry.message
    assert rule["help"]["text"] == entry.text()
    assert rule["helpUri"].startswith("https://learn.microsoft.com/")


async def test_a_scan_that_did_not_finish_says_so(capsys: Output) -> None:
    """Whoever closes what is no longer listed would close everything."""
    well = await _run(world_of("good"), capsys)
    failed = await _run(world_of(), capsys)

    assert well["invocations"][0]["executionSuccessful"] is True
    assert failed["invocations"][0]["executionSuccessful"] is False
    assert _levels(failed) == [("scan_failed", "error")]
    assert "sees no subscription" in failed["results"][0]["message"]["text"]


@pytest.mark.parametrize("name", [*NAMES, "{0} \\ [x](1)"])
async def test_p10_a_hostile_name_is_text(capsys: Output, name: str) -> None:
    """SARIF knows links in brackets and placeholders in braces."""
    world = world_of("gap", "bad")
    world.inventory.listed = (Subscription(sub(1), name), Subscription(sub(2), name))
    world.read(sub(1), gap=Gap(GapReason.FORBIDDEN, detail=name))
    world.read(sub(2), bad(sub(2)), good(sub(2), "b"))

    run = await _run(world, capsys)

    text = run["results"][0]["message"]["text"]
    assert text.isprintable()
    unescaped = text.replace("\\\\", "").replace("\\[", "").replace("\\]", "")
    assert not set(unescaped) & set("[]\\")
    assert not set(text.replace("{{", "").replace("}}", "")) & set("{}")
    assert len(run["results"]) == 2
