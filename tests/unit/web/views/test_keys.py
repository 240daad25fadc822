"""Keys: the accounts that depend on each key, and what is unknown about them."""

import csv
import io
from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote
from weakref import WeakSet

import pytest

from cmk_check.core.account import Evidence
from cmk_check.core.enums import CoverageState, KeyRotation, KeyState, Verdict
from cmk_check.core.keys.key_health import KeyHealth
from cmk_check.core.keys.parsing import key_id
from cmk_check.core.model import Finding
from cmk_check.core.owner import UNOWNED, Owner
from cmk_check.store.finding_filter import FindingFilter
from cmk_check.web.views.groups import Groups
from tests.unit.accepted import check_accepted
from tests.unit.web.api_kit import (
    GOLDEN,
    LAB,
    NOON,
    Served,
    as_served,
    counted,
    coverage,
    finding,
    recorded,
    status_of,
)
from tests.unit.web.asgi_client import follow, send
from tests.workbooks import sheets_of

KEYS = "/api/v1/keys"
KV = "https://kv-ai.vault.azure.net"
CMK = f"{KV}/keys/cmk"
NO_KEY = "2 accounts whose key is not known; "


def _under(
    name: str, uri: str | None = KV, key: str = "cmk", owner: str | None = "ai", **more: object
) -> Finding:
    bare = finding(name, Verdict.COMPLIANT)
    evidence = Evidence("Microsoft.KeyVault", key, "automatic", uri)
    judgement = replace(bare.judgement, evidence=evidence)
    known = UNOWNED if owner is None else Owner(owner, "account")
    return replace(bare, judgement=judgement, owner=known, **more)  # type: ignore[arg-type]


async def _keys(served: Served, query: str = "") -> list[dict[str, object]]:
    """Follow the list to its end."""
    return [key for page in await follow(served.app(), f"{KEYS}{query}") for key in page.found]


async def _caution(served: Served) -> str:
    return str((await send(served.app(), KEYS)).json["caution"])


@pytest.mark.parametrize(
    ("address", "key"),
    [
        (CMK, CMK),
        ("HTTPS://KV-AI.Vault.Azure.NET:443/keys/CMK", CMK),
        (f" {KV}.//keys/Cmk/0123456789abcdef0123456789abcdef", CMK),
        (f"{KV}/keys/cmk/", CMK),
        (None, None),
        (f"{KV}/secrets/cmk", None),
        (f"{KV}/keys/a_b", None),
        (f"{KV}/keys/cm\u212a", None),
        ("https://\u212av-ai.vault.azure.net/keys/cmk", None),
        ("https://evil.example/keys/cmk", None),
        ("http://kv-ai.vault.azure.net/keys/cmk", None),
        (f"{KV}/keys/cmk/1/2", None),
    ],
)
def test_a_key_has_one_id_however_it_is_written_and_a_lookalike_none(
    address: str | None, key: str | None
) -> None:
    """Azure ignores case in vault and key names, and adds ports, slashes and versions."""
    assert key_id(address) == key


async def test_a_key_says_who_loses_data_with_it() -> None:
    """Two spellings are one key; an account that is not compliant is under none."""
    soon, later = NOON + timedelta(days=9), NOON + timedelta(days=90)
    broken = KeyHealth(KeyState.BROKEN, expires=soon, key_version="v2", principal_id="p2")
    healthy = replace(
        KeyHealth(KeyState.HEALTHY, rotation=KeyRotation.PINNED, next_rotation_at=later),
        expires=later,
        key_version="v1",
        principal_id="p1",
    )
    served = await recorded(
        _under("a", key_health=healthy, vault_id="/v"),
        _under("b", f"{KV.upper()}:443/", "CMK", "chat", key_health=broken),
        _under("c", owner=None),
        finding("d"),
    )

    (cmk,) = await _keys(served)

    check_accepted(GOLDEN / "key.json", cmk)


@pytest.mark.parametrize("days", [(9, 90), (90, 9)])
async def test_the_first_expiry_and_the_latest_reading_count(days: tuple[int, int]) -> None:
    """Whoever renews a key must know the first day; what was not read again may be out of date."""
    served = Served()
    first, last = (
        KeyHealth(KeyState.HEALTHY, expires=at, next_rotation_at=at)
        for at in (NOON + timedelta(days=each) for each in days)
    )
    of_lab = finding("a", subscription_id=LAB).id
    read, gap = coverage(subscription_id=LAB), coverage(CoverageState.GAP)
    await served.put(read, [replace(_under("a", key_health=first), id=of_lab)])
    await served.put(gap, [_under("b", key_health=last)])
    await served.put_status(status_of(read, gap))

    (key,) = await _keys(served)

    assert key["expires"] == "2026-12-04T12:00:00Z"
    assert key["nextRotationAt"] == f"{first.next_rotation_at:%Y-%m-%dT%H:%M:%SZ}"


