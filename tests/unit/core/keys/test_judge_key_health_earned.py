"""Healthy is earned: it never comes out unless everything that it rests on was really seen."""

import json
import re
from dataclasses import asdict
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmk_check.core.enums import KeyState, Verdict
from cmk_check.core.keys.judge_key_health import judge_key_health
from cmk_check.core.rule import judge
from tests.unit.core.key_examples import (
    NOW,
    SECONDS,
    Case,
    account_of,
    changed,
    facts_of,
    paths_of,
    with_policies,
    with_roles,
)

# Each case, and the parts that a healthy key can do without, where Azure may leave them out.
_OF_ANY: Final = (
    r"account\.identity\.type|account\.properties\.provisioningState|.*\.keyVaultProperties\.keyVersion"
    r"|vault\.properties\.enableSoftDelete|key\.id|key\.name|.*\.attributes\.(enabled|nbf|exp)"
    r"|.*\.keyUri|.*\.keyOps\.0"
)
CASES: Final = {
    "policies": (
        with_policies,
        (
            r"account\.identity\.tenantId|vault\.properties\.(networkAcls(\.\w+)?|publicNetworkAccess)"
            r"|key\.properties\.(attributes\.created|keyUriWithVersion)"
        ),
    ),
    # The pinned version counts, and not the latest one; of an older one, only when it was made.
    "roles": (
        with_roles,
        (
            r"account\.identity\.principalId|versions\.\d(\.id|\.properties\.keyUriWithVersion)?"
            r"|key\.properties\.(attributes(\.created)?|kty|keySize|keyOps(\.\d)?)"
            r"|versions\.0\.properties\.(kty|keySize|keyOps(\.\d)?)"
            r"|roles\.0\.properties\.permissions\.0\.(actions|notDataActions)"
        ),
    ),
}
_WRONG: Final[tuple[object, ...]] = (
    None, True, False, 0, -1, 7, 2047, 1.5, SECONDS, 10**20, 10**400, "", " ", "x", "Failed", [],
    [7], ["x"], {}, {"x": 1}, [[]], [{}], "\ud800\x00",
)  # fmt: skip


def _is_healthy(case: Case) -> bool:
    """Judge a case; P7, P10: no document may raise, and all that is kept of it can be stored."""
    account = account_of(case)
    if account is None or judge(account).verdict is not Verdict.COMPLIANT:
        return False
    health = judge_key_health(account, facts_of(case), NOW)
    json.dumps(asdict(health), default=str, ensure_ascii=False).encode()
    return health.state is KeyState.HEALTHY


@pytest.mark.parametrize("name", CASES)
def test_nothing_can_be_dropped_and_the_key_stay_healthy_unseen_p1(name: str) -> None:
    """P1: every part of every document, one at a time; and a whole one is healthy."""
    make, optional = CASES[name]
    case = make()
    paths = [path for path in paths_of(case) if "." in path]

    assert _is_healthy(case)
    assert [path for path in paths if _is_healthy(changed(case, path, drop=True))] == [
        path for path in paths if re.fullmatch(f"{_OF_ANY}|{optional}", path)
    ]


@given(st.data())
def test_two_faults_do_not_make_up_for_each_other_p1(data: st.DataObject) -> None:
    """P1: what alone makes a key less than healthy does so beside whatever else is wrong."""
    case, optional = data.draw(st.sampled_from(list(CASES.values())))
    whole = case()
    paths = sorted(paths_of(whole))
    places = st.tuples(st.sampled_from(paths), st.sampled_from(_WRONG))
    (first, value), (second, other) = data.draw(places), data.draw(places)
    is_apart = not first.startswith(second) and not second.startswith(first)
    spoiled = changed(whole, first, value)

    both = _is_healthy(changed(spoiled, second, other)) if is_apart else False

    assert not both or _is_healthy(spoiled) or re.fullmatch(f"{_OF_ANY}|{optional}", second)
