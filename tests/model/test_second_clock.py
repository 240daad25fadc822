"""The second clock, in every order of its steps: one chain that nothing ends or doubles."""

import pytest

from tests.model.second_clock import CONFIGURATIONS, LARGE, LEFT_OUT, LeftOut, search


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_no_order_of_steps_ends_the_chain_or_doubles_a_scan(name: str) -> None:
    """Messages come late, twice and again; workers die; the queue takes nothing."""
    result = search(CONFIGURATIONS[name])

    assert result.broken == {}
    assert result.states > 1_000


@pytest.mark.long
@pytest.mark.parametrize("name", LARGE)
def test_nor_does_one_of_more_scans(name: str) -> None:
    """What takes a third scan to go wrong does not show with two."""
    assert search(LARGE[name]).broken == {}


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param(rule, id=rule.text, marks=[pytest.mark.long] if rule.tried.numbers > 3 else [])
        for rule in LEFT_OUT
    ],
)
def test_a_rule_that_is_left_out_breaks_its_claim(rule: LeftOut) -> None:
    """What breaks nothing is no rule."""
    assert rule.claim in search(rule.tried, rule.rules).broken
