"""Key health as the API shows it: of each account, in sums, in the table and in the metrics."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from cmk_check.core.comparison.carried_scopes import last_due
from cmk_check.core.enums import KeyReason, KeyRotation, KeySeverity, KeyState, Verdict
from cmk_check.core.keys.key_health import KeyConcern, KeyHealth
from cmk_check.core.model import AccountCounts, Finding, VerdictCounts
from cmk_check.ports import Entity, Table, TableQuery
from cmk_check.store import table_keys
from tests.fakes.recording_store import RecordingStore
from tests.unit.web.api_kit import (
    NOON,
    PRODUCTION,
    Served,
    coverage,
    finding,
    status_of,
)
from tests.unit.web.asgi_client import Answer, send

FINDINGS = "/api/v1/findings"
VAULT = f"/subscriptions/{PRODUCTION}/resourcegroups/rg/providers/microsoft.keyvault/vaults/kv"
EXPIRED = KeyConcern(
    KeyReason.KEY_EXPIRED,
    KeySeverity.BROKEN,
    "The key has expired.",
    {"expires": "2026-11-25T09:00:00Z"},
)
UNREAD = KeyConcern(
    KeyReason.CANNOT_READ,
    KeySeverity.UNKNOWN,
    "The vault could not be read.",
    missing_action="Microsoft.KeyVault/vaults/read",
)
BROKEN = KeyHealth(
    KeyState.BROKEN,
    (EXPIRED, UNREAD),
    KeyRotation.PINNED,
    NOON - timedelta(hours=3),
    VAULT,
    f"{VAULT}/keys/cmk",
    "0d631adb5bd8416fb9ff92c7e47e60e5",
    "72f90000-0000-0000-0000-0000000000aa",
    next_rotation_at=NOON + timedelta(hours=3),
)
OF_KEY = ("keyHealth", "keyReasons", "keyExpires", "keyRotation", "keyVaultId")
COUNTED = AccountCounts(
    {"OpenAI": VerdictCounts(compliant=9, non_compliant=1)},
    {"customer_managed_key": 9, "key_not_named": 1},
    by_key_health={"healthy": 4, "at_risk": 2, "broken": 1, "unknown": 1},
)
# One of the nine was never looked at.
SHOWN = {"healthy": 4, "atRisk": 2, "broken": 1, "unknown": 2}


def _with(health: KeyHealth, name: str = "safe") -> Finding:
    return replace(finding(name, Verdict.COMPLIANT), key_health=health)


async def _listed(served: Served, query: str = "") -> list[dict[str, Any]]:
    answer = await send(served.app(), f"{FINDINGS}?{query}")
    assert answer.status == 200, answer.json
    value: list[dict[str, Any]] = answer.json["value"]
    return value


async def _of_each_state(served: Served) -> None:
    """Put an account for each state, named after it, and some without key health."""
    found = [_with(KeyHealth(state), state.value) for state in KeyState]
    others = [finding("never-looked-at", Verdict.COMPLIANT), finding("bad")]
    await served.put(coverage(), [*found, *others])


async def test_a_finding_says_all_that_is_known_of_its_key(empty: Served) -> None:
    """Whoever has to mend it needs the reason, what it rests on, and the names of what to mend."""
    await empty.put(coverage(), [_with(BROKEN)])

    (shown,) = await _listed(empty)

    assert shown["verdict"] == "compliant"
    assert list(shown["keyHealth"].items()) == [
        ("state", "broken"),
        (
            "reasons",
            [
                {
                    "code": "key_expired",
                    "severity": "broken",
                    "message": "The key has expired.",
                    "evidence": {"expires": "2026-11-25T09:00:00Z"},
                    "missingAction": None,
                },
                {
                    "code": "cannot_read",
                    "severity": "unknown",
                    "message": "The vault could not be read.",
                    "evidence": {},
                    "missingAction": "Microsoft.KeyVault/vaults/read",
                },
            ],
        ),
        ("rotation", "pinned"),
        ("expires", "2026-11-25T09:00:00Z"),
        ("daysToExpiry", -1),
        ("vaultId", VAULT),
        ("keyId", f"{VAULT}/keys/cmk"),
        ("keyVersion", "0d631adb5bd8416fb9ff92c7e47e60e5"),
        ("principalId", "72f90000-0000-0000-0000-0000000000aa"),
        ("scopesAsOf", None),
        ("nextRotationAt", "2026-11-25T15:00:00Z"),
    ]


@pytest.mark.parametrize("carried", [True, False])
async def test_a_finding_says_as_of_when_the_scopes_are(empty: Served, *, carried: bool) -> None:
    """P1: of what may have been carried over, no more than when it fell due."""
    health = _with(KeyHealth(KeyState.HEALTHY))
    await empty.put(coverage(), [health])
    await empty.put_status(replace(status_of(coverage()), daily_carried=carried))

    (shown,) = await _listed(empty)
    (cells,) = _cells(await send(empty.app(), f"{FINDINGS}?format=csv"))

    due = last_due(str(health.id), NOON) if carried else NOON
    said = f"{due:%Y-%m-%dT%H:%M:%SZ}"
    assert (shown["keyHealth"]["scopesAsOf"], cells["keyScopesAsOf"]) == (said, said)


async def test_what_is_not_known_of_a_key_is_null(empty: Served) -> None:
    """A zero or an empty text would be a claim."""
    await empty.put(coverage(), [_with(KeyHealth(KeyState.UNKNOWN))])

    (shown,) = await _listed(empty)

    health = shown["keyHealth"]
    assert (health.pop("state"), health.pop("reasons")) == ("unknown", [])
    assert health == dict.fromkeys(
        (
            "rotation",
            "expires",
            "daysToExpiry",
            "vaultId",
            "keyId",
            "keyVersion",
            "principalId",
            "scopesAsOf",
            "nextRotationAt",
        )
    )


@pytest.mark.parametrize(
    ("expires", "days"),
    [
        pytest.param(NOON + timedelta(days=30), 30, id="to the second"),
        pytest.param(NOON + timedelta(days=30, seconds=-1), 29, id="a second less"),
        pytest.param(NOON + timedelta(hours=1), 0, id="today"),
        pytest.param(NOON, 0, id="now"),
        pytest.param(NOON - timedelta(seconds=1), -1, id="just expired"),
        pytest.param(NOON - timedelta(days=3), -3, id="long ago"),
    ],
)
async def test_days_to_expiry_are_whole_and_below_zero_once_expired(
    empty: Served, expires: datetime, days: int
) -> None:
    """Rounded up, a key would seem to live a day longer than it does."""
    found = _with(KeyHealth(KeyState.AT_RISK, expires=expires))
    await empty.put(coverage(), [found])

    (listed,) = await _listed(empty)
    alone = await send(empty.app(), f"{FINDINGS}{found.id.text}")

    assert listed["keyHealth"]["daysToExpiry"] == days
    assert alone.json["keyHealth"] == listed["keyHealth"]


async def test_days_to_expiry_pass_without_a_scan(empty: Served) -> None:
    """The row is not written while nothing changes, so that a stored number would stand still."""
    await empty.put(coverage(), [_with(KeyHealth(KeyState.HEALTHY, expires=NOON + MONTHS))])
    before = await _listed(empty)

    empty.clock.time += timedelta(days=2)
    after = await _listed(empty)

    days = [shown["keyHealth"]["daysToExpiry"] for (shown,) in (before, after)]
    assert days == [90, 88]


MONTHS = timedelta(days=90)


async def test_the_filter_goes_with_the_link_to_the_next_page(empty: Served) -> None:
    """Else the second page would show what nobody asked for."""
    await empty.put(coverage(), [_with(BROKEN, name) for name in ("a", "b")])
    await empty.put(coverage(subscription_id=f"f{PRODUCTION[1:]}"), [])

    answer = await send(empty.app(), f"{FINDINGS}?keyHealth=broken&top=1")
    link = answer.json["nextLink"].removeprefix("https://cmk.example")
    following = await send(empty.app(), link)

    assert "keyHealth=broken" in link
    assert [shown["name"] for shown in following.json["value"]] == ["b"]


class Given(RecordingStore):
    """A store that keeps which rows of findings it gave."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[str] = []

    async def query(self, table: Table, query: TableQuery) -> AsyncIterator[Entity]:
        """Read rows in key order."""
        async for entity in super().query(table, query):
            self.rows.append(entity.row)
            yield entity


