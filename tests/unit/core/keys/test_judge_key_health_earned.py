"""Healthy is earned: it never comes out unless everything that it rests on was really seen."""

import json
import re
from collections.abc import Callable
from dataclasses import asdict
from typing import Final

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cmk_check.core.enums import KeyState, Verdict
from cmk_check.core.keys.judge_key_health import judge_key_health
from cmk_check.core.rule import judge
from tests.unit.core.key_examples import (
    DAY,
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

_TIMES: Final = (0, -1, 7, 2047, 2049, 4096, SECONDS)
_WORDS: Final = ("x", "all", "Failed", "none", "Disabled", "allow")
_TEXTS: Final = ("", " ", *_WORDS, "\ud800\x00")
_WRONG: Final[tuple[object, ...]] = (
    None, True, False, *_TIMES, 1.5, SECONDS + 20 * DAY, 10**20, 10**400, *_TEXTS, [], [7], ["x"],
    {}, {"x": 1}, [[]], [{}],
)  # fmt: skip
# What each part of a sound key may be instead, alone, and the key stays healthy; any other part may
# be nothing else. Of a pinned version only that counts, and of an older one only when it was made.
_OF_ANY: Final[dict[str, tuple[object, ...]]] = {
    r"account\.identity\.tenantId|key\.(id|name)|versions\.\d\.id|.*\.keyUri": _WRONG,
    r"account\.kind|.*\.scope": (*_WORDS, "\ud800\x00"),
    r".*\.keyName": _WORDS,
    r".*\.provisioningState": tuple(each for each in _WRONG if each != "Failed"),
    r".*\.keyVersion": (None, "", " "),
    r"vault\.id|.*\.keyOps\.0": _TEXTS,
    r".*\.(enableSoftDelete|attributes\.enabled)": (None, True),
    r".*\.(enablePurgeProtection|enableRbacAuthorization)": (True,),
    r".*\.networkAcls": (None, {}, {"x": 1}),
    r".*\.defaultAction": (None, "", " ", "allow"),
    r".*\.publicNetworkAccess": (None, "", " ", "Disabled"),
    r".*\.(bypass|attributes\.exp)": (None,),
    r".*\.permissions\.keys\.\d": ("all",),
    r".*\.attributes\.nbf": (None, *_TIMES),
    r".*\.keySize": (2049, 4096),
    r".*\.keyUriWithVersion": (None, *_TEXTS),
}
CASES: Final[dict[str, tuple[Callable[[], Case], dict[str, tuple[object, ...]]]]] = {
    "policies": (
        with_policies,
        {
            r"account\.identity\.type": (None,),
            r".*\.attributes": ({}, {"x": 1}),
            r".*\.attributes\.created": (None, *_TIMES, SECONDS + 20 * DAY),
        },
    ),
    "roles": (
        with_roles,
        {
            r"account\.identity\.(type|principalId)": (None, *_TEXTS),
            r"key\.properties\.keyUriWithVersion": (),
            r"key\.properties\..*|roles\.0\.properties\.permissions\.0\.actions": _WRONG,
            r"versions\.\d\.name": _TEXTS[1:],
            r"versions\.0\.properties\.kty": (None, *_TEXTS),
            r"versions\.0\.properties\.keyOps\.\d": _TEXTS,
            r"versions\.0\.properties\.attributes\.enabled": (None, True, False),
            r"versions\.0\.properties\.attributes\.(nbf|exp)": (None, *_TIMES, SECONDS + 20 * DAY),
            r"versions\.0\.properties\.attributes\.created": _TIMES[:-1],
            r"versions\.0\.properties\.keySize": (None, 0, *_TIMES[2:-1]),
            r"versions\.0\.properties\.keyOps|.*\.notDataActions": (None, [], ["x"]),
            r"versions\.1\.properties\.attributes\.created": (SECONDS, SECONDS + 20 * DAY),
        },
    ),
}
# An element of a list that nothing rests on may be missing, and not be null.
_SPARE: Final = re.compile(r".*\.keyOps\.0|versions\.(\d|0\.properties\.keyOps\.\d)")


def _fitting(name: str, path: str) -> tuple[object, ...]:
    """Return what a part may be instead."""
    table = {**CASES[name][1], **_OF_ANY}
    return next((values for part, values in table.items() if re.fullmatch(part, path)), ())


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
    case = CASES[name][0]()
    paths = [path for path in paths_of(case) if "." in path]

    assert _is_healthy(case)
    assert [path for path in paths if _is_healthy(changed(case, path, drop=True))] == [
        path for path in paths if None in _fitting(name, path) or _SPARE.fullmatch(path)
    ]


@pytest.mark.parametrize("name", CASES)
def test_nothing_can_be_wrong_and_the_key_stay_healthy_unseen_p1(name: str) -> None:
    """P1: every part of every document, wrong in many ways, one at a time."""
    case = CASES[name][0]()

    for path in paths_of(case):
        healthy = [repr(each) for each in _WRONG if _is_healthy(changed(case, path, each))]
        assert sorted(healthy) == sorted(map(repr, _fitting(name, path))), path


type Fault = tuple[Callable[[], Case], str, object]
_FAULTS: Final[list[Fault]] = [
    (make, path, value)
    for name, (make, _) in CASES.items()
    for path in sorted(paths_of(make()))
    for value in _WRONG
    if repr(value) not in map(repr, _fitting(name, path))
]


@given(st.sampled_from(_FAULTS), st.sampled_from(_FAULTS))
def test_two_faults_do_not_make_up_for_each_other_p1(first: Fault, second: Fault) -> None:
    """P1: two wrongs must not look right."""
    (make, path, value), (other_make, other, wrong) = first, second
    case = changed(make(), path, value)
    assume(make is other_make and other in paths_of(case) and not path.startswith(other))

    assert not _is_healthy(changed(case, other, wrong))
