"""Accounts by owner and by key, as coverage rows hold them."""

import json
from dataclasses import replace
from itertools import batched, permutations

from cmk_check.core.account_groups import (
    KeyGroup,
    OwnerGroup,
    group_by_key,
    group_by_owner,
    write_groups,
)
from cmk_check.core.enums import Verdict
from cmk_check.core.owner import Owner
from cmk_check.limits import MAX_ACCOUNT_GROUPS_CHARS
from tests.unit.web.api_kit import MIXED, finding


def test_the_order_of_findings_has_no_effect() -> None:
    """The table sorts rows, a reading does not: a steady scan must not write the row again."""
    texts = {write_groups(group_by_key(order)) for order in permutations(MIXED)}

    assert len({write_groups(group_by_owner(order)) for order in permutations(MIXED)}) == 1
    (text,) = texts
    (key,) = json.loads(text or "")["keys"].values()
    assert key["owners"] == sorted(key["owners"])


def test_groups_of_parts_add_up_to_those_of_the_whole() -> None:
    """Subscriptions are grouped apart, and an owner or a key may be in several."""
    accounts = [*MIXED, finding("f")]
    of_one = [replace(each, owner=Owner("one", "account")) for each in accounts]
    owners, keys = OwnerGroup(), KeyGroup()

    for pair in batched(of_one, 2, strict=True):
        owners.merge(group_by_owner(pair)["one"], unread=True)
    for part in batched(accounts, 3, strict=True):
        for key in group_by_key(part).keys.values():
            keys.merge(key, unread=True)

    assert owners == replace(group_by_owner(of_one)["one"], unread=len(of_one))
    (key,) = group_by_key(MIXED).keys.values()
    assert keys == replace(key, unread=3)


def test_groups_that_a_row_cannot_hold_are_left_out() -> None:
    """Each account may have another owner, whose name has up to 256 characters."""
    names = (f"{number:>0256}" for number in range(MAX_ACCOUNT_GROUPS_CHARS // 256))
    many = [
        replace(finding(f"a{number}", Verdict.COMPLIANT), owner=Owner(name, "account"))
        for number, name in enumerate(names)
    ]

    assert write_groups(group_by_owner(many)) is None
    assert write_groups(group_by_owner(many[:9])) is not None
