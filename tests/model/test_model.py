"""The protocol, in every order of its steps: P1 holds, and each rule is needed.

``make test`` searches the quick configurations. Full scans take minutes, and are searched by
``python -m tests.model full``.
"""

import pytest

from tests.model.configurations import (
    ALL,
    LEFT_OUT,
    PARTIAL_SCANS,
    SMALL,
    UNWRITTEN,
    Configuration,
    LeftOut,
)
from tests.model.search import search

QUICK = {each.name for each in (*SMALL, *UNWRITTEN)} - {"S1", "S2"} | {"Q2", "Q3"}


@pytest.mark.parametrize(
    "tried",
    [
        pytest.param(each, id=each.name, marks=[] if each.name in QUICK else [pytest.mark.long])
        for each in (*SMALL, *UNWRITTEN, *PARTIAL_SCANS)
    ],
)
def test_p1_no_order_of_steps_breaks_a_claim(tried: Configuration) -> None:
    """Tests choose some orders; a search leaves none out.

    A partial scan knows nothing of the others, and must not make the status better.
    """
    result = search(tried)

    assert result.broken == {}
    assert result.ends > 0


@pytest.mark.parametrize("rule", LEFT_OUT, ids=lambda rule: rule.text)
def test_a_rule_that_is_left_out_breaks_its_claim(rule: LeftOut) -> None:
    """What breaks nothing is no rule; and a search that finds nothing proves nothing."""
    assert rule.claim in search(ALL[rule.tried], rule.rules, until_broken=True).broken
