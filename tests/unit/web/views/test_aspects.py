"""The aspects beside a verdict in the API: first tests of all aspects, then of each one."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import pytest
from pydantic.alias_generators import to_snake

from cmk_check.core.aspects import ASPECTS
from cmk_check.core.aspects.aspect import Aspect
from cmk_check.core.enums import (
    ExceptionMode,
    ExceptionReason,
    KeyReason,
    KeyRotation,
    KeySeverity,
    KeyState,
    Verdict,
)
from cmk_check.core.exceptions.account_exception import AccountException
from cmk_check.core.keys.key_health import KeyConcern, KeyHealth
from cmk_check.core.model import AccountCounts, Finding, VerdictCounts
from cmk_check.core.posture import Expectations
from tests.unit.accepted import check_accepted
from tests.unit.core.aspects.test_catalogue import EXAMPLES
from tests.unit.web.api_kit import GOLDEN, MAX_AGE, NOON, Served, as_served, finding, recorded
from tests.unit.web.asgi_client import send

FINDINGS: Final = "/api/v1/findings"
VAULT: Final = "/subscriptions/8d3c/resourcegroups/rg/providers/microsoft.keyvault/vaults/kv"
BROKEN: Final = KeyHealth(
    KeyState.BROKEN,
    (
        KeyConcern(
            KeyReason.KEY_EXPIRED,
            KeySeverity.BROKEN,
            "The key has expired.",
            {"expires": "2026-11-25T09:00:00Z"},
        ),
        KeyConcern(KeyReason.CANNOT_READ, KeySeverity.UNKNOWN, "Unread.", missing_action="a/read"),
    ),
    KeyRotation.PINNED,
    NOON - timedelta(hours=3),
    VAULT,
    f"{VAULT}/keys/cmk",
    "0d631adb5bd8416fb9ff92c7e47e60e5",
    "72f90000-0000-0000-0000-0000000000aa",
    next_rotation_at=NOON + timedelta(hours=3),
)
each_aspect = pytest.mark.parametrize("aspect", ASPECTS, ids=lambda it: it.name)


async def _examples(aspect: Aspect) -> tuple[Served, list[str | None]]:
    """Record an account for each example; also return their states."""
    named = zip(("first", "second"), EXAMPLES[aspect.name], strict=True)
    found = [replace(example, id=finding(name).id) for name, example in named]
    return await recorded(*found), [aspect.state(each, NOON) for each in found]


@each_aspect
async def test_findings_are_narrowed_to_a_state(aspect: Aspect) -> None:
    """People must not have to search thousands of accounts for those to fix."""
    served, states = await _examples(aspect)

    for name, state in zip(("first", "second"), states, strict=True):
        if state is not None:
            listed = await send(served.app(), f"{FINDINGS}?{aspect.name}={state}")
            assert listed.names == [name]


@pytest.mark.parametrize("is_read", [True, False])
async def test_an_account_that_was_never_looked_at_counts_as_unknown_or_not_at_all(
    *, is_read: bool
) -> None:
    """It is not healthy and must not be left out; an aspect that is off has no count."""
    accounts = AccountCounts(
        {"OpenAI": VerdictCounts(compliant=9, non_compliant=1)},
        {"customer_managed_key": 9, "key_not_named": 1},
        by_key_health={"healthy": 4, "at_risk": 2, "broken": 1, "unknown": 1},
    )
    served = await recorded(accounts=accounts)
    app = served.app(as_served(key_health=is_read))
    shown = {"healthy": 4, "atRisk": 2, "broken": 1, "unknown": 2} if is_read else None

    estate = (await send(app, "/api/v1/status")).json
    (listed,) = (await send(app, "/api/v1/subscriptions")).found
    metrics = (await send(app, "/api/v1/metrics")).body.decode().splitlines()

    assert estate["keys"] == listed["keys"] == shown
    name = "cmkcheck_accounts_by_key_health"
    assert [line for line in metrics if line.startswith(name)] == [
        f'{name}{{key_health="{to_snake(state)}"}} {number}.0'
        for state, number in (shown or {}).items()
    ]


def _safe(**sides: object) -> Finding:
    return replace(finding("safe", Verdict.COMPLIANT), **sides)  # type: ignore[arg-type]


async def test_a_finding_says_all_that_is_known_of_its_key() -> None:
    """The person who fixes it needs the reason, the evidence, and the names of the resources."""
    served = await recorded(_safe(key_health=BROKEN))

    (shown,) = (await send(served.app(), FINDINGS)).found

    check_accepted(GOLDEN / "key_health.json", shown["keyHealth"])


@pytest.mark.parametrize(
    ("expires", "days"),
    [
        pytest.param(NOON + timedelta(days=30), 30, id="to the second"),
        pytest.param(NOON + timedelta(days=30, seconds=-1), 29, id="a second less"),
        pytest.param(NOON, 0, id="now"),
        pytest.param(NOON - timedelta(seconds=1), -1, id="just expired"),
    ],
)
async def test_days_to_expiry_are_whole_and_pass_without_a_scan(
    expires: datetime, days: int
) -> None:
    """If rounded up or read from an old row, a key would seem to live longer."""
    health = KeyHealth(KeyState.AT_RISK, expires=expires + timedelta(days=2))
    served = await recorded(_safe(key_health=health))
    served.clock.time += timedelta(days=2)

    (listed,) = (await send(served.app(), FINDINGS)).found

    assert listed["keyHealth"]["daysToExpiry"] == days


@pytest.mark.parametrize(
    ("seconds", "status", "state", "reason", "count"),
    [(-1, 304, "honoured", "honoured", 1), (0, 200, "not_honoured", "expired", 0)],
)
async def test_an_exception_that_ends_between_scans_never_counts_anywhere(
    seconds: int, status: int, state: str, reason: str, count: int
) -> None:
    """P1: every answer follows the clock, and no 304 hides the end from a page that polls."""
    end = NOON + timedelta(hours=1)
    honoured = AccountException(ExceptionReason.HONOURED, "/e1", expires_on=end)
    served = await recorded(replace(finding("until"), exception=honoured), finding("none"))
    app = served.app(expect=Expectations(MAX_AGE, exceptions=ExceptionMode.ACCEPT))
    known = {"if-none-match": (await send(app, "/api/v1/status")).headers["etag"]}
    served.clock.time = end + timedelta(seconds=seconds)

    polled = await send(app, "/api/v1/status", known)
    counts = (await send(app, "/api/v1/status")).json["accounts"]
    metrics = (await send(app, "/api/v1/metrics")).body.decode()
    (entry,) = (await send(app, f"{FINDINGS}?exception={state}")).found

    assert polled.status == status
    assert (entry["name"], entry["exception"]["reason"]) == ("until", reason)
    assert entry["exception"]["honoured"] is bool(count)
    assert counts["excepted"] == count
    assert f"\ncmkcheck_accounts_excepted {count}.0\n" in metrics