async def test_a_key_of_one_account_is_not_shared() -> None:
    """The sentence is about a single account; a key that was never read is unknown."""
    served = await recorded(_under("a", owner=None))

    (key,) = await _keys(served)
    (without,) = (await send(served.app(as_served(key_health=False)), KEYS)).found

    assert key["shared"] is False
    assert key["keys"] == {"healthy": 0, "atRisk": 0, "broken": 0, "unknown": 1}
    assert key["message"] == (
        "If this key stops working, 1 account loses its data, including 1 without an owner."
    )
    # Where nobody looks at keys, who depends on them is known all the same.
    assert without == key | {"keys": None}


async def test_accounts_of_which_only_the_last_state_is_known_are_said() -> None:
    """The person who closes a vault must know that a subscription was not read."""
    served = Served()
    mine = coverage(CoverageState.GAP, accounts=counted([]))
    excluded = coverage(CoverageState.EXCLUDED, subscription_id=LAB, accounts=counted([]))
    await served.put(mine, [_under("a")])
    await served.put_status(status_of(mine, excluded))

    (key,) = await _keys(served)

    assert key["unread"] == 1
    assert "including 1 not read by the last scan." in str(key["message"])
    said = await _caution(served)
    assert "1 subscription not read; 1 subscription excluded; whatever else" in said
    # Before the first scan an empty list alone would look like good news.
    assert (await _caution(Served())).startswith("No scan has finished yet. ")


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (_under("a"), ""),
        (finding("a", Verdict.UNKNOWN), NO_KEY),
        (finding("a", Verdict.NON_COMPLIANT), ""),
        (_under("a", None), NO_KEY),
        (_under("a", "https://evil.example"), NO_KEY),
    ],
)
async def test_what_may_depend_on_a_key_and_is_not_counted_is_said(
    known: Finding, said: str
) -> None:
    """Otherwise "no account" would look like "nothing happens"."""
    served = await recorded(known, replace(known, id=finding("b").id))

    assert await _caution(served) == (
        f"As of 2026-11-25T12:00:00Z. Not counted: {said}whatever else in Azure uses a key."
    )


async def test_keys_are_filtered_by_vault_and_by_key_in_any_spelling() -> None:
    """For closing a vault, and for revoking a key."""
    served = await recorded(
        _under("a"),
        _under("b", key="second"),
        _under("c", "https://kv-ai.managedhsm.azure.net"),
        _under("d", "https://kv-ai2.vault.azure.net"),
    )

    in_vault = [key["id"] for key in await _keys(served, "?vault=KV-AI")]
    one = [key["id"] for key in await _keys(served, f"?key={quote(CMK.upper() + '/v1')}")]
    findings = await send(served.app(), f"/api/v1/findings?key={quote(CMK)}")

    assert in_vault == ["https://kv-ai.managedhsm.azure.net/keys/cmk", CMK, f"{KV}/keys/second"]
    assert one == [CMK]
    assert findings.names == ["a"]
    assert not FindingFilter(key=CMK).is_compared_by_table


@pytest.mark.parametrize("top", [1, 2, 7, 8])
async def test_pages_together_are_the_list(top: int) -> None:
    """Whatever is kept in memory: findings come in a different order."""
    names = ["e", "g", "a", "f", "b", "d", "c"]
    served = await recorded(
        *(_under(f"x{place}", key=name) for place, name in enumerate(names)),
        *(_under(f"y{place}", key=name) for place, name in enumerate(names)),
    )

    keys = await _keys(served, f"?top={top}")

    assert [(key["name"], key["accounts"]) for key in keys] == [(name, 2) for name in sorted(names)]


class _Group:
    """A group that is counted as long as it is in memory."""

    def __init__(self, alive: WeakSet["_Group"]) -> None:
        self.number = 0
        alive.add(self)


def test_memory_holds_a_page_of_groups() -> None:
    """50,000 keys with an account each must not be in memory for a page of ten."""
    alive: WeakSet[_Group] = WeakSet()
    groups = Groups(lambda: _Group(alive), 10, None, "")

    for number in range(50_000, 0, -1):
        if (group := groups.at(f"{number:05}")) is not None:
            group.number = number
        del group
        assert len(alive) <= 11

    page = groups.page(lambda place, group: (int(place), group.number))
    assert page.value == [(number, number) for number in range(1, 11)]


async def test_tables_say_what_the_list_says() -> None:
    """With the link to the next page in the header."""
    served = await recorded(_under("a"), _under("b", key="other"))
    (first, _) = await _keys(served)

    answer = await send(served.app(), f"{KEYS}?format=csv&top=1")
    (row,) = csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig"), newline=""))
    workbook = await send(served.app(), f"{KEYS}?format=xlsx")

    assert list(row) == ["keyUri", *list(first)[1:]]
    assert (row["keyUri"], row["accounts"], row["shared"]) == (CMK, "1", "false")
    assert row["keys"] == "healthy=0; atRisk=0; broken=0; unknown=1"
    assert "top=1&format=csv&skipToken=" in answer.headers["link"]
    assert workbook.headers["content-disposition"] == 'attachment; filename="cmk-keys.xlsx"'
    assert len(sheets_of(workbook.body)[0].rows) == 3
    short = await send(served.app(), f"{KEYS}?format=xlsx&top=1")
    assert len(sheets_of(short.body)[0].rows) == 2