async def test_the_table_does_the_narrowing() -> None:
    """A search through all rows for the one broken key would take minutes (P8)."""
    store = Given()
    served = Served(store)
    await _of_each_state(served)

    await _listed(served, "keyHealth=broken")

    assert store.rows == [table_keys.COVERAGE, table_keys.finding_row("rg-ai", "broken")]


async def test_sums_of_keys_count_every_compliant_account_once(empty: Served) -> None:
    """An account whose key was never looked at is no healthy one, and must not be left out."""
    row = coverage(accounts=COUNTED)
    await empty.put(row)
    await empty.put_status(status_of(row))
    app = empty.app()

    estate = (await send(app, "/api/v1/status")).json
    one = (await send(app, f"/api/v1/status?subscription={PRODUCTION}")).json
    (listed,) = (await send(app, "/api/v1/subscriptions")).json["value"]

    assert estate["keys"] == one["keys"] == listed["keys"] == SHOWN
    assert sum(SHOWN.values()) == estate["accounts"]["compliant"]


def _cells(answer: Answer) -> Sequence[dict[str, str]]:
    text = answer.body.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


async def test_columns_that_were_added_later_are_behind_all_others(empty: Served) -> None:
    """Sheets that are built on the columns of before must find them where they were."""
    await empty.put(coverage(), [finding("bad"), _with(BROKEN)])

    bad, safe = _cells(await send(empty.app(), f"{FINDINGS}?format=csv"))

    assert tuple(bad)[-6:-3] == ("ownerSource", "keyScopesAsOf", "dataStores")
    columns = tuple(bad)[tuple(bad).index("portalUrl") :]
    assert columns[: len(OF_KEY) + 2] == ("portalUrl", *OF_KEY, "createdAt")
    assert [bad[name] for name in OF_KEY] == [""] * len(OF_KEY)
    assert [safe[name] for name in OF_KEY] == [
        "broken",
        "key_expired; cannot_read",
        "2026-11-25T09:00:00Z",
        "pinned",
        VAULT,
    ]


