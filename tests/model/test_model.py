"""The protocol, in every order of its steps: P1 holds, and each rule is needed.

The small configurations are part of ``make test``, those with partial scans are long; full scans
take minutes, and are searched by ``python -m tests.model full``.
"""

import subprocess
import sys

import pytest

from tests.model.claims import (
    FORGOTTEN_GAP,
    FORGOTTEN_LIST,
    NO_WAY_OUT,
    OLD_ROW,
    RECORDED_GAP,
    RECORDED_VIOLATION,
    TOO_FRESH,
)
from tests.model.configurations import ALL, LEFT_OUT, OLD_RULES, PARTIAL_SCANS, UNWRITTEN
from tests.model.search import search

WITHOUT = {rule.text: rule for rule in LEFT_OUT}


@pytest.mark.parametrize(
    "name", ["H1", "H2", "H6", "H7", "Q2", "Q3", *(each.name for each in UNWRITTEN)]
)
def test_p1_no_order_of_steps_breaks_a_claim(name: str) -> None:
    """Tests choose some orders; a search leaves none out."""
    result = search(ALL[name])

    assert result.broken == {}
    assert result.ends > 0


@pytest.mark.long
@pytest.mark.parametrize("name", [each.name for each in PARTIAL_SCANS])
def test_p1_no_order_of_steps_with_partial_scans_breaks_a_claim(name: str) -> None:
    """A partial scan knows nothing of the others, and must not make the status better."""
    result = search(ALL[name])

    assert result.broken == {}
    assert result.ends > 0


@pytest.mark.parametrize(
    ("name", "claim", "steps"),
    [
        ("H1", RECORDED_VIOLATION, 17),
        ("H2", RECORDED_VIOLATION, 18),
        ("H3", RECORDED_VIOLATION, 19),
        ("H4", RECORDED_VIOLATION, 17),
        ("H5", RECORDED_VIOLATION, 19),
        ("H6", RECORDED_VIOLATION, 16),
        ("H7", RECORDED_GAP, 7),
    ],
)
def test_the_search_finds_each_false_green_of_the_old_rules(
    name: str, claim: str, steps: int
) -> None:
    """They were found by hand; a search that misses one proves nothing."""
    way = search(ALL[name], OLD_RULES).broken[claim]

    assert len(way) - 1 == steps


def test_the_control_of_the_old_rules_has_no_false_green() -> None:
    """Where the newer scan ends before the insert is confirmed, the confirmation helped."""
    assert not any("false green" in claim for claim in search(ALL["H0"], OLD_RULES).broken)


@pytest.mark.parametrize(
    ("text", "name", "claim"),
    [
        ("a pending row is no gap", "S4", RECORDED_GAP),
        ("the status is lowered before anything worse is recorded", "S4", RECORDED_VIOLATION),
        ("partial: a mark lowers", "Q2", RECORDED_VIOLATION),
        ("partial: what was lowered stays", "Q3", FORGOTTEN_LIST),
        ("partial: the date stays", "Q2", TOO_FRESH),
        ("what is not written keeps its date", "U1", OLD_ROW),
        ("so does all, if not all can be named", "U3", OLD_ROW),
        ("partial: an unwritten gap is no new row", "U2", NO_WAY_OUT),
        ("a gap that stands in no row is planned, listed or not", "U6", FORGOTTEN_GAP),
    ],
)
def test_a_rule_that_is_left_out_breaks_a_claim(text: str, name: str, claim: str) -> None:
    """What breaks nothing is no rule."""
    assert name in WITHOUT[text].tried

    assert claim in search(ALL[name], WITHOUT[text].rules, until_broken=True).broken


@pytest.mark.long
@pytest.mark.parametrize("text", WITHOUT)
def test_every_rule_that_is_left_out_breaks_a_claim(text: str) -> None:
    """What breaks nothing is no rule."""
    rule = WITHOUT[text]

    assert any(search(ALL[name], rule.rules, until_broken=True).broken for name in rule.tried)


@pytest.mark.long
def test_the_command_prints_a_line_for_each_configuration() -> None:
    """Whoever doubts the numbers in the documents can have them again."""
    command = [sys.executable, "-m", "tests.model", "H7", "Q11"]

    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()

    assert [line.split()[:3] for line in lines[1:]] == [
        ["H7", "906", "1,568"],
        ["Q11", "470", "616"],
    ]
