"""Which broken keys the report of the first scan names."""

from dataclasses import replace
from itertools import batched

import pytest

from cmk_check.core.counts import (
    list_broken_keys,
    merge,
    summarise,
)
from cmk_check.core.enums import KeyReason
from cmk_check.core.keys.facts import KeyFacts
from cmk_check.core.keys.key_health import BrokenKey
from cmk_check.core.rule import judge
from cmk_check.limits import (
    MAX_BROKEN_KEYS_LISTED,
)
from tests.fakes.keys import BOTH, HEALTHY, UNPROTECTED
from tests.fakes.world import bad, good
from tests.unit.core.examples import ID, known_of


def test_a_broken_key_is_named_with_what_broke_it() -> None:
    """What only puts a key at risk does not explain why data cannot be read."""
    found = list_broken_keys(known_of(good(ID, "b"), good(ID, "a"), keys=BOTH).findings)

    reasons = (KeyReason.KEY_DISABLED,)
    assert found == [BrokenKey(str(good(ID, name).id), reasons) for name in ("a", "b")]


@pytest.mark.parametrize("facts", [None, HEALTHY, UNPROTECTED], ids=["off", "healthy", "at risk"])
def test_a_key_that_is_not_broken_is_not_named(facts: KeyFacts | None) -> None:
    """A list of everything names nothing."""
    assert list_broken_keys(known_of(good(ID), keys=facts).findings) == []


def test_an_account_that_is_not_compliant_has_no_broken_key() -> None:
    """Its finding was edited: it is not counted either."""
    ((name, finding),) = known_of(good(ID), keys=BOTH).findings.items()
    edited = replace(finding, judgement=judge(bad(ID)))

    assert list_broken_keys({name: edited}) == []


def test_broken_keys_beyond_the_most_are_not_named() -> None:
    """The change must fit into a row; its counts say how many there are."""
    keys = [BrokenKey(f"a{number:03}") for number in range(130)]

    summary = merge([summarise([], 0, part) for part in batched(keys, 60, strict=False)])

    assert summary.broken_keys == tuple(keys[:MAX_BROKEN_KEYS_LISTED])
    assert len(summarise([], 0, keys).broken_keys) == MAX_BROKEN_KEYS_LISTED == 50
    many = known_of(*(good(ID, f"a{number:03}") for number in range(60)), keys=BOTH)
    assert len(list_broken_keys(many.findings)) == MAX_BROKEN_KEYS_LISTED