async def test_p10_what_azure_says_of_a_key_is_no_formula(empty: Served) -> None:
    """The id of a vault is made of names that somebody chose."""
    await empty.put(coverage(), [_with(replace(BROKEN, vault_id="=1;+1\r\n"))])

    (row,) = _cells(await send(empty.app(), f"{FINDINGS}?format=csv"))

    assert row["keyVaultId"] == "'=1;'+1  "


@pytest.mark.parametrize(
    ("kind", "verdict", "about"),
    [
        ("OpenAI", Verdict.COMPLIANT, ["Fine-tuned"]),
        ("AISERVICES", Verdict.COMPLIANT, ["Agents", "Speech", "Fine-tuned"]),
        ("AIServices", Verdict.NON_COMPLIANT, []),
        ("AIServices", Verdict.UNKNOWN, []),
        ("SpeechServices", Verdict.COMPLIANT, []),
        (None, Verdict.COMPLIANT, []),
    ],
)
async def test_a_compliant_account_says_what_its_key_does_not_cover(
    empty: Served, kind: str | None, verdict: Verdict, about: list[str]
) -> None:
    """Green is read as "all of it is under our key", and Microsoft says that it is not."""
    found = finding("chat", verdict, kind=kind)
    await empty.put(coverage(), [found])

    shown = (await send(empty.app(), f"{FINDINGS}{found.id.text}")).json

    limits: list[str] = shown["limits"]
    assert bool(limits) == bool(about)
    assert [word for word in about if not any(word in limit for limit in limits)] == []
